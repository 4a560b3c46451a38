/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which versions of the API there are: v2.1 with its microversions, and v2.0 for old clients. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"

struct version {
	const char *id, *status, *prefix, *updated, *media_type;
	bool micro; /* has microversions */
};

/* In the order of Nova's list, with its dates. */
static const struct version versions[] = {
	{ "v2.0", "SUPPORTED", COMPUTE_V2_PREFIX, "2011-01-21T11:33:21Z",
	  "application/vnd.openstack.compute+json;version=2", false },
	{ "v2.1", "CURRENT", COMPUTE_PREFIX, "2013-07-23T11:33:21Z",
	  "application/vnd.openstack.compute+json;version=2.1", true },
};

static const char *micro(struct request *request, const struct version *version, unsigned minor)
{
	return version->micro ? arena_printf(request->arena, "2.%u", minor) : "";
}

static yyjson_mut_val *version_view(struct request *request, yyjson_mut_doc *doc,
				    const struct version *version)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc), *link;

	json_set_string(doc, view, "id", version->id);
	json_set_string(doc, view, "status", version->status);
	json_set_string(doc, view, "version", micro(request, version, COMPUTE_VERSION_LAST));
	json_set_string(doc, view, "min_version", micro(request, version, COMPUTE_VERSION_FIRST));
	json_set_string(doc, view, "updated", version->updated);
	link = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, view, "links"));
	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href",
			arena_printf(request->arena, "%s%s/", request->base_url, version->prefix));
	return view;
}

int handle_versions(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_mut_val *list = yyjson_mut_obj_add_arr(doc, root, "versions");

	(void)error;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		yyjson_mut_arr_append(list, version_view(request, doc, &versions[i]));
	return reply_json(request, 200, doc, root);
}

static void link_described(yyjson_mut_doc *doc, yyjson_mut_val *view)
{
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_get(view, "links"));

	json_set_string(doc, link, "rel", "describedby");
	json_set_string(doc, link, "type", "text/html");
	json_set_string(doc, link, "href", "http://docs.openstack.org/");
}

static int version_reply(struct request *request, const struct version *version)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view = version_view(request, doc, version);
	yyjson_mut_val *type;

	link_described(doc, view);
	type = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, view, "media-types"));
	json_set_string(doc, type, "base", "application/json");
	json_set_string(doc, type, "type", version->media_type);
	yyjson_mut_obj_add_val(doc, root, "version", view);
	return reply_json(request, 200, doc, root);
}

/* By its name, with the caller's token, as clients once asked. */
int handle_version_named(struct request *request, struct error *error)
{
	const char *id = request_param(request, "version_id");

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (!strcmp(versions[i].id, id))
			return version_reply(request, &versions[i]);
	return error_set(error, -ENOENT, "The resource could not be found.");
}

/* Of the service that the request came to. */
int handle_version(struct request *request, struct error *error)
{
	size_t i = 0;

	(void)error;
	while (strcmp(versions[i].prefix, request->service->prefix) != 0)
		i++;
	return version_reply(request, &versions[i]);
}
