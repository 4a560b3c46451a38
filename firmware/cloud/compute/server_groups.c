/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/server_groups.h"

#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/query.h"
#include "firmware/cloud/compute/schema_parts.h"

int group_read(struct request *request, const char *id, yyjson_val **group, uint64_t *revision,
	       struct error *error)
{
	int result = -ENOENT;

	if (id && uuid_valid(id))
		result = request_get(request, group, revision, error, KEY_SERVER_GROUP "%s", id);
	if (result == -ENOENT)
		*group = NULL;
	return result == -ENOENT ? 0 : result;
}

int group_members(struct request *request, const char *id, struct record_list *members,
		  struct error *error)
{
	*members = (struct record_list){ .request = request };
	return record_list_index(request, members, KEY_SERVER, "group", NULL, id, error);
}

int group_take(struct request *request, const struct record_list *members, int64_t count,
	       struct error *error)
{
	int64_t limit, own = 0;
	int result = quota_limit(request, request->caller->project_id, QUOTA_GROUP_MEMBERS, &limit,
				 error);

	for (size_t i = 0; i < members->count; i++)
		own += json_is(members->items[i], "user_id", request->caller->user_id);
	if (result == 0 && limit >= 0 && own + count > limit)
		return error_set(error, -EDQUOT, "Quota exceeded, too many servers in group");
	return result;
}

int64_t group_host_limit(yyjson_val *group)
{
	if (!json_is(group, "policy", "anti-affinity"))
		return -1;
	return integer_of(yyjson_obj_get(yyjson_obj_get(group, "rules"), "max_server_per_host"), 1);
}

int64_t group_on_host(const struct record_list *members, const char *but)
{
	int64_t count = 0;

	for (size_t i = 0; i < members->count; i++)
		count += json_bool(members->items[i], "_placed", false) &&
			 !(but && json_is(members->items[i], "id", but));
	return count;
}

/* --- views */

static int members_add(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
		       const char *id, struct error *error)
{
	yyjson_mut_val *array = yyjson_mut_obj_add_arr(doc, view, "members");
	struct record_list members;
	int result = group_members(request, id, &members, error);

	for (size_t i = 0; result == 0 && i < members.count; i++)
		yyjson_mut_arr_add_strcpy(doc, array, json_string(members.items[i], "id"));
	return result;
}

/* Nova keeps numbers as text in the database, and gives them back as numbers. */
static yyjson_mut_val *rules_view(yyjson_mut_doc *doc, yyjson_val *group)
{
	yyjson_val *most = yyjson_obj_get(yyjson_obj_get(group, "rules"), "max_server_per_host");
	yyjson_mut_val *rules = yyjson_mut_obj(doc);

	if (most)
		json_set_integer(doc, rules, "max_server_per_host", integer_of(most, 1));
	return rules;
}

static int group_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *group,
		      yyjson_mut_val *view, struct error *error)
{
	json_set_string(doc, view, "id", json_string(group, "id"));
	json_set_string(doc, view, "name", json_string(group, "name"));
	if (request->microversion >= 64) {
		json_set_string(doc, view, "policy", json_string(group, "policy"));
		json_set(doc, view, "rules", rules_view(doc, group));
	} else {
		yyjson_mut_arr_add_strcpy(doc, yyjson_mut_obj_add_arr(doc, view, "policies"),
					  json_string(group, "policy"));
		yyjson_mut_obj_add_obj(doc, view, "metadata");
	}
	if (request->microversion >= 13) {
		json_set_string(doc, view, "project_id", json_string(group, "project_id"));
		json_set_string(doc, view, "user_id", json_string(group, "user_id"));
	}
	return members_add(request, doc, view, json_string(group, "id"), error);
}

static int group_reply(struct request *request, yyjson_val *group, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	int result = group_view(request, doc, group,
				yyjson_mut_obj_add_obj(doc, root, "server_group"), error);

	return result < 0 ? result : reply_json(request, 200, doc, root);
}

/* --- handlers */

/* Another project's group is refused, not hidden, as Nova does it. */
static int group_find(struct request *request, yyjson_val **group, uint64_t *revision,
		      struct error *error)
{
	const char *id = request_param(request, "group_id");
	int result = group_read(request, id, group, revision, error);

	if (result < 0)
		return result;
	if (!*group)
		return error_set(error, -ENOENT, "Instance group %s could not be found.", id);
	if (!policy_owns(request, json_string(*group, "project_id")))
		return error_set(error, -EACCES, "Policy doesn't allow %s to be performed.",
				 request->route->policy);
	return 0;
}

static int group_show(struct request *request, struct error *error)
{
	yyjson_val *group;
	int result = group_find(request, &group, NULL, error);

	return result < 0 ? result : group_reply(request, group, error);
}

static int group_delete(struct request *request, struct error *error)
{
	const struct quota_amount amount = { .groups = 1 };
	struct store_txn *txn = store_txn_new(request->arena);
	struct store_view *view;
	yyjson_val *group;
	uint64_t revision;
	const char *key;
	int result = group_find(request, &group, &revision, error);

	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = quota_give(view, request->arena, txn, json_string(group, "project_id"),
				    &amount, error);
	if (result < 0)
		return result;
	key = arena_printf(request->arena, KEY_SERVER_GROUP "%s", json_string(group, "id"));
	store_txn_compare(txn, key, revision);
	store_txn_delete(txn, key);
	result = request_commit(request, txn, error);
	return result < 0 ? result : reply_empty(request, 204);
}

static const char *const list_queries[] = { "all_projects", "limit", "offset", NULL };
static const struct page_rules list_rules = {
	.default_sort = "created_at",
	.most = COMPUTE_PAGE_MAX,
	.standard = COMPUTE_PAGE_MAX,
	.id_member = "id",
};

static int list_read(struct request *request, struct record_list *list, struct error *error)
{
	*list = (struct record_list){ .request = request };
	if (request->caller->is_admin && request_query(request, "all_projects"))
		return record_list_range(request, list, KEY_SERVER_GROUP, error);
	if (!request->caller->project_id)
		return 0;
	return record_list_index(request, list, KEY_SERVER_GROUP, "project", NULL,
				 request->caller->project_id, error);
}

static int group_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	struct record_list list;
	struct window window;
	int result = query_known(request, list_queries, 75, error);

	if (result == 0)
		result = list_read(request, &list, error);
	if (result == 0)
		result = window_select(request, &list_rules, &list, &window, error);
	array = yyjson_mut_obj_add_arr(doc, root, "server_groups");
	for (size_t i = window.first; result == 0 && i < window.end; i++)
		result = group_view(request, doc, list.items[i], yyjson_mut_arr_add_obj(doc, array),
				    error);
	return result < 0 ? result : reply_json(request, 200, doc, root);
}

static yyjson_mut_val *group_new(struct request *request, yyjson_mut_doc *doc)
{
	yyjson_val *body = yyjson_obj_get(request->body, "server_group");
	yyjson_val *rules = yyjson_obj_get(body, "rules");
	const char *policy = json_string(body, "policy");
	yyjson_mut_val *group = yyjson_mut_obj(doc);
	char id[UUID_SIZE];

	if (!policy)
		policy = yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(body, "policies")));
	uuid_make(id);
	json_set_string(doc, group, "id", id);
	json_set_string(doc, group, "name", json_string(body, "name"));
	json_set_string(doc, group, "policy", policy);
	json_set(doc, group, "rules",
		 rules ? yyjson_val_mut_copy(doc, rules) : yyjson_mut_obj(doc));
	json_set_string(doc, group, "project_id", request->caller->project_id);
	json_set_string(doc, group, "user_id", request->caller->user_id);
	json_set_string(doc, group, "created_at", time_now(request->arena));
	return group;
}

static int group_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *made = group_new(request, doc);
	yyjson_val *group = json_frozen(request->arena, made);
	int result = quota_take_group(request, txn, error);

	if (result < 0)
		return result;
	if (!json_is(group, "policy", "anti-affinity") &&
	    yyjson_obj_size(yyjson_obj_get(group, "rules")))
		return error_set(error, -EINVAL, "Only anti-affinity policy supports rules.");
	store_txn_put(txn,
		      arena_printf(request->arena, KEY_SERVER_GROUP "%s", json_string(group, "id")),
		      request_write(request, made));
	result = request_commit(request, txn, error);
	return result < 0 ? result : group_reply(request, group, error);
}

/* --- tables */

static const struct schema policy_first = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "anti-affinity", "affinity", NULL },
};
static const struct schema policy_any = {
	.types = SCHEMA_STRING,
	.one_of = (const char *const[]){ "anti-affinity", "affinity", "soft-anti-affinity",
					 "soft-affinity", NULL },
};
static const struct schema policies_first = {
	.types = SCHEMA_ARRAY,
	.unique_items = true,
	.min_items = 1,
	.max_items = 1,
	.items = &policy_first,
};
static const struct schema policies_any = {
	.types = SCHEMA_ARRAY,
	.unique_items = true,
	.min_items = 1,
	.max_items = 1,
	.items = &policy_any,
};
static const struct schema rules = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "max_server_per_host", &part_positive, false, 0, 0 }, { 0 } },
};
static const struct schema group_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &part_name, true, 0, 0 },
						   { "policies", &policies_first, true, 0, 14 },
						   { "policies", &policies_any, true, 15, 63 },
						   { "policy", &policy_any, true, 64, 0 },
						   { "rules", &rules, false, 64, 0 },
						   { 0 } },
};
static const struct schema schema_create = ENVELOPE("server_group", &group_body);

#define GROUPS "/os-server-groups"
static const struct route routes[] = {
	ROUTE("GET", GROUPS, group_list, "os-server-groups:index"),
	ROUTE("POST", GROUPS, group_create, "os-server-groups:create", .body = &schema_create),
	ROUTE("GET", GROUPS "/{group_id}", group_show, "os-server-groups:show"),
	ROUTE("DELETE", GROUPS "/{group_id}", group_delete, "os-server-groups:delete"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-server-groups:index"), READ },
	{ POLICY("os-server-groups:show"), READ },
	{ POLICY("os-server-groups:create"), "project_member project_admin" },
	{ POLICY("os-server-groups:delete"), WRITE },
	{ 0 },
};

const struct service_part compute_group_part = { routes, policies };
