/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who may do what where: role assignments and role implication.
 *
 *	/identity/assignment/<target>/<actor>/<role id>   target: project-<id>, domain-<id>,
 *	                                                  system-all, inherited/project-<id>,
 *	                                                  inherited/domain-<id>;
 *	                                                  actor: user-<id>, group-<id>
 *
 * What is inherited counts on the projects below its target, not on the target itself.
 *	/identity/implication/<prior role id>/<implied role id>
 *	/identity/membership/<user id>/<group id>
 */
#ifndef CUMULET_IDENTITY_GRANTS_H
#define CUMULET_IDENTITY_GRANTS_H

#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/identity/token.h"

#define GRANTS_MAX 64 /* roles of one user on one target, implied ones included */

struct role_set {
	const char *ids[GRANTS_MAX + 1], *names[GRANTS_MAX + 1]; /* names end with NULL */
	size_t count;
};

bool role_set_has(const struct role_set *roles, const char *role_id);
/* "project-<id>", in the arena. */
const char *grants_target(struct arena *arena, enum token_scope scope, const char *scope_id);
/* Roles given to the user itself or to a group that it is in; without names. */
int grants_direct(const struct reader *reader, const char *user_id, const char *target,
		  struct role_set *roles, struct error *error);
/* Adds what the roles imply, however deep; cycles do no harm. */
int grants_imply(const struct reader *reader, struct role_set *roles, struct error *error);
/* Given on the projects above this one, or on its domain, to be inherited; without names. */
int grants_inherited(const struct reader *reader, const char *user_id, const char *project_id,
		     struct role_set *roles, struct error *error);
/* Direct, inherited and implied; without names. */
int grants_all(const struct reader *reader, const char *user_id, enum token_scope scope,
	       const char *scope_id, struct role_set *roles, struct error *error);
/* The same, named. */
int grants_effective(const struct reader *reader, const char *user_id, enum token_scope scope,
		     const char *scope_id, struct role_set *roles, struct error *error);
/* Fills the names in; roles that are gone are dropped, and so are those of one domain: they count
 * by what they imply alone. */
int grants_name(const struct reader *reader, struct role_set *roles, struct error *error);

#endif
