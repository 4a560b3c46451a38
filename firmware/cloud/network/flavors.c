/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/flavors.h"

#include <string.h>

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)
#define DRIVER "neutron.services.l3_router.service_providers.single_node.SingleNodeDriver"
#define PROVIDER "single_node"

/* --- flavors --- */

/* Neutron's names of what there is here. */
static const char *const service_types[] = { "CORE",           "L3_ROUTER_NAT",
					     "FLAVORS",        "QOS",
					     "METERING",       "AUTO_ALLOCATED_TOPOLOGY",
					     "PORTFORWARDING", "TIMESTAMP",
					     "REVISIONS",      "TAG",
					     "trunk",          NULL };

static int check_service_type(const struct attribute *attribute, yyjson_val *value,
			      struct error *error)
{
	(void)attribute;
	for (const char *const *type = service_types; *type; type++)
		if (yyjson_equals_str(value, *type))
			return 0;
	return error_fault(error, -EINVAL, 400, "InvalidServiceType", "Invalid service type: %s.",
			   yyjson_get_str(value));
}

static const struct attribute flavor_attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "description", ATTRIBUTE_STRING, POST_PUT | ATTRIBUTE_NULL, "\"\"", 0, 1024, NULL, NULL },
	{ "service_type", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 255, NULL,
	  check_service_type },
	{ "service_profiles", ATTRIBUTE_UUIDS, POST_PUT, "[]", 0, 0, NULL, NULL },
	{ "enabled", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ 0 }
};

static void disown(yyjson_mut_val *object)
{
	yyjson_mut_obj_remove_key(object, "project_id");
	yyjson_mut_obj_remove_key(object, "tenant_id");
}

/* As in Neutron, profiles that are named here are passed over: they are joined one by one. */
static int create_flavor(struct change *change, yyjson_mut_val *object, struct error *error)
{
	(void)error;
	disown(object);
	json_set(change->doc, object, "service_profiles", yyjson_mut_arr(change->doc));
	return 0;
}

static int update_flavor(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			 yyjson_mut_val *given, struct error *error)
{
	(void)given;
	(void)error;
	json_set(change->doc, object, "service_profiles",
		 yyjson_val_mut_copy(change->doc, yyjson_obj_get(old, "service_profiles")));
	return 0;
}

static bool everybody(struct request *request, yyjson_val *record)
{
	(void)request;
	(void)record;
	return true;
}

static const struct resource resource_flavor = {
	.singular = "flavor",
	.plural = "flavors",
	.prefix = "/network/flavor/",
	.attributes = flavor_attributes,
	.missing_type = "FlavorNotFound",
	.missing_before = "Flavor ",
	.missing_after = " could not be found.",
	.bare = true,
	.create = create_flavor,
	.update = update_flavor,
	.visible = everybody,
};

/* --- profiles --- */

static const struct attribute profile_attributes[] = {
	{ "description", ATTRIBUTE_STRING, POST_PUT | ATTRIBUTE_NULL, "\"\"", 0, 1024, NULL, NULL },
	{ "driver", ATTRIBUTE_STRING, POST_PUT, "\"\"", 0, 1024, NULL, NULL },
	{ "metainfo", ATTRIBUTE_STRING, POST_PUT, "\"\"", 0, 4096, NULL, NULL },
	{ "enabled", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ 0 }
};

static int check_driver(const char *driver, struct error *error)
{
	return !driver || !*driver || !strcmp(driver, DRIVER)
		       ? 0
		       : error_fault(error, -ENOENT, 404, "ServiceProfileDriverNotFound",
				     "Service Profile driver %s could not be found.", driver);
}

static int create_profile(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *driver = json_member(object, "driver");
	const char *metainfo = json_member(object, "metainfo");

	(void)change;
	disown(object);
	if (!*driver && !*metainfo)
		return error_fault(error, -EINVAL, 400, "ServiceProfileEmpty",
				   "Service Profile needs either a driver or metainfo.");
	return check_driver(driver, error);
}

static bool has_profile(yyjson_val *flavor, const char *id)
{
	yyjson_val *list = yyjson_obj_get(flavor, "service_profiles"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (yyjson_equals_str(item, id))
			return true;
	}
	return false;
}

/* A flavor that takes the profile at the same time depends on its record. */
static int refuse_used(struct change *change, const char *id, struct error *error)
{
	struct network_ports flavors;
	int result = resource_range(change->view, change->request->arena, &resource_flavor, NULL,
				    NULL, &flavors, error);

	for (size_t i = 0; !result && i < flavors.count; i++)
		if (has_profile(flavors.items[i], id))
			return error_fault(error, -EBUSY, 409, "ServiceProfileInUse",
					   "Service Profile %s is used by some service instance.",
					   id);
	return result;
}

static int update_profile(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			  yyjson_mut_val *given, struct error *error)
{
	int result = check_driver(json_member(given, "driver"), error);

	(void)object;
	return result ? result : refuse_used(change, json_string(old, "id"), error);
}

static int remove_profile(struct change *change, yyjson_val *old, struct error *error)
{
	return refuse_used(change, json_string(old, "id"), error);
}

static int derive_flavors(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
			  yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct network_ports flavors;
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result)
		result = resource_range(view, request->arena, &resource_flavor, NULL, NULL,
					&flavors, error);
	for (size_t i = 0; !result && i < flavors.count; i++)
		if (has_profile(flavors.items[i], json_string(record, "id")))
			yyjson_mut_arr_add_strcpy(doc, list, json_string(flavors.items[i], "id"));
	json_set(doc, out, "flavors", list);
	return result;
}

static const struct resource resource_service_profile = {
	.singular = "service_profile",
	.plural = "service_profiles",
	.prefix = "/network/service-profile/",
	.attributes = profile_attributes,
	.missing_type = "ServiceProfileNotFound",
	.missing_before = "Service Profile ",
	.missing_after = " could not be found.",
	.bare = true,
	.create = create_profile,
	.update = update_profile,
	.remove = remove_profile,
	.derive = derive_flavors,
};

/* --- profiles of a flavor --- */

struct binding {
	struct change change;
	yyjson_val *flavor;
	yyjson_mut_val *object;
};

static int binding_begin(struct binding *binding, struct request *request, struct error *error)
{
	int result = change_begin(&binding->change, request, error);

	if (!result)
		result = change_get(&binding->change, &resource_flavor,
				    request_param(request, "flavor_id"), &binding->flavor, error);
	if (!result)
		binding->object = yyjson_val_mut_copy(binding->change.doc, binding->flavor);
	return result;
}

static int join(struct request *request, struct error *error)
{
	const char *id = json_string(yyjson_obj_get(request->body, "service_profile"), "id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct binding binding;
	yyjson_val *profile;
	int result = binding_begin(&binding, request, error);

	if (!result && !id)
		return attribute_refuse(error, "Failed to parse request. Required attribute 'id' "
					       "not specified");
	if (!result)
		result =
			change_get(&binding.change, &resource_service_profile, id, &profile, error);
	if (result)
		return result;
	if (has_profile(binding.flavor, id))
		return error_fault(error, -EEXIST, 409, "FlavorServiceProfileBindingExists",
				   "Service Profile %s is already associated with flavor %s.", id,
				   json_string(binding.flavor, "id"));
	yyjson_mut_arr_add_strcpy(doc, yyjson_mut_obj_get(binding.object, "service_profiles"), id);
	change_pin(&binding.change, &resource_service_profile, profile);
	change_put(&binding.change, &resource_flavor, binding.object);
	result = request_commit(request, binding.change.txn, error);
	if (result)
		return result;
	json_set(doc, root, "service_profile",
		 resource_render(&resource_flavor, request, doc,
				 value_freeze(request, binding.object), error));
	return reply_json(request, 201, doc, root);
}

static int leave(struct request *request, struct error *error)
{
	const char *id = request_param(request, "id");
	struct binding binding;
	yyjson_mut_arr_iter iterator;
	yyjson_mut_val *item;
	int result = binding_begin(&binding, request, error);

	if (result)
		return result;
	if (!has_profile(binding.flavor, id))
		return error_fault(error, -ENOENT, 404, "FlavorServiceProfileBindingNotFound",
				   "Service Profile %s is not associated with flavor %s.", id,
				   json_string(binding.flavor, "id"));
	yyjson_mut_arr_iter_init(yyjson_mut_obj_get(binding.object, "service_profiles"), &iterator);
	while ((item = yyjson_mut_arr_iter_next(&iterator)))
		if (yyjson_mut_equals_str(item, id))
			yyjson_mut_arr_iter_remove(&iterator);
	change_put(&binding.change, &resource_flavor, binding.object);
	result = request_commit(request, binding.change.txn, error);
	return result ? result : reply_empty(request, 204);
}

/* --- providers --- */

static int next_providers(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc), *item;
	struct binding binding;
	yyjson_val *profile, *first;
	int result = binding_begin(&binding, request, error);

	if (result)
		return result;
	first = yyjson_arr_get_first(yyjson_obj_get(binding.flavor, "service_profiles"));
	if (!first)
		return error_fault(error, -ENOENT, 404, "FlavorServiceProfileBindingNotFound",
				   "Service Profile  is not associated with flavor %s.",
				   json_string(binding.flavor, "id"));
	result = change_get(&binding.change, &resource_service_profile, yyjson_get_str(first),
			    &profile, error);
	if (result)
		return result;
	if (!json_bool(profile, "enabled", true))
		return error_fault(error, -EAGAIN, 503, "ServiceProfileDisabled",
				   "Service Profile is not enabled.");
	if (!json_is(profile, "driver", DRIVER))
		return error_fault(error, -ENOENT, 404, "ServiceProfileDriverNotFound",
				   "Service Profile driver %s could not be found.",
				   json_string(profile, "driver"));
	item = yyjson_mut_arr_add_obj(doc, list);
	json_set_string(doc, item, "driver", DRIVER);
	json_set_string(doc, item, "provider", PROVIDER);
	json_set(doc, root, "next_providers", list);
	return reply_json(request, 200, doc, root);
}

static int providers(struct request *request, struct error *error)
{
	const char *type = request_query(request, "service_type");
	const char *name = request_query(request, "name");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc), *item;

	(void)error;
	if ((!type || !strcmp(type, "L3_ROUTER_NAT")) && (!name || !strcmp(name, PROVIDER))) {
		item = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, item, "service_type", "L3_ROUTER_NAT");
		json_set_string(doc, item, "name", PROVIDER);
		json_set_bool(doc, item, "default", true);
	}
	json_set(doc, root, "service_providers", list);
	return reply_json(request, 200, doc, root);
}

/* --- routes --- */

RESOURCE_HANDLERS(flavor)
RESOURCE_HANDLERS(service_profile)

static const struct route routes[] = {
	ADMIN_ROUTES("flavors", flavor),
	ADMIN_ROUTES("service_profiles", service_profile),
	{ .method = "POST",
	  .path = "/v2.0/flavors/{flavor_id}/service_profiles",
	  .handle = join,
	  .body = &resource_body,
	  .policy = "create_flavor_service_profile" },
	{ .method = "DELETE",
	  .path = "/v2.0/flavors/{flavor_id}/service_profiles/{id}",
	  .handle = leave,
	  .policy = "delete_flavor_service_profile" },
	{ .method = "GET",
	  .path = "/v2.0/flavors/{flavor_id}/next_providers",
	  .handle = next_providers },
	{ .method = "GET", .path = "/v2.0/service-providers", .handle = providers },
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ "create_flavor", "admin" },
	{ "update_flavor", "admin" },
	{ "delete_flavor", "admin" },
	{ "create_service_profile", "admin" },
	{ "update_service_profile", "admin" },
	{ "delete_service_profile", "admin" },
	{ "create_flavor_service_profile", "admin" },
	{ "delete_flavor_service_profile", "admin" },
	{ 0 },
};

const struct service_part flavor_part = { routes, policies };
