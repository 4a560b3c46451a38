/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What routers have outside: addresses of their own and floating ones, on the uplink's network. The
 * box answers ARP for them and passes their packets on to the router, which translates them.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/names.h"
#include "netstack/netd/netd.h"
#include "netstack/netd/router.h"

/* Its gateway is to the uplink's network: floating addresses need no more. */
static bool router_is_outside(const struct model *model, const struct router *router)
{
	const struct network *network = model_network(model, router->desired.external_network);

	return !router->object.doomed && router->desired.admin_up && network != NULL &&
	       (strcmp(network->desired.type, "flat") == 0 || router_is_bridged(model, router));
}

bool router_is_bridged(const struct model *model, const struct router *router)
{
	const struct network *network = model_network(model, router->desired.external_network);

	return network != NULL && (strcmp(network->desired.type, "vxlan") == 0 ||
				   physical_is_meant(&network->desired));
}

bool router_has_external(const struct model *model, const struct router *router)
{
	return router->desired.external_address[0] != '\0' && router_is_outside(model, router);
}

bool router_has_external6(const struct model *model, const struct router *router)
{
	return router->desired.external_address6[0] != '\0' && router_is_outside(model, router);
}

static void host_add(struct router_externals *externals, const char *text)
{
	struct address address;

	if (address_parse(text, &address) < 0 || address.family != AF_INET)
		return;
	address.prefix = 32;
	for (size_t i = 0; i < externals->count; i++)
		if (address_equal(&externals->items[i], &address))
			return;
	if (externals->count + 4 == ARRAY_LENGTH(externals->items))
		return;
	externals->items[externals->count++] = address;
}

void router_externals(const struct model *model, const struct router *router,
		      struct router_externals *externals)
{
	const struct net_floating *floatings = router->desired.floatings.items;
	const struct net_forward *forwards = router->desired.forwards.items;

	externals->count = 0;
	if (!router_is_outside(model, router))
		return;
	host_add(externals, router->desired.external_address);
	for (size_t i = 0; i < router->desired.floatings.count; i++)
		host_add(externals, floatings[i].address);
	for (size_t i = 0; i < router->desired.forwards.count; i++)
		host_add(externals, forwards[i].address);
}

/* --- the box's side --- */

struct collection {
	struct uplink_external *items;
	size_t count, capacity;
};

static void collect(struct collection *collection, const struct uplink_external *way,
		    const struct address *address)
{
	if (collection->count == collection->capacity) {
		size_t capacity = 2 * collection->capacity + 16;
		void *items = realloc(collection->items, capacity * sizeof(*collection->items));

		if (items == NULL)
			return;
		collection->items = items;
		collection->capacity = capacity;
	}
	collection->items[collection->count] = *way;
	collection->items[collection->count++].address = *address;
}

/* IPv6 is never translated: the router's own address, and the networks behind it, whose packets the
 * network outside sends to that address or to the box. */
static void networks6_collect(struct collection *collection, struct uplink_external way,
			      const struct net_router *router)
{
	const struct net_router_interface *interfaces = router->interfaces.items;
	struct address network, box_end;

	router_transfer6(&box_end, &way.gateway);
	way.gateway.prefix = 128;
	if (address_parse(router->external_address6, &network) < 0 || network.family != AF_INET6)
		return;
	network.prefix = 128;
	collect(collection, &way, &network);
	for (size_t i = 0; i < router->interfaces.count; i++) {
		if (address_parse(interfaces[i].address, &network) < 0 ||
		    network.family != AF_INET6 || network.bytes[0] == 0xfe)
			continue;
		network = address_network(&network);
		collect(collection, &way, &network);
	}
}

/* Without translation the networks behind the router are found by their own addresses. */
static void networks_collect(struct collection *collection, const struct uplink_external *way,
			     const struct net_router *router)
{
	const struct net_router_interface *interfaces = router->interfaces.items;
	struct address network;

	for (size_t i = 0; !router->snat && i < router->interfaces.count; i++) {
		if (address_parse(interfaces[i].address, &network) < 0 || network.family != AF_INET)
			continue;
		network = address_network(&network);
		collect(collection, way, &network);
	}
}

static void router_collect(struct netd *netd, struct router *router, struct collection *collection)
{
	CLEANUP_FREE struct router_externals *externals = malloc(sizeof(*externals));
	struct uplink_external way;
	struct address box_end;

	if (externals == NULL || !router->object.wired || router_is_bridged(&netd->model, router))
		return;
	memset(&way, 0, sizeof(way)); /* compared as a whole */
	router_externals(&netd->model, router, externals);
	router_transfer(&netd->model, router, &box_end, &way.gateway);
	way.gateway.prefix = 32;
	name_link(way.link, "cu", router->desired.id);
	for (size_t i = 0; i < externals->count; i++)
		if (!uplink_has(&netd->uplink, &externals->items[i]))
			collect(collection, &way, &externals->items[i]);
	if (router_has_external6(&netd->model, router))
		networks6_collect(collection, way, &router->desired);
	if (router_has_external(&netd->model, router))
		networks_collect(collection, &way, &router->desired);
}

void netd_externals_set(struct netd *netd)
{
	struct collection collection = { .items = NULL };

	model_each(&netd->model, OBJECT_ROUTER, object)
		router_collect(netd, (struct router *)object, &collection);
	uplink_externals(&netd->uplink, collection.items, collection.count);
	free(collection.items);
}
