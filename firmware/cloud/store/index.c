/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secondary indexes. LMDB's keys are short and values of members are not, so an entry's key
 * starts with a hash; the value that was hashed is the entry's data and decides. The hash is
 * seeded with a secret of this store, so that nobody outside can choose values that collide.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/log.h"

/* FNV-1a */
static uint64_t hash_add(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

/* What the hashes of all values of an index start from. */
static uint64_t hash_start(const struct store *store, const char *prefix, const char *name)
{
	uint64_t hash = store->seed ^ 0xcbf29ce484222325ULL;

	hash = hash_add(hash, prefix, strlen(prefix) + 1);
	return hash_add(hash, name, strlen(name) + 1);
}

uint64_t index_hash(const struct store *store, const struct store_index *index, const void *tuple,
		    size_t size)
{
	return hash_add(store->index_starts[index - store->indexes], tuple, size);
}

/* The slot that has this index, or the free one where it would be. */
static const struct store_index **index_slot(const struct store *store, uint64_t start,
					     const char *prefix, const char *name)
{
	size_t at = start & store->index_mask;
	const struct store_index *index;

	while ((index = store->index_slots[at]) &&
	       (store->index_starts[index - store->indexes] != start ||
		strcmp(index->prefix, prefix) || strcmp(index->name, name)))
		at = (at + 1) & store->index_mask;
	return &store->index_slots[at];
}

const struct store_index *index_find(const struct store *store, const char *prefix,
				     const char *name)
{
	return *index_slot(store, hash_start(store, prefix, name), prefix, name);
}

/* There are a hundred indexes, and each list asks for one. */
int index_load(struct store *store, struct error *error)
{
	const struct store_index *index = store->indexes;
	size_t count = 0;

	while (index && index[count].prefix)
		count++;
	for (store->index_mask = 1; store->index_mask < 2 * count; store->index_mask *= 2)
		;
	store->index_starts = calloc(count + 1, sizeof(*store->index_starts));
	store->index_slots = calloc(store->index_mask, sizeof(*store->index_slots));
	if (!store->index_starts || !store->index_slots)
		return error_set(error, -ENOMEM, "out of memory");
	store->index_mask--;
	for (size_t i = 0; i < count; i++, index++) {
		store->index_starts[i] = hash_start(store, index->prefix, index->name);
		*index_slot(store, store->index_starts[i], index->prefix, index->name) = index;
	}
	return 0;
}

void index_free(struct store *store)
{
	free(store->index_starts);
	free(store->index_slots);
}

static size_t key_with_number(char *buffer, uint64_t number, const char *key)
{
	size_t length = strlen(key);

	for (int i = 0; i < 8; i++)
		buffer[i] = (char)(number >> (56 - 8 * i));
	memcpy(buffer + 8, key, length);
	return length + 8;
}

size_t index_key(char buffer[static INDEX_KEY_MAX], uint64_t hash, const char *key)
{
	return key_with_number(buffer, hash, key);
}

size_t lease_key(char buffer[static INDEX_KEY_MAX], uint64_t id, const char *key)
{
	return key_with_number(buffer, id, key);
}

/* The text that stands for a scalar; NULL for what is not indexed. */
static const char *value_text(struct arena *arena, yyjson_val *value, size_t *size)
{
	char *written, *text;

	if (yyjson_is_str(value)) {
		*size = yyjson_get_len(value);
		return yyjson_get_str(value);
	}
	if (!yyjson_is_num(value) && !yyjson_is_bool(value))
		return NULL;
	written = yyjson_val_write(value, 0, size);
	text = arena_strdup(arena, written);
	free(written);
	return text;
}

struct extraction {
	const struct store *store;
	struct arena *arena;
	const struct store_index *index;
	const char *scope;
	size_t scope_size;
	struct entry *entries;
};

static void entry_add(struct extraction *extraction, yyjson_val *value)
{
	struct arena *arena = extraction->arena;
	size_t size, scope_size = extraction->scope_size;
	const char *text = value_text(arena, value, &size);
	struct entry *entry = text ? arena_alloc(arena, sizeof(*entry)) : NULL;
	char *tuple = entry ? arena_alloc(arena, scope_size + 1 + size) : NULL;

	if (!tuple)
		return;
	if (scope_size)
		memcpy(tuple, extraction->scope, scope_size);
	memcpy(tuple + scope_size + 1, text, size);
	*entry = (struct entry){
		.index = extraction->index,
		.tuple = tuple,
		.size = scope_size + 1 + size,
		.next = extraction->entries,
	};
	entry->hash = index_hash(extraction->store, entry->index, tuple, entry->size);
	extraction->entries = entry;
}

static void entries_add(struct extraction *extraction, yyjson_val *root)
{
	const struct store_index *index = extraction->index;
	yyjson_val *value = yyjson_obj_get(root, index->member), *item;
	size_t i, count;

	extraction->scope_size = 0;
	if (index->scope)
		extraction->scope =
			value_text(extraction->arena, yyjson_obj_get(root, index->scope),
				   &extraction->scope_size);
	if (!yyjson_is_arr(value)) {
		entry_add(extraction, value);
		return;
	}
	yyjson_arr_foreach (value, i, count, item)
		if (yyjson_is_str(item))
			entry_add(extraction, item);
}

struct entry *index_entries(const struct store *store, struct arena *arena, const char *key,
			    yyjson_val *root)
{
	struct extraction extraction = { .store = store, .arena = arena, .index = store->indexes };

	for (; extraction.index && extraction.index->prefix; extraction.index++)
		if (!strncmp(key, extraction.index->prefix, strlen(extraction.index->prefix)))
			entries_add(&extraction, root);
	return extraction.entries;
}

/* Is there another record with the same value? 0, MDB_KEYEXIST, or what LMDB gave. */
static int unique_check(struct store *store, MDB_txn *txn, const struct entry *entry,
			const char *own_key, size_t own_size)
{
	MDB_val key = mdb_text(own_key, 8), data;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(txn, store->index, &cursor);

	if (code)
		return code;
	code = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
	for (; !code && key_below(&key, own_key, 8);
	     code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) {
		if (data.mv_size != entry->size || memcmp(data.mv_data, entry->tuple, entry->size))
			continue;
		if (key.mv_size != own_size || memcmp(key.mv_data, own_key, own_size)) {
			mdb_cursor_close(cursor);
			return MDB_KEYEXIST;
		}
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : code;
}

static int entry_insert(struct store *store, MDB_txn *txn, const struct entry *entry,
			const char *key)
{
	char buffer[INDEX_KEY_MAX];
	size_t size = index_key(buffer, entry->hash, key);
	MDB_val name = mdb_text(buffer, size), data = mdb_text(entry->tuple, entry->size);
	int code = 0;

	if (entry->index->unique)
		code = unique_check(store, txn, entry, buffer, size);
	return code ? code : mdb_put(txn, store->index, &name, &data, 0);
}

int index_insert(struct store *store, MDB_txn *txn, const struct entry *entries, const char *key,
		 struct error *error)
{
	int code;

	for (; entries; entries = entries->next) {
		code = entry_insert(store, txn, entries, key);
		if (code == MDB_KEYEXIST)
			return error_set(error, -EEXIST, "%s", entries->index->name);
		if (code)
			return engine_error(code, error, "writing an index");
	}
	return 0;
}

static int entries_delete(struct store *store, MDB_txn *txn, const struct entry *entries,
			  const char *key)
{
	char buffer[INDEX_KEY_MAX];
	int code;

	for (; entries; entries = entries->next) {
		MDB_val name = mdb_text(buffer, index_key(buffer, entries->hash, key));

		code = mdb_del(txn, store->index, &name, NULL);
		if (code && code != MDB_NOTFOUND)
			return code;
	}
	return 0;
}

static bool key_is_indexed(const struct store *store, const char *key)
{
	const struct store_index *index = store->indexes;

	for (; index && index->prefix; index++)
		if (!strncmp(key, index->prefix, strlen(index->prefix)))
			return true;
	return false;
}

/* The entries of a record as it stands on disk. */
static int entries_of(struct store *store, struct arena *arena, const char *key,
		      const MDB_val *record, struct entry **entries, struct error *error)
{
	const char *text = (const char *)record->mv_data + sizeof(struct record_head);
	yyjson_doc *document = yyjson_read(text, record->mv_size - sizeof(struct record_head), 0);

	if (!document)
		return error_set(error, -EIO, "the record '%s' can't be read", key);
	*entries = index_entries(store, arena, key, yyjson_doc_get_root(document));
	yyjson_doc_free(document); /* entries are copies */
	return arena->failed ? error_set(error, -ENOMEM, "out of memory") : 0;
}

int index_remove(struct store *store, MDB_txn *txn, const char *key, const MDB_val *record,
		 struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct entry *entries;
	int result;

	if (!key_is_indexed(store, key))
		return 0;
	result = entries_of(store, &arena, key, record, &entries, error);
	if (result)
		return result;
	return engine_error(entries_delete(store, txn, entries, key), error, "writing an index");
}

/* Duplicates from before an index became unique must not keep the box from starting. */
static int record_index(struct store *store, MDB_txn *txn, const char *key, const MDB_val *record,
			struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct entry *entries;
	int result = entries_of(store, &arena, key, record, &entries, error);

	for (; !result && entries; entries = entries->next) {
		struct entry one = *entries;

		one.next = NULL;
		result = index_insert(store, txn, &one, key, error);
		if (result == -EEXIST) {
			log_warning("store", "duplicate in unique index", "index=%s key=%s",
				    one.index->name, key);
			result = 0;
		}
	}
	return result;
}

static int index_rebuild(struct store *store, MDB_txn *txn, struct error *error)
{
	char name[STORE_KEY_MAX];
	MDB_cursor *cursor;
	MDB_val key, record;
	int code = mdb_drop(txn, store->index, 0), result = 0;

	if (!code)
		code = mdb_cursor_open(txn, store->records, &cursor);
	if (code)
		return engine_error(code, error, "building the indexes");
	while (!result && !(code = mdb_cursor_get(cursor, &key, &record, MDB_NEXT))) {
		memcpy(name, key.mv_data, key.mv_size);
		name[key.mv_size] = '\0';
		if (key_is_indexed(store, name))
			result = record_index(store, txn, name, &record, error);
	}
	mdb_cursor_close(cursor);
	if (!result && code != MDB_NOTFOUND)
		result = engine_error(code, error, "building the indexes");
	return result;
}

/* The tables as one text. */
static const char *index_signature(const struct store *store, struct arena *arena)
{
	const struct store_index *index = store->indexes;
	const char *text = "";

	for (; text && index && index->prefix; index++)
		text = arena_printf(arena, "%s%s %s %s %s %d\n", text, index->prefix, index->name,
				    index->member, index->scope ? index->scope : "-",
				    index->unique);
	return text;
}

int index_settle(struct store *store, MDB_txn *txn, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *signature = index_signature(store, &arena);
	MDB_val key = mdb_text("indexes", strlen("indexes")), data;
	int code, result;

	if (!signature)
		return error_set(error, -ENOMEM, "out of memory");
	code = mdb_get(txn, store->meta, &key, &data);
	if (!code && data.mv_size == strlen(signature) &&
	    !memcmp(data.mv_data, signature, data.mv_size))
		return 0;
	if (code && code != MDB_NOTFOUND)
		return engine_error(code, error, "reading the indexes");
	result = index_rebuild(store, txn, error);
	if (result)
		return result;
	data = mdb_text(signature, strlen(signature));
	return engine_error(mdb_put(txn, store->meta, &key, &data, 0), error,
			    "writing the indexes");
}
