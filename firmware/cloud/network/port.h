/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the other resources need of ports. */
#ifndef CUMULET_NETWORK_PORT_H
#define CUMULET_NETWORK_PORT_H

#include "firmware/cloud/network/resource.h"

/* A port in the making, by the API or on behalf of a server, a router or the DHCP service. */
struct port_plan {
	yyjson_val *network;
	yyjson_val *fixed_ips;  /* [{subnet_id, ip_address}], NULL: any */
	yyjson_mut_val *groups; /* ids; NULL: none */
	const char *project_id, *name, *device_id, *device_owner, *hostname, *host;
	bool made_for_server; /* deleted with its server */
};

/* Makes a port that no API call describes; it is put into the transaction. */
int port_make(struct change *change, const struct port_plan *plan, yyjson_mut_val **port,
	      struct error *error);
/* What binding:host_id means: the members that show how the port is plugged. */
void port_binding_set(yyjson_mut_doc *doc, yyjson_mut_val *object);
/* Completes an object that holds the attributes of a port: addresses, MAC, bookkeeping. */
int port_complete(struct change *change, yyjson_val *network, yyjson_val *wanted,
		  yyjson_mut_val *object, struct error *error);
/* Deletes a port and gives back what it holds; floating IPs that stand for it are let go. */
int port_drop(struct change *change, yyjson_val *port, struct error *error);
/* The same for a port that no floating IP stands for. */
void port_put_gone(struct change *change, yyjson_val *port);
/* Addresses of all ports of a network change with an auto-address subnet that comes or goes: a
 * key that each new port and each change of addresses writes tells it whether it saw all of them. */
void port_addresses_changed(struct change *change, const char *network_id);
/* Gives all ports of the network but routers' interfaces an address in the subnet when that is one
 * of automatic addresses, or takes it. */
int port_auto_join(struct change *change, yyjson_val *network, yyjson_val *subnet,
		   struct error *error);
int port_auto_leave(struct change *change, yyjson_val *subnet, struct error *error);
bool port_on_subnet(yyjson_val *port, const char *subnet_id);

/*
 * The DHCP service of a network has one port there with an address in each subnet that it serves;
 * the address stands in the subnet's '_dhcp_address' too. It is reserved, not allocated, so that
 * it keeps nobody from deleting the subnet.
 */
int port_dhcp_join(struct change *change, yyjson_val *network, yyjson_mut_val *subnet,
		   struct error *error);
int port_dhcp_leave(struct change *change, yyjson_val *network, yyjson_mut_val *subnet,
		    struct error *error);

/* A port's membership in its groups: a key for each keeps a group from going while a port is made
 * with it. 'old' NULL: a port in the making. */
void port_groups_changed(struct change *change, yyjson_val *old, yyjson_mut_val *port);
#define GROUP_PORT_PREFIX "/network/group-port/"

/* The default security group of a project: its id, made in this transaction when it is missing. */
int group_default(struct change *change, const char *project_id, const char **id,
		  struct error *error);
/* Checks that a group exists and is the project's, by id. */
int group_find(struct change *change, const char *project_id, const char *id, const char **found,
	       struct error *error);

#endif
