/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One request and its reply, between the connection that they travel on (loop's thread) and the
 * worker that answers. What both touch at the same time is behind 'lock': two bounded queues,
 * each with back-pressure, and a few flags. All else belongs to one side at a time:
 *
 *	until exchange_start()     the connection (head, route, a buffered JSON body)
 *	until 'done'               the worker (request, reply, arena)
 *	afterwards                 the connection (sends what is left, then drops it)
 *
 * Two references keep it: the connection's and the worker's. A connection that dies sets 'gone';
 * the worker sees -EPIPE at its next read or write and ends.
 */
#ifndef CUMULET_HTTP_EXCHANGE_H
#define CUMULET_HTTP_EXCHANGE_H

#include <pthread.h>
#include <time.h>

#include "firmware/cloud/http/head.h"
#include "firmware/cloud/http/loan.h"
#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/http/service.h"
#include "firmware/lib/buffer.h"

#define EXCHANGE_QUEUE_MAX (256 * 1024)        /* bytes waiting in each direction of a stream */
#define EXCHANGE_BODY_MAX (1024 * 1024)        /* of a JSON body whose route names no other bound */
#define EXCHANGE_MEMORY_MAX (64 * 1024 * 1024) /* of one request's arena */
#define REPLY_HEADERS_MAX 32

struct kick_list;

/* How the length of a reply's body is told. */
enum reply_framing { REPLY_LENGTH, REPLY_CHUNKED, REPLY_UNTIL_CLOSE };

struct reply {
	int status; /* 0: none set */
	struct name_value headers[REPLY_HEADERS_MAX];
	size_t header_count;
	const char *content_type; /* NULL: no body */
	const char *body;         /* in the arena; NULL for files and streams */
	uint64_t length;          /* of body or file */
	int fd;                   /* owned; -1: none */
	uint64_t offset;
	bool streamed; /* by reply_stream_*: its head is on its way already */
	enum reply_framing framing;
	bool tunnel; /* fd is a socket, for the connection after the reply: see websocket.h */
};

struct exchange {
	struct request request;
	struct arena arena;
	struct head head;
	struct reply reply;
	struct job job;
	struct timespec began;
	char id[48];
	char *head_bytes;     /* what 'head' points into; owned */
	bool local;           /* came over the console's own link */
	const char *allow;    /* for a 405: the Allow header */
	struct error refusal; /* code is not 0: answer this at once, read no body */
	uint64_t body_max;    /* bytes */
	bool stream;          /* the route reads its body itself */
	unsigned silence_ms;  /* how long request_read() waits for a byte */

	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned references;
	struct buffer body;      /* in: decoded bytes; the whole JSON body, or a stream's queue */
	uint64_t body_read;      /* bytes that came so far */
	bool body_end;           /* all of it has come */
	int body_error;          /* negative errno: the rest will not come */
	bool body_wanted;        /* 100 Continue has been said, if it was asked for */
	struct buffer out;       /* the reply's head, then the queue of a streamed body */
	bool done;               /* the worker has ended */
	bool gone;               /* the connection has ended */
	bool close_after;        /* no further request on this connection */
	enum loan loan;          /* the worker's to read without the lock while it is LOAN_LENT */
	struct connection *lent; /* the worker's, then */

	struct kick_list *kicks;       /* NULL: no connection (direct.h, tests) */
	struct connection *connection; /* loop's thread only */
	struct exchange *kicked_next;
	bool kicked;
};

struct exchange *exchange_new(struct cloud *cloud, struct kick_list *kicks);
void exchange_release(struct exchange *exchange); /* drops one reference; NULL is fine */
/* Fills the request from a parsed head: path, query, service, version, route. Never fails: what
 * is wrong is in 'refusal'. */
void exchange_prepare(struct exchange *exchange, const struct service *const *list);
/* The worker's part: authenticates, checks, runs the handler, renders and logs. */
void exchange_run(struct exchange *exchange);
/* The job of a worker: runs, then delivers a file at the client's pace, ends. Drops a reference. */
void exchange_job(struct job *job);
/* Only the fault that is in 'refusal'; loop's thread. */
void exchange_refuse(struct exchange *exchange);

/* The connection's side of the queues. */
size_t exchange_body_room(struct exchange *exchange);
int exchange_body_append(struct exchange *exchange, const void *data, size_t size);
/* The body is wanted: says 100 Continue to those who wait for that. Once; either side. */
void exchange_continue(struct exchange *exchange);
void exchange_body_finish(struct exchange *exchange, int error); /* 0: complete */
void exchange_abandon(struct exchange *exchange);                /* the connection has gone */

/* The worker's side. exchange_read() has the connection lent to it when it has to wait for bytes, and
 * returns it at the end; exchange_write() blocks while the queue is full; -EPIPE. */
ssize_t exchange_read(struct exchange *exchange, void *data, size_t size);
int exchange_write(struct exchange *exchange, const void *data, size_t size);
void exchange_kick(struct exchange *exchange);

/* Request id, version and the like: what every reply of a service carries. */
void reply_common_headers(struct exchange *exchange);
/* Appends the head of the reply, with these headers, to 'out'. */
int reply_write_head(struct exchange *exchange);
void reply_reset(struct reply *reply);

/* Exchanges whose worker did something that their connection should see: any thread pushes, the
 * loop pops. Nothing is allocated, so that a wake-up can not get lost. */
struct kick_list {
	pthread_mutex_t lock;
	struct exchange *first;
	int fd; /* eventfd, watched by the loop */
};
int kick_list_open(struct kick_list *kicks);
void kick_list_close(struct kick_list *kicks);
struct exchange *kick_list_take(struct kick_list *kicks); /* one, with a reference; NULL: none */

#endif
