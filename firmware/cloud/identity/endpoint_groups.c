/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/endpoint_filter.h"
#include "firmware/cloud/identity/refusal.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT }, { 0 } },
	.id_member = "id",
};

static const char *const nullable[] = { "description", NULL };

const struct kind kind_endpoint_group = { .singular = "endpoint_group",
					  .plural = "endpoint_groups",
					  .path = "OS-EP-FILTER/endpoint_groups",
					  .prefix = "/identity/endpoint_group/",
					  .what = "Endpoint Group",
					  .page = &page,
					  .nullable = nullable };

int endpoint_group_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_endpoint_group, error);
}

int endpoint_group_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_endpoint_group, "endpoint_group_id", error);
}

/* Groups select by these members of an endpoint. */
static int filters_check(yyjson_val *filters, struct error *error)
{
	yyjson_val *key, *value;
	size_t index, most;

	if (!filters)
		return 0;
	yyjson_obj_foreach (filters, index, most, key, value)
		if (!yyjson_equals_str(key, "service_id") && !yyjson_equals_str(key, "region_id") &&
		    !yyjson_equals_str(key, "interface"))
			return refuse_expecting(error, "service_id or region_id or interface",
						"endpoint_group");
	return 0;
}

static yyjson_val *body_filters(struct request *request)
{
	return yyjson_obj_get(yyjson_obj_get(request->body, "endpoint_group"), "filters");
}

int endpoint_group_create(struct request *request, struct error *error)
{
	yyjson_val *filters = body_filters(request);
	int result = filters_check(filters, error);

	if (!yyjson_obj_size(filters))
		return error_fault(error, -EINVAL, 400, NULL,
				   "filters field is required and cannot be empty");
	return result == 0 ? kind_create(request, &kind_endpoint_group, error) : result;
}

int endpoint_group_update(struct request *request, struct error *error)
{
	int result = filters_check(body_filters(request), error);

	if (result < 0)
		return result;
	return kind_update(request, &kind_endpoint_group, "endpoint_group_id", error);
}

int endpoint_group_delete(struct request *request, struct error *error)
{
	const char *id = request_param(request, "endpoint_group_id");
	struct store_txn *txn = store_txn_new(request->arena);
	struct records given = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = records_index(&reader, &given, "/identity/project_endpoint_group/",
				       "group", NULL, id, error);
	records_delete(txn, &given);
	if (result < 0)
		return result;
	return kind_delete(request, &kind_endpoint_group, "endpoint_group_id", txn, error);
}

int endpoint_group_endpoint_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	yyjson_val *group;
	size_t kept = 0;
	int result = kind_find(request, &kind_endpoint_group,
			       request_param(request, "endpoint_group_id"), &group, NULL, error);

	if (result == 0)
		result = record_list_range(request, &list, kind_endpoint.prefix, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < list.count; i++)
		if (endpoint_group_selects(group, list.items[i]))
			list.items[kept++] = list.items[i];
	return kind_reply_list(request, &kind_endpoint, list.items, kept, error);
}
