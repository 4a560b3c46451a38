/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trunks: a port (the parent) by which a guest reaches several networks, each as a VLAN of its own.
 * What is tagged with a subport's number on the parent's link is the subport's. A port's record says
 * what it is part of: '_trunk_id' of a parent and of a subport, '_trunk_port' (the parent) and
 * '_trunk_vlan' of a subport alone. netd learns of trunks by their subports.
 */
#ifndef CUMULET_NETWORK_TRUNK_H
#define CUMULET_NETWORK_TRUNK_H

#include "firmware/cloud/network/resource.h"

/* 409 for a port that is part of a trunk and therefore does not go. */
int trunk_refuse_delete(yyjson_val *port, struct error *error);
/* 409 for one that may not have another use. */
int trunk_refuse_use(yyjson_val *port, struct error *error);
/* The port is a parent, a subport. */
bool trunk_is_parent(yyjson_val *port);
bool trunk_is_subport(yyjson_val *port);
/* Subports are where their parent is: its host (binding:host_id) has changed, "" when it is bound to
 * none any more. */
int trunk_parent_moved(struct change *change, yyjson_val *parent, const char *host,
		       struct error *error);
/* Adds 'trunk_details' to what is shown of a parent. */
int trunk_details_derive(struct request *request, yyjson_val *port, yyjson_mut_doc *doc,
			 yyjson_mut_val *out, struct error *error);

extern const struct service_part trunk_part;

/* --- between the files of trunks --- */

/* What is wrong with a list of subports, as Neutron says it, in 'text'; NULL: nothing. */
const char *subports_fault(yyjson_val *list, char *text, size_t size);
/* Makes the ports of a checked list subports of the trunk, and adds them to its 'sub_ports'. */
int subports_add(struct change *change, yyjson_mut_val *trunk, yyjson_val *parent, yyjson_val *list,
		 struct error *error);
/* A port of a trunk that goes, or that it is taken from. */
int subport_release(struct change *change, const char *port_id, struct error *error);
/* A free port becomes a trunk's parent. */
int trunk_parent_take(struct change *change, yyjson_mut_val *trunk, yyjson_val **parent,
		      struct error *error);

#endif
