/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The five verbs, one behaviour each. */
#include "firmware/cloud/store/test/support.h"

#include <fcntl.h>
#include <pthread.h>

#include "firmware/cloud/store/internal.h"

static const struct store_index indexes[] = {
	{ "/t/server/", "project", "project_id", NULL, false },
	{ "/t/server/", "name", "name", "project_id", true },
	{ "/t/server/", "tag", "tags", NULL, false },
	{ "/t/server/", "size", "size", NULL, false },
	{ 0 },
};

static int setup(void **state)
{
	*state = place_new("/dev/shm", true, &(struct store_options){ .indexes = indexes });
	return 0;
}

static void test_put_get(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_record record;
	struct store_view *view;

	assert_int_equal(put_one(place->store, "/t/a/1", "{\"a\":1}"), 0);
	assert_int_equal(put_one(place->store, "/t/a/1", "{\"a\":2}"), 0);
	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	assert_int_equal(store_get(view, &arena, "/t/a/1", &record, NULL), 0);
	assert_int_equal(store_get(view, &arena, "/t/a/2", &record, NULL), -ENOENT);
	assert_string_equal(record.value, "{\"a\":2}");
	assert_string_equal(record.key, "/t/a/1");
	assert_int_equal(record.size, 7);
	assert_int_equal(record.created, 1);
	assert_int_equal(record.revision, 2);
	assert_int_equal(store_view_revision(view), 2);
	store_view_close(view);
}

static void test_view_is_a_snapshot(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_record record;
	struct store_view *view;

	put_one(place->store, "/t/a/1", "1");
	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	put_one(place->store, "/t/a/1", "2");
	delete_one(place->store, "/t/a/1");
	assert_int_equal(store_get(view, &arena, "/t/a/1", &record, NULL), 0);
	assert_string_equal(record.value, "1");
	store_view_close(view);
	assert_null(get_one(place->store, &arena, "/t/a/1"));
}

/* What LMDB's reader table, which is a file, holds at the moment. */
static char *readers_of(struct place *place, struct arena *arena)
{
	char *text = arena_alloc(arena, 65536);
	char name[160];
	int fd;

	snprintf(name, sizeof(name), "%s/lock.mdb", place->path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	assert_true(read(fd, text, 65536) > 0);
	close(fd);
	return text;
}

static void test_views_write_nothing(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_view *first, *second;
	const char *before;

	put_one(place->store, "/t/a/1", "1");
	get_one(place->store, &arena, "/t/a/1");
	before = readers_of(place, &arena);
	assert_string_equal(get_one(place->store, &arena, "/t/a/1"), "1");
	assert_int_equal(store_view_open(place->store, &first, NULL), 0);
	assert_memory_equal(before, readers_of(place, &arena), 65536);
	assert_int_equal(store_view_open(place->store, &second, NULL), 0);
	put_one(place->store, "/t/a/1", "2");
	store_view_close(first);
	store_view_close(second);
	assert_string_equal(get_one(place->store, &arena, "/t/a/1"), "2");
}

static void test_refuses_what_is_wrong(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_txn *txn = store_txn_new(&arena);
	char key[STORE_KEY_MAX + 1];

	memset(key, '/', sizeof(key));
	key[STORE_KEY_MAX] = '\0';
	assert_int_equal(put_one(place->store, key, "1"), -EINVAL);
	key[STORE_KEY_MAX - 1] = '\0';
	assert_int_equal(put_one(place->store, key, "1"), 0);
	assert_int_equal(put_one(place->store, "", "1"), -EINVAL);
	assert_int_equal(put_one(place->store, "t", "1"), -EINVAL);
	assert_int_equal(put_one(place->store, "/t/x", "{not json"), -EINVAL);
	store_txn_put(txn, "/t/x", "1");
	store_txn_put(txn, "/t/x", "2");
	assert_int_equal(store_commit(place->store, txn, NULL, NULL), -EINVAL);
	assert_int_equal(store_revision(place->store), 1);
}

static int compare_and_put(struct store *store, const char *key, uint64_t revision)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, "{}");
	return store_commit(store, txn, NULL, NULL);
}

static void test_compare(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_txn *txn = store_txn_new(&arena);

	assert_int_equal(compare_and_put(place->store, "/t/a", 1), -EAGAIN);
	assert_int_equal(compare_and_put(place->store, "/t/a", 0), 0);
	assert_int_equal(compare_and_put(place->store, "/t/a", 0), -EAGAIN);
	assert_int_equal(compare_and_put(place->store, "/t/a", 1), 0);
	assert_int_equal(store_revision(place->store), 2);
	store_txn_compare_empty(txn, "/t/b/");
	store_txn_put(txn, "/t/b/1", "1");
	assert_int_equal(store_commit(place->store, txn, NULL, NULL), 0);
	assert_int_equal(store_commit(place->store, txn, NULL, NULL), -EAGAIN);
}

static int collect(const struct store_record *record, void *context)
{
	char *text = context;

	strcat(text, record->key);
	strcat(text, " ");
	return 0;
}

static int stop_at_once(const struct store_record *record, void *context)
{
	(void)record;
	(void)context;
	return -ECANCELED;
}

static void test_range(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_view *view;
	char text[256] = "";

	put_one(place->store, "/t/b/1", "1");
	put_one(place->store, "/t/a/2", "1");
	put_one(place->store, "/t/a/1", "1");
	put_one(place->store, "/t/a/3", "1");
	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	assert_int_equal(store_range(view, &arena, "/t/a/", NULL, 0, collect, text, NULL), 3);
	assert_string_equal(text, "/t/a/1 /t/a/2 /t/a/3 ");
	text[0] = '\0';
	assert_int_equal(store_range(view, &arena, "/t/a/", "/t/a/1", 1, collect, text, NULL), 1);
	assert_string_equal(text, "/t/a/2 ");
	assert_int_equal(store_range(view, &arena, "/t/", NULL, 0, stop_at_once, NULL, NULL),
			 -ECANCELED);
	assert_int_equal(store_count(view, "/t/"), 4);
	assert_int_equal(store_count(view, "/u/"), 0);
	store_view_close(view);
}

static const char *by_index(struct place *place, struct arena *arena, const char *name,
			    const char *scope, const char *value)
{
	char *text = arena_alloc(arena, 1024);
	struct store_view *view;

	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	assert_true(store_range_index(view, arena, "/t/server/", name, scope, value, collect, text,
				      NULL) >= 0);
	store_view_close(view);
	return text;
}

static void test_indexes(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store *store = place->store;

	put_one(store, "/t/server/1",
		"{\"project_id\":\"p\",\"name\":\"a\",\"tags\":[\"x\",\"y\"],\"size\":5}");
	put_one(store, "/t/server/2", "{\"project_id\":\"p\",\"name\":\"b\",\"tags\":[\"y\"]}");
	put_one(store, "/t/server/3", "{\"project_id\":\"q\",\"name\":\"a\",\"size\":null}");
	assert_string_equal(by_index(place, &arena, "project", NULL, "p"),
			    "/t/server/1 /t/server/2 ");
	assert_string_equal(by_index(place, &arena, "name", "q", "a"), "/t/server/3 ");
	assert_string_equal(by_index(place, &arena, "tag", NULL, "y"), "/t/server/1 /t/server/2 ");
	assert_string_equal(by_index(place, &arena, "size", NULL, "5"), "/t/server/1 ");
	put_one(store, "/t/server/1", "{\"project_id\":\"q\",\"name\":\"b\",\"tags\":[\"x\"]}");
	assert_string_equal(by_index(place, &arena, "project", NULL, "p"), "/t/server/2 ");
	assert_string_equal(by_index(place, &arena, "tag", NULL, "y"), "/t/server/2 ");
	assert_string_equal(by_index(place, &arena, "size", NULL, "5"), "");
	delete_one(store, "/t/server/2");
	assert_string_equal(by_index(place, &arena, "tag", NULL, "y"), "");
}

static void test_unique(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_txn *txn = store_txn_new(&arena);
	struct error error = { 0 };

	put_one(place->store, "/t/server/1", "{\"project_id\":\"p\",\"name\":\"a\"}");
	put_one(place->store, "/t/server/2", "{\"project_id\":\"p\",\"name\":\"b\"}");
	store_txn_put(txn, "/t/server/3", "{\"project_id\":\"p\",\"name\":\"a\"}");
	store_txn_put(txn, "/t/other", "{}");
	assert_int_equal(store_commit(place->store, txn, NULL, &error), -EEXIST);
	assert_string_equal(error.message, "name");
	assert_null(get_one(place->store, &arena, "/t/other"));
	txn = store_txn_new(&arena); /* two records swap their names */
	store_txn_put(txn, "/t/server/1", "{\"project_id\":\"p\",\"name\":\"b\"}");
	store_txn_put(txn, "/t/server/2", "{\"project_id\":\"p\",\"name\":\"a\"}");
	assert_int_equal(store_commit(place->store, txn, NULL, NULL), 0);
	assert_string_equal(by_index(place, &arena, "name", "p", "a"), "/t/server/2 ");
}

static void test_new_index_is_built_at_open(void **state)
{
	static const struct store_index more[] = {
		{ "/t/server/", "project", "project_id", NULL, false },
		{ "/t/server/", "color", "color", NULL, true },
		{ 0 },
	};
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store_view *view;

	put_one(place->store, "/t/server/1", "{\"color\":\"red\"}");
	put_one(place->store, "/t/server/2", "{\"color\":\"red\"}");
	place->options.indexes = more;
	place_reopen(place);
	assert_string_equal(by_index(place, &arena, "color", NULL, "red"), "/t/server/1 ");
	assert_int_equal(put_one(place->store, "/t/server/3", "{\"color\":\"red\"}"), -EEXIST);
	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	assert_int_equal(store_range_index(view, &arena, "/t/server/", "name", "p", "a", collect,
					   NULL, NULL),
			 -EINVAL);
	store_view_close(view);
}

/* --- schema */

static int step_to_two(struct store *store, MDB_txn *txn, struct error *error)
{
	MDB_val key = mdb_text("/t/two", 6), data = mdb_text("", 0);

	(void)error;
	return mdb_put(txn, store->records, &key, &data, 0) ? -EIO : 0;
}

static int step_fails(struct store *store, MDB_txn *txn, struct error *error)
{
	(void)store;
	(void)txn;
	return error_set(error, -EIO, "no");
}

static int settle(struct store *store, unsigned current, unsigned readable_by,
		  const struct schema_step *steps, bool *stepped)
{
	MDB_val key = mdb_text("/t/two", 6), data = { 0 };
	MDB_txn *txn;
	int result;

	assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
	result = schema_settle(store, txn, current, readable_by, steps, NULL);
	*stepped = !mdb_get(txn, store->records, &key, &data);
	if (result)
		mdb_txn_abort(txn);
	else
		assert_int_equal(mdb_txn_commit(txn), 0);
	return result;
}

static void test_schema(void **state)
{
	static const struct schema_step good[] = { { 2, step_to_two }, { 0 } };
	static const struct schema_step bad[] = { { 2, step_to_two }, { 3, step_fails }, { 0 } };
	struct store *store = ((struct place *)*state)->store;
	bool stepped;

	assert_int_equal(settle(store, 1, 1, good, &stepped), 0);
	assert_false(stepped); /* it is of schema 1 already */
	assert_int_equal(settle(store, 3, 3, bad, &stepped), -EIO);
	assert_int_equal(settle(store, 1, 1, good, &stepped), 0);
	assert_false(stepped); /* a migration that fails leaves the store as it was */
	assert_int_equal(settle(store, 2, 1, good, &stepped), 0);
	assert_true(stepped);
	assert_int_equal(settle(store, 1, 1, good, &stepped), 0); /* readable by version 1 */
	assert_int_equal(settle(store, 4, 3, good, &stepped), 0);
	assert_int_equal(settle(store, 2, 1, good, &stepped), -EPROTO);
	assert_int_equal(settle(store, 3, 1, good, &stepped), 0);
}

/* --- leases */

static int put_leased(struct store *store, const char *key, uint64_t lease)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, key, "{}");
	store_txn_lease(txn, key, lease);
	return store_commit(store, txn, NULL, NULL);
}

static bool vanishes(struct store *store, const char *key, unsigned ms)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	for (unsigned i = 0; i < ms / 5; i++) {
		if (!get_one(store, &arena, key))
			return true;
		usleep(5000);
	}
	return false;
}

static void test_lease(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct store *store = place->store;
	uint64_t lease;

	assert_int_equal(store_lease_grant(store, 60000, &lease, NULL), 0);
	assert_int_equal(put_leased(store, "/t/l/1", lease), 0);
	assert_int_equal(put_leased(store, "/t/l/2", lease), 0);
	assert_int_equal(put_leased(store, "/t/l/3", lease), 0);
	assert_int_equal(put_one(store, "/t/l/3", "{}"), 0); /* detaches it */
	assert_int_equal(store_lease_renew(store, lease), 0);
	assert_int_equal(store_lease_revoke(store, lease), 0);
	assert_null(get_one(store, &arena, "/t/l/1"));
	assert_null(get_one(store, &arena, "/t/l/2"));
	assert_non_null(get_one(store, &arena, "/t/l/3"));
	assert_int_equal(store_lease_renew(store, lease), -ENOENT);
	assert_int_equal(put_leased(store, "/t/l/4", lease), -ENOENT);
}

static void test_lease_expires(void **state)
{
	struct place *place = *state;
	uint64_t lease;

	assert_int_equal(store_lease_grant(place->store, 50, &lease, NULL), 0);
	assert_int_equal(put_leased(place->store, "/t/l/1", lease), 0);
	assert_true(vanishes(place->store, "/t/l/1", 5000));
	assert_int_equal(store_lease_renew(place->store, lease), -ENOENT);
}

static void test_lease_starts_anew(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	uint64_t lease;

	assert_int_equal(store_lease_grant(place->store, 300, &lease, NULL), 0);
	assert_int_equal(put_leased(place->store, "/t/l/1", lease), 0);
	place_reopen(place);
	assert_non_null(get_one(place->store, &arena, "/t/l/1"));
	assert_true(vanishes(place->store, "/t/l/1", 5000));
}

/* --- asynchronous commits and copies */

struct outcome {
	int calls, result;
	uint64_t revision;
};

static void note(int result, uint64_t revision, const struct error *error, void *context)
{
	struct outcome *outcome = context;

	(void)error;
	outcome->calls++;
	outcome->result = result;
	outcome->revision = revision;
}

static int commit_async(struct store *store, uint64_t expected, struct outcome *outcome)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT; /* gone before the commit is done */
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_compare(txn, "/t/async", expected);
	store_txn_put(txn, "/t/async", "{}");
	return store_commit_async(store, txn, note, outcome);
}

static void test_async(void **state)
{
	struct place *place = *state;
	struct outcome good = { 0 }, bad = { 0 }, last = { 0 };

	assert_int_equal(commit_async(place->store, 0, &good), 0);
	assert_int_equal(commit_async(place->store, 7, &bad), 0);
	while (!good.calls || !bad.calls)
		assert_true(loop_once(place->loop, 5000) >= 0);
	assert_int_equal(good.calls, 1);
	assert_int_equal(good.result, 0);
	assert_int_equal(good.revision, 1);
	assert_int_equal(bad.result, -EAGAIN);
	assert_int_equal(commit_async(place->store, 1, &last), 0);
	place_reopen(place); /* closing waits for it and tells */
	assert_int_equal(last.calls, 1);
	assert_int_equal(last.result, 0);
	loop_once(place->loop, 0);
}

static void test_copy(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state, copy;
	char from[160], to[160];
	int fd;

	put_one(place->store, "/t/a", "{\"a\":1}");
	place_make(&copy, "/dev/shm");
	snprintf(from, sizeof(from), "%s/copy", copy.path);
	snprintf(to, sizeof(to), "%s/data.mdb", copy.path);
	fd = open(from, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(store_copy(place->store, fd, NULL), 0);
	close(fd);
	assert_int_equal(rename(from, to), 0);
	copy.options.indexes = indexes;
	place_open(&copy);
	assert_string_equal(get_one(copy.store, &arena, "/t/a"), "{\"a\":1}");
	place_drop(&copy);
}

static void test_damaged_file(void **state)
{
	struct place place;
	struct error error = { 0 };
	char name[160], noise[16384];
	int fd;

	(void)state;
	place_make(&place, "/dev/shm");
	snprintf(name, sizeof(name), "%s/data.mdb", place.path);
	memset(noise, 0x5a, sizeof(noise));
	fd = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, noise, sizeof(noise)), sizeof(noise));
	close(fd);
	assert_int_equal(store_open(&place.store, &place.options, &error), -EIO);
	assert_true(error.message[0] != '\0');
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_put_get, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_view_is_a_snapshot, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_views_write_nothing, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_refuses_what_is_wrong, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_compare, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_range, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_indexes, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_unique, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_new_index_is_built_at_open, setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(test_schema, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_lease, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_lease_expires, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_lease_starts_anew, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_async, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_copy, setup, place_teardown),
		cmocka_unit_test(test_damaged_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
