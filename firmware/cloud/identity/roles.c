/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "domain_id", "domain_id", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static void role_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_null(doc));
	json_default(doc, shown, "domain_id", yyjson_mut_null(doc));
	json_default(doc, shown, "options", yyjson_mut_obj(doc));
}

const struct kind kind_role = { .singular = "role",
				.plural = "roles",
				.prefix = "/identity/role/",
				.what = "role",
				.page = &page,
				.finish = role_finish };

int role_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_role, "role_id", error);
}

int role_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_role, error);
}

int role_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *role = kind_body(request, &kind_role, doc);

	if (json_mut_string(role, "domain_id")) /* roles of one domain */
		return refuse_not_implemented(error);
	kind_identify(doc, role);
	kind_put(request, &kind_role, txn, role);
	return kind_commit(request, &kind_role, txn, 201, doc, role, error);
}

int role_update(struct request *request, struct error *error)
{
	const char *id = request_param(request, "role_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changed;
	yyjson_val *role;
	uint64_t revision;
	int result = kind_find(request, &kind_role, id, &role, &revision, error);

	if (result < 0)
		return result;
	changed = kind_merge(request, &kind_role, doc, role);
	if (json_mut_string(changed, "domain_id"))
		return refuse_not_implemented(error);
	kind_compare(request, &kind_role, txn, id, revision);
	kind_put(request, &kind_role, txn, changed);
	return kind_commit(request, &kind_role, txn, 200, doc, changed, error);
}

int role_delete(struct request *request, struct error *error)
{
	const char *id = request_param(request, "role_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *role;
	uint64_t revision;
	int result = kind_find(request, &kind_role, id, &role, &revision, error);

	if (result < 0)
		return result;
	kind_compare(request, &kind_role, txn, id, revision);
	result = purge_role(request, txn, id, error);
	if (result == 0)
		result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
