/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The body that describes a token: POST and GET /auth/tokens. */
#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/federation.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/security.h"

static yyjson_mut_val *add_named(yyjson_mut_doc *doc, yyjson_mut_val *parent, const char *member,
				 const char *id, const char *name)
{
	yyjson_mut_val *object = yyjson_mut_obj(doc);

	json_set_string(doc, object, "id", id);
	json_set_string(doc, object, "name", name);
	json_set(doc, parent, member, object);
	return object;
}

static void add_instant(yyjson_mut_doc *doc, yyjson_mut_val *token, const char *member,
			uint64_t seconds)
{
	char text[INSTANT_SIZE];

	instant_format(seconds, text);
	json_set_string(doc, token, member, text);
}

static void add_user(yyjson_mut_doc *doc, yyjson_mut_val *token, const struct caller *caller)
{
	yyjson_mut_val *user = add_named(doc, token, "user", caller->user_id, caller->user_name);

	add_named(doc, user, "domain", caller->user_domain_id, caller->user_domain_name);
}

static void add_strings(yyjson_mut_doc *doc, yyjson_mut_val *token, const char *member,
			const char *const *strings)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);

	for (; *strings; strings++)
		yyjson_mut_arr_add_strcpy(doc, list, *strings);
	json_set(doc, token, member, list);
}

static void add_roles(yyjson_mut_doc *doc, yyjson_mut_val *token, const struct role_set *roles)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);

	for (size_t i = 0; i < roles->count; i++) {
		yyjson_mut_val *role = yyjson_mut_arr_add_obj(doc, list);

		json_set_string(doc, role, "id", roles->ids[i]);
		json_set_string(doc, role, "name", roles->names[i]);
	}
	json_set(doc, token, "roles", list);
}

static void add_project(yyjson_mut_doc *doc, yyjson_mut_val *token, const struct caller *caller)
{
	yyjson_mut_val *project =
		add_named(doc, token, "project", caller->project_id, caller->project_name);

	add_named(doc, project, "domain", caller->project_domain_id, caller->project_domain_name);
}

static void add_scope(yyjson_mut_doc *doc, yyjson_mut_val *token, const struct principal *principal)
{
	const struct caller *caller = &principal->caller;

	if (principal->claims.scope == SCOPE_NONE)
		return;
	add_roles(doc, token, &principal->roles);
	if (principal->claims.scope == SCOPE_PROJECT)
		add_project(doc, token, caller);
	if (principal->claims.scope == SCOPE_PROJECT && !principal->trust)
		json_set_bool(doc, token, "is_domain", principal->is_domain);
	if (principal->claims.scope == SCOPE_DOMAIN)
		add_named(doc, token, "domain", caller->domain_id, caller->domain_name);
	if (principal->claims.scope == SCOPE_SYSTEM) {
		yyjson_mut_val *system = yyjson_mut_obj(doc);

		json_set_bool(doc, system, "all", true);
		json_set(doc, token, "system", system);
	}
}

static void add_credential(yyjson_mut_doc *doc, yyjson_mut_val *token, yyjson_val *credential)
{
	yyjson_mut_val *object =
		add_named(doc, token, "application_credential", json_string(credential, "id"),
			  json_string(credential, "name"));

	json_set_bool(doc, object, "restricted", !json_bool(credential, "unrestricted", false));
	if (yyjson_obj_get(credential, "access_rules"))
		json_set(doc, object, "access_rules",
			 yyjson_val_mut_copy(doc, yyjson_obj_get(credential, "access_rules")));
}

static void add_trust(yyjson_mut_doc *doc, yyjson_mut_val *token, yyjson_val *trust)
{
	static const struct {
		const char *shown, *member;
	} agents[] = {
		{ "trustor_user", "trustor_user_id" },
		{ "trustee_user", "trustee_user_id" },
	};
	yyjson_mut_val *object = yyjson_mut_obj(doc);

	json_set_string(doc, object, "id", json_string(trust, "id"));
	json_set_bool(doc, object, "impersonation", json_bool(trust, "impersonation", false));
	for (size_t i = 0; i < sizeof(agents) / sizeof(agents[0]); i++) {
		yyjson_mut_val *user = yyjson_mut_obj(doc);

		json_set_string(doc, user, "id", json_string(trust, agents[i].member));
		json_set(doc, object, agents[i].shown, user);
	}
	json_set(doc, token, "OS-TRUST:trust", object);
}

static void add_access(yyjson_mut_doc *doc, yyjson_mut_val *token, yyjson_val *access)
{
	yyjson_mut_val *object = yyjson_mut_obj(doc);

	json_set_string(doc, object, "access_token_id", json_string(access, "id"));
	json_set_string(doc, object, "consumer_id", json_string(access, "consumer_id"));
	json_set(doc, token, "OS-OAUTH1", object);
}

static yyjson_mut_val *token_render(yyjson_mut_doc *doc, const struct principal *principal)
{
	const char *audit_ids[] = { principal->audit,
				    principal->claims.has_parent ? principal->parent : NULL, NULL };
	yyjson_mut_val *token = yyjson_mut_obj(doc);

	add_strings(doc, token, "methods", principal->method_names);
	add_user(doc, token, &principal->caller);
	add_strings(doc, token, "audit_ids", audit_ids);
	add_instant(doc, token, "expires_at", principal->claims.expires);
	add_instant(doc, token, "issued_at", principal->claims.issued);
	add_scope(doc, token, principal);
	if (principal->trust)
		add_trust(doc, token, principal->trust);
	if (principal->access)
		add_access(doc, token, principal->access);
	if (principal->credential)
		add_credential(doc, token, principal->credential);
	return token;
}

int token_reply(struct request *request, const struct reader *reader,
		const struct principal *principal, const char *token, int status, bool catalog,
		struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *body = token_render(doc, principal);
	yyjson_mut_val *offered;

	if (catalog && principal->claims.scope != SCOPE_NONE) {
		offered = catalog_render(request, reader, doc, &principal->caller, error);
		if (!offered)
			return error_set(error, -EIO, "catalog can't be read");
		json_set(doc, body, "catalog", offered);
	}
	if (federation_offer(reader, doc, &offered, error) < 0)
		return error_set(error, -EIO, "service providers can't be read");
	if (offered)
		json_set(doc, body, "service_providers", offered);
	json_set_string(doc, yyjson_mut_obj_get(body, "user"), "password_expires_at",
			security_expiry_text(reader, principal->caller.user_id));
	json_set(doc, root, "token", body);
	if (token)
		reply_header(request, "X-Subject-Token", "%s", token);
	reply_header(request, "Vary", "X-Auth-Token");
	return reply_json(request, status, doc, root);
}
