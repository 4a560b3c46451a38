/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/segments.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/vni.h"
#include "firmware/cloud/node/node.h"

#define SEGMENT_PREFIX "/network/segment/"
#define VLAN_FIRST 1
#define VLAN_LAST 4094

#define TYPE "provider:network_type"
#define PHYSICAL "provider:physical_network"
#define NUMBER "provider:segmentation_id"

static int64_t number_of(yyjson_mut_val *network)
{
	return yyjson_mut_get_sint(yyjson_mut_obj_get(network, NUMBER));
}

/* The board's physical network of this name; NULL: there is none. */
static yyjson_val *physical_find(struct change *change, const char *name, struct error *error)
{
	return node_physical(change->view, change->request->arena, name, error);
}

/* --- each is given once --- */

static void segment_key(const char *physical, int64_t vlan, char key[static STORE_KEY_MAX])
{
	snprintf(key, STORE_KEY_MAX, SEGMENT_PREFIX "%s/%04" PRId64, physical, vlan);
}

static bool key_is_free(struct change *change, const char *key)
{
	struct store_record record;

	return !store_txn_has(change->txn, key) &&
	       store_get(change->view, change->request->arena, key, &record, NULL) == -ENOENT;
}

static void key_take(struct change *change, const char *key, yyjson_mut_val *network)
{
	store_txn_compare(change->txn, key, 0);
	store_txn_put(change->txn, key,
		      arena_printf(change->request->arena, "{\"network_id\":\"%s\"}",
				   json_member(network, "id")));
}

/* --- flat --- */

/* Networks of before segments were noted have no record. */
static bool flat_is_noted(struct change *change, const char *physical)
{
	struct network_ports networks;

	if (resource_range(change->view, change->request->arena, &resource_network, NULL, NULL,
			   &networks, NULL))
		return true;
	for (size_t i = 0; i < networks.count; i++)
		if (json_is(networks.items[i], TYPE, "flat") &&
		    json_is(networks.items[i], PHYSICAL, physical))
			return true;
	return false;
}

static int flat_check(struct change *change, yyjson_mut_val *network, const char *physical,
		      struct error *error)
{
	if (!physical)
		return attribute_refuse(error, "Invalid input for operation: physical_network "
					       "required for flat provider network.");
	if (strcmp(physical, "uplink") && !physical_find(change, physical, error))
		return attribute_refuse(error,
					"Invalid input for operation: physical_network '%s' "
					"unknown for flat provider network.",
					physical);
	if (number_of(network))
		return attribute_refuse(error, "Invalid input for operation: segmentation_id "
					       "prohibited for flat provider network.");
	return 0;
}

static int flat_take(struct change *change, yyjson_mut_val *network, struct error *error)
{
	const char *physical = json_member(network, PHYSICAL);
	char key[STORE_KEY_MAX];
	int result = flat_check(change, network, physical, error);

	if (result)
		return result;
	segment_key(physical, 0, key);
	if (!key_is_free(change, key) || flat_is_noted(change, physical))
		return error_fault(error, -EEXIST, 409, "FlatNetworkInUse",
				   "Unable to create the flat network. Physical network %s is in "
				   "use.",
				   physical);
	key_take(change, key, network);
	json_set(change->doc, network, NUMBER, yyjson_mut_null(change->doc));
	return 0;
}

/* --- vlan --- */

static int vlan_check(struct change *change, const char *physical, bool numbered, int64_t vlan,
		      struct error *error)
{
	if (!physical && numbered)
		return attribute_refuse(error, "Invalid input for operation: segmentation_id "
					       "requires physical_network for VLAN provider "
					       "network.");
	if (physical && !physical_find(change, physical, error))
		return attribute_refuse(error,
					"Invalid input for operation: physical_network '%s' "
					"unknown for VLAN provider network.",
					physical);
	if (numbered && (vlan < VLAN_FIRST || vlan > VLAN_LAST))
		return attribute_refuse(error,
					"Invalid input for operation: segmentation_id out of "
					"range (%d through %d).",
					VLAN_FIRST, VLAN_LAST);
	return 0;
}

/* The lowest free number of the physical network's ranges; 0: none. */
static int64_t vlan_free(struct change *change, yyjson_val *physical)
{
	yyjson_val *ranges = yyjson_obj_get(physical, "vlan_ranges"), *range;
	char key[STORE_KEY_MAX];
	size_t index, count;

	yyjson_arr_foreach (ranges, index, count, range) {
		int64_t last = json_integer(range, "maximum", 0);

		for (int64_t vlan = json_integer(range, "minimum", 1); vlan <= last; vlan++) {
			segment_key(json_string(physical, "name"), vlan, key);
			if (key_is_free(change, key))
				return vlan;
		}
	}
	return 0;
}

/* Of the one that is named, or of the first that has one. */
static int64_t vlan_choose(struct change *change, const char **physical, struct error *error)
{
	yyjson_val *list = node_physicals(change->view, change->request->arena, error), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		const char *name = json_string(item, "name");
		int64_t vlan = !*physical || !strcmp(*physical, name) ? vlan_free(change, item) : 0;

		if (vlan) {
			*physical = name;
			return vlan;
		}
	}
	return 0;
}

static int vlan_take(struct change *change, yyjson_mut_val *network, struct error *error)
{
	const char *physical = json_member(network, PHYSICAL);
	int64_t vlan = number_of(network);
	bool numbered = yyjson_mut_is_int(yyjson_mut_obj_get(network, NUMBER));
	char key[STORE_KEY_MAX];
	int result = vlan_check(change, physical, numbered, vlan, error);

	if (result)
		return result;
	if (!numbered)
		vlan = vlan_choose(change, &physical, error);
	if (!vlan)
		return vni_none_left(error);
	segment_key(physical, vlan, key);
	if (!key_is_free(change, key))
		return error_fault(error, -EEXIST, 409, "VlanIdInUse",
				   "Unable to create the network. The VLAN %" PRId64
				   " on physical network %s is in use.",
				   vlan, physical);
	key_take(change, key, network);
	json_set_string(change->doc, network, PHYSICAL, physical);
	json_set_integer(change->doc, network, NUMBER, vlan);
	return 0;
}

/* --- vxlan --- */

static int vxlan_take(struct change *change, yyjson_mut_val *network, struct error *error)
{
	int64_t vni = number_of(network);
	int result;

	if (json_member(network, PHYSICAL))
		return attribute_refuse(error, "Invalid input for operation: "
					       "provider:physical_network specified for vxlan "
					       "network.");
	result = vni_take(change, json_member(network, "id"), &vni, error);
	json_set_string(change->doc, network, TYPE, "vxlan");
	json_set(change->doc, network, PHYSICAL, yyjson_mut_null(change->doc));
	json_set_integer(change->doc, network, NUMBER, vni);
	return result;
}

/* --- all of them --- */

static const struct {
	const char *type;
	int (*take)(struct change *change, yyjson_mut_val *network, struct error *error);
} types[] = {
	{ "vxlan", vxlan_take },
	{ "flat", flat_take },
	{ "vlan", vlan_take },
};

int segment_take(struct change *change, yyjson_mut_val *network, struct error *error)
{
	const char *type = json_member(network, TYPE);

	if (!type && (json_member(network, PHYSICAL) || number_of(network)))
		return attribute_refuse(error, "Invalid input for operation: network_type "
					       "required.");
	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].type, type))
			return types[i].take(change, network, error);
	return vxlan_take(change, network, error);
}

void segment_release(struct change *change, yyjson_val *network)
{
	int64_t number = json_integer(network, NUMBER, 0);
	char key[STORE_KEY_MAX];

	if (json_is(network, TYPE, "vxlan")) {
		vni_release(change, number);
		return;
	}
	segment_key(json_string(network, PHYSICAL), number, key);
	store_txn_delete(change->txn, key);
}
