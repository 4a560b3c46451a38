/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The box as Neutron's agents, and what is taken from them. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/desired.h"

#define V2 "/network/v2.0/"

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static const char *agent_of(const char *type)
{
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "agents?agent_type=%s", type), NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/agents")), 1);
	return keep("/agents/0/id");
}

static yyjson_val *record_of(const struct resource *resource, const char *id,
			     struct store_view **view)
{
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, view, NULL), 0);
	assert_int_equal(resource_get(*view, &box.arena, resource, id, &record, NULL), 0);
	return record;
}

static bool has_dhcp(const char *network_id)
{
	struct net_network network = { 0 };
	struct store_view *view;
	yyjson_val *record = record_of(&resource_network, network_id, &view);

	assert_int_equal(desired_network(view, &box.arena, record, &network, NULL), 0);
	store_view_close(view);
	assert_int_equal(network.subnets.count, 1);
	return ((struct net_subnet *)network.subnets.items)->dhcp;
}

static bool is_carried(const char *router_id)
{
	struct net_router router = { 0 };
	struct store_view *view;
	yyjson_val *record = record_of(&resource_router, router_id, &view);

	assert_int_equal(desired_router(view, &box.arena, record, &router, NULL), 0);
	store_view_close(view);
	return router.admin_up;
}

static void agents_are_the_box(void **state)
{
	const char *agent;

	(void)state;
	assert_int_equal(call("GET", V2 "agents", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/agents")), 4);
	/* no netd talks to this test */
	assert_false(yyjson_get_bool(yyjson_ptr_get(box.body, "/agents/0/alive")));
	agent = agent_of("L3%20agent");
	assert_string_equal(at("/agents/0/binary"), "neutron-l3-agent");
	assert_int_equal(
		yyjson_get_int(yyjson_ptr_get(box.body, "/agents/0/configurations/routers")), 1);
	assert_int_equal(
		call("PUT", path("agents", agent), "{\"agent\":{\"description\":\"mine\"}}"), 200);
	assert_string_equal(at("/agent/description"), "mine");
	assert_int_equal(call("PUT", path("agents", agent), "{\"agent\":{\"host\":\"x\"}}"), 400);
	assert_int_equal(call("DELETE", path("agents", agent), NULL), 204);
	assert_int_equal(call("GET", path("agents", agent), NULL), 200);
	assert_null(at("/agent/description"));
	assert_int_equal(call("GET", path("agents", "nobody"), NULL), 404);
	assert_string_equal(fault(), "AgentNotFound");
}

static void networks_are_taken_away(void **state)
{
	const char *agent = agent_of("DHCP%20agent"), *network = make_network("served");
	const char *empty = make_network("nothing to serve");
	const char *hosted = arena_printf(&box.arena, V2 "agents/%s/dhcp-networks", agent);

	(void)state;
	assert_int_equal(call("DELETE", arena_printf(&box.arena, "%s/%s", hosted, network), NULL),
			 409);
	assert_int_equal(call("POST", hosted, "{\"network_id\":\"%s\"}", empty), 201);
	assert_int_equal(call("POST", hosted, "{\"network_id\":\"%s\"}", empty), 409);
	make_subnet(network, "10.61.0.0/24");
	assert_true(has_dhcp(network));
	assert_int_equal(call("POST", hosted, "{\"network_id\":\"%s\"}", network), 409);
	assert_string_equal(fault(), "NetworkHostedByDHCPAgent");
	assert_int_equal(call("DELETE", arena_printf(&box.arena, "%s/%s", hosted, network), NULL),
			 204);
	assert_false(has_dhcp(network));
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "networks/%s/dhcp-agents", network), NULL),
		200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/agents")), 0);
	assert_int_equal(call("DELETE", arena_printf(&box.arena, "%s/%s", hosted, network), NULL),
			 409);
	assert_string_equal(fault(), "NetworkNotHostedByDhcpAgent");
	assert_int_equal(call("POST", hosted, "{\"network_id\":\"%s\"}", network), 201);
	assert_true(has_dhcp(network));
	/* an agent that is down serves nobody, and takes nothing */
	assert_int_equal(
		call("PUT", path("agents", agent), "{\"agent\":{\"admin_state_up\":false}}"), 200);
	assert_false(has_dhcp(network));
	assert_int_equal(call("POST", hosted, "{\"network_id\":\"%s\"}", network), 409);
	assert_string_equal(fault(), "InvalidDHCPAgent");
	assert_int_equal(
		call("PUT", path("agents", agent), "{\"agent\":{\"admin_state_up\":true}}"), 200);
	assert_true(has_dhcp(network));
}

static void routers_are_taken_away(void **state)
{
	const char *agent = agent_of("L3%20agent"), *router;
	const char *hosted = arena_printf(&box.arena, V2 "agents/%s/l3-routers", agent);

	(void)state;
	assert_int_equal(call("POST", V2 "routers", "{\"router\":{\"name\":\"moved\"}}"), 201);
	router = keep("/router/id");
	assert_true(is_carried(router));
	assert_int_equal(call("GET", hosted, NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/routers")), 2);
	assert_int_equal(call("DELETE", arena_printf(&box.arena, "%s/%s", hosted, router), NULL),
			 204);
	assert_false(is_carried(router));
	assert_int_equal(call("GET", hosted, NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/routers")), 1);
	assert_int_equal(call("POST", hosted, "{\"router_id\":\"%s\"}", router), 201);
	assert_true(is_carried(router));
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "routers/%s/l3-agents", router), NULL),
		200);
	assert_string_equal(at("/agents/0/id"), agent);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(agents_are_the_box),
		cmocka_unit_test(networks_are_taken_away),
		cmocka_unit_test(routers_are_taken_away),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
