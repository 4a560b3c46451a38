/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subnet pools: prefixes of which subnets are cut. */
#include "firmware/cloud/network/subnetpools.h"

#include <inttypes.h>
#include <string.h>

#include "firmware/cloud/network/rbac.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

static int check_name(const struct attribute *attribute, yyjson_val *value, struct error *error)
{
	const char *text = yyjson_get_str(value);

	return text && text[strspn(text, " ")]
		       ? 0
		       : attribute_invalid(error, attribute, "'%s' Blank strings are not permitted",
					   text ? text : "");
}

static int check_list(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	struct ip_prefix prefix;
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach (list, index, count, item) {
		const char *text = yyjson_get_str(item);

		if (!text || !strchr(text, '/') || !ip_prefix_parse(text, &prefix))
			return attribute_invalid(error, attribute, "'%s' is not a valid IP subnet",
						 text ? text : "");
		for (size_t i = 0; i < index; i++)
			if (yyjson_equals(yyjson_arr_get(list, i), item))
				return attribute_invalid(error, attribute,
							 "Duplicate items in the list: '%s'", text);
	}
	return 0;
}

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_STRING, POST_PUT | ATTRIBUTE_REQUIRED, NULL, 0, 255, NULL, check_name },
	{ "prefixes", ATTRIBUTE_LIST, POST_PUT | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL, check_list },
	{ "default_quota", ATTRIBUTE_INTEGER, POST_PUT, "null", 0, 0, NULL, NULL },
	{ "default_prefixlen", ATTRIBUTE_INTEGER, POST_PUT, NULL, 0, 0, NULL, NULL },
	{ "min_prefixlen", ATTRIBUTE_INTEGER, POST_PUT, NULL, 0, 0, NULL, NULL },
	{ "max_prefixlen", ATTRIBUTE_INTEGER, POST_PUT, NULL, 0, 0, NULL, NULL },
	{ "is_default", ATTRIBUTE_BOOLEAN, POST_PUT, "false", 0, 0, NULL, NULL },
	{ "shared", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST, "false", 0, 0, NULL, NULL },
	{ "address_scope_id", ATTRIBUTE_UUID, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "ip_version", ATTRIBUTE_INTEGER, 0, NULL, 0, 0, NULL, NULL },
	{ 0 }
};

static bool writable(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "project_id"));
}

/* --- prefixes --- */

int pool_prefixes(struct request *request, yyjson_val *list, struct prefixes *set,
		  struct error *error)
{
	size_t index, count;
	yyjson_val *item;

	set->count = 0;
	set->items = arena_alloc(request->arena, POOL_PREFIXES_MAX * sizeof(*set->items));
	if (!set->items)
		return error_set(error, -ENOMEM, "out of memory");
	yyjson_arr_foreach (list, index, count, item) {
		if (set->count == POOL_PREFIXES_MAX)
			return attribute_refuse(error, "Invalid input for prefixes. Reason: too "
						       "many of them.");
		if (ip_prefix_parse(yyjson_get_str(item), &set->items[set->count]))
			set->count++;
	}
	return 0;
}

static void put_prefixes(yyjson_mut_doc *doc, yyjson_mut_val *object, const struct prefixes *set)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	char text[IP_CIDR_SIZE];

	for (size_t i = 0; i < set->count; i++) {
		ip_prefix_format(&set->items[i], text);
		yyjson_mut_arr_add_strcpy(doc, list, text);
	}
	json_set(doc, object, "prefixes", list);
}

static int settle_prefixes(struct change *change, yyjson_mut_val *object, struct prefixes *set,
			   struct error *error)
{
	yyjson_val *frozen = value_freeze(change->request, object);
	int result = pool_prefixes(change->request, yyjson_obj_get(frozen, "prefixes"), set, error);

	if (result)
		return result;
	if (!set->count)
		return error_fault(error, -EINVAL, 400, "EmptySubnetPoolPrefixList",
				   "Empty subnet pool prefix list.");
	for (size_t i = 1; i < set->count; i++)
		if (set->items[i].base.version != set->items[0].base.version)
			return error_fault(error, -EINVAL, 400, "PrefixVersionMismatch",
					   "Cannot mix IPv4 and IPv6 prefixes in a subnet pool.");
	prefixes_compact(set);
	put_prefixes(change->doc, object, set);
	json_set_integer(change->doc, object, "ip_version", set->items[0].base.version);
	return 0;
}

/* --- bounds --- */

static int64_t number(yyjson_mut_val *object, const char *name, int64_t otherwise)
{
	yyjson_mut_val *value = yyjson_mut_obj_get(object, name);

	return yyjson_mut_is_int(value) ? yyjson_mut_get_sint(value) : otherwise;
}

static int refuse_bounds(struct error *error, const char *name, int64_t value, const char *base,
			 int64_t base_value)
{
	return error_fault(error, -EINVAL, 400, "IllegalSubnetPoolPrefixBounds",
			   "Illegal prefix bounds: %s=%" PRId64 ", %s=%" PRId64 ".", name, value,
			   base, base_value);
}

static int settle_bounds(struct change *change, yyjson_mut_val *object, int version,
			 struct error *error)
{
	int64_t bits = version == 4 ? 32 : 128;
	int64_t least = number(object, "min_prefixlen", version == 4 ? 8 : 64);
	int64_t most = number(object, "max_prefixlen", bits);
	int64_t standard = number(object, "default_prefixlen", least);

	if (least > most)
		return refuse_bounds(error, "min_prefixlen", least, "max_prefixlen", most);
	if (most > bits)
		return refuse_bounds(error, "max_prefixlen", most, "ip_version_max", bits);
	if (standard < least)
		return refuse_bounds(error, "default_prefixlen", standard, "min_prefixlen", least);
	if (standard > most)
		return refuse_bounds(error, "default_prefixlen", standard, "max_prefixlen", most);
	json_set_integer(change->doc, object, "min_prefixlen", least);
	json_set_integer(change->doc, object, "max_prefixlen", most);
	json_set_integer(change->doc, object, "default_prefixlen", standard);
	return 0;
}

/* --- rights and defaults --- */

static int check_rights(struct change *change, const char *verb, yyjson_mut_val *given,
			struct error *error)
{
	static const char *const members[] = { "is_default", "shared", NULL };

	for (const char *const *name = members; *name; name++)
		if (yyjson_mut_get_bool(yyjson_mut_obj_get(given, *name)) &&
		    !change->request->caller->is_admin)
			return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
					   "(rule:%s_subnetpool and rule:%s_subnetpool:%s) is "
					   "disallowed by policy",
					   verb, verb, *name);
	return 0;
}

int pool_standard(struct change *change, int64_t version, yyjson_val **pool, struct error *error)
{
	struct network_ports pools;
	int result = resource_range(change->view, change->request->arena, &resource_subnetpool,
				    NULL, NULL, &pools, error);

	*pool = NULL;
	for (size_t i = 0; !result && i < pools.count; i++)
		if (json_bool(pools.items[i], "is_default", false) &&
		    json_integer(pools.items[i], "ip_version", 0) == version)
			*pool = pools.items[i];
	return result;
}

static int settle_default(struct change *change, yyjson_mut_val *object, int version,
			  struct error *error)
{
	yyjson_val *other;
	int result;

	if (!yyjson_mut_get_bool(yyjson_mut_obj_get(object, "is_default")))
		return 0;
	result = pool_standard(change, version, &other, error);
	if (!result && other && !json_is(other, "id", json_member(object, "id")))
		return input_refuse(
			error, "A default subnetpool for this IP "
			       "family has already been set. Only one default may exist per IP "
			       "family");
	return result;
}

static int settle(struct change *change, yyjson_mut_val *object, struct error *error)
{
	struct prefixes set;
	int result = settle_prefixes(change, object, &set, error);

	if (!result)
		result = settle_bounds(change, object, set.items[0].base.version, error);
	if (!result)
		result = settle_default(change, object, set.items[0].base.version, error);
	return result ? result : scope_check(change, object, &set, error);
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	int result = check_rights(change, "create", object, error);

	if (!result)
		result = settle(change, object, error);
	return result ? result
		      : rbac_shared_changed(change, &resource_subnetpool, NULL, object, error);
}

static int refuse_fewer(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			struct error *error)
{
	yyjson_val *frozen = value_freeze(change->request, object);
	struct prefixes had, has;
	int result = pool_prefixes(change->request, yyjson_obj_get(old, "prefixes"), &had, error);

	if (!result)
		result = pool_prefixes(change->request, yyjson_obj_get(frozen, "prefixes"), &has,
				       error);
	if (result)
		return result;
	prefixes_compact(&has);
	for (size_t i = 0; i < had.count; i++)
		if (!prefixes_hold(&has, &had.items[i]))
			return error_fault(error, -EINVAL, 400, "IllegalSubnetPoolPrefixUpdate",
					   "Illegal update to prefixes: Existing prefixes must be "
					   "a subset of the new prefixes.");
	return 0;
}

/* What lies in a scope is its owner's to change. */
static int refuse_others_scope(struct change *change, yyjson_val *old, struct error *error)
{
	const char *scope_id = json_string(old, "address_scope_id");
	yyjson_val *scope;
	int result = scope_id ? resource_get(change->view, change->request->arena,
					     &resource_address_scope, scope_id, &scope, error)
			      : 0;

	if (!scope_id || result || policy_owns(change->request, json_string(scope, "project_id")))
		return result;
	return error_fault(error, -EINVAL, 400, "IllegalSubnetPoolUpdate",
			   "Illegal subnetpool update : subnetpool %s cannot be updated when "
			   "associated with shared address scope %s.",
			   json_string(old, "id"), scope_id);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	int result = check_rights(change, "update", given, error);

	if (!result)
		result = refuse_others_scope(change, old, error);

	if (!result && yyjson_mut_obj_get(given, "prefixes"))
		result = refuse_fewer(change, old, object, error);
	return result ? result : settle(change, object, error);
}

static int remove_pool(struct change *change, yyjson_val *old, struct error *error)
{
	struct prefixes taken;
	int result = pool_taken(change, json_string(old, "id"), &taken, error);

	if (!result && taken.count)
		return error_fault(error, -EINVAL, 400, "SubnetPoolDeleteError",
				   "Unable to delete subnet pool: Subnet pool has existing "
				   "allocations.");
	return result ? result : rbac_object_gone(change, json_string(old, "id"), error);
}

/* --- add and remove prefixes --- */

static int find_pool(struct change *change, struct request *request, yyjson_val **pool,
		     struct error *error)
{
	int result = change_begin(change, request, error);

	if (!result)
		result = change_find(change, &resource_subnetpool, request_param(request, "id"),
				     pool, error);
	if (!result && !writable(request, *pool))
		result = error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
				     "(rule:update_subnetpool) is disallowed by policy");
	return result;
}

static int put_pool(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	int result;

	change_put(change, &resource_subnetpool, object);
	result = request_commit(change->request, change->txn, error);
	if (result)
		return result;
	json_set(doc, root, "prefixes",
		 yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(object, "prefixes")));
	return reply_json(change->request, 200, doc, root);
}

static int given_prefixes(struct request *request, yyjson_val **list, struct error *error)
{
	static const struct attribute attribute = { .name = "prefixes" };

	*list = yyjson_obj_get(request->body, "prefixes");
	if (!yyjson_is_arr(*list))
		return attribute_refuse(error, "Invalid input for prefixes. Reason: '' is not a "
					       "list.");
	return check_list(&attribute, *list, error);
}

int pool_prefixes_add(struct request *request, struct error *error)
{
	yyjson_val *pool, *list, *item;
	yyjson_mut_val *object;
	struct change change;
	size_t index, count;
	int result = find_pool(&change, request, &pool, error);

	if (!result)
		result = given_prefixes(request, &list, error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(change.doc, pool);
	yyjson_arr_foreach (list, index, count, item) {
		yyjson_mut_arr_add_val(yyjson_mut_obj_get(object, "prefixes"),
				       yyjson_val_mut_copy(change.doc, item));
	}
	result = settle(&change, object, error);
	return result ? result : put_pool(&change, object, error);
}

static int refuse_taken(struct change *change, yyjson_val *pool, const struct prefixes *gone,
			struct error *error)
{
	struct prefixes taken;
	int result = pool_taken(change, json_string(pool, "id"), &taken, error);

	for (size_t i = 0; !result && i < gone->count; i++)
		if (prefixes_overlap(&taken, &gone->items[i]))
			return error_fault(error, -EINVAL, 400, "IllegalSubnetPoolPrefixUpdate",
					   "Illegal update to prefixes: One or more prefixes to be "
					   "removed is not available for removal.");
	return result;
}

int pool_prefixes_remove(struct request *request, struct error *error)
{
	struct prefixes has, gone;
	yyjson_val *pool, *list;
	yyjson_mut_val *object;
	struct change change;
	int result = find_pool(&change, request, &pool, error);

	if (!result)
		result = given_prefixes(request, &list, error);
	if (!result)
		result = pool_prefixes(request, yyjson_obj_get(pool, "prefixes"), &has, error);
	if (!result)
		result = pool_prefixes(request, list, &gone, error);
	if (!result)
		result = refuse_taken(&change, pool, &gone, error);
	for (size_t i = 0; !result && i < gone.count; i++)
		if (!prefixes_remove(&has, POOL_PREFIXES_MAX, &gone.items[i]))
			result = attribute_refuse(error, "Invalid input for prefixes. Reason: too "
							 "many of them.");
	if (result)
		return result;
	object = yyjson_val_mut_copy(change.doc, pool);
	put_prefixes(change.doc, object, &has);
	return put_pool(&change, object, error);
}

/* Neutron tells lengths as text. */
static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	static const char *const members[] = { "min_prefixlen", "max_prefixlen",
					       "default_prefixlen", NULL };

	(void)error;
	for (const char *const *name = members; *name; name++)
		json_set_string(
			doc, out, *name,
			arena_printf(request->arena, "%" PRId64, json_integer(record, *name, 0)));
	return 0;
}

const struct resource resource_subnetpool = {
	.singular = "subnetpool",
	.plural = "subnetpools",
	.prefix = "/network/subnetpool/",
	.attributes = attributes,
	.missing_type = "SubnetPoolNotFound",
	.missing_before = "Subnet pool ",
	.missing_after = " could not be found.",
	.create = create,
	.update = update,
	.remove = remove_pool,
	.visible = rbac_shared_visible,
	.derive = derive,
	.writable = writable,
};
