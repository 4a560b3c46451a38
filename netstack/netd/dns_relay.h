/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Queries of tenants that svc can't answer itself go to the uplink's resolver. A query is opaque but
 * for its first two bytes, the id, which is replaced: each has a random id and a socket of its own,
 * so a port that the kernel chose at random (RFC 5452). Bounded in flight; unanswered ones are
 * forgotten after five seconds, and the tenant asks again.
 */
#ifndef CUMULET_NETD_DNS_RELAY_H
#define CUMULET_NETD_DNS_RELAY_H

#include "firmware/lib/loop.h"
#include "netstack/address.h"

#define DNS_RELAY_MOST 64
#define DNS_RELAY_TIMEOUT_MS 5000
#define DNS_PACKET_MAX 1500

struct dns_relay;

struct dns_query {
	struct dns_relay *relay;
	struct loop_fd handle;
	struct loop_timer timer;
	int fd;              /* -1: free */
	uint16_t id, own_id; /* as they stand in the packet: the tenant's, and the one sent */
	uint32_t token;      /* svc's */
	uint32_t svc_serial; /* which svc process asked */
};

struct dns_relay {
	struct loop *loop;
	/* Called with the answer, the tenant's id put back. */
	void (*answer)(struct dns_relay *relay, uint32_t svc_serial, const struct svc_dns *answer);
	struct address resolver; /* family 0: none */
	uint16_t port;           /* 53; tests use others */
	struct dns_query queries[DNS_RELAY_MOST];
};

void dns_relay_init(struct dns_relay *relay, struct loop *loop,
		    void (*answer)(struct dns_relay *, uint32_t, const struct svc_dns *));
/* "" for none: queries are then dropped. */
void dns_relay_resolver(struct dns_relay *relay, const char *address);
/* Drops what is too short, too much or can't be sent: a resolver may lose packets. */
void dns_relay_query(struct dns_relay *relay, uint32_t svc_serial, const struct svc_dns *query);
void dns_relay_free(struct dns_relay *relay);

#endif
