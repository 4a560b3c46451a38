/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trunks, their subports, and what happens to ports that are either. */
#include "firmware/cloud/network/desired.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/test/api.h"

static const char *make_trunk(const char *parent, const char *subports)
{
	assert_int_equal(call("POST", "/network/v2.0/trunks",
			      "{\"trunk\":{\"port_id\":\"%s\",\"sub_ports\":[%s]}}", parent,
			      subports),
			 201);
	return at("/trunk/id");
}

static const char *subport(const char *port, int vlan)
{
	return arena_printf(&box.arena,
			    "{\"port_id\":\"%s\",\"segmentation_type\":\"vlan\","
			    "\"segmentation_id\":%d}",
			    port, vlan);
}

static int change_subports(const char *trunk, const char *verb, const char *subports)
{
	return call("PUT", arena_printf(&box.arena, "/network/v2.0/trunks/%s/%s", trunk, verb),
		    "{\"sub_ports\":[%s]}", subports);
}

static const char *free_port(void)
{
	return make_port(make_network("of a port"));
}

static size_t count(const char *pointer)
{
	return yyjson_arr_size(yyjson_ptr_get(box.body, pointer));
}

static void trunk_life(void **state)
{
	const char *parent = free_port(), *one = free_port(), *two = free_port(), *trunk;

	(void)state;
	trunk = make_trunk(parent, subport(one, 101));
	assert_string_equal(at("/trunk/status"), "DOWN");
	assert_string_equal(at("/trunk/port_id"), parent);
	assert_string_equal(at("/trunk/sub_ports/0/port_id"), one);
	assert_int_equal(
		yyjson_get_int(yyjson_ptr_get(box.body, "/trunk/sub_ports/0/segmentation_id")),
		101);
	assert_int_equal(change_subports(trunk, "add_subports", subport(two, 102)), 200);
	assert_int_equal(count("/sub_ports"), 2);
	assert_int_equal(call("GET",
			      path("trunks", arena_printf(&box.arena, "%s/get_subports", trunk)),
			      NULL),
			 200);
	assert_string_equal(at("/sub_ports/1/port_id"), two);
	assert_int_equal(change_subports(trunk, "remove_subports", subport(one, 101)), 200);
	assert_int_equal(count("/sub_ports"), 1);
	assert_int_equal(change_subports(trunk, "remove_subports", subport(one, 101)), 404);
	assert_string_equal(fault(), "SubPortNotFound");
	assert_int_equal(call("PUT", path("trunks", trunk), "{\"trunk\":{\"name\":\"t\"}}"), 200);
	assert_string_equal(at("/trunk/name"), "t");
	assert_int_equal(call("GET", "/network/v2.0/trunks?status=ACTIVE", NULL), 200);
	assert_int_equal(count("/trunks"), 0);
	assert_int_equal(call("GET", "/network/v2.0/trunks?status=DOWN&name=t", NULL), 200);
	assert_int_equal(count("/trunks"), 1);
	assert_int_equal(call("DELETE", path("trunks", trunk), NULL), 204);
	assert_int_equal(call("GET", path("trunks", trunk), NULL), 404);
	assert_string_equal(fault(), "TrunkNotFound");
	/* All are free again. */
	make_trunk(two, subport(parent, 1));
}

static void ports_say_what_they_are_part_of(void **state)
{
	const char *parent = free_port(), *one = free_port(), *mac = at("/port/mac_address");
	const char *trunk = make_trunk(parent, subport(one, 7));

	(void)state;
	assert_int_equal(call("GET", path("ports", parent), NULL), 200);
	assert_string_equal(at("/port/trunk_details/trunk_id"), trunk);
	assert_string_equal(at("/port/trunk_details/sub_ports/0/mac_address"), mac);
	assert_int_equal(call("GET", path("ports", one), NULL), 200);
	assert_null(yyjson_ptr_get(box.body, "/port/trunk_details"));
	assert_null(yyjson_ptr_get(box.body, "/port/_trunk_id"));
	assert_string_equal(at("/port/device_owner"), "trunk:subport");
	assert_int_equal(change_subports(trunk, "remove_subports", subport(one, 7)), 200);
	assert_int_equal(call("GET", path("ports", one), NULL), 200);
	assert_string_equal(at("/port/device_owner"), "");
	assert_int_equal(call("GET", path("ports", parent), NULL), 200);
	assert_int_equal(count("/port/trunk_details/sub_ports"), 0);
	assert_non_null(yyjson_ptr_get(box.body, "/port/trunk_details"));
}

static void ports_of_trunks_stay(void **state)
{
	const char *parent = free_port(), *one = free_port(), *router;
	const char *trunk = make_trunk(parent, subport(one, 7));

	(void)state;
	assert_int_equal(call("DELETE", path("ports", parent), NULL), 409);
	assert_string_equal(fault(), "PortInUseAsTrunkParent");
	assert_int_equal(call("DELETE", path("ports", one), NULL), 409);
	assert_string_equal(fault(), "PortInUseAsSubPort");
	assert_int_equal(call("POST", "/network/v2.0/routers", "{\"router\":{}}"), 201);
	router = at("/router/id");
	assert_int_equal(
		call("PUT",
		     path("routers", arena_printf(&box.arena, "%s/add_router_interface", router)),
		     "{\"port_id\":\"%s\"}", one),
		409);
	assert_string_equal(fault(), "PortInUse");
	assert_int_equal(call("DELETE", path("trunks", trunk), NULL), 204);
	assert_int_equal(call("DELETE", path("ports", parent), NULL), 204);
	assert_int_equal(call("DELETE", path("ports", one), NULL), 204);
}

static void unsound_subports_are_refused(void **state)
{
	const char *parent = free_port(), *one = free_port(), *two = free_port();
	const char *trunk = make_trunk(parent, "");
	const struct {
		const char *subports;
		int status;
		const char *type;
	} cases[] = {
		{ subport(parent, 1), 409, "ParentPortInUse" },
		{ subport("11111111-1111-4111-8111-111111111111", 1), 404, "PortNotFound" },
		{ subport("x", 1), 400, "InvalidInput" },
		{ subport(one, 0), 400, "InvalidInput" },
		{ subport(one, 4095), 400, "InvalidInput" },
		{ "7", 400, "InvalidInput" },
		{ "{\"segmentation_type\":\"vlan\",\"segmentation_id\":3}", 400, "InvalidInput" },
		{ arena_printf(&box.arena, "{\"port_id\":\"%s\"}", one), 400, "InvalidInput" },
		{ arena_printf(&box.arena, "{\"port_id\":\"%s\",\"segmentation_id\":3}", one), 400,
		  "InvalidInput" },
		{ arena_printf(&box.arena,
			       "{\"port_id\":\"%s\",\"segmentation_type\":\"vlan\","
			       "\"segmentation_id\":\"3x\"}",
			       one),
		  400, "InvalidInput" },
		{ arena_printf(&box.arena,
			       "{\"port_id\":\"%s\",\"segmentation_type\":\"gre\","
			       "\"segmentation_id\":3}",
			       one),
		  400, "InvalidInput" },
		/* Of a network that is no VLAN there is no tag to inherit. */
		{ arena_printf(&box.arena, "{\"port_id\":\"%s\",\"segmentation_type\":\"inherit\"}",
			       one),
		  400, "InvalidInput" },
		{ arena_printf(&box.arena, "%s,%s", subport(one, 3), subport(two, 3)), 400,
		  "InvalidInput" },
		{ arena_printf(&box.arena, "%s,%s", subport(one, 3), subport(one, 4)), 400,
		  "InvalidInput" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(change_subports(trunk, "add_subports", cases[i].subports),
				 cases[i].status);
		assert_string_equal(fault(), cases[i].type);
	}
	assert_int_equal(call("PUT",
			      path("trunks", arena_printf(&box.arena, "%s/add_subports", trunk)),
			      "{\"sub_ports\":{\"port_id\":\"%s\"}}", one),
			 400);
	assert_int_equal(call("POST", "/network/v2.0/trunks",
			      "{\"trunk\":{\"port_id\":\"%s\",\"sub_ports\":[{\"port_id\":\"%s\","
			      "\"segmentation_type\":\"vlan\"}]}}",
			      one, two),
			 400);
	assert_string_equal(fault(), "HTTPBadRequest");
	assert_int_equal(change_subports(trunk, "add_subports", subport(one, 3)), 200);
	assert_int_equal(change_subports(trunk, "add_subports", subport(two, 3)), 409);
	assert_string_equal(fault(), "DuplicateSubPort");
}

static void ports_are_in_one_trunk(void **state)
{
	const char *parent = free_port(), *one = free_port(), *other = free_port();

	(void)state;
	make_trunk(parent, subport(one, 3));
	assert_int_equal(
		call("POST", "/network/v2.0/trunks", "{\"trunk\":{\"port_id\":\"%s\"}}", parent),
		409);
	assert_string_equal(fault(), "ParentPortInUse");
	assert_int_equal(
		call("POST", "/network/v2.0/trunks", "{\"trunk\":{\"port_id\":\"%s\"}}", one), 409);
	assert_string_equal(fault(), "TrunkPortInUse");
	assert_int_equal(call("POST", "/network/v2.0/trunks",
			      "{\"trunk\":{\"port_id\":\"%s\",\"sub_ports\":[%s]}}", other,
			      subport(one, 4)),
			 409);
	assert_string_equal(fault(), "TrunkPortInUse");
}

static void disabled_trunks_are_left_alone(void **state)
{
	const char *parent = free_port(), *one = free_port();
	const char *trunk = make_trunk(parent, subport(one, 3));

	(void)state;
	assert_int_equal(
		call("PUT", path("trunks", trunk), "{\"trunk\":{\"admin_state_up\":false}}"), 200);
	assert_int_equal(change_subports(trunk, "add_subports", subport(free_port(), 4)), 409);
	assert_string_equal(fault(), "TrunkDisabled");
	assert_int_equal(change_subports(trunk, "remove_subports", subport(one, 3)), 409);
	assert_int_equal(call("DELETE", path("trunks", trunk), NULL), 409);
	assert_string_equal(fault(), "TrunkDisabled");
}

static void subports_carry_no_more_than_their_parent(void **state)
{
	const char *big = make_network("big"), *small = make_network("small"), *parent, *one;

	(void)state;
	assert_int_equal(call("PUT", path("networks", small), "{\"network\":{\"mtu\":1300}}"), 200);
	parent = make_port(small);
	one = make_port(big);
	assert_int_equal(call("POST", "/network/v2.0/trunks",
			      "{\"trunk\":{\"port_id\":\"%s\",\"sub_ports\":[%s]}}", parent,
			      subport(one, 4)),
			 409);
	assert_string_equal(fault(), "SubPortMtuGreaterThanTrunkPortMtu");
	make_trunk(one, subport(parent, 4));
}

/* What netd is told of a port; the store's view lives as long as the test. */
static struct net_port told(const char *id)
{
	struct net_port port = { 0 };
	struct store_view *view;
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(network_port_lookup(view, &box.arena, id, &record, NULL), 0);
	assert_int_equal(desired_port(view, &box.arena, record, &port, NULL), 0);
	store_view_close(view);
	return port;
}

static void netd_learns_of_subports(void **state)
{
	const char *parent = free_port(), *one = free_port();
	const char *trunk = make_trunk(parent, subport(one, 33));

	(void)state;
	assert_string_equal(told(one).trunk_port, parent);
	assert_int_equal(told(one).trunk_vlan, 33);
	assert_string_equal(told(parent).trunk_port, "");
	assert_int_equal(change_subports(trunk, "remove_subports", subport(one, 33)), 200);
	assert_string_equal(told(one).trunk_port, "");
	assert_int_equal(told(one).trunk_vlan, 0);
}

static void subports_are_where_their_parent_is(void **state)
{
	const char *parent = free_port(), *one = free_port();

	(void)state;
	make_trunk(parent, subport(one, 33));
	assert_int_equal(
		call("PUT", path("ports", parent), "{\"port\":{\"binding:host_id\":\"box\"}}"),
		200);
	assert_int_equal(call("GET", path("ports", one), NULL), 200);
	assert_string_equal(at("/port/binding:host_id"), "box");
	assert_string_equal(at("/port/binding:vif_type"), "bridge");
	assert_int_equal(
		call("PUT", path("ports", parent), "{\"port\":{\"binding:host_id\":\"\"}}"), 200);
	assert_int_equal(call("GET", path("ports", one), NULL), 200);
	assert_string_equal(at("/port/binding:vif_type"), "unbound");
}

/* As if compute had made it. */
static void mark_as_servers(const char *id)
{
	struct store_txn *txn = store_txn_new(&box.arena);
	yyjson_mut_doc *doc = json_document(&box.arena);
	yyjson_mut_val *object;
	struct store_view *view;
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(network_port_lookup(view, &box.arena, id, &record, NULL), 0);
	object = yyjson_val_mut_copy(doc, record);
	store_view_close(view);
	json_set_bool(doc, object, "_made_for_server", true);
	store_txn_put(txn, arena_printf(&box.arena, "/network/port/%s", id),
		      json_write(&box.arena, object));
	assert_int_equal(store_commit(box.cloud.store, txn, NULL, NULL), 0);
}

/* A server's own port, once it is a parent, outlives the server. */
static void parents_outlive_their_server(void **state)
{
	const char *network = make_network("n"), *one = free_port(), *parent;
	struct store_view *view;
	struct store_txn *txn;

	(void)state;
	assert_int_equal(call("POST", "/network/v2.0/ports",
			      "{\"port\":{\"network_id\":\"%s\",\"device_id\":\"server\","
			      "\"device_owner\":\"compute:nova\",\"binding:host_id\":\"box\"}}",
			      network),
			 201);
	parent = at("/port/id");
	make_trunk(parent, subport(one, 5));
	mark_as_servers(parent);
	txn = store_txn_new(&box.arena);
	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(network_device_release(view, &box.arena, txn, "server", NULL), 0);
	store_view_close(view);
	assert_int_equal(store_commit(box.cloud.store, txn, NULL, NULL), 0);
	assert_int_equal(call("GET", path("ports", parent), NULL), 200);
	assert_string_equal(at("/port/device_id"), "");
	assert_non_null(at("/port/trunk_details/trunk_id"));
	assert_int_equal(call("GET", path("ports", one), NULL), 200);
	assert_string_equal(at("/port/binding:vif_type"), "unbound");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(trunk_life, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_say_what_they_are_part_of, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_of_trunks_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(unsound_subports_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(ports_are_in_one_trunk, setup, teardown),
		cmocka_unit_test_setup_teardown(disabled_trunks_are_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(subports_carry_no_more_than_their_parent, setup,
						teardown),
		cmocka_unit_test_setup_teardown(netd_learns_of_subports, setup, teardown),
		cmocka_unit_test_setup_teardown(subports_are_where_their_parent_is, setup,
						teardown),
		cmocka_unit_test_setup_teardown(parents_outlive_their_server, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
