/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Routers: a namespace each. Inside, one link for each interface, and one ("up") to the box. The
 * two ends of the way out have a pair of addresses (RFC 3021) from TRANSFER_NETWORK, a part of
 * the range that carriers use between themselves and their customers (RFC 6598), so that it
 * meets neither tenants' nor the uplink's addresses. A router whose external network has a bridge is
 * a port of that one instead, with its own addresses, and its default route is the subnet's gateway.
 */
#ifndef CUMULET_NETD_ROUTER_H
#define CUMULET_NETD_ROUTER_H

#include "netstack/netd/backend.h"
#include "netstack/netd/model.h"

/* The addresses of both ends, with prefix; the same after a restart of netd, unless two routers'
 * ids collide and come in another order. */
void router_transfer(const struct model *model, struct router *router, struct address *box_end,
		     struct address *inner_end);
/* Both ends of a way out by IPv6: link-local, the same on each link. */
void router_transfer6(struct address *box_end, struct address *inner_end);
/* IPv6 goes out by the box: its gateway has an IPv6 address on the uplink's network. */
bool router_has_external6(const struct model *model, const struct router *router);
/* Its gateway has an address of its own outside; otherwise it goes out under the box's. */
bool router_has_external(const struct model *model, const struct router *router);
/* Its gateway is on a network with a bridge (a tunnel, a NIC): it is a port there, not of the box. */
bool router_is_bridged(const struct model *model, const struct router *router);
/* All addresses that it has there: the gateway's, and floating ones. */
struct router_externals {
	struct address items[5 + NET_ROUTER_FLOATINGS_MAX + NET_ROUTER_FORWARDS_MAX];
	size_t count; /* leaves room for four more */
};
void router_externals(const struct model *model, const struct router *router,
		      struct router_externals *externals);
/* Interfaces into networks that are not wired yet are left out. */
int router_reconcile(struct backend *backend, const struct model *model, struct router *router,
		     struct error *error);
int router_undo(struct backend *backend, const struct router *router, struct error *error);

#endif
