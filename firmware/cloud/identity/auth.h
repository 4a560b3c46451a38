/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authentication (POST /auth/tokens): the methods say who it is, the scope says where. */
#ifndef CUMULET_IDENTITY_AUTH_H
#define CUMULET_IDENTITY_AUTH_H

#include "firmware/cloud/identity/internal.h"

struct auth {
	struct request *request;
	struct reader reader;
	yyjson_val *identity, *scope; /* of the body; scope NULL: none asked for */
	bool scope_is_set;            /* a delegate brings its own */
	int status;                   /* of the reply; 0: 201 */
	bool unnamed;                 /* the reply has no X-Subject-Token */
	struct token_claims claims;   /* what the methods and the scope amount to */
};

/* 'body' is the object "auth" of a request; nothing has been checked yet. */
int auth_begin(struct auth *auth, struct request *request, yyjson_val *body, struct error *error);
/* Runs every method that is named; all must hold, for the same user. */
int auth_methods_run(struct auth *auth, struct error *error);
/* For methods: this is the user that they show. */
int auth_user_claim(struct auth *auth, const char *user_id, struct error *error);
/* The scope that was asked for, or the user's default project when it can have a role there. */
int auth_scope_choose(struct auth *auth, struct error *error);

/* A token for what the claims say by now, as text in the arena. */
int auth_issue(struct auth *auth, struct principal **principal, const char **token,
	       struct error *error);
/* The same, and the reply that has it. */
int auth_finish(struct auth *auth, struct error *error);

/* Lookups by {"id"} or {"name"[, "domain"]}, as bodies have them. -ENOENT without a message. */
int auth_find_domain(const struct reader *reader, yyjson_val *wanted, yyjson_val **domain,
		     struct error *error);
int auth_find_named(const struct reader *reader, const char *prefix, yyjson_val *wanted,
		    yyjson_val **record, struct error *error);

/* The user's password as the store has it; NULL when it has none, or there is no such user. */
const char *user_password_hash(const struct reader *reader, const char *user_id,
			       struct error *error);
/* Lockout, then the password, then whether the user is enabled; 'user' NULL costs the same. */
int user_password_check(struct identity *identity, const struct reader *reader, yyjson_val *user,
			const char *password, struct error *error);

/* The token's text in the arena. */
const char *token_issue(struct identity *identity, struct arena *arena,
			const struct token_claims *claims, struct error *error);
/* {"token": {...}}, and the token in a header unless it is NULL; the catalog stands in it when the token is scoped and 'catalog' is set. */
int token_reply(struct request *request, const struct reader *reader,
		const struct principal *principal, const char *token, int status, bool catalog,
		struct error *error);
/* The catalog's array. */
yyjson_mut_val *catalog_render(struct request *request, const struct reader *reader,
			       yyjson_mut_doc *doc, const struct caller *caller,
			       struct error *error);
/* An endpoint's URL with its placeholders filled in; NULL when one has no value. */
const char *catalog_url(struct request *request, const char *url, const char *project_id,
			const char *user_id);

#endif
