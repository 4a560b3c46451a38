/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agents as Neutron's clients look for them. All of them are this box: netd makes links, bridges and
 * routers, and its svc processes serve DHCP and metadata. An agent is alive when the process is
 * there. What an admin says of one stands in '/network/agent/<id>'; an agent for DHCP or routing that
 * is down by that serves nothing, nor what was taken from it: a network whose record has
 * '_no_dhcp_agent', a router whose record has '_no_l3_agent'.
 */
#ifndef CUMULET_NETWORK_AGENTS_H
#define CUMULET_NETWORK_AGENTS_H

#include "firmware/cloud/network/resource.h"

#define AGENT_PREFIX "/network/agent/"

/* The network has DHCP from its agent; the router is carried by its. */
bool agent_serves_network(struct store_view *view, struct arena *arena, yyjson_val *network);
bool agent_carries_router(struct store_view *view, struct arena *arena, yyjson_val *router);
/* netd is there anew. Loop's thread. */
void agents_started(void);

extern const struct service_part agent_part;

#endif
