/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sending half of a connection. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/connection.h"

#define STAGE_SIZE (16 * 1024) /* a TLS record */

/* Is there a body in memory to send behind 'out'? Only once the worker has ended. */
static bool has_memory_body(const struct exchange *exchange)
{
	const struct reply *reply = &exchange->reply;

	return reply->body && !reply->streamed && reply->status != 204 && reply->status != 304 &&
	       (!exchange->head.method || strcmp(exchange->head.method, "HEAD") != 0);
}

static size_t take_out(struct exchange *exchange, char *stage, bool *done)
{
	size_t size;

	pthread_mutex_lock(&exchange->lock);
	size = exchange->out.length < STAGE_SIZE ? exchange->out.length : STAGE_SIZE;
	if (size) {
		memcpy(stage, buffer_head(&exchange->out), size);
		buffer_consume(&exchange->out, size);
		pthread_cond_broadcast(&exchange->changed); /* there is room again */
	}
	*done = exchange->done && exchange->out.length == 0;
	pthread_mutex_unlock(&exchange->lock);
	return size;
}

static size_t take_body(struct connection *connection, char *stage, size_t room)
{
	const struct reply *reply = &connection->exchange->reply;
	uint64_t left = reply->length - connection->reply_at;
	size_t size = left < room ? (size_t)left : room;

	memcpy(stage, reply->body + connection->reply_at, size);
	connection->reply_at += size;
	return size;
}

static bool has_out(struct exchange *exchange)
{
	bool some;

	pthread_mutex_lock(&exchange->lock);
	some = exchange->out.length || exchange->done;
	pthread_mutex_unlock(&exchange->lock);
	return some;
}

/* Head and beginning of the body leave in one record. */
static void fill_stage(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	bool done;
	size_t size;

	if (!has_out(exchange))
		return;
	if (!connection->stage)
		connection->stage = malloc(STAGE_SIZE);
	if (!connection->stage) {
		connection->state = CONNECTION_CLOSED;
		return;
	}
	size = take_out(exchange, connection->stage, &done);
	if (done && has_memory_body(exchange))
		size += take_body(connection, connection->stage + size, STAGE_SIZE - size);
	connection->stage_at = 0;
	connection->stage_length = size;
}

bool connection_send_stage(struct connection *connection)
{
	ssize_t sent =
		transport_write(&connection->transport, connection->stage + connection->stage_at,
				connection->stage_length - connection->stage_at);

	if (sent == -EAGAIN)
		return false;
	if (sent < 0) {
		connection->state = CONNECTION_CLOSED;
		return true;
	}
	connection->stage_at += (size_t)sent;
	connection->moved = loop_now(connection->server->cloud->loop);
	if (connection->stage_at == connection->stage_length)
		connection->stage_at = connection->stage_length = 0;
	return true;
}

bool connection_write_reply(struct connection *connection)
{
	if (!connection->stage_length)
		fill_stage(connection);
	return connection->stage_length && connection_send_stage(connection);
}

bool connection_reply_sent(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	bool done;

	pthread_mutex_lock(&exchange->lock);
	done = exchange->done && exchange->out.length == 0;
	pthread_mutex_unlock(&exchange->lock);
	if (!done || connection->stage_length)
		return false;
	return !has_memory_body(exchange) || connection->reply_at == exchange->reply.length;
}
