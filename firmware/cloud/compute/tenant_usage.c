/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much projects used in a period: what their servers have, by the time that they had it. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/query.h"
#include "firmware/cloud/compute/usage.h"

#define HOUR 3600e6 /* microseconds */

struct usage {
	struct request *request;
	yyjson_mut_doc *doc;
	int64_t start, stop, now;
	bool detailed;
	struct page page;
	struct record_list servers;
};

/* --- the period */

/* Absent and empty mean now. */
static int moment_query(struct request *request, const char *name, int64_t now, int64_t *moment,
			struct error *error)
{
	const char *text = request_query(request, name);

	*moment = now;
	if (!text || !*text || moment_read(text, moment) == 0)
		return 0;
	return error_set(error, -EINVAL, "Invalid datetime string: Datetime is in invalid format");
}

static int period_read(struct usage *usage, struct error *error)
{
	int result;

	usage->now = moment_now();
	/* What nobody named is a moment before the end that nobody named either. */
	result = moment_query(usage->request, "start", usage->now - 1, &usage->start, error);
	if (result == 0)
		result = moment_query(usage->request, "end", usage->now, &usage->stop, error);
	if (result < 0)
		return result;
	if (usage->start >= usage->stop)
		return error_set(error, -EINVAL,
				 "Invalid start time. The start time cannot occur after the end "
				 "time.");
	if (usage->stop > usage->now)
		usage->stop = usage->now;
	return 0;
}

static const struct page_rules rules = {
	.default_sort = "tenant_id",
	.most = COMPUTE_PAGE_MAX,
	.standard = COMPUTE_PAGE_MAX,
	.id_member = "id",
};

/* Until 2.39 there are no pages. */
static int page_read(struct usage *usage, struct error *error)
{
	static const struct page whole = { .rules = &rules,
					   .limit = COMPUTE_PAGE_MAX,
					   .sort = { "tenant_id", "id" },
					   .sorts = 2 };

	usage->page = whole;
	return usage->request->microversion < 40
		       ? 0
		       : page_parse(usage->request, &rules, &usage->page, error);
}

/* --- the servers */

static int servers_read(struct usage *usage, const char *project, struct error *error)
{
	struct request *request = usage->request;
	struct record_list *list = &usage->servers;
	int result;

	*list = (struct record_list){ .request = request };
	if (!project)
		result = record_list_range(request, list, KEY_SERVER, error);
	else
		result = record_list_index(request, list, KEY_SERVER, "project", NULL, project,
					   error);
	if (result < 0 || (project && (strchr(project, '/') || strlen(project) > 64)))
		return result;
	return record_list_range(request, list,
				 project ? arena_printf(request->arena, KEY_ENDED "%s/", project)
					 : KEY_ENDED,
				 error);
}

/* When the server ran and when it ended; false: it never ran, or it is still there. */
static bool moment_of(yyjson_val *record, const char *member, int64_t *moment)
{
	const char *text = json_string(record, member);

	return text && moment_read(text, moment) == 0;
}

static bool lived(const struct usage *usage, yyjson_val *record)
{
	int64_t launched, ended;

	return moment_of(record, "OS-SRV-USG:launched_at", &launched) && launched < usage->stop &&
	       (!moment_of(record, "OS-SRV-USG:terminated_at", &ended) || ended > usage->start);
}

static int marker_check(struct usage *usage, struct error *error)
{
	const char *marker = usage->page.marker;

	if (!marker || !*marker)
		return 0;
	for (size_t i = 0; i < usage->servers.count; i++)
		if (json_is(usage->servers.items[i], "id", marker))
			return 0;
	return error_set(error, -EINVAL, "Marker %s could not be found.", marker);
}

static int servers_select(struct usage *usage, struct error *error)
{
	struct record_list *list = &usage->servers;
	size_t kept = 0;
	ssize_t count;
	int result = marker_check(usage, error);

	if (result < 0)
		return result;
	for (size_t i = 0; i < list->count; i++)
		if (lived(usage, list->items[i]))
			list->items[kept++] = list->items[i];
	count = page_select(usage->request, &usage->page, list->items, kept, error);
	list->count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? (int)count : 0;
}

/* --- views */

struct totals {
	double hours, vcpus, memory, disk;
};

static double hours_of(const struct usage *usage, yyjson_val *record)
{
	int64_t from = 0, to = usage->stop, ended;

	moment_of(record, "OS-SRV-USG:launched_at", &from);
	if (moment_of(record, "OS-SRV-USG:terminated_at", &ended) && ended < to)
		to = ended;
	if (from < usage->start)
		from = usage->start;
	return to > from ? (double)(to - from) / HOUR : 0;
}

static int64_t disk_of(yyjson_val *flavor)
{
	return json_integer(flavor, "disk", 0) + json_integer(flavor, "ephemeral", 0);
}

static int64_t uptime_of(const struct usage *usage, yyjson_val *record)
{
	int64_t from = 0, to = usage->now;

	moment_of(record, "OS-SRV-USG:launched_at", &from);
	moment_of(record, "OS-SRV-USG:terminated_at", &to);
	return (to - from) / 1000000;
}

static void server_view_add(struct usage *usage, yyjson_mut_val *array, yyjson_val *record)
{
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	const char *ended = json_string(record, "OS-SRV-USG:terminated_at");
	yyjson_mut_doc *doc = usage->doc;
	yyjson_mut_val *view = yyjson_mut_arr_add_obj(doc, array);

	json_set(doc, view, "hours", yyjson_mut_real(doc, hours_of(usage, record)));
	json_set_string(doc, view, "flavor", json_string(flavor, "name"));
	json_set_string(doc, view, "instance_id", json_string(record, "id"));
	json_set_string(doc, view, "name", json_string(record, "name"));
	json_set_string(doc, view, "tenant_id", json_string(record, "tenant_id"));
	json_set_integer(doc, view, "memory_mb", json_integer(flavor, "ram", 0));
	json_set_integer(doc, view, "local_gb", disk_of(flavor));
	json_set_integer(doc, view, "vcpus", json_integer(flavor, "vcpus", 0));
	json_set_string(doc, view, "started_at", json_string(record, "OS-SRV-USG:launched_at"));
	json_set_string(doc, view, "ended_at", ended);
	json_set_string(doc, view, "state",
			ended ? "terminated" : json_string(record, "OS-EXT-STS:vm_state"));
	json_set_integer(doc, view, "uptime", uptime_of(usage, record));
}

static void totals_add(const struct usage *usage, struct totals *totals, yyjson_val *record)
{
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	double hours = hours_of(usage, record);

	totals->hours += hours;
	totals->disk += (double)disk_of(flavor) * hours;
	totals->vcpus += (double)json_integer(flavor, "vcpus", 0) * hours;
	totals->memory += (double)json_integer(flavor, "ram", 0) * hours;
}

/* The project of the server at 'first'; returns where the next project begins. */
static size_t project_view(struct usage *usage, yyjson_mut_val *view, size_t first)
{
	struct record_list *list = &usage->servers;
	const char *project = json_string(list->items[first], "tenant_id");
	yyjson_mut_doc *doc = usage->doc;
	yyjson_mut_val *array;
	struct totals totals = { 0 };
	size_t i;

	json_set_string(doc, view, "tenant_id", project);
	array = usage->detailed ? yyjson_mut_obj_add_arr(doc, view, "server_usages") : NULL;
	for (i = first; i < list->count && json_is(list->items[i], "tenant_id", project); i++) {
		totals_add(usage, &totals, list->items[i]);
		if (array)
			server_view_add(usage, array, list->items[i]);
	}
	json_set(doc, view, "total_local_gb_usage", yyjson_mut_real(doc, totals.disk));
	json_set(doc, view, "total_vcpus_usage", yyjson_mut_real(doc, totals.vcpus));
	json_set(doc, view, "total_memory_mb_usage", yyjson_mut_real(doc, totals.memory));
	json_set(doc, view, "total_hours", yyjson_mut_real(doc, totals.hours));
	json_set_string(doc, view, "start", moment_write(usage->request->arena, usage->start));
	json_set_string(doc, view, "stop", moment_write(usage->request->arena, usage->stop));
	return i;
}

/* --- handlers */

static int usage_read(struct usage *usage, const char *project, struct error *error)
{
	static const char *const queries[] = {
		"start", "end", "detailed", "limit", "marker", NULL
	};
	static const char *const of_one[] = { "start", "end", "limit", "marker", NULL };
	struct request *request = usage->request;
	int result = query_known(request, project ? of_one : queries, 75, error);

	usage->doc = request_document(request);
	if (result == 0)
		result = period_read(usage, error);
	if (result == 0)
		result = page_read(usage, error);
	if (result == 0)
		result = servers_read(usage, project, error);
	return result < 0 ? result : servers_select(usage, error);
}

static int usage_reply(struct usage *usage, yyjson_mut_val *root, const char *links)
{
	const struct record_list *list = &usage->servers;

	if (usage->request->microversion >= 40 && list->count)
		links_next(usage->request, usage->doc, root, links, &usage->page, list->count,
			   json_string(list->items[list->count - 1], "id"));
	return reply_json(usage->request, 200, usage->doc, root);
}

static int usage_list(struct request *request, struct error *error)
{
	const char *detailed = request_query(request, "detailed");
	struct usage usage = { .request = request, .detailed = detailed && !strcmp(detailed, "1") };
	yyjson_mut_val *root, *array;
	int result;

	/* A show that forgot to say of whom. */
	if (request->raw_target[strcspn(request->raw_target, "?") - 1] == '/')
		return error_set(error, -ENOENT, "The resource could not be found.");
	result = usage_read(&usage, NULL, error);
	if (result < 0)
		return result;
	root = yyjson_mut_obj(usage.doc);
	array = yyjson_mut_obj_add_arr(usage.doc, root, "tenant_usages");
	for (size_t i = 0; i < usage.servers.count;)
		i = project_view(&usage, yyjson_mut_arr_add_obj(usage.doc, array), i);
	return usage_reply(&usage, root, "tenant_usages_links");
}

static int usage_show(struct request *request, struct error *error)
{
	const char *project = request_param(request, "project_id");
	struct usage usage = { .request = request, .detailed = true };
	yyjson_mut_val *root, *view;
	int result;

	if (!policy_owns(request, project))
		return error_set(error, -EACCES, "Policy doesn't allow %s to be performed.",
				 request->route->policy);
	result = usage_read(&usage, project, error);
	if (result < 0)
		return result;
	root = yyjson_mut_obj(usage.doc);
	view = yyjson_mut_obj_add_obj(usage.doc, root, "tenant_usage");
	if (usage.servers.count)
		project_view(&usage, view, 0);
	return usage_reply(&usage, root, "tenant_usage_links");
}

static const struct route routes[] = {
	ROUTE("GET", "/os-simple-tenant-usage", usage_list, "os-simple-tenant-usage:list"),
	ROUTE("GET", "/os-simple-tenant-usage/{project_id}", usage_show,
	      "os-simple-tenant-usage:show"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-simple-tenant-usage:list"), ADMIN },
	{ POLICY("os-simple-tenant-usage:show"), READ },
	{ 0 },
};

const struct service_part compute_usage_part = { routes, policies };
