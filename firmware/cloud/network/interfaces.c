/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Router interfaces: PUT .../add_router_interface and .../remove_router_interface. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/extraroutes.h"
#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/router.h"
#include "firmware/cloud/network/trunk.h"
#include "firmware/lib/uuid.h"

/* ids: of the subnets that were joined or left. */
static int reply_interface(struct change *change, yyjson_val *router, yyjson_val *port,
			   yyjson_mut_val *ids)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set_string(doc, root, "id", json_string(router, "id"));
	json_set_string(doc, root, "tenant_id", json_string(router, "project_id"));
	json_set_string(doc, root, "project_id", json_string(router, "project_id"));
	json_set_string(doc, root, "port_id", json_string(port, "id"));
	json_set_string(doc, root, "network_id", json_string(port, "network_id"));
	json_set_string(doc, root, "subnet_id", yyjson_mut_get_str(yyjson_mut_arr_get_last(ids)));
	json_set(doc, root, "subnet_ids", ids);
	json_set(doc, root, "tags", yyjson_mut_arr(doc));
	return reply_json(change->request, 200, doc, root);
}

static yyjson_mut_val *one_subnet(struct change *change, const char *subnet_id)
{
	yyjson_mut_val *ids = yyjson_mut_arr(change->doc);

	yyjson_mut_arr_add_strcpy(change->doc, ids, subnet_id);
	return ids;
}

static yyjson_mut_val *subnets_of(struct change *change, yyjson_val *port)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	yyjson_mut_val *ids = yyjson_mut_arr(change->doc);
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		yyjson_mut_arr_add_strcpy(change->doc, ids, json_string(item, "subnet_id"));
	}
	return ids;
}

/* Does the subnet overlap one that the router reaches by this address? */
static int refuse_overlap_with(struct change *change, yyjson_val *subnet, yyjson_val *fixed_ip,
			       struct error *error)
{
	const char *id = json_string(fixed_ip, "subnet_id");
	struct ip_prefix prefix, other;
	yyjson_val *joined;

	if (json_is(subnet, "id", id))
		return router_refuse(error, "Router already has a port on subnet %s", id);
	if (ip_prefix_parse(json_string(subnet, "cidr"), &prefix) &&
	    !resource_get(change->view, change->request->arena, &resource_subnet, id, &joined,
			  NULL) &&
	    ip_prefix_parse(json_string(joined, "cidr"), &other) &&
	    ip_prefix_overlap(&prefix, &other))
		return router_refuse(error,
				     "Cidr %s of subnet %s overlaps with cidr %s of subnet %s",
				     json_string(subnet, "cidr"), json_string(subnet, "id"),
				     json_string(joined, "cidr"), id);
	return 0;
}

static int refuse_overlap(struct change *change, const char *router_id, yyjson_val *subnet,
			  struct error *error)
{
	struct network_ports ports;
	size_t index, count;
	yyjson_val *item;
	int result =
		router_interfaces(change->view, change->request->arena, router_id, &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++) {
		yyjson_arr_foreach (yyjson_obj_get(ports.items[i], "fixed_ips"), index, count,
				    item) {
			if (!result)
				result = refuse_overlap_with(change, subnet, item, error);
		}
	}
	return result;
}

/* Who takes addresses from another router's advertisements has that one for a router. */
static int refuse_outside_router(yyjson_val *subnet, struct error *error)
{
	if (json_integer(subnet, "ip_version", 4) != 6 || json_string(subnet, "ipv6_ra_mode") ||
	    !json_string(subnet, "ipv6_address_mode"))
		return 0;
	return router_refuse(error,
			     "IPv6 subnet %s configured to receive RAs from an external router "
			     "cannot be added to Neutron Router",
			     json_string(subnet, "id"));
}

static bool has_ipv6(yyjson_val *port)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (strchr(json_string(item, "ip_address"), ':'))
			return true;
	}
	return false;
}

/* A router has one port for all IPv6 prefixes of a network; *port NULL: none yet. */
static int find_ipv6_port(struct change *change, const char *router_id, const char *network_id,
			  yyjson_val **port, struct error *error)
{
	struct network_ports ports;
	int result =
		router_interfaces(change->view, change->request->arena, router_id, &ports, error);

	*port = NULL;
	for (size_t i = 0; !result && i < ports.count; i++)
		if (json_is(ports.items[i], "network_id", network_id) && has_ipv6(ports.items[i]))
			return change_get(change, &resource_port, json_string(ports.items[i], "id"),
					  port, error);
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

/* Another prefix for a port that the router has already. */
static int add_prefix(struct change *change, yyjson_val *port, yyjson_val *subnet,
		      struct error *error)
{
	yyjson_mut_val *object = yyjson_val_mut_copy(change->doc, port), *item;
	char address[IP_SIZE];
	int result = address_take(change, subnet, json_string(subnet, "gateway_ip"),
				  json_string(port, "id"), address, error);

	if (result)
		return result;
	item = yyjson_mut_arr_add_obj(change->doc, yyjson_mut_obj_get(object, "fixed_ips"));
	json_set_string(change->doc, item, "subnet_id", json_string(subnet, "id"));
	json_set_string(change->doc, item, "ip_address", address);
	change_put(change, &resource_port, object);
	port_addresses_changed(change, json_string(port, "network_id"));
	return 0;
}

static int add_port(struct change *change, yyjson_val *router, yyjson_val *subnet,
		    yyjson_val **port, struct error *error)
{
	struct port_plan plan = { .project_id = json_string(router, "project_id"),
				  .device_id = json_string(router, "id"),
				  .device_owner = "network:router_interface" };
	yyjson_mut_val *made;
	int result = change_find(change, &resource_network, json_string(subnet, "network_id"),
				 &plan.network, error);

	if (result)
		return result;
	plan.fixed_ips = gateway_of(change, subnet);
	result = port_make(change, &plan, &made, error);
	if (!result)
		*port = value_freeze(change->request, made);
	return result;
}

static int add_by_subnet(struct change *change, yyjson_val *router, const char *subnet_id,
			 struct error *error)
{
	const char *id = json_string(router, "id");
	yyjson_val *subnet, *port = NULL;
	int result = change_find(change, &resource_subnet, subnet_id, &subnet, error);

	if (result)
		return result;
	if (!json_string(subnet, "gateway_ip"))
		return router_refuse(error, "Subnet for router interface must have a gateway IP");
	result = refuse_outside_router(subnet, error);
	if (!result)
		result = refuse_overlap(change, id, subnet, error);
	if (!result && json_integer(subnet, "ip_version", 4) == 6)
		result =
			find_ipv6_port(change, id, json_string(subnet, "network_id"), &port, error);
	if (result)
		return result;
	result = port ? add_prefix(change, port, subnet, error)
		      : add_port(change, router, subnet, &port, error);
	if (result)
		return result;
	change_touch(change, &resource_router, router);
	result = request_commit(change->request, change->txn, error);
	return result ? result
		      : reply_interface(change, router, port, one_subnet(change, subnet_id));
}

/* May the router have the port's subnets? */
static int check_port(struct change *change, const char *router_id, yyjson_val *port,
		      struct error *error)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item, *subnet, *other = NULL;
	size_t index, count, ipv4 = 0;
	int result = 0;

	if (has_ipv6(port))
		result = find_ipv6_port(change, router_id, json_string(port, "network_id"), &other,
					error);
	if (other)
		return router_refuse(error,
				     "Cannot have multiple router ports with the same network id "
				     "if both contain IPv6 subnets. Existing port %s has IPv6 "
				     "subnet(s) and network id %s",
				     json_string(other, "id"), json_string(port, "network_id"));
	yyjson_arr_foreach (list, index, count, item) {
		if (!result)
			result = change_get(change, &resource_subnet,
					    json_string(item, "subnet_id"), &subnet, error);
		if (!result)
			result = refuse_outside_router(subnet, error);
		if (!result)
			result = refuse_overlap(change, router_id, subnet, error);
		ipv4 += !strchr(json_string(item, "ip_address"), ':');
	}
	if (!result && ipv4 > 1)
		return router_refuse(error, "Cannot have multiple IPv4 subnets on router port");
	return result;
}

static int add_by_port(struct change *change, yyjson_val *router, const char *port_id,
		       struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_val *port;
	yyjson_mut_val *object;
	int result = change_find(change, &resource_port, port_id, &port, error);

	if (result)
		return result;
	if (json_string(port, "device_id") && *json_string(port, "device_id"))
		return error_fault(error, -EBUSY, 409, "PortInUse",
				   "Unable to complete operation on port %s for network %s. Port "
				   "already has an attached device %s.",
				   port_id, json_string(port, "network_id"),
				   json_string(port, "device_id"));
	result = trunk_refuse_use(port, error);
	if (result)
		return result;
	if (!yyjson_arr_size(yyjson_obj_get(port, "fixed_ips")))
		return router_refuse(error, "Port %s must have at least one fixed IP", port_id);
	result = check_port(change, json_string(router, "id"), port, error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(doc, port);
	json_set_string(doc, object, "device_id", json_string(router, "id"));
	json_set_string(doc, object, "device_owner", "network:router_interface");
	change_put(change, &resource_port, object);
	change_touch(change, &resource_router, router);
	result = request_commit(change->request, change->txn, error);
	return result ? result : reply_interface(change, router, port, subnets_of(change, port));
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
	if (!uuid_like(subnet_id ? subnet_id : port_id))
		return router_refuse(error, "'%s' is not a valid UUID",
				     subnet_id ? subnet_id : port_id);
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

/* One prefix of a port that has several. */
static void drop_prefix(struct change *change, yyjson_val *port, const char *subnet_id)
{
	yyjson_mut_val *object = yyjson_val_mut_copy(change->doc, port), *item;
	yyjson_mut_arr_iter iterator;

	yyjson_mut_arr_iter_init(yyjson_mut_obj_get(object, "fixed_ips"), &iterator);
	while ((item = yyjson_mut_arr_iter_next(&iterator)))
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "subnet_id"), subnet_id)) {
			address_release(change->txn, subnet_id, json_member(item, "ip_address"));
			yyjson_mut_arr_iter_remove(&iterator);
		}
	change_put(change, &resource_port, object);
}

static int find_interface(struct change *change, const char *router_id, const char *port_id,
			  const char *subnet_id, yyjson_val **port, struct error *error)
{
	struct network_ports ports;
	int result =
		router_interfaces(change->view, change->request->arena, router_id, &ports, error);

	if (result)
		return result;
	*port = interface_of(&ports, port_id, subnet_id);
	if (!*port && port_id)
		return error_fault(error, -ENOENT, 404, "RouterInterfaceNotFound",
				   "Router %s does not have an interface with id %s", router_id,
				   port_id);
	if (!*port)
		return error_fault(error, -ENOENT, 404, "RouterInterfaceNotFoundForSubnet",
				   "Router %s has no interface on subnet %s", router_id, subnet_id);
	return change_get(change, &resource_port, json_string(*port, "id"), port, error);
}

/* Floating IPs and routes may need the interface. */
static int refuse_needed(struct change *change, yyjson_val *router, yyjson_val *port,
			 const char *subnet_id, struct error *error)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item, *subnet;
	size_t index, count;
	int result = 0;

	yyjson_arr_foreach (list, index, count, item) {
		if (subnet_id && !json_is(item, "subnet_id", subnet_id))
			continue;
		if (!result)
			result =
				resource_get(change->view, change->request->arena, &resource_subnet,
					     json_string(item, "subnet_id"), &subnet, error);
		if (!result)
			result = routes_refuse_interface(router, subnet, error);
		if (!result)
			result = floating_refuse_router(change, json_string(router, "id"), subnet,
							NULL, error);
	}
	return result;
}

int router_interface_remove(struct request *request, struct error *error)
{
	const char *subnet_id = json_string(request->body, "subnet_id");
	const char *port_id = json_string(request->body, "port_id");
	struct change change;
	yyjson_val *router, *port;
	bool whole;
	int result = find_router(&change, request, &router, error);

	if (result)
		return result;
	if (!subnet_id && !port_id)
		return router_refuse(error, "Either subnet_id or port_id must be specified");
	result = find_interface(&change, json_string(router, "id"), port_id, subnet_id, &port,
				error);
	if (result)
		return result;
	result = refuse_needed(&change, router, port, subnet_id, error);
	if (result)
		return result;
	whole = port_id || yyjson_arr_size(yyjson_obj_get(port, "fixed_ips")) == 1;
	if (whole)
		result = port_drop(&change, port, error);
	else
		drop_prefix(&change, port, subnet_id);
	if (result)
		return result;
	change_touch(&change, &resource_router, router);
	result = request_commit(request, change.txn, error);
	return result ? result
		      : reply_interface(&change, router, port,
					whole ? subnets_of(&change, port)
					      : one_subnet(&change, subnet_id));
}
