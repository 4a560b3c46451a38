/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * WebSocket (RFC 6455): the handshake, and frames as a server reads and writes them. No sockets here; what a
 * client sends is checked byte by byte: frames are masked, reserved bits are clear, control frames are
 * whole and short, fragments follow their beginning. Messages have no bound, since nothing is kept
 * of them; text is passed on as bytes.
 */
#ifndef CUMULET_HTTP_WEBSOCKET_H
#define CUMULET_HTTP_WEBSOCKET_H

#include "firmware/cloud/http/request.h"

#define WEBSOCKET_CONTROL_MAX 125 /* bytes of a control frame (section 5.5) */
#define WEBSOCKET_HEAD_MAX 10     /* bytes before the payload of a frame of ours */

enum websocket_opcode {
	WEBSOCKET_CONTINUATION = 0,
	WEBSOCKET_TEXT = 1,
	WEBSOCKET_BINARY = 2,
	WEBSOCKET_CLOSE = 8,
	WEBSOCKET_PING = 9,
	WEBSOCKET_PONG = 10,
};

enum websocket_status { WEBSOCKET_NORMAL = 1000, WEBSOCKET_PROTOCOL_ERROR = 1002 };

/* Zeroed, it is at the beginning. */
struct websocket {
	unsigned char head[14]; /* of the frame, as far as it has come */
	size_t head_length;
	bool in_frame;
	uint64_t left; /* payload of the frame that is still to come */
	size_t mask_at;
	bool in_message; /* a fragment was not the last one */
	unsigned char control[WEBSOCKET_CONTROL_MAX];
	size_t control_length;
};

struct websocket_piece {
	enum websocket_opcode opcode; /* of data: BINARY, whatever it came as */
	char *data;                   /* within what was given, or within the struct */
	size_t size;
};

/*
 * Reads from 'data' up to the end of a piece: some payload of a data frame, or a whole control frame.
 * Unmasks in place. Returns the bytes that were used; piece->data is NULL when there is none yet. -EBADMSG:
 * the client breaks the protocol, and there is no going on.
 */
ssize_t websocket_decode(struct websocket *websocket, char *data, size_t size,
			 struct websocket_piece *piece);
/* The beginning of an unmasked, unfragmented frame; the bytes that were written. */
size_t websocket_head(unsigned char head[WEBSOCKET_HEAD_MAX], enum websocket_opcode opcode,
		      uint64_t size);

/*
 * Answers the request with 101, and from then on carries bytes between the client and 'fd', a stream
 * socket, which is taken in every case; the connection ends when either side does, and at once when
 * there are TUNNELS_MAX. Refuses with the handshake's own errors: 400, 403 for pages of other hosts, 426
 * for other versions.
 */
int websocket_accept(struct request *request, int fd, struct error *error);
/* The handshake's refusals alone: nothing need be opened for a request that is none. */
int websocket_check(struct request *request, struct error *error);
/* No connection for this client: nothing but a head, and the end, for it may take whatever follows
 * for frames. */
int websocket_refuse(struct request *request, int status);

#endif
