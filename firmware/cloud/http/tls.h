/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS 1.2 and 1.3 (mbedTLS), and plain sockets behind the same four functions. None of it blocks.
 * A transport is one thread's at a time: the loop's, or a worker's who has it on loan (loan.h).
 */
#ifndef CUMULET_HTTP_TLS_H
#define CUMULET_HTTP_TLS_H

#include <mbedtls/ssl.h>
#include <sys/types.h>

#include "firmware/lib/error.h"

struct tls;

/* Key and chain from 'directory' (see certificate.h). One reference is the caller's; sessions hold
 * theirs, so that a new certificate serves new connections and the old ones go on. */
int tls_new(struct tls **tls, const char *directory, struct error *error);
void tls_release(struct tls *tls); /* NULL is fine */

struct transport {
	int fd;                   /* owned; -1: closed */
	struct tls *tls;          /* NULL: plain */
	mbedtls_ssl_context *ssl; /* NULL: plain */
	unsigned want;            /* LOOP_READ or LOOP_WRITE: what the last -EAGAIN waits for */
};

/* Takes the descriptor in every case; 'tls' NULL: plain. */
int transport_open(struct transport *transport, int fd, struct tls *tls);
void transport_close(struct transport *transport);
int transport_handshake(struct transport *transport); /* 0, -EAGAIN, or another errno */
ssize_t transport_read(struct transport *transport, void *data, size_t size); /* 0: the end */
/* After -EAGAIN it must be called again with the same bytes. */
ssize_t transport_write(struct transport *transport, const void *data, size_t size);
/* Says that nothing more will be sent; best effort. */
void transport_shutdown(struct transport *transport);

#endif
