/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What svc knows of its network: the ports that cloud made, which are its leases, and the
 * subnets. Nothing is ever learned from a guest. Addresses are in network order here.
 */
#ifndef CUMULET_SVC_LEASE_H
#define CUMULET_SVC_LEASE_H

#include "netstack/address.h"

#define LEASE_ADDRESSES 4
#define LEASE_IPV6 8    /* a router has one for each prefix */
#define LEASES_MAX 4096 /* ports of a network that svc serves; more are logged and left out */

struct lease {
	char id[UUID_SIZE]; /* of the port */
	char hostname[64];  /* "" for none */
	uint8_t mac[MAC_SIZE];
	uint8_t address_count;
	uint32_t addresses[LEASE_ADDRESSES];
	uint8_t ipv6_count;
	uint8_t ipv6[LEASE_IPV6][16];
	bool is_router;       /* a router's interface */
	uint32_t credit;      /* DHCP messages that may be answered now, see lease_admit() */
	uint64_t credit_time; /* ms */
};

struct lease_table {
	struct lease *items;
	size_t count, capacity;
};

/* Replaces the port's entry. -ENOSPC, -ENOMEM, -EINVAL. */
int lease_set(struct lease_table *table, const struct net_port *port);
void lease_delete(struct lease_table *table, const char *id);
void lease_free(struct lease_table *table);

struct lease *lease_by_id(const struct lease_table *table, const char *id);
struct lease *lease_by_mac(const struct lease_table *table, const uint8_t mac[static MAC_SIZE]);
struct lease *lease_by_name(const struct lease_table *table, const char *name, size_t length);
struct lease *lease_by_address(const struct lease_table *table, uint32_t address);
struct lease *lease_by_ipv6(const struct lease_table *table, const uint8_t address[static 16]);

/* A bucket for each port: ten messages at once, then two a second. */
bool lease_admit(struct lease *lease, uint64_t now);

#endif
