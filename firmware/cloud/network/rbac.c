/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/rbac.h"

#include <string.h>

#define SHARED "access_as_shared"
#define EXTERNAL "access_as_external"

/* What may be shared. */
static const struct rbac_type {
	const char *name;
	const struct resource *resource;
	bool external; /* 'access_as_external', too */
} types[] = {
	{ "network", &resource_network, true },
	{ "qos_policy", &resource_qos_policy, false },
	{ "security_group", &resource_group, false },
	{ "address_scope", &resource_address_scope, false },
	{ "subnetpool", &resource_subnetpool, false },
	{ "address_group", &resource_address_group, false },
};

/* Whose projects use an object: records of these that name it in this index. */
static const struct rbac_use {
	const struct resource *resource, *user;
	const char *index;
} uses[] = {
	{ &resource_network, &resource_port, "network" },
	{ &resource_qos_policy, &resource_port, "qos" },
	{ &resource_qos_policy, &resource_network, "qos" },
	{ &resource_qos_policy, &resource_floatingip, "qos" },
	{ &resource_qos_policy, &resource_router, "qos" },
	{ &resource_group, &resource_port, "group" },
	{ &resource_address_scope, &resource_subnetpool, "scope" },
	{ &resource_subnetpool, &resource_subnet, "pool" },
	{ &resource_address_group, &resource_rule, "address-group" },
};

#define LENGTH(array) (sizeof(array) / sizeof(array[0]))

static const struct attribute attributes[] = {
	{ "object_type", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 255, NULL,
	  NULL },
	{ "object_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "action", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 255, NULL,
	  NULL },
	{ "target_tenant", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_PUT | ATTRIBUTE_REQUIRED,
	  NULL, 0, 255, NULL, NULL },
	{ 0 }
};

static const struct rbac_type *type_named(const char *name)
{
	for (size_t i = 0; name && i < LENGTH(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return NULL;
}

static const struct rbac_type *type_of(const struct resource *resource)
{
	for (size_t i = 0; i < LENGTH(types); i++)
		if (types[i].resource == resource)
			return &types[i];
	return NULL;
}

/* --- what an object says --- */

static bool listed(yyjson_val *object, const char *member, const char *project_id)
{
	yyjson_val *list = yyjson_obj_get(object, member), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (project_id && yyjson_equals_str(item, project_id))
			return true;
	}
	return false;
}

bool rbac_shared_with(yyjson_val *object, const char *project_id)
{
	return json_bool(object, "shared", false) || listed(object, "_shared_with", project_id);
}

bool rbac_shared_visible(struct request *request, yyjson_val *record)
{
	return rbac_shared_with(record, request->caller->project_id);
}

bool rbac_external_to(yyjson_val *network, const char *project_id)
{
	if (!json_bool(network, "router:external", false))
		return false;
	return !yyjson_obj_get(network, "_external_to") || listed(network, "_external_to", "*") ||
	       listed(network, "_external_to", project_id);
}

/* --- policies to members --- */

struct policies {
	const struct rbac_type *type;
	struct network_ports list;
	const char *left_out;  /* id of one that goes, or is replaced */
	yyjson_mut_val *added; /* NULL: none */
};

static void add_target(yyjson_mut_doc *doc, yyjson_mut_val *shared, yyjson_mut_val *external,
		       const char *action, const char *target)
{
	yyjson_mut_arr_add_strcpy(doc, strcmp(action, SHARED) ? external : shared, target);
}

static bool has_everybody(yyjson_mut_val *list)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (list, index, count, item) {
		if (yyjson_mut_equals_str(item, "*"))
			return true;
	}
	return false;
}

static void settle_object(struct change *change, const struct policies *policies,
			  yyjson_mut_val *object)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *shared = yyjson_mut_arr(doc), *external = yyjson_mut_arr(doc);

	for (size_t i = 0; i < policies->list.count; i++) {
		yyjson_val *policy = policies->list.items[i];

		if (!policies->left_out || !json_is(policy, "id", policies->left_out))
			add_target(doc, shared, external, json_string(policy, "action"),
				   json_string(policy, "target_tenant"));
	}
	/* From before there were policies for all kinds of objects. */
	if (!policies->type->external && !yyjson_mut_obj_get(object, "_shared_with") &&
	    yyjson_mut_get_bool(yyjson_mut_obj_get(object, "shared")))
		yyjson_mut_arr_add_str(doc, shared, "*");
	if (policies->added)
		add_target(doc, shared, external, json_member(policies->added, "action"),
			   json_member(policies->added, "target_tenant"));
	json_set_bool(doc, object, "shared", has_everybody(shared));
	json_set(doc, object, "_shared_with", shared);
	if (!policies->type->external)
		return;
	json_set_bool(doc, object, "router:external", yyjson_mut_arr_size(external) > 0);
	json_set(doc, object, "_external_to", external);
}

static int find_policies(struct change *change, const char *object_id, struct policies *policies,
			 struct error *error)
{
	return resource_range(change->view, change->request->arena, &resource_rbac, "object",
			      object_id, &policies->list, error);
}

/* --- who uses it --- */

static bool is_service(yyjson_val *port)
{
	const char *owner = json_string(port, "device_owner");

	return owner && !strncmp(owner, "network:", 8);
}

static bool still_shared(yyjson_mut_val *object, const char *project_id)
{
	yyjson_mut_val *list = yyjson_mut_obj_get(object, "_shared_with"), *item;
	size_t index, count;

	if (yyjson_mut_get_bool(yyjson_mut_obj_get(object, "shared")))
		return true;
	yyjson_mut_arr_foreach (list, index, count, item) {
		if (yyjson_mut_equals_str(item, project_id))
			return true;
	}
	return false;
}

/* A network's owner needs no policy. Of other objects the policy for everybody is needed by the
 * owner's own use, too, and one for a project by that project alone: as in Neutron. */
static bool needs_sharing(const struct rbac_use *use, yyjson_mut_val *object, const char *target,
			  const char *project)
{
	if (use->resource == &resource_network || strcmp(target, "*") != 0)
		if (!strcmp(project, json_member(object, "project_id")))
			return false;
	return use->resource == &resource_network || !strcmp(target, "*") ||
	       !strcmp(target, project);
}

static int check_use(struct change *change, const struct rbac_use *use, yyjson_mut_val *object,
		     const char *target, struct error *error)
{
	struct network_ports users;
	int result = resource_range(change->view, change->request->arena, use->user, use->index,
				    json_member(object, "id"), &users, error);

	for (size_t i = 0; !result && i < users.count; i++) {
		const char *project = json_string(users.items[i], "project_id");

		if (!is_service(users.items[i]) && project && *project &&
		    needs_sharing(use, object, target, project) && !still_shared(object, project))
			return -EBUSY;
	}
	return result;
}

/* -EBUSY without a message: a project that it is not shared with any more uses it. */
static int check_users(struct change *change, const struct resource *resource,
		       yyjson_mut_val *object, const char *target, struct error *error)
{
	int result = 0;

	for (size_t i = 0; !result && i < LENGTH(uses); i++)
		if (uses[i].resource == resource)
			result = check_use(change, &uses[i], object, target, error);
	return result;
}

static bool has_gateways(struct change *change, const char *network_id)
{
	struct network_ports ports;

	if (resource_range(change->view, change->request->arena, &resource_port, "network",
			   network_id, &ports, NULL))
		return true;
	for (size_t i = 0; i < ports.count; i++)
		if (json_is(ports.items[i], "device_owner", "network:router_gateway") ||
		    json_is(ports.items[i], "device_owner", "network:floatingip"))
			return true;
	return false;
}

/* --- the object's own attributes --- */

static void put_everybody(struct change *change, yyjson_mut_val *object, const char *action,
			  struct policies *policies)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *policy = yyjson_mut_obj(doc);

	object_begin(change, policy);
	json_set_string(doc, policy, "tenant_id", json_member(object, "project_id"));
	json_set_string(doc, policy, "project_id", json_member(object, "project_id"));
	json_set_string(doc, policy, "object_type", policies->type->name);
	json_set_string(doc, policy, "object_id", json_member(object, "id"));
	json_set_string(doc, policy, "action", action);
	json_set_string(doc, policy, "target_tenant", "*");
	change_put(change, &resource_rbac, policy);
	policies->added = policy;
}

static yyjson_val *everybody_of(const struct policies *policies, const char *action)
{
	for (size_t i = 0; i < policies->list.count; i++)
		if (json_is(policies->list.items[i], "action", action) &&
		    json_is(policies->list.items[i], "target_tenant", "*"))
			return policies->list.items[i];
	return NULL;
}

static void keep_lists(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *member,
		       const char *flag)
{
	bool wanted = yyjson_mut_get_bool(yyjson_mut_obj_get(object, flag));
	yyjson_mut_val *had = yyjson_mut_obj_get(object, member), *item;
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	size_t index, count;

	yyjson_mut_arr_foreach (had, index, count, item) {
		if (!yyjson_mut_equals_str(item, "*"))
			yyjson_mut_arr_add_strcpy(doc, list, yyjson_mut_get_str(item));
	}
	if (wanted)
		yyjson_mut_arr_add_str(doc, list, "*");
	json_set(doc, object, member, list);
}

/* A policy for everybody follows the attribute 'flag', and so does the list of projects. */
static void follow(struct change *change, yyjson_mut_val *object, const char *flag,
		   const char *member, const char *action, struct policies *policies)
{
	bool wanted = yyjson_mut_get_bool(yyjson_mut_obj_get(object, flag));
	yyjson_val *there = everybody_of(policies, action);

	if (wanted && !there)
		put_everybody(change, object, action, policies);
	else if (!wanted && there)
		change_delete(change, &resource_rbac, json_string(there, "id"));
	if (!wanted && there)
		policies->left_out = json_string(there, "id");
	keep_lists(change->doc, object, member, flag);
}

static int follow_shared(struct change *change, const struct resource *resource, yyjson_val *old,
			 yyjson_mut_val *object, struct policies *policies, struct error *error)
{
	int result = old ? find_policies(change, json_member(object, "id"), policies, error) : 0;

	policies->type = type_of(resource);
	if (!result)
		follow(change, object, "shared", "_shared_with", SHARED, policies);
	return result;
}

int rbac_shared_changed(struct change *change, const struct resource *resource, yyjson_val *old,
			yyjson_mut_val *object, struct error *error)
{
	struct policies policies = { 0 };
	int result = follow_shared(change, resource, old, object, &policies, error);

	if (!result && old && json_bool(old, "shared", false) &&
	    !yyjson_mut_get_bool(yyjson_mut_obj_get(object, "shared")))
		result = check_users(change, resource, object, "*", error);
	return result != -EBUSY ? result
				: error_fault(error, -EBUSY, 409, "RbacPolicyInUse",
					      "RBAC policy on object %s cannot be removed because "
					      "other objects depend on it.\nDetails: project_id=*",
					      json_member(object, "id"));
}

int rbac_network_changed(struct change *change, yyjson_val *old, yyjson_mut_val *network,
			 struct error *error)
{
	const char *id = json_member(network, "id");
	struct policies policies = { 0 };
	int result = follow_shared(change, &resource_network, old, network, &policies, error);

	if (result)
		return result;
	follow(change, network, "router:external", "_external_to", EXTERNAL, &policies);
	if (old && json_bool(old, "router:external", false) &&
	    !yyjson_mut_get_bool(yyjson_mut_obj_get(network, "router:external")) &&
	    has_gateways(change, id))
		return error_fault(error, -EBUSY, 409, "ExternalNetworkInUse",
				   "External network %s cannot be updated to be made non-external, "
				   "since it has existing gateway ports.",
				   id);
	result = old ? check_users(change, &resource_network, network, "*", error) : 0;
	return result != -EBUSY ? result
				: error_fault(error, -EBUSY, 409, "InvalidSharedSetting",
					      "Unable to reconfigure sharing settings for network "
					      "%s. Multiple tenants are using it.",
					      json_member(network, "name"));
}

int rbac_object_gone(struct change *change, const char *object_id, struct error *error)
{
	struct policies policies = { 0 };
	int result = find_policies(change, object_id, &policies, error);

	for (size_t i = 0; !result && i < policies.list.count; i++)
		change_delete(change, &resource_rbac, json_string(policies.list.items[i], "id"));
	return result;
}

/* --- the resource --- */

static int check_target(struct change *change, const char *verb, const char *target,
			struct error *error)
{
	if (change->request->caller->is_admin || !target || strcmp(target, "*"))
		return 0;
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "(rule:%s_rbac_policy and rule:%s_rbac_policy:target_tenant) is "
			   "disallowed by policy",
			   verb, verb);
}

static int check_kind(yyjson_mut_val *object, const struct rbac_type **type, struct error *error)
{
	const char *name = json_member(object, "object_type");
	const char *action = json_member(object, "action");

	*type = type_named(name);
	if (!*type)
		return input_refuse(error,
				    "'%s' is not a valid RBAC object "
				    "type",
				    name);
	if (!strcmp(action, SHARED) || ((*type)->external && !strcmp(action, EXTERNAL)))
		return 0;
	return error_fault(error, -EINVAL, 400, "InvalidActionForType",
			   "Invalid action '%s' for object type '%s'. Valid actions: "
			   "('access_as_shared',%s)",
			   action, name, (*type)->external ? " 'access_as_external'" : "");
}

static int find_object(struct change *change, const struct rbac_type *type, const char *id,
		       yyjson_val **object, struct error *error)
{
	int result = change_find(change, type->resource, id, object, error);

	if (result || policy_owns(change->request, json_string(*object, "project_id")))
		return result;
	return input_refuse(error,
			    "Only admins can manipulate policies on "
			    "%s they do not own",
			    type->external ? "networks" : "objects");
}

/* Who is lent a pool has to be let into its address scope. */
static int check_scope(struct change *change, yyjson_mut_val *policy, yyjson_val *pool,
		       struct error *error)
{
	const char *scope_id = json_string(pool, "address_scope_id");
	yyjson_val *scope;
	int result =
		scope_id ? change_get(change, &resource_address_scope, scope_id, &scope, error) : 0;

	if (!scope_id || result || rbac_shared_with(scope, json_member(policy, "target_tenant")))
		return result;
	return error_fault(error, -EINVAL, 400, "RbacPolicyInitError",
			   "Failed to create RBAC policy on object %s because target project "
			   "doesn't have access to associated address scope..",
			   json_string(pool, "id"));
}

static bool is_duplicate(const struct policies *policies, yyjson_mut_val *object)
{
	for (size_t i = 0; i < policies->list.count; i++)
		if (!json_is(policies->list.items[i], "id", json_member(object, "id")) &&
		    json_is(policies->list.items[i], "action", json_member(object, "action")) &&
		    json_is(policies->list.items[i], "target_tenant",
			    json_member(object, "target_tenant")))
			return true;
	return false;
}

static bool is_wild_external(const struct policies *policies)
{
	for (size_t i = 0; i < policies->list.count; i++)
		if (json_is(policies->list.items[i], "id", policies->left_out))
			return json_is(policies->list.items[i], "action", EXTERNAL) &&
			       json_is(policies->list.items[i], "target_tenant", "*");
	return false;
}

/* The network that topologies are made behind is there for everybody. */
static int refuse_default(const struct policies *policies, yyjson_val *object, struct error *error)
{
	if (!policies->left_out || !json_bool(object, "is_default", false) ||
	    !is_wild_external(policies))
		return 0;
	return error_fault(error, -EBUSY, 409, "RbacPolicyInUse",
			   "RBAC policy on object %s cannot be removed because other objects "
			   "depend on it.\nDetails: Default external networks must be shared to "
			   "everyone.",
			   json_string(object, "id"));
}

static const char *in_use_details(struct change *change, const struct policies *policies,
				  const char *object_id, const char *target)
{
	return policies->type->external
		       ? arena_printf(change->request->arena,
				      "Unable to reconfigure sharing settings for network %s. "
				      "Multiple tenants are using it.",
				      object_id)
		       : arena_printf(change->request->arena, "project_id=%s", target);
}

/* The object as it is with the policies; 'target': of the policy that goes or is replaced. */
static int put_object(struct change *change, const char *object_id, struct policies *policies,
		      const char *target, struct error *error)
{
	const struct resource *resource = policies->type->resource;
	yyjson_mut_val *object, *added = policies->added;
	yyjson_val *had;
	int result = change_get(change, resource, object_id, &had, error);

	if (result)
		return result;
	result = refuse_default(policies, had, error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(change->doc, had);
	/* As in Neutron, what takes the place of a policy does not count for who needs the old one. */
	if (policies->left_out && !policies->type->external)
		policies->added = NULL;
	settle_object(change, policies, object);
	if (policies->left_out)
		result = check_users(change, resource, object, target, error);
	if (!result && added != policies->added) {
		policies->added = added;
		settle_object(change, policies, object);
	}
	if (!result && json_bool(had, "router:external", false) &&
	    !yyjson_mut_get_bool(yyjson_mut_obj_get(object, "router:external")) &&
	    has_gateways(change, object_id))
		result = -EBUSY;
	if (result == -EBUSY)
		return error_fault(error, -EBUSY, 409, "RbacPolicyInUse",
				   "RBAC policy on object %s cannot be removed because other "
				   "objects depend on it.\nDetails: %s",
				   object_id, in_use_details(change, policies, object_id, target));
	if (!result)
		change_put(change, resource, object);
	return result;
}

static int settle(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  struct error *error)
{
	const char *object_id = json_member(object, "object_id");
	struct policies policies = { .added = object,
				     .left_out = old ? json_string(old, "id") : NULL };
	yyjson_val *found;
	int result = check_kind(object, &policies.type, error);

	if (!result)
		result = find_object(change, policies.type, object_id, &found, error);
	if (!result)
		result = find_policies(change, object_id, &policies, error);
	if (!result && policies.type->resource == &resource_subnetpool)
		result = check_scope(change, object, found, error);
	if (!result && is_duplicate(&policies, object))
		return error_fault(error, -EEXIST, 409, "DuplicateRbacPolicy",
				   "An RBAC policy already exists with those values.");
	return result ? result
		      : put_object(change, object_id, &policies,
				   old ? json_string(old, "target_tenant") : NULL, error);
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	int result = check_target(change, "create", json_member(object, "target_tenant"), error);

	return result ? result : settle(change, NULL, object, error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	int result = check_target(change, "update", json_member(given, "target_tenant"), error);

	return result ? result : settle(change, old, object, error);
}

static int remove_policy(struct change *change, yyjson_val *old, struct error *error)
{
	struct policies policies = { .left_out = json_string(old, "id"),
				     .type = type_named(json_string(old, "object_type")) };
	int result = find_policies(change, json_string(old, "object_id"), &policies, error);

	if (!policies.type)
		return error_set(error, -EIO, "rbac policy %s is damaged", policies.left_out);
	return result ? result
		      : put_object(change, json_string(old, "object_id"), &policies,
				   json_string(old, "target_tenant"), error);
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	static const char *const others[] = { "tags", "created_at", "updated_at", "revision_number",
					      NULL };

	(void)request;
	(void)record;
	(void)error;
	(void)doc;
	for (const char *const *name = others; *name; name++)
		yyjson_mut_obj_remove_key(out, *name);
	return 0;
}

const struct resource resource_rbac = {
	.singular = "rbac_policy",
	.plural = "rbac_policies",
	.prefix = "/network/rbac-policy/",
	.attributes = attributes,
	.missing_type = "RbacPolicyNotFound",
	.missing_before = "RBAC policy of type unknown with ID ",
	.missing_after = " not found",
	.create = create,
	.update = update,
	.remove = remove_policy,
	.derive = derive,
};
