/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "firmware/lib/log.h"

struct server_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;  /* a job is queued, or it is over */
	pthread_cond_t ended; /* a stream's thread has ended */
	struct job *first, **last;
	pthread_t workers[POOL_WORKERS];
	unsigned worker_count, streams, streams_max;
	bool over;
};

struct stream_thread {
	struct server_pool *pool;
	struct job *job;
};

static struct job *take_job(struct server_pool *pool)
{
	struct job *job;

	pthread_mutex_lock(&pool->lock);
	while (!pool->first && !pool->over)
		pthread_cond_wait(&pool->wake, &pool->lock);
	job = pool->first;
	if (job) {
		pool->first = job->next;
		if (!pool->first)
			pool->last = &pool->first;
	}
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void *worker_main(void *argument)
{
	struct job *job;

	while ((job = take_job(argument)))
		job->run(job);
	return NULL;
}

static bool reserve_stream(struct server_pool *pool)
{
	bool free_one;

	pthread_mutex_lock(&pool->lock);
	free_one = pool->streams < pool->streams_max;
	pool->streams += free_one;
	pthread_mutex_unlock(&pool->lock);
	return free_one;
}

static void release_stream(struct server_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->streams--;
	pthread_cond_broadcast(&pool->ended);
	pthread_mutex_unlock(&pool->lock);
}

static void *stream_main(void *argument)
{
	struct stream_thread *thread = argument;
	struct server_pool *pool = thread->pool;

	thread->job->run(thread->job);
	free(thread);
	release_stream(pool);
	return NULL;
}

/* Signals are the loop's: threads start with all of them blocked. */
static int start_thread(pthread_t *thread, bool detached, void *(*start)(void *), void *argument)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int result;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, POOL_STACK);
	if (detached)
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	result = pthread_create(thread, &attributes, start, argument);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -result;
}

int pool_new(struct server_pool **made, unsigned workers, unsigned streams)
{
	struct server_pool *pool = calloc(1, sizeof(*pool));
	int result = 0;

	if (!pool)
		return -ENOMEM;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pthread_cond_init(&pool->ended, NULL);
	pool->last = &pool->first;
	pool->streams_max = streams;
	if (workers > POOL_WORKERS)
		workers = POOL_WORKERS;
	while (result == 0 && pool->worker_count < workers) {
		result = start_thread(&pool->workers[pool->worker_count], false, worker_main, pool);
		pool->worker_count += result == 0;
	}
	if (result < 0) {
		pool_free(pool);
		return result;
	}
	*made = pool;
	return 0;
}

void pool_free(struct server_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->lock);
	pool->over = true;
	pthread_cond_broadcast(&pool->wake);
	while (pool->streams)
		pthread_cond_wait(&pool->ended, &pool->lock);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->worker_count; i++)
		pthread_join(pool->workers[i], NULL);
	pthread_cond_destroy(&pool->ended);
	pthread_cond_destroy(&pool->wake);
	pthread_mutex_destroy(&pool->lock);
	free(pool);
}

void pool_submit(struct server_pool *pool, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&pool->lock);
	*pool->last = job;
	pool->last = &job->next;
	pthread_cond_signal(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

int pool_submit_stream(struct server_pool *pool, struct job *job)
{
	struct stream_thread *argument;
	pthread_t thread;
	int result;

	if (!reserve_stream(pool))
		return -EBUSY;
	argument = malloc(sizeof(*argument));
	if (argument)
		*argument = (struct stream_thread){ pool, job };
	result = argument ? start_thread(&thread, true, stream_main, argument) : -ENOMEM;
	if (result < 0) {
		free(argument);
		release_stream(pool);
		log_warning("http", "no thread for a stream", "error=%d", -result);
	}
	return result;
}
