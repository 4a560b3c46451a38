/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A child commits numbered transactions from several threads and tells each acknowledged number
 * through a pipe; it is killed at a random moment. Then every acknowledged transaction must be
 * there, and each transaction wholly or not at all, indexes included.
 */
#include "firmware/cloud/store/test/support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

#define CRASHES 25
#define THREADS 3
#define PARTS 3 /* records in one transaction */

static const struct store_index indexes[] = {
	{ "/c/", "number", "number", NULL, false },
	{ 0 },
};

struct told {
	uint32_t thread, number;
};

struct writer {
	pthread_t thread;
	struct store *store;
	uint32_t number, first;
	int pipe;
};

static int commit_number(struct store *store, uint32_t thread, uint32_t number)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	for (int part = 0; part < PARTS; part++)
		store_txn_put(txn, arena_printf(&arena, "/c/%u/%08u/%d", thread, number, part),
			      arena_printf(&arena, "{\"number\":\"%u-%u\",\"pad\":\"%*s\"}", thread,
					   number, (int)(number % 700), ""));
	return store_commit(store, txn, NULL, NULL);
}

static void *write_numbers(void *argument)
{
	struct writer *writer = argument;

	for (uint32_t number = writer->first;; number++) {
		struct told told = { writer->number, number };

		if (commit_number(writer->store, writer->number, number) ||
		    write(writer->pipe, &told, sizeof(told)) != sizeof(told))
			_exit(1);
	}
	return NULL;
}

static void child_run(const struct store_options *options, int pipe, const uint32_t first[THREADS])
{
	struct writer writers[THREADS];
	struct store *store;

	if (store_open(&store, options, NULL))
		_exit(2);
	for (uint32_t i = 0; i < THREADS; i++) {
		writers[i] = (struct writer){ 0, store, i, first[i], pipe };
		pthread_create(&writers[i].thread, NULL, write_numbers, &writers[i]);
	}
	pthread_join(writers[0].thread, NULL);
	_exit(0);
}

/* Starts a child and kills it; 'next' becomes what follows the last number it told. */
static void crash_once(const struct place *place, uint32_t next[THREADS], unsigned after_us)
{
	struct told told;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		child_run(&place->options, ends[1], next);
	close(ends[1]);
	/* not before it has begun: a sanitized program takes its time to start */
	assert_int_equal(read(ends[0], &told, sizeof(told)), sizeof(told));
	next[told.thread] = told.number + 1;
	usleep(after_us);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	assert_true(WIFSIGNALED(status));
	while (read(ends[0], &told, sizeof(told)) == sizeof(told))
		next[told.thread] = told.number + 1;
	close(ends[0]);
}

static int count_one(const struct store_record *record, void *context)
{
	(void)record;
	++*(int *)context;
	return 0;
}

/* All parts below the key and in the index, or none of either. */
static int parts_of(struct store_view *view, uint32_t thread, uint32_t number)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	int indexed = 0;
	int64_t count = store_count(view, arena_printf(&arena, "/c/%u/%08u/", thread, number));

	assert_true(store_range_index(view, &arena, "/c/", "number", NULL,
				      arena_printf(&arena, "%u-%u", thread, number), count_one,
				      &indexed, NULL) >= 0);
	assert_int_equal(indexed, count);
	assert_true(count == 0 || count == PARTS);
	return (int)count;
}

static void check(struct place *place, uint32_t next[THREADS])
{
	int64_t transactions = 0;
	struct store_view *view;

	place_open(place);
	assert_int_equal(store_view_open(place->store, &view, NULL), 0);
	for (uint32_t thread = 0; thread < THREADS; thread++) {
		for (uint32_t number = 0; number < next[thread]; number++)
			assert_int_equal(parts_of(view, thread, number), PARTS);
		/* one may have become durable without its writer living to tell */
		if (parts_of(view, thread, next[thread]))
			next[thread]++;
		transactions += next[thread];
	}
	assert_int_equal(store_count(view, "/c/"), transactions * PARTS);
	assert_int_equal(store_view_revision(view), transactions);
	store_view_close(view);
	store_close(place->store);
}

static void test_kill_at_random_moments(void **state)
{
	uint32_t next[THREADS] = { 0 };
	unsigned seed = (unsigned)time(NULL);
	struct place place;

	(void)state;
	print_message("seed %u\n", seed);
	place_make(&place, "/tmp");
	place.options.indexes = indexes;
	for (int i = 0; i < CRASHES; i++) {
		crash_once(&place, next, (unsigned)rand_r(&seed) % 30000);
		check(&place, next);
	}
	assert_true(next[0] + next[1] + next[2] > CRASHES);
	place_remove(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill_at_random_moments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
