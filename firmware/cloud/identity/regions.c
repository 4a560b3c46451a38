/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

#define DEPTH_MOST 64 /* of regions within regions */

static const struct page_rules page = {
	.filters =
		(const struct page_filter[]){
			{ "parent_region_id", "parent_region_id", PAGE_EXACT }, { 0 } },
	.id_member = "id",
};

static void region_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_str(doc, ""));
	json_default(doc, shown, "parent_region_id", yyjson_mut_null(doc));
}

const struct kind kind_region = { .singular = "region",
				  .plural = "regions",
				  .prefix = "/identity/region/",
				  .what = "region",
				  .page = &page,
				  .finish = region_finish };

int region_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_region, "region_id", error);
}

int region_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_region, error);
}

/* The parent must exist, and no region may come to lie within itself. */
static int parent_check(struct request *request, struct store_txn *txn, yyjson_mut_val *region,
			struct error *error)
{
	const char *parent_id = json_mut_string(region, "parent_region_id");
	const char *id = json_mut_string(region, "id");
	int depth = 0;

	for (const char *above = parent_id; above; depth++) {
		yyjson_val *parent;
		uint64_t revision;
		int result;

		if (!strcmp(above, id) || depth == DEPTH_MOST)
			return error_fault(error, -EINVAL, 400, NULL,
					   "The specified parent region %s would create a circular "
					   "region hierarchy.",
					   parent_id);
		result = kind_find(request, &kind_region, above, &parent, &revision, error);
		if (result < 0)
			return result;
		kind_compare(request, &kind_region, txn, above, revision);
		above = json_string(parent, "parent_region_id");
	}
	return 0;
}

static int region_add(struct request *request, const char *id, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *region = kind_body(request, &kind_region, doc);
	yyjson_val *there;
	int result;

	if (id)
		json_set_string(doc, region, "id", id);
	else
		kind_identify(doc, region);
	id = json_mut_string(region, "id");
	if (strlen(id) > 255 || strchr(id, '/'))
		return error_fault(error, -EINVAL, 400, NULL, "Invalid region ID.");
	result = request_get(request, &there, NULL, error, "/identity/region/%s", id);
	if (result == 0)
		return refuse_conflict(error, "region", "Duplicate ID, %s.", id);
	result = result == -ENOENT ? parent_check(request, txn, region, error) : result;
	if (result < 0)
		return result;
	kind_compare(request, &kind_region, txn, id, 0);
	kind_put(request, &kind_region, txn, region);
	return kind_commit(request, &kind_region, txn, 201, doc, region, error);
}

int region_create(struct request *request, struct error *error)
{
	const char *id = json_string(yyjson_obj_get(request->body, "region"), "id");

	return region_add(request, id && *id ? id : NULL, error);
}

int region_create_named(struct request *request, struct error *error)
{
	const char *id = json_string(yyjson_obj_get(request->body, "region"), "id");
	const char *wanted = request_param(request, "region_id");

	if (id && strcmp(id, wanted))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Conflicting region IDs specified: \"%s\" != \"%s\"", wanted,
				   id);
	return region_add(request, wanted, error);
}

int region_update(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_region, "region_id", &change, error);

	if (result == 0)
		result = parent_check(request, change.txn, change.after, error);
	return result == 0 ? kind_change_commit(request, &change, error) : result;
}

int region_delete(struct request *request, struct error *error)
{
	struct records endpoints = { 0 }, children = { 0 };
	struct kind_change change;
	struct reader reader;
	int result = kind_change_begin(request, &kind_region, "region_id", &change, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_index(&reader, &endpoints, "/identity/endpoint/", "region", NULL,
				       change.id, error);
	if (result == 0)
		result = records_index(&reader, &children, "/identity/region/", "parent", NULL,
				       change.id, error);
	if (result < 0)
		return result;
	if (endpoints.count || children.count)
		return error_fault(
			error, -EACCES, 403, NULL,
			"Unable to delete region %s because it or its child regions have "
			"associated endpoints.",
			change.id);
	return kind_change_delete(request, &change, error);
}
