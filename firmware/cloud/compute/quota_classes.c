/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classes of quotas: what projects have that nobody set anything for is the class "default". */
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/quotas.h"
#include "firmware/cloud/compute/routes.h"

static int class_read(struct request *request, yyjson_val **record, uint64_t *revision,
		      struct error *error)
{
	const char *name = request_param(request, "class");
	int result;

	if (strlen(name) > 255 || strchr(name, '/'))
		return error_set(error, -EINVAL,
				 "Invalid input received: quota_class_name has %zu characters, "
				 "more than 255.",
				 strlen(name));
	result = request_get(request, record, revision, error, KEY_QUOTA_CLASS "%s", name);
	if (result == -ENOENT) {
		*record = NULL;
		*revision = 0;
	}
	return result == -ENOENT ? 0 : result;
}

/* Those of server groups are told from 2.50 on, which no longer tells of networks. */
static bool rule_shown(const struct request *request, const struct quota_rule *rule)
{
	if (!strncmp(rule->name, "server_group", 12))
		return request->microversion >= 50;
	return !rule->last || request->microversion <= (rule->last == 35 ? 49 : rule->last);
}

static int class_reply(struct request *request, yyjson_val *record, bool named)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *set;

	set = yyjson_mut_obj_add_obj(doc, root, "quota_class_set");
	if (named)
		json_set_string(doc, set, "id", request_param(request, "class"));
	for (const struct quota_rule *rule = quota_rules; rule->name; rule++)
		if (rule_shown(request, rule))
			json_set_integer(doc, set, rule->name,
					 json_integer(record, rule->name, rule->standard));
	return reply_json(request, 200, doc, root);
}

static int class_show(struct request *request, struct error *error)
{
	yyjson_val *record;
	uint64_t revision;
	int result = class_read(request, &record, &revision, error);

	return result < 0 ? result : class_reply(request, record, true);
}

static int class_update(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "quota_class_set"), *record, *value;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *edited;
	uint64_t revision;
	const char *key;
	int result = class_read(request, &record, &revision, error);

	if (result < 0)
		return result;
	edited = record ? yyjson_val_mut_copy(doc, record) : yyjson_mut_obj(doc);
	for (const struct quota_rule *rule = quota_rules; rule->name; rule++) {
		value = yyjson_obj_get(body, rule->name);
		if (value)
			json_set_integer(doc, edited, rule->name, integer_of(value, 0));
	}
	key = arena_printf(request->arena, KEY_QUOTA_CLASS "%s", request_param(request, "class"));
	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, request_write(request, edited));
	result = request_commit(request, txn, error);
	return result < 0 ? result
			  : class_reply(request, json_frozen(request->arena, edited), false);
}

static const struct route routes[] = {
	ROUTE("GET", "/os-quota-class-sets/{class}", class_show, "os-quota-class-sets:show"),
	ROUTE("PUT", "/os-quota-class-sets/{class}", class_update, "os-quota-class-sets:update",
	      .body = &schema_quota_class_update),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-quota-class-sets:show"), ADMIN },
	{ POLICY("os-quota-class-sets:update"), ADMIN },
	{ 0 },
};

const struct service_part compute_quota_class_part = { routes, policies };
