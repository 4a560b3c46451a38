/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes and snapshots as Nova showed them (until 2.35). No service here has any: lists are empty,
 * none can be found, and none can be made.
 */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/schema_parts.h"

static int empty_list(struct request *request, const char *name)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	yyjson_mut_obj_add_val(doc, root, name, yyjson_mut_arr(doc));
	return reply_json(request, 200, doc, root);
}

static int volumes_list(struct request *request, struct error *error)
{
	(void)error;
	return empty_list(request, "volumes");
}

static int snapshots_list(struct request *request, struct error *error)
{
	(void)error;
	return empty_list(request, "snapshots");
}

static int volume_find(struct request *request, struct error *error)
{
	return error_set(error, -ENOENT, "Volume %s could not be found.",
			 request_param(request, "id"));
}

static int snapshot_find(struct request *request, struct error *error)
{
	return error_set(error, -ENOENT, "Snapshot %s could not be found.",
			 request_param(request, "id"));
}

static int volume_create(struct request *request, struct error *error)
{
	const char *snapshot = json_string(yyjson_obj_get(request->body, "volume"), "snapshot_id");

	if (snapshot)
		return error_set(error, -ENOENT, "Snapshot %s could not be found.", snapshot);
	return error_set(error, -ENOSYS, "The requested functionality is not supported.");
}

static int snapshot_create(struct request *request, struct error *error)
{
	return error_set(error, -ENOENT, "Volume %s could not be found.",
			 json_string(yyjson_obj_get(request->body, "snapshot"), "volume_id"));
}

/* --- tables */

static const struct schema any_object = { .types = SCHEMA_OBJECT, .additional = true };
static const struct schema size = {
	.types = SCHEMA_INTEGER | SCHEMA_STRING,
	.format = FORMAT_INTEGER_STRING,
	.has_minimum = true,
	.minimum = 1,
};
static const struct schema volume = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "volume_type", &part_string, false, 0, 0 },
			{ "metadata", &any_object, false, 0, 0 },
			{ "snapshot_id", &part_string, false, 0, 0 },
			{ "size", &size, true, 0, 0 },
			{ "availability_zone", &part_string, false, 0, 0 },
			{ "display_name", &part_string, false, 0, 0 },
			{ "display_description", &part_string, false, 0, 0 },
			{ 0 } },
};
static const struct schema schema_volume = ENVELOPE("volume", &volume);
static const struct schema snapshot = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "volume_id", &part_string, true, 0, 0 },
						   { "force", &part_boolean, false, 0, 0 },
						   { "display_name", &part_string, false, 0, 0 },
						   { "display_description", &part_string, false, 0,
						     0 },
						   { 0 } },
};
static const struct schema schema_snapshot = ENVELOPE("snapshot", &snapshot);

/* And what they are from 2.36 on. */
#define PROXY(verb, where, handler, rule, ...)                                                     \
	ROUTE(verb, where, handler, "os-volumes:" rule, .last = 35, __VA_ARGS__),                  \
		ROUTE(verb, where, handle_too_new, "os-volumes:" rule, .first = 36)

static const struct route routes[] = {
	PROXY("GET", "/os-volumes", volumes_list, "list"),
	PROXY("POST", "/os-volumes", volume_create, "create", .body = &schema_volume),
	PROXY("GET", "/os-volumes/detail", volumes_list, "detail"),
	PROXY("GET", "/os-volumes/{id}", volume_find, "show"),
	PROXY("DELETE", "/os-volumes/{id}", volume_find, "delete"),
	PROXY("GET", "/os-snapshots", snapshots_list, "snapshots:list"),
	PROXY("POST", "/os-snapshots", snapshot_create, "snapshots:create",
	      .body = &schema_snapshot),
	PROXY("GET", "/os-snapshots/detail", snapshots_list, "snapshots:detail"),
	PROXY("GET", "/os-snapshots/{id}", snapshot_find, "snapshots:show"),
	PROXY("DELETE", "/os-snapshots/{id}", snapshot_find, "snapshots:delete"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-volumes:list"), READ },
	{ POLICY("os-volumes:detail"), READ },
	{ POLICY("os-volumes:show"), READ },
	{ POLICY("os-volumes:create"), WRITE },
	{ POLICY("os-volumes:delete"), WRITE },
	{ POLICY("os-volumes:snapshots:list"), READ },
	{ POLICY("os-volumes:snapshots:detail"), READ },
	{ POLICY("os-volumes:snapshots:show"), READ },
	{ POLICY("os-volumes:snapshots:create"), WRITE },
	{ POLICY("os-volumes:snapshots:delete"), WRITE },
	{ 0 },
};

const struct service_part compute_volume_proxy_part = { routes, policies };
