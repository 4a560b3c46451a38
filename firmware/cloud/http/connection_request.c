/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiving half of a connection: head, body, and what is wrong with them. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/connection.h"

#define READ_STEP (16 * 1024) /* a TLS record */

ssize_t connection_receive(struct connection *connection)
{
	struct buffer *in = &connection->in;
	size_t room = in->limit - in->length, most = room < READ_STEP ? room : READ_STEP;
	char *space = room ? buffer_reserve(in, most) : NULL;
	ssize_t got;

	if (!room)
		return -EAGAIN;
	if (!space)
		return -ENOMEM;
	got = transport_read(&connection->transport, space, most);
	if (got > 0)
		buffer_commit(in, (size_t)got);
	return got;
}

bool connection_fill(struct connection *connection)
{
	ssize_t got = connection_receive(connection);

	if (got == -EAGAIN)
		return false;
	if (got <= 0) {
		connection->state = CONNECTION_CLOSED;
		return true;
	}
	connection->moved = loop_now(connection->server->cloud->loop);
	return true;
}

/* --- faults without a handler */

static struct exchange *own_exchange(struct connection *connection)
{
	struct server *server = connection->server;

	if (connection->exchange)
		return connection->exchange;
	connection->exchange = exchange_new(server->cloud, &server->kicks);
	if (!connection->exchange)
		return NULL;
	connection->exchange->connection = connection;
	connection->exchange->local = connection->local;
	connection->exchange->silence_ms = server->limits.body;
	return connection->exchange;
}

/* The refusal is there: renders it. The worker never sees this exchange. */
static void answer_refusal(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;

	exchange_refuse(exchange);
	if (reply_write_head(exchange) < 0)
		connection->state = CONNECTION_CLOSED;
	exchange->done = true;
}

void connection_refuse(struct connection *connection, int status, const char *text)
{
	struct exchange *exchange = own_exchange(connection);

	if (!exchange) {
		connection->state = CONNECTION_CLOSED;
		return;
	}
	error_fault(&exchange->refusal, -EBADMSG, status, NULL, "%s", text);
	exchange->close_after = true;
	connection->body_open = false;
	answer_refusal(connection);
}

/* --- the body */

static void submit(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	struct server_pool *pool = connection->server->cloud->pool;

	exchange->job.run = exchange_job;
	exchange->references++; /* the worker's; nobody else has the exchange yet */
	connection->submitted = true;
	if (!exchange->stream) {
		pool_submit(pool, &exchange->job);
		return;
	}
	if (pool_submit_stream(pool, &exchange->job) == 0)
		return;
	exchange->references--;
	connection->submitted = false;
	connection_refuse(connection, 503, "The server is busy. Please try again at a later time.");
}

static void body_ended(struct connection *connection)
{
	connection->body_open = false;
	exchange_body_finish(connection->exchange, 0);
	if (!connection->submitted)
		submit(connection);
}

/* The rest of the body is of no use: a stream's worker is told, a JSON body is refused. */
static void body_failed(struct connection *connection, int error)
{
	if (connection->submitted) {
		exchange_body_finish(connection->exchange, error);
		connection->body_open = false;
		return;
	}
	if (error == -EMSGSIZE)
		connection_refuse(connection, 413, "The request body is too large.");
	else if (error == -EBADMSG)
		connection_refuse(connection, 400, "The body's framing is malformed.");
	else
		connection_refuse(connection, 503, "The server is out of memory.");
}

/* All JSON bodies that are under way share one budget. */
static int account(struct connection *connection, size_t size)
{
	struct server *server = connection->server;

	if (connection->submitted)
		return 0;
	if (size > server->limits.buffered - server->buffered)
		return -ENOMEM;
	server->buffered += size;
	connection->accounted += size;
	return 0;
}

static int take_data(struct connection *connection, const char *data, size_t size)
{
	int result = account(connection, size);

	return result ? result : exchange_body_append(connection->exchange, data, size);
}

static int decode_plain(struct connection *connection, size_t room)
{
	struct buffer *in = &connection->in;
	size_t size = in->length < room ? in->length : room;
	int result;

	if (size > connection->body_left)
		size = (size_t)connection->body_left;
	result = take_data(connection, buffer_head(in), size);
	connection->body_left -= size;
	buffer_consume(in, size);
	return result;
}

static int decode_chunked(struct connection *connection, size_t room)
{
	struct buffer *in = &connection->in;
	size_t size = in->length < room ? in->length : room, length;
	const char *data;
	ssize_t used = chunked_decode(&connection->chunked, buffer_head(in), size, &data, &length);
	int result = 0;

	if (used < 0)
		return (int)used;
	if (length)
		result = take_data(connection, data, length);
	buffer_consume(in, (size_t)used);
	return result;
}

bool connection_body_is_complete(const struct connection *connection)
{
	if (connection->exchange->head.content_length == UINT64_MAX)
		return chunked_done(&connection->chunked);
	return connection->body_left == 0;
}

bool connection_read_body(struct connection *connection)
{
	size_t room = exchange_body_room(connection->exchange);
	int result;

	if (!room)
		return false;
	if (!connection->in.length)
		return connection_fill(connection);
	if (connection->exchange->head.content_length == UINT64_MAX)
		result = decode_chunked(connection, room);
	else
		result = decode_plain(connection, room);
	if (result < 0)
		body_failed(connection, result);
	else if (connection_body_is_complete(connection))
		body_ended(connection);
	return true;
}

/* --- the head */

/* A refused request whose body is here already leaves the connection in order. */
static void skip_body(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;

	if (exchange->head.content_length > connection->in.length)
		return;
	buffer_consume(&connection->in, (size_t)exchange->head.content_length);
	exchange->body_end = true;
}

static void begin_body(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;

	connection->body_left = exchange->head.content_length;
	connection->chunked = (struct chunked){ 0 };
	connection->body_open = connection->body_left > 0;
	if (!connection->body_open) {
		body_ended(connection);
		return;
	}
	if (exchange->stream)
		submit(connection);
	else
		exchange_continue(exchange);
}

static void begin_exchange(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;

	exchange_prepare(exchange, connection->server->services);
	if (exchange->refusal.code == 0) {
		begin_body(connection);
		return;
	}
	skip_body(connection);
	connection->body_open = false;
	answer_refusal(connection);
}

static bool parse(struct connection *connection, size_t length)
{
	struct exchange *exchange = connection->exchange;
	const char *reason = "";
	int status;

	exchange->head_bytes = malloc(length);
	if (!exchange->head_bytes) {
		connection->state = CONNECTION_CLOSED;
		return true;
	}
	memcpy(exchange->head_bytes, buffer_head(&connection->in), length);
	buffer_consume(&connection->in, length);
	if (head_parse(&exchange->head, exchange->head_bytes, length, &reason) == 0) {
		begin_exchange(connection);
		return true;
	}
	status = exchange->head.status;
	exchange->head = (struct head){ .minor = 1, .status = status };
	connection_refuse(connection, status, reason);
	return true;
}

bool connection_read_head(struct connection *connection)
{
	struct buffer *in = &connection->in;
	size_t length = head_length(buffer_head(in), in->length, &connection->scanned);

	if (!length && in->length < HEAD_MAX)
		return false;
	if (!own_exchange(connection)) {
		connection->state = CONNECTION_CLOSED;
		return true;
	}
	if (length && length <= HEAD_MAX)
		return parse(connection, length);
	connection_refuse(connection, 431, "The request's head is too large.");
	return true;
}
