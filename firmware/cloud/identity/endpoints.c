/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "interface", "interface", PAGE_EXACT },
						 { "service_id", "service_id", PAGE_EXACT },
						 { "region_id", "region_id", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

/* Our own endpoints lie where the client found us; placeholders of projects are shown as such. */
static void endpoint_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	const char *url = catalog_url(request, json_mut_string(shown, "url"), "$(project_id)s",
				      "$(user_id)s");

	json_set_string(doc, shown, "url", url);
	json_set_string(doc, shown, "region", json_mut_string(shown, "region_id"));
	json_default(doc, shown, "region_id", yyjson_mut_null(doc));
	json_default(doc, shown, "enabled", yyjson_mut_true(doc));
}

const struct kind kind_endpoint = { .singular = "endpoint",
				    .plural = "endpoints",
				    .prefix = "/identity/endpoint/",
				    .what = "endpoint",
				    .page = &page,
				    .finish = endpoint_finish };

int endpoint_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_endpoint, "endpoint_id", error);
}

int endpoint_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_endpoint, error);
}

/* "region" is the older name of "region_id"; a region that is named by it is made on the way. */
static int region_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
			 yyjson_mut_val *endpoint, struct error *error)
{
	const char *older = json_mut_string(endpoint, "region");
	const char *id = json_mut_string(endpoint, "region_id");
	bool make = !id && older;
	yyjson_mut_val *made;
	yyjson_val *region;
	int result;

	id = id ? id : older;
	yyjson_mut_obj_remove_key(endpoint, "region");
	if (!id)
		return 0;
	json_set_string(doc, endpoint, "region_id", id);
	result = request_get(request, &region, NULL, error, "/identity/region/%s", id);
	if (result != -ENOENT || !make)
		return refuse_lookup(result, error, "region", id);
	made = yyjson_mut_obj(doc);
	json_set_string(doc, made, "id", id);
	kind_compare(request, &kind_region, txn, id, 0);
	kind_put(request, &kind_region, txn, made);
	return 0;
}

static int service_settle(struct request *request, struct store_txn *txn, yyjson_mut_val *endpoint,
			  struct error *error)
{
	const char *id = json_mut_string(endpoint, "service_id");
	yyjson_val *service;
	uint64_t revision;
	int result = kind_find(request, &kind_catalog_service, id, &service, &revision, error);

	if (result == 0)
		kind_compare(request, &kind_catalog_service, txn, id, revision);
	return result;
}

int endpoint_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *endpoint = kind_body(request, &kind_endpoint, doc);
	int result = region_settle(request, txn, doc, endpoint, error);

	if (result == 0)
		result = service_settle(request, txn, endpoint, error);
	if (result < 0)
		return result;
	kind_identify(doc, endpoint);
	json_default(doc, endpoint, "enabled", yyjson_mut_true(doc));
	kind_put(request, &kind_endpoint, txn, endpoint);
	return kind_commit(request, &kind_endpoint, txn, 201, doc, endpoint, error);
}

int endpoint_update(struct request *request, struct error *error)
{
	yyjson_val *changes = yyjson_obj_get(request->body, "endpoint");
	struct kind_change change;
	int result = kind_change_begin(request, &kind_endpoint, "endpoint_id", &change, error);

	if (result < 0)
		return result;
	if (json_string(changes, "region") && !json_string(changes, "region_id"))
		yyjson_mut_obj_remove_key(change.after, "region_id");
	result = region_settle(request, change.txn, change.doc, change.after, error);
	if (result == 0)
		result = service_settle(request, change.txn, change.after, error);
	return result == 0 ? kind_change_commit(request, &change, error) : result;
}

int endpoint_delete(struct request *request, struct error *error)
{
	return kind_delete(request, &kind_endpoint, "endpoint_id", store_txn_new(request->arena),
			   error);
}
