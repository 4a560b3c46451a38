/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/loan.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "firmware/cloud/http/connection.h"

/* --- the worker asks and returns */

int loan_take(struct exchange *exchange)
{
	int result = 0;

	if (exchange->loan == LOAN_LENT)
		return 0;
	pthread_mutex_lock(&exchange->lock);
	exchange->loan = LOAN_ASKED;
	pthread_mutex_unlock(&exchange->lock);
	exchange_kick(exchange);
	pthread_mutex_lock(&exchange->lock);
	while (exchange->loan == LOAN_ASKED && !exchange->gone)
		pthread_cond_wait(&exchange->changed, &exchange->lock);
	if (exchange->loan != LOAN_LENT) {
		exchange->loan = LOAN_NONE;
		result = -EPIPE;
	}
	pthread_mutex_unlock(&exchange->lock);
	return result;
}

void loan_return(struct exchange *exchange)
{
	if (exchange->loan != LOAN_LENT)
		return;
	pthread_mutex_lock(&exchange->lock);
	exchange->loan = LOAN_RETURNED;
	pthread_mutex_unlock(&exchange->lock);
	exchange_kick(exchange);
}

/* --- the worker waits for the client */

static uint64_t now(const struct connection *connection)
{
	return loop_now(connection->server->cloud->loop);
}

/* 0: it may be tried again. */
static int wait_until(struct connection *connection, uint64_t due)
{
	struct pollfd ready = { .fd = connection->transport.fd };
	uint64_t present = now(connection);
	int result;

	if (present >= due)
		return -ETIMEDOUT;
	ready.events = connection->transport.want == LOOP_WRITE ? POLLOUT : POLLIN;
	result = poll(&ready, 1, (int)(due - present));
	if (result < 0)
		return errno == EINTR ? 0 : -errno;
	return result ? 0 : -ETIMEDOUT;
}

static ssize_t read_plain(struct connection *connection, void *data, size_t size)
{
	struct buffer *in = &connection->in;
	ssize_t got;

	if (size > connection->body_left)
		size = (size_t)connection->body_left;
	if (in->length) {
		got = (ssize_t)(in->length < size ? in->length : size);
		memcpy(data, buffer_head(in), (size_t)got);
		buffer_consume(in, (size_t)got);
	} else {
		got = transport_read(&connection->transport, data, size);
	}
	if (got > 0)
		connection->body_left -= (size_t)got;
	return got == 0 ? -EPIPE : got;
}

/* 0: there was nothing but what stands between chunks. */
static ssize_t read_chunked(struct connection *connection, void *data, size_t size)
{
	struct buffer *in = &connection->in;
	ssize_t used = in->length ? 1 : connection_receive(connection);
	size_t length = 0;
	const char *piece;

	if (used <= 0)
		return used == 0 ? -EPIPE : used;
	used = chunked_decode(&connection->chunked, buffer_head(in),
			      in->length < size ? in->length : size, &piece, &length);
	if (used < 0)
		return used;
	if (length)
		memcpy(data, piece, length);
	buffer_consume(in, (size_t)used);
	return (ssize_t)length;
}

static ssize_t read_step(struct connection *connection, char *data, size_t size)
{
	struct exchange *exchange = connection->exchange;
	ssize_t got = exchange->head.content_length == UINT64_MAX
			      ? read_chunked(connection, data, size)
			      : read_plain(connection, data, size);

	if (got <= 0)
		return got;
	if ((uint64_t)got > exchange->body_max - exchange->body_read)
		return -EMSGSIZE;
	exchange->body_read += (uint64_t)got;
	return got;
}

/* The rest is of no use to anybody, unless it is the client who is slow: that one hears so. */
static void note_end(struct connection *connection, ssize_t result)
{
	if (result == -ETIMEDOUT || (result >= 0 && !connection_body_is_complete(connection)))
		return;
	connection->body_open = false;
	exchange_body_finish(connection->exchange, result < 0 ? (int)result : 0);
}

ssize_t loan_read(struct exchange *exchange, void *data, size_t size)
{
	struct connection *connection = exchange->lent;
	uint64_t due = now(connection) + exchange->silence_ms;
	ssize_t result = 0;
	size_t got = 0;

	while (result >= 0 && got < size && !connection_body_is_complete(connection)) {
		result = read_step(connection, (char *)data + got, size - got);
		if (result == -EAGAIN)
			result = wait_until(connection, due);
		else if (result > 0)
			due = now(connection) + exchange->silence_ms;
		if (result > 0)
			got += (size_t)result;
	}
	note_end(connection, result);
	return got ? (ssize_t)got : result;
}

int loan_write(struct exchange *exchange, const void *data, size_t size)
{
	struct connection *connection = exchange->lent;
	unsigned patience = connection->server->limits.write;
	uint64_t due = now(connection) + patience;
	size_t at = 0;
	int result = 0;

	while (result == 0 && at < size) {
		ssize_t sent =
			transport_write(&connection->transport, (const char *)data + at, size - at);

		if (sent == -EAGAIN) {
			result = wait_until(connection, due);
		} else if (sent < 0) {
			result = (int)sent;
		} else {
			at += (size_t)sent;
			due = now(connection) + patience;
		}
	}
	return result;
}

/* --- the loop gives and takes back */

static bool is_asked(struct exchange *exchange)
{
	bool asked;

	pthread_mutex_lock(&exchange->lock);
	asked = exchange->loan == LOAN_ASKED && !exchange->out.length;
	pthread_mutex_unlock(&exchange->lock);
	return asked;
}

bool loan_give(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;

	if (connection->state != CONNECTION_EXCHANGE || connection->stage_length ||
	    !is_asked(exchange))
		return false;
	loop_fd_change(&connection->handle, 0);
	loop_timer_stop(&connection->timer);
	loop_task_cancel(&connection->again);
	connection->lent = true;
	pthread_mutex_lock(&exchange->lock);
	exchange->lent = connection;
	exchange->loan = LOAN_LENT;
	pthread_cond_broadcast(&exchange->changed);
	pthread_mutex_unlock(&exchange->lock);
	return true;
}

bool loan_take_back(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;
	enum loan loan;

	pthread_mutex_lock(&exchange->lock);
	loan = exchange->loan;
	if (loan == LOAN_RETURNED)
		exchange->loan = LOAN_NONE;
	pthread_mutex_unlock(&exchange->lock);
	if (loan == LOAN_LENT)
		return false;
	connection->lent = false;
	connection->moved = now(connection);
	return true;
}
