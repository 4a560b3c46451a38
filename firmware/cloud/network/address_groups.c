/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/address_groups.h"

#include <string.h>

#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/rbac.h"
#include "netstack/message.h"

#define RULE_PREFIX "/network/address-group-rule/"
#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

/* --- lists of networks --- */

static const char *shown(yyjson_val *item)
{
	return yyjson_get_str(item) ? yyjson_get_str(item) : "";
}

static int check_item(const struct attribute *attribute, yyjson_val *item, bool strict,
		      struct error *error)
{
	const char *text = yyjson_get_str(item);
	char canonical[IP_CIDR_SIZE];
	struct ip_prefix prefix;

	if (!text || !ip_prefix_parse(text, &prefix))
		return attribute_invalid(error, attribute, "'%s' is not a valid IP subnet",
					 shown(item));
	ip_prefix_format(&prefix, canonical);
	return !strict || strchr(text, '/')
		       ? 0
		       : attribute_invalid(error, attribute,
					   "'%s' isn't a recognized IP subnet cidr, '%s' "
					   "is recommended",
					   text, canonical);
}

static int check_items(const struct attribute *attribute, yyjson_val *list, bool strict,
		       struct error *error)
{
	size_t index, count;
	yyjson_val *item;
	int result = 0;

	yyjson_arr_foreach (list, index, count, item) {
		result = check_item(attribute, item, strict, error);
		for (size_t i = 0; !result && i < index; i++)
			if (yyjson_equals(yyjson_arr_get(list, i), item))
				return attribute_invalid(error, attribute,
							 "Duplicate items in the list: '%s'",
							 shown(item));
		if (result)
			return result;
	}
	return count > NET_ADDRESSES_MAX
		       ? attribute_invalid(error, attribute, "more than %d of them",
					   NET_ADDRESSES_MAX)
		       : 0;
}

static int check_list(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	return check_items(attribute, list, true, error);
}

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 1024, NULL, NULL },
	{ "addresses", ATTRIBUTE_LIST, ATTRIBUTE_POST | ATTRIBUTE_NULL, "[]", 0, 0, NULL,
	  check_list },
	{ 0 }
};

static bool list_has(yyjson_mut_val *list, const char *text)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (list, index, count, item) {
		if (yyjson_mut_equals_str(item, text))
			return true;
	}
	return false;
}

/* The networks of a checked list, canonical and once each. */
static yyjson_mut_val *canonical_list(yyjson_mut_doc *doc, yyjson_val *list)
{
	yyjson_mut_val *out = yyjson_mut_arr(doc);
	char canonical[IP_CIDR_SIZE];
	struct ip_prefix prefix;
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach (list, index, count, item) {
		if (!ip_prefix_parse(yyjson_get_str(item), &prefix))
			continue;
		ip_prefix_format(&prefix, canonical);
		if (!list_has(out, canonical))
			yyjson_mut_arr_add_strcpy(doc, out, canonical);
	}
	return out;
}

/* --- rules that name it --- */

static const char *rule_key(struct change *change, const char *group_id, const char *rule_id)
{
	return arena_printf(change->request->arena, RULE_PREFIX "%s/%s", group_id, rule_id);
}

int address_group_join(struct change *change, yyjson_mut_val *rule, struct error *error)
{
	const char *id = json_member(rule, "remote_address_group_id");
	const char *project_id = json_member(rule, "project_id");
	yyjson_val *group;
	int result = id ? change_get(change, &resource_address_group, id, &group, error) : 0;

	if (!id || result)
		return result;
	if (!json_is(group, "project_id", project_id) && !rbac_shared_with(group, project_id) &&
	    !change->request->caller->is_admin)
		return resource_missing(&resource_address_group, id, error);
	store_txn_put(change->txn, rule_key(change, id, json_member(rule, "id")), "{}");
	return 0;
}

void address_group_leave(struct change *change, yyjson_val *rule)
{
	const char *id = json_string(rule, "remote_address_group_id");

	if (id)
		store_txn_delete(change->txn, rule_key(change, id, json_string(rule, "id")));
}

/* --- the resource --- */

static bool writable(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "project_id"));
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_val *given = value_freeze(change->request, yyjson_mut_obj_get(object, "addresses"));

	(void)error;
	json_set(change->doc, object, "addresses", canonical_list(change->doc, given));
	json_set_bool(change->doc, object, "shared", false);
	return 0;
}

static int remove_group(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	struct network_ports rules;
	int result = resource_range(change->view, change->request->arena, &resource_rule,
				    "address-group", id, &rules, error);

	if (!result && rules.count)
		return error_fault(error, -EBUSY, 409, "AddressGroupInUse",
				   "Address group %s is in use on one or more security group "
				   "rules.",
				   id);
	store_txn_compare_empty(change->txn,
				arena_printf(change->request->arena, RULE_PREFIX "%s/", id));
	return result ? result : rbac_object_gone(change, id, error);
}

const struct resource resource_address_group = {
	.singular = "address_group",
	.plural = "address_groups",
	.prefix = "/network/address-group/",
	.attributes = attributes,
	.missing_type = "AddressGroupNotFound",
	.missing_before = "Address group ",
	.missing_after = " could not be found.",
	.create = create,
	.remove = remove_group,
	.visible = rbac_shared_visible,
	.writable = writable,
	.unwritable_missing = true,
};

/* --- add and remove addresses --- */

struct edit {
	struct change change;
	yyjson_mut_val *object, *has, *given;
	const char *id;
};

static int edit_begin(struct edit *edit, struct request *request, struct error *error)
{
	static const struct attribute attribute = { .name = "addresses" };
	yyjson_val *list = yyjson_obj_get(request->body, "addresses"), *group;
	int result = change_begin(&edit->change, request, error);

	edit->id = request_param(request, "id");
	if (!result && !yyjson_is_arr(list))
		return attribute_invalid(error, &attribute, "'%s' is not a list", shown(list));
	if (!result)
		result = check_items(&attribute, list, false, error); /* a host is one, too */
	if (!result)
		result = change_find(&edit->change, &resource_address_group, edit->id, &group,
				     error);
	if (!result && !writable(request, group))
		result = resource_missing(&resource_address_group, edit->id, error);
	if (result)
		return result;
	edit->object = yyjson_val_mut_copy(edit->change.doc, group);
	edit->has = yyjson_mut_obj_get(edit->object, "addresses");
	edit->given = canonical_list(edit->change.doc, list);
	return 0;
}

static int edit_commit(struct edit *edit, struct error *error)
{
	struct request *request = edit->change.request;
	yyjson_mut_doc *doc = edit->change.doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc), *out;
	int result;

	change_put(&edit->change, &resource_address_group, edit->object);
	result = request_commit(request, edit->change.txn, error);
	if (result)
		return result;
	out = resource_render(&resource_address_group, request, doc,
			      value_freeze(request, edit->object), error);
	if (!out)
		return error ? error->code : -ENOMEM;
	json_set(doc, root, "address_group", out);
	return reply_json(request, 200, doc, root);
}

/* The given addresses that the group has (or has not), as Python shows a list. */
static const char *those(struct edit *edit, bool had)
{
	struct arena *arena = edit->change.request->arena;
	const char *text = "";
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (edit->given, index, count, item) {
		if (list_has(edit->has, yyjson_mut_get_str(item)) == had)
			text = arena_printf(arena, "%s%s'%s'", text, *text ? ", " : "",
					    yyjson_mut_get_str(item));
	}
	return text;
}

static int addresses_add(struct request *request, struct error *error)
{
	yyjson_mut_val *item;
	size_t index, count;
	struct edit edit;
	const char *twice;
	int result = edit_begin(&edit, request, error);

	if (result)
		return result;
	twice = those(&edit, true);
	if (*twice)
		return error_fault(error, -EINVAL, 400, "AddressesAlreadyExist",
				   "Addresses [%s] already exist in the address group %s.", twice,
				   edit.id);
	yyjson_mut_arr_foreach (edit.given, index, count, item) {
		yyjson_mut_arr_add_strcpy(edit.change.doc, edit.has, yyjson_mut_get_str(item));
	}
	if (yyjson_mut_arr_size(edit.has) > NET_ADDRESSES_MAX)
		return attribute_refuse(error,
					"Invalid input for addresses. Reason: more than %d "
					"of them.",
					NET_ADDRESSES_MAX);
	return edit_commit(&edit, error);
}

static int addresses_remove(struct request *request, struct error *error)
{
	yyjson_mut_val *kept, *item;
	size_t index, count;
	struct edit edit;
	const char *missing;
	int result = edit_begin(&edit, request, error);

	if (result)
		return result;
	missing = those(&edit, false);
	if (*missing)
		return error_fault(error, -ENOENT, 404, "AddressesNotFound",
				   "Addresses [%s] not found in the address group %s.", missing,
				   edit.id);
	kept = yyjson_mut_arr(edit.change.doc);
	yyjson_mut_arr_foreach (edit.has, index, count, item) {
		if (!list_has(edit.given, yyjson_mut_get_str(item)))
			yyjson_mut_arr_add_strcpy(edit.change.doc, kept, yyjson_mut_get_str(item));
	}
	json_set(edit.change.doc, edit.object, "addresses", kept);
	return edit_commit(&edit, error);
}

/* --- routes --- */

RESOURCE_HANDLERS(address_group)

static const struct route routes[] = {
	RESOURCE_ROUTES("address-groups", address_group),
	{ .method = "PUT",
	  .path = "/v2.0/address-groups/{id}/add_addresses",
	  .handle = addresses_add,
	  .body = &resource_body,
	  .policy = "update" },
	{ .method = "PUT",
	  .path = "/v2.0/address-groups/{id}/remove_addresses",
	  .handle = addresses_remove,
	  .body = &resource_body,
	  .policy = "update" },
	{ 0 },
};

const struct service_part address_group_part = { routes, NULL };
