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

int kind_change_begin(struct request *request, const struct kind *kind, const char *parameter,
		      struct kind_change *change, struct error *error)
{
	uint64_t revision;
	int result;

	*change = (struct kind_change){ .kind = kind,
					.id = request_param(request, parameter),
					.txn = store_txn_new(request->arena),
					.doc = request_document(request) };
	result = kind_find(request, kind, change->id, &change->before, &revision, error);
	if (result < 0)
		return result;
	change->after = kind_merge(request, kind, change->doc, change->before);
	kind_compare(request, kind, change->txn, change->id, revision);
	return 0;
}

int kind_change_commit(struct request *request, struct kind_change *change, struct error *error)
{
	kind_put(request, change->kind, change->txn, change->after);
	return kind_commit(request, change->kind, change->txn, 200, change->doc, change->after,
			   error);
}

int kind_change_delete(struct request *request, struct kind_change *change, struct error *error)
{
	int result;

	store_txn_delete(change->txn,
			 arena_printf(request->arena, "%s%s", change->kind->prefix, change->id));
	result = identity_commit(request, change->txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

int kind_update(struct request *request, const struct kind *kind, const char *parameter,
		struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, kind, parameter, &change, error);

	return result == 0 ? kind_change_commit(request, &change, error) : result;
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
