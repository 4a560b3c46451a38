/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One connection. What it does is a state machine that is pumped whenever its socket, its worker or
 * its clock says something; each pump runs the present state's step until nothing moves:
 *
 *	HANDSHAKE  TLS                                          -> HEAD
 *	HEAD       reads until a request's head is there        -> EXCHANGE
 *	EXCHANGE   body to the worker, reply to the client      -> HEAD, TUNNEL or LINGER
 *	TUNNEL     after an upgrade: bytes both ways (tunnel.h)  -> LINGER
 *	LINGER     the reply was sent before the request was read to its end: reads and drops the
 *	           rest for a while, so that the client gets to see the reply (RFC 9112, 9.6)
 *	CLOSED     freed by whoever pumped
 */
#ifndef CUMULET_HTTP_CONNECTION_H
#define CUMULET_HTTP_CONNECTION_H

#include "firmware/cloud/http/chunked.h"
#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/server.h"
#include "firmware/cloud/http/tls.h"
#include "firmware/lib/loop.h"

enum connection_state {
	CONNECTION_HANDSHAKE,
	CONNECTION_HEAD,
	CONNECTION_EXCHANGE,
	CONNECTION_TUNNEL,
	CONNECTION_LINGER,
	CONNECTION_CLOSED,
};

struct connection {
	struct server *server;
	struct connection *next, *previous; /* of the server's list */
	struct transport transport;
	struct loop_fd handle;
	struct loop_timer timer;
	struct loop_task again; /* more to do, but others first */
	enum connection_state state;
	bool local;     /* the console's */
	bool fresh;     /* no request came yet */
	bool lent;      /* to the exchange's worker: see loan.h */
	uint64_t moved; /* when a byte last went either way; loop's ms */
	uint64_t since; /* when the present state (in HEAD: the head's first byte) began */

	struct buffer in; /* received, not yet used */
	size_t scanned;   /* of 'in', for head_length() */
	struct exchange *exchange;
	bool body_open;     /* bytes of the body are still to come */
	bool submitted;     /* the worker has the exchange */
	uint64_t body_left; /* without chunks */
	struct chunked chunked;
	size_t accounted; /* bytes of the server's budget for buffered bodies */

	char *stage; /* what is being written: must not move until it is */
	size_t stage_at, stage_length;
	uint64_t reply_at;     /* of reply.body */
	struct tunnel *tunnel; /* owned; in TUNNEL */
};

/* Takes the descriptor in every case. */
int connection_open(struct server *server, int fd, bool local);
/* One that is lent is only cut off, and stays until it is closed again. */
void connection_close(struct connection *connection);
void connection_pump(struct connection *connection);
/* Nothing more will be sent: lets the client read to the end. */
void connection_end(struct connection *connection);
/* Between two requests, nothing received: may be closed to make room. */
bool connection_is_idle(const struct connection *connection);

/* connection_request.c: from received bytes to a worker. */
bool connection_read_head(struct connection *connection);
bool connection_read_body(struct connection *connection);
/* By what was received: the worker of a connection on loan asks, too. */
bool connection_body_is_complete(const struct connection *connection);
/* Answers with a fault without asking any handler, and reads no further. */
void connection_refuse(struct connection *connection, int status, const char *text);
/* One read from the socket into 'in': how many bytes, 0 at the end, -EAGAIN, another errno. */
ssize_t connection_receive(struct connection *connection);
/* The same. True when something came; closes at the end or an error. */
bool connection_fill(struct connection *connection);

/* connection_reply.c: from the exchange's queue to the client. */
/* Sends of the stage what the socket takes; false when that is nothing. */
bool connection_send_stage(struct connection *connection);
bool connection_write_reply(struct connection *connection);
bool connection_reply_sent(struct connection *connection);

/* server.c */
struct server {
	struct cloud *cloud;
	const struct service *const *services;
	const char *tls_directory;
	struct server_limits limits;
	struct tls *tls;
	struct kick_list kicks;
	struct loop_fd kick_handle;
	struct listener *listeners;
	struct loop_timer accept_again;
	struct connection *connections;
	unsigned connection_count, tunnel_count;
	size_t buffered;
	char fingerprint[CERTIFICATE_FINGERPRINT_SIZE];
	char ca_fingerprint[CERTIFICATE_FINGERPRINT_SIZE];
};
void server_connection_gone(struct server *server, struct connection *connection);

#endif
