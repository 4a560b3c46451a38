/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where an admin's networks are, as clients see it: provider attributes in Neutron's words. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/desired.h"

#define V2 "/network/v2.0/"

static void physicals_are(const char *text)
{
	struct store_txn *txn = store_txn_new(&box.arena);

	store_txn_put(txn, "/node/setting/physical-networks", text);
	assert_int_equal(store_commit(box.cloud.store, txn, NULL, NULL), 0);
}

static int make(const char *type, const char *physical, const char *number)
{
	return call("POST", V2 "networks",
		    "{\"network\":{\"provider:network_type\":%s,"
		    "\"provider:physical_network\":%s,\"provider:segmentation_id\":%s}}",
		    type, physical, number);
}

static void refused(const char *type, const char *physical, const char *number, int status,
		    const char *text)
{
	assert_int_equal(make(type, physical, number), status);
	assert_string_equal(at("/NeutronError/message"), text);
}

static void unsound_places_are_refused(void **state)
{
	(void)state;
	assert_int_equal(call("POST", V2 "networks",
			      "{\"network\":{\"provider:physical_network\":\"lan\"}}"),
			 400);
	assert_string_equal(at("/NeutronError/message"),
			    "Invalid input for operation: network_type required.");
	refused("\"flat\"", "null", "null", 400,
		"Invalid input for operation: physical_network required for flat provider "
		"network.");
	refused("\"flat\"", "\"lan\"", "null", 400,
		"Invalid input for operation: physical_network 'lan' unknown for flat provider "
		"network.");
	refused("\"vlan\"", "\"lan\"", "7", 400,
		"Invalid input for operation: physical_network 'lan' unknown for VLAN provider "
		"network.");
	refused("\"vlan\"", "null", "7", 400,
		"Invalid input for operation: segmentation_id requires physical_network for VLAN "
		"provider network.");
	refused("\"vlan\"", "null", "null", 503,
		"Unable to create the network. No available network found in maximum allowed "
		"attempts.");
	refused("\"vxlan\"", "\"lan\"", "7", 400,
		"Invalid input for operation: provider:physical_network specified for vxlan "
		"network.");
	physicals_are("[{\"name\":\"lan\",\"link\":\"eth1\"}]");
	refused("\"vlan\"", "\"lan\"", "4095", 400,
		"Invalid input for operation: segmentation_id out of range (1 through 4094).");
	refused("\"flat\"", "\"lan\"", "7", 400,
		"Invalid input for operation: segmentation_id prohibited for flat provider "
		"network.");
}

/* What first boot made has the uplink's: also where no record of it is there, as of before. */
static void a_physical_network_is_given_once(void **state)
{
	struct store_txn *txn = store_txn_new(&box.arena);
	const char *id;

	(void)state;
	refused("\"flat\"", "\"uplink\"", "null", 409,
		"Unable to create the flat network. Physical network uplink is in use.");
	store_txn_delete(txn, "/network/segment/uplink/0000");
	assert_int_equal(store_commit(box.cloud.store, txn, NULL, NULL), 0);
	assert_int_equal(make("\"flat\"", "\"uplink\"", "null"), 409);
	assert_string_equal(fault(), "FlatNetworkInUse");
	assert_int_equal(make("\"flat\"", "\"lan\"", "null"), 201);
	id = at("/network/id");
	assert_true(yyjson_is_null(yyjson_ptr_get(box.body, "/network/provider:segmentation_id")));
	assert_int_equal(yyjson_get_int(yyjson_ptr_get(box.body, "/network/mtu")), 1500);
	assert_int_equal(make("\"flat\"", "\"lan\"", "null"), 409);
	assert_int_equal(call("DELETE", path("networks", id), NULL), 204);
	assert_int_equal(make("\"flat\"", "\"lan\"", "null"), 201);
}

static void vlans_are_given_once(void **state)
{
	const char *id;

	(void)state;
	assert_int_equal(make("\"vlan\"", "\"lan\"", "7"), 201);
	id = at("/network/id");
	refused("\"vlan\"", "\"lan\"", "7", 409,
		"Unable to create the network. The VLAN 7 on physical network lan is in use.");
	assert_string_equal(fault(), "VlanIdInUse");
	/* A VXLAN of the same number is another thing. */
	assert_int_equal(make("\"vxlan\"", "null", "7"), 201);
	assert_int_equal(call("DELETE", path("networks", id), NULL), 204);
	assert_int_equal(make("\"vlan\"", "\"lan\"", "7"), 201);
}

static void numbers_come_from_ranges(void **state)
{
	(void)state;
	physicals_are("[{\"name\":\"lan\",\"link\":\"eth1\"},{\"name\":\"back\",\"link\":\"eth2\","
		      "\"vlan_ranges\":[{\"minimum\":100,\"maximum\":101}]}]");
	assert_int_equal(make("\"vlan\"", "\"lan\"", "null"), 503);
	assert_int_equal(make("\"vlan\"", "null", "null"), 201);
	assert_string_equal(at("/network/provider:physical_network"), "back");
	assert_int_equal(
		yyjson_get_int(yyjson_ptr_get(box.body, "/network/provider:segmentation_id")), 100);
	assert_int_equal(make("\"vlan\"", "\"back\"", "null"), 201);
	assert_int_equal(make("\"vlan\"", "\"back\"", "null"), 503);
	/* Outside of the ranges an admin takes what they name. */
	assert_int_equal(make("\"vlan\"", "\"back\"", "102"), 201);
}

static void netd_is_told_the_vlan(void **state)
{
	struct net_network network = { .mtu = 0 };
	struct store_view *view;
	yyjson_val *record;
	const char *id;

	(void)state;
	assert_int_equal(make("\"vlan\"", "\"lan\"", "9"), 201);
	id = at("/network/id");
	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(resource_get(view, &box.arena, &resource_network, id, &record, NULL), 0);
	assert_int_equal(desired_network(view, &box.arena, record, &network, NULL), 0);
	store_view_close(view);
	assert_string_equal(network.type, "vlan");
	assert_string_equal(network.physical, "lan");
	assert_int_equal(network.vlan, 9);
	assert_int_equal(network.vni, 0); /* its bridge is not named by a number */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsound_places_are_refused),
		cmocka_unit_test(a_physical_network_is_given_once),
		cmocka_unit_test(vlans_are_given_once),
		cmocka_unit_test(numbers_come_from_ranges),
		cmocka_unit_test(netd_is_told_the_vlan),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
