/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define WRITE_STEP (64 * 1024) /* bytes put into the queue before the loop is told */

static void make_id(char *id, size_t size)
{
	char uuid[UUID_SIZE];

	uuid_make(uuid);
	snprintf(id, size, "req-%s", uuid);
}

struct exchange *exchange_new(struct cloud *cloud, struct kick_list *kicks)
{
	struct exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	exchange->references = 1;
	exchange->kicks = kicks;
	exchange->arena.limit = EXCHANGE_MEMORY_MAX;
	exchange->reply.fd = -1;
	exchange->silence_ms = 30 * 1000;
	pthread_mutex_init(&exchange->lock, NULL);
	pthread_cond_init(&exchange->changed, NULL);
	clock_gettime(CLOCK_MONOTONIC, &exchange->began);
	make_id(exchange->id, sizeof(exchange->id));
	exchange->request = (struct request){
		.cloud = cloud,
		.arena = &exchange->arena,
		.id = exchange->id,
		.reply = &exchange->reply,
		.exchange = exchange,
	};
	return exchange;
}

static void exchange_free(struct exchange *exchange)
{
	store_view_close(exchange->request.view);
	reply_reset(&exchange->reply);
	arena_free(&exchange->arena);
	buffer_free(&exchange->body);
	buffer_free(&exchange->out);
	pthread_cond_destroy(&exchange->changed);
	pthread_mutex_destroy(&exchange->lock);
	free(exchange->head_bytes);
	free(exchange);
}

static void exchange_hold(struct exchange *exchange)
{
	pthread_mutex_lock(&exchange->lock);
	exchange->references++;
	pthread_mutex_unlock(&exchange->lock);
}

void exchange_release(struct exchange *exchange)
{
	unsigned left;

	if (!exchange)
		return;
	pthread_mutex_lock(&exchange->lock);
	left = --exchange->references;
	pthread_mutex_unlock(&exchange->lock);
	if (left == 0)
		exchange_free(exchange);
}

/* --- kicks */

int kick_list_open(struct kick_list *kicks)
{
	*kicks = (struct kick_list){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	if (kicks->fd < 0)
		return -errno;
	pthread_mutex_init(&kicks->lock, NULL);
	return 0;
}

void kick_list_close(struct kick_list *kicks)
{
	struct exchange *exchange;

	while ((exchange = kick_list_take(kicks)))
		exchange_release(exchange);
	pthread_mutex_destroy(&kicks->lock);
	close(kicks->fd);
	kicks->fd = -1;
}

struct exchange *kick_list_take(struct kick_list *kicks)
{
	struct exchange *exchange;

	pthread_mutex_lock(&kicks->lock);
	exchange = kicks->first;
	if (exchange) {
		kicks->first = exchange->kicked_next;
		exchange->kicked = false;
	}
	pthread_mutex_unlock(&kicks->lock);
	return exchange;
}

void exchange_kick(struct exchange *exchange)
{
	struct kick_list *kicks = exchange->kicks;
	uint64_t one = 1;
	bool fresh;

	if (!kicks)
		return;
	exchange_hold(exchange);
	pthread_mutex_lock(&kicks->lock);
	fresh = !exchange->kicked;
	if (fresh) {
		exchange->kicked = true;
		exchange->kicked_next = kicks->first;
		kicks->first = exchange;
	}
	pthread_mutex_unlock(&kicks->lock);
	if (!fresh)
		exchange_release(exchange);
	else if (write(kicks->fd, &one, sizeof(one)) < 0)
		return; /* EAGAIN: the counter is full, so the loop is awake already */
}

/* --- the body: connection to worker */

size_t exchange_body_room(struct exchange *exchange)
{
	size_t most = exchange->stream ? EXCHANGE_QUEUE_MAX : SIZE_MAX, used;

	pthread_mutex_lock(&exchange->lock);
	used = exchange->body.length;
	pthread_mutex_unlock(&exchange->lock);
	return used < most ? most - used : 0;
}

int exchange_body_append(struct exchange *exchange, const void *data, size_t size)
{
	int result = -EMSGSIZE;

	pthread_mutex_lock(&exchange->lock);
	if (size <= exchange->body_max - exchange->body_read) {
		exchange->body_read += size;
		result = buffer_append(&exchange->body, data, size);
	}
	pthread_cond_broadcast(&exchange->changed);
	pthread_mutex_unlock(&exchange->lock);
	return result;
}

void exchange_body_finish(struct exchange *exchange, int error)
{
	pthread_mutex_lock(&exchange->lock);
	exchange->body_end = error == 0;
	exchange->body_error = error;
	if (error)
		exchange->close_after = true; /* where the next request would begin nobody knows */
	pthread_cond_broadcast(&exchange->changed);
	pthread_mutex_unlock(&exchange->lock);
}

void exchange_abandon(struct exchange *exchange)
{
	pthread_mutex_lock(&exchange->lock);
	exchange->gone = true;
	pthread_cond_broadcast(&exchange->changed);
	pthread_mutex_unlock(&exchange->lock);
}

void exchange_continue(struct exchange *exchange)
{
	static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
	bool first;

	pthread_mutex_lock(&exchange->lock);
	first = !exchange->body_wanted;
	exchange->body_wanted = true;
	if (first && exchange->head.expect_continue && !exchange->body_read)
		buffer_append(&exchange->out, text, sizeof(text) - 1);
	pthread_mutex_unlock(&exchange->lock);
	if (first)
		exchange_kick(exchange);
}

/* Of what the loop has received: 0 at the body's end, -EAGAIN when the rest is still to come. */
static ssize_t take_received(struct exchange *exchange, void *data, size_t size)
{
	ssize_t result;

	pthread_mutex_lock(&exchange->lock);
	if (exchange->body.length) {
		if (size > exchange->body.length)
			size = exchange->body.length;
		memcpy(data, buffer_head(&exchange->body), size);
		buffer_consume(&exchange->body, size);
		result = (ssize_t)size;
	} else if (exchange->body_error) {
		result = exchange->body_error;
	} else {
		result = exchange->body_end ? 0 : -EAGAIN;
	}
	pthread_mutex_unlock(&exchange->lock);
	return result;
}

ssize_t exchange_read(struct exchange *exchange, void *data, size_t size)
{
	ssize_t result;

	exchange_continue(exchange);
	result = take_received(exchange, data, size);
	if (result == -EAGAIN) {
		result = exchange->kicks ? loan_take(exchange) : -EPIPE;
		if (result == 0)
			result = take_received(exchange, data, size); /* what came meanwhile */
		if (result == -EAGAIN)
			result = loan_read(exchange, data, size);
	}
	if (result <= 0)
		loan_return(exchange);
	return result;
}

/* --- the reply: worker to connection */

static int append_out(struct exchange *exchange, const char *data, size_t size)
{
	int result = 0;

	pthread_mutex_lock(&exchange->lock);
	while (exchange->kicks && !exchange->gone && exchange->out.length >= EXCHANGE_QUEUE_MAX)
		pthread_cond_wait(&exchange->changed, &exchange->lock);
	if (exchange->gone)
		result = -EPIPE;
	else
		result = buffer_append(&exchange->out, data, size);
	pthread_mutex_unlock(&exchange->lock);
	return result;
}

int exchange_write(struct exchange *exchange, const void *data, size_t size)
{
	int result = 0;

	loan_return(exchange); /* the queue is for the loop to send */
	for (size_t at = 0, part; result == 0 && at < size; at += part) {
		part = size - at < WRITE_STEP ? size - at : WRITE_STEP;
		result = append_out(exchange, (const char *)data + at, part);
		exchange_kick(exchange);
	}
	return result;
}
