/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Discovery: /identity lists the versions, /identity/v3 describes the one that there is. */
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/service.h"

static const char *version_url(struct request *request)
{
	return arena_printf(request->arena, "%s/identity/v3/", request->base_url);
}

static yyjson_mut_val *version_render(struct request *request, yyjson_mut_doc *doc)
{
	yyjson_mut_val *version = yyjson_mut_obj(doc), *links = yyjson_mut_arr(doc);
	yyjson_mut_val *types = yyjson_mut_arr(doc), *link, *type;

	json_set_string(doc, version, "id", "v3.14");
	json_set_string(doc, version, "status", "stable");
	json_set_string(doc, version, "updated", "2020-04-07T00:00:00Z");
	link = yyjson_mut_arr_add_obj(doc, links);
	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href", version_url(request));
	json_set(doc, version, "links", links);
	type = yyjson_mut_arr_add_obj(doc, types);
	json_set_string(doc, type, "base", "application/json");
	json_set_string(doc, type, "type", "application/vnd.openstack.identity-v3+json");
	json_set(doc, version, "media-types", types);
	return version;
}

int version_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	(void)error;
	json_set(doc, root, "version", version_render(request, doc));
	return reply_json(request, 200, doc, root);
}

int version_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *versions = yyjson_mut_obj(doc);
	yyjson_mut_val *values = yyjson_mut_arr(doc);

	(void)error;
	yyjson_mut_arr_append(values, version_render(request, doc));
	json_set(doc, versions, "values", values);
	json_set(doc, root, "versions", versions);
	reply_header(request, "Location", "%s", version_url(request));
	return reply_json(request, 300, doc, root);
}
