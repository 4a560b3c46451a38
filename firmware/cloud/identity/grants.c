/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/grants.h"

#include "firmware/cloud/identity/hierarchy.h"

#include <string.h>

bool role_set_has(const struct role_set *roles, const char *role_id)
{
	for (size_t i = 0; i < roles->count; i++)
		if (!strcmp(roles->ids[i], role_id))
			return true;
	return false;
}

static void role_set_add(struct role_set *roles, const char *role_id)
{
	if (role_id && roles->count < GRANTS_MAX && !role_set_has(roles, role_id))
		roles->ids[roles->count++] = role_id;
}

const char *grants_target(struct arena *arena, enum token_scope scope, const char *scope_id)
{
	static const char *const kinds[SCOPE_COUNT] = { "none", "project", "domain", "system" };

	return arena_printf(arena, "%s-%s", kinds[scope], scope == SCOPE_SYSTEM ? "all" : scope_id);
}

static int actor_add(const struct reader *reader, const char *target, const char *kind,
		     const char *actor_id, struct role_set *roles, struct error *error)
{
	struct records records = { 0 };
	int result = records_range(reader, &records, error, "/identity/assignment/%s/%s-%s/",
				   target, kind, actor_id);

	for (size_t i = 0; i < records.count; i++)
		role_set_add(roles, json_string(records.items[i].value, "role_id"));
	return result;
}

int grants_direct(const struct reader *reader, const char *user_id, const char *target,
		  struct role_set *roles, struct error *error)
{
	struct records groups = { 0 };
	int result = actor_add(reader, target, "user", user_id, roles, error);

	if (result == 0)
		result = records_range(reader, &groups, error, "/identity/membership/%s/", user_id);
	for (size_t i = 0; result == 0 && i < groups.count; i++)
		result = actor_add(reader, target, "group",
				   json_string(groups.items[i].value, "group_id"), roles, error);
	return result;
}

int grants_imply(const struct reader *reader, struct role_set *roles, struct error *error)
{
	/* The set grows while it is walked: what is added is walked as well. */
	for (size_t i = 0; i < roles->count; i++) {
		struct records implied = { 0 };
		int result = records_range(reader, &implied, error, "/identity/implication/%s/",
					   roles->ids[i]);

		if (result < 0)
			return result;
		for (size_t j = 0; j < implied.count; j++)
			role_set_add(roles, json_string(implied.items[j].value, "implied_role_id"));
	}
	return 0;
}

int grants_name(const struct reader *reader, struct role_set *roles, struct error *error)
{
	size_t kept = 0;

	for (size_t i = 0; i < roles->count; i++) {
		yyjson_val *role;
		int result =
			record_get(reader, &role, NULL, error, "/identity/role/%s", roles->ids[i]);

		if (result == -ENOENT || (result == 0 && json_string(role, "domain_id")))
			continue;
		if (result < 0)
			return result;
		roles->ids[kept] = roles->ids[i];
		roles->names[kept++] = json_string(role, "name");
	}
	roles->count = kept;
	roles->ids[kept] = roles->names[kept] = NULL;
	return 0;
}

int grants_inherited(const struct reader *reader, const char *user_id, const char *project_id,
		     struct role_set *roles, struct error *error)
{
	struct records above = { 0 };
	int result = hierarchy_above(reader, project_id, &above, error);

	for (size_t i = 0; result == 0 && i < above.count; i++)
		result = grants_direct(reader, user_id,
				       arena_printf(reader->arena, "inherited/project-%s",
						    json_string(above.items[i].value, "id")),
				       roles, error);
	/* The topmost is the domain: it takes grants as a project and as a domain. */
	if (result == 0 && above.count)
		result = grants_direct(
			reader, user_id,
			arena_printf(reader->arena, "inherited/domain-%s",
				     json_string(above.items[above.count - 1].value, "id")),
			roles, error);
	return result;
}

int grants_all(const struct reader *reader, const char *user_id, enum token_scope scope,
	       const char *scope_id, struct role_set *roles, struct error *error)
{
	const char *target = grants_target(reader->arena, scope, scope_id);
	int result = grants_direct(reader, user_id, target, roles, error);

	if (result == 0 && scope == SCOPE_PROJECT)
		result = grants_inherited(reader, user_id, scope_id, roles, error);
	return result == 0 ? grants_imply(reader, roles, error) : result;
}

int grants_effective(const struct reader *reader, const char *user_id, enum token_scope scope,
		     const char *scope_id, struct role_set *roles, struct error *error)
{
	int result = grants_all(reader, user_id, scope, scope_id, roles, error);

	if (result == 0)
		result = grants_name(reader, roles, error);
	return result;
}
