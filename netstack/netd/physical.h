/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The board's physical networks: names for NICs. A network of type flat has its NIC itself on its
 * bridge, one of type vlan a VLAN link (cl<id>) on the NIC. The uplink's NIC carries the box's own
 * address: VLANs may be on it, its untagged frames stay the box's. "uplink" names what routers get
 * to through the box instead, and has no bridge to a NIC.
 */
#ifndef CUMULET_NETD_PHYSICAL_H
#define CUMULET_NETD_PHYSICAL_H

#include "netstack/netd/backend.h"
#include "netstack/netd/model.h"

struct physicals {
	struct net_physical items[NET_PHYSICALS_MAX];
	size_t count;
	bool stale; /* not told since the link to cloud came */
};

int physicals_set(struct physicals *physicals, const struct net_physicals *message,
		  struct error *error);
/* Forgets them when they are stale; true when there were some. */
bool physicals_sync(struct physicals *physicals);

/* The network is to be bridged to a NIC. */
bool physical_is_meant(const struct net_network *network);
/* What the network's bridge leads to: "", the NIC, or the VLAN link. */
void physical_port(const struct physicals *physicals, const struct net_network *network,
		   char name[static IFNAMSIZ]);
/* The bridge has that port and no other of the board's. -EBUSY: that NIC is the uplink. */
int physical_network_set(const struct physicals *physicals, struct backend *backend,
			 const struct net_network *network, const char *uplink,
			 struct error *error);

#endif
