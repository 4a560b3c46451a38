/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Router interfaces: PUT .../add_router_interface and .../remove_router_interface. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/router.h"

static int reply_interface(struct change *change, yyjson_val *router, const char *port_id,
			   const char *network_id, const char *subnet_id)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc), *ids = yyjson_mut_arr(doc);

	yyjson_mut_arr_add_strcpy(doc, ids, subnet_id);
	json_set_string(doc, root, "id", json_string(router, "id"));
	json_set_string(doc, root, "tenant_id", json_string(router, "project_id"));
	json_set_string(doc, root, "project_id", json_string(router, "project_id"));
	json_set_string(doc, root, "port_id", port_id);
	json_set_string(doc, root, "network_id", network_id);
	json_set_string(doc, root, "subnet_id", subnet_id);
	json_set(doc, root, "subnet_ids", ids);
	json_set(doc, root, "tags", yyjson_mut_arr(doc));
	return reply_json(change->request, 200, doc, root);
}

static int refuse_overlap(struct change *change, const char *router_id, yyjson_val *subnet,
			  struct error *error)
{
	struct network_ports ports;
	struct ip_prefix prefix, other;
	int result =
		router_interfaces(change->view, change->request->arena, router_id, &ports, error);

	ip_prefix_parse(json_string(subnet, "cidr"), &prefix);
	for (size_t i = 0; !result && i < ports.count; i++) {
		yyjson_val *first =
			yyjson_arr_get_first(yyjson_obj_get(ports.items[i], "fixed_ips"));
		const char *id = json_string(first, "subnet_id");
		yyjson_val *joined;

		if (!id)
			continue;
		if (json_is(subnet, "id", id))
			return router_refuse(error, "Router already has a port on subnet %s", id);
		if (!resource_get(change->view, change->request->arena, &resource_subnet, id,
				  &joined, NULL) &&
		    ip_prefix_parse(json_string(joined, "cidr"), &other) &&
		    ip_prefix_overlap(&prefix, &other))
			return router_refuse(error,
					     "Cidr %s of subnet %s overlaps with cidr %s of "
					     "subnet %s",
					     json_string(subnet, "cidr"), json_string(subnet, "id"),
					     json_string(joined, "cidr"), id);
	}
	return result;
}

static yyjson_val *gateway_of(struct change *change, yyjson_val *subnet)
{
	yyjson_mut_val *list = yyjson_mut_arr(change->doc);
	yyjson_mut_val *item = yyjson_mut_arr_add_obj(change->doc, list);

	json_set_string(change->doc, item, "subnet_id", json_string(subnet, "id"));
	json_set_string(change->doc, item, "ip_address", json_string(subnet, "gateway_ip"));
	return value_freeze(change->request, list);
}

static int add_by_subnet(struct change *change, yyjson_val *router, const char *subnet_id,
			 struct error *error)
{
	struct port_plan plan = { .project_id = json_string(router, "project_id"),
				  .device_id = json_string(router, "id"),
				  .device_owner = "network:router_interface" };
	yyjson_mut_val *port;
	yyjson_val *subnet;
	int result = change_find(change, &resource_subnet, subnet_id, &subnet, error);

	if (result)
		return result;
	if (!json_string(subnet, "gateway_ip"))
		return router_refuse(error, "Subnet for router interface must have a gateway IP");
	result = refuse_overlap(change, json_string(router, "id"), subnet, error);
	if (!result)
		result = change_find(change, &resource_network, json_string(subnet, "network_id"),
				     &plan.network, error);
	if (result)
		return result;
	plan.fixed_ips = gateway_of(change, subnet);
	result = port_make(change, &plan, &port, error);
	if (result)
		return result;
	change_touch(change, &resource_router, router);
	result = request_commit(change->request, change->txn, error);
	return result ? result
		      : reply_interface(change, router, json_member(port, "id"),
					json_string(plan.network, "id"), subnet_id);
}

static int add_by_port(struct change *change, yyjson_val *router, const char *port_id,
		       struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_val *port, *subnet, *first;
	yyjson_mut_val *object;
	int result = change_find(change, &resource_port, port_id, &port, error);

	if (result)
		return result;
	first = yyjson_arr_get_first(yyjson_obj_get(port, "fixed_ips"));
	if (json_string(port, "device_id") && *json_string(port, "device_id"))
		return error_fault(error, -EBUSY, 409, "PortInUse",
				   "Unable to complete operation on port %s for network %s. Port "
				   "already has an attached device %s.",
				   port_id, json_string(port, "network_id"),
				   json_string(port, "device_id"));
	if (!first)
		return router_refuse(error, "Port %s must have at least one fixed IP", port_id);
	result = change_get(change, &resource_subnet, json_string(first, "subnet_id"), &subnet,
			    error);
	if (!result)
		result = refuse_overlap(change, json_string(router, "id"), subnet, error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(doc, port);
	json_set_string(doc, object, "device_id", json_string(router, "id"));
	json_set_string(doc, object, "device_owner", "network:router_interface");
	change_put(change, &resource_port, object);
	change_touch(change, &resource_router, router);
	result = request_commit(change->request, change->txn, error);
	return result ? result
		      : reply_interface(change, router, port_id, json_string(port, "network_id"),
					json_string(first, "subnet_id"));
}

static int find_router(struct change *change, struct request *request, yyjson_val **router,
		       struct error *error)
{
	int result = change_begin(change, request, error);

	return result ? result
		      : change_find(change, &resource_router, request_param(request, "id"), router,
				    error);
}

int router_interface_add(struct request *request, struct error *error)
{
	const char *subnet_id = json_string(request->body, "subnet_id");
	const char *port_id = json_string(request->body, "port_id");
	struct change change;
	yyjson_val *router;
	int result = find_router(&change, request, &router, error);

	if (result)
		return result;
	if (!subnet_id && !port_id)
		return router_refuse(error, "Either subnet_id or port_id must be specified");
	if (subnet_id && port_id)
		return router_refuse(error, "Cannot specify both subnet-id and port-id");
	return subnet_id ? add_by_subnet(&change, router, subnet_id, error)
			 : add_by_port(&change, router, port_id, error);
}

static yyjson_val *interface_of(struct network_ports *ports, const char *port_id,
				const char *subnet_id)
{
	for (size_t i = 0; i < ports->count; i++)
		if ((!port_id || json_is(ports->items[i], "id", port_id)) &&
		    (!subnet_id || port_on_subnet(ports->items[i], subnet_id)))
			return ports->items[i];
	return NULL;
}

int router_interface_remove(struct request *request, struct error *error)
{
	const char *subnet_id = json_string(request->body, "subnet_id");
	const char *port_id = json_string(request->body, "port_id"), *id;
	struct network_ports ports;
	struct change change;
	yyjson_val *router, *port;
	int result = find_router(&change, request, &router, error);

	if (result)
		return result;
	if (!subnet_id && !port_id)
		return router_refuse(error, "Either subnet_id or port_id must be specified");
	id = json_string(router, "id");
	result = router_interfaces(change.view, request->arena, id, &ports, error);
	if (result)
		return result;
	port = interface_of(&ports, port_id, subnet_id);
	if (!port && port_id)
		return error_fault(error, -ENOENT, 404, "RouterInterfaceNotFound",
				   "Router %s does not have an interface with id %s", id, port_id);
	if (!port)
		return error_fault(error, -ENOENT, 404, "RouterInterfaceNotFoundForSubnet",
				   "Router %s has no interface on subnet %s", id, subnet_id);
	result = change_get(&change, &resource_port, json_string(port, "id"), &port, error);
	if (result)
		return result;
	port_drop(&change, port);
	change_touch(&change, &resource_router, router);
	result = request_commit(request, change.txn, error);
	return result ? result
		      : reply_interface(
				&change, router, json_string(port, "id"),
				json_string(port, "network_id"),
				json_string(yyjson_arr_get_first(yyjson_obj_get(port, "fixed_ips")),
					    "subnet_id"));
}
