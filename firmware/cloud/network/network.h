/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What networks give to the other services. Records hold the members of the API's documents;
 * members that are ours alone begin with '_':
 *   /network/network/<id>  /network/subnet/<id>  /network/port/<id>  /network/router/<id>
 *   /network/security-group/<id>  /network/security-group-rule/<id>
 *   /network/address/<subnet id>/<address>   {"port_id"}: an address is taken
 * Functions that take (view, arena, txn) read from the view, add puts, deletes and compares to the
 * transaction and commit nothing: the caller commits, and tries again upon -EAGAIN.
 */
#ifndef CUMULET_NETWORK_H
#define CUMULET_NETWORK_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/request.h"

/* Who a port is made for or bound to. */
struct network_device {
	const char *device_id, *device_owner; /* server's id, "compute:nova" */
	const char *project_id;
	const char *hostname; /* the guest's DNS name */
	const char *host;     /* binding:host_id */
};

/*
 * Makes a port for a server on a network; fixed_ip NULL: any free one of each suitable subnet;
 * groups: ids or names of security groups, NULL-terminated, NULL: the project's default group.
 * The port's document (in the arena) goes to *port. -ENOENT for a network or group that the
 * project can't see, -ENOSPC when no address is free, -EEXIST when fixed_ip is taken; messages in
 * the words that Nova passes on.
 */
int network_port_make(struct request *request, struct store_txn *txn, const char *network_id,
		      const char *fixed_ip, const struct network_device *device,
		      const char *const *groups, yyjson_mut_val **port, struct error *error);
/* Binds an existing free port of the project to a device. -ENOENT, -EBUSY when in use. */
int network_port_bind(struct request *request, struct store_txn *txn, const char *port_id,
		      const struct network_device *device, yyjson_val **port, struct error *error);
/* Lets go of all ports of a device: those that network_port_make made are deleted, bound ones are
 * unbound. */
int network_device_release(struct store_view *view, struct arena *arena, struct store_txn *txn,
			   const char *device_id, struct error *error);
/* Lets go of one port in the same way. -ENOENT: it is gone already. */
int network_port_release(struct store_view *view, struct arena *arena, struct store_txn *txn,
			 const char *port_id, struct error *error);
/* Who is told, within the transaction, that a server's port is deleted by the API. */
typedef int network_port_gone(struct store_view *view, struct arena *arena, struct store_txn *txn,
			      const char *device_id, struct error *error);
void network_port_observe(network_port_gone *observer);
/* Sets security groups on the ports of a device (add or remove one, by id or name). */
int network_device_group(struct request *request, struct store_txn *txn, const char *device_id,
			 const char *group, bool add, struct error *error);

/* The ports of a device, as documents of the view, in creation order. */
struct network_ports {
	yyjson_val **items;
	size_t count;
};
int network_device_ports(struct store_view *view, struct arena *arena, const char *device_id,
			 struct network_ports *ports, struct error *error);
/* The port that has this fixed address in this network (metadata). -ENOENT. */
int network_port_by_address(struct store_view *view, struct arena *arena, const char *network_id,
			    const char *address, yyjson_val **port, struct error *error);
/* The one that has this MAC there. -ENOENT. */
int network_port_by_mac(struct store_view *view, struct arena *arena, const char *network_id,
			const char *mac, yyjson_val **port, struct error *error);
/* Documents by id, of the view; -ENOENT. */
int network_lookup(struct store_view *view, struct arena *arena, const char *network_id,
		   yyjson_val **network, struct error *error);
int network_port_lookup(struct store_view *view, struct arena *arena, const char *port_id,
			yyjson_val **port, struct error *error);
int network_subnet_lookup(struct store_view *view, struct arena *arena, const char *subnet_id,
			  yyjson_val **subnet, struct error *error);
/* Security groups of the project: the default one is made when it is not there yet. */
int network_default_group(struct request *request, const char *project_id, const char **id,
			  struct error *error);
/* Networks that a project may attach servers to: its own and shared ones, not external ones
 * (Nova's automatic choice). */
int network_available(struct request *request, const char *project_id, yyjson_val ***networks,
		      size_t *count, struct error *error);

/*
 * Security groups of the caller's project, for Nova's older API; each commits a transaction of its
 * own. The group's document is the request's. -ENOENT, -EEXIST, -EBUSY (in use, or the default
 * one) in Neutron's words; name or description NULL: as it was.
 */
int network_group_create(struct request *request, const char *name, const char *description,
			 yyjson_val **group, struct error *error);
int network_group_update(struct request *request, const char *id, const char *name,
			 const char *description, yyjson_val **group, struct error *error);
int network_group_delete(struct request *request, const char *id, struct error *error);

#endif
