/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/address.h"

#include <stdio.h>
#include <string.h>

static void address_key(const char *subnet_id, const struct ip *ip, char key[static STORE_KEY_MAX])
{
	char hex[IP_KEY_SIZE];

	ip_key(ip, hex);
	snprintf(key, STORE_KEY_MAX, ADDRESS_PREFIX "%s/%s", subnet_id, hex);
}

void address_release(struct store_txn *txn, const char *subnet_id, const char *address)
{
	char key[STORE_KEY_MAX];
	struct ip ip;

	if (!subnet_id || !ip_parse(address, &ip))
		return;
	address_key(subnet_id, &ip, key);
	store_txn_delete(txn, key);
}

static bool address_free(struct change *change, yyjson_val *subnet, const struct ip *ip,
			 char key[static STORE_KEY_MAX])
{
	struct store_record record;
	const char *id = json_string(subnet, "id");
	struct ip reserved;

	if (!id)
		return false;
	address_key(id, ip, key);
	if (ip_parse(json_string(subnet, "_dhcp_address"), &reserved) && !ip_compare(&reserved, ip))
		return false;
	if (store_txn_has(change->txn, key))
		return false;
	return store_get(change->view, change->request->arena, key, &record, NULL) == -ENOENT;
}

static void address_put(struct change *change, const char *key, const char *port_id)
{
	store_txn_compare(change->txn, key, 0);
	store_txn_put(change->txn, key,
		      arena_printf(change->request->arena, "{\"port_id\":\"%s\"}", port_id));
}

static int take_wanted(struct change *change, yyjson_val *subnet, const struct ip *ip,
		       const char *port_id, struct error *error)
{
	const char *id = json_string(subnet, "id");
	struct ip_prefix prefix;
	char key[STORE_KEY_MAX], text[IP_SIZE];

	ip_format(ip, text);
	if (!ip_prefix_parse(json_string(subnet, "cidr"), &prefix) || !ip_in(ip, &prefix))
		return error_fault(error, -EINVAL, 400, "InvalidIpForSubnet",
				   "IP address %s is not a valid IP for the specified subnet.",
				   text);
	if (!address_free(change, subnet, ip, key))
		return error_fault(error, -EEXIST, 409, "IpAddressAlreadyAllocated",
				   "IP address %s already allocated in subnet %s", text, id);
	address_put(change, key, port_id);
	return 0;
}

static bool take_from_pool(struct change *change, yyjson_val *subnet, yyjson_val *pool,
			   const char *port_id, struct ip *ip)
{
	char key[STORE_KEY_MAX];
	struct ip end;

	if (!ip_parse(json_string(pool, "start"), ip) || !ip_parse(json_string(pool, "end"), &end))
		return false;
	for (; ip_compare(ip, &end) <= 0; *ip = ip_add(*ip, 1)) {
		if (!address_free(change, subnet, ip, key))
			continue;
		address_put(change, key, port_id);
		return true;
	}
	return false;
}

int address_take(struct change *change, yyjson_val *subnet, const char *wanted, const char *port_id,
		 char text[static IP_SIZE], struct error *error)
{
	yyjson_val *pools = yyjson_obj_get(subnet, "allocation_pools"), *pool;
	size_t index, count;
	struct ip ip;
	int result;

	if (wanted) {
		if (!ip_parse(wanted, &ip))
			return attribute_refuse(error,
						"Invalid input for fixed_ips. Reason: '%s' "
						"is not a valid IP address.",
						wanted);
		result = take_wanted(change, subnet, &ip, port_id, error);
		ip_format(&ip, text);
		return result;
	}
	yyjson_arr_foreach (pools, index, count, pool) {
		if (take_from_pool(change, subnet, pool, port_id, &ip)) {
			ip_format(&ip, text);
			return 0;
		}
	}
	return -ENOSPC;
}

struct choosing {
	struct change *change;
	const char *network_id, *port_id;
	struct network_ports subnets;
	yyjson_mut_val *fixed_ips;
	struct error *error;
};

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
			   "No more IP addresses available on network %s.", choosing->network_id);
}

static int choose_any(struct choosing *choosing)
{
	char text[IP_SIZE];

	for (size_t i = 0; i < choosing->subnets.count; i++) {
		int result = address_take(choosing->change, choosing->subnets.items[i], NULL,
					  choosing->port_id, text, choosing->error);

		if (!result)
			add_fixed_ip(choosing, choosing->subnets.items[i], text);
		if (result != -ENOSPC)
			return result;
	}
	return choosing->subnets.count ? no_more(choosing) : 0;
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

static int choose_one(struct choosing *choosing, yyjson_val *wanted)
{
	const char *id = json_string(wanted, "subnet_id");
	const char *address = json_string(wanted, "ip_address");
	yyjson_val *subnet = subnet_of(choosing, id, address);
	char text[IP_SIZE];
	int result;

	if (!id && !address)
		return attribute_refuse(choosing->error,
					"Invalid input for operation: IP allocation requires "
					"subnet_id or ip_address.");
	if (!subnet && id)
		return attribute_refuse(choosing->error,
					"Invalid input for operation: Failed to create port on "
					"network %s, because fixed_ips included invalid subnet %s.",
					choosing->network_id, id);
	if (!subnet)
		return error_fault(choosing->error, -EINVAL, 400, "InvalidIpForNetwork",
				   "IP address %s is not a valid IP for any of the subnets on the "
				   "specified network.",
				   address);
	result = address_take(choosing->change, subnet, address, choosing->port_id, text,
			      choosing->error);
	if (result == -ENOSPC)
		return no_more(choosing);
	if (!result)
		add_fixed_ip(choosing, subnet, text);
	return result;
}

int addresses_choose(struct change *change, const char *network_id, yyjson_val *wanted,
		     const char *port_id, yyjson_mut_val **fixed_ips, struct error *error)
{
	struct choosing choosing = { .change = change,
				     .network_id = network_id,
				     .port_id = port_id,
				     .fixed_ips = yyjson_mut_arr(change->doc),
				     .error = error };
	size_t index, count;
	yyjson_val *item;
	int result = resource_range(change->view, change->request->arena, &resource_subnet,
				    "network", network_id, &choosing.subnets, error);

	*fixed_ips = choosing.fixed_ips;
	if (result)
		return result;
	if (!wanted || yyjson_is_null(wanted))
		return choose_any(&choosing);
	yyjson_arr_foreach (wanted, index, count, item) {
		result = choose_one(&choosing, item);
		if (result)
			return result;
	}
	return 0;
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

int addresses_change(struct change *change, const char *network_id, yyjson_val *had,
		     yyjson_val *wanted, const char *port_id, yyjson_mut_val **fixed_ips,
		     struct error *error)
{
	struct choosing choosing = { .change = change,
				     .network_id = network_id,
				     .port_id = port_id,
				     .fixed_ips = yyjson_mut_arr(change->doc),
				     .error = error };
	size_t index, count;
	yyjson_val *item, *same;
	int result = resource_range(change->view, change->request->arena, &resource_subnet,
				    "network", network_id, &choosing.subnets, error);

	*fixed_ips = choosing.fixed_ips;
	yyjson_arr_foreach (wanted, index, count, item) {
		same = had_already(had, item);
		if (same && !kept(choosing.fixed_ips, same))
			yyjson_mut_arr_add_val(choosing.fixed_ips,
					       yyjson_val_mut_copy(change->doc, same));
		else if (!result)
			result = choose_one(&choosing, item);
	}
	yyjson_arr_foreach (had, index, count, item) {
		if (!kept(choosing.fixed_ips, item))
			address_release(change->txn, json_string(item, "subnet_id"),
					json_string(item, "ip_address"));
	}
	return result;
}
