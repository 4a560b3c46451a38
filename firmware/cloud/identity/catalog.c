/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The catalog of services: which endpoints a client finds, at the address by which it came. */
#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/endpoint_filter.h"
#include "firmware/cloud/identity/internal.h"
#include "firmware/cloud/identity/service.h"

struct placeholder {
	const char *name, *value;
};

static const struct placeholder *placeholder_at(const struct placeholder *placeholders,
						const char *text, size_t *length)
{
	for (; placeholders->name; placeholders++) {
		size_t size = strlen(placeholders->name);

		/* "%(name)s", and Keystone's other spelling "$(name)s" */
		if ((text[0] != '%' && text[0] != '$') || text[1] != '(' ||
		    strncmp(text + 2, placeholders->name, size) ||
		    strncmp(text + 2 + size, ")s", 2))
			continue;
		*length = size + 4;
		return placeholders;
	}
	return NULL;
}

const char *catalog_url(struct request *request, const char *url, const char *project_id,
			const char *user_id)
{
	const struct placeholder placeholders[] = {
		{ "base_url", request->base_url },
		{ "project_id", project_id },
		{ "tenant_id", project_id },
		{ "user_id", user_id },
		{ NULL, NULL },
	};
	const char *made = "";
	size_t length;

	while (*url) {
		size_t plain = 1 + strcspn(url + 1, "%$");
		const struct placeholder *found = placeholder_at(placeholders, url, &length);

		if (found && !found->value)
			return NULL;
		made = found ? arena_printf(request->arena, "%s%s", made, found->value)
			     : arena_printf(request->arena, "%s%.*s", made, (int)plain, url);
		if (!made)
			return NULL;
		url += found ? length : plain;
	}
	return made;
}

static void render_endpoint(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *list,
			    yyjson_val *endpoint, const struct caller *caller)
{
	const char *url = catalog_url(request, json_string(endpoint, "url"), caller->project_id,
				      caller->user_id);
	yyjson_mut_val *item;

	if (!url)
		return;
	item = yyjson_mut_arr_add_obj(doc, list);
	json_set_string(doc, item, "id", json_string(endpoint, "id"));
	json_set_string(doc, item, "interface", json_string(endpoint, "interface"));
	json_set_string(doc, item, "region_id", json_string(endpoint, "region_id"));
	json_set_string(doc, item, "url", url);
	json_set_string(doc, item, "region", json_string(endpoint, "region_id"));
}

static yyjson_mut_val *render_endpoints(struct request *request, yyjson_mut_doc *doc,
					const struct records *endpoints,
					const struct endpoint_filter *filter,
					const char *service_id, const struct caller *caller)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);

	for (size_t i = 0; i < endpoints->count; i++) {
		yyjson_val *endpoint = endpoints->items[i].value;

		if (json_bool(endpoint, "enabled", true) &&
		    json_is(endpoint, "service_id", service_id) &&
		    endpoint_filter_has(filter, endpoint))
			render_endpoint(request, doc, list, endpoint, caller);
	}
	return list;
}

yyjson_mut_val *catalog_render(struct request *request, const struct reader *reader,
			       yyjson_mut_doc *doc, const struct caller *caller,
			       struct error *error)
{
	struct records offered = { 0 }, endpoints = { 0 };
	yyjson_mut_val *catalog = yyjson_mut_arr(doc);
	struct endpoint_filter filter;

	if (records_range(reader, &offered, error, "/identity/service/") < 0 ||
	    records_range(reader, &endpoints, error, "/identity/endpoint/") < 0 ||
	    endpoint_filter_load(reader, caller->project_id, &endpoints, &filter, error) < 0)
		return NULL;
	for (size_t i = 0; i < offered.count; i++) {
		yyjson_val *service = offered.items[i].value;
		const char *id = json_string(service, "id"), *name = json_string(service, "name");
		yyjson_mut_val *item, *rendered;

		if (!json_bool(service, "enabled", true))
			continue;
		rendered = render_endpoints(request, doc, &endpoints, &filter, id, caller);
		if (filter.active && !yyjson_mut_arr_size(rendered))
			continue;
		item = yyjson_mut_arr_add_obj(doc, catalog);
		json_set(doc, item, "endpoints", rendered);
		json_set_string(doc, item, "id", id);
		json_set_string(doc, item, "type", json_string(service, "type"));
		json_set_string(doc, item, "name", name ? name : "");
	}
	return catalog;
}
