/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks that other projects may use, as clients see it. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/rbac.h"

#define V2 "/network/v2.0/"
#define STRANGER "0123456789abcdef0123456789abcdef"

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static size_t policies_of(const char *network)
{
	assert_int_equal(call("GET",
			      arena_printf(&box.arena, V2 "rbac-policies?object_id=%s", network),
			      NULL),
			 200);
	return yyjson_arr_size(yyjson_ptr_get(box.body, "/rbac_policies"));
}

static int make_policy(const char *network, const char *action, const char *target)
{
	return call("POST", V2 "rbac-policies",
		    "{\"rbac_policy\":{\"object_type\":\"network\",\"object_id\":\"%s\","
		    "\"action\":\"%s\",\"target_tenant\":\"%s\"}}",
		    network, action, target);
}

static yyjson_val *record_of(const char *network)
{
	struct store_view *view;
	yyjson_val *record;

	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(resource_get(view, &box.arena, &resource_network, network, &record, NULL),
			 0);
	store_view_close(view);
	return record;
}

static void attributes_are_policies_for_everybody(void **state)
{
	const char *network;

	(void)state;
	assert_int_equal(call("POST", V2 "networks",
			      "{\"network\":{\"shared\":true,\"router:external\":true}}"),
			 201);
	network = keep("/network/id");
	assert_int_equal(policies_of(network), 2);
	assert_string_equal(at("/rbac_policies/0/target_tenant"), "*");
	assert_true(rbac_shared_with(record_of(network), STRANGER));
	assert_int_equal(call("PUT", path("networks", network), "{\"network\":{\"shared\":false}}"),
			 200);
	assert_int_equal(policies_of(network), 1);
	assert_false(rbac_shared_with(record_of(network), STRANGER));
	assert_true(rbac_external_to(record_of(network), STRANGER));
	assert_int_equal(call("DELETE", path("networks", network), NULL), 204);
	assert_int_equal(policies_of(network), 0);
}

static void a_project_is_let_in(void **state)
{
	const char *network = make_network("lent"), *policy;

	(void)state;
	assert_int_equal(make_policy(network, "access_as_shared", STRANGER), 201);
	policy = keep("/rbac_policy/id");
	assert_null(yyjson_ptr_get(box.body, "/rbac_policy/revision_number"));
	assert_true(rbac_shared_with(record_of(network), STRANGER));
	assert_false(rbac_shared_with(record_of(network), "another"));
	assert_int_equal(make_policy(network, "access_as_shared", STRANGER), 409);
	assert_string_equal(fault(), "DuplicateRbacPolicy");
	assert_int_equal(call("GET", path("networks", network), NULL), 200);
	assert_false(yyjson_get_bool(yyjson_ptr_get(box.body, "/network/shared")));
	assert_null(yyjson_ptr_get(box.body, "/network/_shared_with"));
	/* Not while it has a port there. */
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"project_id\":\"" STRANGER "\"}}",
			      network),
			 201);
	assert_int_equal(call("DELETE", path("rbac-policies", policy), NULL), 409);
	assert_string_equal(fault(), "RbacPolicyInUse");
	assert_int_equal(make_policy(network, "access_as_shared", "*"), 201);
	assert_int_equal(call("DELETE", path("rbac-policies", policy), NULL), 204);
	assert_int_equal(call("PUT", path("networks", network), "{\"network\":{\"shared\":false}}"),
			 409);
	assert_string_equal(fault(), "InvalidSharedSetting");
}

static void policies_are_checked(void **state)
{
	const char *network = make_network("checked");

	(void)state;
	assert_int_equal(make_policy(network, "access_as_owner", "*"), 400);
	assert_int_equal(
		make_policy("00000000-0000-4000-8000-000000000000", "access_as_shared", "*"), 404);
	assert_int_equal(make_policy(network, "access_as_external", STRANGER), 201);
	assert_true(rbac_external_to(record_of(network), STRANGER));
	assert_false(rbac_external_to(record_of(network), "another"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(attributes_are_policies_for_everybody),
		cmocka_unit_test(a_project_is_let_in),
		cmocka_unit_test(policies_are_checked),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
