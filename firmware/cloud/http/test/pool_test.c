/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <semaphore.h>

#include "firmware/cloud/http/pool.h"

#define SLOW_JOBS 12

/* Slow jobs that go on until they are let go, and ordinary ones beside them. */
static struct {
	sem_t gate, ended;
	pthread_mutex_t lock;
	unsigned running, most, slow_done;
} seen;

static void slow_run(struct job *job)
{
	(void)job;
	pthread_mutex_lock(&seen.lock);
	seen.running++;
	if (seen.running > seen.most)
		seen.most = seen.running;
	pthread_mutex_unlock(&seen.lock);
	sem_wait(&seen.gate);
	pthread_mutex_lock(&seen.lock);
	seen.running--;
	seen.slow_done++;
	pthread_mutex_unlock(&seen.lock);
}

static void ordinary_run(struct job *job)
{
	(void)job;
	sem_post(&seen.ended);
}

/* That this test ends is what it asks for: the ordinary jobs end while no slow one can. */
static void slow_jobs_leave_workers_for_the_others(void **state)
{
	struct job slow[SLOW_JOBS], ordinary[SLOW_JOBS];
	struct server_pool *pool;

	(void)state;
	sem_init(&seen.gate, 0, 0);
	sem_init(&seen.ended, 0, 0);
	pthread_mutex_init(&seen.lock, NULL);
	assert_int_equal(pool_new(&pool, POOL_WORKERS, 1), 0);
	for (size_t i = 0; i < SLOW_JOBS; i++) {
		slow[i] = (struct job){ .run = slow_run, .slow = true };
		ordinary[i] = (struct job){ .run = ordinary_run };
		pool_submit(pool, &slow[i]);
	}
	for (size_t i = 0; i < SLOW_JOBS; i++)
		pool_submit(pool, &ordinary[i]);
	for (size_t i = 0; i < SLOW_JOBS; i++)
		sem_wait(&seen.ended);
	assert_int_equal(seen.slow_done, 0);
	for (size_t i = 0; i < SLOW_JOBS; i++)
		sem_post(&seen.gate);
	pool_free(pool); /* runs what is queued */
	assert_int_equal(seen.slow_done, SLOW_JOBS);
	assert_true(seen.most <= POOL_SLOW);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		slow_jobs_leave_workers_for_the_others) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
