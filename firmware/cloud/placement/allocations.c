/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What consumers have: of the box, of a project, of one consumer. */
#include <string.h>

#include "firmware/cloud/placement/internal.h"

int provider_allocation_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *allocations = yyjson_mut_obj(doc);
	struct record_list list = { .request = request };
	struct placement_provider provider;
	int result = provider_of_path(request, &provider, error);

	if (result == 0)
		result = record_list_range(request, &list, ALLOCATION_PREFIX, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < list.count; i++) {
		yyjson_val *record = list.items[i];
		yyjson_mut_val *shown = yyjson_mut_obj(doc);

		json_set(doc, shown, "resources",
			 yyjson_val_mut_copy(doc, yyjson_obj_get(record, "resources")));
		if (request->microversion >= 28)
			json_set_integer(doc, shown, "consumer_generation",
					 json_integer(record, "generation", 0));
		json_set(doc, allocations, json_string(record, "consumer"), shown);
	}
	json_set(doc, root, "allocations", allocations);
	json_set_integer(doc, root, "resource_provider_generation", provider.generation);
	return reply_fresh(request, 200, doc, root);
}

static void add_consumer(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root,
			 yyjson_val *record)
{
	if (request->microversion >= 12) {
		json_set_string(doc, root, "project_id", json_string(record, "project_id"));
		json_set_string(doc, root, "user_id", json_string(record, "user_id"));
	}
	if (request->microversion >= 28)
		json_set_integer(doc, root, "consumer_generation",
				 json_integer(record, "generation", 0));
	if (request->microversion >= 38)
		json_set_string(doc, root, "consumer_type", "INSTANCE");
}

/* A consumer that nobody knows has nothing: no 404. */
int allocation_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *allocations = yyjson_mut_obj(doc), *shown;
	struct placement_provider provider;
	yyjson_val *record = NULL;
	int result = provider_of_box(request, &provider, error);

	if (result == 0)
		result = request_get(request, &record, NULL, error, ALLOCATION_PREFIX "%s",
				     request_param(request, "consumer_uuid"));
	if (result < 0 && result != -ENOENT)
		return result;
	json_set(doc, root, "allocations", allocations);
	if (!record)
		return reply_fresh(request, 200, doc, root);
	shown = yyjson_mut_obj(doc);
	json_set_integer(doc, shown, "generation", provider.generation);
	json_set(doc, shown, "resources",
		 yyjson_val_mut_copy(doc, yyjson_obj_get(record, "resources")));
	json_set(doc, allocations, provider.uuid, shown);
	add_consumer(request, doc, root, record);
	return reply_fresh(request, 200, doc, root);
}

struct totals {
	int64_t used[RESOURCE_COUNT], consumers;
};

static int totals_of_project(struct request *request, const char *project_id, struct totals *totals,
			     struct error *error)
{
	const char *user_id = request_query(request, "user_id");
	struct record_list list = { .request = request };
	int result = record_list_index(request, &list, ALLOCATION_PREFIX, "project", NULL,
				       project_id, error);

	for (size_t i = 0; result == 0 && i < list.count; i++) {
		yyjson_val *resources = yyjson_obj_get(list.items[i], "resources");

		if (user_id && !json_is(list.items[i], "user_id", user_id))
			continue;
		totals->consumers++;
		for (int j = 0; j < RESOURCE_COUNT; j++)
			totals->used[j] += json_integer(resources, placement_resource_names[j], 0);
	}
	return result;
}

int placement_usage_list(struct request *request, struct error *error)
{
	const char *project_id = request_query(request, "project_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *usages = yyjson_mut_obj(doc), *shown = usages;
	struct totals totals = { 0 };
	int result;

	if (!project_id)
		return error_set(error, -EINVAL,
				 "Invalid query string parameters: 'project_id' is a required "
				 "property");
	if (!policy_owns(request, project_id))
		return error_set(error, -EACCES,
				 "Policy does not allow placement:usages to be performed.");
	result = totals_of_project(request, project_id, &totals, error);
	if (result < 0)
		return result;
	if (request->microversion >= 38 && totals.consumers) {
		shown = yyjson_mut_obj(doc);
		json_set_integer(doc, shown, "consumer_count", totals.consumers);
		json_set(doc, usages, "INSTANCE", shown);
	}
	for (int i = 0; totals.consumers && i < RESOURCE_COUNT; i++)
		json_set_integer(doc, shown, placement_resource_names[i], totals.used[i]);
	json_set(doc, root, "usages", usages);
	return reply_fresh(request, 200, doc, root);
}
