/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which fixed IPs a port gets: see address.h. */
#include <string.h>

#include "firmware/cloud/network/address.h"

struct choosing {
	struct change *change;
	const struct address_holder *holder;
	yyjson_val *wanted;
	struct network_ports subnets;
	yyjson_mut_val *fixed_ips;
	struct error *error;
};

static int choosing_begin(struct choosing *choosing, yyjson_mut_val **fixed_ips)
{
	struct change *change = choosing->change;

	*fixed_ips = choosing->fixed_ips = yyjson_mut_arr(change->doc);
	return resource_range(change->view, change->request->arena, &resource_subnet, "network",
			      choosing->holder->network_id, &choosing->subnets, choosing->error);
}

static void add_fixed_ip(struct choosing *choosing, yyjson_val *subnet, const char *address)
{
	yyjson_mut_doc *doc = choosing->change->doc;
	yyjson_mut_val *item = yyjson_mut_arr_add_obj(doc, choosing->fixed_ips);

	json_set_string(doc, item, "subnet_id", json_string(subnet, "id"));
	json_set_string(doc, item, "ip_address", address);
}

static int no_more(struct choosing *choosing)
{
	return error_fault(choosing->error, -ENOSPC, 409, "IpAddressGenerationFailure",
			   "No more IP addresses available on network %s.",
			   choosing->holder->network_id);
}

static bool is_router_interface(const struct choosing *choosing)
{
	const char *owner = choosing->holder->owner;

	return owner && !strcmp(owner, "network:router_interface");
}

/* One of the first subnet of that version that has room. */
static int choose_any(struct choosing *choosing, int version)
{
	bool none = true;
	char text[IP_SIZE];

	for (size_t i = 0; i < choosing->subnets.count; i++) {
		yyjson_val *subnet = choosing->subnets.items[i];
		int result;

		if (json_integer(subnet, "ip_version", 4) != version || subnet_is_auto(subnet))
			continue;
		none = false;
		result = address_take(choosing->change, subnet, NULL, choosing->holder->port_id,
				      text, choosing->error);
		if (!result)
			add_fixed_ip(choosing, subnet, text);
		if (result != -ENOSPC)
			return result;
	}
	return none ? 0 : no_more(choosing);
}

static bool on_subnet(const struct choosing *choosing, yyjson_val *subnet)
{
	yyjson_mut_val *item;
	size_t index, count;

	yyjson_mut_arr_foreach (choosing->fixed_ips, index, count, item) {
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "subnet_id"),
					  json_string(subnet, "id")))
			return true;
	}
	return false;
}

/* {"subnet_id", "delete_subnet": true} is how a client gives up an automatic address. */
static bool given_up(struct choosing *choosing, const char *subnet_id)
{
	size_t index, count;
	yyjson_val *entry;

	yyjson_arr_foreach (choosing->wanted, index, count, entry) {
		if (json_bool(entry, "delete_subnet", false) &&
		    json_is(entry, "subnet_id", subnet_id))
			return true;
	}
	return false;
}

/* One in each auto-address subnet where the port has none yet. */
static int choose_auto(struct choosing *choosing)
{
	char text[IP_SIZE];
	int result = 0;

	if (is_router_interface(choosing))
		return 0;
	for (size_t i = 0; !result && i < choosing->subnets.count; i++) {
		yyjson_val *subnet = choosing->subnets.items[i];

		if (!subnet_is_auto(subnet) || on_subnet(choosing, subnet) ||
		    given_up(choosing, json_string(subnet, "id")))
			continue;
		result = address_take_auto(choosing->change, subnet, choosing->holder->mac,
					   choosing->holder->port_id, text, choosing->error);
		if (!result)
			add_fixed_ip(choosing, subnet, text);
	}
	return result;
}

static yyjson_val *subnet_of(struct choosing *choosing, const char *id, const char *address)
{
	struct ip_prefix prefix;
	struct ip ip;

	for (size_t i = 0; i < choosing->subnets.count; i++) {
		yyjson_val *subnet = choosing->subnets.items[i];

		if (id ? json_is(subnet, "id", id)
		       : ip_parse(address, &ip) &&
				    ip_prefix_parse(json_string(subnet, "cidr"), &prefix) &&
				    ip_in(&ip, &prefix))
			return subnet;
	}
	return NULL;
}

static int find_subnet(struct choosing *choosing, yyjson_val *wanted, yyjson_val **subnet)
{
	const char *id = json_string(wanted, "subnet_id");
	const char *address = json_string(wanted, "ip_address");

	*subnet = subnet_of(choosing, id, address);
	if (!id && !address)
		return attribute_refuse(choosing->error,
					"Invalid input for operation: IP allocation requires "
					"subnet_id or ip_address.");
	if (!*subnet && id)
		return attribute_refuse(choosing->error,
					"Invalid input for operation: Failed to create port on "
					"network %s, because fixed_ips included invalid subnet %s.",
					choosing->holder->network_id, id);
	if (!*subnet)
		return error_fault(choosing->error, -EINVAL, 400, "InvalidIpForNetwork",
				   "IP address %s is not a valid IP for any of the subnets on the "
				   "specified network.",
				   address);
	return 0;
}

/* The first address of an IPv6 prefix is all routers' (RFC 4291, 2.6.1). */
static int check_host(struct choosing *choosing, yyjson_val *subnet, const char *address)
{
	const char *owner = choosing->holder->owner;
	struct ip_prefix prefix;
	struct ip ip;

	if (!address || (owner && !strncmp(owner, "network:router", 14)) ||
	    !ip_parse(address, &ip) || ip.version != 6 ||
	    !ip_prefix_parse(json_string(subnet, "cidr"), &prefix) || ip_compare(&ip, &prefix.base))
		return 0;
	return error_fault(choosing->error, -EINVAL, 400, "InvalidIpForSubnet",
			   "IP address %s is not a valid IP for the specified subnet.", address);
}

static int choose_one(struct choosing *choosing, yyjson_val *wanted)
{
	const char *address = json_string(wanted, "ip_address");
	yyjson_val *subnet;
	char text[IP_SIZE];
	int result = find_subnet(choosing, wanted, &subnet);

	if (!result)
		result = check_host(choosing, subnet, address);
	if (result)
		return result;
	if (subnet_is_auto(subnet) && !is_router_interface(choosing))
		return address ? error_fault(choosing->error, -EINVAL, 400,
					     "AllocationOnAutoAddressSubnet",
					     "IPv6 address %s cannot be directly assigned to a "
					     "port on subnet %s as the subnet is configured for "
					     "automatic addresses",
					     address, json_string(subnet, "id"))
			       : 0; /* choose_auto() does */
	result = address_take(choosing->change, subnet, address, choosing->holder->port_id, text,
			      choosing->error);
	if (result == -ENOSPC)
		return no_more(choosing);
	if (!result)
		add_fixed_ip(choosing, subnet, text);
	return result;
}

int addresses_choose(struct change *change, const struct address_holder *holder, yyjson_val *wanted,
		     yyjson_mut_val **fixed_ips, struct error *error)
{
	struct choosing choosing = {
		.change = change, .holder = holder, .wanted = wanted, .error = error
	};
	size_t index, count;
	yyjson_val *item;
	int result = choosing_begin(&choosing, fixed_ips);

	if (!result && (!wanted || yyjson_is_null(wanted))) {
		result = choose_any(&choosing, 4);
		if (!result)
			result = choose_any(&choosing, 6);
	}
	yyjson_arr_foreach (wanted, index, count, item) {
		if (!result)
			result = choose_one(&choosing, item);
	}
	return result ? result : choose_auto(&choosing);
}

void addresses_release(struct store_txn *txn, yyjson_val *old)
{
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach (old, index, count, item) {
		address_release(txn, json_string(item, "subnet_id"),
				json_string(item, "ip_address"));
	}
}

static yyjson_val *had_already(yyjson_val *had, yyjson_val *wanted)
{
	const char *address = json_string(wanted, "ip_address");
	const char *subnet = json_string(wanted, "subnet_id");
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach (had, index, count, item) {
		if ((!address || json_is(item, "ip_address", address)) &&
		    (!subnet || json_is(item, "subnet_id", subnet)))
			return item;
	}
	return NULL;
}

static bool kept(yyjson_mut_val *fixed_ips, yyjson_val *item)
{
	yyjson_mut_val *other;
	size_t index, count;

	yyjson_mut_arr_foreach (fixed_ips, index, count, other) {
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(other, "ip_address"),
					  json_string(item, "ip_address")))
			return true;
	}
	return false;
}

/* An automatic address stays, wanted or not, as long as the MAC still stands for it. */
static bool is_automatic(struct choosing *choosing, yyjson_val *item)
{
	yyjson_val *subnet = subnet_of(choosing, json_string(item, "subnet_id"), NULL);
	struct ip_prefix prefix;
	struct ip ip, own;

	return subnet && subnet_is_auto(subnet) && !is_router_interface(choosing) &&
	       ip_parse(json_string(item, "ip_address"), &ip) &&
	       ip_prefix_parse(json_string(subnet, "cidr"), &prefix) &&
	       ip_from_mac(&prefix, choosing->holder->mac, &own) && !ip_compare(&ip, &own);
}

static bool is_stale(struct choosing *choosing, yyjson_val *item)
{
	yyjson_val *subnet = subnet_of(choosing, json_string(item, "subnet_id"), NULL);

	return subnet && subnet_is_auto(subnet) && !is_router_interface(choosing) &&
	       !is_automatic(choosing, item);
}

static void keep(struct choosing *choosing, yyjson_val *item)
{
	if (!kept(choosing->fixed_ips, item))
		yyjson_mut_arr_add_val(choosing->fixed_ips,
				       yyjson_val_mut_copy(choosing->change->doc, item));
}

static int change_one(struct choosing *choosing, yyjson_val *had, yyjson_val *wanted)
{
	yyjson_val *same = had_already(had, wanted);

	if (json_bool(wanted, "delete_subnet", false) || (same && is_stale(choosing, same)))
		return 0;
	if (!same || kept(choosing->fixed_ips, same))
		return choose_one(choosing, wanted);
	keep(choosing, same);
	return 0;
}

int addresses_change(struct change *change, const struct address_holder *holder, yyjson_val *had,
		     yyjson_val *wanted, yyjson_mut_val **fixed_ips, struct error *error)
{
	struct choosing choosing = {
		.change = change, .holder = holder, .wanted = wanted, .error = error
	};
	size_t index, count;
	yyjson_val *item;
	int result = choosing_begin(&choosing, fixed_ips);

	yyjson_arr_foreach (wanted, index, count, item) {
		if (!result)
			result = change_one(&choosing, had, item);
	}
	yyjson_arr_foreach (had, index, count, item) {
		if (is_automatic(&choosing, item) &&
		    !given_up(&choosing, json_string(item, "subnet_id")))
			keep(&choosing, item);
		if (!kept(choosing.fixed_ips, item))
			address_release(change->txn, json_string(item, "subnet_id"),
					json_string(item, "ip_address"));
	}
	return result ? result : choose_auto(&choosing);
}
