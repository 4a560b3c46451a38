/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routers: join subnets with each other and, by their gateway, with the world outside. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/extraroutes.h"
#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/router.h"
#include "firmware/lib/uuid.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "admin_state_up", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ "external_gateway_info", ATTRIBUTE_OBJECT, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL,
	  NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "availability_zone_hints", ATTRIBUTE_LIST, ATTRIBUTE_POST, "[]", 0, 0, NULL, NULL },
	{ "routes", ATTRIBUTE_LIST, ATTRIBUTE_PUT | ATTRIBUTE_NULL, "[]", 0, 0, NULL,
	  routes_validate },
	{ "distributed", ATTRIBUTE_BOOLEAN, POST_PUT | ATTRIBUTE_ADMIN | ATTRIBUTE_SECRET, "false",
	  0, 0, NULL, NULL },
	{ "ha", ATTRIBUTE_BOOLEAN, POST_PUT | ATTRIBUTE_ADMIN | ATTRIBUTE_SECRET, "false", 0, 0,
	  NULL, NULL },
	{ 0 }
};

int router_refuse(struct error *error, const char *format, ...)
{
	char text[700];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return error_fault(error, -EINVAL, 400, "BadRequest", "Bad router request: %s.", text);
}

static int drop_gateway(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "_gateway_port");
	yyjson_val *port;
	int result;

	if (!id)
		return 0;
	result = floating_refuse_router(
		change, json_string(old, "id"), NULL,
		json_string(yyjson_obj_get(old, "external_gateway_info"), "network_id"), error);
	if (!result)
		result = change_get(change, &resource_port, id, &port, error);
	if (!result)
		result = port_drop(change, port, error);
	return result == -ENOENT ? 0 : result;
}

/* Only an admin says whether to translate, and by which addresses. */
static int check_gateway_rights(struct change *change, const char *verb, yyjson_mut_val *info,
				struct error *error)
{
	static const char *const members[] = { "enable_snat", "external_fixed_ips", NULL };

	for (const char *const *name = members; *name; name++)
		if (yyjson_mut_obj_get(info, *name) && !change->request->caller->is_admin)
			return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
					   "(rule:%s_router and "
					   "(rule:%s_router:external_gateway_info and "
					   "rule:%s_router:external_gateway_info:%s)) is "
					   "disallowed by policy",
					   verb, verb, verb, *name);
	return 0;
}

static bool is_gateway_of(struct change *change, const char *network_id, const char *address)
{
	struct network_ports subnets;

	if (!address || resource_range(change->view, change->request->arena, &resource_subnet,
				       "network", network_id, &subnets, NULL))
		return false;
	for (size_t i = 0; i < subnets.count; i++)
		if (json_is(subnets.items[i], "gateway_ip", address))
			return true;
	return false;
}

static int refuse_subnet_gateway(struct change *change, yyjson_mut_val *info, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_obj_get(info, "external_fixed_ips"), *item;
	const char *network_id = json_member(info, "network_id");
	size_t index, count;

	yyjson_mut_arr_foreach (list, index, count, item) {
		if (is_gateway_of(change, network_id, json_member(item, "ip_address")))
			return router_refuse(error, "External IP %s is the same as the gateway IP",
					     json_member(item, "ip_address"));
	}
	return 0;
}

static int find_external(struct change *change, yyjson_mut_val *info, yyjson_val **network,
			 struct error *error)
{
	const char *id = json_member(info, "network_id");
	int result;

	if (!id)
		return attribute_refuse(error, "Invalid input for external_gateway_info. Reason: "
					       "Validation of dictionary's keys failed. Expected "
					       "keys: {'network_id'}.");
	result = change_find(change, &resource_network, id, network, error);
	if (!result && !json_bool(*network, "router:external", false))
		return router_refuse(error, "Network %s is not an external network", id);
	return result;
}

/* What external_gateway_info says of a gateway port. */
static void show_gateway(struct change *change, yyjson_mut_val *object, yyjson_mut_val *port,
			 bool snat)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *shown = yyjson_mut_obj(doc);

	json_set_string(doc, shown, "network_id", json_member(port, "network_id"));
	json_set(doc, shown, "external_fixed_ips",
		 yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(port, "fixed_ips")));
	json_set_bool(doc, shown, "enable_snat", snat);
	json_set(doc, object, "external_gateway_info", shown);
	json_set_string(doc, object, "_gateway_port", json_member(port, "id"));
}

static bool wants_snat(yyjson_mut_val *info, bool otherwise)
{
	yyjson_mut_val *snat = yyjson_mut_obj_get(info, "enable_snat");

	return snat ? yyjson_mut_get_bool(snat) : otherwise;
}

static yyjson_val *wanted_addresses(struct change *change, yyjson_mut_val *info)
{
	yyjson_mut_val *wanted = yyjson_mut_obj_get(info, "external_fixed_ips");

	return yyjson_mut_arr_size(wanted) ? value_freeze(change->request, wanted) : NULL;
}

static int make_gateway(struct change *change, yyjson_mut_val *object, yyjson_mut_val *info,
			struct error *error)
{
	struct port_plan plan = { .project_id = "",
				  .device_id = json_member(object, "id"),
				  .device_owner = "network:router_gateway" };
	yyjson_mut_val *port;
	int result = find_external(change, info, &plan.network, error);

	if (!result)
		result = refuse_subnet_gateway(change, info, error);
	if (result)
		return result;
	plan.fixed_ips = wanted_addresses(change, info);
	result = port_make(change, &plan, &port, error);
	if (!result)
		show_gateway(change, object, port, wants_snat(info, true));
	return result;
}

/* The network stays: so does the port, with other addresses if they are named. */
static int change_gateway(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			  yyjson_mut_val *info, struct error *error)
{
	yyjson_val *wanted = wanted_addresses(change, info), *port;
	bool snat = json_bool(yyjson_obj_get(old, "external_gateway_info"), "enable_snat", true);
	yyjson_mut_val *made, *fixed_ips;
	struct address_holder holder;
	int result =
		change_get(change, &resource_port, json_string(old, "_gateway_port"), &port, error);

	if (!result)
		result = refuse_subnet_gateway(change, info, error);
	if (result)
		return result;
	made = yyjson_val_mut_copy(change->doc, port);
	if (wanted) {
		holder = (struct address_holder){ .network_id = json_string(port, "network_id"),
						  .port_id = json_string(port, "id"),
						  .owner = "network:router_gateway",
						  .mac = json_string(port, "mac_address") };
		result = addresses_change(change, &holder, yyjson_obj_get(port, "fixed_ips"),
					  wanted, &fixed_ips, error);
		if (result)
			return result;
		json_set(change->doc, made, "fixed_ips", fixed_ips);
		change_put(change, &resource_port, made);
	}
	show_gateway(change, object, made, wants_snat(info, snat));
	return 0;
}

/* --- the gateway's QoS policy: it stays until it is named anew, or the gateway goes --- */

static int check_policy_id(yyjson_mut_val *id, struct error *error)
{
	return !id || yyjson_mut_is_null(id) ||
			       (yyjson_mut_is_str(id) && uuid_like(yyjson_mut_get_str(id)))
		       ? 0
		       : attribute_refuse(error,
					  "Invalid input for external_gateway_info. "
					  "Reason: '%s' is not a valid UUID.",
					  yyjson_mut_get_str(id) ?: "");
}

static int set_policy(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		      yyjson_mut_val *info, struct error *error)
{
	yyjson_mut_val *shown = yyjson_mut_obj_get(object, "external_gateway_info");
	yyjson_mut_val *given = yyjson_mut_obj_get(info, "qos_policy_id");
	const char *had = json_string(old, "_qos_policy_id");
	const char *policy_id = given ? yyjson_mut_get_str(given) : had;
	int result = check_policy_id(given, error);

	if (!yyjson_mut_is_obj(shown))
		policy_id = NULL;
	if (!result)
		result = qos_bind(change, QOS_ROUTER, json_member(object, "id"), had, policy_id,
				  error);
	if (result)
		return result;
	json_set_string(change->doc, object, "_qos_policy_id", policy_id);
	if (yyjson_mut_is_obj(shown))
		json_set_string(change->doc, shown, "qos_policy_id", policy_id);
	return 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *info = yyjson_mut_obj_get(object, "external_gateway_info");
	int result = check_gateway_rights(change, "create", info, error);

	if (result)
		return result;
	json_set_string(doc, object, "status", "ACTIVE");
	json_set(doc, object, "routes", yyjson_mut_arr(doc));
	json_set(doc, object, "flavor_id", yyjson_mut_null(doc));
	if (yyjson_mut_is_obj(info) && yyjson_mut_obj_size(info))
		result = make_gateway(change, object, info, error);
	else
		json_set(doc, object, "external_gateway_info", yyjson_mut_null(doc));
	return result ? result : set_policy(change, NULL, object, info, error);
}

static int set_gateway(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		       yyjson_mut_val *info, struct error *error)
{
	yyjson_val *had = yyjson_obj_get(old, "external_gateway_info");
	const char *network_id = json_member(info, "network_id");
	int result;

	if (network_id && had && json_is(had, "network_id", network_id))
		return change_gateway(change, old, object, info, error);
	result = drop_gateway(change, old, error);
	if (result)
		return result;
	yyjson_mut_obj_remove_key(object, "_gateway_port");
	if (yyjson_mut_obj_size(info))
		return make_gateway(change, object, info, error);
	json_set(change->doc, object, "external_gateway_info", yyjson_mut_null(change->doc));
	return 0;
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	yyjson_mut_val *info = yyjson_mut_obj_get(given, "external_gateway_info");
	yyjson_mut_val *routes = yyjson_mut_obj_get(given, "routes");
	int result = info ? check_gateway_rights(change, "update", info, error) : 0;

	if (!result && info)
		result = set_gateway(change, old, object, info, error);
	if (!result && info)
		result = set_policy(change, old, object, info, error);
	if (!result && (routes || info))
		result = routes_check(change, object, error);
	return result;
}

static int refuse_ports(struct change *change, const char *id, const struct network_ports *ports,
			struct error *error)
{
	const char *text = "";

	for (size_t i = 0; i < ports->count; i++)
		text = arena_printf(change->request->arena, "%s%s%s", text, i ? ", " : "",
				    json_string(ports->items[i], "id"));
	return error_fault(error, -EBUSY, 409, "RouterInUse",
			   "Router %s has ports still attached: %s", id, text);
}

static int remove_router(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	struct network_ports ports;
	int result = router_interfaces(change->view, change->request->arena, id, &ports, error);

	if (!result && ports.count)
		return refuse_ports(change, id, &ports, error);
	qos_unbind(change, QOS_ROUTER, old);
	return result ? result : drop_gateway(change, old, error);
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *zones = yyjson_mut_arr(doc);

	(void)request;
	(void)record;
	(void)error;
	yyjson_mut_arr_add_str(doc, zones, "nova");
	json_set(doc, out, "availability_zones", zones);
	return 0;
}

int router_interfaces(struct store_view *view, struct arena *arena, const char *router_id,
		      struct network_ports *ports, struct error *error)
{
	size_t kept = 0;
	int result = resource_range(view, arena, &resource_port, "device", router_id, ports, error);

	for (size_t i = 0; !result && i < ports->count; i++)
		if (json_is(ports->items[i], "device_owner", "network:router_interface"))
			ports->items[kept++] = ports->items[i];
	ports->count = kept;
	return result;
}

const struct resource resource_router = {
	.singular = "router",
	.plural = "routers",
	.prefix = "/network/router/",
	.attributes = attributes,
	.missing_type = "RouterNotFound",
	.missing_before = "Router ",
	.missing_after = " could not be found",
	.create = create,
	.update = update,
	.remove = remove_router,
	.derive = derive,
};
