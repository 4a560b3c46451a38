/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deleting a record with all that hangs on it, in one transaction. */
#ifndef CUMULET_IDENTITY_PURGE_H
#define CUMULET_IDENTITY_PURGE_H

#include "firmware/cloud/identity/internal.h"

int purge_user(struct request *request, struct store_txn *txn, const char *id, struct error *error);
int purge_group(struct request *request, struct store_txn *txn, const char *id,
		struct error *error);
int purge_project(struct request *request, struct store_txn *txn, const char *id,
		  struct error *error);
/* With its protocols and the names that it is known by. */
int purge_identity_provider(struct request *request, struct store_txn *txn, const char *id,
			    struct error *error);
/* What was given to a consumer; not its own record. */
int purge_consumer(struct request *request, struct store_txn *txn, const char *id,
		   struct error *error);
/* With those that were redelegated from it. */
int purge_trust(struct request *request, struct store_txn *txn, const char *id,
		struct error *error);
/* The application credentials of a user on a project where it has lost a role. */
int purge_delegates(struct request *request, struct store_txn *txn, const char *user_id,
		    const char *project_id, struct error *error);
int purge_role(struct request *request, struct store_txn *txn, const char *id, struct error *error);
/* With its users, groups, projects, roles and identity providers. */
int purge_domain(struct request *request, struct store_txn *txn, const char *id,
		 struct error *error);

#endif
