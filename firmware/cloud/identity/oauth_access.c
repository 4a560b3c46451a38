/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The access tokens that a user has authorized: what they are good for, and taking them back. */
#include <string.h>

#include "firmware/cloud/identity/oauth.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/refusal.h"

static const struct page_rules page = { .id_member = "id" };
static const char *const hidden[] = { "roles", "sealed", NULL };

static void finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	yyjson_mut_val *links = yyjson_mut_obj_get(shown, "links");
	const char *self = arena_printf(request->arena, "%s%s/users/%s/OS-OAUTH1/access_tokens/%s",
					request->base_url, request->service->prefix,
					json_mut_string(shown, "authorizing_user_id"),
					json_mut_string(shown, "id"));

	json_set_string(doc, links, "self", self);
	json_set_string(doc, links, "roles", arena_printf(request->arena, "%s/roles", self));
}

static const struct kind kind_access_token = { .singular = "access_token",
					       .plural = "access_tokens",
					       .prefix = OAUTH_ACCESS,
					       .page = &page,
					       .hidden = hidden,
					       .finish = finish };

static bool is_of_user(struct request *request, yyjson_val *token)
{
	return json_is(token, "authorizing_user_id", request_param(request, "user_id"));
}

static int token_find(struct request *request, yyjson_val **token, uint64_t *revision,
		      struct error *error)
{
	return oauth_access_find(request, request_param(request, "access_token_id"), token,
				 revision, error);
}

/* Keystone has no name for what it does not find here. */
static int token_find_of_user(struct request *request, yyjson_val **token, struct error *error)
{
	int result = token_find(request, token, NULL, error);

	if (result == 0 && !is_of_user(request, *token))
		return error_fault(error, -ENOENT, 404, NULL, "Could not find: %%(target)s.");
	return result;
}

static int access_token_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	int result = 0;

	if (request->caller->trust_id || !caller_is_in_person(request->caller))
		result = refuse_denied(error);
	if (result == 0)
		result = record_list_index(request, &list, OAUTH_ACCESS, "user", NULL,
					   request_param(request, "user_id"), error);
	if (result < 0)
		return result;
	return kind_reply_list(request, &kind_access_token, list.items, list.count, error);
}

static int access_token_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *token;
	int result = token_find_of_user(request, &token, error);

	if (result < 0)
		return result;
	return kind_reply(request, &kind_access_token, 200, doc, yyjson_val_mut_copy(doc, token));
}

static int access_token_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *token;
	uint64_t revision;
	int result = token_find(request, &token, &revision, error);

	if (result == 0 && !is_of_user(request, token))
		result = refuse_unauthorized(error);
	if (result < 0)
		return result;
	return kind_remove(request, &kind_access_token, txn, json_string(token, "id"), revision,
			   error);
}

/* --- its roles */

/* As much of a role as is shown here. */
static yyjson_mut_val *role_present(struct request *request, yyjson_mut_doc *doc, yyjson_val *role)
{
	yyjson_mut_val *shown = yyjson_val_mut_copy(doc, role);

	kind_present(request, &kind_role, doc, shown);
	yyjson_mut_obj_remove_key(shown, "description");
	return shown;
}

static int access_token_role_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	yyjson_val *token, *named, *role;
	size_t index, most;
	int result = token_find_of_user(request, &token, error);

	if (result < 0)
		return result;
	yyjson_arr_foreach (yyjson_obj_get(token, "roles"), index, most, named) {
		result = kind_find(request, &kind_role, json_string(named, "id"), &role, NULL,
				   error);
		if (result < 0)
			return result;
		yyjson_mut_arr_append(list, role_present(request, doc, role));
	}
	json_set(doc, root, "roles", list);
	kind_links(request, doc, root);
	return reply_json(request, 200, doc, root);
}

static bool has_role(yyjson_val *token, const char *role_id)
{
	yyjson_val *role;
	size_t index, most;

	yyjson_arr_foreach (yyjson_obj_get(token, "roles"), index, most, role) {
		if (json_is(role, "id", role_id))
			return true;
	}
	return false;
}

static int access_token_role_show(struct request *request, struct error *error)
{
	const char *role_id = request_param(request, "role_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *token, *role;
	int result = token_find(request, &token, NULL, error);

	if (result == 0 && !is_of_user(request, token))
		result = refuse_unauthorized(error);
	if (result == 0 && !has_role(token, role_id))
		result = refuse_not_found(error, kind_role.what, role_id);
	if (result == 0)
		result = kind_find(request, &kind_role, role_id, &role, NULL, error);
	if (result < 0)
		return result;
	json_set(doc, root, "role", role_present(request, doc, role));
	return reply_json(request, 200, doc, root);
}

#define TOKENS "/users/{user_id}/OS-OAUTH1/access_tokens"
#define TOKEN TOKENS "/{access_token_id}"

static const struct route routes[] = {
	ROUTE("GET", TOKENS, access_token_list, "identity:list_access_tokens", NULL, 0),
	ROUTE("GET", TOKEN, access_token_show, "identity:get_access_token", NULL, 0),
	ROUTE("DELETE", TOKEN, access_token_delete, "identity:delete_access_token", NULL, 0),
	ROUTE("GET", TOKEN "/roles", access_token_role_list, "identity:list_access_token_roles",
	      NULL, 0),
	ROUTE("GET", TOKEN "/roles/{role_id}", access_token_role_show,
	      "identity:get_access_token_role", NULL, 0),
	{ 0 },
};

const struct service_part identity_oauth_access_part = { routes, NULL };
