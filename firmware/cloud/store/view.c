/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Views: read transactions of LMDB whose results are copied into the caller's arena.
 *
 * A view that is closed keeps its transaction in a pool, and the next one takes it over as it is,
 * as long as nothing was committed: LMDB's table of readers is a file on the disk, and a box that
 * is looked at but not changed must not write. A commit sets the pooled ones free, so that the
 * pages which they see can be used again.
 */
#include <string.h>

#include "firmware/cloud/store/internal.h"

#define POOL_MAX 16

struct store_view {
	struct store *store;
	MDB_txn *txn;
	uint64_t revision;
	bool current; /* in the pool: still sees the last commit, need not be renewed */
	struct store_view *next;
};

/* Views wait while the map is being replaced under them. One of the pool, or NULL. */
static struct store_view *view_enter(struct store *store)
{
	struct store_view *view;

	pthread_mutex_lock(&store->lock);
	while (store->growing)
		pthread_cond_wait(&store->viewed, &store->lock);
	store->views++;
	view = store->pool;
	if (view) {
		store->pool = view->next;
		store->pooled--;
	}
	pthread_mutex_unlock(&store->lock);
	return view;
}

static void view_leave(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	if (!--store->views)
		pthread_cond_broadcast(&store->viewed);
	pthread_mutex_unlock(&store->lock);
}

static void view_free(struct store_view *view)
{
	if (view->txn)
		mdb_txn_abort(view->txn);
	free(view);
}

static int view_begin(struct store_view *view)
{
	struct store *store = view->store;
	int code;

	if (view->txn)
		code = mdb_txn_renew(view->txn);
	else
		code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &view->txn);
	return code ? code : meta_get(store, view->txn, "revision", &view->revision);
}

static int view_make(struct store *store, struct store_view **view, struct error *error)
{
	int code = 0;

	if (!*view)
		*view = calloc(1, sizeof(**view));
	if (!*view)
		return error_set(error, -ENOMEM, "out of memory");
	(*view)->store = store;
	if (!(*view)->current)
		code = view_begin(*view);
	if (code)
		view_free(*view);
	return engine_error(code, error, "opening a view of the store");
}

int store_view_open(struct store *store, struct store_view **view, struct error *error)
{
	struct store_view *opened = view_enter(store);
	int result = view_make(store, &opened, error);

	if (result)
		view_leave(store);
	else
		*view = opened;
	return result;
}

/* With the lock. */
static void view_pool(struct store *store, struct store_view *view)
{
	view->current = view->revision == store->revision;
	if (!view->current)
		mdb_txn_reset(view->txn);
	view->next = store->pool;
	store->pool = view;
	store->pooled++;
}

void store_view_close(struct store_view *view)
{
	struct store *store;

	if (!view)
		return;
	store = view->store;
	pthread_mutex_lock(&store->lock);
	if (store->pooled < POOL_MAX)
		view_pool(store, view);
	else
		view_free(view);
	pthread_mutex_unlock(&store->lock);
	view_leave(store);
}

void views_expire(struct store *store)
{
	for (struct store_view *view = store->pool; view; view = view->next) {
		if (view->current)
			mdb_txn_reset(view->txn);
		view->current = false;
	}
}

void views_drop(struct store *store)
{
	struct store_view *view;

	while ((view = store->pool)) {
		store->pool = view->next;
		view_free(view);
	}
	store->pooled = 0;
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

static int record_find(struct store_view *view, const MDB_val *key, MDB_val *data,
		       struct error *error)
{
	MDB_val name = *key;
	int code = MDB_NOTFOUND;

	if (name.mv_size && name.mv_size < STORE_KEY_MAX)
		code = mdb_get(view->txn, view->store->records, &name, data);
	if (code == MDB_NOTFOUND)
		return error_set(error, -ENOENT, "there is no record '%s'",
				 (const char *)key->mv_data);
	return engine_error(code, error, "reading the store");
}

int store_get(struct store_view *view, struct arena *arena, const char *key,
	      struct store_record *record, struct error *error)
{
	MDB_val name = mdb_text(key, strlen(key)), data;
	int result = record_find(view, &name, &data, error);

	return result ? result : record_copy(arena, &name, &data, record, error);
}

int store_read(struct store_view *view, struct arena *arena, const char *key,
	       struct store_document *document, struct error *error)
{
	MDB_val name = mdb_text(key, strlen(key)), data;
	int result = record_find(view, &name, &data, error);

	return result ? result : document_read(view->store, arena, &name, &data, document, error);
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

/* Who is shown the records: as text, or parsed. */
struct visit {
	struct store_view *view;
	struct arena *arena;
	store_each *each; /* NULL: 'each_document' */
	store_each_document *each_document;
	void *context;
	struct error *error;
};

static int64_t visit_record(const struct visit *visit, const MDB_val *key, const MDB_val *data)
{
	struct store_document document;
	struct store_record record;
	int result;

	if (visit->each) {
		result = record_copy(visit->arena, key, data, &record, visit->error);
		return result ? result : visit->each(&record, visit->context);
	}
	result =
		document_read(visit->view->store, visit->arena, key, data, &document, visit->error);
	return result ? result : visit->each_document(&document, visit->context);
}

static int64_t range_visit(const struct visit *visit, const char *prefix, const char *after,
			   size_t most)
{
	size_t length = strlen(prefix);
	int64_t count = 0, result = 0;
	MDB_cursor *cursor;
	MDB_val key, data;
	int code = mdb_cursor_open(visit->view->txn, visit->view->store->records, &cursor);

	if (code)
		return engine_error(code, visit->error, "reading the store");
	code = range_seek(cursor, prefix, after, &key, &data);
	while (!code && key_below(&key, prefix, length) && (!most || (size_t)count < most)) {
		result = visit_record(visit, &key, &data);
		if (result)
			break;
		count++;
		code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (code && code != MDB_NOTFOUND)
		return engine_error(code, visit->error, "reading the store");
	return result ? result : count;
}

int64_t store_range(struct store_view *view, struct arena *arena, const char *prefix,
		    const char *after, size_t most, store_each *each, void *context,
		    struct error *error)
{
	const struct visit visit = { view, arena, each, NULL, context, error };

	return range_visit(&visit, prefix, after, most);
}

int64_t store_read_range(struct store_view *view, struct arena *arena, const char *prefix,
			 store_each_document *each, void *context, struct error *error)
{
	const struct visit visit = { view, arena, NULL, each, context, error };

	return range_visit(&visit, prefix, NULL, 0);
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

static int64_t index_visit(const struct visit *visit, const char *prefix, const char *name,
			   const char *scope, const char *value)
{
	struct store *store = visit->view->store;
	const struct store_index *index = index_find(store, prefix, name);
	char hash[INDEX_KEY_MAX];
	MDB_cursor *cursor;
	MDB_val tuple;
	int64_t result;

	if (!index)
		return error_set(visit->error, -EINVAL, "'%s' has no index '%s'", prefix, name);
	if (tuple_make(visit->arena, index->scope ? scope : NULL, value, &tuple))
		return error_set(visit->error, -ENOMEM, "out of memory");
	index_key(hash, index_hash(store, index, tuple.mv_data, tuple.mv_size), "");
	result = engine_error(mdb_cursor_open(visit->view->txn, store->index, &cursor),
			      visit->error, "reading the store");
	if (result)
		return result;
	result = entries_visit(visit, cursor, hash, &tuple);
	mdb_cursor_close(cursor);
	return result;
}

int64_t store_range_index(struct store_view *view, struct arena *arena, const char *prefix,
			  const char *name, const char *scope, const char *value, store_each *each,
			  void *context, struct error *error)
{
	const struct visit visit = { view, arena, each, NULL, context, error };

	return index_visit(&visit, prefix, name, scope, value);
}

int64_t store_read_index(struct store_view *view, struct arena *arena, const char *prefix,
			 const char *name, const char *scope, const char *value,
			 store_each_document *each, void *context, struct error *error)
{
	const struct visit visit = { view, arena, NULL, each, context, error };

	return index_visit(&visit, prefix, name, scope, value);
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
	struct store_view *view; /* so that the map stays as it is meanwhile */
	int result = store_view_open(store, &view, error);

	if (result)
		return result;
	result = engine_error(mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT), error,
			      "copying the store");
	store_view_close(view);
	return result;
}
