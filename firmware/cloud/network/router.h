/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routers: what their interface actions and the reconciler share. */
#ifndef CUMULET_NETWORK_ROUTER_H
#define CUMULET_NETWORK_ROUTER_H

#include "firmware/cloud/network/resource.h"

/* "Bad router request: <...>." */
int router_refuse(struct error *error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* The ports by which a router reaches its subnets (not its gateway). */
int router_interfaces(struct store_view *view, struct arena *arena, const char *router_id,
		      struct network_ports *ports, struct error *error);
/* PUT /v2.0/routers/{id}/add_router_interface and remove_router_interface */
int router_interface_add(struct request *request, struct error *error);
int router_interface_remove(struct request *request, struct error *error);

#endif
