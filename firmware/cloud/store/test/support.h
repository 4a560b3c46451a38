/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the store's tests share: a directory that goes away, and stores opened in it. */
#ifndef CUMULET_STORE_TEST_SUPPORT_H
#define CUMULET_STORE_TEST_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/cloud/store/store.h"
#include "firmware/lib/cleanup.h"

struct place {
	char path[128];
	struct store *store;
	struct loop *loop;
	struct store_options options;
};

static inline void place_make(struct place *place, const char *parent)
{
	struct stat status;

	if (stat(parent, &status))
		parent = "/tmp";
	*place = (struct place){ 0 };
	snprintf(place->path, sizeof(place->path), "%s/store-test-XXXXXX", parent);
	assert_non_null(mkdtemp(place->path));
	place->options.path = place->path;
	place->options.map_size = 64 * 1024 * 1024;
}

static inline void place_open(struct place *place)
{
	struct error error = { 0 };
	int result = store_open(&place->store, &place->options, &error);

	if (result)
		fail_msg("store_open: %s", error.message);
}

static inline void place_reopen(struct place *place)
{
	store_close(place->store);
	place_open(place);
}

static inline void place_remove(struct place *place)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "copy" };
	char name[160];

	for (size_t i = 0; i < ARRAY_LENGTH(files); i++) {
		snprintf(name, sizeof(name), "%s/%s", place->path, files[i]);
		unlink(name);
	}
	rmdir(place->path);
}

static inline void place_drop(struct place *place)
{
	store_close(place->store);
	if (place->loop) {
		loop_once(place->loop, 0); /* what was posted before the store was closed */
		loop_free(place->loop);
	}
	place_remove(place);
}

/* For a test's setup. Of the options indexes and documents_size count; NULL: none. */
static inline struct place *place_new(const char *parent, bool with_loop,
				      const struct store_options *options)
{
	struct place *place = calloc(1, sizeof(*place));

	place_make(place, parent);
	if (options != NULL) {
		place->options.indexes = options->indexes;
		place->options.documents_size = options->documents_size;
	}
	if (with_loop)
		assert_int_equal(loop_new(&place->loop), 0);
	place->options.loop = place->loop;
	place_open(place);
	return place;
}

static inline int place_teardown(void **state)
{
	place_drop(*state);
	free(*state);
	return 0;
}

static inline int put_one(struct store *store, const char *key, const char *json)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, key, json);
	return store_commit(store, txn, NULL, NULL);
}

static inline int delete_one(struct store *store, const char *key)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_delete(txn, key);
	return store_commit(store, txn, NULL, NULL);
}

/* Value of a key in a fresh view, in the arena; NULL when there is none. */
static inline const char *get_one(struct store *store, struct arena *arena, const char *key)
{
	struct store_record record;
	struct store_view *view;
	int result;

	assert_int_equal(store_view_open(store, &view, NULL), 0);
	result = store_get(view, arena, key, &record, NULL);
	store_view_close(view);
	return result ? NULL : record.value;
}

static inline int64_t count_all(struct store *store, const char *prefix)
{
	struct store_view *view;
	int64_t count;

	assert_int_equal(store_view_open(store, &view, NULL), 0);
	count = store_count(view, prefix);
	store_view_close(view);
	return count;
}

#endif
