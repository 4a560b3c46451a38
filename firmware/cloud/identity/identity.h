/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What identity gives to the rest of the control plane. Records:
 *   /identity/domain/<id>  /identity/project/<id>  /identity/user/<id>  /identity/role/<id>
 *   /identity/assignment/<...>  /identity/service/<id>  /identity/endpoint/<id>  ...
 * The first domain has the id "default"; first boot makes project "admin", project "service",
 * user "admin" and the roles admin, member, reader (admin implies member implies reader).
 */
#ifndef CUMULET_IDENTITY_H
#define CUMULET_IDENTITY_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/request.h"

struct service;

#define IDENTITY_DOMAIN_DEFAULT "default"

/* The Identity API v3 at /identity/v3, and the list of its versions at /identity. */
extern const struct service identity_service, identity_versions_service;

/* A token's holder; everything in the arena. No disk access for a token that was seen before. -EPERM when it is forged, expired or
 * revoked (the message is not for clients; the reply is the service's 401). Any thread. */
int identity_caller(struct cloud *cloud, struct arena *arena, const char *token,
		    const struct caller **caller, struct error *error);
/* The operator in front of the box: admin on project 'admin', system scope. Any thread. */
int identity_operator(struct cloud *cloud, struct arena *arena, const struct caller **caller,
		      struct error *error);
/* Sets the password of user 'admin' (console); revokes its tokens. Puts back what it needs to be
 * admin (enabled, its role, project and domain), so that this is always a way in. Worker threads. */
int identity_admin_password(struct cloud *cloud, const char *password, struct error *error);
/* True when a project with this id exists and is enabled. */
bool identity_project_exists(struct request *request, const char *project_id);

/* The password of 'admin' that first boot made up because none was provisioned: in the arena, or
 * NULL once somebody has logged in with it or changed it. For the console's screen alone. */
const char *identity_first_password(struct cloud *cloud, struct arena *arena);

#endif
