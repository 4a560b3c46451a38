/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET of resource providers, their inventories and usages. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/cloud/placement/internal.h"
#include "firmware/lib/uuid.h"

int reply_fresh(struct request *request, int status, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	char text[40];
	time_t now = time(NULL);
	struct tm fields;

	if (request->microversion >= 15) {
		gmtime_r(&now, &fields);
		strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &fields);
		reply_header(request, "Last-Modified", "%s", text);
		reply_header(request, "Cache-Control", "no-cache");
	}
	return reply_json(request, status, doc, root);
}

int placement_version_show(struct request *request, struct error *error)
{
	const struct service *service = request->service;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *versions = yyjson_mut_arr(doc);
	yyjson_mut_val *version = yyjson_mut_arr_add_obj(doc, versions), *links, *link;

	(void)error;
	json_set_string(doc, version, "id", "v1.0");
	json_set_string(doc, version, "max_version",
			arena_printf(request->arena, "1.%u", service->version_last));
	json_set_string(doc, version, "min_version", "1.0");
	json_set_string(doc, version, "status", "CURRENT");
	links = yyjson_mut_arr(doc);
	link = yyjson_mut_arr_add_obj(doc, links);
	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href", "");
	json_set(doc, version, "links", links);
	json_set(doc, root, "versions", versions);
	return reply_fresh(request, 200, doc, root);
}

static yyjson_mut_val *render_links(struct request *request, yyjson_mut_doc *doc, const char *uuid)
{
	static const struct {
		const char *rel;
		unsigned first;
	} relations[] = {
		{ "inventories", 0 }, { "usages", 0 },       { "aggregates", 1 },
		{ "traits", 6 },      { "allocations", 11 },
	};
	const char *self = arena_printf(request->arena, "%s/resource_providers/%s",
					request->service->prefix, uuid);
	yyjson_mut_val *links = yyjson_mut_arr(doc), *link = yyjson_mut_arr_add_obj(doc, links);

	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href", self);
	for (size_t i = 0; i < sizeof(relations) / sizeof(relations[0]); i++) {
		if (request->microversion < relations[i].first)
			continue;
		link = yyjson_mut_arr_add_obj(doc, links);
		json_set_string(doc, link, "rel", relations[i].rel);
		json_set_string(doc, link, "href",
				arena_printf(request->arena, "%s/%s", self, relations[i].rel));
	}
	return links;
}

static yyjson_mut_val *render_provider(struct request *request, yyjson_mut_doc *doc,
				       const struct placement_provider *provider)
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc);

	json_set_string(doc, shown, "uuid", provider->uuid);
	json_set_string(doc, shown, "name", provider->name);
	json_set_integer(doc, shown, "generation", provider->generation);
	json_set(doc, shown, "links", render_links(request, doc, provider->uuid));
	if (request->microversion >= 14) {
		json_set_string(doc, shown, "parent_provider_uuid", NULL);
		json_set_string(doc, shown, "root_provider_uuid", provider->uuid);
	}
	return shown;
}

static bool query_matches(const struct request *request, const char *name, const char *value)
{
	const char *wanted = request_query(request, name);

	return !wanted || !strcmp(wanted, value);
}

/* ?resources=VCPU:1,...: whether there is that much left. 'amount' may be NULL. */
static int resources_check(const struct request *request, const struct placement_provider *provider,
			   bool *enough, struct error *error)
{
	const char *wanted = request_query(request, "resources");
	int64_t amount[RESOURCE_COUNT];
	int result;

	*enough = true;
	if (!wanted)
		return 0;
	result = resources_parse(wanted, amount, error);
	for (int i = 0; result == 0 && i < RESOURCE_COUNT; i++)
		*enough &= amount[i] <=
			   inventory_capacity(&provider->inventory[i]) - provider->used[i];
	return result;
}

int provider_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct placement_provider provider;
	bool enough = true, traits = true;
	int result;

	if (request_query(request, "member_of"))
		return placement_not_implemented(request, error);
	result = provider_of_box(request, &provider, error);
	if (result == 0)
		result = resources_check(request, &provider, &enough, error);
	if (result == 0)
		result = traits_check(request, &provider, &traits, error);
	if (result < 0)
		return result;
	if (enough && traits && query_matches(request, "uuid", provider.uuid) &&
	    query_matches(request, "name", provider.name) &&
	    query_matches(request, "in_tree", provider.uuid))
		yyjson_mut_arr_append(list, render_provider(request, doc, &provider));
	json_set(doc, root, "resource_providers", list);
	return reply_fresh(request, 200, doc, root);
}

int provider_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct placement_provider provider;
	int result = provider_of_path(request, &provider, error);

	if (result < 0)
		return result;
	return reply_fresh(request, 200, doc, render_provider(request, doc, &provider));
}

static yyjson_mut_val *render_inventory(yyjson_mut_doc *doc,
					const struct placement_inventory *inventory)
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc);

	json_set_integer(doc, shown, "total", inventory->total);
	json_set_integer(doc, shown, "reserved", inventory->reserved);
	json_set_integer(doc, shown, "min_unit", 1);
	json_set_integer(doc, shown, "max_unit", inventory->total > 0 ? inventory->total : 1);
	json_set_integer(doc, shown, "step_size", 1);
	json_set(doc, shown, "allocation_ratio", yyjson_mut_real(doc, inventory->ratio));
	return shown;
}

int inventory_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *inventories = yyjson_mut_obj(doc);
	struct placement_provider provider;
	int result = provider_of_path(request, &provider, error);

	if (result < 0)
		return result;
	for (int i = 0; i < RESOURCE_COUNT; i++)
		json_set(doc, inventories, placement_resource_names[i],
			 render_inventory(doc, &provider.inventory[i]));
	json_set_integer(doc, root, "resource_provider_generation", provider.generation);
	json_set(doc, root, "inventories", inventories);
	return reply_fresh(request, 200, doc, root);
}

int inventory_show(struct request *request, struct error *error)
{
	const char *name = request_param(request, "resource_class");
	int resource = resource_by_name(name);
	yyjson_mut_doc *doc = request_document(request);
	struct placement_provider provider;
	yyjson_mut_val *shown;
	int result = provider_of_path(request, &provider, error);

	if (result < 0)
		return result;
	if (resource < 0)
		return error_set(error, -ENOENT, "No inventory of class %.255s for %s", name,
				 provider.uuid);
	shown = render_inventory(doc, &provider.inventory[resource]);
	json_set_integer(doc, shown, "resource_provider_generation", provider.generation);
	return reply_fresh(request, 200, doc, shown);
}

int provider_usage_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *usages = yyjson_mut_obj(doc);
	struct placement_provider provider;
	int result = provider_of_path(request, &provider, error);

	if (result < 0)
		return result;
	for (int i = 0; i < RESOURCE_COUNT; i++)
		json_set_integer(doc, usages, placement_resource_names[i], provider.used[i]);
	json_set_integer(doc, root, "resource_provider_generation", provider.generation);
	json_set(doc, root, "usages", usages);
	return reply_fresh(request, 200, doc, root);
}
