/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

#define STAGE_SIZE (16 * 1024) /* a TLS record */

/* --- to the client */

static bool stage_ready(struct connection *connection)
{
	if (!connection->stage)
		connection->stage = malloc(STAGE_SIZE);
	if (!connection->stage)
		connection->state = CONNECTION_CLOSED;
	return connection->stage;
}

/* The payload stands behind the place of the longest head: both are moved together. */
static void stage_frame(struct connection *connection, enum websocket_opcode opcode,
			const char *payload, size_t size)
{
	unsigned char head[WEBSOCKET_HEAD_MAX];
	size_t length = websocket_head(head, opcode, size);

	memmove(connection->stage + length, payload, size);
	memcpy(connection->stage, head, length);
	connection->stage_at = 0;
	connection->stage_length = length + size;
}

static void answer_set(struct tunnel *tunnel, enum websocket_opcode opcode, const void *data,
		       size_t size)
{
	if (tunnel->closing)
		return;
	memcpy(tunnel->answer, data, size);
	tunnel->answer_size = size;
	tunnel->answer_opcode = opcode;
	tunnel->closing = opcode == WEBSOCKET_CLOSE;
}

static void close_with(struct tunnel *tunnel, enum websocket_status status)
{
	unsigned char code[2] = { (unsigned char)(status >> 8), (unsigned char)status };

	answer_set(tunnel, WEBSOCKET_CLOSE, code, sizeof(code));
}

static bool stage_answer(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;

	if (!tunnel->answer_opcode || !stage_ready(connection))
		return false;
	stage_frame(connection, tunnel->answer_opcode, (char *)tunnel->answer, tunnel->answer_size);
	tunnel->answer_opcode = 0;
	return true;
}

static bool stage_data(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;
	char *payload;
	ssize_t got;

	if (tunnel->closing || !stage_ready(connection))
		return false;
	payload = connection->stage + WEBSOCKET_HEAD_MAX;
	got = read(tunnel->fd, payload, STAGE_SIZE - WEBSOCKET_HEAD_MAX);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	if (got <= 0)
		close_with(tunnel, WEBSOCKET_NORMAL);
	else
		stage_frame(connection, WEBSOCKET_BINARY, payload, (size_t)got);
	return true;
}

static bool to_client(struct connection *connection)
{
	if (connection->stage_length)
		return connection_send_stage(connection);
	if (stage_answer(connection))
		return true;
	if (connection->tunnel->closing) {
		connection_end(connection); /* all is said */
		return true;
	}
	return stage_data(connection);
}

/* --- from the client */

static void piece_take(struct tunnel *tunnel, const struct websocket_piece *piece)
{
	switch (piece->opcode) {
	case WEBSOCKET_PING:
		answer_set(tunnel, WEBSOCKET_PONG, piece->data, piece->size);
		break;
	case WEBSOCKET_CLOSE:
		answer_set(tunnel, WEBSOCKET_CLOSE, piece->data, piece->size < 2 ? 0 : 2);
		break;
	case WEBSOCKET_BINARY:
		if (buffer_append(&tunnel->out, piece->data, piece->size) < 0)
			close_with(tunnel, WEBSOCKET_PROTOCOL_ERROR);
		break;
	default:
		break;
	}
}

/* A frame's payload never exceeds what was received, and that fits: see from_client(). */
static bool decode(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;
	struct websocket_piece piece;
	ssize_t used = websocket_decode(&tunnel->websocket, buffer_head(&connection->in),
					connection->in.length, &piece);

	if (used < 0) {
		close_with(tunnel, WEBSOCKET_PROTOCOL_ERROR);
		return true;
	}
	if (piece.data)
		piece_take(tunnel, &piece);
	buffer_consume(&connection->in, (size_t)used);
	return true;
}

static bool from_client(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;

	if (tunnel->closing || tunnel->out.length >= TUNNEL_QUEUE_MAX)
		return false;
	if (connection->in.length)
		return decode(connection);
	if (!connection_fill(connection))
		return false;
	tunnel->pinged = false;
	return true;
}

static bool to_socket(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;
	ssize_t moved;

	if (!tunnel->out.length)
		return false;
	moved = buffer_write_fd(&tunnel->out, tunnel->fd);
	if (moved == -EAGAIN || moved == -EINTR)
		return false;
	if (moved < 0) {
		buffer_consume(&tunnel->out, tunnel->out.length);
		close_with(tunnel, WEBSOCKET_NORMAL);
	}
	return true;
}

/* --- all of it */

bool tunnel_step(struct connection *connection)
{
	static bool (*const directions[])(struct connection * connection) = {
		from_client,
		to_socket,
		to_client,
	};
	bool moved = false;

	for (size_t i = 0; i < ARRAY_LENGTH(directions); i++)
		if (connection->state == CONNECTION_TUNNEL && directions[i](connection))
			moved = true;
	return moved;
}

unsigned tunnel_interest(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;
	unsigned events = connection->stage_length ? connection->transport.want : 0;
	unsigned other = tunnel->out.length ? LOOP_WRITE : 0;

	if (!connection->stage_length && !tunnel->closing)
		other |= LOOP_READ;
	loop_fd_change(&tunnel->handle, other);
	if (!tunnel->closing && tunnel->out.length < TUNNEL_QUEUE_MAX)
		events |= LOOP_READ;
	return events;
}

void tunnel_silent(struct connection *connection)
{
	struct tunnel *tunnel = connection->tunnel;

	if (tunnel->pinged || tunnel->closing || connection->stage_length) {
		connection->state = CONNECTION_CLOSED;
		return;
	}
	tunnel->pinged = true;
	answer_set(tunnel, WEBSOCKET_PING, "", 0);
	connection->moved = loop_now(connection->server->cloud->loop);
}

static void on_socket(struct loop_fd *handle, unsigned events)
{
	(void)events;
	connection_pump(container_of(handle, struct tunnel, handle)->connection);
}

int tunnel_open(struct connection *connection, int fd)
{
	struct tunnel *tunnel = calloc(1, sizeof(*tunnel));
	int result = tunnel ? 0 : -ENOMEM;

	if (connection->server->tunnel_count >= TUNNELS_MAX)
		result = -EBUSY;
	if (result == 0)
		result = loop_fd_start(connection->server->cloud->loop, &tunnel->handle, fd,
				       LOOP_READ, on_socket);
	if (result < 0) {
		free(tunnel);
		close(fd);
		return result;
	}
	tunnel->fd = fd;
	tunnel->connection = connection;
	tunnel->out.limit = TUNNEL_QUEUE_MAX + connection->in.limit;
	connection->tunnel = tunnel;
	connection->server->tunnel_count++;
	return 0;
}

void tunnel_free(struct tunnel *tunnel)
{
	if (!tunnel)
		return;
	tunnel->connection->server->tunnel_count--;
	loop_fd_stop(&tunnel->handle);
	close(tunnel->fd);
	buffer_free(&tunnel->out);
	free(tunnel);
}
