/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Auto-allocated topology: a project's network, with a subnet of each default pool, behind a router to
 * the default external network; made when it is first asked for. '/network/auto-topology/<project>'
 * says what there is of it, so that one that was cut short is completed.
 */
#ifndef CUMULET_NETWORK_AUTO_TOPOLOGY_H
#define CUMULET_NETWORK_AUTO_TOPOLOGY_H

#include "firmware/cloud/network/resource.h"

/* The attribute is_default of a network in the making, or of one that is changed: one external
 * network has it. 409 when another one does. */
int default_external_settle(struct change *change, yyjson_mut_val *network, struct error *error);
void default_external_gone(struct change *change, yyjson_val *network);

extern const struct service_part auto_topology_part;

#endif
