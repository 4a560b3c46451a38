/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/quotas.h"

#include <inttypes.h>
#include <string.h>

#define QUOTA_PREFIX "/network/quota/"
#define LIMIT_MOST 2147483647

/* What is counted, and Neutron's own defaults; -1: no limit. */
static const struct quota {
	const char *name;
	const struct resource *resource;
	int64_t standard;
} quotas[] = {
	{ "network", &resource_network, 100 },      { "subnet", &resource_subnet, 100 },
	{ "subnetpool", &resource_subnetpool, -1 }, { "port", &resource_port, 500 },
	{ "router", &resource_router, 10 },         { "floatingip", &resource_floatingip, 50 },
	{ "security_group", &resource_group, 10 },  { "security_group_rule", &resource_rule, 100 },
	{ "rbac_policy", &resource_rbac, 10 },      { "trunk", &resource_trunk, -1 },
};

#define QUOTAS (sizeof(quotas) / sizeof(quotas[0]))

#define LIMIT(name)                                                                                \
	{                                                                                          \
		name, ATTRIBUTE_INTEGER, ATTRIBUTE_PUT, NULL, -1, LIMIT_MOST, NULL, NULL           \
	}

static const struct attribute attributes[] = {
	LIMIT("network"),
	LIMIT("subnet"),
	LIMIT("subnetpool"),
	LIMIT("port"),
	LIMIT("router"),
	LIMIT("floatingip"),
	LIMIT("security_group"),
	LIMIT("security_group_rule"),
	LIMIT("rbac_policy"),
	LIMIT("trunk"),
	{ "force", ATTRIBUTE_BOOLEAN, ATTRIBUTE_PUT, NULL, 0, 0, NULL, NULL },
	{ "check_limit", ATTRIBUTE_BOOLEAN, ATTRIBUTE_PUT, NULL, 0, 0, NULL, NULL },
	{ 0 }
};

/* --- limits and use --- */

/* NULL: nothing was set for the project. */
static yyjson_val *limits_of(struct store_view *view, struct arena *arena, const char *project_id)
{
	struct store_record record;

	return store_get(view, arena, arena_printf(arena, QUOTA_PREFIX "%s", project_id), &record,
			 NULL)
		       ? NULL
		       : json_parse(arena, record.value, record.size);
}

static int64_t limit_of(yyjson_val *limits, const struct quota *quota)
{
	return json_integer(limits, quota->name, quota->standard);
}

static int count_one(const struct store_record *record, void *context)
{
	(void)record;
	++*(int64_t *)context;
	return 0;
}

static int64_t used_of(struct store_view *view, struct arena *arena, const struct quota *quota,
		       const char *project_id)
{
	int64_t count = 0;

	store_range_index(view, arena, quota->resource->prefix, "project", NULL, project_id,
			  count_one, &count, NULL);
	return count;
}

/* Of two that are counted at the same time one is counted again: both write this key. */
static int count_alone(struct change *change, const struct quota *quota, const char *project_id,
		       struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *key = arena_printf(arena, "/network/quota-use/%s/%s", project_id, quota->name);
	struct store_record record = { 0 };
	int result;

	if (store_txn_has(change->txn, key))
		return 0;
	result = store_get(change->view, arena, key, &record, error);
	if (result && result != -ENOENT)
		return result;
	store_txn_compare(change->txn, key, result ? 0 : record.revision);
	store_txn_put(change->txn, key, "{}");
	return 0;
}

int network_quota_room(struct change *change, const struct resource *resource,
		       const char *project_id, int64_t more, struct error *error)
{
	struct arena *arena = change->request->arena;
	const struct quota *quota = quotas;
	int64_t limit;

	while (quota < quotas + QUOTAS && quota->resource != resource)
		quota++;
	if (quota == quotas + QUOTAS || !project_id || !*project_id)
		return 0;
	limit = limit_of(limits_of(change->view, arena, project_id), quota);
	if (limit < 0)
		return 0;
	if (used_of(change->view, arena, quota, project_id) + more <= limit)
		return count_alone(change, quota, project_id, error);
	return error_fault(error, -EDQUOT, 409, "OverQuota",
			   "Quota exceeded for resources: ['%s'].", quota->name);
}

int network_quota_check(struct change *change, const struct resource *resource,
			const char *project_id, struct error *error)
{
	return network_quota_room(change, resource, project_id, (int64_t)change->made + 1, error);
}

/* --- the API --- */

static yyjson_mut_val *limits_view(yyjson_mut_doc *doc, yyjson_val *limits)
{
	yyjson_mut_val *out = yyjson_mut_obj(doc);

	for (size_t i = 0; i < QUOTAS; i++)
		json_set_integer(doc, out, quotas[i].name, limit_of(limits, &quotas[i]));
	return out;
}

static int refuse(struct error *error, const char *rule)
{
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "rule:%s is disallowed by policy", rule);
}

/* Others' quotas are admins' to see. */
static int check_reader(struct request *request, struct error *error)
{
	const char *own = request->caller->project_id, *id = request_param(request, "id");

	return request->caller->is_admin || (own && !strcmp(own, id)) ? 0
								      : refuse(error, "get_quota");
}

static int reply_quota(struct request *request, yyjson_mut_val *quota)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "quota", quota);
	return reply_json(request, 200, doc, root);
}

int network_quota_show(struct request *request, struct error *error)
{
	struct store_view *view;
	int result = check_reader(request, error);

	if (!result)
		result = request_view(request, &view, error);
	return result ? result
		      : reply_quota(request, limits_view(request_document(request),
							 limits_of(view, request->arena,
								   request_param(request, "id"))));
}

int network_quota_standard(struct request *request, struct error *error)
{
	int result = check_reader(request, error);

	return result ? result : reply_quota(request, limits_view(request_document(request), NULL));
}

int network_quota_details(struct request *request, struct error *error)
{
	const char *id = request_param(request, "id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct store_view *view;
	yyjson_val *limits;
	int result = check_reader(request, error);

	if (!result)
		result = request_view(request, &view, error);
	if (result)
		return result;
	limits = limits_of(view, request->arena, id);
	for (size_t i = 0; i < QUOTAS; i++) {
		yyjson_mut_val *item = yyjson_mut_obj(doc);

		json_set_integer(doc, item, "limit", limit_of(limits, &quotas[i]));
		json_set_integer(doc, item, "used", used_of(view, request->arena, &quotas[i], id));
		json_set_integer(doc, item, "reserved", 0);
		json_set(doc, root, quotas[i].name, item);
	}
	return reply_quota(request, root);
}

struct listing {
	struct request *request;
	yyjson_mut_val *list;
};

static int list_one(const struct store_record *record, void *context)
{
	struct listing *listing = context;
	yyjson_mut_doc *doc = request_document(listing->request);
	const char *project = record->key + strlen(QUOTA_PREFIX);
	yyjson_mut_val *item =
		limits_view(doc, json_parse(listing->request->arena, record->value, record->size));

	json_set_string(doc, item, "tenant_id", project);
	json_set_string(doc, item, "project_id", project);
	yyjson_mut_arr_add_val(listing->list, item);
	return 0;
}

int network_quota_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct listing listing = { request, yyjson_mut_arr(doc) };
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct store_view *view;
	int result = request->caller->is_admin ? request_view(request, &view, error)
					       : refuse(error, "get_quota");

	if (result)
		return result;
	store_range(view, request->arena, QUOTA_PREFIX, NULL, 0, list_one, &listing, NULL);
	json_set(doc, root, "quotas", listing.list);
	return reply_json(request, 200, doc, root);
}

static int reply_own(struct request *request, const char *name, const char *member,
		     struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *own = yyjson_mut_obj(doc);

	if (!request->caller->project_id)
		return error_fault(error, -EINVAL, 400, "QuotaMissingTenant",
				   "Tenant-id was missing from quota request.");
	json_set_string(doc, own, member, request->caller->project_id);
	json_set(doc, root, name, own);
	return reply_json(request, 200, doc, root);
}

int network_quota_project(struct request *request, struct error *error)
{
	return reply_own(request, "project", "project_id", error);
}

int network_quota_tenant(struct request *request, struct error *error)
{
	return reply_own(request, "tenant", "tenant_id", error);
}

static int check_used(struct change *change, yyjson_mut_val *given, const char *project_id,
		      struct error *error)
{
	for (size_t i = 0; i < QUOTAS; i++) {
		yyjson_mut_val *limit = yyjson_mut_obj_get(given, quotas[i].name);
		int64_t used;

		if (!limit)
			continue;
		used = used_of(change->view, change->request->arena, &quotas[i], project_id);
		if (used > yyjson_mut_get_sint(limit))
			return attribute_refuse(error,
						"Quota limit %" PRId64 " for %s must be greater "
						"than or equal to already used %" PRId64,
						yyjson_mut_get_sint(limit), quotas[i].name, used);
	}
	return 0;
}

static void merge_limits(struct change *change, yyjson_val *had, yyjson_mut_val *given,
			 const char *project_id)
{
	yyjson_mut_val *limits =
		had ? yyjson_val_mut_copy(change->doc, had) : yyjson_mut_obj(change->doc);

	for (size_t i = 0; i < QUOTAS; i++) {
		yyjson_mut_val *limit = yyjson_mut_obj_get(given, quotas[i].name);

		if (limit)
			json_set_integer(change->doc, limits, quotas[i].name,
					 yyjson_mut_get_sint(limit));
	}
	store_txn_put(change->txn,
		      arena_printf(change->request->arena, QUOTA_PREFIX "%s", project_id),
		      json_write(change->request->arena, limits));
}

int network_quota_update(struct request *request, struct error *error)
{
	const char *id = request_param(request, "id");
	yyjson_val *body = yyjson_obj_get(request->body, "quota");
	yyjson_mut_val *given;
	struct change change;
	int result = request->caller->is_admin ? change_begin(&change, request, error)
					       : refuse(error, "update_quota");

	if (result)
		return result;
	if (!yyjson_is_obj(body))
		return attribute_refuse(error, "Unable to find 'quota' in request body");
	given = yyjson_mut_obj(change.doc);
	result = attributes_take(request, "quota", attributes, body, false, change.doc, given,
				 error);
	if (!result && yyjson_mut_get_bool(yyjson_mut_obj_get(given, "check_limit")))
		result = check_used(&change, given, id, error);
	if (result)
		return result;
	merge_limits(&change, limits_of(change.view, request->arena, id), given, id);
	result = request_commit(request, change.txn, error);
	if (result)
		return result;
	store_view_close(request->view);
	request->view = NULL;
	return network_quota_show(request, error);
}

int network_quota_delete(struct request *request, struct error *error)
{
	struct change change;
	int result = request->caller->is_admin ? change_begin(&change, request, error)
					       : refuse(error, "delete_quota");

	if (result)
		return result;
	store_txn_delete(change.txn, arena_printf(request->arena, QUOTA_PREFIX "%s",
						  request_param(request, "id")));
	result = request_commit(request, change.txn, error);
	return result ? result : reply_empty(request, 204);
}
