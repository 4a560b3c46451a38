/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Topologies that are made when a project asks for them. */
#include "firmware/cloud/network/test/api.h"

#define V2 "/network/v2.0/"
#define PROJECT "0123456789abcdef0123456789abcdef"
#define TOPOLOGY V2 "auto-allocated-topology/" PROJECT

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static size_t count(const char *plural)
{
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "%s?project_id=" PROJECT, plural), NULL),
		200);
	return yyjson_arr_size(yyjson_ptr_get(box.body, arena_printf(&box.arena, "/%s", plural)));
}

static void make_pool(const char *prefix, int length)
{
	assert_int_equal(call("POST", V2 "subnetpools",
			      "{\"subnetpool\":{\"name\":\"default\",\"prefixes\":[\"%s\"],"
			      "\"is_default\":true,\"shared\":true,\"default_prefixlen\":%d}}",
			      prefix, length),
			 201);
}

static void one_external_network_is_the_default(void **state)
{
	const char *public, *other;

	(void)state;
	assert_int_equal(call("GET", V2 "networks?is_default=True", NULL), 200);
	public = keep("/networks/0/id");
	assert_int_equal(call("POST", V2 "networks",
			      "{\"network\":{\"router:external\":true,\"is_default\":true}}"),
			 409);
	assert_string_equal(fault(), "DefaultExternalNetworkExists");
	assert_int_equal(call("POST", V2 "networks", "{\"network\":{\"is_default\":true}}"), 201);
	assert_null(yyjson_ptr_get(box.body, "/network/is_default"));
	assert_int_equal(call("POST", V2 "networks", "{\"network\":{\"router:external\":true}}"),
			 201);
	other = keep("/network/id");
	assert_false(yyjson_get_bool(yyjson_ptr_get(box.body, "/network/is_default")));
	/* it is everybody's */
	assert_int_equal(
		call("GET",
		     arena_printf(&box.arena,
				  V2 "rbac-policies?object_id=%s&action=access_as_external",
				  public),
		     NULL),
		200);
	assert_int_equal(call("DELETE", path("rbac-policies", at("/rbac_policies/0/id")), NULL),
			 409);
	assert_int_equal(
		call("PUT", path("networks", public), "{\"network\":{\"is_default\":false}}"), 200);
	assert_int_equal(
		call("PUT", path("networks", other), "{\"network\":{\"is_default\":true}}"), 200);
	assert_int_equal(call("DELETE", path("networks", other), NULL), 204);
	assert_int_equal(call("GET", TOPOLOGY, NULL), 409);
	assert_non_null(strstr(at("/NeutronError/message"), "No default router:external network"));
	assert_int_equal(
		call("PUT", path("networks", public), "{\"network\":{\"is_default\":true}}"), 200);
}

static void topologies_are_made_once(void **state)
{
	const char *network;

	(void)state;
	assert_int_equal(call("GET", TOPOLOGY "?fields=dry-run", NULL), 409);
	assert_string_equal(at("/NeutronError/message"),
			    "Deployment error: No default subnetpools defined.");
	make_pool("10.96.0.0/12", 24);
	make_pool("fd00:1::/48", 64);
	assert_int_equal(call("GET", TOPOLOGY "?fields=dry-run", NULL), 200);
	assert_string_equal(at("/auto_allocated_topology/id"), "dry-run=pass");
	assert_int_equal(count("networks"), 0);
	assert_int_equal(call("GET", TOPOLOGY, NULL), 200);
	network = keep("/auto_allocated_topology/id");
	assert_int_equal(count("networks"), 1);
	assert_string_equal(at("/networks/0/id"), network);
	assert_true(yyjson_get_bool(yyjson_ptr_get(box.body, "/networks/0/admin_state_up")));
	assert_int_equal(count("subnets"), 2);
	assert_int_equal(count("routers"), 1);
	assert_non_null(at("/routers/0/external_gateway_info/network_id"));
	assert_int_equal(call("GET", TOPOLOGY, NULL), 200);
	assert_string_equal(at("/auto_allocated_topology/id"), network);
	assert_int_equal(count("networks"), 1);
	assert_int_equal(call("DELETE", TOPOLOGY, NULL), 204);
	assert_int_equal(count("networks") + count("routers") + count("subnets"), 0);
	assert_int_equal(call("GET", TOPOLOGY "?fields=nothing", NULL), 400);
}

static void what_fails_leaves_nothing(void **state)
{
	(void)state;
	assert_int_equal(call("PUT", V2 "quotas/" PROJECT, "{\"quota\":{\"router\":0}}"), 200);
	assert_int_equal(call("GET", TOPOLOGY, NULL), 409);
	assert_string_equal(fault(), "OverQuota");
	assert_int_equal(count("networks") + count("subnets"), 0);
	assert_int_equal(call("DELETE", V2 "quotas/" PROJECT, NULL), 204);
	assert_int_equal(call("GET", TOPOLOGY, NULL), 200);
	/* a port there keeps it */
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"project_id\":\"" PROJECT "\"}}",
			      at("/auto_allocated_topology/id")),
			 201);
	assert_int_equal(call("DELETE", TOPOLOGY, NULL), 409);
	assert_int_equal(count("networks"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_external_network_is_the_default),
		cmocka_unit_test(topologies_are_made_once),
		cmocka_unit_test(what_fails_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
