/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/extraroutes.h"

#include <string.h>

#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/router.h"

#define ROUTES_MAX 30

static int validate_one(const struct attribute *attribute, yyjson_val *route, struct error *error)
{
	const char *destination = json_string(route, "destination");
	const char *nexthop = json_string(route, "nexthop");
	struct ip_prefix prefix;
	struct ip ip;

	if (yyjson_obj_size(route) != 2 || !destination || !nexthop)
		return attribute_invalid(error, attribute,
					 "Validation of dictionary's keys failed. Expected keys: "
					 "{'destination', 'nexthop'}");
	if (!strchr(destination, '/') || !ip_prefix_parse(destination, &prefix))
		return attribute_invalid(error, attribute, "'%s' is not a valid CIDR", destination);
	if (!ip_parse(nexthop, &ip))
		return attribute_invalid(error, attribute, "'%s' is not a valid IP address",
					 nexthop);
	return 0;
}

int routes_validate(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	yyjson_val *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		int result = validate_one(attribute, item, error);

		if (result)
			return result;
		for (size_t i = 0; i < index; i++)
			if (yyjson_equals(yyjson_arr_get(list, i), item))
				return attribute_invalid(
					error, attribute,
					"Duplicate hostroute '{'destination': '%s', 'nexthop': "
					"'%s'}'",
					json_string(item, "destination"),
					json_string(item, "nexthop"));
	}
	return 0;
}

/* --- what a router reaches --- */

struct reach {
	struct change *change;
	yyjson_mut_val *router;
	struct ip nexthop;
	bool connected, own;
};

static void look_at_subnet(struct reach *reach, yyjson_val *subnet)
{
	struct ip_prefix prefix;

	if (ip_prefix_parse(json_string(subnet, "cidr"), &prefix) &&
	    ip_in(&reach->nexthop, &prefix))
		reach->connected = true;
}

static void look_at_address(struct reach *reach, const char *address)
{
	struct ip ip;

	if (ip_parse(address, &ip) && ip.version == reach->nexthop.version &&
	    !ip_compare(&ip, &reach->nexthop))
		reach->own = true;
}

static void look_at_port(struct reach *reach, yyjson_val *port)
{
	struct change *change = reach->change;
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item, *subnet;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		const char *id = json_string(item, "subnet_id");

		look_at_address(reach, json_string(item, "ip_address"));
		if (id && !resource_get(change->view, change->request->arena, &resource_subnet, id,
					&subnet, NULL))
			look_at_subnet(reach, subnet);
	}
}

/* The gateway as the record says it will be: its port may be in the making. */
static int look_at_gateway(struct reach *reach, struct error *error)
{
	struct change *change = reach->change;
	yyjson_mut_val *info = yyjson_mut_obj_get(reach->router, "external_gateway_info");
	yyjson_mut_val *list = yyjson_mut_obj_get(info, "external_fixed_ips"), *item;
	const char *network_id = json_member(info, "network_id");
	struct network_ports subnets;
	size_t index, count;
	int result;

	if (!network_id)
		return 0;
	result = resource_range(change->view, change->request->arena, &resource_subnet, "network",
				network_id, &subnets, error);
	for (size_t i = 0; !result && i < subnets.count; i++)
		look_at_subnet(reach, subnets.items[i]);
	yyjson_mut_arr_foreach (list, index, count, item) {
		look_at_address(reach, json_member(item, "ip_address"));
	}
	return result;
}

static int refuse_routes(struct reach *reach, const char *reason, struct error *error)
{
	yyjson_mut_val *routes = yyjson_mut_obj_get(reach->router, "routes");

	return error_fault(error, -EINVAL, 400, "InvalidRoutes",
			   "Invalid format for routes: %s, %s",
			   request_write(reach->change->request, routes), reason);
}

static int check_nexthop(struct reach *reach, const char *nexthop,
			 const struct network_ports *ports, struct error *error)
{
	int result;

	reach->connected = reach->own = false;
	ip_parse(nexthop, &reach->nexthop);
	for (size_t i = 0; i < ports->count; i++)
		look_at_port(reach, ports->items[i]);
	result = look_at_gateway(reach, error);
	if (result)
		return result;
	if (!reach->connected)
		return refuse_routes(reach, "the nexthop is not connected with router", error);
	return reach->own ? refuse_routes(reach, "the nexthop is used by router", error) : 0;
}

int routes_check(struct change *change, yyjson_mut_val *router, struct error *error)
{
	struct reach reach = { .change = change, .router = router };
	yyjson_mut_val *routes = yyjson_mut_obj_get(router, "routes"), *item;
	const char *id = json_member(router, "id");
	struct network_ports ports;
	size_t index, count;
	int result;

	if (!yyjson_mut_is_arr(routes)) {
		json_set(change->doc, router, "routes", yyjson_mut_arr(change->doc));
		return 0;
	}
	if (yyjson_mut_arr_size(routes) > ROUTES_MAX)
		return error_fault(error, -EINVAL, 400, "RoutesExhausted",
				   "Unable to complete operation for %s. The number of routes "
				   "exceeds the maximum %d.",
				   id, ROUTES_MAX);
	result = router_interfaces(change->view, change->request->arena, id, &ports, error);
	yyjson_mut_arr_foreach (routes, index, count, item) {
		if (!result)
			result = check_nexthop(&reach, json_member(item, "nexthop"), &ports, error);
	}
	return result;
}

int routes_refuse_interface(yyjson_val *router, yyjson_val *subnet, struct error *error)
{
	yyjson_val *routes = yyjson_obj_get(router, "routes"), *item;
	struct ip_prefix prefix;
	size_t index, count;
	struct ip ip;

	if (!ip_prefix_parse(json_string(subnet, "cidr"), &prefix))
		return 0;
	yyjson_arr_foreach (routes, index, count, item) {
		if (ip_parse(json_string(item, "nexthop"), &ip) && ip_in(&ip, &prefix))
			return error_fault(error, -EBUSY, 409, "RouterInterfaceInUseByRoute",
					   "Router interface for subnet %s on router %s cannot be "
					   "deleted, as it is required by one or more routes.",
					   json_string(subnet, "id"), json_string(router, "id"));
	}
	return 0;
}

/* --- add and remove --- */

static bool has_route(yyjson_mut_val *list, yyjson_val *route)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (list, index, count, item) {
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "destination"),
					  json_string(route, "destination")) &&
		    yyjson_mut_equals_str(yyjson_mut_obj_get(item, "nexthop"),
					  json_string(route, "nexthop")))
			return true;
	}
	return false;
}

static void add_missing(yyjson_mut_doc *doc, yyjson_mut_val *list, yyjson_val *routes)
{
	yyjson_val *item;
	size_t index, count;

	yyjson_arr_foreach (routes, index, count, item) {
		if (!has_route(list, item))
			yyjson_mut_arr_add_val(list, yyjson_val_mut_copy(doc, item));
	}
}

static yyjson_mut_val *without(yyjson_mut_doc *doc, yyjson_val *had, yyjson_val *routes)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc), *gone = yyjson_val_mut_copy(doc, routes);
	yyjson_val *item;
	size_t index, count;

	yyjson_arr_foreach (had, index, count, item) {
		if (!has_route(gone, item))
			yyjson_mut_arr_add_val(list, yyjson_val_mut_copy(doc, item));
	}
	return list;
}

static int reply_router(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_mut_val *out = resource_render(&resource_router, change->request, doc,
					      value_freeze(change->request, object), error);

	if (!out)
		return error ? error->code : -ENOMEM;
	json_set(doc, root, "router", out);
	return reply_json(change->request, 200, doc, root);
}

static int routes_change(struct request *request, bool add, struct error *error)
{
	static const struct attribute attribute = { .name = "routes" };
	yyjson_val *routes = yyjson_obj_get(yyjson_obj_get(request->body, "router"), "routes");
	yyjson_val *router, *had;
	yyjson_mut_val *object, *list;
	struct change change;
	int result = change_begin(&change, request, error);

	if (!result)
		result = change_find(&change, &resource_router, request_param(request, "id"),
				     &router, error);
	if (result)
		return result;
	if (!yyjson_is_arr(routes))
		return attribute_refuse(error, "Invalid input for routes. Reason: Invalid data "
					       "format for hostroute.");
	result = routes_validate(&attribute, routes, error);
	if (result)
		return result;
	had = yyjson_obj_get(router, "routes");
	object = yyjson_val_mut_copy(change.doc, router);
	list = add ? yyjson_val_mut_copy(change.doc, had) : without(change.doc, had, routes);
	if (add)
		add_missing(change.doc, list, routes);
	json_set(change.doc, object, "routes", list);
	result = routes_check(&change, object, error);
	if (result)
		return result;
	change_put(&change, &resource_router, object);
	result = request_commit(request, change.txn, error);
	return result ? result : reply_router(&change, object, error);
}

int router_routes_add(struct request *request, struct error *error)
{
	return routes_change(request, true, error);
}

int router_routes_remove(struct request *request, struct error *error)
{
	return routes_change(request, false, error);
}
