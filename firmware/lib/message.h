/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the processes: SOCK_SEQPACKET sockets that init hands out in pairs. One
 * packet is one message: a header, then attributes, little-endian. A message may carry up to
 * MESSAGE_FDS_MAX descriptors.
 *
 *	header     u32 length (whole packet), u16 version, u16 type, u32 serial, u32 reply_to
 *	attribute  u16 id, u16 kind, u32 length, then data, padded with zeros to 4 bytes
 *
 * What a message holds is described by a table of fields over a C struct; encoding, decoding
 * and checking are the same code for every message. Decoding trusts nothing: lengths, kinds,
 * required attributes, NUL-termination, counts and nesting depth are checked, unknown
 * attributes are skipped (a newer peer may send them), a duplicate of a non-list attribute is
 * an error.
 */
#ifndef CUMULET_LIB_MESSAGE_H
#define CUMULET_LIB_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/lib/arena.h"
#include "firmware/lib/error.h"
#include "firmware/lib/loop.h"

#define MESSAGE_VERSION 1
#define MESSAGE_MAX (160 * 1024) /* bytes, header included */
#define MESSAGE_FDS_MAX 16
#define MESSAGE_DEPTH_MAX 4

enum field_kind {
	FIELD_U32,    /* uint32_t */
	FIELD_U64,    /* uint64_t */
	FIELD_BOOL,   /* bool */
	FIELD_STRING, /* char[size], NUL-terminated; longer ones are refused */
	FIELD_BYTES,  /* struct message_bytes: points into the arena */
	FIELD_TEXT,   /* const char *: any length, NUL-terminated, in the arena; NULL: absent */
	FIELD_NEST,   /* an embedded struct, described by 'nested' */
	FIELD_LIST,   /* struct message_list of structs, described by 'nested' */
};

struct message_bytes {
	const void *data;
	size_t size;
};

struct message_list {
	void *items; /* array of 'count' structs, in the arena */
	size_t count;
};

struct field {
	uint16_t id; /* from 1, never reused */
	enum field_kind kind;
	bool required;
	size_t offset; /* in the struct */
	size_t size;   /* STRING: the array's size; NEST, LIST: the struct's size */
	size_t most;   /* LIST: most items; BYTES, TEXT: most bytes; 0: no bound but MESSAGE_MAX */
	const struct field *nested; /* ends with id 0 */
};

#define FIELD(id, kind, type, member, required)                                                    \
	{                                                                                          \
		id, kind, required, offsetof(type, member), sizeof(((type *)0)->member), 0, NULL   \
	}
#define FIELD_NESTED(id, type, member, nested, required)                                           \
	{                                                                                          \
		id, FIELD_NEST, required, offsetof(type, member), sizeof(((type *)0)->member), 0,  \
			nested                                                                     \
	}
#define FIELD_LISTED(id, type, member, item_type, nested, most)                                    \
	{                                                                                          \
		id, FIELD_LIST, false, offsetof(type, member), sizeof(item_type), most, nested     \
	}
#define FIELD_END                                                                                  \
	{                                                                                          \
		0                                                                                  \
	}

struct message {
	uint16_t type;
	uint32_t serial;          /* of this message; set by channel_send() */
	uint32_t reply_to;        /* serial of the request that this answers, else 0 */
	int fds[MESSAGE_FDS_MAX]; /* received: owned by the handler's caller, see channel */
	size_t fd_count;
	const void *body; /* the attributes */
	size_t body_size;
};

/* Encodes the struct at 'value' behind each other in 'arena'; sets message->body and body_size.
 * -EMSGSIZE if it does not fit in MESSAGE_MAX. */
int message_encode(struct arena *arena, struct message *message, const struct field *fields,
		   const void *value);
/* Fills the zeroed struct at 'value'. -EBADMSG with the reason on anything out of order. */
int message_decode(struct arena *arena, const struct message *message, const struct field *fields,
		   void *value, struct error *error);
/* Header checks of one received packet; body points into 'packet'. */
int message_parse(const void *packet, size_t size, struct message *message, struct error *error);

/*
 * A channel sends and receives messages on one socket within a loop. Receiving: on_message is
 * called for each; descriptors that it wants to keep it takes with message_take_fd(), the rest
 * are closed afterwards. A packet that can't be parsed closes the channel (logged). on_close is
 * called once, when the peer is gone or the packet was bad; the channel is then closed already.
 * Sending queues up to CHANNEL_QUEUE_MAX bytes; descriptors in message->fds are duplicated, so
 * the caller keeps its own. All of it belongs to the loop's thread.
 */
#define CHANNEL_QUEUE_MAX (8 * 1024 * 1024)

struct channel;

struct channel_handler {
	void (*on_message)(struct channel *channel, struct message *message, void *context);
	void (*on_close)(struct channel *channel, void *context); /* may be NULL */
};

struct channel_packet;

struct channel {
	struct loop_fd handle;
	int fd; /* owned; -1: closed */
	uint32_t serial;
	const struct channel_handler *handler;
	void *context;
	struct channel_packet *queue, **queue_tail;
	size_t queued;
	const char *name; /* for the log; static string */
};

int channel_open(struct channel *channel, struct loop *loop, int fd, const char *name,
		 const struct channel_handler *handler, void *context);
void channel_close(struct channel *channel);
static inline bool channel_is_open(const struct channel *channel)
{
	return channel->fd >= 0;
}
/* Returns the serial (> 0), or a negative errno: -ENOTCONN, -ENOBUFS, -EMSGSIZE. */
int64_t channel_send(struct channel *channel, struct message *message);
/* Encodes and sends; reply_to 0 for none; fd -1 for none. */
int64_t channel_send_struct(struct channel *channel, uint16_t type, uint32_t reply_to,
			    const struct field *fields, const void *value, int fd);
int message_take_fd(struct message *message, size_t index); /* -1 if there is none */

#endif
