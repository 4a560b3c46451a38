/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /services: the entries of the catalog that endpoints belong to. */
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/service.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "type", "type", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static void service_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "enabled", yyjson_mut_true(doc));
	json_default(doc, shown, "name", yyjson_mut_str(doc, ""));
}

const struct kind kind_catalog_service = { .singular = "service",
					   .plural = "services",
					   .prefix = "/identity/service/",
					   .what = "service",
					   .page = &page,
					   .finish = service_finish };

int catalog_service_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_catalog_service, "service_id", error);
}

int catalog_service_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_catalog_service, error);
}

int catalog_service_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *service = kind_body(request, &kind_catalog_service, doc);

	kind_identify(doc, service);
	json_default(doc, service, "enabled", yyjson_mut_true(doc));
	kind_put(request, &kind_catalog_service, txn, service);
	return kind_commit(request, &kind_catalog_service, txn, 201, doc, service, error);
}

int catalog_service_update(struct request *request, struct error *error)
{
	return kind_update(request, &kind_catalog_service, "service_id", error);
}

/* With its endpoints. */
int catalog_service_delete(struct request *request, struct error *error)
{
	struct records endpoints = { 0 };
	struct kind_change change;
	struct reader reader;
	int result =
		kind_change_begin(request, &kind_catalog_service, "service_id", &change, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_index(&reader, &endpoints, "/identity/endpoint/", "service", NULL,
				       change.id, error);
	if (result < 0)
		return result;
	records_delete(change.txn, &endpoints);
	return kind_change_delete(request, &change, error);
}
