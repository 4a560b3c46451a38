/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routers: join subnets with each other and, by their gateway, with the world outside. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/router.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "admin_state_up", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ "external_gateway_info", ATTRIBUTE_OBJECT, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL,
	  NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "availability_zone_hints", ATTRIBUTE_LIST, ATTRIBUTE_POST, "[]", 0, 0, NULL, NULL },
	{ "routes", ATTRIBUTE_LIST, ATTRIBUTE_PUT, "[]", 0, 0, NULL, NULL },
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
	result = change_get(change, &resource_port, id, &port, error);
	if (!result)
		port_drop(change, port);
	return result == -ENOENT ? 0 : result;
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

/* The gateway port and what external_gateway_info then says. */
static int make_gateway(struct change *change, yyjson_mut_val *object, yyjson_mut_val *info,
			struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *wanted = yyjson_mut_obj_get(info, "external_fixed_ips");
	yyjson_mut_val *snat = yyjson_mut_obj_get(info, "enable_snat"), *port, *shown;
	struct port_plan plan = { .project_id = "",
				  .device_id = json_member(object, "id"),
				  .device_owner = "network:router_gateway" };
	int result = find_external(change, info, &plan.network, error);

	if (result)
		return result;
	if (yyjson_mut_is_arr(wanted) && yyjson_mut_arr_size(wanted))
		plan.fixed_ips = value_freeze(change->request, wanted);
	result = port_make(change, &plan, &port, error);
	if (result)
		return result;
	shown = yyjson_mut_obj(doc);
	json_set_string(doc, shown, "network_id", json_string(plan.network, "id"));
	json_set(doc, shown, "external_fixed_ips",
		 yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(port, "fixed_ips")));
	json_set_bool(doc, shown, "enable_snat", !snat || yyjson_mut_get_bool(snat));
	json_set(doc, object, "external_gateway_info", shown);
	json_set_string(doc, object, "_gateway_port", json_member(port, "id"));
	return 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *info = yyjson_mut_obj_get(object, "external_gateway_info");

	json_set_string(doc, object, "status", "ACTIVE");
	json_set(doc, object, "routes", yyjson_mut_arr(doc));
	json_set(doc, object, "flavor_id", yyjson_mut_null(doc));
	return yyjson_mut_is_obj(info) && yyjson_mut_obj_size(info)
		       ? make_gateway(change, object, info, error)
		       : (json_set(doc, object, "external_gateway_info", yyjson_mut_null(doc)), 0);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	yyjson_mut_val *info = yyjson_mut_obj_get(given, "external_gateway_info");
	int result;

	if (!info)
		return 0;
	result = drop_gateway(change, old, error);
	if (result)
		return result;
	yyjson_mut_obj_remove_key(object, "_gateway_port");
	if (yyjson_mut_is_obj(info) && yyjson_mut_obj_size(info))
		return make_gateway(change, object, info, error);
	json_set(change->doc, object, "external_gateway_info", yyjson_mut_null(change->doc));
	return 0;
}

static int remove_router(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	struct network_ports ports;
	int result = router_interfaces(change->view, change->request->arena, id, &ports, error);

	if (!result && ports.count)
		return error_fault(error, -EBUSY, 409, "RouterInUse", "Router %s still has ports",
				   id);
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
