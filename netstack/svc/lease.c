/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/lease.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CREDIT_MOST 10
#define CREDIT_EVERY_MS 500

struct lease *lease_by_id(const struct lease_table *table, const char *id)
{
	for (size_t i = 0; i < table->count; i++)
		if (strcmp(table->items[i].id, id) == 0)
			return &table->items[i];
	return NULL;
}

static struct lease *lease_add(struct lease_table *table)
{
	if (table->count == LEASES_MAX)
		return NULL;
	if (table->count == table->capacity) {
		size_t capacity = table->capacity > 0 ? table->capacity * 2 : 8;
		struct lease *items = realloc(table->items, capacity * sizeof(*items));

		if (items == NULL)
			return NULL;
		table->items = items;
		table->capacity = capacity;
	}
	return &table->items[table->count++];
}

static void address_take(struct lease *lease, const struct address *address)
{
	if (address->family == AF_INET && lease->address_count < LEASE_ADDRESSES)
		memcpy(&lease->addresses[lease->address_count++], address->bytes, sizeof(uint32_t));
	else if (address->family == AF_INET6 && lease->ipv6_count < LEASE_IPV6)
		memcpy(lease->ipv6[lease->ipv6_count++], address->bytes, sizeof(lease->ipv6[0]));
}

static void addresses_take(struct lease *lease, const struct net_port *port)
{
	const struct net_address *addresses = port->addresses.items;
	struct address address;

	for (size_t i = 0; i < port->addresses.count; i++)
		if (address_parse(addresses[i].address, &address) == 0)
			address_take(lease, &address);
}

int lease_set(struct lease_table *table, const struct net_port *port)
{
	struct lease *lease = lease_by_id(table, port->id), fresh = { .credit = CREDIT_MOST };

	if (mac_parse(port->mac, fresh.mac) < 0)
		return -EINVAL;
	if (lease == NULL)
		lease = lease_add(table);
	if (lease == NULL)
		return -ENOSPC;
	snprintf(fresh.id, sizeof(fresh.id), "%s", port->id);
	snprintf(fresh.hostname, sizeof(fresh.hostname), "%s", port->hostname);
	fresh.is_router = strcmp(port->owner, "network:router_interface") == 0;
	addresses_take(&fresh, port);
	*lease = fresh;
	return 0;
}

void lease_delete(struct lease_table *table, const char *id)
{
	struct lease *lease = lease_by_id(table, id);

	if (lease != NULL)
		*lease = table->items[--table->count];
}

void lease_free(struct lease_table *table)
{
	free(table->items);
	memset(table, 0, sizeof(*table));
}

struct lease *lease_by_mac(const struct lease_table *table, const uint8_t mac[static MAC_SIZE])
{
	for (size_t i = 0; i < table->count; i++)
		if (memcmp(table->items[i].mac, mac, MAC_SIZE) == 0)
			return &table->items[i];
	return NULL;
}

struct lease *lease_by_name(const struct lease_table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->count; i++) {
		const char *hostname = table->items[i].hostname;

		if (length > 0 && strlen(hostname) == length &&
		    strncasecmp(hostname, name, length) == 0)
			return &table->items[i];
	}
	return NULL;
}

struct lease *lease_by_address(const struct lease_table *table, uint32_t address)
{
	for (size_t i = 0; i < table->count; i++)
		for (unsigned j = 0; j < table->items[i].address_count; j++)
			if (table->items[i].addresses[j] == address)
				return &table->items[i];
	return NULL;
}

struct lease *lease_by_ipv6(const struct lease_table *table, const uint8_t address[static 16])
{
	for (size_t i = 0; i < table->count; i++)
		for (unsigned j = 0; j < table->items[i].ipv6_count; j++)
			if (memcmp(table->items[i].ipv6[j], address, 16) == 0)
				return &table->items[i];
	return NULL;
}

bool lease_admit(struct lease *lease, uint64_t now)
{
	uint64_t earned = (now - lease->credit_time) / CREDIT_EVERY_MS;

	if (lease->credit_time == 0 || earned > CREDIT_MOST) {
		earned = CREDIT_MOST;
		lease->credit_time = now;
	} else {
		lease->credit_time += earned * CREDIT_EVERY_MS;
	}
	lease->credit += (uint32_t)earned;
	if (lease->credit > CREDIT_MOST)
		lease->credit = CREDIT_MOST;
	if (lease->credit == 0)
		return false;
	lease->credit--;
	return true;
}
