/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv6 (RFC 8415; DNS options RFC 3646) without any input or output of its own. Addresses are
 * those of the client's port in subnets whose mode is dhcpv6-stateful; all of them are given to
 * the first identity association, others get none.
 *
 *	message               server named     answer
 *	SOLICIT               no               ADVERTISE (REPLY upon rapid commit) with addresses,
 *	                                       or with 'none available'
 *	REQUEST, RENEW        us               REPLY with addresses; those that are not the port's
 *	REBIND                no               get lifetime 0
 *	CONFIRM               no               REPLY: on this link or not; - without addresses
 *	RELEASE, DECLINE      us               REPLY: fine (the address is the port's all the same)
 *	INFORMATION-REQUEST   no, us           REPLY without addresses; - with an association
 *	everything else                        -
 */
#ifndef CUMULET_SVC_DHCP6_H
#define CUMULET_SVC_DHCP6_H

#include "netstack/address.h"

#define DHCP6_LEASE_SECONDS 86400
#define DHCP6_MESSAGE_MAX 1200
#define DHCP6_DUID_MAX 130
#define DHCP6_ASSOCIATIONS 4
#define DHCP6_ASKED 8 /* addresses of one association; more are not looked at */

enum dhcp6_type {
	DHCP6_NONE,
	DHCP6_SOLICIT,
	DHCP6_ADVERTISE,
	DHCP6_REQUEST,
	DHCP6_CONFIRM,
	DHCP6_RENEW,
	DHCP6_REBIND,
	DHCP6_REPLY,
	DHCP6_RELEASE,
	DHCP6_DECLINE,
	DHCP6_RECONFIGURE,
	DHCP6_INFORMATION,
};

struct dhcp6_association {
	uint8_t id[4];
	uint8_t asked[DHCP6_ASKED][16];
	size_t asked_count;
};

struct dhcp6_message {
	enum dhcp6_type type;
	uint8_t transaction[3];
	const uint8_t *client, *server; /* identifiers, in the packet; NULL: not given */
	size_t client_size, server_size;
	bool rapid;
	struct dhcp6_association associations[DHCP6_ASSOCIATIONS];
	size_t association_count;
};

/* What a port gets. */
struct dhcp6_binding {
	uint8_t server_mac[MAC_SIZE]; /* its identifier is made of it (DUID-LL) */
	const uint8_t (*addresses)[16];
	size_t address_count;
	struct address links[NET_SUBNETS_MAX]; /* prefixes of the network */
	size_t link_count;
	uint8_t dns[NET_DNS_MAX][16];
	size_t dns_count;
	const char *domain; /* "" for none */
};

/* -EBADMSG for what is no sound message of a client. The packet has to stay. */
int dhcp6_parse(const uint8_t *data, size_t size, struct dhcp6_message *message);
/* DHCP6_ADVERTISE, DHCP6_REPLY or DHCP6_NONE. */
enum dhcp6_type dhcp6_decide(const struct dhcp6_message *message,
			     const struct dhcp6_binding *binding);
/* Returns the answer's size. Options that find no room are left out, the important ones first in. */
size_t dhcp6_build(enum dhcp6_type type, const struct dhcp6_message *message,
		   const struct dhcp6_binding *binding, uint8_t answer[static DHCP6_MESSAGE_MAX]);

#endif
