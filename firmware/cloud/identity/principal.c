/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/principal.h"

#include <string.h>

#include "firmware/cloud/identity/access_rules.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/trust.h"

/* A lookup whose miss means that the claims hold no longer. */
static int claimed(int result, const char *what, struct error *error)
{
	return result == -ENOENT ? error_set(error, -EPERM, "%s is gone", what) : result;
}

static void epoch_add(struct principal *principal, yyjson_val *record)
{
	principal->epochs += (uint64_t)json_integer(record, "token_epoch", 0);
}

static int domain_resolve(const struct reader *reader, struct principal *principal,
			  const char *domain_id, const char **id, const char **name,
			  struct error *error)
{
	yyjson_val *domain;
	int result = record_get(reader, &domain, NULL, error, "/identity/domain/%s",
				domain_id ? domain_id : "");

	if (result < 0)
		return claimed(result, "domain", error);
	if (!json_bool(domain, "enabled", true))
		return error_set(error, -EPERM, "domain is disabled");
	epoch_add(principal, domain);
	*id = json_string(domain, "id");
	*name = json_string(domain, "name");
	return 0;
}

static int user_resolve(const struct reader *reader, struct principal *principal,
			struct error *error)
{
	struct caller *caller = &principal->caller;
	int result = record_get(reader, &principal->user, NULL, error, "/identity/user/%s",
				principal->claims.user_id);

	if (result < 0)
		return claimed(result, "user", error);
	if (!json_bool(principal->user, "enabled", true))
		return error_set(error, -EPERM, "user is disabled");
	epoch_add(principal, principal->user);
	caller->user_id = json_string(principal->user, "id");
	caller->user_name = json_string(principal->user, "name");
	return domain_resolve(reader, principal, json_string(principal->user, "domain_id"),
			      &caller->user_domain_id, &caller->user_domain_name, error);
}

/* A domain is a project, too: one of no domain. */
static int domain_as_project(const struct reader *reader, struct principal *principal,
			     struct error *error)
{
	struct caller *caller = &principal->caller;

	principal->is_domain = true;
	return domain_resolve(reader, principal, principal->claims.scope_id, &caller->project_id,
			      &caller->project_name, error);
}

static int project_resolve(const struct reader *reader, struct principal *principal,
			   struct error *error)
{
	struct caller *caller = &principal->caller;
	int result = record_get(reader, &principal->project, NULL, error, "/identity/project/%s",
				principal->claims.scope_id);

	if (result == -ENOENT)
		return domain_as_project(reader, principal, error);
	if (result < 0)
		return result;
	if (!json_bool(principal->project, "enabled", true))
		return error_set(error, -EPERM, "project is disabled");
	epoch_add(principal, principal->project);
	caller->project_id = json_string(principal->project, "id");
	caller->project_name = json_string(principal->project, "name");
	return domain_resolve(reader, principal, json_string(principal->project, "domain_id"),
			      &caller->project_domain_id, &caller->project_domain_name, error);
}

static int scope_resolve(const struct reader *reader, struct principal *principal,
			 struct error *error)
{
	struct caller *caller = &principal->caller;

	switch (principal->claims.scope) {
	case SCOPE_PROJECT:
		return project_resolve(reader, principal, error);
	case SCOPE_DOMAIN:
		return domain_resolve(reader, principal, principal->claims.scope_id,
				      &caller->domain_id, &caller->domain_name, error);
	case SCOPE_SYSTEM:
		caller->system = true;
		return 0;
	default:
		return 0;
	}
}

/* A delegate has its own roles, as far as its user still has them. */
static int delegate_roles(const struct reader *reader, struct principal *principal,
			  yyjson_val *delegate, struct error *error)
{
	yyjson_val *role, *roles = yyjson_obj_get(delegate, "roles");
	struct role_set wanted = { 0 };
	size_t index, most, kept = 0;
	int result;

	yyjson_arr_foreach (roles, index, most, role) {
		if (wanted.count < GRANTS_MAX && json_string(role, "id"))
			wanted.ids[wanted.count++] = json_string(role, "id");
	}
	result = grants_imply(reader, &wanted, error);
	for (size_t i = 0; i < principal->roles.count; i++) {
		if (!role_set_has(&wanted, principal->roles.ids[i]))
			continue;
		principal->roles.ids[kept] = principal->roles.ids[i];
		principal->roles.names[kept++] = principal->roles.names[i];
	}
	principal->roles.count = kept;
	principal->roles.ids[kept] = principal->roles.names[kept] = NULL;
	return result;
}

static int credential_resolve(const struct reader *reader, struct principal *principal,
			      struct error *error)
{
	const char *expires;
	int result;

	if (!principal->claims.credential_id[0])
		return 0;
	result = record_get(reader, &principal->credential, NULL, error,
			    "/identity/application_credential/%s", principal->claims.credential_id);
	if (result < 0)
		return claimed(result, "application credential", error);
	principal->caller.access_rules = access_rules_of(reader->arena, principal->credential);
	expires = json_string(principal->credential, "expires_at");
	if (expires && instant_parse(expires) <= (int64_t)instant_now())
		return error_set(error, -EPERM, "application credential has expired");
	return delegate_roles(reader, principal, principal->credential, error);
}

static int access_resolve(const struct reader *reader, struct principal *principal,
			  struct error *error)
{
	int result;

	if (!principal->claims.access_id[0])
		return 0;
	result = record_get(reader, &principal->access, NULL, error, "/identity/oauth_access/%s",
			    principal->claims.access_id);
	if (result < 0)
		return claimed(result, "access token", error);
	return delegate_roles(reader, principal, principal->access, error);
}

static int roles_resolve(const struct reader *reader, struct principal *principal,
			 struct error *error)
{
	struct caller *caller = &principal->caller;
	int result = 0;

	if (principal->trust) {
		result = trust_roles(reader, principal->trust, &principal->roles, error);
	} else if (principal->claims.scope != SCOPE_NONE) {
		result =
			grants_effective(reader, principal->claims.user_id, principal->claims.scope,
					 principal->claims.scope_id, &principal->roles, error);
		if (result == 0)
			result = credential_resolve(reader, principal, error);
		if (result == 0)
			result = access_resolve(reader, principal, error);
		if (result == 0 && principal->roles.count == 0)
			result = error_set(error, -EPERM, "user has no role in this scope");
	}
	caller->roles = principal->roles.names;
	for (size_t i = 0; result == 0 && i < principal->roles.count; i++)
		caller->is_admin |= !strcmp(principal->roles.names[i], "admin");
	return result;
}

/* Who acts for somebody else: the trustor's state counts, and with impersonation its name. */
static int trust_resolve(const struct reader *reader, struct principal *principal,
			 struct error *error)
{
	struct caller *caller = &principal->caller;
	const char *id, *name;
	yyjson_val *trustor;
	int result;

	if (!principal->claims.trust_id[0])
		return 0;
	result = trust_find(reader, principal->claims.trust_id, &principal->trust, error);
	if (result < 0)
		return claimed(result, "trust", error);
	if (!json_is(principal->trust, "trustee_user_id", caller->user_id))
		return refuse_denied(error);
	result = record_get(reader, &trustor, NULL, error, "/identity/user/%s",
			    json_string(principal->trust, "trustor_user_id"));
	if (result < 0)
		return claimed(result, "trustor", error);
	if (!json_bool(trustor, "enabled", true))
		return refuse_denied(error);
	epoch_add(principal, trustor);
	result = domain_resolve(reader, principal, json_string(trustor, "domain_id"), &id, &name,
				error);
	caller->trust_id = json_string(principal->trust, "id");
	if (result < 0 || !json_bool(principal->trust, "impersonation", false))
		return result;
	caller->user_id = json_string(trustor, "id");
	caller->user_name = json_string(trustor, "name");
	caller->user_domain_id = id;
	caller->user_domain_name = name;
	return 0;
}

static int epoch_check(struct principal *principal, struct error *error)
{
	if (principal->fresh)
		principal->claims.epoch = (uint32_t)principal->epochs;
	if (principal->claims.epoch != (uint32_t)principal->epochs)
		return error_set(error, -EPERM, "what the token hangs on was disabled or changed");
	return 0;
}

static int revocation_check(const struct reader *reader, const struct principal *principal,
			    struct error *error)
{
	yyjson_val *record;
	int result = record_get(reader, &record, NULL, error, "/identity/revocation/%s",
				principal->audit);

	if (result == 0)
		return error_set(error, -EPERM, "token was revoked");
	return result == -ENOENT ? 0 : result;
}

static void methods_name(struct principal *principal)
{
	size_t count = 0;

	for (size_t i = 0; i < METHOD_COUNT; i++)
		if (principal->claims.methods & 1U << i)
			principal->method_names[count++] = token_method_names[i];
	principal->method_names[count] = NULL;
}

int principal_resolve(const struct reader *reader, struct principal *principal, struct error *error)
{
	struct caller *caller = &principal->caller;
	int result;

	token_audit_text(principal->claims.audit, principal->audit);
	token_audit_text(principal->claims.parent, principal->parent);
	methods_name(principal);
	caller->methods = principal->method_names;
	caller->audit_id = principal->audit;
	caller->expires = principal->claims.expires;
	result = revocation_check(reader, principal, error);
	if (result == 0)
		result = user_resolve(reader, principal, error);
	if (result == 0)
		result = trust_resolve(reader, principal, error);
	if (result == 0)
		result = scope_resolve(reader, principal, error);
	if (result == 0)
		result = epoch_check(principal, error);
	if (result == 0)
		result = roles_resolve(reader, principal, error);
	return result;
}
