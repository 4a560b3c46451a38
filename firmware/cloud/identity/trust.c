/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/trust.h"

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/internal.h"
#include "firmware/cloud/identity/refusal.h"

static int trust_read(const struct reader *reader, const char *id, yyjson_val **trust,
		      struct error *error)
{
	const char *expires;
	int result = record_get(reader, trust, NULL, error, "/identity/trust/%s", id);

	if (result < 0)
		return result;
	expires = json_string(*trust, "expires_at");
	return expires && instant_parse(expires) < (int64_t)instant_now() ? -ENOENT : 0;
}

/* Somebody in the chain: who gave first, or a trustee that handed it on. */
static int agent_check(const struct reader *reader, const char *user_id, struct error *error)
{
	yyjson_val *user;
	int result =
		record_get(reader, &user, NULL, error, "/identity/user/%s", user_id ? user_id : "");

	if (result == -ENOENT || (result == 0 && !json_bool(user, "enabled", true)))
		return refuse_denied(error);
	return result;
}

int trust_find(const struct reader *reader, const char *id, yyjson_val **trust, struct error *error)
{
	yyjson_val *link;
	int result = trust_read(reader, id, trust, error);

	link = *trust;
	while (result == 0 && json_string(link, "redelegated_trust_id")) {
		result =
			trust_read(reader, json_string(link, "redelegated_trust_id"), &link, error);
		if (result == 0)
			result = agent_check(reader, json_string(link, "trustee_user_id"), error);
	}
	return result;
}

bool trust_is_usable(yyjson_val *trust)
{
	return json_integer(trust, "remaining_uses", 1) > 0;
}

int trust_origin(const struct reader *reader, yyjson_val *trust, const char **user_id,
		 struct error *error)
{
	int result = 0;

	while (result == 0 && json_string(trust, "redelegated_trust_id"))
		result = record_get(reader, &trust, NULL, error, "/identity/trust/%s",
				    json_string(trust, "redelegated_trust_id"));
	*user_id = json_string(trust, "trustor_user_id");
	if (result == 0)
		result = agent_check(reader, *user_id, error);
	return result == -ENOENT ? refuse_denied(error) : result;
}

static void roles_named(yyjson_val *trust, struct role_set *roles)
{
	yyjson_val *role;
	size_t index, most;

	yyjson_arr_foreach (yyjson_obj_get(trust, "roles"), index, most, role) {
		if (roles->count < GRANTS_MAX && json_string(role, "id"))
			roles->ids[roles->count++] = json_string(role, "id");
	}
}

int trust_roles(const struct reader *reader, yyjson_val *trust, struct role_set *roles,
		struct error *error)
{
	const char *project_id = json_string(trust, "project_id"), *origin;
	struct role_set held = { 0 };
	int result;

	if (!project_id)
		return 0;
	roles_named(trust, roles);
	result = trust_origin(reader, trust, &origin, error);
	if (result == 0)
		result = grants_imply(reader, roles, error);
	if (result == 0)
		result = grants_all(reader, origin, SCOPE_PROJECT, project_id, &held, error);
	for (size_t i = 0; result == 0 && i < roles->count; i++)
		if (!role_set_has(&held, roles->ids[i]))
			return refuse_denied(error);
	return result == 0 ? grants_name(reader, roles, error) : result;
}

int trust_consume(struct request *request, yyjson_val *trust, struct error *error)
{
	const char *id = json_string(trust, "id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	const char *key = arena_printf(request->arena, "/identity/trust/%s", id ? id : "");
	yyjson_mut_val *used;
	yyjson_val *now; /* others may have used it since it was read */
	uint64_t revision;
	int result;

	if (yyjson_is_null(yyjson_obj_get(trust, "remaining_uses")))
		return 0;
	result = request_get(request, &now, &revision, error, "%s", key);
	if (result < 0)
		return result == -ENOENT ? refuse_unauthorized(error) : result;
	if (!trust_is_usable(now))
		return refuse_unauthorized(error);
	used = yyjson_val_mut_copy(doc, now);
	json_set_integer(doc, used, "remaining_uses", json_integer(now, "remaining_uses", 0) - 1);
	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, request_write(request, used));
	return identity_commit(request, txn, error);
}
