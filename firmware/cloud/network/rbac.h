/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RBAC policies: networks that other projects may use ('access_as_shared') or reach by routers
 * ('access_as_external'). A network's attributes 'shared' and 'router:external' are policies for
 * everybody ('*'); those for single projects stand in its members '_shared_with' and '_external_to',
 * so that nobody has to look for them.
 */
#ifndef CUMULET_NETWORK_RBAC_H
#define CUMULET_NETWORK_RBAC_H

#include "firmware/cloud/network/resource.h"

/* The network is shared with the project. */
bool rbac_shared_with(yyjson_val *network, const char *project_id);
bool rbac_external_to(yyjson_val *network, const char *project_id);
/* A network in the making, or one that is changed: policies for everybody follow its attributes.
 * 409 when it is no more shared with a project that uses it. */
int rbac_network_changed(struct change *change, yyjson_val *old, yyjson_mut_val *network,
			 struct error *error);
int rbac_network_gone(struct change *change, const char *network_id, struct error *error);

#endif
