/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The image service: its tables, its versions. */
#include <string.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/cloud/image/metadef.h"
#include "firmware/lib/cleanup.h"

#define IMAGE "/v2/images/{image_id}"
#define MEMBER IMAGE "/members/{member_id}"

static const struct route routes[] = {
	{ "GET", "", image_versions_negotiate, .flags = ROUTE_PUBLIC },
	{ "GET", "/versions", image_versions_list, .flags = ROUTE_PUBLIC },
	{ "GET", "/v2/schemas/{schema}", .handle = image_schema_show },
	{ "GET", "/v2/info/import", .handle = image_import_info },
	{ "GET", "/v2/info/usage", .handle = image_usage_info },
	{ "GET", "/v2/info/stores", .handle = image_stores_info },
	{ "GET", "/v2/info/stores/detail", image_stores_detail, .policy = "stores_info_detail" },
	{ "DELETE", "/v2/stores/{store_id}/{image_id}", image_store_delete,
	  .policy = "delete_image_location" },
	{ "GET", "/v2/cache", image_cache_refuse, .policy = "cache_list" },
	{ "DELETE", "/v2/cache", image_cache_refuse, .policy = "cache_delete" },
	{ "PUT", "/v2/cache/{image_id}", image_cache_image_refuse, .policy = "cache_image" },
	{ "DELETE", "/v2/cache/{image_id}", image_cache_image_refuse, .policy = "cache_delete" },
	{ "GET", "/v2/tasks", task_list, .policy = "tasks_api_access" },
	{ "POST", "/v2/tasks", task_create, .policy = "tasks_api_access",
	  .body = &image_any_schema },
	{ "GET", "/v2/tasks/{task_id}", task_show, .policy = "tasks_api_access" },
	{ "DELETE", "/v2/tasks/{task_id}", task_delete_refuse, .policy = "tasks_api_access" },
	{ "GET", "/v2/images", image_list, .policy = "get_images" },
	{ "POST", "/v2/images", image_create, .policy = "add_image", .body = &image_any_schema },
	{ "DELETE", "/v2/images", .handle = image_delete_nothing },
	{ "GET", IMAGE, image_show, .policy = "get_image" },
	{ "PATCH", IMAGE, image_patch, .policy = "modify_image", .body = &image_any_schema },
	{ "DELETE", IMAGE, image_delete, .policy = "delete_image" },
	{ "PUT", IMAGE "/file", image_upload, .policy = "upload_image", .flags = ROUTE_STREAM },
	{ "GET", IMAGE "/file", image_download, .policy = "download_image" },
	{ "PUT", IMAGE "/stage", image_stage, .policy = "modify_image", .flags = ROUTE_STREAM },
	{ "POST", IMAGE "/import", image_import, .policy = "modify_image",
	  .body = &image_any_schema },
	{ "PUT", IMAGE "/tags/{tag}", image_tag_add, .policy = "modify_image" },
	{ "DELETE", IMAGE "/tags/{tag}", image_tag_delete, .policy = "modify_image" },
	{ "POST", IMAGE "/actions/deactivate", image_deactivate, .policy = "deactivate" },
	{ "POST", IMAGE "/actions/reactivate", image_reactivate, .policy = "reactivate" },
	{ "GET", IMAGE "/tasks", image_tasks_list, .policy = "get_image" },
	{ "GET", IMAGE "/members", image_member_list, .policy = "get_members" },
	{ "POST", IMAGE "/members", image_member_add, .policy = "add_member",
	  .body = &image_any_schema },
	{ "GET", MEMBER, image_member_show, .policy = "get_member" },
	{ "PUT", MEMBER, image_member_update, .policy = "modify_member",
	  .body = &image_any_schema },
	{ "DELETE", MEMBER, image_member_delete, .policy = "delete_member" },
	{ 0 },
};

/* Images are projects' own: a token for the system is not for them. */
static const struct policy_rule policies[] = {
	{ "get_images", "project_admin project_reader" },
	{ "get_image", "project_admin project_reader" },
	{ "download_image", "project_admin project_member" },
	{ "add_image", "project_admin project_member" },
	{ "modify_image", "project_admin project_member" },
	{ "upload_image", "project_admin project_member" },
	{ "delete_image", "project_admin project_member" },
	{ "publicize_image", "project_admin" },
	{ "deactivate", "project_admin project_member" },
	{ "reactivate", "project_admin project_member" },
	{ "get_members", "project_admin project_reader" },
	{ "get_member", "project_admin project_reader" },
	{ "add_member", "project_admin project_member" },
	{ "modify_member", "project_admin project_member" },
	{ "delete_member", "project_admin project_member" },
	{ "stores_info_detail", "project_admin" },
	{ "delete_image_location", "project_admin" },
	{ "tasks_api_access", "project_admin" },
	{ "cache_list", "project_admin" },
	{ "cache_image", "project_admin" },
	{ "cache_delete", "project_admin" },
	{ 0 },
};

static const struct store_index indexes[] = {
	{ IMAGE_RECORDS, "status", "status", NULL, false },
	{ IMAGE_TASKS, "image", "image_id", NULL, false },
	{ METADEF_RECORDS, "namespace", "namespace", NULL, true },
	{ 0 },
};

static const struct service_part *const parts[] = { &metadef_part, NULL };

/* Who can't see an image does not hear that there is something that he may not: where a rule may
 * refuse, the handler has the say, which then finds no image. */
static int decide(struct request *request, const char *rule)
{
	const char *id = request_param(request, "image_id");

	(void)rule;
	if (policy_allows(request->caller, "project_admin project_member") || !*id ||
	    strncmp(request->path, "/v2/images/", strlen("/v2/images/")) != 0)
		return -ENOENT;
	return image_is_hidden(request, id) ? 1 : -ENOENT;
}

static int start(struct cloud *cloud, struct error *error)
{
	int result = files_start(cloud, error);

	return result ? result : downloads_start(cloud, error);
}

const struct service image_service = {
	.name = "glance",
	.type = "image",
	.prefix = "/image",
	.routes = routes,
	.policies = policies,
	.parts = parts,
	.decide = decide,
	.indexes = indexes,
	.fault = fault_image,
	.start = start,
	.stop = downloads_stop,
};

/* Newest first. */
static const char *const versions[] = { "2.15", "2.13", "2.12", "2.11", "2.10", "2.9", "2.8", "2.7",
					"2.6",  "2.5",  "2.4",  "2.3",  "2.2",  "2.1", "2.0" };

static int versions_reply(struct request *request, int status)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	const char *href = arena_printf(request->arena, "%s/image/v2/", request->base_url);

	json_set(doc, root, "versions", list);
	for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
		yyjson_mut_val *version = yyjson_mut_arr_add_obj(doc, list);
		yyjson_mut_val *links = yyjson_mut_arr(doc), *link;

		json_set_string(doc, version, "id",
				arena_printf(request->arena, "v%s", versions[i]));
		json_set_string(doc, version, "status", i ? "SUPPORTED" : "CURRENT");
		json_set(doc, version, "links", links);
		link = yyjson_mut_arr_add_obj(doc, links);
		json_set_string(doc, link, "rel", "self");
		json_set_string(doc, link, "href", href);
	}
	return reply_json(request, status, doc, root);
}

int image_versions_negotiate(struct request *request, struct error *error)
{
	(void)error;
	return versions_reply(request, 300);
}

int image_versions_list(struct request *request, struct error *error)
{
	(void)error;
	return versions_reply(request, 200);
}
