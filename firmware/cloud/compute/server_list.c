/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of servers, and one server. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_filter.h"
#include "firmware/cloud/http/listing.h"

/* What anybody may filter by, and what 2.83 added. */
#define FILTERS_TENANT                                                                             \
	{ "name", "name", PAGE_REGEX }, { "display_name", "name", PAGE_REGEX },                    \
	{                                                                                          \
		"reservation_id", "OS-EXT-SRV-ATTR:reservation_id", PAGE_REGEX                     \
	}
#define FILTERS_283                                                                                \
	{ "availability_zone", "OS-EXT-AZ:availability_zone", PAGE_REGEX },                        \
		{ "config_drive", "config_drive", PAGE_REGEX },                                    \
		{ "key_name", "key_name", PAGE_REGEX },                                            \
		{ "created_at", "created_at", PAGE_REGEX },                                        \
		{ "launched_at", "OS-SRV-USG:launched_at", PAGE_REGEX },                           \
		{ "power_state", "OS-EXT-STS:power_state", PAGE_INTEGER },                         \
		{ "task_state", "OS-EXT-STS:task_state", PAGE_EXACT },                             \
		{ "vm_state", "OS-EXT-STS:vm_state", PAGE_EXACT },                                 \
		{ "progress", "progress", PAGE_INTEGER },                                          \
	{                                                                                          \
		"user_id", "user_id", PAGE_EXACT                                                   \
	}
#define FILTERS_ADMIN                                                                              \
	{ "uuid", "id", PAGE_EXACT }, { "host", "OS-EXT-SRV-ATTR:host", PAGE_EXACT },              \
		{ "node", "OS-EXT-SRV-ATTR:hypervisor_hostname", PAGE_REGEX },                     \
		{ "hostname", "OS-EXT-SRV-ATTR:hostname", PAGE_REGEX },                            \
		{ "description", "description", PAGE_REGEX },                                      \
		{ "display_description", "description", PAGE_REGEX },                              \
		{ "access_ip_v4", "accessIPv4", PAGE_REGEX },                                      \
	{                                                                                          \
		"access_ip_v6", "accessIPv6", PAGE_REGEX                                           \
	}

static const struct page_filter filters_tenant[] = { FILTERS_TENANT, { 0 } };
static const struct page_filter filters_tenant_283[] = { FILTERS_TENANT, FILTERS_283, { 0 } };
static const struct page_filter filters_admin[] = {
	FILTERS_TENANT, FILTERS_283, FILTERS_ADMIN, { 0 }
};

static const struct {
	const char *key, *member;
} sort_members[] = {
	{ "created_at", "created_at" },
	{ "updated_at", "updated_at" },
	{ "display_name", "name" },
	{ "display_description", "description" },
	{ "uuid", "id" },
	{ "access_ip_v4", "accessIPv4" },
	{ "access_ip_v6", "accessIPv6" },
	{ "auto_disk_config", "OS-DCF:diskConfig" },
	{ "availability_zone", "OS-EXT-AZ:availability_zone" },
	{ "config_drive", "config_drive" },
	{ "host", "OS-EXT-SRV-ATTR:host" },
	{ "hostname", "OS-EXT-SRV-ATTR:hostname" },
	{ "kernel_id", "OS-EXT-SRV-ATTR:kernel_id" },
	{ "key_name", "key_name" },
	{ "launch_index", "OS-EXT-SRV-ATTR:launch_index" },
	{ "launched_at", "OS-SRV-USG:launched_at" },
	{ "locked_by", "locked" },
	{ "locked", "locked" },
	{ "node", "OS-EXT-SRV-ATTR:hypervisor_hostname" },
	{ "power_state", "OS-EXT-STS:power_state" },
	{ "progress", "progress" },
	{ "project_id", "tenant_id" },
	{ "ramdisk_id", "OS-EXT-SRV-ATTR:ramdisk_id" },
	{ "root_device_name", "OS-EXT-SRV-ATTR:root_device_name" },
	{ "task_state", "OS-EXT-STS:task_state" },
	{ "terminated_at", "OS-SRV-USG:terminated_at" },
	{ "user_id", "user_id" },
	{ "vm_state", "OS-EXT-STS:vm_state" },
};
static const char *const sort_keys[] = {
	"created_at",
	"updated_at",
	"display_name",
	"display_description",
	"uuid",
	"access_ip_v4",
	"access_ip_v6",
	"auto_disk_config",
	"availability_zone",
	"config_drive",
	"host",
	"hostname",
	"kernel_id",
	"key_name",
	"launch_index",
	"launched_at",
	"locked_by",
	"locked",
	"node",
	"power_state",
	"progress",
	"project_id",
	"ramdisk_id",
	"root_device_name",
	"task_state",
	"terminated_at",
	"user_id",
	"vm_state",
	NULL,
};

#define RULES(table)                                                                               \
	{                                                                                          \
		.filters = table, .sort_keys = sort_keys, .default_sort = "created_at",            \
		.default_descending = true, .sort_list = true, .most = COMPUTE_PAGE_MAX,           \
		.standard = COMPUTE_PAGE_MAX, .id_member = "id",                                   \
	}
static const struct page_rules rules_tenant = RULES(filters_tenant);
static const struct page_rules rules_tenant_283 = RULES(filters_tenant_283);
static const struct page_rules rules_admin = RULES(filters_admin);

static const struct page_rules *rules_of(const struct request *request)
{
	if (request->caller->is_admin)
		return &rules_admin;
	return request->microversion >= 83 ? &rules_tenant_283 : &rules_tenant;
}

/* The API's sort keys are Nova's columns: say which member each one is. */
static void sort_translate(struct page *page)
{
	for (size_t i = 0; i < page->sorts; i++)
		for (size_t j = 0; j < sizeof(sort_members) / sizeof(sort_members[0]); j++)
			if (!strcmp(page->sort[i], sort_members[j].key)) {
				page->sort[i] = sort_members[j].member;
				break;
			}
}

/* The records that the caller may see, before any filter. */
static int servers_read(struct request *request, const struct server_filter *filter,
			struct record_list *list, struct error *error)
{
	const char *project = request->caller->project_id;

	if (filter->all_tenants) {
		project = request_query(request, "project_id");
		if (!project)
			project = request_query(request, "tenant_id");
	} else if (!project) {
		project = ""; /* a token without a project sees no project's servers */
	}
	if (project)
		return record_list_index(request, list, KEY_SERVER, "project", NULL, project,
					 error);
	return record_list_range(request, list, KEY_SERVER, error);
}

static int servers_select(struct request *request, struct page *page, struct record_list *list,
			  struct error *error)
{
	struct server_filter filter;
	size_t kept = 0;
	ssize_t count;
	int result = server_filter_read(request, &filter, error);

	if (result == 0 && filter.all_tenants && !request->caller->is_admin)
		return error_set(
			error, -EACCES,
			"Policy doesn't allow os_compute_api:servers:%s:get_all_tenants to be "
			"performed.",
			strstr(request->path, "/detail") ? "detail" : "index");
	if (result == 0)
		result = page_parse(request, rules_of(request), page, error);
	if (result == 0)
		result = servers_read(request, &filter, list, error);
	if (result < 0)
		return result;
	sort_translate(page);
	for (size_t i = 0; i < list->count; i++)
		if (server_filter_takes(&filter, list->items[i]))
			list->items[kept++] = list->items[i];
	result = server_filter_addresses(request, list->items, &kept, error);
	if (result < 0)
		return result;
	count = page_select(request, page, list->items, kept, error);
	list->count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? (int)count : 0;
}

static int servers_reply(struct request *request, bool detail, struct error *error)
{
	struct record_list list = { .request = request };
	struct page page = { 0 };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *beside = yyjson_mut_obj(doc);
	struct server_views *views = server_views_new(request, doc);
	struct listing *listing = listing_new(request, "servers");
	int result = views ? servers_select(request, &page, &list, error)
			   : error_set(error, -ENOMEM, "out of memory");

	for (size_t i = 0; i < list.count && result >= 0; i++)
		result = (detail ? server_list_detail : server_list_basic)(views, listing,
									   list.items[i], error);
	if (result < 0)
		return result;
	if (list.count)
		links_next(request, doc, beside, "servers_links", &page, list.count,
			   json_string(list.items[list.count - 1], "id"));
	return listing_reply(listing, beside);
}

int handle_servers_list(struct request *request, struct error *error)
{
	return servers_reply(request, false, error);
}

int handle_servers_detail(struct request *request, struct error *error)
{
	return servers_reply(request, true, error);
}

int handle_server_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	struct server server;
	int result = server_find(request, &server, error);

	if (result == 0)
		result = server_view(server_views_new(request, doc), server.record, FORM_SHOW,
				     &view, error);
	if (result < 0)
		return result;
	yyjson_mut_obj_add_val(doc, root, "server", view);
	return reply_json(request, 200, doc, root);
}
