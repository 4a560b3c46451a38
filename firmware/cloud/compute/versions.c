/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which versions of the API there are: one. */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"

#define VERSION_UPDATED "2013-07-23T11:33:21Z" /* when v2.1 was new: the same everywhere */

static yyjson_mut_val *version_view(struct request *request, yyjson_mut_doc *doc)
{
	yyjson_mut_val *version = yyjson_mut_obj(doc), *link;

	json_set_string(doc, version, "id", "v2.1");
	json_set_string(doc, version, "status", "CURRENT");
	json_set_string(doc, version, "version",
			arena_printf(request->arena, "2.%d", COMPUTE_VERSION_LAST));
	json_set_string(doc, version, "min_version",
			arena_printf(request->arena, "2.%d", COMPUTE_VERSION_FIRST));
	json_set_string(doc, version, "updated", VERSION_UPDATED);
	link = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, version, "links"));
	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href",
			arena_printf(request->arena, "%s" COMPUTE_PREFIX "/", request->base_url));
	return version;
}

int handle_versions(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	(void)error;
	yyjson_mut_arr_append(yyjson_mut_obj_add_arr(doc, root, "versions"),
			      version_view(request, doc));
	return reply_json(request, 200, doc, root);
}

static void link_described(yyjson_mut_doc *doc, yyjson_mut_val *version)
{
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_get(version, "links"));

	json_set_string(doc, link, "rel", "describedby");
	json_set_string(doc, link, "type", "text/html");
	json_set_string(doc, link, "href", "http://docs.openstack.org/");
}

int handle_version(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *version = version_view(request, doc), *type;

	(void)error;
	link_described(doc, version);
	type = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, version, "media-types"));
	json_set_string(doc, type, "base", "application/json");
	json_set_string(doc, type, "type", "application/vnd.openstack.compute+json;version=2.1");
	yyjson_mut_obj_add_val(doc, root, "version", version);
	return reply_json(request, 200, doc, root);
}
