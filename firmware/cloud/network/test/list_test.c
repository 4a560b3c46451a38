/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists keep what they show of a record: never longer than it is so. */
#include "firmware/cloud/network/test/api.h"

#define V2 "/network/v2.0/"

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

/* A record by itself is shown as it is; what a list says of it must be the same. */
static void list_agrees(const char *collection, const char *plural, const char *singular)
{
	yyjson_val *items, *item;
	size_t i, count;

	assert_int_equal(call("GET", arena_printf(&box.arena, V2 "%s", collection), NULL), 200);
	items = yyjson_obj_get(box.body, plural);
	assert_true(yyjson_arr_size(items) > 0);
	yyjson_arr_foreach (items, i, count, item) {
		assert_int_equal(call("GET", path(collection, json_string(item, "id")), NULL), 200);
		assert_true(yyjson_equals(yyjson_obj_get(box.body, singular), item));
	}
}

static void all_agree(void)
{
	for (int turn = 0; turn < 2; turn++) {
		list_agrees("networks", "networks", "network");
		list_agrees("subnets", "subnets", "subnet");
		list_agrees("ports", "ports", "port");
		list_agrees("routers", "routers", "router");
		list_agrees("security-groups", "security_groups", "security_group");
		list_agrees("security-group-rules", "security_group_rules", "security_group_rule");
	}
}

static void lists_agree_with_records(void **state)
{
	const char *network, *subnet, *port, *group;

	(void)state;
	make_network("yard");
	network = keep("/network/id");
	make_subnet(network, "10.77.0.0/24");
	subnet = keep("/subnet/id");
	make_port(network);
	port = keep("/port/id");
	all_agree();
	assert_int_equal(call("PUT", path("ports", port),
			      "{\"port\":{\"name\":\"a \\\"b\\\"\",\"fixed_ips\":[{\"ip_address\":"
			      "\"10.77.0.99\"}]}}"),
			 200);
	all_agree();
	assert_int_equal(call("GET", V2 "ports?name=a%20%22b%22", NULL), 200);
	assert_string_equal(at("/ports/0/fixed_ips/0/ip_address"), "10.77.0.99");
	assert_string_equal(at("/ports/0/dns_assignment/0/ip_address"), "10.77.0.99");
	assert_int_equal(call("PUT", path("subnets", subnet),
			      "{\"subnet\":{\"dns_nameservers\":[\"192.0.2.53\"]}}"),
			 200);
	assert_int_equal(call("PUT", path("networks", network),
			      "{\"network\":{\"name\":\"street\",\"dns_domain\":\"a.example.\"}}"),
			 200);
	assert_int_equal(call("GET", V2 "security-groups?name=default", NULL), 200);
	group = keep("/security_groups/0/id");
	assert_int_equal(call("POST", V2 "security-group-rules",
			      "{\"security_group_rule\":{\"security_group_id\":\"%s\","
			      "\"direction\":\"ingress\",\"protocol\":\"tcp\"}}",
			      group),
			 201);
	all_agree();
	/* The name of its network's domain stands in another record than the port. */
	assert_int_equal(call("GET", V2 "ports?name=a%20%22b%22", NULL), 200);
	assert_non_null(strstr(at("/ports/0/dns_assignment/0/fqdn"), ".a.example."));
}

static void fields_are_chosen_from_what_is_kept(void **state)
{
	(void)state;
	make_network("yard");
	make_port(keep("/network/id"));
	assert_int_equal(call("GET", V2 "ports", NULL), 200);
	assert_int_equal(call("GET", V2 "ports?fields=id&fields=dns_assignment", NULL), 200);
	assert_int_equal(yyjson_obj_size(yyjson_ptr_get(box.body, "/ports/0")), 2);
	assert_int_equal(call("GET", V2 "ports?fields=nothing", NULL), 200);
	assert_int_equal(yyjson_obj_size(yyjson_ptr_get(box.body, "/ports/0")), 0);
	assert_int_equal(call("GET", V2 "ports", NULL), 200);
	assert_true(yyjson_obj_size(yyjson_ptr_get(box.body, "/ports/0")) > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lists_agree_with_records, setup, teardown),
		cmocka_unit_test_setup_teardown(fields_are_chosen_from_what_is_kept, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
