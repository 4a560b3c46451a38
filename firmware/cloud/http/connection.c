/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/connection.h"

#include "firmware/cloud/http/loan.h"
#include "firmware/cloud/http/tunnel.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define STEPS_MAX 16              /* of one pump, then others have a turn: about 128 KiB */
#define LINGER_MAX_MS (30 * 1000) /* of reading what nobody wants */

static uint64_t now(const struct connection *connection)
{
	return loop_now(connection->server->cloud->loop);
}

static void enter(struct connection *connection, enum connection_state state)
{
	connection->state = state;
	connection->since = connection->moved = now(connection);
}

/* --- steps: true when something moved */

static bool step_handshake(struct connection *connection)
{
	int result = transport_handshake(&connection->transport);

	if (result == -EAGAIN)
		return false;
	if (result == 0)
		enter(connection, CONNECTION_HEAD);
	else
		connection->state = CONNECTION_CLOSED;
	return true;
}

static bool step_head(struct connection *connection)
{
	if (connection->in.length && connection_read_head(connection)) {
		enter(connection, CONNECTION_EXCHANGE);
		return true;
	}
	if (!connection_fill(connection))
		return false;
	if (connection->in.length && !connection->scanned)
		connection->since = connection->moved;
	return true;
}

static void drop_exchange(struct connection *connection)
{
	struct exchange *exchange = connection->exchange;

	connection->server->buffered -= connection->accounted;
	connection->accounted = 0;
	connection->exchange = NULL;
	connection->submitted = false;
	free(connection->stage);
	connection->stage = NULL;
	connection->stage_at = connection->stage_length = 0;
	connection->reply_at = 0;
	if (!exchange)
		return;
	exchange->connection = NULL;
	exchange_abandon(exchange);
	exchange_release(exchange);
}

static void next_request(struct connection *connection)
{
	connection->fresh = false;
	connection->scanned = 0;
	if (connection->in.length == 0)
		buffer_free(&connection->in); /* idle connections should cost little */
	enter(connection, CONNECTION_HEAD);
}

void connection_end(struct connection *connection)
{
	tunnel_free(connection->tunnel);
	connection->tunnel = NULL;
	transport_shutdown(&connection->transport);
	enter(connection, CONNECTION_LINGER);
}

/* The reply's descriptor is the connection's from here on. */
static void begin_tunnel(struct connection *connection)
{
	int fd = connection->exchange->reply.fd;

	connection->exchange->reply.fd = -1;
	drop_exchange(connection);
	enter(connection, CONNECTION_TUNNEL);
	if (tunnel_open(connection, fd) < 0)
		connection_end(connection);
}

static void end_exchange(struct connection *connection)
{
	bool close_after = connection->exchange->close_after;

	if (connection->exchange->reply.tunnel) {
		begin_tunnel(connection);
		return;
	}
	drop_exchange(connection);
	if (!close_after && !connection->body_open)
		next_request(connection);
	else
		connection_end(connection);
}

static bool step_exchange(struct connection *connection)
{
	bool moved = false;

	if (connection->body_open)
		moved = connection_read_body(connection);
	if (connection->state == CONNECTION_EXCHANGE && connection_write_reply(connection))
		moved = true;
	if (connection->state == CONNECTION_EXCHANGE && connection_reply_sent(connection)) {
		end_exchange(connection);
		moved = true;
	}
	return moved;
}

static bool step_linger(struct connection *connection)
{
	buffer_consume(&connection->in, connection->in.length);
	return connection_fill(connection);
}

static bool (*const steps[])(struct connection *connection) = {
	[CONNECTION_HANDSHAKE] = step_handshake, [CONNECTION_HEAD] = step_head,
	[CONNECTION_EXCHANGE] = step_exchange,   [CONNECTION_TUNNEL] = tunnel_step,
	[CONNECTION_LINGER] = step_linger,
};

/* --- what is waited for */

static unsigned interest(struct connection *connection)
{
	unsigned events = 0;

	if (connection->state == CONNECTION_HANDSHAKE)
		return connection->transport.want;
	if (connection->state == CONNECTION_TUNNEL)
		return tunnel_interest(connection);
	if (connection->state != CONNECTION_EXCHANGE)
		return LOOP_READ;
	if (connection->stage_length)
		events |= connection->transport.want;
	if (connection->body_open && exchange_body_room(connection->exchange))
		events |= LOOP_READ;
	return events;
}

/* Does the client keep us waiting, and for how long may it? 0: it does not. */
static uint64_t patience_exchange(const struct connection *connection)
{
	const struct server_limits *limits = &connection->server->limits;

	if (connection->stage_length)
		return limits->write;
	/* A stream's silence is noticed by request_read(), which knows whether anybody waits. */
	if (connection->body_open && !connection->submitted)
		return limits->body;
	return 0;
}

static uint64_t deadline(const struct connection *connection)
{
	const struct server_limits *limits = &connection->server->limits;
	uint64_t patience, last;

	switch (connection->state) {
	case CONNECTION_HANDSHAKE:
		return connection->since + limits->handshake;
	case CONNECTION_HEAD:
		if (connection->in.length || connection->fresh)
			return connection->since + limits->head;
		return connection->local ? 0 : connection->since + limits->idle;
	case CONNECTION_EXCHANGE:
		patience = patience_exchange(connection);
		return patience ? connection->moved + patience : 0;
	case CONNECTION_TUNNEL:
		patience = connection->stage_length ? limits->write : limits->idle;
		return connection->moved + patience;
	case CONNECTION_LINGER:
		patience = connection->moved + limits->linger;
		last = connection->since + LINGER_MAX_MS;
		return patience < last ? patience : last;
	case CONNECTION_CLOSED:
		break;
	}
	return 0;
}

static void on_timer(struct loop_timer *timer);

/* The timer runs late rather than being set anew with each byte: it looks again when it is due. */
static void arm(struct connection *connection)
{
	uint64_t due = deadline(connection), present = now(connection);

	loop_fd_change(&connection->handle, interest(connection));
	if (due == 0)
		loop_timer_stop(&connection->timer);
	else if (!connection->timer.running || connection->timer.due > due)
		loop_timer_start(connection->server->cloud->loop, &connection->timer,
				 due > present ? due - present : 0, on_timer);
}

static bool body_is_late(const struct connection *connection)
{
	return connection->state == CONNECTION_EXCHANGE && !connection->stage_length;
}

static bool head_is_late(const struct connection *connection)
{
	return connection->state == CONNECTION_HEAD && connection->in.length;
}

static void on_timer(struct loop_timer *timer)
{
	struct connection *connection = container_of(timer, struct connection, timer);
	uint64_t due = deadline(connection);

	if (due && due <= now(connection)) {
		if (head_is_late(connection) || body_is_late(connection)) {
			connection_refuse(connection, 408, "The request did not arrive in time.");
			enter(connection, CONNECTION_EXCHANGE);
		} else if (connection->state == CONNECTION_TUNNEL) {
			tunnel_silent(connection);
		} else {
			connection->state = CONNECTION_CLOSED;
		}
	}
	connection_pump(connection);
}

static void on_event(struct loop_fd *handle, unsigned events)
{
	(void)events;
	connection_pump(container_of(handle, struct connection, handle));
}

static void on_again(struct loop_task *task)
{
	connection_pump(container_of(task, struct connection, again));
}

void connection_pump(struct connection *connection)
{
	unsigned turns = 0;
	bool moved = true;

	if (connection->lent && !loan_take_back(connection))
		return;
	while (moved && connection->state != CONNECTION_CLOSED && turns++ < STEPS_MAX)
		moved = steps[connection->state](connection);
	if (connection->state == CONNECTION_CLOSED) {
		connection_close(connection);
		return;
	}
	if (loan_give(connection))
		return;
	if (moved)
		loop_task_queue(connection->server->cloud->loop, &connection->again, on_again);
	arm(connection);
}

bool connection_is_idle(const struct connection *connection)
{
	return !connection->lent && connection->state == CONNECTION_HEAD &&
	       !connection->in.length && !connection->fresh && !connection->local;
}

void connection_close(struct connection *connection)
{
	if (connection->lent && !loan_take_back(connection)) {
		exchange_abandon(connection->exchange);
		shutdown(connection->transport.fd, SHUT_RDWR);
		return;
	}
	if (connection->state != CONNECTION_CLOSED && connection->state != CONNECTION_HANDSHAKE)
		transport_shutdown(&connection->transport);
	loop_fd_stop(&connection->handle);
	loop_timer_stop(&connection->timer);
	loop_task_cancel(&connection->again);
	tunnel_free(connection->tunnel);
	drop_exchange(connection);
	transport_close(&connection->transport);
	buffer_free(&connection->in);
	server_connection_gone(connection->server, connection);
	free(connection);
}

int connection_open(struct server *server, int fd, bool local)
{
	struct connection *connection = calloc(1, sizeof(*connection));
	int result;

	if (!connection) {
		close(fd);
		return -ENOMEM;
	}
	connection->server = server;
	connection->local = local;
	connection->fresh = !local;
	connection->in.limit = HEAD_MAX + 1;
	result = transport_open(&connection->transport, fd, local ? NULL : server->tls);
	if (result == 0)
		result = loop_fd_start(server->cloud->loop, &connection->handle, fd, LOOP_READ,
				       on_event);
	if (result < 0) {
		transport_close(&connection->transport);
		free(connection);
		return result;
	}
	connection->next = server->connections;
	if (connection->next)
		connection->next->previous = connection;
	server->connections = connection;
	server->connection_count += !local;
	enter(connection, connection->transport.ssl ? CONNECTION_HANDSHAKE : CONNECTION_HEAD);
	arm(connection);
	return 0;
}
