/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trusts: a trustor lets a trustee act with some of its roles on one project. A trust may be
 * handed on (redelegated), a few times; each in such a chain must still hold.
 *
 *	/identity/trust/<id>   trustor_user_id, trustee_user_id, project_id, roles [{id}],
 *	                       impersonation, expires_at, remaining_uses, redelegation_count,
 *	                       redelegated_trust_id
 */
#ifndef CUMULET_IDENTITY_TRUST_H
#define CUMULET_IDENTITY_TRUST_H

#include "firmware/cloud/identity/grants.h"

#define TRUST_REDELEGATION_MAX 3

/* -ENOENT without a message when there is none, it has expired, or what it was redelegated from is
 * gone; -EACCES when somebody in between is disabled. */
int trust_find(const struct reader *reader, const char *id, yyjson_val **trust,
	       struct error *error);
/* Uses are left. */
bool trust_is_usable(yyjson_val *trust);
/* The user that the roles come from: the first trustor of the chain. */
int trust_origin(const struct reader *reader, yyjson_val *trust, const char **user_id,
		 struct error *error);
/* What the trust amounts to; -EACCES when the trustor has lost one of its roles. */
int trust_roles(const struct reader *reader, yyjson_val *trust, struct role_set *roles,
		struct error *error);
/* Counts one use, where they are limited. The request's last step. */
int trust_consume(struct request *request, yyjson_val *trust, struct error *error);

#endif
