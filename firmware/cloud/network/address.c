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

void address_expect_free(struct change *change, const char *subnet_id, const char *address)
{
	char key[STORE_KEY_MAX];
	struct ip ip;

	if (!ip_parse(address, &ip))
		return;
	address_key(subnet_id, &ip, key);
	store_txn_compare(change->txn, key, 0);
}

/* A subnet that is changed at the same time may give the address to its DHCP service. */
static void expect_subnet(struct change *change, yyjson_val *subnet)
{
	struct store_record record;
	const char *key = arena_printf(change->request->arena, "%s%s", resource_subnet.prefix,
				       json_string(subnet, "id"));

	if (!store_get(change->view, change->request->arena, key, &record, NULL))
		store_txn_compare(change->txn, key, record.revision);
}

static void address_put(struct change *change, yyjson_val *subnet, const char *key,
			const char *port_id)
{
	expect_subnet(change, subnet);
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
	address_put(change, subnet, key, port_id);
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
		address_put(change, subnet, key, port_id);
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

int address_take_auto(struct change *change, yyjson_val *subnet, const char *mac,
		      const char *port_id, char text[static IP_SIZE], struct error *error)
{
	struct ip_prefix prefix;
	struct ip ip;

	if (!ip_prefix_parse(json_string(subnet, "cidr"), &prefix) ||
	    !ip_from_mac(&prefix, mac, &ip))
		return error_set(error, -EIO, "no address of %s in a subnet", mac);
	ip_format(&ip, text);
	return take_wanted(change, subnet, &ip, port_id, error);
}
