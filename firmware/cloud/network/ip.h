/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes, IPv4 and IPv6, as numbers that can be compared and counted. */
#ifndef CUMULET_NETWORK_IP_H
#define CUMULET_NETWORK_IP_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define IP_SIZE INET6_ADDRSTRLEN
#define IP_CIDR_SIZE (INET6_ADDRSTRLEN + 4)
#define IP_KEY_SIZE 33 /* hexadecimal, ordered like the addresses */

struct ip {
	int version;       /* 4, 6; 0: none */
	uint8_t bytes[16]; /* network order; IPv4 in the last four */
};

struct ip_prefix {
	struct ip base; /* host bits are zero */
	unsigned length;
};

bool ip_parse(const char *text, struct ip *ip);
void ip_format(const struct ip *ip, char text[static IP_SIZE]);
void ip_key(const struct ip *ip, char key[static IP_KEY_SIZE]);
bool ip_from_key(const char *key, int version, struct ip *ip);
/* Canonical form: host bits are cleared; a bare address is a full-length prefix. */
bool ip_prefix_parse(const char *text, struct ip_prefix *prefix);
void ip_prefix_format(const struct ip_prefix *prefix, char text[static IP_CIDR_SIZE]);
bool ip_in(const struct ip *ip, const struct ip_prefix *prefix);
bool ip_prefix_overlap(const struct ip_prefix *one, const struct ip_prefix *other);
int ip_compare(const struct ip *one, const struct ip *other); /* same version */
struct ip ip_add(struct ip ip, int64_t offset);
struct ip ip_last(const struct ip_prefix *prefix); /* all host bits set */
/* The address that an interface with this MAC gives itself in a /64 (RFC 4291, appendix A). */
bool ip_from_mac(const struct ip_prefix *prefix, const char *mac, struct ip *ip);
/* Canonical "aa:bb:cc:dd:ee:ff"; false when it is not a unicast MAC address. */
bool mac_canonical(const char *text, char mac[static 18]);

#endif
