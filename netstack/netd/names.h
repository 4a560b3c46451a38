/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of what netd makes. Whatever else is on the machine is not netd's to touch.
 *
 *	cbr<vni>   bridge of a network (cbx<id> for one without a VNI)
 *	cv<vni>    VXLAN link of a network that has peers
 *	cl<id>     VLAN link of a network that has one, on a NIC
 *	ct<id>     tap of a guest's port
 *	cf<id>     ifb in whose queue waits what a port sends, if that is limited
 *	cs<id>     tap of a network's svc
 *	ci<id>     bridge's end of a router's interface; its inner end is in<id>
 *	cu<id>     box's end of a router's way out; its inner end is "up"
 *	cr-<id>    a router's network namespace
 *
 * <id> is as much of the UUID as fits: its first 11 hexadecimal digits.
 */
#ifndef CUMULET_NETD_NAMES_H
#define CUMULET_NETD_NAMES_H

#include <net/if.h>

#include "netstack/netd/model.h"

#define NAME_INNER_UPLINK "up"

/* prefix: "ct", "cs", ... */
void name_link(char name[static IFNAMSIZ], const char *prefix, const char *id);
void name_bridge(char name[static IFNAMSIZ], const struct net_network *network);
void name_tunnel(char name[static IFNAMSIZ], const struct net_network *network);
void name_space(char *name, size_t size, const char *router_id);
bool name_is_ours(const char *link);

#endif
