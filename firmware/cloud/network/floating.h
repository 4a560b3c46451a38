/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating IPs: what ports, routers and port forwardings need of them. */
#ifndef CUMULET_NETWORK_FLOATING_H
#define CUMULET_NETWORK_FLOATING_H

#include "firmware/cloud/network/resource.h"

/*
 * A router that joins the subnet with the external network; of several the one that is the
 * subnet's gateway. The transaction depends on it. -ENOENT without a message when there is none.
 */
int floating_router(struct change *change, yyjson_val *port, const char *subnet_id,
		    const char *external_id, yyjson_val **router, struct error *error);
/* What goes with a port: its floating IPs are disassociated, its port forwardings deleted. */
int floating_port_gone(struct change *change, yyjson_val *port, struct error *error);
/* The same for the addresses that a port had and has no more. */
int floating_addresses_gone(struct change *change, yyjson_val *old, yyjson_mut_val *fixed_ips,
			    struct error *error);
/* 409 while a floating IP of the router needs this subnet, or its gateway (subnet NULL). */
int floating_refuse_router(struct change *change, const char *router_id, yyjson_val *subnet,
			   const char *network_id, struct error *error);
/* Deletes the floating IPs of an external network that goes; 409 when one of them is in use. */
int floating_network_gone(struct change *change, const char *network_id, struct error *error);
/* A floating IP that comes at the same time keeps its network from going. */
void floating_mark_network(struct change *change, yyjson_mut_val *floating);
void floating_unmark_network(struct change *change, yyjson_val *floating);
/* "Unable to complete operation on network ...": networks.c */
int network_in_use(const char *id, struct error *error);

/* Port forwardings of a floating IP, in their short form. */
int forwards_of(struct store_view *view, struct arena *arena, const char *floating_id,
		struct network_ports *list, struct error *error);
yyjson_mut_val *forward_summary(yyjson_mut_doc *doc, yyjson_val *record);
/* Deletes a forwarding; the last one of a floating IP frees it from its router. */
int forward_drop(struct change *change, yyjson_val *forward, struct error *error);

#endif
