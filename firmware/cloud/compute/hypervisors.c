/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box as Nova's one hypervisor, in each of the forms that the microversions have for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/sysinfo.h>
#include <time.h>

#include "firmware/cloud/compute/host_load.h"
#include "firmware/cloud/compute/host_state.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/query.h"
#include "firmware/cloud/compute/routes.h"
#include "hypervisor/message.h"

/* "10.0.3" as Nova packs it: 10000003. */
static int64_t version_packed(const char *text)
{
	int64_t parts[3] = { 0 };
	char *end;

	for (size_t i = 0; i < 3; i++) {
		parts[i] = strtol(text, &end, 10);
		if (*end != '.')
			break;
		text = end + 1;
	}
	return parts[0] * 1000000 + parts[1] * 1000 + parts[2];
}

static void hypervisor_load(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
			    const struct vmm_host *host, const struct host_load *load)
{
	const struct placement_inventory *inventory = load->provider.inventory;
	const int64_t *used = load->provider.used;
	int64_t memory = inventory[RESOURCE_MEMORY_MB].total;
	int64_t memory_used = used[RESOURCE_MEMORY_MB] + inventory[RESOURCE_MEMORY_MB].reserved;
	int64_t disk = inventory[RESOURCE_DISK_GB].total;
	const char *cpu;
	yyjson_mut_val *info = yyjson_mut_obj(doc);

	json_set_integer(doc, view, "vcpus", inventory[RESOURCE_VCPU].total);
	json_set_integer(doc, view, "memory_mb", memory);
	json_set_integer(doc, view, "local_gb", disk);
	json_set_integer(doc, view, "vcpus_used", used[RESOURCE_VCPU]);
	json_set_integer(doc, view, "memory_mb_used", memory_used);
	json_set_integer(doc, view, "local_gb_used", used[RESOURCE_DISK_GB]);
	json_set_integer(doc, view, "free_ram_mb", memory - memory_used);
	json_set_integer(doc, view, "free_disk_gb", disk - used[RESOURCE_DISK_GB]);
	json_set_integer(doc, view, "current_workload", 0);
	json_set_integer(doc, view, "running_vms", load->running);
	json_set_integer(doc, view, "disk_available_least", disk - used[RESOURCE_DISK_GB]);
	json_set_string(doc, info, "arch", host->arch);
	json_set_string(doc, info, "model", host->cpu_model);
	json_set_string(doc, info, "accelerator", host->accelerator);
	cpu = request->microversion < 28 ? request_write(request, info) : NULL;
	json_set(doc, view, "cpu_info", cpu ? yyjson_mut_str(doc, cpu) : info);
}

/* As libvirt's driver asks "uptime". */
static const char *uptime_text(struct request *request)
{
	time_t now = time(NULL);
	struct sysinfo info;
	struct tm tm;
	long minutes;
	double scale = 1 << SI_LOAD_SHIFT;

	if (sysinfo(&info) < 0)
		return NULL;
	minutes = info.uptime / 60;
	gmtime_r(&now, &tm);
	return arena_printf(request->arena,
			    " %02d:%02d:%02d up %ld day%s, %2ld:%02ld,  0 users,  load average: "
			    "%.2f, %.2f, %.2f",
			    tm.tm_hour, tm.tm_min, tm.tm_sec, minutes / 1440,
			    minutes / 1440 == 1 ? "" : "s", minutes / 60 % 24, minutes % 60,
			    (double)info.loads[0] / scale, (double)info.loads[1] / scale,
			    (double)info.loads[2] / scale);
}

/* One hypervisor to be shown. */
struct hypervisor {
	struct request *request;
	yyjson_mut_doc *doc;
	struct host_state state;
	struct host_load load;
	struct vmm_host host;
	bool servers; /* those that it has are shown */
};

static int hypervisor_read(struct request *request, struct hypervisor *hypervisor,
			   struct error *error)
{
	int result = host_state_read(request, &hypervisor->state, error);

	hypervisor->request = request;
	hypervisor->doc = request_document(request);
	hypervisor->servers = false;
	memset(&hypervisor->host, 0, sizeof(hypervisor->host));
	admission_host_get(&hypervisor->host);
	return result < 0 ? result : host_load_read(request, &hypervisor->load, error);
}

static void servers_add(struct hypervisor *hypervisor, yyjson_mut_val *view)
{
	const struct record_list *list = &hypervisor->load.servers;
	yyjson_mut_doc *doc = hypervisor->doc;
	yyjson_mut_val *array, *item;

	if (!hypervisor->servers || (!list->count && hypervisor->request->microversion < 75))
		return;
	array = yyjson_mut_obj_add_arr(doc, view, "servers");
	for (size_t i = 0; i < list->count; i++) {
		item = yyjson_mut_arr_add_obj(doc, array);
		json_set_string(doc, item, "name",
				json_string(list->items[i], "OS-EXT-SRV-ATTR:instance_name"));
		json_set_string(doc, item, "uuid", json_string(list->items[i], "id"));
	}
}

static const char *hypervisor_id(const struct hypervisor *hypervisor)
{
	return hypervisor->request->microversion >= 53 ? hypervisor->load.provider.uuid : "1";
}

static void details_add(struct hypervisor *hypervisor, yyjson_mut_val *view)
{
	const struct host_state *state = &hypervisor->state;
	struct request *request = hypervisor->request;
	yyjson_mut_doc *doc = hypervisor->doc;
	yyjson_mut_val *service;

	json_set_string(doc, view, "hypervisor_type", "QEMU");
	json_set_integer(doc, view, "hypervisor_version",
			 version_packed(hypervisor->host.qemu_version));
	json_set_string(doc, view, "host_ip", "127.0.0.1");
	service = yyjson_mut_obj_add_obj(doc, view, "service");
	host_service_id(request, doc, service, SERVICE_COMPUTE);
	json_set_string(doc, service, "host", COMPUTE_HOST);
	json_set_string(doc, service, "disabled_reason", state->disabled ? state->reason : NULL);
	if (request->microversion < 88)
		hypervisor_load(request, doc, view, &hypervisor->host, &hypervisor->load);
	else
		json_set_string(doc, view, "uptime",
				host_up(request, state) ? uptime_text(request) : NULL);
}

static yyjson_mut_val *hypervisor_view(struct hypervisor *hypervisor, bool detail)
{
	struct request *request = hypervisor->request;
	yyjson_mut_doc *doc = hypervisor->doc;
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	if (request->microversion >= 53)
		json_set_string(doc, view, "id", hypervisor_id(hypervisor));
	else
		json_set_integer(doc, view, "id", 1);
	json_set_string(doc, view, "hypervisor_hostname", COMPUTE_HOST);
	json_set_string(doc, view, "state", host_up(request, &hypervisor->state) ? "up" : "down");
	json_set_string(doc, view, "status", hypervisor->state.disabled ? "disabled" : "enabled");
	if (detail)
		details_add(hypervisor, view);
	servers_add(hypervisor, view);
	return view;
}

/* --- lists */

static int with_servers(struct request *request, bool *with, struct error *error)
{
	const char *text =
		request->microversion >= 53 ? request_query(request, "with_servers") : NULL;

	*with = false;
	if (!text || boolean_parse(text, with) == 0)
		return 0;
	return error_set(error, -EINVAL,
			 "Invalid input for query parameters with_servers. Value: %s. '%s' is not "
			 "one of [True, 'True', 'TRUE', 'true', '1', 'ON', 'On', 'on', 'YES', "
			 "'Yes', 'yes', 'y', 't', False, 'False', 'FALSE', 'false', '0', 'OFF', "
			 "'Off', 'off', 'NO', 'No', 'no', 'n', 'f']",
			 text, text);
}

/* A pattern and pages exclude each other. */
static int pattern_check(struct request *request, bool *paged, struct error *error)
{
	const char *pattern = request->microversion >= 53
				      ? request_query(request, "hypervisor_hostname_pattern")
				      : NULL;

	*paged = request->microversion >= 33 && !pattern;
	if (!pattern)
		return 0;
	if (request_query(request, "limit") || request_query(request, "marker"))
		return error_set(error, -EINVAL,
				 "Paging over hypervisors with the hypervisor_hostname_pattern "
				 "query parameter is not supported.");
	if (!strcasestr(COMPUTE_HOST, pattern))
		return error_set(error, -ENOENT, "No hypervisor matching '%s' could be found.",
				 pattern);
	return 0;
}

static const struct page_rules page_rules = {
	.default_sort = "id",
	.most = COMPUTE_PAGE_MAX,
	.standard = COMPUTE_PAGE_MAX,
};

/* Whether the page that is asked for holds the one hypervisor. */
static int page_check(struct hypervisor *hypervisor, struct page *page, bool *there,
		      struct error *error)
{
	struct request *request = hypervisor->request;
	int result = page_parse(request, &page_rules, page, error);

	*there = !page->nothing && !(page->marker && *page->marker);
	if (result == 0 && page->marker && *page->marker &&
	    strcmp(page->marker, hypervisor_id(hypervisor)))
		return error_set(error, -EINVAL, "marker [%s] not found", page->marker);
	return result;
}

static int list_reply(struct request *request, bool detail, struct error *error)
{
	static const char *const queries[] = { "limit", "marker", "hypervisor_hostname_pattern",
					       "with_servers", NULL };
	struct hypervisor hypervisor;
	struct page page = { 0 };
	yyjson_mut_val *root, *array;
	bool paged = false, there = true;
	int result = query_known(request, queries, 75, error);

	if (result == 0)
		result = pattern_check(request, &paged, error);
	if (result == 0)
		result = hypervisor_read(request, &hypervisor, error);
	if (result == 0)
		result = with_servers(request, &hypervisor.servers, error);
	if (result == 0 && paged)
		result = page_check(&hypervisor, &page, &there, error);
	if (result < 0)
		return result;
	root = yyjson_mut_obj(hypervisor.doc);
	array = yyjson_mut_obj_add_arr(hypervisor.doc, root, "hypervisors");
	if (there)
		yyjson_mut_arr_append(array, hypervisor_view(&hypervisor, detail));
	if (paged && there)
		links_next(request, hypervisor.doc, root, "hypervisors_links", &page, 1,
			   hypervisor_id(&hypervisor));
	return reply_json(request, 200, hypervisor.doc, root);
}

static int hypervisor_list(struct request *request, struct error *error)
{
	return list_reply(request, false, error);
}

static int hypervisor_detail(struct request *request, struct error *error)
{
	return list_reply(request, true, error);
}

/* Until 2.52 what a name matches had paths of its own. */
static int match_reply(struct request *request, bool servers, struct error *error)
{
	const char *pattern = request_param(request, "hypervisor_id");
	struct hypervisor hypervisor;
	yyjson_mut_val *root;
	int result;

	if (!strcasestr(COMPUTE_HOST, pattern))
		return error_set(error, -ENOENT, "No hypervisor matching '%s' could be found.",
				 pattern);
	result = hypervisor_read(request, &hypervisor, error);
	if (result < 0)
		return result;
	hypervisor.servers = servers;
	root = yyjson_mut_obj(hypervisor.doc);
	yyjson_mut_arr_append(yyjson_mut_obj_add_arr(hypervisor.doc, root, "hypervisors"),
			      hypervisor_view(&hypervisor, false));
	return reply_json(request, 200, hypervisor.doc, root);
}

static int hypervisor_search(struct request *request, struct error *error)
{
	return match_reply(request, false, error);
}

static int hypervisor_servers(struct request *request, struct error *error)
{
	return match_reply(request, true, error);
}

/* --- one */

static int hypervisor_find(struct request *request, struct hypervisor *hypervisor,
			   struct error *error)
{
	const char *id = request_param(request, "hypervisor_id");
	int result;

	if (request->microversion >= 53 && !uuid_like(id))
		return error_set(error, -EINVAL, "Invalid uuid %s", id);
	result = hypervisor_read(request, hypervisor, error);
	if (result < 0 || !strcmp(id, hypervisor_id(hypervisor)))
		return result;
	return error_set(error, -ENOENT, "Hypervisor with ID '%s' could not be found.", id);
}

static int one_reply(struct hypervisor *hypervisor, yyjson_mut_val *view)
{
	yyjson_mut_val *root = yyjson_mut_obj(hypervisor->doc);

	yyjson_mut_obj_add_val(hypervisor->doc, root, "hypervisor", view);
	return reply_json(hypervisor->request, 200, hypervisor->doc, root);
}

static int hypervisor_show(struct request *request, struct error *error)
{
	struct hypervisor hypervisor;
	int result = hypervisor_find(request, &hypervisor, error);

	if (result == 0)
		result = with_servers(request, &hypervisor.servers, error);
	return result < 0 ? result : one_reply(&hypervisor, hypervisor_view(&hypervisor, true));
}

static int hypervisor_uptime(struct request *request, struct error *error)
{
	struct hypervisor hypervisor;
	yyjson_mut_val *view;
	int result = hypervisor_find(request, &hypervisor, error);

	if (result < 0)
		return result;
	if (!host_up(request, &hypervisor.state))
		return error_set(error, -EINVAL,
				 "Compute service of " COMPUTE_HOST
				 " is unavailable at this time.");
	view = hypervisor_view(&hypervisor, false);
	json_set_string(hypervisor.doc, view, "uptime", uptime_text(request));
	return one_reply(&hypervisor, view);
}

static int hypervisor_statistics(struct request *request, struct error *error)
{
	struct hypervisor hypervisor;
	yyjson_mut_val *root, *view;
	int result = hypervisor_read(request, &hypervisor, error);

	if (result < 0)
		return result;
	root = yyjson_mut_obj(hypervisor.doc);
	view = yyjson_mut_obj_add_obj(hypervisor.doc, root, "hypervisor_statistics");
	/* A disabled host counts for nothing. */
	json_set_integer(hypervisor.doc, view, "count", hypervisor.state.disabled ? 0 : 1);
	hypervisor_load(request, hypervisor.doc, view, &hypervisor.host, &hypervisor.load);
	yyjson_mut_obj_remove_key(view, "cpu_info");
	return reply_json(request, 200, hypervisor.doc, root);
}

#define HYPERVISOR "/os-hypervisors/{hypervisor_id}"
static const struct route routes[] = {
	ROUTE("GET", "/os-hypervisors", hypervisor_list, "os-hypervisors:list"),
	ROUTE("GET", "/os-hypervisors/detail", hypervisor_detail, "os-hypervisors:list-detail"),
	ROUTE("GET", "/os-hypervisors/statistics", hypervisor_statistics,
	      "os-hypervisors:statistics", .last = 87),
	ROUTE("GET", "/os-hypervisors/statistics", handle_too_new, "os-hypervisors:statistics",
	      .first = 88),
	ROUTE("GET", HYPERVISOR, hypervisor_show, "os-hypervisors:show"),
	ROUTE("GET", HYPERVISOR "/uptime", hypervisor_uptime, "os-hypervisors:uptime", .last = 87),
	ROUTE("GET", HYPERVISOR "/search", hypervisor_search, "os-hypervisors:search", .last = 52),
	ROUTE("GET", HYPERVISOR "/servers", hypervisor_servers, "os-hypervisors:servers",
	      .last = 52),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-hypervisors:list"), ADMIN },
	{ POLICY("os-hypervisors:list-detail"), ADMIN },
	{ POLICY("os-hypervisors:statistics"), ADMIN },
	{ POLICY("os-hypervisors:show"), ADMIN },
	{ POLICY("os-hypervisors:uptime"), ADMIN },
	{ POLICY("os-hypervisors:search"), ADMIN },
	{ POLICY("os-hypervisors:servers"), ADMIN },
	{ 0 },
};

const struct service_part compute_hypervisor_part = { routes, policies };
