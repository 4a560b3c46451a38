/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A principal is what a token's claims amount to now: the user, the scope and the roles as the
 * store has them at this moment.
 */
#ifndef CUMULET_IDENTITY_PRINCIPAL_H
#define CUMULET_IDENTITY_PRINCIPAL_H

#include "firmware/cloud/identity/grants.h"

struct principal {
	struct caller caller; /* points into the arena and into this struct */
	struct token_claims claims;
	struct role_set roles;
	const char *method_names[METHOD_COUNT + 1]; /* ends with NULL */
	char audit[TOKEN_AUDIT_TEXT_SIZE], parent[TOKEN_AUDIT_TEXT_SIZE];
	yyjson_val *user, *project, *credential, *trust, *access; /* records; NULL: none */
	uint64_t epochs; /* of the records that the token hangs on, added up */
	bool is_domain;  /* the project is a domain */
	bool fresh;      /* the token is being made: it takes the epoch of now */
};

/* Fills the principal, which lies in the arena, from the claims that it holds. -EPERM with the
 * reason when they hold no longer: user, project or domain gone or disabled, no role left, an
 * epoch that has passed, revoked; -EACCES with Keystone's 403 when a trust does no longer. Says
 * nothing about the token's expiry. */
int principal_resolve(const struct reader *reader, struct principal *principal,
		      struct error *error);

#endif
