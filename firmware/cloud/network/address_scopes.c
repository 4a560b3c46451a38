/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address scopes: subnet pools whose prefixes are unique together. */
#include <string.h>

#include "firmware/cloud/network/rbac.h"
#include "firmware/cloud/network/subnetpools.h"

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "ip_version", ATTRIBUTE_INTEGER, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "shared", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_PUT, "false", 0, 0, NULL, NULL },
	{ 0 }
};

static bool writable(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "project_id"));
}

/* 'named': whether it is true or not. */
static int check_shared(struct change *change, const char *verb, bool named, struct error *error)
{
	if (!named || change->request->caller->is_admin)
		return 0;
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "(rule:%s_address_scope and rule:%s_address_scope:shared) is disallowed "
			   "by policy",
			   verb, verb);
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	int64_t version = yyjson_mut_get_sint(yyjson_mut_obj_get(object, "ip_version"));
	int result;

	if (version != 4 && version != 6)
		return attribute_refuse(error,
					"Invalid input for ip_version. Reason: '%d' is not in "
					"[4, 6].",
					(int)version);
	result = check_shared(change, "create",
			      yyjson_mut_get_bool(yyjson_mut_obj_get(object, "shared")), error);
	return result ? result
		      : rbac_shared_changed(change, &resource_address_scope, NULL, object, error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	int result;

	if (json_bool(old, "shared", false) && yyjson_mut_obj_get(given, "shared") &&
	    !yyjson_mut_get_bool(yyjson_mut_obj_get(given, "shared")))
		return error_fault(error, -EINVAL, 400, "AddressScopeUpdateError",
				   "Unable to update address scope %s : Shared address scope can't "
				   "be unshared.",
				   json_string(old, "id"));
	if (!yyjson_mut_obj_get(given, "shared"))
		return 0;
	result = check_shared(change, "update", true, error);
	return result ? result
		      : rbac_shared_changed(change, &resource_address_scope, old, object, error);
}

static int remove_scope(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	struct network_ports pools;
	int result = resource_range(change->view, change->request->arena, &resource_subnetpool,
				    "scope", id, &pools, error);

	if (!result && pools.count)
		return error_fault(error, -EBUSY, 409, "AddressScopeInUse",
				   "Unable to complete operation on address scope %s. There are "
				   "one or more subnet pools in use on the address scope.",
				   id);
	return result ? result : rbac_object_gone(change, id, error);
}

static int refuse_overlap(struct change *change, const char *pool_id, const char *scope_id,
			  const struct prefixes *set, struct error *error)
{
	struct network_ports pools;
	struct prefixes other;
	int result = resource_range(change->view, change->request->arena, &resource_subnetpool,
				    "scope", scope_id, &pools, error);

	for (size_t i = 0; !result && i < pools.count; i++) {
		if (json_is(pools.items[i], "id", pool_id))
			continue;
		result = pool_prefixes(change->request, yyjson_obj_get(pools.items[i], "prefixes"),
				       &other, error);
		for (size_t j = 0; !result && j < set->count; j++)
			if (prefixes_overlap(&other, &set->items[j]))
				return error_fault(error, -EEXIST, 409,
						   "AddressScopePrefixConflict",
						   "Failed to associate address scope: subnetpools "
						   "within an address scope must have unique "
						   "prefixes.");
	}
	return result;
}

int scope_check(struct change *change, yyjson_mut_val *pool, const struct prefixes *set,
		struct error *error)
{
	const char *scope_id = json_member(pool, "address_scope_id"), *id = json_member(pool, "id");
	int version = set->items[0].base.version;
	yyjson_val *scope;
	int result;

	if (!scope_id)
		return 0;
	result = change_find(change, &resource_address_scope, scope_id, &scope, error);
	if (result)
		return result;
	if (json_integer(scope, "ip_version", 0) != version)
		return error_fault(error, -EINVAL, 400,
				   "IllegalSubnetPoolIpVersionAssociationToAddressScope",
				   "Illegal subnetpool association: subnetpool %s cannot associate "
				   "with address scope %s because subnetpool ip_version is not %d.",
				   id, scope_id, (int)json_integer(scope, "ip_version", 0));
	/* Two pools that come at the same time meet here. */
	change_pin(change, &resource_address_scope, scope);
	return refuse_overlap(change, id, scope_id, set, error);
}

const char *scope_of_pool(struct store_view *view, struct arena *arena, const char *pool_id)
{
	yyjson_val *pool;

	if (!pool_id || resource_get(view, arena, &resource_subnetpool, pool_id, &pool, NULL))
		return NULL;
	return json_string(pool, "address_scope_id");
}

const struct resource resource_address_scope = {
	.singular = "address_scope",
	.plural = "address_scopes",
	.prefix = "/network/address-scope/",
	.attributes = attributes,
	.missing_type = "AddressScopeNotFound",
	.missing_before = "Address scope ",
	.missing_after = " could not be found",
	.create = create,
	.update = update,
	.remove = remove_scope,
	.visible = rbac_shared_visible,
	.writable = writable,
};
