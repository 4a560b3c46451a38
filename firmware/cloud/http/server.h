/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP server: listening sockets, connections and their limits. Everything here belongs to
 * the loop's thread; handlers run on the threads of a pool (pool.h).
 */
#ifndef CUMULET_HTTP_SERVER_H
#define CUMULET_HTTP_SERVER_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/certificate.h"
#include "firmware/cloud/http/service.h"

struct server;

/* Milliseconds, unless said otherwise; 0: the default. */
struct server_limits {
	unsigned connections; /* 128; the console's own is not counted */
	unsigned handshake;   /* 10 s for all of TLS's handshake */
	unsigned head;        /* 10 s for all of a request's head */
	unsigned idle;        /* 75 s between requests */
	unsigned body;        /* 30 s without a byte of a body that is waited for */
	unsigned write;       /* 60 s without a byte of the reply taken */
	unsigned linger;      /* 5 s to read on behind a reply that cut the request short */
	size_t buffered;      /* bytes of JSON bodies under way, all together: 16 MiB; then 503 */
};

struct server_options {
	struct cloud *cloud; /* loop, pool */
	const struct service *const *services;
	const char *tls_directory; /* exists; NULL: no TLS, plain connections only (tests) */
	const struct certificate_names *names; /* known by now, beyond localhost; may be NULL */
	struct server_limits limits;
};

int server_new(struct server **server, const struct server_options *options, struct error *error);
/* Ends in this order: server_stop() cuts all connections, pool_free() waits for the workers, who
 * may still look at the server, server_free(). */
void server_stop(struct server *server);
void server_free(struct server *server); /* NULL is fine */

/* Listens on all addresses, IPv6 and IPv4; port 0: any. Returns the port, or a negative errno. */
int server_listen(struct server *server, unsigned port, struct error *error);
/* Takes a listening socket that was made elsewhere. */
int server_listen_fd(struct server *server, int fd);
/* Takes a connected stream socket without TLS, whose requests act as the local operator. */
int server_attach_local(struct server *server, int fd);

/* Names and addresses under which the box is reached: the certificate follows them. */
int server_names(struct server *server, const struct certificate_names *names, struct error *error);
/* Of the certificate that is served now; "" without TLS. */
const char *server_fingerprint(const struct server *server);
const char *server_ca_fingerprint(const struct server *server);
unsigned server_connections(const struct server *server);

#endif
