/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QoS policies, their rules, who has them, and what netd is told. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/desired.h"
#include "firmware/cloud/network/qos.h"

#define V2 "/network/v2.0/"
#define STRANGER "0123456789abcdef0123456789abcdef"

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static int64_t number(const char *pointer)
{
	return yyjson_get_sint(yyjson_ptr_get(box.body, pointer));
}

static const char *make_policy(const char *more)
{
	assert_int_equal(
		call("POST", V2 "qos/policies", "{\"policy\":{\"name\":\"gold\"%s}}", more), 201);
	return keep("/policy/id");
}

static int make_rule(const char *policy, const char *type, const char *members)
{
	return call("POST", arena_printf(&box.arena, V2 "qos/policies/%s/%s_rules", policy, type),
		    "{\"%s_rule\":{%s}}", type, members);
}

static struct net_port port_of(const char *id)
{
	struct net_port port = { 0 };
	struct store_view *view;
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(resource_get(view, &box.arena, &resource_port, id, &record, NULL), 0);
	assert_int_equal(desired_port(view, &box.arena, record, &port, NULL), 0);
	store_view_close(view);
	return port;
}

static struct net_network network_of(const char *id)
{
	struct net_network network = { 0 };
	struct store_view *view;
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(resource_get(view, &box.arena, &resource_network, id, &record, NULL), 0);
	assert_int_equal(desired_network(view, &box.arena, record, &network, NULL), 0);
	store_view_close(view);
	return network;
}

static struct net_router router_of(const char *id)
{
	struct net_router router = { 0 };
	struct store_view *view;
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(resource_get(view, &box.arena, &resource_router, id, &record, NULL), 0);
	assert_int_equal(desired_router(view, &box.arena, record, &router, NULL), 0);
	store_view_close(view);
	return router;
}

static void policies_have_rules(void **state)
{
	const char *policy = make_policy(",\"shared\":true"), *rule, *other;

	(void)state;
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":1000"), 201);
	rule = keep("/bandwidth_limit_rule/id");
	assert_string_equal(at("/bandwidth_limit_rule/direction"), "egress");
	assert_int_equal(number("/bandwidth_limit_rule/max_burst_kbps"), 0);
	assert_null(yyjson_ptr_get(box.body, "/bandwidth_limit_rule/policy_id"));
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":1"), 409);
	assert_string_equal(fault(), "QoSRulesConflict");
	assert_int_equal(make_rule(policy, "bandwidth_limit",
				   "\"max_kbps\":\"2000\",\"direction\":\"ingress\""),
			 201);
	assert_int_equal(make_rule(policy, "dscp_marking", "\"dscp_mark\":26"), 201);
	assert_int_equal(call("GET", path("qos/policies", policy), NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/policy/rules")), 3);
	assert_string_equal(at("/policy/rules/2/type"), "dscp_marking");
	assert_string_equal(at("/policy/rules/2/qos_policy_id"), policy);
	assert_true(yyjson_get_bool(yyjson_ptr_get(box.body, "/policy/shared")));
	/* by way of the policy, of another policy, and without one */
	other = make_policy("");
	assert_int_equal(
		call("GET",
		     path(arena_printf(&box.arena, "qos/policies/%s/bandwidth_limit_rules", policy),
			  rule),
		     NULL),
		200);
	assert_int_equal(
		call("GET",
		     path(arena_printf(&box.arena, "qos/policies/%s/bandwidth_limit_rules", other),
			  rule),
		     NULL),
		404);
	assert_string_equal(at("/NeutronError/message"),
			    arena_printf(&box.arena,
					 "QoS rule %s for policy %s could not be found.", rule,
					 other));
	assert_int_equal(call("PUT", path("qos/alias_bandwidth_limit_rules", rule),
			      "{\"alias_bandwidth_limit_rule\":{\"max_kbps\":500}}"),
			 200);
	assert_int_equal(number("/alias_bandwidth_limit_rule/max_kbps"), 500);
	assert_int_equal(call("DELETE", path("qos/alias_bandwidth_limit_rules", rule), NULL), 204);
	assert_int_equal(call("GET", path("qos/policies", policy), NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/policy/rules")), 2);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 204);
}

static void rules_are_checked(void **state)
{
	const char *policy = make_policy("");

	(void)state;
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_burst_kbps\":1"), 400);
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":-1"), 400);
	assert_int_equal(
		make_rule(policy, "bandwidth_limit", "\"max_kbps\":1,\"direction\":\"both\""), 400);
	assert_int_equal(make_rule(policy, "dscp_marking", "\"dscp_mark\":3"), 400);
	assert_non_null(strstr(at("/NeutronError/message"), "3 is not in [0, 8, 10"));
	assert_int_equal(make_rule(policy, "minimum_bandwidth", "\"min_kbps\":700"), 201);
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":699"), 409);
	assert_string_equal(fault(), "QoSRuleParameterConflict");
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":700"), 201);
	assert_int_equal(make_rule("00000000-0000-4000-8000-000000000000", "dscp_marking",
				   "\"dscp_mark\":0"),
			 404);
	assert_string_equal(fault(), "QosPolicyNotFound");
}

static void what_nothing_enforces_is_refused(void **state)
{
	const char *policy = make_policy(""), *network = make_network("plain");
	const char *port = make_port(network);

	(void)state;
	assert_int_equal(
		call("PUT", path("ports", port), "{\"port\":{\"qos_policy_id\":\"%s\"}}", policy),
		200);
	assert_int_equal(make_rule(policy, "minimum_bandwidth", "\"min_kbps\":700"), 409);
	assert_string_equal(fault(), "QosRuleNotSupported");
	assert_int_equal(call("PUT", path("ports", port), "{\"port\":{\"qos_policy_id\":null}}"),
			 200);
	assert_int_equal(make_rule(policy, "minimum_bandwidth", "\"min_kbps\":700"), 201);
	assert_int_equal(
		call("PUT", path("ports", port), "{\"port\":{\"qos_policy_id\":\"%s\"}}", policy),
		409);
	assert_int_equal(call("PUT", path("networks", network),
			      "{\"network\":{\"qos_policy_id\":\"%s\"}}", policy),
			 409);
	assert_string_equal(fault(), "QosRuleNotSupportedByNetwork");
	assert_int_equal(call("GET", V2 "qos/rule-types", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/rule_types")), 2);
	assert_int_equal(call("GET", V2 "qos/rule-types?all_rules=True", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/rule_types")), 5);
	assert_int_equal(call("GET", V2 "qos/rule-types/bandwidth_limit", NULL), 200);
	assert_int_equal(number("/rule_type/drivers/0/supported_parameters/0/parameter_values/end"),
			 2147483647);
	assert_int_equal(call("GET", V2 "qos/rule-types/nothing", NULL), 404);
}

static void a_policy_in_use_stays(void **state)
{
	const char *policy = make_policy(""), *network, *port;

	(void)state;
	assert_int_equal(
		call("POST", V2 "networks", "{\"network\":{\"qos_policy_id\":\"%s\"}}", policy),
		201);
	network = keep("/network/id");
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"qos_policy_id\":\"%s\"}}",
			      network, policy),
			 201);
	port = keep("/port/id");
	assert_string_equal(at("/port/qos_network_policy_id"), policy);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 409);
	assert_string_equal(
		at("/NeutronError/message"),
		arena_printf(&box.arena, "QoS Policy %s is used by port %s.", policy, port));
	assert_int_equal(call("DELETE", path("ports", port), NULL), 204);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 409);
	assert_string_equal(fault(), "QosPolicyInUse");
	assert_int_equal(call("DELETE", path("networks", network), NULL), 204);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 204);
	assert_int_equal(
		call("POST", V2 "networks", "{\"network\":{\"qos_policy_id\":\"%s\"}}", policy),
		404);
}

static void netd_is_told(void **state)
{
	const char *strict = make_policy(""), *loose = make_policy("");
	const char *network = make_network("told"), *port = make_port(network);

	(void)state;
	assert_int_equal(make_rule(strict, "bandwidth_limit", "\"max_kbps\":1000"), 201);
	assert_int_equal(make_rule(strict, "bandwidth_limit",
				   "\"max_kbps\":2000,\"max_burst_kbps\":70,"
				   "\"direction\":\"ingress\""),
			 201);
	assert_int_equal(make_rule(strict, "dscp_marking", "\"dscp_mark\":0"), 201);
	assert_false(port_of(port).qos.set);
	assert_int_equal(call("PUT", path("networks", network),
			      "{\"network\":{\"qos_policy_id\":\"%s\"}}", strict),
			 200);
	assert_int_equal(network_of(network).qos.egress_kbps, 1000);
	assert_int_equal(network_of(network).qos.egress_burst, 800);
	assert_int_equal(network_of(network).qos.ingress_burst, 70);
	assert_int_equal(network_of(network).qos.dscp, 1);
	assert_false(port_of(port).qos.set);
	/* A policy without rules still is the port's own. */
	assert_int_equal(
		call("PUT", path("ports", port), "{\"port\":{\"qos_policy_id\":\"%s\"}}", loose),
		200);
	assert_true(port_of(port).qos.set);
	assert_int_equal(port_of(port).qos.egress_kbps, 0);
}

static void one_policy_is_the_default(void **state)
{
	const char *policy = make_policy(",\"is_default\":true"), *other;

	(void)state;
	assert_int_equal(call("POST", V2 "qos/policies",
			      "{\"policy\":{\"name\":\"second\",\"is_default\":true}}"),
			 409);
	assert_string_equal(fault(), "QoSPolicyDefaultAlreadyExists");
	make_network("given");
	assert_string_equal(at("/network/qos_policy_id"), policy);
	assert_int_equal(call("PUT", path("networks", at("/network/id")),
			      "{\"network\":{\"qos_policy_id\":null}}"),
			 200);
	assert_int_equal(
		call("PUT", path("qos/policies", policy), "{\"policy\":{\"is_default\":false}}"),
		200);
	other = make_policy(",\"is_default\":true");
	assert_int_equal(call("DELETE", path("qos/policies", other), NULL), 204);
	make_network("not given");
	assert_null(at("/network/qos_policy_id"));
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 204);
}

static void it_is_lent_to_a_project(void **state)
{
	const char *policy = make_policy(""), *lease, *network = make_network("borrower");

	(void)state;
	assert_int_equal(call("POST", V2 "rbac-policies",
			      "{\"rbac_policy\":{\"object_type\":\"qos_policy\",\"object_id\":"
			      "\"%s\",\"action\":\"access_as_external\",\"target_tenant\":\"*\"}}",
			      policy),
			 400);
	assert_string_equal(fault(), "InvalidActionForType");
	assert_int_equal(call("POST", V2 "rbac-policies",
			      "{\"rbac_policy\":{\"object_type\":\"qos_policy\",\"object_id\":"
			      "\"%s\",\"action\":\"access_as_shared\",\"target_tenant\":\"%s\"}}",
			      policy, STRANGER),
			 201);
	lease = keep("/rbac_policy/id");
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"project_id\":\"%s\","
			      "\"qos_policy_id\":\"%s\"}}",
			      network, STRANGER, policy),
			 201);
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 409);
	assert_string_equal(fault(), "RbacPolicyInUse");
	assert_non_null(strstr(at("/NeutronError/message"), "project_id=" STRANGER));
	assert_int_equal(call("PUT", path("rbac-policies", lease),
			      "{\"rbac_policy\":{\"target_tenant\":\"another\"}}"),
			 409);
}

static const char *external_network(void)
{
	assert_int_equal(call("GET", V2 "networks?router:external=True", NULL), 200);
	return keep("/networks/0/id");
}

static void addresses_outside_have_policies(void **state)
{
	const char *policy = make_policy(""), *outside = external_network(), *router, *floating;

	(void)state;
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":3000"), 201);
	assert_int_equal(call("POST", V2 "subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"cidr\":\"203.0.113.0/24\",\"enable_dhcp\":false}}",
			      outside),
			 201);
	assert_int_equal(call("POST", V2 "routers",
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\","
			      "\"qos_policy_id\":\"%s\"}}}",
			      outside, policy),
			 201);
	router = keep("/router/id");
	assert_string_equal(at("/router/external_gateway_info/qos_policy_id"), policy);
	assert_int_equal(router_of(router).qos.egress_kbps, 3000);
	assert_int_equal(call("POST", V2 "floatingips",
			      "{\"floatingip\":{\"floating_network_id\":\"%s\","
			      "\"qos_policy_id\":\"%s\"}}",
			      outside, policy),
			 201);
	floating = keep("/floatingip/id");
	assert_string_equal(at("/floatingip/qos_policy_id"), policy);
	/* The gateway's stays when only the gateway is named; it goes with it. */
	assert_int_equal(call("PUT", path("routers", router),
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\"}}}",
			      outside),
			 200);
	assert_string_equal(at("/router/external_gateway_info/qos_policy_id"), policy);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 409);
	assert_int_equal(call("PUT", path("floatingips", floating),
			      "{\"floatingip\":{\"qos_policy_id\":null}}"),
			 200);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 409);
	assert_non_null(strstr(at("/NeutronError/message"), "is used by router"));
	assert_int_equal(call("PUT", path("routers", router),
			      "{\"router\":{\"external_gateway_info\":null}}"),
			 200);
	assert_int_equal(call("DELETE", path("qos/policies", policy), NULL), 204);
	/* Both have their network's when they have none of their own. */
	policy = make_policy("");
	assert_int_equal(make_rule(policy, "bandwidth_limit", "\"max_kbps\":4000"), 201);
	assert_int_equal(call("PUT", path("networks", outside),
			      "{\"network\":{\"qos_policy_id\":\"%s\"}}", policy),
			 200);
	assert_int_equal(call("PUT", path("routers", router),
			      "{\"router\":{\"external_gateway_info\":{\"network_id\":\"%s\"}}}",
			      outside),
			 200);
	assert_int_equal(router_of(router).qos.egress_kbps, 4000);
	assert_int_equal(call("GET", path("floatingips", floating), NULL), 200);
	assert_string_equal(at("/floatingip/qos_network_policy_id"), policy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policies_have_rules),
		cmocka_unit_test(rules_are_checked),
		cmocka_unit_test(what_nothing_enforces_is_refused),
		cmocka_unit_test(a_policy_in_use_stays),
		cmocka_unit_test(netd_is_told),
		cmocka_unit_test(one_policy_is_the_default),
		cmocka_unit_test(it_is_lent_to_a_project),
		cmocka_unit_test(addresses_outside_have_policies),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
