/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Handlers of kinds whose records hang on nothing: what comes in is what is stored. */
#include "firmware/cloud/identity/kind.h"

int kind_create(struct request *request, const struct kind *kind, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = kind_body(request, kind, doc);

	kind_identify(doc, record);
	kind_put(request, kind, txn, record);
	return kind_commit(request, kind, txn, 201, doc, record, error);
}

int kind_update(struct request *request, const struct kind *kind, const char *parameter,
		struct error *error)
{
	const char *id = request_param(request, parameter);
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changed;
	yyjson_val *record;
	uint64_t revision;
	int result = kind_find(request, kind, id, &record, &revision, error);

	if (result < 0)
		return result;
	changed = kind_merge(request, kind, doc, record);
	kind_compare(request, kind, txn, id, revision);
	kind_put(request, kind, txn, changed);
	return kind_commit(request, kind, txn, 200, doc, changed, error);
}

int kind_delete(struct request *request, const struct kind *kind, const char *parameter,
		struct store_txn *txn, struct error *error)
{
	const char *id = request_param(request, parameter);
	yyjson_val *record;
	uint64_t revision;
	int result = kind_find(request, kind, id, &record, &revision, error);

	return result == 0 ? kind_remove(request, kind, txn, id, revision, error) : result;
}
