/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OS-TRUST: making, showing and taking back trusts. */
#include <string.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/rules.h"
#include "firmware/cloud/identity/schemas.h"
#include "firmware/cloud/identity/trust.h"

static const struct page_rules page = {
	.filters =
		(const struct page_filter[]){ { "trustor_user_id", "trustor_user_id", PAGE_EXACT },
					      { "trustee_user_id", "trustee_user_id", PAGE_EXACT },
					      { 0 } },
	.id_member = "id",
};

static const char *const nullable[] = { "project_id",           "expires_at", "remaining_uses",
					"redelegated_trust_id", "deleted_at", NULL };

const struct kind kind_trust = { .singular = "trust",
				 .plural = "trusts",
				 .path = "OS-TRUST/trusts",
				 .prefix = "/identity/trust/",
				 .what = "trust",
				 .page = &page,
				 .nullable = nullable };

/* Who holds a delegate of somebody manages no trusts with it; a trust itself may be handed on. */
static int delegate_check(const struct request *request, struct error *error)
{
	if (caller_is_in_person(request->caller))
		return 0;
	return refuse_forbidden(error, "Delegated tokens cannot manage trusts.");
}

/* The trust in the path. One that there is not is told of before who may see it. */
static int trust_begin(struct request *request, const char *rule, yyjson_val **trust,
		       struct error *error)
{
	const char *id = request_param(request, "trust_id");
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = trust_find(&reader, id, trust, error);
	if (result == -ENOENT || (result == 0 && !trust_is_usable(*trust)))
		return refuse_not_found(error, kind_trust.what, id);
	if (result == 0)
		result = identity_allow(request, rule, error);
	return result == 0 ? delegate_check(request, error) : result;
}

/* --- roles of a trust */

static void role_add(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *list,
		     const char *role_id)
{
	struct error ignored = { 0 };
	yyjson_mut_val *shown;
	yyjson_val *role;

	if (request_get(request, &role, NULL, &ignored, "/identity/role/%s", role_id) < 0)
		return;
	shown = yyjson_val_mut_copy(doc, role);
	kind_present(request, &kind_role, doc, shown);
	yyjson_mut_arr_append(list, shown);
}

static yyjson_mut_val *roles_render(struct request *request, yyjson_mut_doc *doc, yyjson_val *ids)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	yyjson_val *role;
	size_t index, most;

	yyjson_arr_foreach (ids, index, most, role)
		role_add(request, doc, list, json_string(role, "id"));
	return list;
}

static yyjson_mut_val *roles_links(struct request *request, yyjson_mut_doc *doc, const char *id)
{
	yyjson_mut_val *links = yyjson_mut_obj(doc);

	json_set_string(doc, links, "self",
			arena_printf(request->arena, "%s%s/%s/roles", request->base_url,
				     request->service->prefix, id));
	json_set_string(doc, links, "next", NULL);
	json_set_string(doc, links, "previous", NULL);
	return links;
}

static int trust_reply(struct request *request, int status, yyjson_mut_doc *doc, yyjson_val *trust)
{
	yyjson_mut_val *shown = yyjson_val_mut_copy(doc, trust);

	json_set(doc, shown, "roles", roles_render(request, doc, yyjson_obj_get(trust, "roles")));
	json_set(doc, shown, "roles_links", roles_links(request, doc, json_string(trust, "id")));
	return kind_reply(request, &kind_trust, status, doc, shown);
}

static int trust_show(struct request *request, struct error *error)
{
	yyjson_val *trust = NULL;
	int result = trust_begin(request, "identity:get_trust", &trust, error);

	return result == 0 ? trust_reply(request, 200, request_document(request), trust) : result;
}

static int trust_role_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *trust = NULL;
	int result = trust_begin(request, "identity:list_roles_for_trust", &trust, error);

	if (result < 0)
		return result;
	json_set(doc, root, "roles", roles_render(request, doc, yyjson_obj_get(trust, "roles")));
	json_set(doc, root, "links", roles_links(request, doc, json_string(trust, "id")));
	return reply_json(request, 200, doc, root);
}

static int trust_role_show(struct request *request, struct error *error)
{
	const char *role_id = request_param(request, "role_id");
	yyjson_val *trust = NULL, *role;
	size_t index, most;
	int result = trust_begin(request, "identity:get_role_for_trust", &trust, error);

	if (result < 0)
		return result;
	yyjson_arr_foreach (yyjson_obj_get(trust, "roles"), index, most, role) {
		if (json_is(role, "id", role_id))
			return kind_show(request, &kind_role, "role_id", error);
	}
	return refuse_not_found(error, kind_role.what, role_id);
}

/* --- lists */

static const char *list_rule(const struct request *request)
{
	if (request_query(request, "trustor_user_id"))
		return "identity:list_trusts_for_trustor";
	if (request_query(request, "trustee_user_id"))
		return "identity:list_trusts_for_trustee";
	return "identity:list_trusts";
}

/* Roles are left out of lists. */
static yyjson_val *without_roles(struct request *request, yyjson_mut_doc *doc, yyjson_val *trust)
{
	yyjson_mut_val *copy = yyjson_val_mut_copy(doc, trust);
	const char *text;

	yyjson_mut_obj_remove_key(copy, "roles");
	text = request_write(request, copy);
	return text ? json_parse(request->arena, text, strlen(text)) : NULL;
}

static int trust_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	yyjson_mut_doc *doc = request_document(request);
	int result = identity_allow(request, list_rule(request), error);

	if (result == 0)
		result = delegate_check(request, error);
	if (result == 0)
		result = record_list_range(request, &list, kind_trust.prefix, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < list.count; i++)
		list.items[i] = without_roles(request, doc, list.items[i]);
	return kind_reply_list(request, &kind_trust, list.items, list.count, error);
}

/* --- create */

struct trust_making {
	struct request *request;
	struct reader reader;
	yyjson_mut_doc *doc;
	yyjson_mut_val *trust;
	yyjson_val *body;
	yyjson_val *from; /* redelegated; NULL: none */
	struct error *error;
};

/* The roles are those that the first trustor has on the project. */
static int roles_held(struct trust_making *making, struct role_set *held)
{
	const char *project_id = json_string(making->body, "project_id");
	const char *origin = making->request->caller->user_id;
	yyjson_val *project;
	int result;

	if (!project_id)
		return 0;
	result = kind_find(making->request, &kind_project, project_id, &project, NULL,
			   making->error);
	if (result == 0 && making->from)
		result = trust_origin(&making->reader, making->from, &origin, making->error);
	if (result == 0)
		result = grants_all(&making->reader, origin, SCOPE_PROJECT, project_id, held,
				    making->error);
	return result;
}

static int roles_settle(struct trust_making *making)
{
	yyjson_mut_val *list = yyjson_mut_arr(making->doc);
	struct role_set held = { 0 };
	size_t index, most;
	yyjson_val *wanted;
	int result = roles_held(making, &held);

	yyjson_arr_foreach (yyjson_obj_get(making->body, "roles"), index, most, wanted) {
		const char *id = NULL;

		if (result == 0)
			result = role_meant(&making->reader, wanted, &id, making->error);
		if (result == 0 && !role_set_has(&held, id))
			return refuse_not_found(making->error, kind_role.what, id);
		if (result == 0)
			json_set_string(making->doc, yyjson_mut_arr_add_obj(making->doc, list),
					"id", id);
	}
	json_set(making->doc, making->trust, "roles", list);
	return result;
}

static int refuse_value(struct error *error, const char *text)
{
	return error_fault(error, -EINVAL, 400, NULL, "%s", text);
}

static int expiry_settle(struct trust_making *making)
{
	const char *text = json_string(making->body, "expires_at");
	char made[INSTANT_SIZE];
	int64_t seconds = text ? instant_parse(text) : 0;

	if (!text)
		return 0;
	if (seconds < 0)
		return refuse_value(making->error,
				    "Timestamp not in expected format. The server could not comply "
				    "with the request since it is either malformed or otherwise "
				    "incorrect. The client is assumed to be in error.");
	if (seconds < (int64_t)instant_now())
		return refuse_value(making->error,
				    "The 'expires_at' must not be before now. The server could not "
				    "comply with the request since it is either malformed or "
				    "otherwise incorrect. The client is assumed to be in error.");
	instant_format((uint64_t)seconds, made);
	json_set_string(making->doc, making->trust, "expires_at", made);
	return 0;
}

/* How often the trust may be handed on: not at all unless that was asked for. */
static int redelegation_settle(struct trust_making *making)
{
	yyjson_val *count = yyjson_obj_get(making->body, "redelegation_count");
	yyjson_val *uses = yyjson_obj_get(making->body, "remaining_uses");
	int64_t most = making->from ? json_integer(making->from, "redelegation_count", 0) - 1
				    : TRUST_REDELEGATION_MAX;
	int64_t asked = yyjson_is_int(count) ? yyjson_get_sint(count) : most;

	if (!json_bool(making->body, "allow_redelegation", false))
		asked = 0;
	json_set_integer(making->doc, making->trust, "redelegation_count", asked);
	if (!asked)
		return 0;
	if (asked > TRUST_REDELEGATION_MAX || (making->from && asked != most))
		return refuse_denied(making->error);
	if (yyjson_is_int(uses))
		return refuse_value(making->error,
				    "remaining_uses must not be set if redelegation is allowed");
	return 0;
}

static bool has_role(yyjson_val *trust, const char *id)
{
	yyjson_val *role;
	size_t index, most;

	yyjson_arr_foreach (yyjson_obj_get(trust, "roles"), index, most, role) {
		if (json_is(role, "id", id))
			return true;
	}
	return false;
}

/* The first trustor may have these roles elsewhere, too: they were not handed out there. */
static bool is_same_project(struct trust_making *making, yyjson_val *parent)
{
	const char *asked = json_string(making->body, "project_id");
	const char *given = json_string(parent, "project_id");

	return !strcmp(asked ? asked : "", given ? given : "");
}

/* What is handed on is never more than what was given. */
static bool is_within(struct trust_making *making, yyjson_val *parent)
{
	const char *ends = json_mut_string(making->trust, "expires_at");
	const char *parent_ends = json_string(parent, "expires_at");
	yyjson_mut_val *role;
	size_t index, most;

	yyjson_mut_arr_foreach (yyjson_mut_obj_get(making->trust, "roles"), index, most, role) {
		if (!has_role(parent, json_mut_string(role, "id")))
			return false;
	}
	if (ends && parent_ends && instant_parse(parent_ends) < instant_parse(ends))
		return false;
	if (!is_same_project(making, parent))
		return false;
	if (json_bool(making->body, "impersonation", false) &&
	    !json_bool(parent, "impersonation", false))
		return false;
	return json_integer(parent, "redelegation_count", 0) > 0 &&
	       !yyjson_is_int(yyjson_obj_get(making->body, "remaining_uses"));
}

static int chain_check(struct trust_making *making)
{
	yyjson_val *parent = making->from;
	int result = 0;

	if (!parent)
		return 0;
	if (!json_mut_string(making->trust, "expires_at"))
		json_set_string(making->doc, making->trust, "expires_at",
				json_string(parent, "expires_at"));
	json_set_string(making->doc, making->trust, "redelegated_trust_id",
			json_string(parent, "id"));
	while (result == 0 && parent) {
		const char *above = json_string(parent, "redelegated_trust_id");

		if (!is_within(making, parent))
			return refuse_denied(making->error);
		parent = NULL;
		if (above)
			result = record_get(&making->reader, &parent, NULL, making->error,
					    "/identity/trust/%s", above);
	}
	return refuse_lookup(result, making->error, kind_trust.what,
			     json_string(making->from, "id"));
}

static int create_check(struct trust_making *making)
{
	struct request *request = making->request;
	const char *trust_id = request->caller->trust_id;
	yyjson_val *user;
	int result = delegate_check(request, making->error);

	if (result < 0)
		return result;
	if (json_string(making->body, "project_id") &&
	    !yyjson_arr_size(yyjson_obj_get(making->body, "roles")))
		return refuse_forbidden(making->error, "At least one role should be specified");
	result = kind_find(request, &kind_user, json_string(making->body, "trustee_user_id"), &user,
			   NULL, making->error);
	if (result == 0 && trust_id)
		result = refuse_lookup(
			trust_find(&making->reader, trust_id, &making->from, making->error),
			making->error, kind_trust.what, trust_id);
	return result;
}

/* Of what was asked for, what a trust keeps. */
static void members_take(struct trust_making *making)
{
	static const char *const members[] = { "trustor_user_id", "trustee_user_id", "project_id",
					       "impersonation", "remaining_uses" };

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		yyjson_val *value = yyjson_obj_get(making->body, members[i]);

		json_set(making->doc, making->trust, members[i],
			 value ? yyjson_val_mut_copy(making->doc, value)
			       : yyjson_mut_null(making->doc));
	}
}

static int trust_settle(struct trust_making *making)
{
	static int (*const steps[])(struct trust_making *) = { create_check, roles_settle,
							       expiry_settle, redelegation_settle,
							       chain_check };
	int result = reader_of_request(making->request, &making->reader, making->error);

	members_take(making);
	for (size_t i = 0; result == 0 && i < sizeof(steps) / sizeof(steps[0]); i++)
		result = steps[i](making);
	return result;
}

static int trust_create(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct store_txn *txn = store_txn_new(request->arena);
	struct trust_making making = { .request = request,
				       .doc = doc,
				       .trust = yyjson_mut_obj(doc),
				       .body = yyjson_obj_get(request->body, "trust"),
				       .error = error };
	const char *text;
	int result = identity_allow(request, "identity:create_trust", error);

	kind_identify(doc, making.trust);
	if (result == 0)
		result = trust_settle(&making);
	if (result < 0)
		return result;
	text = request_write(request, making.trust);
	kind_put(request, &kind_trust, txn, making.trust);
	result = identity_commit(request, txn, error);
	if (result < 0)
		return result;
	return trust_reply(request, 201, doc, json_parse(request->arena, text, strlen(text)));
}

static int trust_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *trust = NULL;
	int result = trust_begin(request, "identity:delete_trust", &trust, error);

	if (result == 0)
		result = purge_trust(request, txn, json_string(trust, "id"), error);
	if (result == 0)
		result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

/* --- the routes */

static const struct schema trust_role = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_id, false, 0, 0 },
						   { "name", &schema_name_255, false, 0, 0 },
						   { 0 } },
	.max_members = 1,
};
static const struct schema trust_roles_wanted = { .types = SCHEMA_ARRAY, .items = &trust_role };
static const struct schema agent = { .types = SCHEMA_STRING, .min_length = 1, .max_length = 255 };
static const struct schema uses = { .types = SCHEMA_INTEGER | SCHEMA_NULL,
				    .has_minimum = true,
				    .minimum = 1 };
static const struct schema count = { .types = SCHEMA_INTEGER | SCHEMA_NULL,
				     .has_minimum = true,
				     .minimum = 0 };
static const struct schema nullable_boolean = { .types = SCHEMA_BOOLEAN | SCHEMA_NULL };

static const struct schema trust_new = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "trustor_user_id", &agent, true, 0, 0 },
			{ "trustee_user_id", &agent, true, 0, 0 },
			{ "impersonation", &schema_boolean, true, 0, 0 },
			{ "project_id", &schema_nullable_id, false, 0, 0 },
			{ "remaining_uses", &uses, false, 0, 0 },
			{ "expires_at", &schema_nullable_string, false, 0, 0 },
			{ "allow_redelegation", &nullable_boolean, false, 0, 0 },
			{ "redelegation_count", &count, false, 0, 0 },
			{ "roles", &trust_roles_wanted, false, 0, 0 },
			{ 0 } },
	.additional = true,
};
static SCHEMA_WRAPPED(schema_trust_create, "trust", trust_new);

/* Who may is asked by the handlers: they need the trust, or the body. */
static const struct route routes[] = {
	ROUTE("GET", "/OS-TRUST/trusts", trust_list, NULL, NULL, 0),
	ROUTE("POST", "/OS-TRUST/trusts", trust_create, NULL, &schema_trust_create, 0),
	ROUTE("GET", "/OS-TRUST/trusts/{trust_id}", trust_show, NULL, NULL, 0),
	ROUTE("DELETE", "/OS-TRUST/trusts/{trust_id}", trust_delete, NULL, NULL, 0),
	ROUTE("GET", "/OS-TRUST/trusts/{trust_id}/roles", trust_role_list, NULL, NULL, 0),
	ROUTE("GET", "/OS-TRUST/trusts/{trust_id}/roles/{role_id}", trust_role_show, NULL, NULL, 0),
	{ 0 },
};

const struct service_part identity_trust_part = { routes, NULL };
