/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subnets in which guests make their own addresses: all ports of the network have one there. */
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/port.h"

bool subnet_is_auto(yyjson_val *subnet)
{
	static const char *const members[] = { "ipv6_ra_mode", "ipv6_address_mode" };

	for (size_t i = 0; i < 2; i++)
		if (json_is(subnet, members[i], "slaac") ||
		    json_is(subnet, members[i], "dhcpv6-stateless"))
			return true;
	return false;
}

/* A mode that is not set: an outside router advertises, or no DHCP gives addresses. */
int subnet_modes_check(yyjson_val *subnet, struct error *error)
{
	const char *ra = json_string(subnet, "ipv6_ra_mode");
	const char *address = json_string(subnet, "ipv6_address_mode");
	struct ip_prefix prefix;

	if (!ra && !address)
		return 0;
	if (json_integer(subnet, "ip_version", 4) == 4)
		return input_refuse(error, "%s is not valid when ip_version is 4",
				    ra ? "ipv6_ra_mode" : "ipv6_address_mode");
	if (!json_bool(subnet, "enable_dhcp", true))
		return input_refuse(error, "ipv6_ra_mode or ipv6_address_mode cannot be set when "
					   "enable_dhcp is set to False");
	if (ra && address && strcmp(ra, address))
		return input_refuse(error,
				    "ipv6_ra_mode set to '%s' with ipv6_address_mode set to '%s' "
				    "is not valid. If both attributes are set, they must be the "
				    "same value",
				    ra, address);
	if (subnet_is_auto(subnet) &&
	    (!ip_prefix_parse(json_string(subnet, "cidr"), &prefix) || prefix.length != 64))
		return input_refuse(error,
				    "Invalid CIDR %s for IPv6 address mode. OpenStack uses the "
				    "EUI-64 address format, which requires the prefix to be /64",
				    json_string(subnet, "cidr"));
	return 0;
}

static const char *marker_key(struct change *change, const char *network_id)
{
	return arena_printf(change->request->arena, "/network/addressed/%s", network_id);
}

void port_addresses_changed(struct change *change, const char *network_id)
{
	const char *key = marker_key(change, network_id);

	if (!store_txn_has(change->txn, key))
		store_txn_put(change->txn, key, "{}");
}

/* The ports as they are now; the transaction fails when there is another by then. */
static int ports_now(struct change *change, const char *network_id, struct network_ports *ports,
		     struct error *error)
{
	struct arena *arena = change->request->arena;
	const char *key = marker_key(change, network_id);
	struct store_record record = { 0 };
	int result = store_get(change->view, arena, key, &record, error);

	if (result && result != -ENOENT)
		return result;
	store_txn_compare(change->txn, key, result ? 0 : record.revision);
	return resource_range(change->view, arena, &resource_port, "network", network_id, ports,
			      error);
}

static bool takes_part(yyjson_val *port)
{
	return !json_is(port, "device_owner", "network:router_interface") &&
	       !json_is(port, "device_owner", "network:dhcp");
}

static int join_one(struct change *change, yyjson_val *subnet, const char *id, struct error *error)
{
	yyjson_mut_val *object, *item;
	char address[IP_SIZE];
	yyjson_val *port;
	int result = change_get(change, &resource_port, id, &port, error);

	if (!result)
		result = address_take_auto(change, subnet, json_string(port, "mac_address"), id,
					   address, error);
	if (result)
		return result;
	object = yyjson_val_mut_copy(change->doc, port);
	item = yyjson_mut_arr_add_obj(change->doc, yyjson_mut_obj_get(object, "fixed_ips"));
	json_set_string(change->doc, item, "subnet_id", json_string(subnet, "id"));
	json_set_string(change->doc, item, "ip_address", address);
	change_put(change, &resource_port, object);
	return 0;
}

int port_auto_join(struct change *change, yyjson_val *network, yyjson_val *subnet,
		   struct error *error)
{
	struct network_ports ports;
	int result;

	if (!subnet_is_auto(subnet))
		return 0;
	result = ports_now(change, json_string(network, "id"), &ports, error);
	for (size_t i = 0; !result && i < ports.count; i++)
		if (takes_part(ports.items[i]))
			result = join_one(change, subnet, json_string(ports.items[i], "id"), error);
	return result;
}

static int leave_one(struct change *change, const char *subnet_id, const char *id,
		     struct error *error)
{
	yyjson_mut_arr_iter iterator;
	yyjson_mut_val *object, *item;
	yyjson_val *port;
	int result = change_get(change, &resource_port, id, &port, error);

	if (result)
		return result;
	object = yyjson_val_mut_copy(change->doc, port);
	yyjson_mut_arr_iter_init(yyjson_mut_obj_get(object, "fixed_ips"), &iterator);
	while ((item = yyjson_mut_arr_iter_next(&iterator)))
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "subnet_id"), subnet_id)) {
			address_release(change->txn, subnet_id, json_member(item, "ip_address"));
			yyjson_mut_arr_iter_remove(&iterator);
		}
	change_put(change, &resource_port, object);
	return 0;
}

int port_auto_leave(struct change *change, yyjson_val *subnet, struct error *error)
{
	const char *id = json_string(subnet, "id");
	struct network_ports ports;
	int result = ports_now(change, json_string(subnet, "network_id"), &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++)
		if (takes_part(ports.items[i]) && port_on_subnet(ports.items[i], id))
			result = leave_one(change, id, json_string(ports.items[i], "id"), error);
	return result;
}
