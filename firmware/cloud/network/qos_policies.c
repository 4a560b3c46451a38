/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QoS policies: what an admin offers, one of them by default to the networks of a project. */
#include <string.h>

#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/rbac.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "shared", ATTRIBUTE_BOOLEAN, POST_PUT, "false", 0, 0, NULL, NULL },
	{ "is_default", ATTRIBUTE_BOOLEAN, POST_PUT, "false", 0, 0, NULL, NULL },
	{ 0 }
};

/* --- the default of a project --- */

static const char *default_key(struct change *change, const char *project_id)
{
	return arena_printf(change->request->arena, "/network/qos-default/%s", project_id);
}

/* *id NULL: the project has none; the transaction depends on what was found. */
static int default_find(struct change *change, const char *project_id, const char **id,
			struct error *error)
{
	const char *key = default_key(change, project_id);
	struct store_record record = { 0 };
	int result = store_get(change->view, change->request->arena, key, &record, error);

	*id = NULL;
	if (result && result != -ENOENT)
		return result;
	store_txn_compare(change->txn, key, result ? 0 : record.revision);
	if (!result)
		*id = json_string(json_parse(change->request->arena, record.value, record.size),
				  "id");
	return 0;
}

static int default_settle(struct change *change, yyjson_mut_val *policy, struct error *error)
{
	const char *project_id = json_member(policy, "project_id"), *had;
	const char *id = json_member(policy, "id"), *key = default_key(change, project_id);
	bool wanted = yyjson_mut_get_bool(yyjson_mut_obj_get(policy, "is_default"));
	int result = default_find(change, project_id, &had, error);

	if (result)
		return result;
	if (wanted && had && strcmp(had, id) != 0)
		return error_fault(error, -EEXIST, 409, "QoSPolicyDefaultAlreadyExists",
				   "A default QoS policy exists for project %s.", project_id);
	if (wanted && !had)
		store_txn_put(change->txn, key,
			      arena_printf(change->request->arena, "{\"id\":\"%s\"}", id));
	else if (!wanted && had && strcmp(had, id) == 0)
		store_txn_delete(change->txn, key);
	return 0;
}

int qos_default_apply(struct change *change, yyjson_mut_val *network, struct error *error)
{
	const char *id;
	int result;

	if (json_member(network, "qos_policy_id"))
		return 0;
	result = default_find(change, json_member(network, "project_id"), &id, error);
	if (!result && id)
		json_set_string(change->doc, network, "qos_policy_id", id);
	return result;
}

/* --- the resource --- */

/* Admins make and change policies; whose they are says who may use them. */
bool qos_writable(struct request *request, yyjson_val *record)
{
	(void)record;
	return request->caller->is_admin;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	bool wanted = yyjson_mut_get_bool(yyjson_mut_obj_get(object, "is_default"));
	int result = 0;

	if (!change->request->caller->is_admin)
		return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
				   "rule:create_policy is disallowed by policy");
	if (wanted)
		result = default_settle(change, object, error);
	return result ? result
		      : rbac_shared_changed(change, &resource_qos_policy, NULL, object, error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	int result = 0;

	if (yyjson_mut_obj_get(given, "is_default"))
		result = default_settle(change, object, error);
	if (!result && yyjson_mut_obj_get(given, "shared"))
		result = rbac_shared_changed(change, &resource_qos_policy, old, object, error);
	return result;
}

/* In the order in which Neutron looks. */
static const struct {
	const struct resource *resource;
	const char *name;
} users[] = {
	[QOS_PORT] = { &resource_port, "port" },
	[QOS_NETWORK] = { &resource_network, "network" },
	[QOS_FIP] = { &resource_floatingip, "fip" },
	[QOS_ROUTER] = { &resource_router, "router" },
};

#define USERS (sizeof(users) / sizeof(users[0]))

static int refuse_in_use(struct change *change, const char *id, struct error *error)
{
	struct arena *arena = change->request->arena;
	struct network_ports list;
	int result;

	for (size_t i = 0; i < USERS; i++) {
		result = resource_range(change->view, arena, users[i].resource, "qos", id, &list,
					error);
		if (result)
			return result;
		if (list.count)
			return error_fault(error, -EBUSY, 409, "QosPolicyInUse",
					   "QoS Policy %s is used by %s %s.", id, users[i].name,
					   json_string(list.items[0], "id"));
	}
	store_txn_compare_empty(change->txn, arena_printf(arena, "/network/qos-bound/%s/", id));
	return 0;
}

static int remove_policy(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	struct network_ports rules;
	int result = refuse_in_use(change, id, error);

	for (enum qos_kind kind = 0; !result && kind < QOS_KINDS; kind++) {
		result =
			qos_rules_of(change->view, change->request->arena, id, kind, &rules, error);
		for (size_t i = 0; !result && i < rules.count; i++)
			change_delete(change, qos_rule_resources[kind],
				      json_string(rules.items[i], "id"));
	}
	if (!result && json_bool(old, "is_default", false))
		store_txn_delete(change->txn, default_key(change, json_string(old, "project_id")));
	return result ? result : rbac_object_gone(change, id, error);
}

/* A rule as its policy shows it: with its type and the policy's id. */
static void show_rule(yyjson_mut_doc *doc, yyjson_mut_val *list, yyjson_val *rule,
		      enum qos_kind kind)
{
	const struct attribute *attribute = qos_rule_resources[kind]->attributes;
	yyjson_mut_val *out = yyjson_mut_arr_add_obj(doc, list);

	json_set_string(doc, out, "id", json_string(rule, "id"));
	json_set_string(doc, out, "qos_policy_id", json_string(rule, "policy_id"));
	json_set_string(doc, out, "type", qos_rule_types[kind]);
	for (; attribute->name; attribute++)
		json_set(doc, out, attribute->name,
			 yyjson_val_mut_copy(doc, yyjson_obj_get(rule, attribute->name)));
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct network_ports rules;
	struct store_view *view;
	int result = request_view(request, &view, error);

	for (enum qos_kind kind = 0; !result && kind < QOS_KINDS; kind++) {
		result = qos_rules_of(view, request->arena, json_string(record, "id"), kind, &rules,
				      error);
		for (size_t i = 0; !result && i < rules.count; i++)
			show_rule(doc, list, rules.items[i], kind);
	}
	json_set(doc, out, "rules", list);
	return result;
}

const struct resource resource_qos_policy = {
	.singular = "policy",
	.plural = "policies",
	.prefix = "/network/qos-policy/",
	.attributes = attributes,
	.missing_type = "QosPolicyNotFound",
	.missing_before = "QoS policy ",
	.missing_after = " could not be found.",
	.create = create,
	.update = update,
	.remove = remove_policy,
	.derive = derive,
	.visible = rbac_shared_visible,
	.writable = qos_writable,
};
