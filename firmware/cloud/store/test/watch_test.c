/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches: nothing is missed, nothing comes twice, all comes in order, on the loop alone. */
#include "firmware/cloud/store/test/support.h"

#include <pthread.h>

struct seen {
	struct store_watch watch;
	struct store_watch *stop; /* stopped by the first change */
	pthread_t thread;
	int changes, deleted;
	uint64_t revision;
	char keys[4096];
};

static void note(struct store_watch *watch, const char *key, uint64_t revision, bool deleted)
{
	struct seen *seen = container_of(watch, struct seen, watch);

	assert_true(pthread_equal(seen->thread, pthread_self()));
	assert_true(revision >= seen->revision);
	seen->revision = revision;
	seen->changes++;
	seen->deleted += deleted;
	if (strlen(seen->keys) + strlen(key) + 2 < sizeof(seen->keys)) {
		strcat(seen->keys, key);
		strcat(seen->keys, " ");
	}
	if (seen->stop)
		store_watch_stop(seen->stop);
}

static struct seen seen_new(const char *prefix)
{
	return (struct seen){ .watch = { .prefix = prefix, .changed = note },
			      .thread = pthread_self() };
}

static int setup(void **state)
{
	*state = place_new("/dev/shm", true, NULL);
	return 0;
}

/* All that has been committed is told after this. */
static void settle(struct place *place)
{
	for (int i = 0; i < 4; i++)
		loop_once(place->loop, 0);
}

static void test_order(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct seen seen = seen_new("/w/");
	struct store_txn *txn = store_txn_new(&arena);

	put_one(place->store, "/w/before", "1");
	assert_int_equal(store_watch_start(place->store, &seen.watch, 0), 0);
	put_one(place->store, "/w/b", "1");
	put_one(place->store, "/v/b", "1");
	store_txn_put(txn, "/w/c", "1");
	store_txn_delete(txn, "/w/b");
	store_txn_delete(txn, "/w/absent");
	assert_int_equal(store_commit(place->store, txn, NULL, NULL), 0);
	assert_int_equal(seen.changes, 0); /* the loop has not run */
	settle(place);
	assert_string_equal(seen.keys, "/w/b /w/b /w/c ");
	assert_int_equal(seen.deleted, 1);
	assert_int_equal(seen.revision, 4);
	store_watch_stop(&seen.watch);
	put_one(place->store, "/w/d", "1");
	settle(place);
	assert_int_equal(seen.changes, 3);
}

static void test_from_a_revision(void **state)
{
	struct place *place = *state;
	struct seen seen = seen_new("/w/");

	put_one(place->store, "/w/1", "1");
	put_one(place->store, "/w/2", "1");
	put_one(place->store, "/w/3", "1");
	settle(place);
	assert_int_equal(store_watch_start(place->store, &seen.watch, 1), 0);
	settle(place);
	assert_string_equal(seen.keys, "/w/2 /w/3 ");
	store_watch_stop(&seen.watch);
}

static void test_out_of_range(void **state)
{
	struct place *place = *state;
	struct seen seen = seen_new("/w/");

	for (int i = 0; i < STORE_HISTORY + 5; i++)
		put_one(place->store, "/w/1", "1");
	settle(place);
	assert_int_equal(store_watch_start(place->store, &seen.watch, 4), -ERANGE);
	assert_int_equal(store_watch_start(place->store, &seen.watch, 5), 0);
	settle(place);
	assert_int_equal(seen.changes, STORE_HISTORY);
	store_watch_stop(&seen.watch);
	place_reopen(place); /* the history is in memory alone */
	assert_int_equal(store_watch_start(place->store, &seen.watch, 1000), -ERANGE);
	assert_int_equal(store_watch_start(place->store, &seen.watch, store_revision(place->store)),
			 0);
	store_watch_stop(&seen.watch);
}

static void test_slow_loop_misses_nothing(void **state)
{
	struct place *place = *state;
	struct seen seen = seen_new("/w/");

	assert_int_equal(store_watch_start(place->store, &seen.watch, 0), 0);
	for (int i = 0; i < 3 * STORE_HISTORY; i++)
		put_one(place->store, "/w/1", "1");
	settle(place);
	assert_int_equal(seen.changes, 3 * STORE_HISTORY);
	store_watch_stop(&seen.watch);
}

static void test_stop_within_callbacks(void **state)
{
	struct place *place = *state;
	struct seen first = seen_new("/w/"), second = seen_new("/w/"), third = seen_new("/w/");

	first.stop = &second.watch;
	second.stop = &first.watch;
	third.stop = &third.watch;
	assert_int_equal(store_watch_start(place->store, &first.watch, 0), 0);
	assert_int_equal(store_watch_start(place->store, &third.watch, 0), 0);
	assert_int_equal(store_watch_start(place->store, &second.watch, 0), 0);
	for (int i = 0; i < 3; i++)
		put_one(place->store, "/w/1", "1");
	settle(place);
	assert_int_equal(first.changes + second.changes, 3); /* one has stopped the other */
	assert_int_equal(third.changes, 1);
	store_watch_stop(&first.watch);
	store_watch_stop(&second.watch);
}

static void *write_some(void *argument)
{
	char key[32];

	for (int i = 0; i < 200; i++) {
		snprintf(key, sizeof(key), "/w/%d", i);
		put_one(argument, key, "1");
	}
	return NULL;
}

static void test_writers_in_other_threads(void **state)
{
	struct place *place = *state;
	struct seen seen = seen_new("/w/");
	pthread_t threads[3];

	assert_int_equal(store_watch_start(place->store, &seen.watch, 0), 0);
	for (int i = 0; i < 3; i++)
		pthread_create(&threads[i], NULL, write_some, place->store);
	while (seen.changes < 600)
		assert_true(loop_once(place->loop, 5000) >= 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	settle(place);
	assert_int_equal(seen.changes, 600);
	assert_int_equal(seen.revision, 600);
	store_watch_stop(&seen.watch);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_from_a_revision, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_out_of_range, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_slow_loop_misses_nothing, setup,
						place_teardown),
		cmocka_unit_test_setup_teardown(test_stop_within_callbacks, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_writers_in_other_threads, setup,
						place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
