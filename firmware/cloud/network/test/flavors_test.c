/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flavors of services, and the rules that security groups begin with. */
#include "firmware/cloud/network/test/api.h"

#define DRIVER "neutron.services.l3_router.service_providers.single_node.SingleNodeDriver"

static size_t count(const char *pointer)
{
	return yyjson_arr_size(yyjson_ptr_get(box.body, pointer));
}

/* --- flavors --- */

static const char *make_flavor(void)
{
	assert_int_equal(
		call("POST", "/network/v2.0/flavors",
		     "{\"flavor\":{\"name\":\"best\",\"service_type\":\"L3_ROUTER_NAT\"}}"),
		201);
	return at("/flavor/id");
}

static const char *make_profile(const char *driver)
{
	assert_int_equal(call("POST", "/network/v2.0/service_profiles",
			      "{\"service_profile\":{\"driver\":\"%s\",\"metainfo\":\"m\"}}",
			      driver),
			 201);
	return at("/service_profile/id");
}

static int join(const char *flavor, const char *profile)
{
	return call("POST",
		    arena_printf(&box.arena, "/network/v2.0/flavors/%s/service_profiles", flavor),
		    "{\"service_profile\":{\"id\":\"%s\"}}", profile);
}

static void flavor_life(void **state)
{
	const char *flavor = make_flavor();

	(void)state;
	assert_true(yyjson_get_bool(yyjson_ptr_get(box.body, "/flavor/enabled")));
	assert_int_equal(yyjson_obj_size(yyjson_ptr_get(box.body, "/flavor")), 6);
	assert_int_equal(call("PUT", path("flavors", flavor), "{\"flavor\":{\"enabled\":false}}"),
			 200);
	assert_false(yyjson_get_bool(yyjson_ptr_get(box.body, "/flavor/enabled")));
	assert_int_equal(call("GET", "/network/v2.0/flavors?name=best", NULL), 200);
	assert_int_equal(count("/flavors"), 1);
	assert_int_equal(call("DELETE", path("flavors", flavor), NULL), 204);
	assert_int_equal(call("GET", path("flavors", flavor), NULL), 404);
	assert_string_equal(fault(), "FlavorNotFound");
	assert_int_equal(call("POST", "/network/v2.0/flavors",
			      "{\"flavor\":{\"service_type\":\"LOADBALANCERV2\"}}"),
			 400);
	assert_string_equal(fault(), "InvalidServiceType");
}

static void profiles_are_joined(void **state)
{
	const char *flavor = make_flavor(), *profile = make_profile(DRIVER);
	const char *joined = arena_printf(
		&box.arena, "/network/v2.0/flavors/%s/service_profiles/%s", flavor, profile);

	(void)state;
	assert_int_equal(join(flavor, profile), 201);
	assert_string_equal(at("/service_profile/service_profiles/0"), profile);
	assert_int_equal(join(flavor, profile), 409);
	assert_string_equal(fault(), "FlavorServiceProfileBindingExists");
	assert_int_equal(join(flavor, "11111111-1111-4111-8111-111111111111"), 404);
	assert_int_equal(call("GET", path("service_profiles", profile), NULL), 200);
	assert_string_equal(at("/service_profile/flavors/0"), flavor);
	assert_int_equal(call("DELETE", path("service_profiles", profile), NULL), 409);
	assert_string_equal(fault(), "ServiceProfileInUse");
	assert_int_equal(call("PUT", path("service_profiles", profile),
			      "{\"service_profile\":{\"enabled\":false}}"),
			 409);
	assert_int_equal(
		call("GET",
		     arena_printf(&box.arena, "/network/v2.0/flavors/%s/next_providers", flavor),
		     NULL),
		200);
	assert_string_equal(at("/next_providers/0/provider"), "single_node");
	assert_int_equal(call("DELETE", joined, NULL), 204);
	assert_int_equal(call("DELETE", joined, NULL), 404);
	assert_string_equal(fault(), "FlavorServiceProfileBindingNotFound");
	assert_int_equal(call("DELETE", path("service_profiles", profile), NULL), 204);
}

static void profiles_are_checked(void **state)
{
	(void)state;
	assert_int_equal(call("POST", "/network/v2.0/service_profiles", "{\"service_profile\":{}}"),
			 400);
	assert_string_equal(fault(), "ServiceProfileEmpty");
	assert_int_equal(call("POST", "/network/v2.0/service_profiles",
			      "{\"service_profile\":{\"driver\":\"magic\"}}"),
			 404);
	assert_string_equal(fault(), "ServiceProfileDriverNotFound");
	assert_int_equal(call("GET", "/network/v2.0/service-providers", NULL), 200);
	assert_string_equal(at("/service_providers/0/service_type"), "L3_ROUTER_NAT");
	assert_int_equal(call("GET", "/network/v2.0/service-providers?service_type=VPN", NULL),
			 200);
	assert_int_equal(count("/service_providers"), 0);
}

/* --- default rules --- */

static int make_rule(const char *members)
{
	return call("POST", "/network/v2.0/default-security-group-rules",
		    "{\"default_security_group_rule\":{\"direction\":\"ingress\",%s}}", members);
}

/* The rules of a new group, as the last answer. */
static const char *make_group(void)
{
	assert_int_equal(call("POST", "/network/v2.0/security-groups",
			      "{\"security_group\":{\"name\":\"g\"}}"),
			 201);
	return at("/security_group/id");
}

static void groups_begin_with_neutrons_rules(void **state)
{
	(void)state;
	assert_int_equal(call("GET", "/network/v2.0/default-security-group-rules", NULL), 200);
	assert_int_equal(count("/default_security_group_rules"), 4);
	assert_int_equal(
		call("GET",
		     "/network/v2.0/default-security-group-rules?used_in_non_default_sg=True",
		     NULL),
		200);
	assert_int_equal(count("/default_security_group_rules"), 2);
	make_group();
	assert_int_equal(count("/security_group/security_group_rules"), 2);
	/* Once, not at each start. */
	assert_int_equal(network_first_boot(&box.cloud, NULL), 0);
	assert_int_equal(call("GET", "/network/v2.0/default-security-group-rules", NULL), 200);
	assert_int_equal(count("/default_security_group_rules"), 4);
}

static void groups_follow_the_default_rules(void **state)
{
	const char *id, *group;

	(void)state;
	assert_int_equal(
		make_rule("\"protocol\":\"TCP\",\"port_range_min\":22,\"port_range_max\":22,"
			  "\"remote_ip_prefix\":\"10.0.0.1/8\""),
		201);
	id = at("/default_security_group_rule/id");
	assert_string_equal(at("/default_security_group_rule/protocol"), "tcp");
	assert_false(yyjson_get_bool(
		yyjson_ptr_get(box.body, "/default_security_group_rule/used_in_default_sg")));
	assert_null(yyjson_ptr_get(box.body, "/default_security_group_rule/normalized_cidr"));
	assert_null(yyjson_ptr_get(box.body, "/default_security_group_rule/project_id"));
	make_group();
	assert_int_equal(count("/security_group/security_group_rules"), 3);
	assert_int_equal(make_rule("\"protocol\":\"udp\",\"remote_group_id\":\"PARENT\","
				   "\"used_in_non_default_sg\":\"true\""),
			 201);
	group = make_group();
	assert_int_equal(call("GET",
			      arena_printf(&box.arena,
					   "/network/v2.0/security-group-rules?security_group_id=%s"
					   "&protocol=udp",
					   group),
			      NULL),
			 200);
	assert_string_equal(at("/security_group_rules/0/remote_group_id"), group);
	assert_int_equal(call("DELETE", path("default-security-group-rules", id), NULL), 204);
	assert_int_equal(call("GET", path("default-security-group-rules", id), NULL), 404);
	assert_string_equal(fault(), "DefaultSecurityGroupRuleNotFound");
	make_group();
	assert_int_equal(count("/security_group/security_group_rules"), 3);
}

static void default_rules_are_checked(void **state)
{
	(void)state;
	assert_int_equal(make_rule("\"port_range_min\":22,\"port_range_max\":22"), 400);
	assert_string_equal(fault(), "SecurityGroupProtocolRequiredWithPorts");
	assert_int_equal(make_rule("\"protocol\":\"tcp\",\"used_in_default_sg\":true"), 201);
	assert_int_equal(make_rule("\"protocol\":\"tcp\",\"used_in_non_default_sg\":false,"
				   "\"used_in_default_sg\":true"),
			 409);
	assert_string_equal(fault(), "DefaultSecurityGroupRuleExists");
	assert_int_equal(make_rule("\"protocol\":\"udp\",\"used_in_non_default_sg\":false,"
				   "\"used_in_default_sg\":true"),
			 201);
	/* The same for other groups is another rule. */
	assert_int_equal(make_rule("\"protocol\":\"udp\""), 201);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(flavor_life, setup, teardown),
		cmocka_unit_test_setup_teardown(profiles_are_joined, setup, teardown),
		cmocka_unit_test_setup_teardown(profiles_are_checked, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_begin_with_neutrons_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(groups_follow_the_default_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(default_rules_are_checked, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
