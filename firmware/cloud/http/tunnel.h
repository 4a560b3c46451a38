/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection after its upgrade: bytes between a WebSocket client and a stream socket, on the loop alone. At
 * most TUNNEL_QUEUE_MAX bytes wait in each direction; a side that does not take them is not read from
 * for the other. A client that says nothing is asked by a ping whether it is still there.
 */
#ifndef CUMULET_HTTP_TUNNEL_H
#define CUMULET_HTTP_TUNNEL_H

#include "firmware/cloud/http/connection.h"
#include "firmware/cloud/http/websocket.h"

#define TUNNEL_QUEUE_MAX (64 * 1024)
#define TUNNELS_MAX 32 /* of all connections */

struct tunnel {
	int fd; /* owned */
	struct loop_fd handle;
	struct connection *connection;
	struct websocket websocket;
	struct buffer out;                           /* to the socket */
	unsigned char answer[WEBSOCKET_CONTROL_MAX]; /* of a pong or close that is to be sent */
	size_t answer_size;
	enum websocket_opcode answer_opcode; /* 0: none */
	bool pinged;                         /* and nothing came since */
	bool closing;                        /* the close frame is the last one */
};

/* Takes the descriptor in every case. */
int tunnel_open(struct connection *connection, int fd);
void tunnel_free(struct tunnel *tunnel); /* NULL is fine */
/* True when something moved; closes the connection at the end. */
bool tunnel_step(struct connection *connection);
/* What the connection's socket is watched for, and the other one with it. */
unsigned tunnel_interest(struct connection *connection);
/* Nothing was heard for a while: asks, or closes the second time. */
void tunnel_silent(struct connection *connection);

#endif
