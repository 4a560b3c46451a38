/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that a stranger's URL must not lead to. */
#ifndef CUMULET_FETCH_ADDRESS_H
#define CUMULET_FETCH_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

union fetch_address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

/* A textual address; false when it is none. */
bool fetch_address_parse(const char *text, unsigned port, union fetch_address *address);
socklen_t fetch_address_size(const union fetch_address *address);
/* Loopback, link-local (there is metadata on it), multicast, none at all; IPv4 in the forms that
 * IPv6 has for it, too. */
bool fetch_address_is_near(const union fetch_address *address);
/* The kernel says that it is one of this machine's own. */
bool fetch_address_is_own(const union fetch_address *address);

#endif
