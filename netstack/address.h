/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as netd and svc compute with them; texts are those of the messages. */
#ifndef CUMULET_NETSTACK_ADDRESS_H
#define CUMULET_NETSTACK_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "netstack/message.h"

#define MAC_SIZE 6

struct address {
	int family;        /* AF_INET, AF_INET6 */
	unsigned prefix;   /* bits; all of them when the text had none */
	uint8_t bytes[16]; /* network order; IPv4 in the first four */
};

/* "address" or "address/prefix"; -EINVAL for anything else. */
int address_parse(const char *text, struct address *address);
/* With the prefix when it is shorter than the address. */
void address_format(const struct address *address, char text[static CIDR_SIZE]);
/* The network that the address lies in: the bits behind the prefix are zero. */
struct address address_network(const struct address *address);
bool address_contains(const struct address *network, const struct address *address);
bool address_equal(const struct address *a, const struct address *b); /* prefix included */
static inline unsigned address_size(const struct address *address)
{
	return address->family == AF_INET6 ? 16 : 4;
}
static inline bool address_is_host(const struct address *address)
{
	return address->prefix == address_size(address) * 8;
}

/* "02:00:00:aa:bb:cc", either case; -EINVAL. */
int mac_parse(const char *text, uint8_t mac[static MAC_SIZE]);
void mac_format(const uint8_t mac[static MAC_SIZE], char text[static 18]);
/* The link-local address that a MAC stands for (RFC 4291, appendix A). */
struct address address_from_mac(const uint8_t mac[static MAC_SIZE]);

#endif
