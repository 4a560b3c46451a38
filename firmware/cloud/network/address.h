/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which port has which address of a subnet: a key for each taken address, in the order of the
 * addresses, so that the next free one is found by walking the keys.
 */
#ifndef CUMULET_NETWORK_ADDRESS_H
#define CUMULET_NETWORK_ADDRESS_H

#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/resource.h"

#define ADDRESS_PREFIX "/network/address/"

/* Takes 'wanted' (NULL: the lowest free one of the allocation pools) for a port; its text goes to
 * 'text'. -EEXIST when it is taken, -EINVAL when it does not belong to the subnet, -ENOSPC when
 * the pools are used up (without a message). */
int address_take(struct change *change, yyjson_val *subnet, const char *wanted, const char *port_id,
		 char text[static IP_SIZE], struct error *error);
/* The transaction holds only while nobody has the address. */
void address_expect_free(struct change *change, const char *subnet_id, const char *address);
void address_release(struct store_txn *txn, const char *subnet_id, const char *address);

/* Guests of such a subnet make their addresses themselves, of the prefix and their MAC: slaac or
 * dhcpv6-stateless in one of its modes. */
bool subnet_is_auto(yyjson_val *subnet);
/* Neutron's rules for the two modes of a new subnet. */
int subnet_modes_check(yyjson_val *subnet, struct error *error);
/* Takes the address that the MAC stands for in such a subnet. -EEXIST. */
int address_take_auto(struct change *change, yyjson_val *subnet, const char *mac,
		      const char *port_id, char text[static IP_SIZE], struct error *error);

/* Who the addresses are for. */
struct address_holder {
	const char *network_id, *port_id, *owner, *mac;
};

/*
 * Chooses fixed IPs for a port, as Neutron does: for each entry of 'wanted' (subnet or address or
 * both), or, when that is NULL, one of the first IPv4 subnet and one of the first IPv6 subnet
 * with room; and one in each auto-address subnet, unless it is a router's interface. The array of
 * {subnet_id, ip_address} goes to *fixed_ips.
 */
int addresses_choose(struct change *change, const struct address_holder *holder, yyjson_val *wanted,
		     yyjson_mut_val **fixed_ips, struct error *error);
/*
 * The same for a port that has addresses already ('had'): those that are wanted again stay, and
 * those that the MAC stands for; the others are given back.
 */
int addresses_change(struct change *change, const struct address_holder *holder, yyjson_val *had,
		     yyjson_val *wanted, yyjson_mut_val **fixed_ips, struct error *error);
/* Gives back all addresses of a fixed_ips array. */
void addresses_release(struct store_txn *txn, yyjson_val *old);

#endif
