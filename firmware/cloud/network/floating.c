/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens to floating IPs when what they lean on goes. */
#include "firmware/cloud/network/floating.h"

#include <string.h>

#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/port.h"

static int touch_router(struct change *change, const char *id, struct error *error)
{
	yyjson_val *router;
	int result = id ? change_get(change, &resource_router, id, &router, error) : -ENOENT;

	if (!result)
		change_touch(change, &resource_router, router);
	return result == -ENOENT ? 0 : result;
}

static int release_one(struct change *change, yyjson_val *floating, struct error *error)
{
	static const char *const members[] = { "port_id", "fixed_ip_address", "router_id", NULL };
	const char *id = json_string(floating, "id");
	yyjson_mut_val *object;
	yyjson_val *old;
	int result = change_get(change, &resource_floatingip, id, &old, error);

	if (!result)
		result = touch_router(change, json_string(old, "router_id"), error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(change->doc, old);
	for (const char *const *name = members; *name; name++)
		json_set_string(change->doc, object, *name, NULL);
	json_set_string(change->doc, object, "status", "DOWN");
	change_put(change, &resource_floatingip, object);
	store_txn_delete(change->txn,
			 arena_printf(change->request->arena, "/network/floating-port/%s/%s",
				      json_string(old, "port_id"), id));
	return 0;
}

static bool has_address(yyjson_mut_val *fixed_ips, const char *address)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (fixed_ips, index, count, item) {
		if (address &&
		    yyjson_mut_equals_str(yyjson_mut_obj_get(item, "ip_address"), address))
			return true;
	}
	return false;
}

int floating_addresses_gone(struct change *change, yyjson_val *old, yyjson_mut_val *fixed_ips,
			    struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *id = json_string(old, "id");
	struct network_ports list;
	int result =
		resource_range(change->view, arena, &resource_floatingip, "port", id, &list, error);

	for (size_t i = 0; !result && i < list.count; i++)
		if (!has_address(fixed_ips, json_string(list.items[i], "fixed_ip_address")))
			result = release_one(change, list.items[i], error);
	if (!result)
		result = resource_range(change->view, arena, &resource_forward, "port", id, &list,
					error);
	for (size_t i = 0; !result && i < list.count; i++)
		if (!has_address(fixed_ips, json_string(list.items[i], "internal_ip_address")))
			result = forward_drop(change, list.items[i], error);
	return result;
}

int floating_port_gone(struct change *change, yyjson_val *port, struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *id = json_string(port, "id");
	struct network_ports floatings, forwards;
	int result = resource_range(change->view, arena, &resource_floatingip, "port", id,
				    &floatings, error);

	if (!result)
		result = resource_range(change->view, arena, &resource_forward, "port", id,
					&forwards, error);
	if (result)
		return result;
	if (floatings.count || forwards.count)
		return floating_addresses_gone(change, port, NULL, error);
	/* One that comes at the same time finds the port gone, or keeps it from going. */
	store_txn_compare_empty(change->txn, arena_printf(arena, "/network/floating-port/%s/", id));
	return 0;
}

static bool needs_subnet(yyjson_val *record, const char *member, const struct ip_prefix *prefix)
{
	struct ip ip;

	return ip_parse(json_string(record, member), &ip) && ip_in(&ip, prefix);
}

static int floating_needs_subnet(struct change *change, yyjson_val *floating,
				 const struct ip_prefix *prefix, bool *needed, struct error *error)
{
	struct network_ports forwards;
	int result = forwards_of(change->view, change->request->arena, json_string(floating, "id"),
				 &forwards, error);

	*needed = needs_subnet(floating, "fixed_ip_address", prefix);
	for (size_t i = 0; !result && i < forwards.count; i++)
		*needed |= needs_subnet(forwards.items[i], "internal_ip_address", prefix);
	return result;
}

static int refuse_interface(struct change *change, const char *router_id, yyjson_val *subnet,
			    const struct network_ports *list, struct error *error)
{
	struct ip_prefix prefix;
	bool needed = false;
	int result = 0;

	if (!ip_prefix_parse(json_string(subnet, "cidr"), &prefix))
		return 0;
	for (size_t i = 0; !result && !needed && i < list->count; i++)
		result = floating_needs_subnet(change, list->items[i], &prefix, &needed, error);
	return needed ? error_fault(error, -EBUSY, 409, "RouterInterfaceInUseByFloatingIP",
				    "Router interface for subnet %s on router %s cannot be "
				    "deleted, as it is required by one or more floating IPs.",
				    json_string(subnet, "id"), router_id)
		      : result;
}

int floating_refuse_router(struct change *change, const char *router_id, yyjson_val *subnet,
			   const char *network_id, struct error *error)
{
	struct network_ports list;
	int result = resource_range(change->view, change->request->arena, &resource_floatingip,
				    "router", router_id, &list, error);

	if (result || !list.count)
		return result;
	if (subnet)
		return refuse_interface(change, router_id, subnet, &list, error);
	return error_fault(error, -EBUSY, 409, "RouterExternalGatewayInUseByFloatingIp",
			   "Gateway cannot be updated for router %s, since a gateway to external "
			   "network %s is required by one or more floating IPs.",
			   router_id, network_id);
}

static int delete_free(struct change *change, yyjson_val *floating, struct error *error)
{
	const char *id = json_string(floating, "id"), *port_id = json_string(floating, "_port");
	yyjson_val *port, *old;
	int result = change_get(change, &resource_floatingip, id, &old, error);

	if (!result)
		result = change_get(change, &resource_port, port_id, &port, error);
	if (result)
		return result;
	port_put_gone(change, port);
	floating_unmark_network(change, old);
	change_delete(change, &resource_floatingip, id);
	return 0;
}

static const char *network_key(struct change *change, const char *network_id, const char *id)
{
	return arena_printf(change->request->arena, "/network/floating-network/%s/%s", network_id,
			    id);
}

void floating_mark_network(struct change *change, yyjson_mut_val *floating)
{
	store_txn_put(change->txn,
		      network_key(change, json_member(floating, "floating_network_id"),
				  json_member(floating, "id")),
		      "{}");
}

void floating_unmark_network(struct change *change, yyjson_val *floating)
{
	store_txn_delete(change->txn,
			 network_key(change, json_string(floating, "floating_network_id"),
				     json_string(floating, "id")));
}

int floating_network_gone(struct change *change, const char *network_id, struct error *error)
{
	struct network_ports list;
	int result = resource_range(change->view, change->request->arena, &resource_floatingip,
				    "network", network_id, &list, error);

	if (!result && !list.count)
		store_txn_compare_empty(change->txn, network_key(change, network_id, ""));
	for (size_t i = 0; !result && i < list.count; i++)
		result = json_string(list.items[i], "router_id")
				 ? network_in_use(network_id, error)
				 : delete_free(change, list.items[i], error);
	return result;
}
