/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a project may have, and what it has. The usage is a record of its own that changes in the
 * transaction that makes or removes a server, so it is exact, and two creates that race for the
 * last place conflict.
 */
#include "firmware/cloud/compute/quotas.h"

#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/identity/reader.h"

/* Nova's defaults; the API lists them in this order. */
const struct quota_rule quota_rules[] = {
	{ "instances", 10, 0, { "maxTotalInstances" }, "totalInstancesUsed" },
	{ "cores", 20, 0, { "maxTotalCores" }, "totalCoresUsed" },
	{ "ram", 51200, 0, { "maxTotalRAMSize" }, "totalRAMUsed" },
	{ "floating_ips", -1, 35, { "maxTotalFloatingIps" }, "totalFloatingIpsUsed" },
	{ "fixed_ips", -1, 35, { NULL }, NULL },
	{ "metadata_items", 128, 0, { "maxServerMeta", "maxImageMeta" }, NULL },
	{ "injected_files", 5, 56, { "maxPersonality" }, NULL },
	{ "injected_file_content_bytes", 10240, 56, { "maxPersonalitySize" }, NULL },
	{ "injected_file_path_bytes", 255, 56, { NULL }, NULL },
	{ "security_groups", -1, 35, { "maxSecurityGroups" }, "totalSecurityGroupsUsed" },
	{ "security_group_rules", -1, 35, { "maxSecurityGroupRules" }, NULL },
	{ "key_pairs", 100, 0, { "maxTotalKeypairs" }, NULL },
	{ "server_groups", 10, 0, { "maxServerGroups" }, "totalServerGroupsUsed" },
	{ "server_group_members", 10, 0, { "maxServerGroupMembers" }, NULL },
	{ 0 },
};

static const char *const resource_names[QUOTA_COUNT] = {
	[QUOTA_INSTANCES] = "instances",
	[QUOTA_CORES] = "cores",
	[QUOTA_RAM] = "ram",
	[QUOTA_METADATA] = "metadata_items",
	[QUOTA_FILES] = "injected_files",
	[QUOTA_FILE_CONTENT] = "injected_file_content_bytes",
	[QUOTA_FILE_PATH] = "injected_file_path_bytes",
	[QUOTA_KEYPAIRS] = "key_pairs",
	[QUOTA_GROUPS] = "server_groups",
	[QUOTA_GROUP_MEMBERS] = "server_group_members",
};

static int limits_get(struct request *request, const char *key, yyjson_val **record,
		      uint64_t *revision, struct error *error)
{
	int result = request_get(request, record, revision, error, "%s", key);

	if (result == -ENOENT)
		*record = NULL;
	return result == -ENOENT ? 0 : result;
}

int quotas_read(struct request *request, const char *project_id, struct quotas *quotas,
		struct error *error)
{
	int result;

	*quotas = (struct quotas){ 0 };
	result = limits_get(request, KEY_QUOTA_CLASS "default", &quotas->standard, NULL, error);
	if (result < 0 || !project_id || strlen(project_id) > 255 || strchr(project_id, '/'))
		return result;
	result = limits_get(request, arena_printf(request->arena, KEY_QUOTA "%s", project_id),
			    &quotas->own, &quotas->revision, error);
	if (!quotas->own)
		quotas->revision = 0;
	return result;
}

int64_t quota_value(const struct quotas *quotas, const struct quota_rule *rule)
{
	return json_integer(quotas->own, rule->name,
			    json_integer(quotas->standard, rule->name, rule->standard));
}

static const struct quota_rule *rule_find(const char *name)
{
	const struct quota_rule *rule = quota_rules;

	while (rule->name && strcmp(rule->name, name))
		rule++;
	return rule;
}

int quota_limit(struct request *request, const char *project_id, enum quota_resource resource,
		int64_t *limit, struct error *error)
{
	struct quotas quotas;
	int result = quotas_read(request, project_id, &quotas, error);

	*limit = quota_value(&quotas, rule_find(resource_names[resource]));
	return result;
}

int quota_usage(struct store_view *view, struct arena *arena, const char *project_id,
		struct quota_amount *used, uint64_t *revision, struct error *error)
{
	const struct reader reader = { view, arena };
	yyjson_val *record = NULL;
	int result = record_get(&reader, &record, revision, error, KEY_USAGE "%s", project_id);

	if (result == -ENOENT) {
		record = NULL;
		*revision = 0;
	} else if (result < 0) {
		return result;
	}
	used->instances = json_integer(record, "instances", 0);
	used->cores = json_integer(record, "cores", 0);
	used->ram = json_integer(record, "ram", 0);
	used->groups = json_integer(record, "groups", 0);
	return 0;
}

static void usage_put(struct arena *arena, struct store_txn *txn, const char *project_id,
		      const struct quota_amount *used, uint64_t revision)
{
	const char *key = arena_printf(arena, KEY_USAGE "%s", project_id);

	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key,
		      arena_printf(arena,
				   "{\"instances\":%lld,\"cores\":%lld,\"ram\":%lld,"
				   "\"groups\":%lld}",
				   (long long)used->instances, (long long)used->cores,
				   (long long)used->ram, (long long)used->groups));
}

/* How many more of 'each' fit between what is used and what is allowed. */
static int64_t room_for(int64_t limit, int64_t used, int64_t each)
{
	if (limit < 0 || each == 0)
		return INT64_MAX;
	return limit > used ? (limit - used) / each : 0;
}

struct quota_line {
	const char *name;
	int64_t limit, used, each;
};

/* Nova names all resources that are short, in alphabetical order. */
static int quota_refuse(const struct quota_line *lines, size_t count, int64_t wanted,
			struct error *error)
{
	char names[64] = "", asked[64] = "", used[64] = "", allowed[64] = "";

	for (size_t i = 0; i < count; i++) {
		const char *comma = *names ? ", " : "";
		size_t at = strlen(names);

		if (room_for(lines[i].limit, lines[i].used, lines[i].each) >= wanted)
			continue;
		snprintf(names + at, sizeof(names) - at, "%s%s", comma, lines[i].name);
		at = strlen(asked);
		snprintf(asked + at, sizeof(asked) - at, "%s%lld", comma,
			 (long long)(lines[i].each * wanted));
		at = strlen(used);
		snprintf(used + at, sizeof(used) - at, "%s%lld", comma, (long long)lines[i].used);
		at = strlen(allowed);
		snprintf(allowed + at, sizeof(allowed) - at, "%s%lld", comma,
			 (long long)lines[i].limit);
	}
	return error_set(error, -EDQUOT,
			 "Quota exceeded for %s: Requested %s, but already used %s of %s %s", names,
			 asked, used, allowed, names);
}

int quota_take(struct request *request, struct store_txn *txn, const struct quota_amount *each,
	       int64_t least, int64_t *count, struct error *error)
{
	const char *project = request->caller->project_id;
	struct quota_amount used;
	struct quota_line lines[] = { { "cores", 0, 0, each->cores },
				      { "instances", 0, 0, each->instances },
				      { "ram", 0, 0, each->ram } };
	struct store_view *view;
	uint64_t revision;
	int64_t room = *count;
	int result = request_view(request, &view, error);

	if (result == 0)
		result = quota_usage(view, request->arena, project, &used, &revision, error);
	if (result == 0)
		result = quota_limit(request, project, QUOTA_CORES, &lines[0].limit, error);
	if (result == 0)
		result = quota_limit(request, project, QUOTA_INSTANCES, &lines[1].limit, error);
	if (result == 0)
		result = quota_limit(request, project, QUOTA_RAM, &lines[2].limit, error);
	if (result < 0)
		return result;
	lines[0].used = used.cores;
	lines[1].used = used.instances;
	lines[2].used = used.ram;
	for (size_t i = 0; i < 3; i++)
		if (room_for(lines[i].limit, lines[i].used, lines[i].each) < room)
			room = room_for(lines[i].limit, lines[i].used, lines[i].each);
	if (room < least)
		return quota_refuse(lines, 3, least, error);
	*count = room;
	used.instances += each->instances * room;
	used.cores += each->cores * room;
	used.ram += each->ram * room;
	usage_put(request->arena, txn, project, &used, revision);
	return 0;
}

static int64_t less(int64_t value, int64_t by)
{
	return value > by ? value - by : 0;
}

int quota_give(struct store_view *view, struct arena *arena, struct store_txn *txn,
	       const char *project_id, const struct quota_amount *amount, struct error *error)
{
	struct quota_amount used;
	uint64_t revision;
	int result = quota_usage(view, arena, project_id, &used, &revision, error);

	if (result < 0)
		return result;
	used.instances = less(used.instances, amount->instances);
	used.cores = less(used.cores, amount->cores);
	used.ram = less(used.ram, amount->ram);
	used.groups = less(used.groups, amount->groups);
	usage_put(arena, txn, project_id, &used, revision);
	return 0;
}

struct quota_amount quota_of_flavor(yyjson_val *flavor)
{
	return (struct quota_amount){ 1, json_integer(flavor, "vcpus", 0),
				      json_integer(flavor, "ram", 0), 0 };
}

int quota_take_group(struct request *request, struct store_txn *txn, struct error *error)
{
	const char *project = request->caller->project_id;
	struct quota_amount used;
	struct store_view *view;
	uint64_t revision;
	int64_t limit;
	int result = request_view(request, &view, error);

	if (result == 0)
		result = quota_usage(view, request->arena, project, &used, &revision, error);
	if (result == 0)
		result = quota_limit(request, project, QUOTA_GROUPS, &limit, error);
	if (result < 0)
		return result;
	if (room_for(limit, used.groups, 1) < 1)
		return error_set(error, -EDQUOT, "Quota exceeded, too many server groups.");
	used.groups++;
	usage_put(request->arena, txn, project, &used, revision);
	return 0;
}

static int64_t beyond(int64_t to, int64_t from)
{
	return to > from ? to - from : 0;
}

int quota_move(struct request *request, struct store_txn *txn, const char *project_id,
	       const struct quota_amount *from, const struct quota_amount *to, struct error *error)
{
	struct quota_line lines[] = { { "cores", -1, 0, beyond(to->cores, from->cores) },
				      { "ram", -1, 0, beyond(to->ram, from->ram) } };
	struct quota_amount used;
	struct store_view *view;
	uint64_t revision;
	int result = request_view(request, &view, error);

	if (result == 0)
		result = quota_usage(view, request->arena, project_id, &used, &revision, error);
	if (result == 0)
		result = quota_limit(request, project_id, QUOTA_CORES, &lines[0].limit, error);
	if (result == 0)
		result = quota_limit(request, project_id, QUOTA_RAM, &lines[1].limit, error);
	if (result < 0)
		return result;
	lines[0].used = used.cores;
	lines[1].used = used.ram;
	for (size_t i = 0; i < 2; i++)
		if (room_for(lines[i].limit, lines[i].used, lines[i].each) < 1)
			return quota_refuse(lines, 2, 1, error);
	used.cores = less(used.cores + to->cores, from->cores);
	used.ram = less(used.ram + to->ram, from->ram);
	usage_put(request->arena, txn, project_id, &used, revision);
	return 0;
}
