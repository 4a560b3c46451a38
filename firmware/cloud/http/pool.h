/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Worker threads: a fixed few for requests that are answered from memory and store, and more on
 * demand, up to a bound, for those that move a lot of data at the pace of a client. Any thread
 * may submit. Jobs are taken in the order in which they came, but never more slow ones at once than
 * leave workers for the others.
 */
#ifndef CUMULET_HTTP_POOL_H
#define CUMULET_HTTP_POOL_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define POOL_WORKERS 4
#define POOL_SLOW 2     /* of the workers, for jobs that keep a processor busy for long */
#define POOL_STREAMS 24 /* most threads on demand */
#define POOL_STACK (256 * 1024)

struct server_pool;

struct job {
	void (*run)(struct job *job);
	bool slow;            /* waits in a line of its own; see POOL_SLOW */
	unsigned long number; /* the pool's: in which order they came */
	struct job *next;
};

int pool_new(struct server_pool **pool, unsigned workers, unsigned streams);
void pool_free(struct server_pool *pool); /* runs what is queued, then waits for all threads */
void pool_submit(struct server_pool *pool, struct job *job);
/* On a thread of its own: -EBUSY when the bound is reached, or what pthread_create gives. */
int pool_submit_stream(struct server_pool *pool, struct job *job);

/* A thread that is no pool's, with POOL_STACK bytes and all signals blocked: they are the loop's. 0, or a
 * negative errno. */
int pool_thread_start(pthread_t *thread, bool detached, void *(*start)(void *), void *argument);

#endif
