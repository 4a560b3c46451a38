/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security groups; each project has a default one, made when it is first looked for. */
#include <string.h>

#include "firmware/cloud/network/address_groups.h"
#include "firmware/cloud/network/default_rules.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/quotas.h"
#include "firmware/cloud/network/rbac.h"
#include "firmware/cloud/network/rules.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "stateful", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ "shared", ATTRIBUTE_BOOLEAN, 0, NULL, 0, 0, NULL, NULL }, /* by RBAC alone */
	{ 0 }
};

static int make_default(struct change *change, const char *project_id, const char **id,
			struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *object = yyjson_mut_obj(doc);
	const char *marker =
		arena_printf(change->request->arena, "/network/default-group/%s", project_id);
	int result;

	object_begin(change, object);
	*id = json_member(object, "id");
	json_set_string(doc, object, "tenant_id", project_id);
	json_set_string(doc, object, "project_id", project_id);
	json_set_string(doc, object, "name", "default");
	json_set_string(doc, object, "description", "Default security group");
	json_set_bool(doc, object, "stateful", true);
	json_set_bool(doc, object, "shared", false);
	result = default_rules_apply(change, *id, project_id, true, error);
	if (result)
		return result;
	change_put(change, &resource_group, object);
	change->default_group_key = marker;
	change->default_group = *id;
	store_txn_compare(change->txn, marker, 0);
	store_txn_put(change->txn, marker,
		      arena_printf(change->request->arena, "{\"id\":\"%s\"}", *id));
	return 0;
}

int group_default(struct change *change, const char *project_id, const char **id,
		  struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *key = arena_printf(arena, "/network/default-group/%s", project_id);
	struct store_record record;
	yyjson_val *marker;
	int result;

	/* An earlier object of the same bulk request may have made it. */
	if (change->default_group && !strcmp(change->default_group_key, key)) {
		*id = change->default_group;
		return 0;
	}
	/* Another change of the same transaction made it. */
	if (store_txn_has(change->txn, key))
		return error_set(error, -EAGAIN, "the default group is in the making");
	result = store_get(change->view, arena, key, &record, error);
	if (result == -ENOENT)
		return make_default(change, project_id, id, error);
	if (result)
		return result;
	marker = json_parse(arena, record.value, record.size);
	*id = json_string(marker, "id");
	return *id ? 0 : error_set(error, -EIO, "record %s is damaged", key);
}

int network_default_group(struct request *request, const char *project_id, const char **id,
			  struct error *error)
{
	const char *key = arena_printf(request->arena, "/network/default-group/%s", project_id);
	struct change change;
	int result = change_begin(&change, request, error);

	if (!result)
		result = group_default(&change, project_id, id, error);
	if (!result && store_txn_has(change.txn, key))
		result = request_commit(request, change.txn, error);
	return result;
}

static int before_list(struct request *request, struct error *error)
{
	const char *id;

	return request->caller->project_id
		       ? network_default_group(request, request->caller->project_id, &id, error)
		       : 0;
}

int group_find(struct change *change, const char *project_id, const char *id, const char **found,
	       struct error *error)
{
	yyjson_val *group;
	int result = change_get(change, &resource_group, id, &group, error);

	if (result)
		return result;
	if (!json_is(group, "project_id", project_id) && !rbac_shared_with(group, project_id) &&
	    !change->request->caller->is_admin)
		return resource_missing(&resource_group, id, error);
	*found = json_string(group, "id");
	return 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *name = json_member(object, "name");
	const char *project_id = json_member(object, "project_id");
	int64_t rules;
	int result;

	if (name && !strcmp(name, "default"))
		return error_fault(error, -EEXIST, 409, "SecurityGroupDefaultAlreadyExists",
				   "Default security group already exists.");
	result = default_rules_count(change, false, &rules, error);
	if (!result)
		result = network_quota_room(change, &resource_rule, project_id,
					    rules * (int64_t)(change->made + 1), error);
	if (result)
		return result;
	json_set_bool(change->doc, object, "shared", false);
	return default_rules_apply(change, json_member(object, "id"), project_id, false, error);
}

static bool writable(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "project_id"));
}

static int refuse_in_use(struct change *change, const char *id, struct error *error)
{
	struct network_ports ports;
	int result = resource_range(change->view, change->request->arena, &resource_port, "group",
				    id, &ports, error);

	if (!result && ports.count)
		return error_fault(error, -EBUSY, 409, "SecurityGroupInUse",
				   "Security Group %s in use.", id);
	/* A port that is made with it at the same time keeps it, or finds it gone. */
	if (!result)
		store_txn_compare_empty(change->txn, arena_printf(change->request->arena,
								  GROUP_PORT_PREFIX "%s/", id));
	return result;
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	bool stateful = json_bool(old, "stateful", true);
	int result = 0;

	/* Connections of ports that have it would be cut, or be let in untracked. */
	if (yyjson_mut_get_bool(yyjson_mut_obj_get(object, "stateful")) != stateful)
		result = refuse_in_use(change, json_string(old, "id"), error);
	if (result)
		return result;
	if (json_is(old, "name", "default") && yyjson_mut_obj_get(given, "name"))
		return error_fault(error, -EBUSY, 409, "SecurityGroupCannotUpdateDefault",
				   "Updating default security group not allowed.");
	return json_member(given, "name") && !strcmp(json_member(given, "name"), "default")
		       ? error_fault(error, -EEXIST, 409, "SecurityGroupDefaultAlreadyExists",
				     "Default security group already exists.")
		       : 0;
}

/* Its rules go, and those of others that name it: who they let in is nobody any more. */
static int remove_rules(struct change *change, const char *id, struct error *error)
{
	static const char *const indexes[] = { "group", "remote" };
	struct network_ports rules;
	int result = 0;

	for (size_t n = 0; !result && n < 2; n++) {
		result = resource_range(change->view, change->request->arena, &resource_rule,
					indexes[n], id, &rules, error);
		for (size_t i = 0; !result && i < rules.count; i++) {
			if (n && json_is(rules.items[i], "security_group_id", id))
				continue; /* gone by the first index */
			address_group_leave(change, rules.items[i]);
			change_delete(change, &resource_rule, json_string(rules.items[i], "id"));
		}
	}
	return result;
}

static int remove_group(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	int result;

	if (json_is(old, "name", "default") && !change->request->caller->is_admin)
		return error_fault(error, -EBUSY, 409, "SecurityGroupCannotRemoveDefault",
				   "Insufficient rights for removing default security group.");
	result = refuse_in_use(change, id, error);
	if (!result)
		result = remove_rules(change, id, error);
	if (result)
		return result;
	if (json_is(old, "name", "default"))
		store_txn_delete(change->txn,
				 arena_printf(change->request->arena, "/network/default-group/%s",
					      json_string(old, "project_id")));
	return rbac_object_gone(change, id, error);
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct network_ports rules;
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result)
		result = resource_range(view, request->arena, &resource_rule, "group",
					json_string(record, "id"), &rules, error);
	if (result)
		return result;
	for (size_t i = 0; i < rules.count; i++)
		yyjson_mut_arr_add_val(list, rule_view(doc, rules.items[i]));
	json_set(doc, out, "security_group_rules", list);
	return 0;
}

const struct resource resource_group = {
	.singular = "security_group",
	.plural = "security_groups",
	.prefix = "/network/security-group/",
	.attributes = attributes,
	.missing_type = "SecurityGroupNotFound",
	.missing_before = "Security group ",
	.missing_after = " does not exist",
	.create = create,
	.update = update,
	.remove = remove_group,
	.derive = derive,
	.derives_apart = true,
	.before_list = before_list,
	.visible = rbac_shared_visible,
	.writable = writable,
};
