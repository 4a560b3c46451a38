/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating IPs: addresses of an external network that stand for a port's fixed one. */
#include <string.h>

#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/router.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)
#define POST_NULL (ATTRIBUTE_POST | ATTRIBUTE_NULL)

static const struct attribute attributes[] = {
	{ "floating_network_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0,
	  NULL, NULL },
	{ "floating_ip_address", ATTRIBUTE_IP, POST_NULL, "null", 0, 0, NULL, NULL },
	{ "subnet_id", ATTRIBUTE_UUID, POST_NULL | ATTRIBUTE_HIDDEN, "null", 0, 0, NULL, NULL },
	{ "port_id", ATTRIBUTE_UUID, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL, NULL },
	{ "fixed_ip_address", ATTRIBUTE_IP, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL, NULL },
	{ "router_id", ATTRIBUTE_UUID, 0, "null", 0, 0, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "qos_policy_id", ATTRIBUTE_UUID, POST_PUT | ATTRIBUTE_NULL, "null", 0, 0, NULL, NULL },
	{ "dns_name", ATTRIBUTE_NAME, ATTRIBUTE_POST, "\"\"", 0, 255, NULL, NULL },
	{ "dns_domain", ATTRIBUTE_NAME, ATTRIBUTE_POST, "\"\"", 0, 255, NULL, NULL },
	{ 0 }
};

#define REFUSE(error, ...)                                                                         \
	error_fault(error, -EINVAL, 400, "BadRequest", "Bad floatingip request: " __VA_ARGS__)

static bool is_ipv4(const char *text)
{
	struct ip ip;

	return ip_parse(text, &ip) && ip.version == 4;
}

/* --- the address outside --- */

static int check_network(struct change *change, const char *id, yyjson_val **network,
			 struct error *error)
{
	struct network_ports subnets;
	int result = change_find(change, &resource_network, id, network, error);

	if (result)
		return result;
	if (!json_bool(*network, "router:external", false))
		return REFUSE(error, "Network %s is not a valid external network.", id);
	result = resource_range(change->view, change->request->arena, &resource_subnet, "network",
				id, &subnets, error);
	for (size_t i = 0; !result && i < subnets.count; i++)
		if (json_integer(subnets.items[i], "ip_version", 0) == 4)
			return 0;
	return result ? result : REFUSE(error, "Network %s does not contain any IPv4 subnet.", id);
}

/* NULL: any address of the network. */
static yyjson_val *wanted_address(struct change *change, yyjson_mut_val *object)
{
	const char *subnet = json_member(object, "subnet_id");
	const char *address = json_member(object, "floating_ip_address");
	yyjson_mut_val *list = yyjson_mut_arr(change->doc), *item;

	if (!subnet && !address)
		return NULL;
	item = yyjson_mut_arr_add_obj(change->doc, list);
	if (subnet)
		json_set_string(change->doc, item, "subnet_id", subnet);
	if (address)
		json_set_string(change->doc, item, "ip_address", address);
	return value_freeze(change->request, list);
}

static const char *first_ipv4(yyjson_mut_val *fixed_ips)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (fixed_ips, index, count, item) {
		if (is_ipv4(json_member(item, "ip_address")))
			return json_member(item, "ip_address");
	}
	return NULL;
}

/* The port that holds the address outside: nobody's, so that only admins see it. */
static int take_address(struct change *change, yyjson_mut_val *object, yyjson_val *network,
			struct error *error)
{
	struct port_plan plan = { .network = network,
				  .fixed_ips = wanted_address(change, object),
				  .project_id = "",
				  .device_id = json_member(object, "id"),
				  .device_owner = "network:floatingip" };
	yyjson_mut_val *port;
	const char *address;
	int result = port_make(change, &plan, &port, error);

	if (result)
		return result;
	address = first_ipv4(yyjson_mut_obj_get(port, "fixed_ips"));
	if (!address)
		return error_fault(error, -EINVAL, 400, "ExternalIpAddressExhausted",
				   "Unable to find any IP address on external network %s.",
				   json_string(network, "id"));
	json_set_string(change->doc, object, "floating_ip_address", address);
	json_set_string(change->doc, object, "_port", json_member(port, "id"));
	return 0;
}

/* --- what it stands for --- */

static int touch_router(struct change *change, const char *id, struct error *error)
{
	yyjson_val *router;
	int result = id ? change_get(change, &resource_router, id, &router, error) : -ENOENT;

	if (!result)
		change_touch(change, &resource_router, router);
	return result == -ENOENT ? 0 : result;
}

static bool gateway_is_on(yyjson_val *router, const char *network_id)
{
	return router &&
	       json_is(yyjson_obj_get(router, "external_gateway_info"), "network_id", network_id);
}

static bool interface_has(yyjson_val *port, const char *subnet_id, const char *address)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (json_is(item, "subnet_id", subnet_id) &&
		    (!address || json_is(item, "ip_address", address)))
			return true;
	}
	return false;
}

/* 'address': only a router whose interface has it. */
static const char *router_between(struct change *change, struct network_ports *ports,
				  const char *subnet_id, const char *address,
				  const char *external_id)
{
	for (size_t i = 0; i < ports->count; i++) {
		const char *id = json_string(ports->items[i], "device_id");
		yyjson_val *router = NULL;

		if (!json_is(ports->items[i], "device_owner", "network:router_interface") ||
		    !interface_has(ports->items[i], subnet_id, address))
			continue;
		resource_get(change->view, change->request->arena, &resource_router, id, &router,
			     NULL);
		if (gateway_is_on(router, external_id))
			return id;
	}
	return NULL;
}

int floating_router(struct change *change, yyjson_val *port, const char *subnet_id,
		    const char *external_id, yyjson_val **router, struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *id = NULL, *gateway;
	struct network_ports ports;
	yyjson_val *subnet;
	int result = resource_range(change->view, arena, &resource_port, "network",
				    json_string(port, "network_id"), &ports, error);

	if (!result)
		result = resource_get(change->view, arena, &resource_subnet, subnet_id, &subnet,
				      error);
	if (result)
		return result;
	gateway = json_string(subnet, "gateway_ip");
	if (gateway)
		id = router_between(change, &ports, subnet_id, gateway, external_id);
	if (!id)
		id = router_between(change, &ports, subnet_id, NULL, external_id);
	return id ? change_get(change, &resource_router, id, router, error) : -ENOENT;
}

struct target {
	yyjson_val *port;
	const char *address, *subnet_id;
};

static int choose_only(struct target *target, struct error *error)
{
	yyjson_val *list = yyjson_obj_get(target->port, "fixed_ips"), *item;
	const char *id = json_string(target->port, "id");
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (!is_ipv4(json_string(item, "ip_address")))
			continue;
		if (target->address)
			return REFUSE(error,
				      "Port %s has multiple fixed IPv4 addresses.  Must provide a "
				      "specific IPv4 address when assigning a floating IP.",
				      id);
		target->address = json_string(item, "ip_address");
		target->subnet_id = json_string(item, "subnet_id");
	}
	return target->address ? 0
			       : REFUSE(error,
					"Cannot add floating IP to port %s that has no fixed IPv4 "
					"addresses.",
					id);
}

static int choose_named(struct target *target, const char *address, struct error *error)
{
	yyjson_val *list = yyjson_obj_get(target->port, "fixed_ips"), *item;
	size_t index, count;

	if (!is_ipv4(address))
		return REFUSE(error,
			      "Cannot process floating IP association with %s, since that is not "
			      "an IPv4 address.",
			      address);
	yyjson_arr_foreach (list, index, count, item) {
		if (json_is(item, "ip_address", address)) {
			target->address = address;
			target->subnet_id = json_string(item, "subnet_id");
			return 0;
		}
	}
	return REFUSE(error, "Port %s does not have fixed ip %s.", json_string(target->port, "id"),
		      address);
}

static int find_target(struct change *change, yyjson_mut_val *object, struct target *target,
		       struct error *error)
{
	const char *id = json_member(object, "port_id");
	const char *fixed = json_member(object, "fixed_ip_address");
	int result = change_find(change, &resource_port, id, &target->port, error);

	if (result)
		return result;
	if (!json_is(target->port, "project_id", json_member(object, "project_id")) &&
	    !change->request->caller->is_admin)
		return REFUSE(error,
			      "Cannot process floating IP association with Port %s, since that "
			      "port is owned by a different tenant.",
			      id);
	if (json_is(target->port, "device_owner", "network:dhcp"))
		return REFUSE(error, "Port %s is unable to be assigned a floating IP.", id);
	return fixed ? choose_named(target, fixed, error) : choose_only(target, error);
}

static int refuse_second(struct change *change, yyjson_mut_val *object, const struct target *target,
			 struct error *error)
{
	const char *port_id = json_string(target->port, "id"), *id = json_member(object, "id");
	const char *network_id = json_member(object, "floating_network_id");
	struct network_ports list;
	int result = resource_range(change->view, change->request->arena, &resource_floatingip,
				    "port", port_id, &list, error);

	for (size_t i = 0; !result && i < list.count; i++)
		if (!json_is(list.items[i], "id", id) &&
		    json_is(list.items[i], "floating_network_id", network_id) &&
		    json_is(list.items[i], "fixed_ip_address", target->address))
			return error_fault(error, -EBUSY, 409, "FloatingIPPortAlreadyAssociated",
					   "Cannot associate floating IP %s (%s) with port %s "
					   "using fixed IP %s, as that fixed IP already has a "
					   "floating IP on external network %s.",
					   json_member(object, "floating_ip_address"), id, port_id,
					   target->address, network_id);
	return result;
}

/* A port that is being deleted at the same time is kept from going. */
static void mark_port(struct change *change, yyjson_mut_val *object)
{
	store_txn_put(change->txn,
		      arena_printf(change->request->arena, "/network/floating-port/%s/%s",
				   json_member(object, "port_id"), json_member(object, "id")),
		      "{}");
}

static void unmark_port(struct change *change, yyjson_val *old)
{
	if (json_string(old, "port_id"))
		store_txn_delete(change->txn,
				 arena_printf(change->request->arena,
					      "/network/floating-port/%s/%s",
					      json_string(old, "port_id"), json_string(old, "id")));
}

static int associate(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *network_id = json_member(object, "floating_network_id");
	struct target target = { 0 };
	yyjson_val *router;
	int result = find_target(change, object, &target, error);

	if (!result)
		result = refuse_second(change, object, &target, error);
	if (result)
		return result;
	result = floating_router(change, target.port, target.subnet_id, network_id, &router, error);
	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, "ExternalGatewayForFloatingIPNotFound",
				   "External network %s is not reachable from subnet %s.  "
				   "Therefore, cannot associate Port %s with a Floating IP.",
				   network_id, target.subnet_id, json_string(target.port, "id"));
	if (result)
		return result;
	json_set_string(change->doc, object, "fixed_ip_address", target.address);
	json_set_string(change->doc, object, "router_id", json_string(router, "id"));
	json_set_string(change->doc, object, "status", "ACTIVE");
	change_touch(change, &resource_router, router);
	mark_port(change, object);
	return 0;
}

static void disassociate(yyjson_mut_doc *doc, yyjson_mut_val *object)
{
	json_set_string(doc, object, "port_id", NULL);
	json_set_string(doc, object, "fixed_ip_address", NULL);
	json_set_string(doc, object, "router_id", NULL);
	json_set_string(doc, object, "status", "DOWN");
}

/* --- the resource --- */

static int check_rights(struct change *change, yyjson_mut_val *object, struct error *error)
{
	if (!json_member(object, "floating_ip_address") || change->request->caller->is_admin)
		return 0;
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "(rule:create_floatingip and "
			   "rule:create_floatingip:floating_ip_address) is disallowed by policy");
}

static int refuse_fixed_alone(const char *port_id, const char *fixed, struct error *error)
{
	return fixed && !port_id
		       ? REFUSE(error, "fixed_ip_address cannot be specified without a port_id.")
		       : 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *port_id = json_member(object, "port_id");
	yyjson_val *network;
	int result = check_rights(change, object, error);

	if (!result)
		result = check_network(change, json_member(object, "floating_network_id"), &network,
				       error);
	if (!result)
		result = take_address(change, object, network, error);
	if (!result)
		result =
			refuse_fixed_alone(port_id, json_member(object, "fixed_ip_address"), error);
	if (result)
		return result;
	floating_mark_network(change, object);
	yyjson_mut_obj_remove_key(object, "subnet_id");
	result = qos_bind_record(change, QOS_FIP, NULL, object, error);
	if (result)
		return result;
	if (port_id)
		return associate(change, object, error);
	disassociate(change->doc, object);
	return 0;
}

static int refuse_forwarded(struct store_view *view, struct arena *arena, const char *id,
			    struct error *error)
{
	struct network_ports forwards;
	int result = forwards_of(view, arena, id, &forwards, error);

	return !result && forwards.count
		       ? error_fault(error, -EBUSY, 409, "FipInUseByPortForwarding",
				     "Floating IP %s in use by Port Forwarding resources.", id)
		       : result;
}

static int change_association(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			      yyjson_mut_val *given, struct error *error)
{
	const char *port_id = json_member(given, "port_id");
	int result = port_id ? refuse_forwarded(change->view, change->request->arena,
						json_string(old, "id"), error)
			     : 0;

	/* The router of port forwardings stays. */
	if (!result && !port_id && !json_string(old, "port_id"))
		return 0;
	if (!result)
		result = touch_router(change, json_string(old, "router_id"), error);
	if (result)
		return result;
	if (!json_is(old, "port_id", port_id ? port_id : ""))
		unmark_port(change, old);
	disassociate(change->doc, object);
	if (!port_id)
		return 0;
	json_set_string(change->doc, object, "port_id", port_id);
	json_set_string(change->doc, object, "fixed_ip_address",
			json_member(given, "fixed_ip_address"));
	return associate(change, object, error);
}

/* Its router is told, and so netd. */
static int change_policy(struct change *change, yyjson_val *old, yyjson_mut_val *object,
			 struct error *error)
{
	int result = qos_bind_record(change, QOS_FIP, old, object, error);

	return result ? result : touch_router(change, json_string(old, "router_id"), error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	int result = refuse_fixed_alone(json_member(given, "port_id"),
					json_member(given, "fixed_ip_address"), error);

	if (!result && yyjson_mut_obj_get(given, "qos_policy_id"))
		result = change_policy(change, old, object, error);
	/* An empty update lets go, too. */
	return result || (yyjson_mut_obj_size(given) && !yyjson_mut_obj_get(given, "port_id"))
		       ? result
		       : change_association(change, old, object, given, error);
}

static int remove_floatingip(struct change *change, yyjson_val *old, struct error *error)
{
	const char *port_id = json_string(old, "_port");
	yyjson_val *port;
	int result = refuse_forwarded(change->view, change->request->arena, json_string(old, "id"),
				      error);

	if (!result)
		result = touch_router(change, json_string(old, "router_id"), error);
	if (result)
		return result;
	unmark_port(change, old);
	qos_unbind(change, QOS_FIP, old);
	floating_unmark_network(change, old);
	result = change_get(change, &resource_port, port_id ? port_id : "", &port, error);
	if (!result)
		port_put_gone(change, port);
	return result == -ENOENT ? 0 : result;
}

static const char *const detail_members[] = { "name",           "network_id", "mac_address",
					      "admin_state_up", "status",     "device_id",
					      "device_owner",   NULL };

static yyjson_mut_val *port_details(struct request *request, struct store_view *view,
				    yyjson_mut_doc *doc, const char *id)
{
	yyjson_mut_val *out = yyjson_mut_obj(doc);
	yyjson_val *port;

	if (!id || resource_get(view, request->arena, &resource_port, id, &port, NULL))
		return yyjson_mut_null(doc);
	for (const char *const *name = detail_members; *name; name++)
		json_set(doc, out, *name, yyjson_val_mut_copy(doc, yyjson_obj_get(port, *name)));
	return out;
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct network_ports forwards;
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result)
		result = forwards_of(view, request->arena, json_string(record, "id"), &forwards,
				     error);
	if (result)
		return result;
	for (size_t i = 0; i < forwards.count; i++)
		yyjson_mut_arr_add_val(list, forward_summary(doc, forwards.items[i]));
	json_set(doc, out, "port_details",
		 port_details(request, view, doc, json_string(record, "port_id")));
	json_set(doc, out, "port_forwardings", list);
	json_set_string(doc, out, "qos_network_policy_id",
			qos_network_policy(view, request->arena,
					   json_string(record, "floating_network_id")));
	return 0;
}

const struct resource resource_floatingip = {
	.singular = "floatingip",
	.plural = "floatingips",
	.prefix = "/network/floatingip/",
	.attributes = attributes,
	.missing_type = "FloatingIPNotFound",
	.missing_before = "Floating IP ",
	.missing_after = " could not be found",
	.create = create,
	.update = update,
	.remove = remove_floatingip,
	.derive = derive,
};
