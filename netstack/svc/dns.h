/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS (RFC 1035) as far as a tenant's network needs it: its own names and addresses are answered,
 * the rest is for the box's resolver. Nothing is cached, nothing is followed.
 *
 *	A, AAAA <host>[.<domain>]     its addresses; other types: none (NOERROR)
 *	PTR of a port's address       <host>.<domain>
 *	unknown name in <domain>, unknown address of the network, name of one label: NXDOMAIN
 *	everything else               forwarded when recursion is desired, otherwise REFUSED
 */
#ifndef CUMULET_SVC_DNS_H
#define CUMULET_SVC_DNS_H

#include "netstack/svc/lease.h"

#define DNS_PACKET_MAX 1500
#define DNS_ANSWER_MAX 512

struct dns_zone {
	const struct lease_table *leases;
	const char *domain; /* "" for none */
	const struct address *subnets;
	size_t subnet_count;
};

enum dns_verdict { DNS_DROP, DNS_ANSWER, DNS_FORWARD };

/* DNS_ANSWER: *answer_size bytes are in 'answer'. */
enum dns_verdict dns_query(const struct dns_zone *zone, const uint8_t *packet, size_t size,
			   uint8_t answer[static DNS_ANSWER_MAX], size_t *answer_size);

#endif
