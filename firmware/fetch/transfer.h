/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One transfer, in a process of its own: it waits, reads and writes one thing after the other, and
 * every wait is bounded. Whoever reads the output may close it: the wait then ends with -EPIPE.
 */
#ifndef CUMULET_FETCH_TRANSFER_H
#define CUMULET_FETCH_TRANSFER_H

#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#include <sys/types.h>

#include "firmware/fetch/dns.h"
#include "firmware/fetch/url.h"
#include "firmware/lib/error.h"

#define TRANSFER_CHUNK (64UL * 1024)

struct transfer {
	const struct fetch_begin *begin;
	int output;         /* the pipe; does not block */
	int authorities_fd; /* certificates of the image, PEM; -1: none */
	int64_t end_ms;     /* of all of it, by the monotonic clock */
	uint16_t dns_port;  /* 53; tests use others */
	uint64_t size;      /* written so far */
};

struct peer {
	int fd;      /* -1: closed */
	bool secure; /* what follows is in use */
	mbedtls_ssl_context ssl;
	mbedtls_ssl_config config;
	mbedtls_x509_crt authorities;
};

/* --- wait.c */
int64_t transfer_now(void); /* ms */
/* Until the descriptor is ready for 'events' of poll(2), 'most_ms' at most: 0, -ETIMEDOUT, -EPIPE. */
int transfer_wait(const struct transfer *transfer, int fd, short events, int64_t most_ms);
/* All of them, at the pace of whoever reads. */
int transfer_write(struct transfer *transfer, const char *data, size_t size, struct error *error);

/* --- resolve.c: the host's addresses, those that it must not have left out, with the port */
int transfer_resolve(const struct transfer *transfer, const struct url *url,
		     struct dns_addresses *addresses, struct error *error);

/* --- peer.c: who it is connected to */
int peer_open(struct peer *peer, const struct transfer *transfer, const struct url *url,
	      struct error *error);
/* 0 at the end; a secure one that ends without saying so was cut off. */
ssize_t peer_read(struct peer *peer, const struct transfer *transfer, void *data, size_t size,
		  struct error *error);
int peer_write(struct peer *peer, const struct transfer *transfer, const char *data, size_t size,
	       struct error *error);
void peer_close(struct peer *peer);

/* --- secure.c: TLS over what is connected */
int peer_secure(struct peer *peer, const struct transfer *transfer, const struct url *url,
		struct error *error);
ssize_t secure_read(struct peer *peer, void *data, size_t size); /* -EAGAIN */
ssize_t secure_write(struct peer *peer, const void *data, size_t size);

/* --- transfer.c: all of it */
int transfer_run(struct transfer *transfer, struct error *error);

#endif
