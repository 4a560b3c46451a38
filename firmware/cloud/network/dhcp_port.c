/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The port of a network's own DHCP, DNS and metadata service. */
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/port.h"
#include "firmware/lib/uuid.h"

static int find_dhcp_port(struct change *change, const char *network_id, yyjson_val **port,
			  struct error *error)
{
	struct network_ports ports;
	int result = resource_range(change->view, change->request->arena, &resource_port, "network",
				    network_id, &ports, error);

	*port = NULL;
	for (size_t i = 0; !result && i < ports.count; i++)
		if (json_is(ports.items[i], "device_owner", "network:dhcp"))
			return change_get(change, &resource_port, json_string(ports.items[i], "id"),
					  port, error);
	return result;
}

/* A fresh port without addresses; unlike others it does not keep its network from going. */
static yyjson_mut_val *make_dhcp_port(struct change *change, yyjson_val *network)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *port = yyjson_mut_obj(doc);
	const char *project = json_string(network, "project_id");
	unsigned char random[3];

	object_begin(change, port);
	json_set_string(doc, port, "tenant_id", project);
	json_set_string(doc, port, "project_id", project);
	json_set_string(doc, port, "network_id", json_string(network, "id"));
	json_set_string(doc, port, "device_owner", "network:dhcp");
	json_set_string(
		doc, port, "device_id",
		arena_printf(change->request->arena, "dhcp-%s", json_string(network, "id")));
	for (const char *const *name =
		     (const char *const[]){ "name", "description", "dns_name", NULL };
	     *name; name++)
		json_set_string(doc, port, *name, "");
	for (const char *const *name =
		     (const char *const[]){ "fixed_ips", "security_groups", "allowed_address_pairs",
					    "extra_dhcp_opts", NULL };
	     *name; name++)
		json_set(doc, port, *name, yyjson_mut_arr(doc));
	json_set_bool(doc, port, "admin_state_up", true);
	json_set_bool(doc, port, "port_security_enabled", false);
	json_set_string(doc, port, "status", "ACTIVE");
	json_set(doc, port, "qos_policy_id", yyjson_mut_null(doc));
	json_set_string(doc, port, "binding:vnic_type", "normal");
	json_set_string(doc, port, "binding:vif_type", "bridge");
	json_set_string(doc, port, "binding:host_id", "");
	json_set(doc, port, "binding:profile", yyjson_mut_obj(doc));
	json_set(doc, port, "binding:vif_details", yyjson_mut_obj(doc));
	random_bytes(random, sizeof(random));
	json_set_string(doc, port, "mac_address",
			arena_printf(change->request->arena, "fa:16:3e:%02x:%02x:%02x", random[0],
				     random[1], random[2]));
	return port;
}

/* The lowest free address of the pools, or the one that the port's MAC stands for, without taking
 * it: it is kept in the subnet itself. */
static int reserve(struct change *change, yyjson_val *subnet, const char *mac,
		   char text[static IP_SIZE], struct error *error)
{
	struct change probe = *change;
	int result;

	probe.txn = store_txn_new(change->request->arena);
	if (!probe.txn)
		return error_set(error, -ENOMEM, "out of memory");
	result = subnet_is_auto(subnet)
			 ? address_take_auto(&probe, subnet, mac, "dhcp", text, error)
			 : address_take(&probe, subnet, NULL, "dhcp", text, error);
	if (!result)
		address_expect_free(change, json_string(subnet, "id"), text);
	if (result == -ENOSPC)
		return error_fault(error, -ENOSPC, 409, "IpAddressGenerationFailure",
				   "No more IP addresses available on network %s.",
				   json_string(subnet, "network_id"));
	return result;
}

int port_dhcp_join(struct change *change, yyjson_val *network, yyjson_mut_val *subnet,
		   struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	yyjson_mut_val *port, *item;
	yyjson_val *old;
	char address[IP_SIZE];
	int result;

	if (!yyjson_mut_get_bool(yyjson_mut_obj_get(subnet, "enable_dhcp")) ||
	    json_bool(network, "router:external", false))
		return 0;
	result = find_dhcp_port(change, json_string(network, "id"), &old, error);
	if (result)
		return result;
	port = old ? yyjson_val_mut_copy(doc, old) : make_dhcp_port(change, network);
	result = reserve(change, value_freeze(change->request, subnet),
			 json_member(port, "mac_address"), address, error);
	if (result)
		return result;
	json_set_string(doc, subnet, "_dhcp_address", address);
	item = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_get(port, "fixed_ips"));
	json_set_string(doc, item, "subnet_id", json_member(subnet, "id"));
	json_set_string(doc, item, "ip_address", address);
	change_put(change, &resource_port, port);
	return 0;
}

static void drop_address(yyjson_mut_val *fixed_ips, const char *subnet_id)
{
	yyjson_mut_arr_iter iterator;
	yyjson_mut_val *item;

	yyjson_mut_arr_iter_init(fixed_ips, &iterator);
	while ((item = yyjson_mut_arr_iter_next(&iterator)))
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "subnet_id"), subnet_id))
			yyjson_mut_arr_iter_remove(&iterator);
}

int port_dhcp_leave(struct change *change, yyjson_val *network, yyjson_mut_val *subnet,
		    struct error *error)
{
	yyjson_mut_val *port;
	yyjson_val *old;
	int result;

	if (!json_member(subnet, "_dhcp_address"))
		return 0;
	yyjson_mut_obj_remove_key(subnet, "_dhcp_address");
	result = find_dhcp_port(change, json_string(network, "id"), &old, error);
	if (result || !old)
		return result;
	port = yyjson_val_mut_copy(change->doc, old);
	drop_address(yyjson_mut_obj_get(port, "fixed_ips"), json_member(subnet, "id"));
	if (yyjson_mut_arr_size(yyjson_mut_obj_get(port, "fixed_ips")))
		change_put(change, &resource_port, port);
	else
		change_delete(change, &resource_port, json_string(old, "id"));
	return 0;
}
