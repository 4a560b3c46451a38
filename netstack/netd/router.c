/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/router.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/firewall.h"
#include "netstack/netd/names.h"

#define TRANSFER_PAIRS 32768
#define UPLINK_MTU 1500
#define METADATA_ADDRESS "169.254.169.254/32"
#define ROUTES_MOST (NET_ROUTES_MAX + NET_ROUTER_INTERFACES_MAX + 2)

/* --- the way out --- */

static uint32_t id_hash(const char *id)
{
	uint32_t hash = 2166136261U; /* FNV-1a */

	for (; *id != '\0'; id++)
		hash = (hash ^ (uint8_t)*id) * 16777619U;
	return hash % TRANSFER_PAIRS;
}

static bool pair_is_taken(const struct model *model, const struct router *router, uint32_t pair)
{
	model_each(model, OBJECT_ROUTER, object)
	{
		const struct router *other = (const struct router *)object;

		if (other != router && other->transfer == pair + 1)
			return true;
	}
	return false;
}

void router_transfer(const struct model *model, struct router *router, struct address *box_end,
		     struct address *inner_end)
{
	uint32_t pair = router->transfer > 0 ? router->transfer - 1 : id_hash(router->desired.id);
	struct address address = { .family = AF_INET, .prefix = 31, .bytes = { 100, 127 } };

	while (pair_is_taken(model, router, pair))
		pair = (pair + 1) % TRANSFER_PAIRS;
	router->transfer = pair + 1;
	address.bytes[2] = (uint8_t)(pair * 2 >> 8);
	address.bytes[3] = (uint8_t)(pair * 2);
	*box_end = address;
	address.bytes[3] |= 1;
	*inner_end = address;
}

void router_transfer6(struct address *box_end, struct address *inner_end)
{
	*box_end = (struct address){ .family = AF_INET6, .prefix = 64, .bytes = { 0xfe, 0x80 } };
	box_end->bytes[15] = 1;
	*inner_end = *box_end;
	inner_end->bytes[15] = 2;
}

static bool has_uplink(const struct router *router)
{
	return router->desired.external_network[0] != '\0' && router->desired.admin_up;
}

/* The way out of a router whose external network has a bridge. */
static int bridged_set(struct backend *backend, const struct model *model,
		       const struct router *router, const char *space, struct error *error)
{
	const struct network *network = model_network(model, router->desired.external_network);
	struct backend_veth veth = { .mtu = network->desired.mtu, .inner = NAME_INNER_UPLINK };
	CLEANUP_FREE struct router_externals *externals = malloc(sizeof(*externals));
	struct address own;
	int result;

	if (externals == NULL)
		return error_set(error, -ENOMEM, "no memory");
	router_externals(model, router, externals);
	/* The first one is the gateway's: with it goes the way to its subnet. */
	if (externals->count > 0 && address_parse(router->desired.external_address, &own) == 0)
		externals->items[0] = own;
	if (address_parse(router->desired.external_address6, &own) == 0)
		externals->items[externals->count++] = own;
	snprintf(veth.space, sizeof(veth.space), "%s", space);
	snprintf(veth.mac, sizeof(veth.mac), "%s", router->desired.external_mac);
	name_link(veth.name, "cu", router->desired.id);
	name_bridge(veth.bridge, &network->desired);
	result = backend->ops->veth_set(backend, &veth, error);
	if (result == 0)
		result = backend->ops->addresses_set(backend, "", veth.name, NULL, 0, error);
	if (result == 0)
		result = backend->ops->addresses_set(backend, space, veth.inner, externals->items,
						     externals->count, error);
	return result < 0 ? result
			  : backend->ops->announce(backend, space, veth.inner, externals->items,
						   externals->count, error);
}

/* Behind the IPv4 ones, where IPv6 goes out: the end of the link, and the router's own address. */
static size_t inner6_add(const struct model *model, const struct router *router,
			 struct address *list)
{
	struct address box_end;

	if (!router_has_external6(model, router) ||
	    address_parse(router->desired.external_address6, &list[1]) < 0)
		return 0;
	router_transfer6(&box_end, &list[0]);
	list[1].prefix = 128;
	return 2;
}

static int routed_set(struct backend *backend, const struct model *model, struct router *router,
		      const char *space, struct error *error)
{
	struct backend_veth veth = { .mtu = UPLINK_MTU, .inner = NAME_INNER_UPLINK };
	CLEANUP_FREE struct router_externals *externals = malloc(sizeof(*externals));
	struct address box_ends[2], inner_end;
	size_t six;
	int result;

	if (externals == NULL)
		return error_set(error, -ENOMEM, "no memory");
	router_transfer(model, router, &box_ends[0], &inner_end);
	router_externals(model, router, externals);
	/* The first one of a link is what the kernel itself sends from. */
	memmove(externals->items + 1, externals->items, externals->count * sizeof(inner_end));
	externals->items[0] = inner_end;
	externals->count++;
	six = inner6_add(model, router, &externals->items[externals->count]);
	router_transfer6(&box_ends[1], &inner_end);
	snprintf(veth.space, sizeof(veth.space), "%s", space);
	name_link(veth.name, "cu", router->desired.id);
	result = backend->ops->veth_set(backend, &veth, error);
	if (result == 0)
		result = backend->ops->addresses_set(backend, "", veth.name, box_ends,
						     six > 0 ? 2 : 1, error);
	if (result == 0)
		result = backend->ops->addresses_set(backend, space, veth.inner, externals->items,
						     externals->count + six, error);
	return result;
}

static int uplink_set(struct backend *backend, const struct model *model, struct router *router,
		      const char *space, struct error *error)
{
	const struct network *network = model_network(model, router->desired.external_network);

	if (!router_is_bridged(model, router))
		return routed_set(backend, model, router, space, error);
	/* Its network is not there yet: that makes the router dirty. */
	return network->object.wired ? bridged_set(backend, model, router, space, error) : 0;
}

static int uplink_remove(struct backend *backend, const struct router *router, struct error *error)
{
	char name[IFNAMSIZ];

	name_link(name, "cu", router->desired.id);
	return backend->ops->link_delete(backend, name, error);
}

/* --- interfaces --- */

/* The addresses of a port: those of the entries from 'first' on that name it. */
static int interface_addresses(const struct net_router_interface *first, size_t count,
			       struct address list[static NET_PORT_ADDRESSES_MAX],
			       struct error *error)
{
	size_t taken = 0;

	while (taken < count && taken < NET_PORT_ADDRESSES_MAX &&
	       strcmp(first[taken].port_id, first->port_id) == 0) {
		int result = address_parse(first[taken].address, &list[taken]);

		if (result < 0)
			return error_set(error, result, "address of interface %s", first->port_id);
		taken++;
	}
	return (int)taken;
}

/* The number of addresses, which are as many entries of the list; negative upon failure. */
static int interface_set(struct backend *backend, const struct network *network,
			 const struct net_router_interface *interface, size_t count,
			 const char *space, struct error *error)
{
	struct backend_veth veth = { .mtu = network->desired.mtu };
	struct address list[NET_PORT_ADDRESSES_MAX];
	int taken = interface_addresses(interface, count, list, error), result;

	if (taken < 0)
		return taken;
	name_link(veth.name, "ci", interface->port_id);
	name_link(veth.inner, "in", interface->port_id);
	name_bridge(veth.bridge, &network->desired);
	snprintf(veth.space, sizeof(veth.space), "%s", space);
	snprintf(veth.mac, sizeof(veth.mac), "%s", interface->mac);
	result = backend->ops->veth_set(backend, &veth, error);
	if (result == 0)
		result = backend->ops->addresses_set(backend, space, veth.inner, list,
						     (size_t)taken, error);
	return result < 0 ? result : taken;
}

static bool interface_is_wanted(const struct router *router, const char *inner)
{
	const struct net_router_interface *interfaces = router->desired.interfaces.items;
	char name[IFNAMSIZ];

	for (size_t i = 0; i < router->desired.interfaces.count; i++) {
		name_link(name, "in", interfaces[i].port_id);
		if (strcmp(name, inner) == 0)
			return true;
	}
	return false;
}

/* What is in the space and not of the router any more. */
struct leftovers {
	const struct router *router;
	char names[NET_ROUTER_INTERFACES_MAX][IFNAMSIZ];
	size_t count;
};

static void leftover_collect(const struct backend_link *link, void *context)
{
	struct leftovers *leftovers = context;
	char *name;

	if (strncmp(link->name, "in", 2) != 0 ||
	    interface_is_wanted(leftovers->router, link->name) ||
	    leftovers->count == NET_ROUTER_INTERFACES_MAX)
		return;
	name = leftovers->names[leftovers->count++];
	memcpy(name, link->name, IFNAMSIZ);
	name[0] = 'c'; /* its other end, "ci..." for "in..." */
	name[1] = 'i';
}

static int leftovers_remove(struct backend *backend, const struct router *router, const char *space,
			    struct error *error)
{
	struct leftovers leftovers = { .router = router };
	int result = backend->ops->links(backend, space, leftover_collect, &leftovers, error);

	for (size_t i = 0; result == 0 && i < leftovers.count; i++)
		result = backend->ops->link_delete(backend, leftovers.names[i], error);
	return result;
}

static int interfaces_set(struct backend *backend, const struct model *model,
			  const struct router *router, const char *space, struct error *error)
{
	const struct net_router_interface *interfaces = router->desired.interfaces.items;
	size_t count = router->desired.interfaces.count;
	int result = leftovers_remove(backend, router, space, error);

	for (size_t i = 0; result >= 0 && i<count; i += result> 0 ? (size_t)result : 1) {
		const struct network *network = model_network(model, interfaces[i].network_id);

		/* Wired when the network comes: that makes the router dirty. */
		result = network != NULL && network->object.wired
				 ? interface_set(backend, network, &interfaces[i], count - i, space,
						 error)
				 : 0;
	}
	return result < 0 ? result : 0;
}

/* --- routes --- */

struct route_list {
	struct backend_route items[ROUTES_MOST];
	size_t count;
};

/* Guests that have no route of their own to the metadata service ask the router for the way. */
static void metadata_route(const struct model *model, const struct net_router_interface *interface,
			   struct route_list *list)
{
	const struct network *network = model_network(model, interface->network_id);
	const struct net_subnet *subnet;
	struct backend_route *route = &list->items[list->count];

	if (network == NULL || !network->object.wired)
		return;
	subnet = network_subnet(&network->desired, interface->subnet_id);
	if (subnet == NULL || !subnet->dhcp ||
	    address_parse(subnet->dhcp_address, &route->gateway) < 0 ||
	    route->gateway.family != AF_INET)
		return; /* by IPv6 it is on the link */
	address_parse(METADATA_ADDRESS, &route->destination);
	name_link(route->link, "in", interface->port_id);
	name_link(route->from, "in", interface->port_id);
	list->count++;
}

static void static_routes(const struct router *router, struct route_list *list)
{
	const struct net_route *routes = router->desired.routes.items;

	for (size_t i = 0; i < router->desired.routes.count && i < NET_ROUTES_MAX; i++) {
		struct backend_route *route = &list->items[list->count];

		if (address_parse(routes[i].destination, &route->destination) == 0 &&
		    address_parse(routes[i].nexthop, &route->gateway) == 0 &&
		    route->destination.family == route->gateway.family)
			list->count++;
	}
}

/* The gateway of the subnet that the router's external address is in. */
static bool subnet_gateway(const struct network *network, const char *own, struct address *gateway)
{
	const struct net_subnet *subnets = network->desired.subnets.items;
	struct address address, cidr;

	if (address_parse(own, &address) < 0)
		return false;
	for (size_t i = 0; i < network->desired.subnets.count; i++)
		if (address_parse(subnets[i].cidr, &cidr) == 0 && cidr.family == address.family &&
		    address_contains(&cidr, &address) &&
		    address_parse(subnets[i].gateway, gateway) == 0)
			return true;
	return false;
}

static void default_route(const struct model *model, struct router *router, struct route_list *list)
{
	struct backend_route *route = &list->items[list->count];
	const struct network *network = model_network(model, router->desired.external_network);
	struct address inner_end;

	if (!router_is_bridged(model, router))
		router_transfer(model, router, &route->gateway, &inner_end);
	else if (!network->object.wired ||
		 !subnet_gateway(network, router->desired.external_address, &route->gateway))
		return;
	route->destination.family = AF_INET;
	snprintf(route->link, sizeof(route->link), "%s", NAME_INNER_UPLINK);
	list->count++;
}

static void default_route6(const struct model *model, const struct router *router,
			   struct route_list *list)
{
	struct backend_route *route = &list->items[list->count];
	const struct network *network = model_network(model, router->desired.external_network);
	struct address inner_end;

	if (!router_has_external6(model, router))
		return;
	if (!router_is_bridged(model, router))
		router_transfer6(&route->gateway, &inner_end);
	else if (!network->object.wired ||
		 !subnet_gateway(network, router->desired.external_address6, &route->gateway))
		return;
	route->gateway.prefix = 128;
	route->destination.family = AF_INET6;
	snprintf(route->link, sizeof(route->link), "%s", NAME_INNER_UPLINK);
	list->count++;
}

static int routes_set(struct backend *backend, const struct model *model, struct router *router,
		      const char *space, struct error *error)
{
	const struct net_router_interface *interfaces = router->desired.interfaces.items;
	CLEANUP_FREE struct route_list *list = calloc(1, sizeof(*list));

	if (list == NULL)
		return error_set(error, -ENOMEM, "no memory");
	if (has_uplink(router)) {
		default_route(model, router, list);
		default_route6(model, router, list);
	}
	for (size_t i = 0; i < router->desired.interfaces.count; i++)
		metadata_route(model, &interfaces[i], list);
	static_routes(router, list);
	return backend->ops->routes_set(backend, space, list->items, list->count, error);
}

/* --- the whole --- */

static int rules_set(struct backend *backend, const struct model *model, struct router *router,
		     const char *space, struct error *error)
{
	struct buffer text = BUFFER_INIT;
	int result = firewall_router(model, router, &text);

	if (result == 0)
		result = rules_apply(backend, space, &router->rules, buffer_head(&text), error);
	buffer_free(&text);
	return result;
}

static int qos_set(struct backend *backend, const struct model *model, struct router *router,
		   const char *space, struct error *error)
{
	struct buffer text = BUFFER_INIT;
	int result = firewall_router_qos(model, router, &text);

	if (result == 0)
		result = rules_apply(backend, space, &router->qos, buffer_head(&text), error);
	buffer_free(&text);
	return result;
}

int router_reconcile(struct backend *backend, const struct model *model, struct router *router,
		     struct error *error)
{
	char space[SPACE_SIZE];
	int result;

	if (!router->desired.admin_up) {
		rules_forget(&router->rules); /* they go with its space */
		rules_forget(&router->qos);
		return router_undo(backend, router, error);
	}
	name_space(space, sizeof(space), router->desired.id);
	result = backend->ops->space_set(backend, space, error);
	if (result == 0)
		result = rules_set(backend, model, router, space, error);
	if (result == 0)
		result = qos_set(backend, model, router, space, error);
	if (result == 0)
		result = has_uplink(router) ? uplink_set(backend, model, router, space, error)
					    : uplink_remove(backend, router, error);
	if (result == 0)
		result = interfaces_set(backend, model, router, space, error);
	return result < 0 ? result : routes_set(backend, model, router, space, error);
}

int router_undo(struct backend *backend, const struct router *router, struct error *error)
{
	const struct net_router_interface *interfaces = router->desired.interfaces.items;
	char space[SPACE_SIZE], name[IFNAMSIZ];
	int result = uplink_remove(backend, router, error);

	for (size_t i = 0; result == 0 && i < router->desired.interfaces.count; i++) {
		name_link(name, "ci", interfaces[i].port_id);
		result = backend->ops->link_delete(backend, name, error);
	}
	name_space(space, sizeof(space), router->desired.id);
	return result < 0 ? result : backend->ops->space_delete(backend, space, error);
}
