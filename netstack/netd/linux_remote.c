/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is behind the other boxes' ends, in the kernel's three tables: the tunnel's (which end a MAC
 * is behind; the MAC of zeros stands for everybody), the bridge's (the MAC is behind the tunnel),
 * and the bridge's neighbours (which MAC an address has). Each is compared with what is there; what
 * differs is told in one request.
 */
#include "netstack/netd/linux.h"

#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

enum table { TABLE_TUNNEL, TABLE_BRIDGE, TABLE_NEIGHBOURS };

/* An entry of one of them, as wanted. */
struct entry {
	enum table table;
	uint8_t mac[MAC_SIZE];
	struct address address; /* the end, or the neighbour's own; family 0: none */
	bool there;
};

struct remotes {
	uint32_t tunnel, bridge; /* indices */
	struct entry *entries;
	size_t count;
	struct netlink_request removal;
};

static int entry_compare(const void *a, const void *b)
{
	const struct entry *first = a, *second = b;
	int order = (int)first->table - (int)second->table;

	if (order == 0)
		order = memcmp(first->mac, second->mac, MAC_SIZE);
	if (order == 0)
		order = first->address.family - second->address.family;
	return order != 0 ? order
			  : memcmp(first->address.bytes, second->address.bytes,
				   sizeof(first->address.bytes));
}

/* --- what is to be --- */

static void entry_add(struct remotes *remotes, enum table table, const uint8_t *mac,
		      const struct address *address)
{
	struct entry *entry = &remotes->entries[remotes->count++];

	memset(entry, 0, sizeof(*entry));
	entry->table = table;
	memcpy(entry->mac, mac, MAC_SIZE);
	if (address != NULL)
		entry->address = *address;
}

static void remote_add(struct remotes *remotes, const struct backend_remote *remote)
{
	entry_add(remotes, TABLE_TUNNEL, remote->mac, &remote->peer);
	entry_add(remotes, TABLE_BRIDGE, remote->mac, NULL);
	if (remote->address.family != 0)
		entry_add(remotes, TABLE_NEIGHBOURS, remote->mac, &remote->address);
}

/* In order, each once: a port with two addresses names its MAC twice. */
static void entries_sort(struct remotes *remotes)
{
	size_t kept = 0;

	qsort(remotes->entries, remotes->count, sizeof(*remotes->entries), entry_compare);
	for (size_t i = 0; i < remotes->count; i++)
		if (kept == 0 ||
		    entry_compare(&remotes->entries[i], &remotes->entries[kept - 1]) != 0)
			remotes->entries[kept++] = remotes->entries[i];
	remotes->count = kept;
}

/* --- requests --- */

static uint8_t entry_family(const struct entry *entry)
{
	return entry->table == TABLE_NEIGHBOURS ? (uint8_t)entry->address.family : AF_BRIDGE;
}

/* Everybody has several ends; whatever else has one. */
static uint16_t addition_flags(const struct entry *entry)
{
	static const uint8_t everybody[MAC_SIZE];
	bool flood = entry->table == TABLE_TUNNEL && memcmp(entry->mac, everybody, MAC_SIZE) == 0;

	return NLM_F_CREATE | (flood ? NLM_F_APPEND : NLM_F_REPLACE);
}

static void entry_put(struct netlink_request *request, uint16_t type, const struct remotes *remotes,
		      const struct entry *entry)
{
	static const uint8_t flags[] = { NTF_SELF, NTF_MASTER, 0 };
	static const uint16_t states[] = { NUD_PERMANENT, NUD_NOARP, NUD_PERMANENT };
	struct ndmsg info = {
		.ndm_family = entry_family(entry),
		.ndm_ifindex =
			(int)(entry->table == TABLE_NEIGHBOURS ? remotes->bridge : remotes->tunnel),
		.ndm_state = states[entry->table],
		.ndm_flags = flags[entry->table],
	};

	netlink_begin(request, type, type == RTM_NEWNEIGH ? addition_flags(entry) : 0, &info,
		      sizeof(info));
	netlink_put(request, NDA_LLADDR, entry->mac, MAC_SIZE);
	if (entry->address.family != 0)
		netlink_put(request, NDA_DST, entry->address.bytes, address_size(&entry->address));
}

/* --- what is there --- */

static bool entry_read(const struct nlmsghdr *header, struct entry *entry)
{
	const struct ndmsg *info = NLMSG_DATA(header);
	const struct nlattr *table[NDA_MAX + 1];

	netlink_attributes(header, sizeof(*info), table, NDA_MAX);
	memset(entry, 0, sizeof(*entry));
	if (table[NDA_LLADDR] == NULL || netlink_size(table[NDA_LLADDR]) != MAC_SIZE)
		return false;
	memcpy(entry->mac, netlink_data(table[NDA_LLADDR]), MAC_SIZE);
	entry->table = info->ndm_family != AF_BRIDGE       ? TABLE_NEIGHBOURS
		       : (info->ndm_flags & NTF_SELF) != 0 ? TABLE_TUNNEL
							   : TABLE_BRIDGE;
	if (entry->table == TABLE_BRIDGE || table[NDA_DST] == NULL)
		return true;
	entry->address.family = netlink_size(table[NDA_DST]) == 16 ? AF_INET6 : AF_INET;
	entry->address.prefix = address_size(&entry->address) * 8;
	if (netlink_size(table[NDA_DST]) == address_size(&entry->address))
		memcpy(entry->address.bytes, netlink_data(table[NDA_DST]),
		       address_size(&entry->address));
	return true;
}

/* Of the tables' entries those that stay by themselves are ours: not what was learned, nor the
 * links' own MACs. */
static bool entry_is_ours(const struct ndmsg *info)
{
	if (info->ndm_family == AF_BRIDGE && !(info->ndm_flags & NTF_SELF))
		return info->ndm_state == NUD_NOARP;
	return (info->ndm_state & NUD_PERMANENT) != 0;
}

static void present_compare(const struct nlmsghdr *header, void *context)
{
	struct remotes *remotes = context;
	const struct ndmsg *info = NLMSG_DATA(header);
	struct entry key, *found;
	uint32_t index;

	if (header->nlmsg_type != RTM_NEWNEIGH || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return;
	index = info->ndm_family == AF_BRIDGE ? remotes->tunnel : remotes->bridge;
	if ((uint32_t)info->ndm_ifindex != index || !entry_is_ours(info) ||
	    !entry_read(header, &key))
		return;
	found = bsearch(&key, remotes->entries, remotes->count, sizeof(key), entry_compare);
	if (found != NULL)
		found->there = true;
	else
		entry_put(&remotes->removal, RTM_DELNEIGH, remotes, &key);
}

/* The kernel takes a link's header as the filter of a bridge's table. */
static int tunnel_dump(struct netlink *netlink, struct remotes *remotes, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_BRIDGE, .ifi_index = (int)remotes->tunnel };

	netlink_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &info, sizeof(info));
	return netlink_query(netlink, &request, present_compare, remotes, error);
}

static int neighbours_dump(struct netlink *netlink, struct remotes *remotes, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ndmsg info = { .ndm_family = AF_UNSPEC };

	netlink_begin(&request, RTM_GETNEIGH, NLM_F_DUMP, &info, sizeof(info));
	netlink_put_u32(&request, NDA_IFINDEX, remotes->bridge);
	return netlink_query(netlink, &request, present_compare, remotes, error);
}

/* --- the whole --- */

static int remotes_apply(struct netlink *netlink, struct remotes *remotes, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request addition = NETLINK_REQUEST_INIT;
	int result = tunnel_dump(netlink, remotes, error);

	if (result == 0)
		result = neighbours_dump(netlink, remotes, error);
	/* What moved to another end is removed from the former one first. */
	if (result == 0 && remotes->removal.bytes.length > 0)
		result = netlink_send(netlink, &remotes->removal, error);
	for (size_t i = 0; i < remotes->count; i++)
		if (!remotes->entries[i].there)
			entry_put(&addition, RTM_NEWNEIGH, remotes, &remotes->entries[i]);
	if (result == 0 && addition.bytes.length > 0)
		result = netlink_send(netlink, &addition, error);
	return result;
}

int linux_remotes_set(struct backend *backend, const struct backend_vxlan *vxlan,
		      const struct address *flood, size_t flood_count,
		      const struct backend_remote *list, size_t count, struct error *error)
{
	static const uint8_t everybody[MAC_SIZE];
	struct netlink *netlink = &container_of(backend, struct linux_backend, backend)->route;
	CLEANUP_FREE struct entry *entries = calloc(flood_count + 3 * count + 1, sizeof(*entries));
	struct remotes remotes = { .entries = entries };
	int result = entries == NULL
			     ? error_set(error, -ENOMEM, "no memory")
			     : linux_bridge_index(netlink, vxlan->name, &remotes.tunnel, error);

	if (result == 0)
		result = linux_bridge_index(netlink, vxlan->bridge, &remotes.bridge, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < flood_count; i++)
		entry_add(&remotes, TABLE_TUNNEL, everybody, &flood[i]);
	for (size_t i = 0; i < count; i++)
		remote_add(&remotes, &list[i]);
	entries_sort(&remotes);
	result = remotes_apply(netlink, &remotes, error);
	netlink_free(&remotes.removal);
	if (result < 0)
		error_prefix(error, "what is behind %s", vxlan->name);
	return result;
}
