/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Views: read transactions of LMDB whose results are copied into the caller's arena. */
#include <string.h>

#include "firmware/cloud/store/internal.h"

struct store_view {
	struct store *store;
	MDB_txn *txn;
	uint64_t revision;
};

/* Views wait while the map is being replaced under them. */
static void view_enter(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	while (store->growing)
		pthread_cond_wait(&store->viewed, &store->lock);
	store->views++;
	pthread_mutex_unlock(&store->lock);
}

static void view_leave(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	if (!--store->views)
		pthread_cond_broadcast(&store->viewed);
	pthread_mutex_unlock(&store->lock);
}

static int view_begin(struct store_view *view)
{
	struct store *store = view->store;
	int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &view->txn);

	if (code)
		return code;
	code = meta_get(store, view->txn, "revision", &view->revision);
	if (code)
		mdb_txn_abort(view->txn);
	return code;
}

int store_view_open(struct store *store, struct store_view **view, struct error *error)
{
	struct store_view *opened = calloc(1, sizeof(*opened));
	int code;

	if (!opened)
		return error_set(error, -ENOMEM, "out of memory");
	opened->store = store;
	view_enter(store);
	code = view_begin(opened);
	if (code) {
		view_leave(store);
		free(opened);
		return engine_error(code, error, "opening a view of the store");
	}
	*view = opened;
	return 0;
}

void store_view_close(struct store_view *view)
{
	if (!view)
		return;
	mdb_txn_abort(view->txn);
	view_leave(view->store);
	free(view);
}

uint64_t store_view_revision(struct store_view *view)
{
	return view->revision;
}

static int record_copy(struct arena *arena, const MDB_val *key, const MDB_val *data,
		       struct store_record *record, struct error *error)
{
	struct record_head head;

	if (data->mv_size < sizeof(head))
		return error_set(error, -EIO, "a record of the store is too short");
	memcpy(&head, data->mv_data, sizeof(head));
	record->created = head.created;
	record->revision = head.revision;
	record->size = data->mv_size - sizeof(head);
	record->key = arena_strndup(arena, key->mv_data, key->mv_size);
	/* not strndup: the size is known, and the text is not searched for its end */
	char *value = arena_alloc(arena, record->size + 1);

	if (!record->key || !value)
		return error_set(error, -ENOMEM, "out of memory");
	record->value = memcpy(value, (const char *)data->mv_data + sizeof(head), record->size);
	return 0;
}

int store_get(struct store_view *view, struct arena *arena, const char *key,
	      struct store_record *record, struct error *error)
{
	MDB_val name = mdb_text(key, strlen(key)), data;
	int code = MDB_NOTFOUND;

	if (name.mv_size && name.mv_size < STORE_KEY_MAX)
		code = mdb_get(view->txn, view->store->records, &name, &data);
	if (code == MDB_NOTFOUND)
		return error_set(error, -ENOENT, "there is no record '%s'", key);
	if (code)
		return engine_error(code, error, "reading the store");
	return record_copy(arena, &name, &data, record, error);
}

/* The first key behind 'after', or the first below the prefix. */
static int range_seek(MDB_cursor *cursor, const char *prefix, const char *after, MDB_val *key,
		      MDB_val *data)
{
	const char *from = after && strcmp(after, prefix) > 0 ? after : prefix;
	int code;

	*key = mdb_text(from, strlen(from));
	if (!key->mv_size)
		return mdb_cursor_get(cursor, key, data, MDB_FIRST);
	code = mdb_cursor_get(cursor, key, data, MDB_SET_RANGE);
	if (!code && after && key->mv_size == strlen(after) &&
	    !memcmp(key->mv_data, after, key->mv_size))
		code = mdb_cursor_get(cursor, key, data, MDB_NEXT);
	return code;
}

struct visit {
	struct store_view *view;
	struct arena *arena;
	store_each *each;
	void *context;
	struct error *error;
};

/* Copies a record and shows it to the caller's function. */
static int64_t visit_record(const struct visit *visit, const MDB_val *key, const MDB_val *data)
{
	struct store_record record;
	int result = record_copy(visit->arena, key, data, &record, visit->error);

	return result ? result : visit->each(&record, visit->context);
}

int64_t store_range(struct store_view *view, struct arena *arena, const char *prefix,
		    const char *after, size_t most, store_each *each, void *context,
		    struct error *error)
{
	struct visit visit = { view, arena, each, context, error };
	size_t length = strlen(prefix);
	int64_t count = 0, result = 0;
	MDB_cursor *cursor;
	MDB_val key, data;
	int code = mdb_cursor_open(view->txn, view->store->records, &cursor);

	if (code)
		return engine_error(code, error, "reading the store");
	code = range_seek(cursor, prefix, after, &key, &data);
	while (!code && key_below(&key, prefix, length) && (!most || (size_t)count < most)) {
		result = visit_record(&visit, &key, &data);
		if (result)
			break;
		count++;
		code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (code && code != MDB_NOTFOUND)
		return engine_error(code, error, "reading the store");
	return result ? result : count;
}

/* What an entry with this value holds as its data. */
static int tuple_make(struct arena *arena, const char *scope, const char *value, MDB_val *tuple)
{
	size_t scope_size = scope ? strlen(scope) : 0, value_size = strlen(value);
	char *text = arena_alloc(arena, scope_size + 1 + value_size);

	if (!text)
		return -ENOMEM;
	if (scope_size)
		memcpy(text, scope, scope_size);
	memcpy(text + scope_size + 1, value, value_size);
	*tuple = mdb_text(text, scope_size + 1 + value_size);
	return 0;
}

static int64_t visit_entry(const struct visit *visit, const MDB_val *entry)
{
	MDB_val key = mdb_text((const char *)entry->mv_data + 8, entry->mv_size - 8), data;
	int code = mdb_get(visit->view->txn, visit->view->store->records, &key, &data);

	if (code)
		return engine_error(code, visit->error, "an index points nowhere");
	return visit_record(visit, &key, &data);
}

static int64_t entries_visit(const struct visit *visit, MDB_cursor *cursor, const char *hash,
			     const MDB_val *tuple)
{
	MDB_val key = mdb_text(hash, 8), data;
	int64_t count = 0, result;
	int code = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);

	for (; !code && key_below(&key, hash, 8);
	     code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT)) {
		if (data.mv_size != tuple->mv_size ||
		    memcmp(data.mv_data, tuple->mv_data, tuple->mv_size))
			continue;
		result = visit_entry(visit, &key);
		if (result)
			return result;
		count++;
	}
	if (code && code != MDB_NOTFOUND)
		return engine_error(code, visit->error, "reading the store");
	return count;
}

int64_t store_range_index(struct store_view *view, struct arena *arena, const char *prefix,
			  const char *name, const char *scope, const char *value, store_each *each,
			  void *context, struct error *error)
{
	const struct store_index *index = index_find(view->store, prefix, name);
	struct visit visit = { view, arena, each, context, error };
	char hash[INDEX_KEY_MAX];
	MDB_cursor *cursor;
	MDB_val tuple;
	int64_t result;

	if (!index)
		return error_set(error, -EINVAL, "'%s' has no index '%s'", prefix, name);
	if (tuple_make(arena, index->scope ? scope : NULL, value, &tuple))
		return error_set(error, -ENOMEM, "out of memory");
	index_key(hash, index_hash(view->store, index, tuple.mv_data, tuple.mv_size), "");
	result = engine_error(mdb_cursor_open(view->txn, view->store->index, &cursor), error,
			      "reading the store");
	if (result)
		return result;
	result = entries_visit(&visit, cursor, hash, &tuple);
	mdb_cursor_close(cursor);
	return result;
}

int64_t store_count(struct store_view *view, const char *prefix)
{
	size_t length = strlen(prefix);
	MDB_cursor *cursor;
	MDB_val key, data;
	int64_t count = 0;
	int code = mdb_cursor_open(view->txn, view->store->records, &cursor);

	if (code)
		return engine_error(code, NULL, "reading the store");
	code = range_seek(cursor, prefix, NULL, &key, &data);
	for (; !code && key_below(&key, prefix, length); count++)
		code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	mdb_cursor_close(cursor);
	return code && code != MDB_NOTFOUND ? engine_error(code, NULL, "") : count;
}

int store_copy(struct store *store, int fd, struct error *error)
{
	int code;

	view_enter(store);
	code = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
	view_leave(store);
	return engine_error(code, error, "copying the store");
}
