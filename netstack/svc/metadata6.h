/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The metadata service by IPv6: http://[fe80::a9fe:a9fe]/, on every network, as Neutron has it. Segments of
 * TCP for that address are shown to lwIP as if they came by IPv4, from an address of 0.0.1.0/24 that
 * stands for the guest's address and MAC (no guest can have one of those: RFC 1122, 3.2.1.3), and
 * what lwIP answers there goes out as IPv6. So lwIP needs no IPv6, and the service stays one.
 */
#ifndef CUMULET_SVC_METADATA6_H
#define CUMULET_SVC_METADATA6_H

#include <lwip/netif.h>
#include <stdbool.h>
#include <stdint.h>

#include "netstack/address.h"

#define METADATA6_PEERS 64

struct svc;
struct frame6;

/* Who is behind an address of 0.0.1.0/24: the place in the table is its last byte less one. */
struct metadata6_peer {
	uint8_t address[16], mac[MAC_SIZE];
	uint64_t used; /* the table's turn; 0: free */
};

struct metadata6 {
	struct netif netif;
	struct metadata6_peer peers[METADATA6_PEERS];
	uint64_t turn;
};

extern const uint8_t metadata6_address[16]; /* fe80::a9fe:a9fe */

/* The interface comes with the network and goes with it. */
void metadata6_up(struct svc *svc);
void metadata6_down(struct svc *svc);
/* A segment for the address, whose checksum is right, from a unicast address. */
void metadata6_input(struct svc *svc, const struct frame6 *frame);
/* An address of 0.0.1.0/24, under which nobody may come by IPv4. */
bool metadata6_stands_in(uint32_t address);
/* Whom lwIP's address stands for; NULL: it is one of IPv4. */
const struct metadata6_peer *metadata6_peer(const struct svc *svc, uint32_t address);

#endif
