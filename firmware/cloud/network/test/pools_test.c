/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subnet pools and address scopes, as clients see them; the algebra of prefixes. */
#include "firmware/cloud/network/test/api.h"

#include "firmware/cloud/network/prefixes.h"

#define V2 "/network/v2.0/"

static struct prefixes set_of(struct ip_prefix *room, const char *const *texts)
{
	struct prefixes set = { room, 0 };

	for (; *texts; texts++)
		assert_true(ip_prefix_parse(*texts, &set.items[set.count++]));
	return set;
}

static void assert_set(const struct prefixes *set, const char *expected)
{
	char text[400] = "", one[IP_CIDR_SIZE];

	for (size_t i = 0; i < set->count; i++) {
		ip_prefix_format(&set->items[i], one);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 one);
	}
	assert_string_equal(text, expected);
}

static void neighbours_are_joined(void **state)
{
	static const char *const texts[] = { "10.0.1.0/24", "10.0.0.0/24", "10.0.2.0/23",
					     "10.9.0.0/16", "10.9.3.0/24", NULL };
	struct ip_prefix room[8];
	struct prefixes set = set_of(room, texts);

	(void)state;
	prefixes_compact(&set);
	assert_set(&set, "10.0.0.0/22 10.9.0.0/16");
}

static void the_smallest_free_block_is_used(void **state)
{
	static const char *const all[] = { "10.0.0.0/22", NULL };
	static const char *const some[] = { "10.0.0.0/24", "10.0.1.0/25", NULL };
	struct ip_prefix room[2], taken_room[2], found;
	struct prefixes set = set_of(room, all), taken = set_of(taken_room, some);
	char text[IP_CIDR_SIZE];

	(void)state;
	assert_true(prefixes_find(&set, &taken, 26, &found));
	ip_prefix_format(&found, text);
	assert_string_equal(text, "10.0.1.128/26");
	assert_true(prefixes_find(&set, &taken, 23, &found));
	ip_prefix_format(&found, text);
	assert_string_equal(text, "10.0.2.0/23");
	assert_false(prefixes_find(&set, &taken, 22, &found));
}

static void prefixes_are_taken_out(void **state)
{
	static const char *const all[] = { "10.0.0.0/22", NULL };
	struct ip_prefix room[8], gone;
	struct prefixes set = set_of(room, all);

	(void)state;
	ip_prefix_parse("10.0.1.0/24", &gone);
	assert_true(prefixes_remove(&set, 8, &gone));
	assert_set(&set, "10.0.0.0/24 10.0.2.0/23");
}

static int make_pool(const char *members)
{
	return call("POST", V2 "subnetpools", "{\"subnetpool\":{\"name\":\"pool\",%s}}", members);
}

static int cut(const char *network, const char *members)
{
	return call("POST", V2 "subnets",
		    "{\"subnet\":{\"network_id\":\"%s\",\"ip_version\":4,%s}}", network, members);
}

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static void pools_have_bounds(void **state)
{
	(void)state;
	assert_int_equal(make_pool("\"prefixes\":[]"), 400);
	assert_string_equal(fault(), "EmptySubnetPoolPrefixList");
	assert_int_equal(make_pool("\"prefixes\":[\"10.0.0.0/8\",\"fd00::/8\"]"), 400);
	assert_string_equal(fault(), "PrefixVersionMismatch");
	assert_int_equal(make_pool("\"prefixes\":[\"10.0.0.0/8\"],\"min_prefixlen\":30,"
				   "\"max_prefixlen\":20"),
			 400);
	assert_string_equal(at("/NeutronError/message"),
			    "Illegal prefix bounds: min_prefixlen=30, max_prefixlen=20.");
	assert_int_equal(make_pool("\"prefixes\":[\"10.64.0.0/16\"],\"default_prefixlen\":26"),
			 201);
	assert_string_equal(at("/subnetpool/min_prefixlen"), "8");
	assert_string_equal(at("/subnetpool/max_prefixlen"), "32");
	assert_int_equal(call("DELETE", path("subnetpools", keep("/subnetpool/id")), NULL), 204);
}

static void subnets_are_cut(void **state)
{
	const char *network = make_network("cut"), *pool, *subnet;

	(void)state;
	assert_int_equal(make_pool("\"prefixes\":[\"10.64.0.0/16\"],\"default_prefixlen\":26,"
				   "\"default_quota\":256"),
			 201);
	pool = arena_printf(&box.arena, "\"subnetpool_id\":\"%s\"", at("/subnetpool/id"));
	assert_int_equal(cut(network, pool), 201);
	assert_string_equal(at("/subnet/cidr"), "10.64.0.0/26");
	subnet = keep("/subnet/id");
	assert_int_equal(cut(network, arena_printf(&box.arena, "%s,\"prefixlen\":25", pool)), 201);
	assert_string_equal(at("/subnet/cidr"), "10.64.0.128/25");
	assert_int_equal(
		cut(network, arena_printf(&box.arena, "%s,\"cidr\":\"10.64.0.0/27\"", pool)), 409);
	assert_string_equal(fault(), "SubnetAllocationError");
	assert_int_equal(cut(network, arena_printf(&box.arena, "%s,\"prefixlen\":24", pool)), 409);
	assert_string_equal(fault(), "SubnetPoolQuotaExceeded");
	assert_int_equal(cut(network, "\"cidr\":\"10.99.0.0/24\""), 400);
	assert_string_equal(fault(), "NetworkSubnetPoolAffinityError");
	/* What is given back is used again. */
	assert_int_equal(call("DELETE", path("subnets", subnet), NULL), 204);
	assert_int_equal(cut(network, pool), 201);
	assert_string_equal(at("/subnet/cidr"), "10.64.0.0/26");
}

static void one_pool_is_the_default(void **state)
{
	const char *network = make_network("default");

	(void)state;
	assert_int_equal(cut(network, "\"use_default_subnetpool\":true"), 400);
	assert_int_equal(make_pool("\"prefixes\":[\"10.65.0.0/16\"],\"is_default\":true,"
				   "\"default_prefixlen\":24"),
			 201);
	assert_int_equal(make_pool("\"prefixes\":[\"10.66.0.0/16\"],\"is_default\":true"), 400);
	assert_int_equal(cut(network, "\"use_default_subnetpool\":true"), 201);
	assert_string_equal(at("/subnet/cidr"), "10.65.0.0/24");
	assert_null(yyjson_ptr_get(box.body, "/subnet/use_default_subnetpool"));
}

static void prefixes_come_and_go(void **state)
{
	const char *pool;

	(void)state;
	assert_int_equal(make_pool("\"prefixes\":[\"10.67.0.0/24\"]"), 201);
	pool = keep("/subnetpool/id");
	assert_int_equal(call("PUT",
			      arena_printf(&box.arena, V2 "subnetpools/%s/add_prefixes", pool),
			      "{\"prefixes\":[\"10.67.1.0/24\"]}"),
			 200);
	assert_string_equal(at("/prefixes/0"), "10.67.0.0/23");
	assert_int_equal(call("PUT",
			      arena_printf(&box.arena, V2 "subnetpools/%s/remove_prefixes", pool),
			      "{\"prefixes\":[\"10.67.0.0/24\"]}"),
			 200);
	assert_string_equal(at("/prefixes/0"), "10.67.1.0/24");
	assert_int_equal(call("PUT", path("subnetpools", pool),
			      "{\"subnetpool\":{\"prefixes\":[\"10.68.0.0/24\"]}}"),
			 400);
	assert_string_equal(fault(), "IllegalSubnetPoolPrefixUpdate");
}

static void scopes_keep_pools_apart(void **state)
{
	const char *scope, *network = make_network("scoped"), *pool;

	(void)state;
	assert_int_equal(call("POST", V2 "address-scopes",
			      "{\"address_scope\":{\"name\":\"one\",\"ip_version\":4}}"),
			 201);
	scope = keep("/address_scope/id");
	pool = arena_printf(&box.arena,
			    "\"prefixes\":[\"10.70.0.0/16\"],\"address_scope_id\":\"%s\"", scope);
	assert_int_equal(make_pool(pool), 201);
	assert_int_equal(make_pool(pool), 409);
	assert_string_equal(fault(), "AddressScopePrefixConflict");
	assert_int_equal(call("DELETE", path("address-scopes", scope), NULL), 409);
	assert_int_equal(call("GET",
			      arena_printf(&box.arena, V2 "subnetpools?address_scope_id=%s", scope),
			      NULL),
			 200);
	assert_int_equal(
		cut(network, arena_printf(&box.arena, "\"subnetpool_id\":\"%s\",\"prefixlen\":24",
					  at("/subnetpools/0/id"))),
		201);
	assert_int_equal(call("GET", path("networks", network), NULL), 200);
	assert_string_equal(at("/network/ipv4_address_scope"), scope);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(neighbours_are_joined),
		cmocka_unit_test(the_smallest_free_block_is_used),
		cmocka_unit_test(prefixes_are_taken_out),
		cmocka_unit_test(pools_have_bounds),
		cmocka_unit_test(subnets_are_cut),
		cmocka_unit_test(one_pool_is_the_default),
		cmocka_unit_test(prefixes_come_and_go),
		cmocka_unit_test(scopes_keep_pools_apart),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
