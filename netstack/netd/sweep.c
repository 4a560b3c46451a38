/* SPDX-License-Identifier: GPL-2.0-or-later */
/* After SYNC: what bears one of netd's names and is wanted by nothing in the model goes away. */
#include <string.h>

#include "firmware/lib/log.h"
#include "netstack/netd/firewall.h"
#include "netstack/netd/names.h"
#include "netstack/netd/netd.h"

#define SWEEP_MOST 256 /* of one pass; the rest goes with the next SYNC */

struct sweep {
	const struct netd *netd;
	char names[SWEEP_MOST][SPACE_SIZE];
	size_t count;
};

static bool router_wants(const struct router *router, const char *link)
{
	const struct net_router_interface *interfaces = router->desired.interfaces.items;
	char name[IFNAMSIZ];

	name_link(name, "cu", router->desired.id);
	if (strcmp(name, link) == 0)
		return true;
	for (size_t i = 0; i < router->desired.interfaces.count; i++) {
		name_link(name, "ci", interfaces[i].port_id);
		if (strcmp(name, link) == 0)
			return true;
	}
	return false;
}

static bool network_wants(const struct netd *netd, const struct network *network, const char *link)
{
	char name[IFNAMSIZ];

	name_link(name, "cl", network->desired.id);
	if (strcmp(network->desired.type, "vlan") == 0 && strcmp(name, link) == 0)
		return true;
	name_tunnel(name, &network->desired);
	if (overlay_carries(&netd->overlay, &network->desired) && strcmp(name, link) == 0)
		return true;

	name_bridge(name, &network->desired);
	if (strcmp(name, link) == 0)
		return true;
	name_link(name, "cs", network->desired.id);
	return network->svc != NULL && strcmp(name, link) == 0;
}

static bool port_wants(const struct netd *netd, const struct net_port *port, const char *link)
{
	char name[IFNAMSIZ];

	name_link(name, "ct", port->id);
	if (strcmp(name, link) == 0)
		return true;
	name_link(name, "cf", port->id);
	return strcmp(name, link) == 0 && port_qos(&netd->model, port)->egress_kbps != 0;
}

static bool link_is_wanted(const struct netd *netd, const char *link)
{

	model_each(&netd->model, OBJECT_NETWORK,
		   network) if (network_wants(netd, (const struct network *)network,
					      link)) return true;
	model_each(&netd->model, OBJECT_PORT, port)
	{
		if (port_wants(netd, &((const struct port *)port)->desired, link))
			return true;
	}
	model_each(&netd->model, OBJECT_ROUTER,
		   router) if (router_wants((const struct router *)router, link)) return true;
	return false;
}

static void collect(struct sweep *sweep, const char *name)
{
	if (sweep->count < SWEEP_MOST)
		strncpy(sweep->names[sweep->count++], name, SPACE_SIZE - 1);
}

/* A tap that has a carrier is open: a guest has not let go of it yet, and would not survive. */
static bool tap_is_open(const struct backend_link *link)
{
	return strncmp(link->name, "ct", 2) == 0 && strcmp(link->kind, "tun") == 0 && link->carrier;
}

static void link_visit(const struct backend_link *link, void *context)
{
	struct sweep *sweep = context;

	if (name_is_ours(link->name) && !tap_is_open(link) &&
	    !link_is_wanted(sweep->netd, link->name))
		collect(sweep, link->name);
}

static void space_visit(const char *space, void *context)
{
	struct sweep *sweep = context;
	char name[SPACE_SIZE];

	if (strncmp(space, "cr-", 3) != 0)
		return;
	model_each(&sweep->netd->model, OBJECT_ROUTER, router)
	{
		name_space(name, sizeof(name), ((const struct router *)router)->desired.id);
		if (strcmp(name, space) == 0)
			return;
	}
	collect(sweep, space);
}

static void remove_all(struct sweep *sweep, int (*remove)(struct backend *backend, const char *name,
							  struct error *error))
{
	for (size_t i = 0; i < sweep->count; i++) {
		struct error error = { 0 };

		if (remove(sweep->netd->backend, sweep->names[i], &error) < 0)
			log_error("netd", "leftover not removed", "name=%s reason=%s",
				  sweep->names[i], log_quote(error.message));
		else
			log_info("netd", "leftover removed", "name=%s", sweep->names[i]);
	}
	sweep->count = 0;
}

void netd_sweep(struct netd *netd)
{
	struct backend *backend = netd->backend;
	struct sweep sweep = { .netd = netd };

	backend->ops->links(backend, "", link_visit, &sweep, NULL);
	remove_all(&sweep, backend->ops->link_delete);
	backend->ops->spaces(backend, space_visit, &sweep, NULL);
	remove_all(&sweep, backend->ops->space_delete);
}
