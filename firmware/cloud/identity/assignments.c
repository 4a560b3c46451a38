/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving, checking and taking roles:
 *	/projects/{project_id}|/domains/{domain_id}|/system
 *		/users/{user_id}|/groups/{group_id}/roles[/{role_id}]
 * and the same below /OS-INHERIT, with /inherited_to_projects behind it, for roles that count on
 * what lies below a project or a domain.
 */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"

struct grant {
	const char *scope, *scope_id, *actor, *actor_id, *role_id; /* role_id NULL: a list */
	bool inherited;
	const char *domain_id; /* of the project; NULL: none */
	const char *key;       /* of the record, or prefix of the list */
	struct store_txn *txn; /* compares that what it names is still there */
};

static const char *param_or_null(const struct request *request, const char *name)
{
	const struct name_value *param = request->params;

	for (; param && param->name; param++)
		if (!strcmp(param->name, name))
			return param->value;
	return NULL;
}

static int part_find(struct request *request, struct grant *grant, const struct kind *kind,
		     const char *id, struct error *error)
{
	yyjson_val *record;
	uint64_t revision;
	int result = kind_find(request, kind, id, &record, &revision, error);

	if (result == 0)
		kind_compare(request, kind, grant->txn, id, revision);
	return result;
}

/* A domain takes grants as a project, too. */
static int project_scope_find(struct request *request, struct grant *grant, struct error *error)
{
	const struct kind *kind;
	yyjson_val *project;
	uint64_t revision;
	int result = project_find(request, grant->scope_id, &kind, &project, &revision, error);

	if (result < 0)
		return result;
	kind_compare(request, kind, grant->txn, grant->scope_id, revision);
	grant->domain_id = json_string(project, "domain_id");
	return 0;
}

static int scope_find(struct request *request, struct grant *grant, struct error *error)
{
	const char *project_id = param_or_null(request, "project_id");
	const char *domain_id = param_or_null(request, "domain_id");

	grant->scope = project_id ? "project" : domain_id ? "domain" : "system";
	grant->scope_id = project_id ? project_id : domain_id ? domain_id : "all";
	if (project_id)
		return project_scope_find(request, grant, error);
	return domain_id ? part_find(request, grant, &kind_domain, domain_id, error) : 0;
}

static int actor_find(struct request *request, struct grant *grant, struct error *error)
{
	const char *user_id = param_or_null(request, "user_id");

	grant->actor = user_id ? "user" : "group";
	grant->actor_id = user_id ? user_id : request_param(request, "group_id");
	return part_find(request, grant, user_id ? &kind_user : &kind_group, grant->actor_id,
			 error);
}

static int grant_begin(struct request *request, struct grant *grant, struct error *error)
{
	int result;

	*grant = (struct grant){ .role_id = param_or_null(request, "role_id"),
				 .inherited = !strncmp(request->path, "/OS-INHERIT/", 12),
				 .txn = store_txn_new(request->arena) };
	result = actor_find(request, grant, error);
	if (result == 0)
		result = scope_find(request, grant, error);
	if (result == 0 && grant->role_id)
		result = part_find(request, grant, &kind_role, grant->role_id, error);
	grant->key =
		arena_printf(request->arena, "/identity/assignment/%s%s-%s/%s-%s/%s",
			     grant->inherited ? "inherited/" : "", grant->scope, grant->scope_id,
			     grant->actor, grant->actor_id, grant->role_id ? grant->role_id : "");
	return result;
}

/* A role of one domain is for the projects of that domain. */
static int role_fits(struct request *request, const struct grant *grant, struct error *error)
{
	const char *domain_id;
	yyjson_val *role;
	int result = kind_find(request, &kind_role, grant->role_id, &role, NULL, error);

	if (result < 0)
		return result;
	domain_id = json_string(role, "domain_id");
	if (!domain_id || strcmp(grant->scope, "project") ||
	    (grant->domain_id && !strcmp(grant->domain_id, domain_id)))
		return 0;
	return error_fault(error, -EACCES, 403, NULL,
			   "Project %s must be in the same domain as the role %s being assigned.",
			   grant->scope_id, grant->role_id);
}

static int grant_create(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	struct grant grant;
	int result = grant_begin(request, &grant, error);

	if (result == 0)
		result = role_fits(request, &grant, error);
	if (result < 0)
		return result;
	if (grant.inherited)
		json_set_bool(doc, record, "inherited", true);
	json_set_string(doc, record, "scope", grant.scope);
	json_set_string(doc, record, "scope_id", grant.scope_id);
	json_set_string(doc, record, "actor", grant.actor);
	json_set_string(doc, record, "actor_id", grant.actor_id);
	json_set_string(doc, record, "role_id", grant.role_id);
	store_txn_put(grant.txn, grant.key, request_write(request, record));
	result = identity_commit(request, grant.txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

static int grant_find(struct request *request, struct grant *grant, struct error *error)
{
	yyjson_val *record;
	int result = grant_begin(request, grant, error);

	if (result == 0)
		result = request_get(request, &record, NULL, error, "%s", grant->key);
	if (result != -ENOENT || error->message[0])
		return result;
	return error_fault(error, -ENOENT, 404, NULL,
			   "Could not find role assignment with role: %s, user or group: %s, "
			   "project, domain, or system: %s.",
			   grant->role_id, grant->actor_id, grant->scope_id);
}

static int grant_check(struct request *request, struct error *error)
{
	struct grant grant;
	int result = grant_find(request, &grant, error);

	return result == 0 ? reply_empty(request, 204) : result;
}

static int grant_delete(struct request *request, struct error *error)
{
	struct grant grant;
	int result = grant_find(request, &grant, error);

	if (result < 0)
		return result;
	store_txn_delete(grant.txn, grant.key);
	if (!strcmp(grant.actor, "user") && !strcmp(grant.scope, "project"))
		result = purge_delegates(request, grant.txn, grant.actor_id, grant.scope_id, error);
	if (result < 0)
		return result;
	result = identity_commit(request, grant.txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

static int grant_list(struct request *request, struct error *error)
{
	struct records assigned = { 0 };
	struct reader reader;
	struct grant grant;
	yyjson_val **roles;
	size_t count = 0;
	int result = grant_begin(request, &grant, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_range(&reader, &assigned, error, "%s", grant.key);
	roles = arena_alloc(request->arena, (assigned.count + 1) * sizeof(yyjson_val *));
	for (size_t i = 0; result == 0 && i < assigned.count; i++) {
		result = record_get(&reader, &roles[count], NULL, error, "/identity/role/%s",
				    json_string(assigned.items[i].value, "role_id"));
		count += result == 0;
		result = result == -ENOENT ? 0 : result;
	}
	return result == 0 ? kind_reply_list(request, &kind_role, roles, count, error) : result;
}

/* --- the routes: each scope with each kind of actor */

#define CHANGE(path, check, create, revoke)                                                        \
	ROUTE("GET", path, grant_check, "identity:" check, NULL, 0),                               \
		ROUTE("PUT", path, grant_create, "identity:" create, NULL, 0),                     \
		ROUTE("DELETE", path, grant_delete, "identity:" revoke, NULL, 0)
#define GRANT(path) CHANGE(path, "check_grant", "create_grant", "revoke_grant")
#define LIST(path, rule) ROUTE("GET", path, grant_list, "identity:" rule, NULL, 0)
#define INHERIT "/OS-INHERIT"
#define INHERITED "/inherited_to_projects"

static const struct route routes[] = {
	LIST("/projects/{project_id}/users/{user_id}/roles", "list_grants"),
	GRANT("/projects/{project_id}/users/{user_id}/roles/{role_id}"),
	LIST("/projects/{project_id}/groups/{group_id}/roles", "list_grants"),
	GRANT("/projects/{project_id}/groups/{group_id}/roles/{role_id}"),
	LIST("/domains/{domain_id}/users/{user_id}/roles", "list_grants"),
	GRANT("/domains/{domain_id}/users/{user_id}/roles/{role_id}"),
	LIST("/domains/{domain_id}/groups/{group_id}/roles", "list_grants"),
	GRANT("/domains/{domain_id}/groups/{group_id}/roles/{role_id}"),
	LIST("/system/users/{user_id}/roles", "list_system_grants_for_user"),
	CHANGE("/system/users/{user_id}/roles/{role_id}", "check_system_grant_for_user",
	       "create_system_grant_for_user", "revoke_system_grant_for_user"),
	LIST("/system/groups/{group_id}/roles", "list_system_grants_for_group"),
	CHANGE("/system/groups/{group_id}/roles/{role_id}", "check_system_grant_for_group",
	       "create_system_grant_for_group", "revoke_system_grant_for_group"),
	LIST(INHERIT "/domains/{domain_id}/users/{user_id}/roles" INHERITED, "list_grants"),
	GRANT(INHERIT "/domains/{domain_id}/users/{user_id}/roles/{role_id}" INHERITED),
	LIST(INHERIT "/domains/{domain_id}/groups/{group_id}/roles" INHERITED, "list_grants"),
	GRANT(INHERIT "/domains/{domain_id}/groups/{group_id}/roles/{role_id}" INHERITED),
	GRANT(INHERIT "/projects/{project_id}/users/{user_id}/roles/{role_id}" INHERITED),
	GRANT(INHERIT "/projects/{project_id}/groups/{group_id}/roles/{role_id}" INHERITED),
	{ 0 },
};

const struct service_part identity_grant_part = { routes, NULL };
