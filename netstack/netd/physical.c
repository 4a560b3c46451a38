/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/physical.h"

#include <stdio.h>
#include <string.h>

#include "netstack/netd/names.h"

#define STRANGERS_MAX 8

/* --- what is told --- */

static bool is_sound(const struct net_physical *item)
{
	return item->name[0] != '\0' && item->link[0] != '\0' &&
	       strspn(item->link,
		      "abcdefghijklmnopqrstuvwxyz"
		      "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(item->link) &&
	       !name_is_ours(item->link);
}

int physicals_set(struct physicals *physicals, const struct net_physicals *message,
		  struct error *error)
{
	const struct net_physical *items = message->physicals.items;
	struct physicals next = { .count = 0 };

	for (size_t i = 0; i < message->physicals.count && i < NET_PHYSICALS_MAX; i++) {
		if (!is_sound(&items[i]))
			return error_set(error, -EINVAL, "physical network %zu is not sound", i);
		next.items[next.count++] = items[i];
	}
	*physicals = next;
	return 0;
}

bool physicals_sync(struct physicals *physicals)
{
	bool any = physicals->stale && physicals->count > 0;

	if (physicals->stale)
		physicals->count = 0;
	physicals->stale = false;
	return any;
}

/* --- networks --- */

static bool is_vlan(const struct net_network *network)
{
	return strcmp(network->type, "vlan") == 0;
}

bool physical_is_meant(const struct net_network *network)
{
	return is_vlan(network) ||
	       (strcmp(network->type, "flat") == 0 && network->physical[0] != '\0' &&
		strcmp(network->physical, "uplink") != 0);
}

static const char *nic_of(const struct physicals *physicals, const struct net_network *network)
{
	for (size_t i = 0; physical_is_meant(network) && i < physicals->count; i++)
		if (strcmp(physicals->items[i].name, network->physical) == 0)
			return physicals->items[i].link;
	return "";
}

void physical_port(const struct physicals *physicals, const struct net_network *network,
		   char name[static IFNAMSIZ])
{
	const char *nic = nic_of(physicals, network);

	if (*nic != '\0' && is_vlan(network))
		name_link(name, "cl", network->id);
	else
		snprintf(name, IFNAMSIZ, "%.15s", nic);
}

/* The board's links on the bridge that are not wanted there. */
struct strangers {
	uint32_t bridge;
	const char *bridge_name, *wanted;
	char names[STRANGERS_MAX][IFNAMSIZ];
	size_t count;
};

static void bridge_find(const struct backend_link *link, void *context)
{
	struct strangers *strangers = context;

	if (strcmp(link->name, strangers->bridge_name) == 0)
		strangers->bridge = link->index;
}

static void stranger_find(const struct backend_link *link, void *context)
{
	struct strangers *strangers = context;

	if (link->master != strangers->bridge || name_is_ours(link->name) ||
	    strcmp(link->name, strangers->wanted) == 0 || strangers->count == STRANGERS_MAX)
		return;
	snprintf(strangers->names[strangers->count++], IFNAMSIZ, "%s", link->name);
}

static int strangers_release(struct backend *backend, const char *bridge, const char *wanted,
			     struct error *error)
{
	struct strangers strangers = { .bridge_name = bridge, .wanted = wanted };
	int result = backend->ops->links(backend, "", bridge_find, &strangers, error);

	if (result == 0 && strangers.bridge != 0)
		result = backend->ops->links(backend, "", stranger_find, &strangers, error);
	for (size_t i = 0; result == 0 && i < strangers.count; i++)
		result = backend->ops->nic_set(backend, strangers.names[i], "", error);
	return result;
}

static int vlan_set(struct backend *backend, const struct net_network *network, const char *nic,
		    struct error *error)
{
	struct backend_vlan vlan = { .number = (uint16_t)network->vlan, .mtu = network->mtu };

	name_link(vlan.name, "cl", network->id);
	name_bridge(vlan.bridge, network);
	if (*nic == '\0') {
		backend->ops->link_delete(backend, vlan.name, NULL);
		return error_set(error, -ENODEV, "no such physical network");
	}
	snprintf(vlan.parent, sizeof(vlan.parent), "%.15s", nic);
	return backend->ops->vlan_set(backend, &vlan, error);
}

int physical_network_set(const struct physicals *physicals, struct backend *backend,
			 const struct net_network *network, const char *uplink, struct error *error)
{
	const char *nic = nic_of(physicals, network);
	char bridge[IFNAMSIZ];
	bool is_port;
	int result;

	if (!physical_is_meant(network))
		return 0;
	is_port = !is_vlan(network) && strcmp(nic, uplink) != 0;
	name_bridge(bridge, network);
	result = strangers_release(backend, bridge, is_port ? nic : "", error);
	if (result < 0)
		return result;
	if (is_vlan(network))
		return vlan_set(backend, network, nic, error);
	if (*nic != '\0' && !is_port)
		return error_set(error, -EBUSY, "%s is the uplink: only VLANs are bridged to it",
				 nic);
	return *nic != '\0' ? backend->ops->nic_set(backend, nic, bridge, error)
			    : error_set(error, -ENODEV, "no such physical network");
}
