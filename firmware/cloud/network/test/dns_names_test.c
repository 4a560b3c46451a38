/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of ports and domains of networks, as clients see them. */
#include "firmware/cloud/network/test/api.h"

static int make_named(const char *network, const char *name)
{
	return call("POST", "/network/v2.0/ports",
		    "{\"port\":{\"network_id\":\"%s\",\"dns_name\":\"%s\"}}", network, name);
}

static void addresses_have_names(void **state)
{
	const char *network, *port;

	(void)state;
	assert_int_equal(call("POST", "/network/v2.0/networks",
			      "{\"network\":{\"name\":\"n\",\"dns_domain\":\"lab.example.\"}}"),
			 201);
	network = at("/network/id");
	make_subnet(network, "10.9.0.0/24");
	assert_int_equal(make_named(network, "Web"), 201);
	port = at("/port/id");
	assert_string_equal(at("/port/dns_name"), "web");
	assert_string_equal(at("/port/dns_assignment/0/ip_address"), "10.9.0.3");
	assert_string_equal(at("/port/dns_assignment/0/hostname"), "web");
	assert_string_equal(at("/port/dns_assignment/0/fqdn"), "web.lab.example.");
	assert_int_equal(call("PUT", path("ports", port), "{\"port\":{\"dns_name\":\"\"}}"), 200);
	assert_string_equal(at("/port/dns_assignment/0/hostname"), "host-10-9-0-3");
	assert_int_equal(call("PUT", path("ports", port), "{\"port\":{\"dns_assignment\":[]}}"),
			 400);
}

static void bad_names_are_refused(void **state)
{
	static const char *const names[] = { "-web",
					     "web-",
					     "we_b",
					     "a..b",
					     "a.1",
					     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
					     "aaaaaaaaaaa" };
	const char *network = make_network("names");

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		assert_int_equal(make_named(network, names[i]), 400);
	assert_int_equal(make_named(network, "web.lab.example."), 201);
	assert_int_equal(call("PUT", path("networks", network),
			      "{\"network\":{\"dns_domain\":\"lab.example\"}}"),
			 400);
	assert_int_equal(call("PUT", path("networks", network),
			      "{\"network\":{\"dns_domain\":\"lab.example.\"}}"),
			 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_have_names),
		cmocka_unit_test(bad_names_are_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
