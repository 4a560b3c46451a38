/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * RBAC policies: objects that other projects may use ('access_as_shared'), and networks that they may
 * reach by routers ('access_as_external'). An object's attributes 'shared' and 'router:external' are
 * policies for everybody ('*'); those for single projects stand in its members '_shared_with' and
 * '_external_to', so that nobody has to look for them.
 */
#ifndef CUMULET_NETWORK_RBAC_H
#define CUMULET_NETWORK_RBAC_H

#include "firmware/cloud/network/resource.h"

/* The object is shared with the project. */
bool rbac_shared_with(yyjson_val *object, const char *project_id);
/* The same of the caller's, as a resource's 'visible'. */
bool rbac_shared_visible(struct request *request, yyjson_val *record);
bool rbac_external_to(yyjson_val *network, const char *project_id);
/* An object in the making, or one whose attribute 'shared' is changed: the policy for everybody
 * follows. 409 when it is no more shared with a project that uses it. */
int rbac_shared_changed(struct change *change, const struct resource *resource, yyjson_val *old,
			yyjson_mut_val *object, struct error *error);
/* The same of networks, which are external, too. */
int rbac_network_changed(struct change *change, yyjson_val *old, yyjson_mut_val *network,
			 struct error *error);
/* Its policies go with it. */
int rbac_object_gone(struct change *change, const char *object_id, struct error *error);

#endif
