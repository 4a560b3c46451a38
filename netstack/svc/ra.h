/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Router advertisements (RFC 4861, RFC 8106) without any input or output of their own. svc speaks
 * for the network's routers, which are kernels without a daemon; where a subnet has no router it
 * tells the prefix alone (lifetime 0: no way out).
 */
#ifndef CUMULET_SVC_RA_H
#define CUMULET_SVC_RA_H

#include "netstack/address.h"

#define RA_MESSAGE_MAX 1200
#define RA_PREFIX_SECONDS 86400
#define RA_ROUTER_SECONDS 1800 /* three times the longest pause between two advertisements */

struct ra_prefix {
	uint8_t base[16];
	uint8_t length;
	bool autonomous; /* guests make addresses of it */
};

struct ra {
	const uint8_t *mac; /* of the router, or of svc where there is none */
	uint16_t lifetime;  /* seconds; 0: no router */
	bool managed;       /* addresses by DHCPv6 */
	bool other;         /* the rest by DHCPv6 */
	uint32_t mtu;       /* 0: not told */
	struct ra_prefix prefixes[NET_SUBNETS_MAX];
	size_t prefix_count;
	uint8_t dns[NET_DNS_MAX][16];
	size_t dns_count;
	const char *domain; /* "" for none */
};

/* A sound router solicitation (RFC 4861, 6.1.1)? unspecified: its sender has no address yet. */
bool ra_solicited(const uint8_t *message, size_t size, uint8_t hops, bool unspecified);
/* Writes the message with a checksum of 0; what finds no room is left out. Returns its size. */
size_t ra_build(const struct ra *ra, uint8_t message[static RA_MESSAGE_MAX]);

#endif
