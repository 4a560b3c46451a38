/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Building a transaction, and checking it in the thread that brings it: what can be found wrong
 * without the store, and what the indexes take from each record, is settled before the writer.
 */
#include <string.h>

#include "firmware/cloud/store/internal.h"

struct store_txn *store_txn_new(struct arena *arena)
{
	struct store_txn *txn = arena_alloc(arena, sizeof(*txn));

	if (!txn)
		return NULL;
	txn->arena = arena;
	txn->tail = &txn->first;
	return txn;
}

struct op *txn_add(struct store_txn *txn, enum op_kind kind, const char *key)
{
	struct op *op = txn ? arena_alloc(txn->arena, sizeof(*op)) : NULL;

	if (!op)
		return NULL; /* arena->failed tells txn_prepare() */
	op->kind = kind;
	op->key = arena_strdup(txn->arena, key);
	*txn->tail = op;
	txn->tail = &op->next;
	txn->count++;
	return op;
}

void store_txn_compare(struct store_txn *txn, const char *key, uint64_t revision)
{
	struct op *op = txn_add(txn, OP_COMPARE, key);

	if (op)
		op->revision = revision;
}

void store_txn_compare_empty(struct store_txn *txn, const char *prefix)
{
	txn_add(txn, OP_COMPARE_EMPTY, prefix);
}

void store_txn_put(struct store_txn *txn, const char *key, const char *json)
{
	struct op *op = txn_add(txn, OP_PUT, key);

	if (!op)
		return;
	op->json = arena_strdup(txn->arena, json);
	op->size = json ? strlen(json) : 0;
}

void store_txn_delete(struct store_txn *txn, const char *key)
{
	txn_add(txn, OP_DELETE, key);
}

bool store_txn_has(const struct store_txn *txn, const char *key)
{
	const struct op *op = txn ? txn->first : NULL;

	while (op && !(op->kind == OP_PUT && !strcmp(op->key, key)))
		op = op->next;
	return op;
}

void store_txn_lease(struct store_txn *txn, const char *key, uint64_t lease)
{
	struct op *op = txn_add(txn, OP_LEASE, key);

	if (op)
		op->lease = lease;
}

static int key_check(const char *key, struct error *error)
{
	size_t length = key ? strlen(key) : 0;

	if (!length || key[0] != '/')
		return error_set(error, -EINVAL, "a key of the store starts with '/'");
	if (length >= STORE_KEY_MAX)
		return error_set(error, -EINVAL, "a key of the store has at most %d bytes",
				 STORE_KEY_MAX - 1);
	return 0;
}

static int put_prepare(const struct store *store, struct arena *arena, struct op *op,
		       struct error *error)
{
	yyjson_doc *document;

	if (!op->json || op->size > STORE_VALUE_MAX)
		return error_set(error, -EINVAL, "the record '%s' is too large", op->key);
	document = yyjson_read(op->json, op->size, 0);
	if (!document)
		return error_set(error, -EINVAL, "the record '%s' is not JSON", op->key);
	op->entries = index_entries(store, arena, op->key, yyjson_doc_get_root(document));
	yyjson_doc_free(document);
	return 0;
}

static int by_key(const void *left, const void *right)
{
	const struct op *const *a = left, *const *b = right;

	return strcmp((*a)->key, (*b)->key);
}

/* Neighbours with the same key: deleting twice is harmless, a lease belongs to its put. */
static int pair_check(struct op *op, struct op *next, struct error *error)
{
	if (op->kind == OP_LEASE && next->kind == OP_PUT) {
		next->lease = op->lease;
		return 0;
	}
	if (next->kind == OP_LEASE && op->kind == OP_PUT) {
		op->lease = next->lease;
		return 0;
	}
	if (op->kind == OP_DELETE && next->kind == OP_DELETE)
		return 0;
	return error_set(error, -EINVAL, "'%s' is written twice in one transaction", op->key);
}

static int writes_check(struct op **writes, size_t count, struct error *error)
{
	int result = 0;

	qsort(writes, count, sizeof(struct op *), by_key);
	for (size_t i = 0; i + 1 < count && !result; i++)
		if (!strcmp(writes[i]->key, writes[i + 1]->key))
			result = pair_check(writes[i], writes[i + 1], error);
	for (size_t i = 0; i < count && !result; i++)
		if (writes[i]->kind == OP_LEASE &&
		    !(i && !strcmp(writes[i - 1]->key, writes[i]->key)) &&
		    !(i + 1 < count && !strcmp(writes[i + 1]->key, writes[i]->key)))
			result = error_set(error, -EINVAL, "'%s' gets a lease without being put",
					   writes[i]->key);
	return result;
}

static bool is_write(const struct op *op)
{
	return op->kind == OP_PUT || op->kind == OP_DELETE || op->kind == OP_LEASE;
}

int txn_prepare(const struct store *store, struct store_txn *txn, struct error *error)
{
	struct op **writes;
	size_t count = 0;
	int result = 0;

	if (!txn || txn->arena->failed)
		return error_set(error, -ENOMEM, "out of memory");
	writes = arena_alloc(txn->arena, (txn->count + 1) * sizeof(struct op *));
	if (!writes)
		return error_set(error, -ENOMEM, "out of memory");
	for (struct op *op = txn->first; op && !result; op = op->next) {
		if (op->kind != OP_REVOKE)
			result = key_check(op->key, error);
		if (!result && op->kind == OP_PUT)
			result = put_prepare(store, txn->arena, op, error);
		if (is_write(op))
			writes[count++] = op;
	}
	if (!result)
		result = writes_check(writes, count, error);
	if (!result && txn->arena->failed)
		result = error_set(error, -ENOMEM, "out of memory");
	return result;
}

struct store_txn *txn_copy(const struct store_txn *txn, struct arena *arena)
{
	struct store_txn *copy = txn ? store_txn_new(arena) : NULL;

	for (const struct op *op = txn ? txn->first : NULL; copy && op; op = op->next) {
		struct op *added = txn_add(copy, op->kind, op->key);

		if (!added)
			return NULL;
		added->json = arena_strdup(arena, op->json);
		added->size = op->size;
		added->revision = op->revision;
		added->lease = op->lease;
	}
	return copy;
}
