/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The quota and limits API. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/quotas.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/identity/identity.h"

static bool rule_shown(const struct request *request, const struct quota_rule *rule)
{
	return !rule->last || request->microversion <= rule->last;
}

static int64_t rule_used(const struct quota_rule *rule, const struct quota_amount *used)
{
	if (!strcmp(rule->name, "instances"))
		return used->instances;
	if (!strcmp(rule->name, "cores"))
		return used->cores;
	if (!strcmp(rule->name, "server_groups"))
		return used->groups;
	return !strcmp(rule->name, "ram") ? used->ram : 0;
}

/* A project that the caller may ask about, and that exists. */
static int quota_project(struct request *request, const char **project, struct error *error)
{
	*project = request_param(request, "project_id");
	if (!request->caller->is_admin &&
	    (!request->caller->project_id || strcmp(*project, request->caller->project_id)))
		return error_set(error, -EACCES,
				 "Policy doesn't allow os_compute_api:os-quota-sets:show to be "
				 "performed.");
	if (!identity_project_exists(request, *project))
		return error_set(error, -EINVAL, "Project ID %s is not a valid project.", *project);
	return 0;
}

static int quota_reply(struct request *request, const char *id, const struct quotas *quotas)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc),
		       *set = yyjson_mut_obj_add_obj(doc, root, "quota_set");

	if (id)
		json_set_string(doc, set, "id", id);
	for (const struct quota_rule *rule = quota_rules; rule->name; rule++)
		if (rule_shown(request, rule))
			json_set_integer(doc, set, rule->name, quota_value(quotas, rule));
	return reply_json(request, 200, doc, root);
}

int handle_quota_show(struct request *request, struct error *error)
{
	const char *project;
	struct quotas quotas;
	int result = quota_project(request, &project, error);

	if (result == 0)
		result = quotas_read(request, project, &quotas, error);
	return result < 0 ? result : quota_reply(request, project, &quotas);
}

int handle_quota_defaults(struct request *request, struct error *error)
{
	const char *project;
	struct quotas quotas;
	int result = quota_project(request, &project, error);

	if (result == 0)
		result = quotas_read(request, NULL, &quotas, error);
	return result < 0 ? result : quota_reply(request, project, &quotas);
}

int handle_quota_detail(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *set, *item;
	struct quota_amount used = { 0 };
	struct store_view *view;
	const char *project;
	struct quotas quotas;
	uint64_t revision;
	int result = quota_project(request, &project, error);

	if (result == 0)
		result = quotas_read(request, project, &quotas, error);
	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = quota_usage(view, request->arena, project, &used, &revision, error);
	if (result < 0)
		return result;
	set = yyjson_mut_obj_add_obj(doc, root, "quota_set");
	json_set_string(doc, set, "id", project);
	for (const struct quota_rule *rule = quota_rules; rule->name; rule++) {
		if (!rule_shown(request, rule))
			continue;
		item = yyjson_mut_obj_add_obj(doc, set, rule->name);
		json_set_integer(doc, item, "limit", quota_value(&quotas, rule));
		json_set_integer(doc, item, "in_use", rule_used(rule, &used));
		json_set_integer(doc, item, "reserved", 0);
	}
	return reply_json(request, 200, doc, root);
}

static int quota_check(const struct quota_rule *rule, int64_t value, bool force,
		       const struct quota_amount *used, struct error *error)
{
	int64_t minimum = rule_used(rule, used);

	if (force || value == -1 || value >= minimum)
		return 0;
	return error_set(
		error, -EINVAL,
		"Quota limit %lld for %s must be greater than or equal to already used and "
		"reserved %lld.",
		(long long)value, rule->name, (long long)minimum);
}

static int quota_edit(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *edited,
		      const struct quota_amount *used, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "quota_set"), *value;
	yyjson_val *forced = yyjson_obj_get(body, "force");
	bool force = yyjson_is_true(forced);
	int result;

	if (yyjson_is_str(forced))
		boolean_parse(yyjson_get_str(forced), &force);
	for (const struct quota_rule *rule = quota_rules; rule->name; rule++) {
		value = yyjson_obj_get(body, rule->name);
		if (!value || yyjson_is_null(value))
			continue;
		result = quota_check(rule, integer_of(value, 0), force, used, error);
		if (result < 0)
			return result;
		json_set_integer(doc, edited, rule->name, integer_of(value, 0));
	}
	return 0;
}

int handle_quota_update(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *edited = NULL;
	struct quota_amount used = { 0 };
	struct store_view *view;
	const char *project, *key;
	uint64_t usage_revision;
	struct quotas quotas;
	int result = quota_project(request, &project, error);

	if (result == 0)
		result = quotas_read(request, project, &quotas, error);
	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = quota_usage(view, request->arena, project, &used, &usage_revision, error);
	if (result < 0)
		return result;
	edited = quotas.own ? yyjson_val_mut_copy(doc, quotas.own) : yyjson_mut_obj(doc);
	result = quota_edit(request, doc, edited, &used, error);
	if (result < 0)
		return result;
	key = arena_printf(request->arena, KEY_QUOTA "%s", project);
	store_txn_compare(txn, key, quotas.revision);
	store_txn_put(txn, key, request_write(request, edited));
	result = request_commit(request, txn, error);
	quotas.own = json_frozen(request->arena, edited);
	return result < 0 ? result : quota_reply(request, NULL, &quotas);
}

int handle_quota_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *project = request_param(request, "project_id");
	struct quotas quotas;
	int result = quotas_read(request, project, &quotas, error);

	if (result < 0)
		return result;
	if (quotas.own) {
		store_txn_delete(txn, arena_printf(request->arena, KEY_QUOTA "%s", project));
		result = request_commit(request, txn, error);
	}
	return result < 0 ? result : reply_empty(request, 202);
}

static void limits_absolute(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *absolute,
			    const struct quotas *quotas, const struct quota_amount *used)
{
	for (const struct quota_rule *rule = quota_rules; rule->name; rule++) {
		if (!rule_shown(request, rule))
			continue;
		for (size_t i = 0; i < 2 && rule->limits[i]; i++)
			if (strcmp(rule->limits[i], "maxImageMeta") || request->microversion <= 38)
				json_set_integer(doc, absolute, rule->limits[i],
						 quota_value(quotas, rule));
		if (rule->used)
			json_set_integer(doc, absolute, rule->used, rule_used(rule, used));
	}
}

int handle_limits(struct request *request, struct error *error)
{
	const char *project = request_query(request, "tenant_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *limits;
	struct quota_amount used = { 0 };
	struct store_view *view;
	struct quotas quotas;
	uint64_t revision;
	int result = 0;

	if (project && !request->caller->is_admin)
		return error_set(error, -EACCES,
				 "Policy doesn't allow os_compute_api:limits:other_project to be "
				 "performed.");
	if (!project)
		project = request->caller->project_id ? request->caller->project_id : "";
	result = quotas_read(request, project, &quotas, error);
	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = quota_usage(view, request->arena, project, &used, &revision, error);
	if (result < 0)
		return result;
	limits = yyjson_mut_obj_add_obj(doc, root, "limits");
	yyjson_mut_obj_add_arr(doc, limits, "rate");
	limits_absolute(request, doc, yyjson_mut_obj_add_obj(doc, limits, "absolute"), &quotas,
			&used);
	return reply_json(request, 200, doc, root);
}
