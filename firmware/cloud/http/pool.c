/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "firmware/lib/log.h"

struct line {
	struct job *first, **last;
};

struct server_pool {
	pthread_mutex_t lock;
	pthread_cond_t wake;  /* a job is queued, or it is over */
	pthread_cond_t ended; /* a stream's thread has ended */
	struct line ordinary, slow;
	unsigned long submitted;
	unsigned slow_running;
	pthread_t workers[POOL_WORKERS];
	unsigned worker_count, streams, streams_max;
	bool over;
};

struct stream_thread {
	struct server_pool *pool;
	struct job *job;
};

static struct job *line_take(struct line *line)
{
	struct job *job = line->first;

	line->first = job->next;
	if (!line->first)
		line->last = &line->first;
	return job;
}

static void line_add(struct line *line, struct job *job)
{
	*line->last = job;
	line->last = &job->next;
}

/* The line whose first came first of those that may be run now; NULL: none. */
static struct line *next_line(struct server_pool *pool)
{
	const struct job *slow = pool->slow_running < POOL_SLOW ? pool->slow.first : NULL;
	const struct job *ordinary = pool->ordinary.first;

	if (slow && (!ordinary || slow->number < ordinary->number))
		return &pool->slow;
	return ordinary ? &pool->ordinary : NULL;
}

static struct job *take_job(struct server_pool *pool)
{
	struct job *job = NULL;
	struct line *line;

	pthread_mutex_lock(&pool->lock);
	while (!(line = next_line(pool)) && (!pool->over || pool->slow.first))
		pthread_cond_wait(&pool->wake, &pool->lock);
	if (line)
		job = line_take(line);
	pool->slow_running += job && job->slow;
	pthread_mutex_unlock(&pool->lock);
	return job;
}

static void slow_ended(struct server_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->slow_running--;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
}

static void *worker_main(void *argument)
{
	struct job *job;

	while ((job = take_job(argument))) {
		bool slow = job->slow; /* the job frees itself */

		job->run(job);
		if (slow)
			slow_ended(argument);
	}
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

int pool_thread_start(pthread_t *thread, bool detached, void *(*start)(void *), void *argument)
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
	pool->ordinary.last = &pool->ordinary.first;
	pool->slow.last = &pool->slow.first;
	pool->streams_max = streams;
	if (workers > POOL_WORKERS)
		workers = POOL_WORKERS;
	while (result == 0 && pool->worker_count < workers) {
		result = pool_thread_start(&pool->workers[pool->worker_count], false, worker_main,
					   pool);
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
	job->number = pool->submitted++;
	line_add(job->slow ? &pool->slow : &pool->ordinary, job);
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
	result = argument ? pool_thread_start(&thread, true, stream_main, argument) : -ENOMEM;
	if (result < 0) {
		free(argument);
		release_stream(pool);
		log_warning("http", "no thread for a stream", "error=%d", -result);
	}
	return result;
}
