/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network service through router, policy and store, as its clients see it. */
#include "firmware/cloud/network/test/api.h"

static void first_boot_makes_a_way_out(void **state)
{
	(void)state;
	assert_int_equal(call("GET", "/network/v2.0/networks?name=private", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/networks")), 1);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/networks/0/subnets")), 1);
	assert_int_equal(call("GET", "/network/v2.0/routers", NULL), 200);
	assert_non_null(at("/routers/0/external_gateway_info/network_id"));
	/* A second start makes nothing more. */
	assert_int_equal(network_first_boot(&box.cloud, NULL), 0);
	assert_int_equal(call("GET", "/network/v2.0/networks", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/networks")), 2);
}

static void network_life(void **state)
{
	const char *id = make_network("one");

	(void)state;
	assert_string_equal(at("/network/status"), "ACTIVE");
	assert_int_equal(call("PUT", path("networks", id), "{\"network\":{\"name\":\"two\"}}"),
			 200);
	assert_string_equal(at("/network/name"), "two");
	assert_int_equal(yyjson_get_sint(yyjson_ptr_get(box.body, "/network/revision_number")), 2);
	assert_int_equal(call("GET", path("networks", id), NULL), 200);
	assert_null(yyjson_ptr_get(box.body, "/network/_members"));
	assert_int_equal(call("DELETE", path("networks", id), NULL), 204);
	assert_int_equal(call("GET", path("networks", id), NULL), 404);
	assert_string_equal(fault(), "NetworkNotFound");
}

static void bad_bodies_change_nothing(void **state)
{
	static const struct {
		const char *body, *type;
		int status;
	} cases[] = {
		{ "{}", "HTTPBadRequest", 400 },
		{ "{\"network\":[]}", "HTTPBadRequest", 400 },
		{ "{\"network\":{\"nmae\":\"x\"}}", "HTTPBadRequest", 400 },
		{ "{\"network\":{\"status\":\"DOWN\"}}", "HTTPBadRequest", 400 },
		{ "{\"network\":{\"admin_state_up\":\"maybe\"}}", "HTTPBadRequest", 400 },
		{ "{\"network\":{\"name\":7}}", "HTTPBadRequest", 400 },
		{ "{\"network\":{\"mtu\":1451}}", "HTTPBadRequest", 400 },
		{ "{\"network\":{\"mtu\":67}}", "HTTPBadRequest", 400 },
		{ "{\"network\":", "HTTPBadRequest", 400 },
		{ "{\"networks\":[{\"name\":\"good\"},{\"nmae\":\"bad\"}]}", "HTTPBadRequest",
		  400 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(call("POST", "/network/v2.0/networks", "%s", cases[i].body),
				 cases[i].status);
		assert_string_equal(fault(), cases[i].type);
	}
	assert_int_equal(call("GET", "/network/v2.0/networks?name=good", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/networks")), 0);
}

static void addresses_are_given_once(void **state)
{
	const char *network = make_network("n"), *subnet = make_subnet(network, "10.1.0.0/29");
	const char *first, *address;

	(void)state;
	first = make_port(network);
	address = at("/port/fixed_ips/0/ip_address");
	/* .1 is the gateway's, .2 is that of the network's own services. */
	assert_string_equal(address, "10.1.0.3");
	assert_int_equal(call("POST", "/network/v2.0/ports",
			      "{\"port\":{\"network_id\":\"%s\",\"fixed_ips\":[{\"ip_address\":"
			      "\"10.1.0.3\"}]}}",
			      network),
			 409);
	assert_string_equal(fault(), "IpAddressAlreadyAllocated");
	for (int i = 0; i < 3; i++)
		make_port(network);
	assert_int_equal(
		call("POST", "/network/v2.0/ports", "{\"port\":{\"network_id\":\"%s\"}}", network),
		409);
	assert_string_equal(fault(), "IpAddressGenerationFailure");
	assert_int_equal(call("DELETE", path("subnets", subnet), NULL), 409);
	assert_string_equal(fault(), "SubnetInUse");
	assert_int_equal(call("DELETE", path("networks", network), NULL), 409);
	assert_string_equal(fault(), "NetworkInUse");
	assert_int_equal(call("DELETE", path("ports", first), NULL), 204);
	make_port(network);
	assert_string_equal(at("/port/fixed_ips/0/ip_address"), "10.1.0.3");
}

static void bulk_ports_take_different_addresses(void **state)
{
	const char *network = make_network("bulk");

	(void)state;
	make_subnet(network, "10.2.0.0/24");
	assert_int_equal(call("POST", "/network/v2.0/ports",
			      "{\"ports\":[{\"network_id\":\"%s\"},{\"network_id\":\"%s\"}]}",
			      network, network),
			 201);
	assert_string_equal(at("/ports/0/fixed_ips/0/ip_address"), "10.2.0.3");
	assert_string_equal(at("/ports/1/fixed_ips/0/ip_address"), "10.2.0.4");
}

static void deleting_a_network_takes_its_subnets_and_service_port(void **state)
{
	const char *network = make_network("gone"), *subnet = make_subnet(network, "10.3.0.0/24");

	(void)state;
	assert_int_equal(call("DELETE", path("networks", network), NULL), 204);
	assert_int_equal(call("GET", path("subnets", subnet), NULL), 404);
	assert_int_equal(
		call("GET", arena_printf(&box.arena, "/network/v2.0/ports?network_id=%s", network),
		     NULL),
		200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/ports")), 0);
}

static void subnets_are_checked(void **state)
{
	const char *network = make_network("s");

	(void)state;
	make_subnet(network, "10.4.0.0/24");
	assert_string_equal(at("/subnet/gateway_ip"), "10.4.0.1");
	assert_string_equal(at("/subnet/allocation_pools/0/start"), "10.4.0.2");
	assert_int_equal(call("POST", "/network/v2.0/subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"cidr\":\"10.4.0.128/25\"}}",
			      network),
			 400);
	assert_non_null(strstr(at("/NeutronError/message"), "overlaps with another subnet"));
	assert_int_equal(call("POST", "/network/v2.0/subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"cidr\":\"10.5.0.0/24\",\"gateway_ip\":\"10.5.0.255\"}}",
			      network),
			 400);
}

static void router_joins_subnets(void **state)
{
	const char *network = make_network("r"), *subnet = make_subnet(network, "10.7.0.0/24");
	const char *router, *port;

	(void)state;
	assert_int_equal(call("POST", "/network/v2.0/routers", "{\"router\":{\"name\":\"r\"}}"),
			 201);
	router = at("/router/id");
	assert_int_equal(call("PUT",
			      arena_printf(&box.arena,
					   "/network/v2.0/routers/%s/add_router_interface", router),
			      "{\"subnet_id\":\"%s\"}", subnet),
			 200);
	port = at("/port_id");
	assert_int_equal(call("PUT",
			      arena_printf(&box.arena,
					   "/network/v2.0/routers/%s/add_router_interface", router),
			      "{\"subnet_id\":\"%s\"}", subnet),
			 400);
	assert_int_equal(call("DELETE", path("routers", router), NULL), 409);
	assert_string_equal(fault(), "RouterInUse");
	assert_int_equal(call("DELETE", path("ports", port), NULL), 409);
	assert_int_equal(
		call("PUT",
		     arena_printf(&box.arena, "/network/v2.0/routers/%s/remove_router_interface",
				  router),
		     "{\"subnet_id\":\"%s\"}", subnet),
		200);
	assert_int_equal(call("DELETE", path("routers", router), NULL), 204);
}

static void groups_and_rules(void **state)
{
	const char *group, *rule;

	(void)state;
	assert_int_equal(call("GET", "/network/v2.0/security-groups?name=default", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body,
							"/security_groups/0/security_group_rules")),
			 4);
	assert_int_equal(call("POST", "/network/v2.0/security-groups",
			      "{\"security_group\":{\"name\":\"web\"}}"),
			 201);
	group = at("/security_group/id");
	assert_int_equal(call("POST", "/network/v2.0/security-group-rules",
			      "{\"security_group_rule\":{\"security_group_id\":\"%s\","
			      "\"direction\":\"ingress\",\"protocol\":\"TCP\",\"port_range_min\":"
			      "80,\"port_range_max\":80,\"remote_ip_prefix\":\"10.0.0.1/8\"}}",
			      group),
			 201);
	rule = at("/security_group_rule/id");
	assert_string_equal(at("/security_group_rule/protocol"), "tcp");
	assert_string_equal(at("/security_group_rule/normalized_cidr"), "10.0.0.0/8");
	assert_int_equal(call("POST", "/network/v2.0/security-group-rules",
			      "{\"security_group_rule\":{\"security_group_id\":\"%s\","
			      "\"direction\":\"ingress\",\"protocol\":\"tcp\",\"port_range_min\":"
			      "90,\"port_range_max\":80}}",
			      group),
			 400);
	assert_string_equal(fault(), "SecurityGroupInvalidPortRange");
	assert_int_equal(call("DELETE", path("security-group-rules", rule), NULL), 204);
	assert_int_equal(call("DELETE", path("security-groups", group), NULL), 204);
}

static void pages_have_links(void **state)
{
	(void)state;
	make_network("page");
	make_network("page");
	assert_int_equal(call("GET", "/network/v2.0/networks?name=page&limit=1", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/networks")), 1);
	assert_string_equal(at("/networks_links/0/rel"), "next");
	assert_non_null(strstr(at("/networks_links/0/href"), "marker="));
}

static void fields_are_selected(void **state)
{
	(void)state;
	assert_int_equal(call("GET", "/network/v2.0/networks?fields=id", NULL), 200);
	assert_int_equal(yyjson_obj_size(yyjson_ptr_get(box.body, "/networks/0")), 1);
}

static void unknown_parts_are_not_found(void **state)
{
	(void)state;
	assert_int_equal(call("GET", "/network/v2.0/nonsense", NULL), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_boot_makes_a_way_out),
		cmocka_unit_test(network_life),
		cmocka_unit_test(bad_bodies_change_nothing),
		cmocka_unit_test(addresses_are_given_once),
		cmocka_unit_test(bulk_ports_take_different_addresses),
		cmocka_unit_test(deleting_a_network_takes_its_subnets_and_service_port),
		cmocka_unit_test(subnets_are_checked),
		cmocka_unit_test(router_joins_subnets),
		cmocka_unit_test(groups_and_rules),
		cmocka_unit_test(pages_have_links),
		cmocka_unit_test(fields_are_selected),
		cmocka_unit_test(unknown_parts_are_not_found),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
