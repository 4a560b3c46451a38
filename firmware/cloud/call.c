/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/call.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct call {
	struct call_table *table;
	struct channel *channel;
	struct call *next;
	pthread_cond_t answered;
	unsigned references; /* this and all below: the table's lock */
	bool waiting;        /* stands in the table's list */
	bool done, dropped;
	int result;
	struct arena arena; /* of both messages' bodies */
	struct message message, reply;
	int fd, reply_fd; /* owned */
};

void call_table_init(struct call_table *table)
{
	*table = (struct call_table){ 0 };
	pthread_mutex_init(&table->lock, NULL);
}

/* With the lock held. */
static void call_unlist(struct call *call)
{
	struct call **at = &call->table->first;

	for (; call->waiting && *at; at = &(*at)->next) {
		if (*at != call)
			continue;
		*at = call->next;
		call->waiting = false;
		return;
	}
}

/* The channel has its own by now: who waits for the end of a pipe must not hold it open. */
static void fd_drop(struct call *call)
{
	if (call->fd >= 0)
		close(call->fd);
	call->fd = -1;
}

static void call_release(struct call *call)
{
	unsigned left;

	pthread_mutex_lock(&call->table->lock);
	left = --call->references;
	pthread_mutex_unlock(&call->table->lock);
	if (left)
		return;
	fd_drop(call);
	if (call->reply_fd >= 0)
		close(call->reply_fd);
	pthread_cond_destroy(&call->answered);
	arena_free(&call->arena);
	free(call);
}

/* With the lock held. */
static void call_finish(struct call *call, int result)
{
	call->done = true;
	call->result = result;
	pthread_cond_signal(&call->answered);
}

/* On the loop. */
static void send_posted(void *argument)
{
	struct call *call = argument;
	int64_t serial;

	pthread_mutex_lock(&call->table->lock);
	if (!call->dropped) {
		serial = channel_is_open(call->channel)
				 ? channel_send(call->channel, &call->message)
				 : -ENOTCONN;
		if (serial < 0) {
			call_finish(call, (int)serial);
		} else {
			call->message.serial = (uint32_t)serial;
			call->next = call->table->first;
			call->table->first = call;
			call->waiting = true;
		}
	}
	fd_drop(call);
	pthread_mutex_unlock(&call->table->lock);
	call_release(call);
}

static void copy_reply(struct call *call, struct message *message)
{
	call->reply = *message;
	call->reply.fd_count = 0;
	call->reply.body = arena_memdup(&call->arena, message->body, message->body_size);
	call->reply_fd = message_take_fd(message, 0);
	call_finish(call, message->body_size && !call->reply.body ? -ENOMEM : 0);
}

bool call_answer(struct call_table *table, struct message *message)
{
	struct call *call;

	if (!message->reply_to)
		return false;
	pthread_mutex_lock(&table->lock);
	for (call = table->first; call; call = call->next)
		if (call->message.serial == message->reply_to)
			break;
	if (call) {
		call_unlist(call);
		copy_reply(call, message);
	}
	pthread_mutex_unlock(&table->lock);
	return call != NULL;
}

void call_table_fail(struct call_table *table)
{
	pthread_mutex_lock(&table->lock);
	while (table->first) {
		struct call *call = table->first;

		call_unlist(call);
		call_finish(call, -ENOTCONN);
	}
	pthread_mutex_unlock(&table->lock);
}

struct timespec moment_after(unsigned ms)
{
	struct timespec moment;

	clock_gettime(CLOCK_MONOTONIC, &moment);
	moment.tv_sec += ms / 1000;
	moment.tv_nsec += (long)(ms % 1000) * 1000000;
	if (moment.tv_nsec >= 1000000000) {
		moment.tv_sec++;
		moment.tv_nsec -= 1000000000;
	}
	return moment;
}

static int call_wait(struct call *call, unsigned timeout_ms)
{
	struct timespec until = moment_after(timeout_ms);
	int result;

	pthread_mutex_lock(&call->table->lock);
	while (!call->done &&
	       pthread_cond_timedwait(&call->answered, &call->table->lock, &until) != ETIMEDOUT)
		;
	result = call->done ? call->result : -ETIMEDOUT;
	call->dropped = true;
	call_unlist(call);
	pthread_mutex_unlock(&call->table->lock);
	return result;
}

static struct call *call_new(const struct call_options *options)
{
	struct call *call = calloc(1, sizeof(*call));
	pthread_condattr_t attributes;

	if (!call)
		return NULL;
	call->table = options->table;
	call->channel = options->channel;
	call->references = 2;
	call->fd = options->fd < 0 ? -1 : fcntl(options->fd, F_DUPFD_CLOEXEC, 0);
	call->reply_fd = -1;
	call->message.type = options->type;
	if (call->fd >= 0)
		call->message.fds[call->message.fd_count++] = call->fd;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&call->answered, &attributes);
	pthread_condattr_destroy(&attributes);
	return call;
}

static int take_reply(struct call *call, struct arena *arena, struct message *reply, int *reply_fd)
{
	*reply = call->reply;
	reply->body = arena_memdup(arena, call->reply.body, call->reply.body_size);
	if (reply_fd) {
		*reply_fd = call->reply_fd;
		call->reply_fd = -1;
	}
	return call->reply.body_size && !reply->body ? -ENOMEM : 0;
}

int call_begin(const struct call_options *options, struct call **made, struct error *error)
{
	struct call *call = call_new(options);
	int result;

	if (!call)
		return error_set(error, -ENOMEM, "out of memory");
	result = message_encode(&call->arena, &call->message, options->fields, options->value);
	if (result == 0)
		result = loop_post(options->loop, send_posted, call);
	if (result == 0) {
		*made = call;
		return 0;
	}
	call->references = 1; /* the loop never saw it */
	call_release(call);
	return error_set(error, result, "%s", strerror(-result));
}

int call_end(struct call *call, unsigned timeout_ms, struct arena *arena, struct message *reply,
	     int *reply_fd, struct error *error)
{
	int result = call_wait(call, timeout_ms);

	if (reply_fd)
		*reply_fd = -1;
	if (result == 0)
		result = take_reply(call, arena, reply, reply_fd);
	call_release(call);
	return result < 0 ? error_set(error, result, "%s", strerror(-result)) : 0;
}

int call_run(const struct call_options *options, struct arena *arena, struct message *reply,
	     int *reply_fd, struct error *error)
{
	struct call *call = NULL;
	int result = call_begin(options, &call, error);

	if (result == 0)
		return call_end(call, options->timeout_ms, arena, reply, reply_fd, error);
	if (reply_fd)
		*reply_fd = -1;
	return result;
}
