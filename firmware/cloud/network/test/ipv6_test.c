/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 subnets and the addresses of their ports, as Neutron gives them. */
#include "firmware/cloud/network/test/api.h"

#define MAC "fa:16:3e:11:22:33"
#define OWN "f816:3eff:fe11:2233" /* what the MAC stands for */

/* The status of making a subnet; modes: further members, each behind a comma. */
static int make_subnet6(const char *network, const char *cidr, const char *modes)
{
	return call("POST", "/network/v2.0/subnets",
		    "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":6,\"cidr\":\"%s\"%s}}",
		    network, cidr, modes);
}

static const char *make_auto(const char *network, const char *cidr)
{
	assert_int_equal(
		make_subnet6(network, cidr,
			     ",\"ipv6_ra_mode\":\"slaac\",\"ipv6_address_mode\":\"slaac\""),
		201);
	return at("/subnet/id");
}

static int make_port_with(const char *network, const char *more)
{
	return call("POST", "/network/v2.0/ports",
		    "{\"port\":{\"network_id\":\"%s\",\"mac_address\":\"" MAC "\"%s}}", network,
		    more);
}

static size_t address_count(void)
{
	return yyjson_arr_size(yyjson_ptr_get(box.body, "/port/fixed_ips"));
}

static bool has_address(const char *address)
{
	yyjson_val *list = yyjson_ptr_get(box.body, "/port/fixed_ips"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if (json_is(item, "ip_address", address))
			return true;
	}
	return false;
}

static void gateways_and_pools(void **state)
{
	const char *network = make_network("six");

	(void)state;
	assert_int_equal(make_subnet6(network, "2001:db8:1::/64", ""), 201);
	assert_string_equal(at("/subnet/gateway_ip"), "2001:db8:1::");
	assert_string_equal(at("/subnet/allocation_pools/0/start"), "2001:db8:1::1");
	assert_string_equal(at("/subnet/allocation_pools/0/end"),
			    "2001:db8:1:0:ffff:ffff:ffff:ffff");
	assert_true(yyjson_is_null(yyjson_ptr_get(box.body, "/subnet/ipv6_ra_mode")));
	assert_int_equal(make_subnet6(network, "2001:db8:2::/64", ",\"gateway_ip\":\"fe80::1\""),
			 201);
	assert_string_equal(at("/subnet/gateway_ip"), "fe80::1");
	assert_int_equal(make_subnet6(network, "2001:db8:3::/64", ",\"gateway_ip\":\"10.0.0.1\""),
			 400);
	assert_int_equal(make_subnet6(network, "2001:db8:3::/127", ""), 400);
	assert_int_equal(make_subnet6(network, "10.0.0.0/24", ""), 400);
}

static void modes_are_checked(void **state)
{
	static const struct {
		const char *modes;
		int status;
	} cases[] = {
		{ ",\"ipv6_ra_mode\":\"slaac\",\"ipv6_address_mode\":\"dhcpv6-stateful\"", 400 },
		{ ",\"ipv6_ra_mode\":\"sometimes\"", 400 },
		{ ",\"ipv6_ra_mode\":null", 400 },
		{ ",\"ipv6_ra_mode\":\"slaac\",\"enable_dhcp\":false", 400 },
		{ ",\"ipv6_address_mode\":\"dhcpv6-stateful\"", 201 },
	};
	const char *network = make_network("modes");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(make_subnet6(network, "2001:db8::/80", cases[i].modes),
				 cases[i].status);
	assert_int_equal(call("PUT", path("subnets", at("/subnet/id")),
			      "{\"subnet\":{\"enable_dhcp\":false}}"),
			 400);
	assert_int_equal(make_subnet6(network, "2001:db8:1::/80", ",\"ipv6_ra_mode\":\"slaac\""),
			 400);
	assert_non_null(strstr(at("/NeutronError/message"), "requires the prefix to be /64"));
	assert_int_equal(call("POST", "/network/v2.0/subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"cidr\":\"10.0.0.0/24\",\"ipv6_ra_mode\":\"slaac\"}}",
			      network),
			 400);
}

static void ports_have_their_automatic_addresses(void **state)
{
	const char *network = make_network("auto"), *subnet, *port;

	(void)state;
	make_subnet(network, "10.8.0.0/24");
	make_auto(network, "2001:db8:a::/64");
	assert_int_equal(make_port_with(network, ""), 201);
	port = at("/port/id");
	assert_int_equal(address_count(), 2);
	assert_true(has_address("10.8.0.3"));
	assert_true(has_address("2001:db8:a:0:" OWN));
	/* One that comes later, and one that goes. */
	subnet = make_auto(network, "2001:db8:b::/64");
	assert_int_equal(call("GET", path("ports", port), NULL), 200);
	assert_true(has_address("2001:db8:b:0:" OWN));
	assert_int_equal(call("DELETE", path("subnets", subnet), NULL), 204);
	assert_int_equal(call("GET", path("ports", port), NULL), 200);
	assert_int_equal(address_count(), 2);
	/* Another MAC stands for another address. */
	assert_int_equal(call("PUT", path("ports", port),
			      "{\"port\":{\"mac_address\":\"fa:16:3e:00:00:09\"}}"),
			 200);
	assert_true(has_address("2001:db8:a:0:f816:3eff:fe00:9"));
	assert_false(has_address("2001:db8:a:0:" OWN));
	assert_true(has_address("10.8.0.3"));
	assert_int_equal(call("DELETE", path("networks", network), NULL), 409);
	assert_int_equal(call("DELETE", path("ports", port), NULL), 204);
	assert_int_equal(call("DELETE", path("networks", network), NULL), 204);
}

static void fixed_ips_of_automatic_subnets(void **state)
{
	const char *network = make_network("fixed"), *subnet, *port;

	(void)state;
	subnet = make_auto(network, "2001:db8:a::/64");
	assert_int_equal(
		make_port_with(network, ",\"fixed_ips\":[{\"ip_address\":\"2001:db8:a::7\"}]"),
		400);
	assert_string_equal(fault(), "AllocationOnAutoAddressSubnet");
	assert_int_equal(make_port_with(network, ",\"fixed_ips\":[]"), 201);
	assert_true(has_address("2001:db8:a:0:" OWN));
	port = at("/port/id");
	assert_int_equal(call("PUT", path("ports", port), "{\"port\":{\"fixed_ips\":[]}}"), 200);
	assert_int_equal(address_count(), 1);
	assert_int_equal(call("PUT", path("ports", port),
			      "{\"port\":{\"fixed_ips\":[{\"subnet_id\":\"%s\","
			      "\"delete_subnet\":true}]}}",
			      subnet),
			 200);
	assert_int_equal(address_count(), 0);
}

static void stateful_addresses_come_from_the_pools(void **state)
{
	const char *network = make_network("stateful");

	(void)state;
	assert_int_equal(
		make_subnet6(network, "2001:db8:c::/64", ",\"ipv6_ra_mode\":\"dhcpv6-stateful\""),
		201);
	assert_int_equal(make_port_with(network, ""), 201);
	assert_true(has_address("2001:db8:c::2")); /* ::1 is the service's */
	assert_int_equal(
		make_port_with(network, ",\"fixed_ips\":[{\"ip_address\":\"2001:db8:c::\"}]"), 400);
	assert_string_equal(fault(), "InvalidIpForSubnet");
	assert_int_equal(call("POST", "/network/v2.0/ports",
			      "{\"port\":{\"network_id\":\"%s\",\"fixed_ips\":[{\"ip_address\":"
			      "\"2001:db8:c:0::2\"}]}}",
			      network),
			 409);
}

static const char *interface(const char *router, const char *action)
{
	return arena_printf(&box.arena, "/network/v2.0/routers/%s/%s_router_interface", router,
			    action);
}

static void router_port_has_all_prefixes(void **state)
{
	const char *network = make_network("prefixes"), *one, *two, *outside, *router, *port;

	(void)state;
	one = make_auto(network, "2001:db8:d::/64");
	two = make_auto(network, "2001:db8:e::/64");
	assert_int_equal(
		make_subnet6(network, "2001:db8:f::/64", ",\"ipv6_address_mode\":\"slaac\""), 201);
	outside = at("/subnet/id");
	assert_int_equal(call("POST", "/network/v2.0/routers", "{\"router\":{}}"), 201);
	router = at("/router/id");
	assert_int_equal(call("PUT", interface(router, "add"), "{\"subnet_id\":\"%s\"}", one), 200);
	port = at("/port_id");
	assert_int_equal(call("PUT", interface(router, "add"), "{\"subnet_id\":\"%s\"}", two), 200);
	assert_string_equal(at("/port_id"), port);
	assert_string_equal(at("/subnet_ids/0"), two);
	assert_int_equal(call("PUT", interface(router, "add"), "{\"subnet_id\":\"%s\"}", two), 400);
	assert_int_equal(call("PUT", interface(router, "add"), "{\"subnet_id\":\"%s\"}", outside),
			 400);
	assert_int_equal(call("GET", path("ports", port), NULL), 200);
	assert_int_equal(address_count(), 2);
	assert_int_equal(call("DELETE", path("subnets", two), NULL), 409);
	assert_int_equal(call("PUT", interface(router, "remove"), "{\"subnet_id\":\"%s\"}", two),
			 200);
	assert_int_equal(call("GET", path("ports", port), NULL), 200);
	assert_int_equal(address_count(), 1);
	assert_int_equal(call("PUT", interface(router, "remove"), "{\"subnet_id\":\"%s\"}", one),
			 200);
	assert_int_equal(call("GET", path("ports", port), NULL), 404);
}

static int make_rule(const char *group, const char *ethertype, const char *protocol)
{
	return call("POST", "/network/v2.0/security-group-rules",
		    "{\"security_group_rule\":{\"security_group_id\":\"%s\","
		    "\"direction\":\"ingress\",\"ethertype\":\"%s\",\"protocol\":\"%s\"}}",
		    group, ethertype, protocol);
}

static void rules_name_icmp_of_ipv6(void **state)
{
	const char *group;

	(void)state;
	assert_int_equal(call("POST", "/network/v2.0/security-groups",
			      "{\"security_group\":{\"name\":\"six\"}}"),
			 201);
	group = at("/security_group/id");
	assert_int_equal(make_rule(group, "IPv6", "icmpv6"), 201);
	assert_string_equal(at("/security_group_rule/protocol"), "ipv6-icmp");
	assert_int_equal(make_rule(group, "IPv6", "icmp"), 409);
	assert_int_equal(make_rule(group, "IPv6", "1"), 201);
	assert_string_equal(at("/security_group_rule/protocol"), "58");
	assert_int_equal(make_rule(group, "IPv4", "icmpv6"), 400);
	assert_string_equal(fault(), "SecurityGroupEthertypeConflictWithProtocol");
	assert_int_equal(make_rule(group, "IPv4", "58"), 400);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gateways_and_pools),
		cmocka_unit_test(modes_are_checked),
		cmocka_unit_test(ports_have_their_automatic_addresses),
		cmocka_unit_test(fixed_ips_of_automatic_subnets),
		cmocka_unit_test(stateful_addresses_come_from_the_pools),
		cmocka_unit_test(router_port_has_all_prefixes),
		cmocka_unit_test(rules_name_icmp_of_ipv6),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
