/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filters of server lists that are more than a comparison of one member. */
#include "firmware/cloud/compute/server_filter.h"

#include <regex.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/compute/state.h"

/* Query parameters that a list takes; from 2.75 on others are refused. */
static const char *const filter_names[] = {
	"user_id",
	"project_id",
	"tenant_id",
	"launch_index",
	"image_ref",
	"image",
	"kernel_id",
	"ramdisk_id",
	"hostname",
	"key_name",
	"power_state",
	"vm_state",
	"task_state",
	"host",
	"node",
	"flavor",
	"reservation_id",
	"launched_at",
	"terminated_at",
	"availability_zone",
	"name",
	"display_name",
	"description",
	"display_description",
	"locked_by",
	"uuid",
	"root_device_name",
	"config_drive",
	"access_ip_v4",
	"access_ip_v6",
	"auto_disk_config",
	"progress",
	"sort_key",
	"sort_dir",
	"all_tenants",
	"soft_deleted",
	"deleted",
	"status",
	"changes-since",
	"changes-before",
	"ip",
	"ip6",
	"created_at",
	"tags",
	"tags-any",
	"not-tags",
	"not-tags-any",
	"locked",
	"limit",
	"marker",
	NULL,
};

/* Tables of Nova's that a filter must not reach into. */
static const char *const filter_forbidden[] = {
	"block_device_mapping", "services",        "metadata",    "system_metadata",
	"info_cache",           "security_groups", "pci_devices", NULL
};

static bool listed(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

static int names_check(struct request *request, struct error *error)
{
	for (const struct name_value *query = request->query; query && query->name; query++) {
		if (query->name[0] == '_' || listed(filter_forbidden, query->name))
			return error_set(error, -EINVAL, "Invalid filter field: %s.", query->name);
		if (request->microversion >= 75 && !listed(filter_names, query->name))
			return error_set(
				error, -EINVAL,
				"Invalid input for query parameters: Additional properties "
				"are not allowed ('%s' was unexpected)",
				query->name);
	}
	return 0;
}

static int statuses_check(struct request *request, struct server_filter *filter,
			  struct error *error)
{
	bool known = false, any = false;

	for (const struct name_value *query = request->query; query && query->name; query++) {
		if (strcmp(query->name, "status"))
			continue;
		any = true;
		known = known || status_known(query->value);
		if (!strcasecmp(query->value, "deleted") && !request->caller->is_admin)
			return error_set(error, -EACCES,
					 "Only administrators may list deleted instances");
	}
	filter->by_status = any;
	if (!any || known)
		return 0;
	if (request->microversion >= 38)
		return error_set(error, -EINVAL, "Invalid status value");
	filter->nothing = true;
	return 0;
}

static int time_read(struct request *request, const char *name, bool *given, time_t *value,
		     struct error *error)
{
	const char *text = request_query(request, name);

	*given = text;
	if (text && time_parse(text, value) < 0)
		return error_set(error, -EINVAL, "Invalid filter field: %s.", name);
	return 0;
}

static int times_check(struct request *request, struct server_filter *filter, struct error *error)
{
	int result = time_read(request, "changes-since", &filter->by_since, &filter->since, error);

	if (result == 0 && request->microversion >= 66)
		result = time_read(request, "changes-before", &filter->by_before, &filter->before,
				   error);
	if (result == 0 && filter->by_since && filter->by_before && filter->before < filter->since)
		return error_set(error, -EINVAL,
				 "The value of changes-since must be less than or equal to "
				 "changes-before.");
	return result;
}

static int flags_check(struct request *request, struct server_filter *filter, struct error *error)
{
	const char *all = request_query(request, "all_tenants");
	const char *locked = request->microversion >= 73 ? request_query(request, "locked") : NULL;
	const char *deleted = request_query(request, "deleted");
	bool value = false;

	filter->all_tenants = all && !*all;
	if (all && *all && boolean_parse(all, &filter->all_tenants) < 0)
		return error_set(
			error, -EINVAL,
			"Unrecognized value '%s', acceptable values are: "
			"'0', '1', 'f', 'false', 'n', 'no', 'off', 'on', 't', 'true', 'y', "
			"'yes'",
			all);
	filter->by_locked = locked;
	if (locked && boolean_parse(locked, &filter->locked) < 0)
		return error_set(error, -EINVAL, "Unrecognized value '%s'", locked);
	if (deleted && request->caller->is_admin && boolean_parse(deleted, &value) == 0 && value)
		filter->nothing = true; /* what is deleted is gone */
	return 0;
}

int server_filter_read(struct request *request, struct server_filter *filter, struct error *error)
{
	int result = names_check(request, error);

	memset(filter, 0, sizeof(*filter));
	filter->request = request;
	if (result == 0)
		result = statuses_check(request, filter, error);
	if (result == 0)
		result = times_check(request, filter, error);
	if (result == 0)
		result = flags_check(request, filter, error);
	return result;
}

/* --- one record */

static bool status_matches(struct request *request, yyjson_val *record)
{
	const char *status = status_of(json_string(record, "OS-EXT-STS:vm_state"),
				       json_string(record, "OS-EXT-STS:task_state"));

	for (const struct name_value *query = request->query; query->name; query++)
		if (!strcmp(query->name, "status") && !strcasecmp(query->value, status))
			return true;
	return false;
}

static bool times_match(const struct server_filter *filter, yyjson_val *record)
{
	time_t updated = 0;

	if (!filter->by_since && !filter->by_before)
		return true;
	if (time_parse(json_string(record, "updated_at"), &updated) < 0)
		return false;
	return (!filter->by_since || updated >= filter->since) &&
	       (!filter->by_before || updated <= filter->before);
}

/* 'member' holds what was asked for by id. */
static bool reference_matches(struct request *request, const char *parameter, yyjson_val *record,
			      const char *member)
{
	const char *wanted = request_query(request, parameter), *slash, *id;

	if (!wanted)
		return true;
	id = json_string(yyjson_obj_get(record, member), "id");
	slash = strrchr(wanted, '/'); /* links are taken as well */
	return id && !strcmp(slash ? slash + 1 : wanted, id);
}

static bool tag_has(yyjson_val *tags, const char *tag, size_t length)
{
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (tags, i, count, item)
		if (yyjson_equals_strn(item, tag, length))
			return true;
	return false;
}

/* How many of the comma-separated tags the record has, and how many there are. */
static void tags_count(yyjson_val *tags, const char *list, size_t *present, size_t *asked)
{
	for (*present = *asked = 0; *list; list += *list == ',') {
		size_t length = strcspn(list, ",");

		*present += tag_has(tags, list, length);
		(*asked)++;
		list += length;
	}
}

static bool tags_match(struct request *request, yyjson_val *record)
{
	static const char *const names[] = { "tags", "tags-any", "not-tags", "not-tags-any" };

	for (size_t i = 0; request->microversion >= 26 && i < 4; i++) {
		const char *list = request_query(request, names[i]);
		size_t present, asked;
		bool matches;

		if (!list)
			continue;
		tags_count(yyjson_obj_get(record, "tags"), list, &present, &asked);
		matches = i % 2 ? present > 0 : present == asked;
		if (matches == (i >= 2))
			return false;
	}
	return true;
}

bool server_filter_takes(struct server_filter *filter, yyjson_val *record)
{
	struct request *request = filter->request;

	if (filter->nothing || (filter->by_status && !status_matches(request, record)))
		return false;
	if (filter->by_locked && json_bool(record, "locked", false) != filter->locked)
		return false;
	return times_match(filter, record) && tags_match(request, record) &&
	       reference_matches(request, "image", record, "_image") &&
	       reference_matches(request, "image_ref", record, "_image") &&
	       reference_matches(request, "flavor", record, "_flavor");
}

/* --- by address */

static bool port_has_address(yyjson_val *port, const regex_t *pattern, bool v6)
{
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (yyjson_obj_get(port, "fixed_ips"), i, count, item) {
		const char *address = json_string(item, "ip_address");

		if (address && !!strchr(address, ':') == v6 &&
		    regexec(pattern, address, 0, NULL, 0) == 0)
			return true;
	}
	return false;
}

static int address_matches(struct request *request, yyjson_val *record, const regex_t *pattern,
			   bool v6, struct error *error)
{
	struct network_ports ports = { 0 };
	int result = server_ports(request, json_string(record, "id"), &ports, error);

	for (size_t i = 0; result == 0 && i < ports.count; i++)
		if (port_has_address(ports.items[i], pattern, v6))
			return 1;
	return result;
}

int server_filter_addresses(struct request *request, yyjson_val **records, size_t *count,
			    struct error *error)
{
	const char *text = request_query(request, "ip"), *text6 = request_query(request, "ip6");
	size_t kept = 0;
	regex_t pattern;
	int result = 0;

	if (!text && !text6)
		return 0;
	/* Matched from the address's beginning on. */
	if (regcomp(&pattern, arena_printf(request->arena, "^(%s)", text ? text : text6),
		    REG_EXTENDED | REG_NOSUB))
		return error_set(error, -EINVAL, "Invalid filter field: %s.", text ? "ip" : "ip6");
	for (size_t i = 0; i < *count && result >= 0; i++) {
		result = address_matches(request, records[i], &pattern, !text, error);
		if (result > 0)
			records[kept++] = records[i];
	}
	regfree(&pattern);
	*count = kept;
	return result < 0 ? result : 0;
}
