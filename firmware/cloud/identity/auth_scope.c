/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/trust.h"

static void scope_set(struct auth *auth, enum token_scope scope, const char *id)
{
	auth->claims.scope = scope;
	snprintf(auth->claims.scope_id, sizeof(auth->claims.scope_id), "%s", id);
}

/* Something unknown and something forbidden read alike. */
static int scope_found(struct auth *auth, int result, enum token_scope scope, yyjson_val *record,
		       struct error *error)
{
	if (result == -ENOENT)
		return refuse_unauthorized(error);
	if (result == 0)
		scope_set(auth, scope, json_string(record, "id"));
	return result;
}

static int scope_project(struct auth *auth, yyjson_val *wanted, struct error *error)
{
	yyjson_val *project = NULL;
	int result;

	if (!json_string(wanted, "id") && !json_string(wanted, "name"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Invalid input for field scope/project: id or name must be "
				   "present.");
	if (!json_string(wanted, "id") && !yyjson_is_obj(yyjson_obj_get(wanted, "domain")))
		return refuse_expecting(error, "domain", "project");
	result = auth_find_named(&auth->reader, "/identity/project/", wanted, &project, error);
	if (result == -ENOENT && json_string(wanted, "id")) /* a domain is a project, too */
		result = auth_find_domain(&auth->reader, wanted, &project, error);
	return scope_found(auth, result, SCOPE_PROJECT, project, error);
}

static int scope_domain(struct auth *auth, yyjson_val *wanted, struct error *error)
{
	yyjson_val *domain = NULL;
	int result;

	if (!json_string(wanted, "id") && !json_string(wanted, "name"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Invalid input for field scope/domain: id or name must be "
				   "present.");
	result = auth_find_domain(&auth->reader, wanted, &domain, error);
	return scope_found(auth, result, SCOPE_DOMAIN, domain, error);
}

static int scope_system(struct auth *auth, yyjson_val *wanted, struct error *error)
{
	(void)wanted;
	(void)error;
	scope_set(auth, SCOPE_SYSTEM, "");
	return 0;
}

static int scope_unscoped(struct auth *auth, yyjson_val *wanted, struct error *error)
{
	(void)auth;
	(void)wanted;
	(void)error;
	return 0;
}

static int scope_trust(struct auth *auth, yyjson_val *wanted, struct error *error)
{
	const char *id = json_string(wanted, "id"), *project_id;
	yyjson_val *trust;
	int result;

	if (!id)
		return refuse_expecting(error, "trust_id", "trust");
	result = trust_find(&auth->reader, id, &trust, error);
	if (result == 0 && !trust_is_usable(trust))
		result = -ENOENT;
	if (result < 0)
		return result == -ENOENT ? refuse_unauthorized(error) : result;
	project_id = json_string(trust, "project_id");
	snprintf(auth->claims.trust_id, sizeof(auth->claims.trust_id), "%s", id);
	scope_set(auth, project_id ? SCOPE_PROJECT : SCOPE_NONE, project_id ? project_id : "");
	return 0;
}

static const struct {
	const char *name;
	int (*choose)(struct auth *auth, yyjson_val *wanted, struct error *error);
} scopes[] = {
	{ "project", scope_project },      { "domain", scope_domain },
	{ "system", scope_system },        { "unscoped", scope_unscoped },
	{ "OS-TRUST:trust", scope_trust },
};

static int scope_asked(struct auth *auth, struct error *error)
{
	size_t found = 0, which = 0;

	if (yyjson_equals_str(auth->scope, "unscoped"))
		return 0;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		if (yyjson_obj_get(auth->scope, scopes[i].name)) {
			found++;
			which = i;
		}
	if (found != 1)
		return refuse_expecting(
			error, "system, project, domain, OS-TRUST:trust or unscoped", "scope");
	return scopes[which].choose(auth, yyjson_obj_get(auth->scope, scopes[which].name), error);
}

/* The user's default project, if a token for it would hold; else the token stays unscoped. */
static int scope_default(struct auth *auth, struct error *error)
{
	struct principal *trial = arena_alloc(auth->reader.arena, sizeof(*trial));
	struct error reason = { 0 };
	const char *project_id;
	yyjson_val *user;
	int result = record_get(&auth->reader, &user, NULL, error, "/identity/user/%s",
				auth->claims.user_id);

	if (result < 0 || !trial)
		return result < 0 ? result : -ENOMEM;
	project_id = json_string(user, "default_project_id");
	if (!project_id)
		return 0;
	trial->fresh = true;
	trial->claims = auth->claims;
	trial->claims.scope = SCOPE_PROJECT;
	snprintf(trial->claims.scope_id, sizeof(trial->claims.scope_id), "%s", project_id);
	if (principal_resolve(&auth->reader, trial, &reason) == 0)
		scope_set(auth, SCOPE_PROJECT, project_id);
	return 0;
}

int auth_scope_choose(struct auth *auth, struct error *error)
{
	if (auth->scope_is_set)
		return 0;
	return auth->scope ? scope_asked(auth, error) : scope_default(auth, error);
}
