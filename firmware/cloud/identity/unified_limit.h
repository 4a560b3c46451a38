/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Unified limits: what a project or domain may have of a service's resource. The box keeps them
 * for the services and tools that ask; the model is flat.
 *
 *	/identity/registered_limit/<id>   the default, one for each service, region and resource
 *	/identity/limit/<id>              of one project or domain; hangs on a registered limit
 *
 * The member "key" is what must be unique among the records of a kind; it is never shown.
 */
#ifndef CUMULET_IDENTITY_UNIFIED_LIMIT_H
#define CUMULET_IDENTITY_UNIFIED_LIMIT_H

#include "firmware/cloud/identity/kind.h"

extern const struct kind kind_registered_limit, kind_limit;

/* The key of the registered limit for what 'members' names. */
const char *registered_limit_key(struct arena *arena, yyjson_mut_val *members);
/* That the service, region, project and domain that are named exist; else 400 for 'target'. */
int unified_limit_references(struct request *request, yyjson_mut_val *members, const char *target,
			     struct error *error);
/* Commits; then replies with the list that was created, without links of its own. */
int unified_limit_commit(struct request *request, const struct kind *kind, struct store_txn *txn,
			 yyjson_mut_doc *doc, yyjson_mut_val *created, struct error *error);

int registered_limit_list(struct request *request, struct error *error);
int registered_limit_create(struct request *request, struct error *error);
int registered_limit_show(struct request *request, struct error *error);
int registered_limit_update(struct request *request, struct error *error);
int registered_limit_delete(struct request *request, struct error *error);
int limit_list(struct request *request, struct error *error);
int limit_create(struct request *request, struct error *error);
int limit_show(struct request *request, struct error *error);
int limit_update(struct request *request, struct error *error);
int limit_delete(struct request *request, struct error *error);
int limit_model_show(struct request *request, struct error *error);

#endif
