/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Giving, checking and taking roles:
 *	/projects/{project_id}|/domains/{domain_id}|/system
 *		/users/{user_id}|/groups/{group_id}/roles[/{role_id}]
 */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

struct grant {
	const char *scope, *scope_id, *actor, *actor_id, *role_id; /* role_id NULL: a list */
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

static int scope_find(struct request *request, struct grant *grant, struct error *error)
{
	const char *project_id = param_or_null(request, "project_id");
	const char *domain_id = param_or_null(request, "domain_id");

	grant->scope = project_id ? "project" : domain_id ? "domain" : "system";
	grant->scope_id = project_id ? project_id : domain_id ? domain_id : "all";
	if (project_id)
		return part_find(request, grant, &kind_project, project_id, error);
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
				 .txn = store_txn_new(request->arena) };
	result = actor_find(request, grant, error);
	if (result == 0)
		result = scope_find(request, grant, error);
	if (result == 0 && grant->role_id)
		result = part_find(request, grant, &kind_role, grant->role_id, error);
	grant->key = arena_printf(request->arena, "/identity/assignment/%s-%s/%s-%s/%s",
				  grant->scope, grant->scope_id, grant->actor, grant->actor_id,
				  grant->role_id ? grant->role_id : "");
	return result;
}

int grant_create(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	struct grant grant;
	int result = grant_begin(request, &grant, error);

	if (result < 0)
		return result;
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

int grant_check(struct request *request, struct error *error)
{
	struct grant grant;
	int result = grant_find(request, &grant, error);

	return result == 0 ? reply_empty(request, 204) : result;
}

int grant_delete(struct request *request, struct error *error)
{
	struct grant grant;
	int result = grant_find(request, &grant, error);

	if (result < 0)
		return result;
	store_txn_delete(grant.txn, grant.key);
	result = identity_commit(request, grant.txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

int grant_list(struct request *request, struct error *error)
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
