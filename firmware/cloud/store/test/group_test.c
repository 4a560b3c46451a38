/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many threads commit at once: all are acknowledged, none harms another, one value has one owner. */
#include "firmware/cloud/store/test/support.h"

#include <pthread.h>

#define THREADS 8
#define ROUNDS 40

static const struct store_index indexes[] = {
	{ "/g/", "name", "name", NULL, true },
	{ 0 },
};

static int setup(void **state)
{
	/* a real disk: commits take long enough to gather */
	*state = place_new("/tmp", false, &(struct store_options){ .indexes = indexes });
	return 0;
}

struct job {
	pthread_t thread;
	struct store *store;
	pthread_barrier_t *barrier;
	int number, good, bad;
	uint64_t last;
};

static void jobs_run(struct store *store, struct job jobs[THREADS], void *(*run)(void *))
{
	pthread_barrier_t barrier;

	pthread_barrier_init(&barrier, NULL, THREADS);
	for (int i = 0; i < THREADS; i++) {
		jobs[i] = (struct job){ .store = store, .barrier = &barrier, .number = i };
		assert_int_equal(pthread_create(&jobs[i].thread, NULL, run, &jobs[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(jobs[i].thread, NULL);
	pthread_barrier_destroy(&barrier);
}

/* Thread 0 brings transactions that fail half-way through; the others bring good ones. */
static void *write_many(void *argument)
{
	struct job *job = argument;
	char key[64];

	for (int i = 0; i < ROUNDS; i++) {
		CLEANUP_ARENA struct arena arena = ARENA_INIT;
		struct store_txn *txn = store_txn_new(&arena);
		uint64_t revision;
		int result;

		snprintf(key, sizeof(key), "/n/%d/%d", job->number, i);
		store_txn_put(txn, key, "{\"a\":1}");
		store_txn_put(txn, "/g/first", "{\"name\":\"taken\"}");
		if (!job->number)
			store_txn_put(txn, "/g/second", "{\"name\":\"taken\"}");
		result = store_commit(job->store, txn, &revision, NULL);
		job->good += !result && revision > job->last;
		job->bad += result == -EEXIST;
		job->last = revision;
	}
	return NULL;
}

static void test_all_are_acknowledged(void **state)
{
	struct place *place = *state;
	struct job jobs[THREADS];

	jobs_run(place->store, jobs, write_many);
	assert_int_equal(jobs[0].bad, ROUNDS);
	for (int i = 1; i < THREADS; i++)
		assert_int_equal(jobs[i].good, ROUNDS);
	place_reopen(place);
	assert_int_equal(count_all(place->store, "/n/"), (THREADS - 1) * ROUNDS);
	assert_int_equal(count_all(place->store, "/n/0/"), 0);
	assert_int_equal(store_revision(place->store), (THREADS - 1) * ROUNDS);
}

static void *claim_name(void *argument)
{
	struct job *job = argument;
	char key[64], json[64];

	for (int i = 0; i < ROUNDS; i++) {
		int result;

		snprintf(key, sizeof(key), "/g/%d-%d", job->number, i);
		snprintf(json, sizeof(json), "{\"name\":\"round %d\"}", i);
		pthread_barrier_wait(job->barrier);
		result = put_one(job->store, key, json);
		job->good += !result;
		job->bad += result == -EEXIST;
	}
	return NULL;
}

static void test_unique_has_one_winner(void **state)
{
	struct place *place = *state;
	struct job jobs[THREADS];
	int good = 0, bad = 0;

	jobs_run(place->store, jobs, claim_name);
	for (int i = 0; i < THREADS; i++) {
		good += jobs[i].good;
		bad += jobs[i].bad;
	}
	assert_int_equal(good, ROUNDS);
	assert_int_equal(bad, ROUNDS * (THREADS - 1));
	assert_int_equal(count_all(place->store, "/g/"), ROUNDS);
}

/* Read, compare, write: no increment may be lost. */
static int increment(struct store *store)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	struct store_record record;
	struct store_view *view;
	char json[32];

	assert_int_equal(store_view_open(store, &view, NULL), 0);
	assert_int_equal(store_get(view, &arena, "/counter", &record, NULL), 0);
	snprintf(json, sizeof(json), "%d", atoi(record.value) + 1);
	store_view_close(view);
	store_txn_compare(txn, "/counter", record.revision);
	store_txn_put(txn, "/counter", json);
	return store_commit(store, txn, NULL, NULL);
}

static void *increment_many(void *argument)
{
	struct job *job = argument;

	while (job->good < 10)
		job->good += !increment(job->store);
	return NULL;
}

static void test_compares_are_serial(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct place *place = *state;
	struct job jobs[THREADS];

	put_one(place->store, "/counter", "0");
	jobs_run(place->store, jobs, increment_many);
	assert_int_equal(atoi(get_one(place->store, &arena, "/counter")), THREADS * 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_all_are_acknowledged, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_unique_has_one_winner, setup, place_teardown),
		cmocka_unit_test_setup_teardown(test_compares_are_serial, setup, place_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
