/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCPv4 (RFC 2131, RFC 2132, classless routes RFC 3442) without any input or output of its own:
 * a message is parsed, decided upon, and an answer is built. Addresses are in network order.
 *
 *	message                               address is the port's   other address   no port
 *	DISCOVER                              OFFER                   OFFER           -
 *	REQUEST, server named, not us         -                       -               -
 *	REQUEST, server named, us (select)    ACK                     NAK             -
 *	REQUEST, address asked (init-reboot)  ACK                     NAK             -
 *	REQUEST, ciaddr (renew, rebind)       ACK                     NAK             -
 *	INFORM                                ACK without a lease     as before       -
 *	DECLINE, RELEASE                      -                       -               -
 *
 * A DECLINE changes nothing: the address is the port's, and no other may use it on this network.
 */
#ifndef CUMULET_SVC_DHCP_H
#define CUMULET_SVC_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "netstack/message.h"

#define DHCP_LEASE_SECONDS 86400
#define DHCP_MESSAGE_MAX 1400 /* bytes that an answer may have (UDP payload) */

enum dhcp_type {
	DHCP_NONE,
	DHCP_DISCOVER,
	DHCP_OFFER,
	DHCP_REQUEST,
	DHCP_DECLINE,
	DHCP_ACK,
	DHCP_NAK,
	DHCP_RELEASE,
	DHCP_INFORM,
};

struct dhcp_message {
	enum dhcp_type type;
	uint32_t xid; /* as it stood in the packet */
	uint16_t flags;
	uint32_t ciaddr, giaddr;
	uint8_t chaddr[16];
	uint32_t requested, server; /* 0: not given */
	uint16_t max_size;          /* of an IP datagram, 576 at least */
	bool wants_all;             /* no list of wanted options */
	uint8_t wanted[32];         /* a bit for each option */
};

struct dhcp_route {
	uint32_t destination, gateway;
	uint8_t prefix;
};

/* What a port gets. */
struct dhcp_binding {
	uint32_t address, mask, router, server; /* router 0: none */
	uint32_t dns[NET_DNS_MAX];
	unsigned dns_count;
	struct dhcp_route routes[NET_ROUTES_MAX + 2]; /* option 121, whole: default included */
	unsigned route_count;
	const char *domain, *hostname; /* "" for none */
	uint16_t mtu;
};

/* -EBADMSG for what is no request of an Ethernet client. */
int dhcp_parse(const uint8_t *data, size_t size, struct dhcp_message *message);
/* DHCP_OFFER, DHCP_ACK, DHCP_NAK or DHCP_NONE; binding NULL: the client has no port. */
enum dhcp_type dhcp_decide(const struct dhcp_message *message, const struct dhcp_binding *binding);
/* Returns the answer's size. Options that find no room are left out, the important ones first in. */
size_t dhcp_build(enum dhcp_type type, const struct dhcp_message *message,
		  const struct dhcp_binding *binding, uint8_t answer[static DHCP_MESSAGE_MAX]);
/* Where an answer goes (RFC 2131, 4.1): 0xffffffff for broadcast. */
uint32_t dhcp_destination(enum dhcp_type type, const struct dhcp_message *message,
			  const struct dhcp_binding *binding);

#endif
