/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A worker asks another process and waits for the answer, while the loop, which owns the channel,
 * never waits. A call has two references: the worker's, and the loop's until the message has
 * left; the worker may give up first.
 */
#ifndef CUMULET_CLOUD_CALL_H
#define CUMULET_CLOUD_CALL_H

#include <pthread.h>

#include "firmware/lib/message.h"

struct call;

struct call_table {
	pthread_mutex_t lock;
	struct call *first; /* those that wait for their reply */
};

void call_table_init(struct call_table *table);

/* Of CLOCK_MONOTONIC: what pthread_cond_timedwait() takes, where the condition goes by that clock. */
struct timespec moment_after(unsigned ms);

struct call_options {
	struct call_table *table;
	struct loop *loop;
	struct channel *channel; /* used on the loop's thread alone */
	uint16_t type;
	const struct field *fields;
	const void *value;
	int fd; /* -1: none; stays the caller's */
	unsigned timeout_ms;
};

/* The two halves of link_call(); call_end() frees the call, whether or not there was an answer. */
int call_begin(const struct call_options *options, struct call **call, struct error *error);
int call_end(struct call *call, unsigned timeout_ms, struct arena *arena, struct message *reply,
	     int *reply_fd, struct error *error);
int call_run(const struct call_options *options, struct arena *arena, struct message *reply,
	     int *reply_fd, struct error *error);

/* On the loop: a message that answers a waiting call is taken; true then. */
bool call_answer(struct call_table *table, struct message *message);
/* On the loop: the peer is gone, all waiting calls fail with -ENOTCONN. */
void call_table_fail(struct call_table *table);

#endif
