/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What loop.c shares with loop_signal.c and nobody else. */
#ifndef CUMULET_LIB_LOOP_INTERNAL_H
#define CUMULET_LIB_LOOP_INTERNAL_H

#include <pthread.h>
#include <stddef.h>
#include <sys/epoll.h>

#include "firmware/lib/loop.h"

#define LOOP_EVENTS_MAX 64

struct loop_posted {
	void (*callback)(void *argument);
	void *argument;
	struct loop_posted *next;
};

struct loop {
	int epoll;
	int wake; /* eventfd */
	struct loop_fd wake_handle;

	/* What epoll_wait() returned and has not been delivered: loop_fd_stop() looks here. */
	struct epoll_event events[LOOP_EVENTS_MAX];
	int event_next, event_count;

	struct loop_timer *timers; /* by due time */
	struct loop_timer *due;    /* taken out of 'timers', to be called in this turn */
	bool clock_is_fake;
	uint64_t fake_now;

	struct loop_task *tasks, **tasks_tail;
	struct loop_signal *signals;

	pthread_mutex_t posted_lock;
	struct loop_posted *posted, **posted_tail;

	bool stopped;
	int value;
};

/* Calls the handles of signals that have come since the last turn. */
void loop_signals_deliver(struct loop *loop);

#endif
