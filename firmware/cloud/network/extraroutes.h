/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes of a router beside those to its own networks. */
#ifndef CUMULET_NETWORK_EXTRAROUTES_H
#define CUMULET_NETWORK_EXTRAROUTES_H

#include "firmware/cloud/network/resource.h"

/* A list of {destination, nexthop}, of a router or a subnet. */
int routes_validate(const struct attribute *attribute, yyjson_val *list, struct error *error);
/* Next hops lie on the router's networks and are not the router itself; null becomes []. */
int routes_check(struct change *change, yyjson_mut_val *router, struct error *error);
/* 409 when a route of the router needs this subnet. */
int routes_refuse_interface(yyjson_val *router, yyjson_val *subnet, struct error *error);
/* PUT /v2.0/routers/{id}/add_extraroutes and remove_extraroutes */
int router_routes_add(struct request *request, struct error *error);
int router_routes_remove(struct request *request, struct error *error);

#endif
