/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule sets as text, made from the model. Cost for a packet does not grow with ports: a port
 * is found by one look-up in a map or set, then only its own groups' rules are walked.
 *
 * Table 'bridge cumulet', in the order in which a frame of a guest meets it:
 *   spoof      (prerouting -300) source MAC, ARP and IP addresses must be the port's own or its
 *              allowed pairs; no DHCP server's, router advertiser's or redirector's messages.
 *   host       (input) no frame of a tenant reaches the box itself.
 *   deliver    (forward -190) unicast goes to the port whose MAC it names, flooded or not.
 *   egress     (forward 0) the sender's security groups
 *   beyond     (forward -195) svc and what is beyond the box (tunnels, NICs) hear nothing of each
 *              other, but for router advertisements
 *   ingress    (forward 10) the receiver's security groups
 * svc is part of the network: what it sends or is sent passes egress and ingress, not spoof.
 *
 * Security groups need connection tracking. Where the bridge family has it, egress and ingress
 * are in the bridge's table, and each link has its network's conntrack zone. Where not, frames of
 * bridges are shown to the inet family (br_netfilter), in which a packet no longer tells the
 * ports it came from and goes to: the bridge's table writes both into its mark (sender << 16 |
 * receiver), and the same chains stand in 'inet cumulet', found by the mark.
 *
 * Table 'inet cumulet' of the box's own space: forward (drop but routers' traffic with the
 * uplink, and what comes to addresses that they have there), input (drop from everything of
 * netd's, VXLAN from others than peers), output (what fetches images gets to the web alone), nat
 * (masquerade routers that have none). In a router's space: see firewall_router.c.
 */
#ifndef CUMULET_NETD_FIREWALL_H
#define CUMULET_NETD_FIREWALL_H

#include <net/if.h>

#include "firmware/lib/buffer.h"
#include "netstack/netd/model.h"

#define TRANSFER_NETWORK "100.127.0.0/16" /* between the box and its routers, see router.h */

struct uplink_external;
struct overlay;
struct physicals;

struct firewall {
	const struct model *model;
	const struct overlay *overlay; /* NULL: none, as in a router's own space */
	const struct physicals *physicals;
	bool bridge_conntrack;
	bool shaping;       /* what ports send too fast waits, which is not the rules' matter */
	const char *uplink; /* name of the link, "" while there is none */
	const struct uplink_external *externals; /* what is passed on to routers */
	size_t external_count;
};

/* Everything of the box's own space; -ENOBUFS. */
int firewall_box(const struct firewall *firewall, struct buffer *text);
/* Ports that have a tap: guests'. */
bool firewall_port_is_guest(const struct net_port *port);
/* A router's own space (firewall_router.c). */
int firewall_router(const struct model *model, const struct router *router, struct buffer *text);

/* firewall_qos.c: limits and marks, in tables of their own; of ports, and of what a router has
 * outside. */
int firewall_qos(const struct model *model, bool shaping, struct buffer *text);
int firewall_router_qos(const struct model *model, struct router *router, struct buffer *text);
/* What holds for a port: its own, or its network's. */
const struct net_qos *port_qos(const struct model *model, const struct net_port *port);
/* The link by which the network reaches the port; false: it has none. */
bool port_link(const struct net_port *port, char name[static IFNAMSIZ]);

/* firewall_addresses.c: sets a4-<id>, a6-<id> of all address groups. */
int firewall_addresses(const struct model *model, struct buffer *text);
/* firewall_group.c: sets of members and the chains ge-<id>, gi-<id> of all groups. */
int firewall_groups(const struct model *model, struct buffer *text);
/* The name of a group's or port's chain or set: prefix and id. */
#define FIREWALL_NAME_SIZE 48
void firewall_name(char name[static FIREWALL_NAME_SIZE], const char *prefix, const char *id);

#endif
