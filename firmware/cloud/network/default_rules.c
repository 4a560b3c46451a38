/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/default_rules.h"

#include <string.h>

#include "firmware/cloud/network/rules.h"

#define PARENT "PARENT" /* as remote_group_id: the group itself */
#define MARKER "/network/default-rules"

static const struct attribute attributes[] = {
	RULE_CONDITIONS,
	{ "description", ATTRIBUTE_NAME, ATTRIBUTE_POST, "\"\"", 0, 1024, NULL, NULL },
	{ "used_in_default_sg", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST, "false", 0, 0, NULL, NULL },
	{ "used_in_non_default_sg", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST, "true", 0, 0, NULL, NULL },
	{ 0 }
};

/* --- the resource --- */

static bool used_in(yyjson_val *rule, bool is_default)
{
	return json_bool(rule, is_default ? "used_in_default_sg" : "used_in_non_default_sg", false);
}

static bool used_together(yyjson_val *one, yyjson_val *other)
{
	return (used_in(one, true) && used_in(other, true)) ||
	       (used_in(one, false) && used_in(other, false));
}

static const struct resource resource_default_rule;

static int rules_of(struct change *change, struct network_ports *rules, struct error *error)
{
	return resource_range(change->view, change->request->arena, &resource_default_rule, NULL,
			      NULL, rules, error);
}

static int refuse_twin(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_val *rule = value_freeze(change->request, object);
	struct network_ports rules;
	int result = rules_of(change, &rules, error);

	for (size_t i = 0; !result && i < rules.count; i++)
		if (used_together(rule, rules.items[i]) && rule_same(rule, rules.items[i]))
			return error_fault(error, -EEXIST, 409, "DefaultSecurityGroupRuleExists",
					   "Default Security group rule already exists. Rule id is "
					   "%s.",
					   json_string(rules.items[i], "id"));
	return result;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	int result = rule_conditions_settle(change, object, error);

	/* It is the box's, nobody's in particular. */
	yyjson_mut_obj_remove_key(object, "project_id");
	yyjson_mut_obj_remove_key(object, "tenant_id");
	return result ? result : refuse_twin(change, object, error);
}

static bool everybody(struct request *request, yyjson_val *record)
{
	(void)request;
	(void)record;
	return true;
}

static const struct resource resource_default_rule = {
	.singular = "default_security_group_rule",
	.plural = "default_security_group_rules",
	.prefix = "/network/default-rule/",
	.attributes = attributes,
	.missing_type = "DefaultSecurityGroupRuleNotFound",
	.missing_before = "Default Security Group rule ",
	.missing_after = " does not exist",
	.bare = true,
	.create = create,
	.visible = everybody,
};

/* --- groups in the making --- */

static int apply_one(struct change *change, yyjson_val *rule, const char *group_id,
		     const char *project_id, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *object = yyjson_mut_obj(doc);

	object_begin(change, object);
	json_set_string(doc, object, "tenant_id", project_id);
	json_set_string(doc, object, "project_id", project_id);
	json_set_string(doc, object, "security_group_id", group_id);
	json_set_string(doc, object, "description", "");
	for (const char *const *member = rule_conditions; *member; member++)
		json_set(doc, object, *member,
			 yyjson_val_mut_copy(doc, yyjson_obj_get(rule, *member)));
	if (json_is(rule, "remote_group_id", PARENT))
		json_set_string(doc, object, "remote_group_id", group_id);
	return rule_put(change, object, error);
}

int default_rules_apply(struct change *change, const char *group_id, const char *project_id,
			bool is_default, struct error *error)
{
	struct network_ports rules;
	int result = rules_of(change, &rules, error);

	for (size_t i = 0; !result && i < rules.count; i++)
		if (used_in(rules.items[i], is_default))
			result = apply_one(change, rules.items[i], group_id, project_id, error);
	return result;
}

int default_rules_count(struct change *change, bool is_default, int64_t *count, struct error *error)
{
	struct network_ports rules;
	int result = rules_of(change, &rules, error);

	*count = 0;
	for (size_t i = 0; !result && i < rules.count; i++)
		*count += used_in(rules.items[i], is_default);
	return result;
}

/* --- the first ones --- */

static void put_first(struct change *change, bool egress, const char *ethertype)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *object = yyjson_mut_obj(doc);

	object_begin(change, object);
	for (const char *const *member = rule_conditions; *member; member++)
		json_set_string(doc, object, *member, NULL);
	json_set_string(doc, object, "direction", egress ? "egress" : "ingress");
	json_set_string(doc, object, "ethertype", ethertype);
	json_set_string(doc, object, "remote_group_id", egress ? NULL : PARENT);
	json_set_string(doc, object, "description",
			egress ? "Legacy default SG rule for egress traffic"
			       : "Legacy default SG rule for ingress traffic");
	json_set_bool(doc, object, "used_in_default_sg", true);
	json_set_bool(doc, object, "used_in_non_default_sg", egress);
	change_put(change, &resource_default_rule, object);
}

int default_rules_found(struct cloud *cloud, struct arena *arena, struct error *error)
{
	struct request request = { .cloud = cloud, .arena = arena };
	struct change change = { .request = &request,
				 .doc = json_document(arena),
				 .txn = store_txn_new(arena) };
	struct store_record record;
	int result = store_view_open(cloud->store, &change.view, error);

	if (result)
		return result;
	result = store_get(change.view, arena, MARKER, &record, error);
	store_view_close(change.view);
	if (result != -ENOENT)
		return result;
	for (int i = 0; i < 4; i++)
		put_first(&change, i < 2, i % 2 ? "IPv6" : "IPv4");
	store_txn_compare(change.txn, MARKER, 0);
	store_txn_put(change.txn, MARKER, "{}");
	return store_commit(cloud->store, change.txn, NULL, error);
}

/* --- routes --- */

RESOURCE_HANDLERS(default_rule)

static const struct route routes[] = {
	ROUTES("default-security-group-rules", default_rule, "create_default_security_group_rule",
	       "update_default_security_group_rule", "delete_default_security_group_rule"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ "create_default_security_group_rule", "admin" },
	{ "update_default_security_group_rule", "admin" },
	{ "delete_default_security_group_rule", "admin" },
	{ 0 },
};

const struct service_part default_rule_part = { routes, policies };
