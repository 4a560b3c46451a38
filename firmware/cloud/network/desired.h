/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What netd is to make of the records: one message struct for each object (netstack/message.h). */
#ifndef CUMULET_NETWORK_DESIRED_H
#define CUMULET_NETWORK_DESIRED_H

#include "firmware/cloud/network/resource.h"
#include "netstack/message.h"

int desired_network(struct store_view *view, struct arena *arena, yyjson_val *record,
		    struct net_network *network, struct error *error);
int desired_port(struct store_view *view, struct arena *arena, yyjson_val *record,
		 struct net_port *port, struct error *error);
int desired_group(struct store_view *view, struct arena *arena, yyjson_val *record,
		  struct net_group *group, struct error *error);
int desired_addresses(struct arena *arena, yyjson_val *record, struct net_addresses *group);
int desired_router(struct store_view *view, struct arena *arena, yyjson_val *record,
		   struct net_router *router, struct error *error);

#endif
