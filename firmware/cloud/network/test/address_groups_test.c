/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address groups, and objects of other kinds than networks that are lent to a project. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/desired.h"

#define V2 "/network/v2.0/"
#define STRANGER "0123456789abcdef0123456789abcdef"

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static const char *make_group(const char *addresses)
{
	assert_int_equal(call("POST", V2 "address-groups",
			      "{\"address_group\":{\"name\":\"those\",\"addresses\":[%s]}}",
			      addresses),
			 201);
	return keep("/address_group/id");
}

static int edit(const char *group, const char *how, const char *addresses)
{
	return call("PUT", arena_printf(&box.arena, V2 "address-groups/%s/%s", group, how),
		    "{\"addresses\":[%s]}", addresses);
}

static size_t count(void)
{
	return yyjson_arr_size(yyjson_ptr_get(box.body, "/address_group/addresses"));
}

static const char *default_group(void)
{
	assert_int_equal(
		call("POST", V2 "security-groups", "{\"security_group\":{\"name\":\"web\"}}"), 201);
	return keep("/security_group/id");
}

static void addresses_are_added_and_removed(void **state)
{
	const char *group = make_group("\"10.0.0.7/8\",\"2001:db8::/32\"");

	(void)state;
	assert_string_equal(at("/address_group/addresses/0"), "10.0.0.0/8");
	assert_int_equal(edit(group, "add_addresses", "\"10.0.0.0/8\",\"10.1.0.0/16\""), 400);
	assert_string_equal(at("/NeutronError/message"),
			    arena_printf(&box.arena,
					 "Addresses ['10.0.0.0/8'] already exist in the address "
					 "group %s.",
					 group));
	assert_int_equal(edit(group, "add_addresses", "\"10.1.0.0/16\""), 200);
	assert_int_equal(count(), 3);
	assert_int_equal(edit(group, "remove_addresses", "\"10.1.0.1\""), 404);
	assert_int_equal(call("POST", V2 "address-groups",
			      "{\"address_group\":{\"addresses\":[\"10.1.0.1\"]}}"),
			 400);
	assert_non_null(strstr(at("/NeutronError/message"), "'10.1.0.1/32' is recommended"));
	assert_int_equal(edit(group, "remove_addresses", "\"192.0.2.0/24\""), 404);
	assert_string_equal(fault(), "AddressesNotFound");
	assert_int_equal(edit(group, "remove_addresses", "\"10.1.0.0/16\",\"2001:db8::/32\""), 200);
	assert_int_equal(count(), 1);
	assert_int_equal(call("POST", V2 "address-groups",
			      "{\"address_group\":{\"addresses\":[\"10.0.0.0/40\"]}}"),
			 400);
	assert_int_equal(call("POST", V2 "address-groups",
			      "{\"address_group\":{\"addresses\":[\"::/0\",\"::/0\"]}}"),
			 400);
}

static void rules_name_them(void **state)
{
	const char *group = make_group("\"10.0.0.0/8\""), *web = default_group(), *rule;
	struct net_group desired = { 0 };
	struct net_rule *rules;
	struct store_view *view;
	yyjson_val *record;
	bool told = false;

	(void)state;
	assert_int_equal(call("POST", V2 "security-group-rules",
			      "{\"security_group_rule\":{\"security_group_id\":\"%s\","
			      "\"direction\":\"ingress\",\"remote_address_group_id\":\"%s\"}}",
			      web, group),
			 201);
	rule = keep("/security_group_rule/id");
	assert_int_equal(call("POST", V2 "security-group-rules",
			      "{\"security_group_rule\":{\"security_group_id\":\"%s\","
			      "\"direction\":\"ingress\",\"remote_address_group_id\":\"%s\"}}",
			      web, web),
			 404);
	assert_string_equal(fault(), "AddressGroupNotFound");
	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(resource_get(view, &box.arena, &resource_group, web, &record, NULL), 0);
	assert_int_equal(desired_group(view, &box.arena, record, &desired, NULL), 0);
	store_view_close(view);
	rules = desired.rules.items;
	for (size_t i = 0; i < desired.rules.count; i++)
		told |= !strcmp(rules[i].remote_addresses, group);
	assert_true(told);
	assert_int_equal(call("DELETE", path("address-groups", group), NULL), 409);
	assert_string_equal(fault(), "AddressGroupInUse");
	assert_int_equal(call("DELETE", path("security-group-rules", rule), NULL), 204);
	assert_int_equal(call("DELETE", path("address-groups", group), NULL), 204);
	/* and with the group that has the rule */
	group = make_group("\"10.0.0.0/8\"");
	assert_int_equal(call("POST", V2 "security-group-rules",
			      "{\"security_group_rule\":{\"security_group_id\":\"%s\","
			      "\"direction\":\"ingress\",\"remote_address_group_id\":\"%s\"}}",
			      web, group),
			 201);
	assert_int_equal(call("DELETE", path("security-groups", web), NULL), 204);
	assert_int_equal(call("DELETE", path("address-groups", group), NULL), 204);
}

static const char *lend(const char *type, const char *id)
{
	assert_int_equal(call("POST", V2 "rbac-policies",
			      "{\"rbac_policy\":{\"object_type\":\"%s\",\"object_id\":\"%s\","
			      "\"action\":\"access_as_shared\",\"target_tenant\":\"" STRANGER
			      "\"}}",
			      type, id),
			 201);
	return keep("/rbac_policy/id");
}

static void groups_are_lent(void **state)
{
	const char *web = default_group(), *network = make_network("lent"), *lease, *port, *own,
		   *everybody;

	(void)state;
	lease = lend("security_group", web);
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"project_id\":\"" STRANGER
			      "\",\"security_groups\":[\"%s\"]}}",
			      network, web),
			 201);
	port = keep("/port/id");
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 409);
	assert_string_equal(fault(), "RbacPolicyInUse");
	/* the policy for everybody is needed by the owner, too */
	assert_int_equal(call("POST", V2 "rbac-policies",
			      "{\"rbac_policy\":{\"object_type\":\"security_group\",\"object_id\":"
			      "\"%s\",\"action\":\"access_as_shared\",\"target_tenant\":\"*\"}}",
			      web),
			 201);
	everybody = keep("/rbac_policy/id");
	assert_int_equal(call("PUT", path("ports", port), "{\"port\":{\"security_groups\":[]}}"),
			 200);
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"security_groups\":[\"%s\"]}}",
			      network, web),
			 201);
	own = keep("/port/id");
	assert_int_equal(call("DELETE", path("rbac-policies", everybody), NULL), 409);
	assert_int_equal(call("DELETE", path("ports", own), NULL), 204);
	assert_int_equal(call("DELETE", path("rbac-policies", everybody), NULL), 204);
	assert_int_equal(
		call("PUT", path("ports", port), "{\"port\":{\"security_groups\":[\"%s\"]}}", web),
		200);
	/* one that is in use keeps its kind */
	assert_int_equal(call("PUT", path("security-groups", web),
			      "{\"security_group\":{\"stateful\":false}}"),
			 409);
	assert_string_equal(fault(), "SecurityGroupInUse");
	assert_int_equal(call("DELETE", path("ports", port), NULL), 204);
	assert_int_equal(call("PUT", path("security-groups", web),
			      "{\"security_group\":{\"stateful\":false}}"),
			 200);
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 204);
	lend("security_group", web);
	assert_int_equal(call("DELETE", path("security-groups", web), NULL), 204);
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "rbac-policies?object_id=%s", web), NULL),
		200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/rbac_policies")), 0);
}

static void pools_and_scopes_are_lent(void **state)
{
	const char *scope, *pool, *lease, *network;

	(void)state;
	assert_int_equal(call("POST", V2 "address-scopes",
			      "{\"address_scope\":{\"name\":\"s\",\"ip_version\":4}}"),
			 201);
	scope = keep("/address_scope/id");
	lease = lend("address_scope", scope);
	assert_int_equal(call("POST", V2 "subnetpools",
			      "{\"subnetpool\":{\"name\":\"p\",\"prefixes\":[\"10.80.0.0/16\"],"
			      "\"project_id\":\"" STRANGER "\",\"address_scope_id\":\"%s\"}}",
			      scope),
			 201);
	pool = keep("/subnetpool/id");
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 409);
	/* who is lent a pool has to be let into its scope */
	assert_int_equal(
		call("POST", V2 "rbac-policies",
		     "{\"rbac_policy\":{\"object_type\":\"subnetpool\",\"object_id\":\"%s\","
		     "\"action\":\"access_as_shared\",\"target_tenant\":\"another\"}}",
		     pool),
		400);
	assert_string_equal(fault(), "RbacPolicyInitError");
	assert_int_equal(call("DELETE", path("subnetpools", pool), NULL), 204);
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 204);
	assert_int_equal(call("POST", V2 "subnetpools",
			      "{\"subnetpool\":{\"name\":\"p\",\"prefixes\":[\"10.81.0.0/16\"],"
			      "\"shared\":true}}"),
			 201);
	pool = keep("/subnetpool/id");
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "rbac-policies?object_id=%s", pool), NULL),
		200);
	assert_string_equal(at("/rbac_policies/0/target_tenant"), "*");
	lease = keep("/rbac_policies/0/id");
	assert_int_equal(call("POST", V2 "networks",
			      "{\"network\":{\"name\":\"n\",\"project_id\":\"" STRANGER "\"}}"),
			 201);
	network = keep("/network/id");
	assert_int_equal(call("POST", V2 "subnets",
			      "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,"
			      "\"subnetpool_id\":\"%s\",\"prefixlen\":24,\"project_id\":\"" STRANGER
			      "\"}}",
			      network, pool),
			 201);
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 409);
	lend("subnetpool", pool);
	assert_int_equal(call("DELETE", path("rbac-policies", lease), NULL), 204);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_added_and_removed),
		cmocka_unit_test(rules_name_them),
		cmocka_unit_test(groups_are_lent),
		cmocka_unit_test(pools_and_scopes_are_lent),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
