/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request and its reply, as a handler of a service sees them.
 *
 * Handlers run on worker threads and may block (on the store, on a reply of another process, on
 * the client's body). A handler reads from the request's view of the store, builds one
 * transaction and commits it; when that returns -EAGAIN (a compare did not hold) it returns
 * -EAGAIN, and the dispatcher runs it again from the start with a fresh view, so handlers must
 * have no effect before their commit. All memory of a request comes from its arena.
 *
 * A handler returns 0 after it has set a reply, or a negative errno with 'error' filled, which
 * the dispatcher renders as the service's own fault (see fault.h).
 */
#ifndef CUMULET_HTTP_REQUEST_H
#define CUMULET_HTTP_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <yyjson.h>

#include "firmware/cloud/store/store.h"
#include "firmware/lib/arena.h"
#include "firmware/lib/error.h"

struct cloud;
struct exchange;
struct route;
struct service;

/* Who asks: what a valid token says. Made by identity, used by everybody. */
struct caller {
	const char *user_id, *user_name, *user_domain_id, *user_domain_name;
	const char *project_id, *project_name, *project_domain_id,
		*project_domain_name;        /* NULL: unscoped */
	const char *domain_id, *domain_name; /* domain scope */
	bool system;                         /* system scope 'all' */
	const char *const *roles;            /* names, NULL-terminated, implied ones in */
	bool is_admin;                       /* has the role admin */
	uint64_t expires;                    /* Unix seconds */
	const char *const *methods, *audit_id;
	const char *trust_id; /* through which it acts; NULL: none */
	/* What its application credential may ask for; NULL: no such limits. */
	const struct access_rule *access_rules;
};

/* One request that is allowed; the path may have {name}, * (one segment) and ** (any number). */
struct access_rule {
	const char *service; /* type in the catalog; NULL ends a list */
	const char *method, *path;
};

bool caller_has_role(const struct caller *caller, const char *role);

struct name_value {
	const char *name, *value;
};

struct request {
	struct cloud *cloud;
	struct arena *arena;
	const struct service *service;
	const struct route *route;
	const char *method;
	const char *path;               /* decoded, without the service's prefix, no trailing '/' */
	const char *raw_target;         /* as it came, for links and logs */
	const struct name_value *query; /* decoded, in order; ends with name NULL */
	const struct name_value *params; /* of the route's path, ends with name NULL */
	const char *id;                  /* "req-<uuid>" */
	const char *base_url;            /* "https://<Host header>" */
	const struct caller *caller;     /* NULL on public routes without a token */
	bool local_operator;             /* came over the console's own link */
	unsigned microversion;           /* minor: 2.96 is 96; 0 where the service has none */
	yyjson_val *body;                /* root of a parsed JSON body, NULL if there is none */
	uint64_t content_length;         /* UINT64_MAX: chunked */
	struct reply *reply;
	struct store_view *view;   /* opened on first use by request_view() */
	struct exchange *exchange; /* of the server; not for handlers */
};

/* Value of a request header (any case), NULL if absent. */
const char *request_header(const struct request *request, const char *name);
/* First value of a query parameter, NULL if absent. */
const char *request_query(const struct request *request, const char *name);
/* First value of a field of the body, which came as application/x-www-form-urlencoded (routes without a
 * schema alone); NULL if absent. */
const char *request_form(struct request *request, const char *name);
/* The value of a path parameter; the route names it, so it is never NULL. */
const char *request_param(const struct request *request, const char *name);
/* The snapshot that this try of the request reads from. */
int request_view(struct request *request, struct store_view **view, struct error *error);

/* Reads of a record as a JSON document whose memory is the request's; -ENOENT without a message,
 * so that callers can say it in their service's words. */
int request_get(struct request *request, yyjson_val **value, uint64_t *revision,
		struct error *error, const char *key_format, ...)
	__attribute__((format(printf, 5, 6)));
/* A fresh document for building JSON in the request's arena. */
yyjson_mut_doc *request_document(struct request *request);
/* Serialised into the arena; NULL when out of memory. */
const char *request_write(struct request *request, yyjson_mut_val *value);
/* Commits and drops the view, so that later reads see it. */
int request_commit(struct request *request, struct store_txn *txn, struct error *error);

/* Streamed bodies (routes with ROUTE_STREAM): blocks for at least one byte; 0 at the end; -EPIPE
 * when the client has gone, -ETIMEDOUT when it was silent for too long, -EMSGSIZE over the route's limit. */
ssize_t request_read(struct request *request, void *data, size_t size, struct error *error);

/* --- the reply; the last call wins, nothing is sent before the handler returns 0, except by reply_stream_*. */
int reply_json(struct request *request, int status, yyjson_mut_doc *doc, yyjson_mut_val *root);
int reply_text(struct request *request, int status, const char *content_type, const char *text);
int reply_bytes(struct request *request, int status, const char *content_type, const char *bytes,
		size_t size);
int reply_empty(struct request *request, int status); /* no body, no Content-Type */
void reply_header(struct request *request, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Sends 'length' bytes of the file from 'offset'; takes the descriptor. */
int reply_file(struct request *request, int status, const char *content_type, int fd,
	       uint64_t offset, uint64_t length);
/* A body whose length is not known beforehand: begin sends the head at once (so nothing of it can
 * be changed afterwards), write blocks at the pace of the client; -EPIPE when that has gone. The
 * body ends when the handler returns 0; when it fails, the connection is cut, so that no client takes
 * a part for the whole. For ROUTE_STREAM routes. */
int reply_stream_begin(struct request *request, int status, const char *content_type);
int reply_stream_write(struct request *request, const void *data, size_t size);

#endif
