/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotas, tags, revisions and the use of addresses, as clients see them. */
#include <pthread.h>

#include "firmware/cloud/network/test/api.h"

#define V2 "/network/v2.0/"

static const char *keep(const char *pointer)
{
	return arena_printf(&box.arena, "%s", at(pointer));
}

static int64_t number(const char *pointer)
{
	return yyjson_get_sint(yyjson_ptr_get(box.body, pointer));
}

static void quotas_are_enforced(void **state)
{
	const char *project;

	(void)state;
	assert_int_equal(call("GET", V2 "quotas/project", NULL), 200);
	project = keep("/project/project_id");
	assert_int_equal(call("GET", path("quotas", project), NULL), 200);
	assert_int_equal(number("/quota/network"), 100);
	assert_int_equal(number("/quota/subnetpool"), -1);
	assert_int_equal(
		call("GET", arena_printf(&box.arena, V2 "quotas/%s/details", project), NULL), 200);
	assert_int_equal(number("/quota/router/used"), 1);
	assert_int_equal(call("PUT", path("quotas", project), "{\"quota\":{\"router\":2}}"), 200);
	assert_int_equal(number("/quota/router"), 2);
	assert_int_equal(number("/quota/network"), 100);
	assert_int_equal(call("POST", V2 "routers", "{\"router\":{}}"), 201);
	assert_int_equal(call("POST", V2 "routers", "{\"router\":{}}"), 409);
	assert_string_equal(fault(), "OverQuota");
	assert_string_equal(at("/NeutronError/message"),
			    "Quota exceeded for resources: ['router'].");
	assert_int_equal(call("PUT", path("quotas", project),
			      "{\"quota\":{\"router\":1,\"check_limit\":true}}"),
			 400);
	assert_int_equal(call("PUT", path("quotas", project), "{\"quota\":{\"nothing\":1}}"), 400);
	assert_int_equal(call("PUT", path("quotas", project), "{\"quota\":{\"router\":-2}}"), 400);
	assert_int_equal(call("GET", V2 "quotas", NULL), 200);
	assert_string_equal(at("/quotas/0/project_id"), project);
	assert_int_equal(call("DELETE", path("quotas", project), NULL), 204);
	assert_int_equal(call("GET", path("quotas", project), NULL), 200);
	assert_int_equal(number("/quota/router"), 10);
}

static void bulk_counts_as_one_by_one(void **state)
{
	const char *project;

	(void)state;
	call("GET", V2 "quotas/project", NULL);
	project = keep("/project/project_id");
	call("GET", arena_printf(&box.arena, V2 "quotas/%s/details", project), NULL);
	assert_int_equal(call("PUT", path("quotas", project), "{\"quota\":{\"network\":%d}}",
			      (int)number("/quota/network/used") + 1),
			 200);
	assert_int_equal(call("POST", V2 "networks", "{\"networks\":[{},{}]}"), 409);
	assert_int_equal(call("POST", V2 "networks", "{\"networks\":[{\"network\":{}}]}"), 201);
	assert_int_equal(call("DELETE", path("quotas", project), NULL), 204);
}

static size_t found(const char *filter)
{
	assert_int_equal(call("GET", arena_printf(&box.arena, V2 "networks?%s", filter), NULL),
			 200);
	return yyjson_arr_size(yyjson_ptr_get(box.body, "/networks"));
}

static void tags_find_their_resource(void **state)
{
	const char *tags = arena_printf(&box.arena, V2 "networks/%s/tags", make_network("tagged"));

	(void)state;
	assert_int_equal(call("PUT", tags, "{\"tags\":[\"red\",\"blue\"]}"), 200);
	assert_string_equal(at("/tags/1"), "blue");
	assert_int_equal(call("PUT", arena_printf(&box.arena, "%s/green", tags), NULL), 201);
	assert_int_equal(call("GET", arena_printf(&box.arena, "%s/green", tags), NULL), 204);
	assert_int_equal(call("GET", arena_printf(&box.arena, "%s/black", tags), NULL), 404);
	assert_string_equal(fault(), "TagNotFound");
	assert_int_equal(found("tags=red,blue"), 1);
	assert_int_equal(found("tags=red,black"), 0);
	assert_int_equal(found("tags-any=red,black"), 1);
	assert_int_equal(found("not-tags=red,blue"), found("not-tags-any=red"));
	assert_int_equal(call("DELETE", arena_printf(&box.arena, "%s/red", tags), NULL), 204);
	assert_int_equal(call("GET", tags, NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/tags")), 2);
	assert_int_equal(call("PUT", tags, "{\"tags\":[\"a\",\"a\"]}"), 400);
	assert_int_equal(call("DELETE", tags, NULL), 204);
	assert_int_equal(found("tags=blue"), 0);
}

static void addresses_in_use_are_counted(void **state)
{
	const char *network = make_network("counted");

	(void)state;
	make_subnet(network, "10.44.0.0/24");
	make_port(network);
	assert_int_equal(call("GET", path("network-ip-availabilities", network), NULL), 200);
	assert_int_equal(number("/network_ip_availability/total_ips"), 253);
	assert_int_equal(number("/network_ip_availability/used_ips"), 2);
	assert_int_equal(call("GET", V2 "network-ip-availabilities?network_name=counted", NULL),
			 200);
	assert_string_equal(at("/network_ip_availabilities/0/network_id"), network);
}

/* A port in the making and the end of its group exclude each other. */
static void groups_in_use_stay(void **state)
{
	const char *network = make_network("grouped"), *group, *port;

	(void)state;
	assert_int_equal(
		call("POST", V2 "security-groups", "{\"security_group\":{\"name\":\"g\"}}"), 201);
	group = keep("/security_group/id");
	assert_int_equal(call("POST", V2 "ports",
			      "{\"port\":{\"network_id\":\"%s\",\"security_groups\":[\"%s\"]}}",
			      network, group),
			 201);
	port = keep("/port/id");
	assert_int_equal(call("DELETE", path("security-groups", group), NULL), 409);
	assert_int_equal(call("PUT", path("ports", port), "{\"port\":{\"security_groups\":[]}}"),
			 200);
	assert_int_equal(call("DELETE", path("security-groups", group), NULL), 204);
}

/* Many at once, and room for one. */
#define RACERS 8

static void *race(void *status)
{
	struct arena arena = ARENA_INIT;
	struct direct_request request = { .method = "POST",
					  .target = V2 "security-groups",
					  .operator= true,
					  .body = "{\"security_group\":{\"name\":\"racer\"}}",
					  .body_size = SIZE_MAX };
	struct direct_reply reply = { 0 };

	if (direct_run(&box.cloud, services_here, &arena, &request, &reply) == 0)
		*(int *)status = reply.status;
	arena_free(&arena);
	return NULL;
}

static void quotas_are_counted_one_by_one(void **state)
{
	const char *project;
	pthread_t threads[RACERS];
	int statuses[RACERS] = { 0 }, made = 0, refused = 0;

	(void)state;
	call("GET", V2 "quotas/project", NULL);
	project = arena_printf(&box.arena, "%s", at("/project/project_id"));
	call("GET", arena_printf(&box.arena, V2 "quotas/%s/details", project), NULL);
	assert_int_equal(call("PUT", path("quotas", project), "{\"quota\":{\"security_group\":%d}}",
			      (int)number("/quota/security_group/used") + 1),
			 200);
	for (int i = 0; i < RACERS; i++)
		pthread_create(&threads[i], NULL, race, &statuses[i]);
	for (int i = 0; i < RACERS; i++) {
		pthread_join(threads[i], NULL);
		made += statuses[i] == 201;
		refused += statuses[i] == 409;
	}
	assert_int_equal(made, 1);
	assert_int_equal(refused, RACERS - 1);
	assert_int_equal(call("DELETE", path("quotas", project), NULL), 204);
}

/* A gap of one number in front of others that are taken, and a request for two. */
static void bulk_fills_gaps(void **state)
{
	const char *gap, *behind;

	(void)state;
	gap = make_network("gap");
	behind = make_network("behind");
	assert_int_equal(call("DELETE", path("networks", gap), NULL), 204);
	assert_int_equal(call("POST", V2 "networks", "{\"networks\":[{},{}]}"), 201);
	assert_int_equal(call("DELETE", path("networks", behind), NULL), 204);
}

static void zones_are_filtered(void **state)
{
	(void)state;
	assert_int_equal(call("GET", V2 "availability_zones", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/availability_zones")), 2);
	assert_int_equal(call("GET", V2 "availability_zones?resource=router&name=nova", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/availability_zones")), 1);
	assert_string_equal(at("/availability_zones/0/resource"), "router");
	assert_int_equal(call("GET", V2 "availability_zones?state=unavailable", NULL), 200);
	assert_int_equal(yyjson_arr_size(yyjson_ptr_get(box.body, "/availability_zones")), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(quotas_are_enforced),
		cmocka_unit_test(zones_are_filtered),
		cmocka_unit_test(bulk_fills_gaps),
		cmocka_unit_test(quotas_are_counted_one_by_one),
		cmocka_unit_test(bulk_counts_as_one_by_one),
		cmocka_unit_test(tags_find_their_resource),
		cmocka_unit_test(addresses_in_use_are_counted),
		cmocka_unit_test(groups_in_use_stay),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
