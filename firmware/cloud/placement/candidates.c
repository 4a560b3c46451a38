/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET /allocation_candidates: with one provider there is one candidate, or none. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/placement/internal.h"

#define ITEM_SIZE 300

static int refuse_resources(struct error *error, const char *text)
{
	return error_fault(error, -EINVAL, 400, "placement.query.bad_value",
			   "Badly formed resources parameter. Expected resources query string "
			   "parameter in form: ?resources=VCPU:2,MEMORY_MB:1024. Got: %.255s.",
			   text);
}

/* One "CLASS:amount". */
static int resource_parse(const char *item, int64_t amount[static RESOURCE_COUNT],
			  struct error *error)
{
	char name[ITEM_SIZE];
	size_t length = strcspn(item, ":");
	char *end;
	int64_t value;
	int resource;

	memcpy(name, item, length);
	name[length] = '\0';
	if (item[length] != ':' || !isdigit((unsigned char)item[length + 1]))
		return refuse_resources(error, item);
	value = strtoll(item + length + 1, &end, 10);
	if (*end || value <= 0)
		return refuse_resources(error, item);
	resource = resource_by_name(name);
	if (resource >= 0) {
		amount[resource] = value;
		return 0;
	}
	if (!resource_class_is_known(name))
		return error_set(error, -EINVAL,
				 "Invalid resource class in resources parameter: No such resource "
				 "class %.255s.",
				 name);
	amount[0] = INT64_MAX; /* the box has none of it */
	return 0;
}

int resources_parse(const char *text, int64_t amount[static RESOURCE_COUNT], struct error *error)
{
	const char *rest = text;
	char item[ITEM_SIZE];
	int result = 0;

	memset(amount, 0, RESOURCE_COUNT * sizeof(*amount));
	do {
		size_t length = strcspn(rest, ",");

		if (length == 0 || length >= sizeof(item))
			return refuse_resources(error, text);
		memcpy(item, rest, length);
		item[length] = '\0';
		result = resource_parse(item, amount, error);
		rest += length;
	} while (result == 0 && *rest++ == ',');
	return result;
}

static bool has_numbered_groups(const struct request *request)
{
	for (const struct name_value *query = request->query; query && query->name; query++)
		if (!strncmp(query->name, "resources", 9) && query->name[9])
			return true;
	return false;
}

static yyjson_mut_val *render_resources(yyjson_mut_doc *doc,
					const int64_t amount[static RESOURCE_COUNT])
{
	yyjson_mut_val *resources = yyjson_mut_obj(doc);

	for (int i = 0; i < RESOURCE_COUNT; i++)
		if (amount[i])
			json_set_integer(doc, resources, placement_resource_names[i], amount[i]);
	return resources;
}

/* {"allocations": {<uuid>: {"resources"}}}; before 1.12 a list, with the provider within. */
static yyjson_mut_val *render_request(struct request *request, yyjson_mut_doc *doc,
				      const char *uuid, const int64_t amount[static RESOURCE_COUNT])
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc), *one = yyjson_mut_obj(doc), *all, *mapped;

	json_set(doc, one, "resources", render_resources(doc, amount));
	if (request->microversion < 12) {
		yyjson_mut_val *provider = yyjson_mut_obj(doc);

		json_set_string(doc, provider, "uuid", uuid);
		json_set(doc, one, "resource_provider", provider);
		all = yyjson_mut_arr(doc);
		yyjson_mut_arr_append(all, one);
		json_set(doc, shown, "allocations", all);
		return shown;
	}
	all = yyjson_mut_obj(doc);
	json_set(doc, all, uuid, one);
	json_set(doc, shown, "allocations", all);
	if (request->microversion >= 34) {
		yyjson_mut_val *providers = yyjson_mut_arr(doc);

		mapped = yyjson_mut_obj(doc);
		yyjson_mut_arr_add_strcpy(doc, providers, uuid);
		json_set(doc, mapped, "", providers);
		json_set(doc, shown, "mappings", mapped);
	}
	return shown;
}

static yyjson_mut_val *render_summary(struct request *request, yyjson_mut_doc *doc,
				      const struct placement_provider *provider,
				      const int64_t amount[static RESOURCE_COUNT])
{
	yyjson_mut_val *shown = yyjson_mut_obj(doc), *resources = yyjson_mut_obj(doc), *traits;

	for (int i = 0; i < RESOURCE_COUNT; i++) {
		yyjson_mut_val *resource = yyjson_mut_obj(doc);

		if (!amount[i] && request->microversion < 27)
			continue;
		json_set_integer(doc, resource, "capacity",
				 inventory_capacity(&provider->inventory[i]));
		json_set_integer(doc, resource, "used", provider->used[i]);
		json_set(doc, resources, placement_resource_names[i], resource);
	}
	json_set(doc, shown, "resources", resources);
	if (request->microversion >= 17) {
		traits = yyjson_mut_arr(doc);
		for (const char *const *trait = traits_of_box(provider); *trait; trait++)
			yyjson_mut_arr_add_strcpy(doc, traits, *trait);
		json_set(doc, shown, "traits", traits);
	}
	if (request->microversion >= 29) {
		json_set_string(doc, shown, "parent_provider_uuid", NULL);
		json_set_string(doc, shown, "root_provider_uuid", provider->uuid);
	}
	return shown;
}

static bool is_candidate(const struct placement_provider *provider,
			 const int64_t amount[static RESOURCE_COUNT])
{
	for (int i = 0; i < RESOURCE_COUNT; i++) {
		int64_t most = provider->inventory[i].total;
		int64_t free = inventory_capacity(&provider->inventory[i]) - provider->used[i];

		if (amount[i] > free || amount[i] > most)
			return false;
	}
	return true;
}

int candidate_list(struct request *request, struct error *error)
{
	const char *wanted = request_query(request, "resources");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *requests = yyjson_mut_arr(doc);
	yyjson_mut_val *summaries = yyjson_mut_obj(doc);
	struct placement_provider provider;
	int64_t amount[RESOURCE_COUNT];
	bool satisfied;
	int result;

	if (has_numbered_groups(request) || request_query(request, "member_of"))
		return placement_not_implemented(request, error);
	if (!wanted)
		return error_set(error, -EINVAL,
				 "Invalid query string parameters: 'resources' is a required "
				 "property");
	result = resources_parse(wanted, amount, error);
	if (result == 0)
		result = provider_of_box(request, &provider, error);
	if (result == 0)
		result = traits_check(request, &provider, &satisfied, error);
	if (result < 0)
		return result;
	if (satisfied && is_candidate(&provider, amount)) {
		yyjson_mut_arr_append(requests,
				      render_request(request, doc, provider.uuid, amount));
		json_set(doc, summaries, provider.uuid,
			 render_summary(request, doc, &provider, amount));
	}
	json_set(doc, root, "allocation_requests", requests);
	json_set(doc, root, "provider_summaries", summaries);
	return reply_fresh(request, 200, doc, root);
}
