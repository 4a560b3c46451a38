/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policies and what they are for; which endpoints a project's catalog has. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

static int on(struct box *box, const char *method, const char *target)
{
	return box_do(box, method, box_format(box, V3 "/%s", target), NULL);
}

static const char *endpoint_of(struct box *box, const char *service)
{
	assert_int_equal(on(box, "GET",
			    box_format(box, "endpoints?interface=public&service_id=%s",
				       box_find(box, "services", service))),
			 200);
	return arena_strdup(&box->arena, box_text(box, "/endpoints/0/id"));
}

static void a_policy_lives_its_life(void **state)
{
	struct box *box = *state;
	const char *id = box_make(box, "policies", "policy",
				  "\"type\":\"application/json\",\"blob\":\"{}\"");
	const char *target = box_format(box, "policies/%s", id);

	assert_string_equal(box_text(box, "/policy/links/self"),
			    box_format(box, "https://localhost" V3 "/%s", target));
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/%s", target),
				"{\"policy\":{\"type\":\"text\"}}"),
			 200);
	assert_string_equal(box_text(box, "/policy/type"), "text");
	assert_int_equal(on(box, "GET", "policies?type=text"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/policies")), 1);
	assert_int_equal(box_do(box, "POST", V3 "/policies", "{\"policy\":{\"type\":\"x\"}}"), 400);
	assert_int_equal(on(box, "DELETE", target), 204);
	assert_int_equal(on(box, "GET", target), 404);
	assert_string_equal(box_message(box), box_format(box, "Could not find policy: %s.", id));
}

static void a_policy_is_for_endpoints(void **state)
{
	struct box *box = *state;
	const char *own = box_make(box, "policies", "policy", "\"type\":\"a\",\"blob\":\"own\"");
	const char *all = box_make(box, "policies", "policy", "\"type\":\"a\",\"blob\":\"all\"");
	const char *service = box_find(box, "services", "nova"), *region;
	const char *endpoint = endpoint_of(box, "nova");
	const char *shown = box_format(box, "endpoints/%s/OS-ENDPOINT-POLICY/policy", endpoint);
	const char *by_endpoint =
		box_format(box, "policies/%s/OS-ENDPOINT-POLICY/endpoints/%s", own, endpoint);
	const char *by_service =
		box_format(box, "policies/%s/OS-ENDPOINT-POLICY/services/%s", all, service);

	on(box, "GET", box_format(box, "endpoints/%s", endpoint));
	region = arena_strdup(&box->arena, box_text(box, "/endpoint/region_id"));
	assert_int_equal(on(box, "GET", shown), 404);
	assert_string_equal(box_message(box),
			    box_format(box, "No policy is associated with endpoint %s.", endpoint));
	assert_int_equal(on(box, "PUT", box_format(box, "%s/regions/%s", by_service, region)), 204);
	assert_int_equal(on(box, "GET", shown), 200);
	assert_string_equal(box_text(box, "/policy/blob"), "all");
	assert_int_equal(on(box, "GET", by_endpoint), 404);
	assert_string_equal(box_message(box), "Could not find policy association.");
	assert_int_equal(on(box, "PUT", by_endpoint), 204);
	assert_int_equal(on(box, "GET", by_endpoint), 204);
	assert_int_equal(on(box, "GET", shown), 200);
	assert_string_equal(box_text(box, "/policy/blob"), "own");
	assert_int_equal(on(box, "PUT", by_service), 204);
	on(box, "GET", box_format(box, "policies/%s/OS-ENDPOINT-POLICY/endpoints", own));
	assert_int_equal(yyjson_arr_size(box_at(box, "/endpoints")), 1);
	on(box, "GET", box_format(box, "policies/%s/OS-ENDPOINT-POLICY/endpoints", all));
	assert_true(yyjson_arr_size(box_at(box, "/endpoints")) >= 1);
	assert_int_equal(on(box, "DELETE", by_endpoint), 204);
	assert_int_equal(on(box, "DELETE", by_endpoint), 204);
	assert_int_equal(on(box, "DELETE", box_format(box, "policies/%s", all)), 204);
	assert_int_equal(on(box, "GET", shown), 404);
}

static size_t catalog_size(struct box *box)
{
	assert_int_equal(on(box, "GET", "auth/catalog"), 200);
	return yyjson_arr_size(box_at(box, "/catalog"));
}

static void a_project_has_its_own_catalog(void **state)
{
	struct box *box = *state;
	const char *project = box_find(box, "projects", "admin"), *group, *pair;
	const char *endpoint = endpoint_of(box, "nova");
	const char *given =
		box_format(box, "OS-EP-FILTER/projects/%s/endpoints/%s", project, endpoint);
	size_t whole = catalog_size(box);

	assert_true(whole > 1);
	assert_int_equal(on(box, "GET", given), 404);
	assert_int_equal(on(box, "PUT", given), 204);
	assert_int_equal(on(box, "GET", given), 204);
	assert_int_equal(on(box, "PUT", given), 409);
	assert_int_equal(catalog_size(box), 1);
	assert_string_equal(box_text(box, "/catalog/0/name"), "nova");
	assert_int_equal(yyjson_arr_size(box_at(box, "/catalog/0/endpoints")), 1);
	group = box_make(box, "OS-EP-FILTER/endpoint_groups", "endpoint_group",
			 box_format(box, "\"name\":\"g\",\"filters\":{\"service_id\":\"%s\"}",
				    box_find(box, "services", "glance")));
	pair = box_format(box, "OS-EP-FILTER/endpoint_groups/%s/projects/%s", group, project);
	assert_int_equal(on(box, "GET", pair), 404);
	assert_int_equal(on(box, "PUT", pair), 204);
	assert_int_equal(on(box, "GET", pair), 200);
	assert_string_equal(box_text(box, "/project_endpoint_group/project_id"), project);
	assert_int_equal(catalog_size(box), 2);
	on(box, "GET", box_format(box, "OS-EP-FILTER/projects/%s/endpoint_groups", project));
	assert_string_equal(box_text(box, "/endpoint_groups/0/id"), group);
	on(box, "GET", box_format(box, "OS-EP-FILTER/endpoints/%s/projects", endpoint));
	assert_string_equal(box_text(box, "/projects/0/id"), project);
	assert_int_equal(
		on(box, "DELETE", box_format(box, "OS-EP-FILTER/endpoint_groups/%s", group)), 204);
	assert_int_equal(catalog_size(box), 1);
	assert_int_equal(on(box, "DELETE", given), 204);
	assert_int_equal(catalog_size(box), whole);
}

static void bad_groups_are_refused(void **state)
{
	struct box *box = *state;
	static const char *const bodies[] = {
		"{\"endpoint_group\":{\"name\":\"g\"}}",
		"{\"endpoint_group\":{\"name\":\"g\",\"filters\":{}}}",
		"{\"endpoint_group\":{\"name\":\"g\",\"filters\":{\"url\":\"x\"}}}",
		"{\"endpoint_group\":{\"name\":\"\",\"filters\":{\"interface\":\"admin\"}}}",
	};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(box_do(box, "POST", V3 "/OS-EP-FILTER/endpoint_groups", bodies[i]),
				 400);
	assert_int_equal(on(box, "GET", "OS-EP-FILTER/endpoint_groups/nil"), 404);
	assert_string_equal(box_message(box), "Could not find Endpoint Group: nil.");
}

static void consumers_are_kept(void **state)
{
	struct box *box = *state;
	const char *id = box_make(box, "OS-OAUTH1/consumers", "consumer", "\"description\":\"d\"");
	const char *target = box_format(box, "OS-OAUTH1/consumers/%s", id);

	assert_int_equal(strlen(box_text(box, "/consumer/secret")), 32);
	assert_int_equal(on(box, "GET", target), 200);
	assert_null(box_at(box, "/consumer/secret"));
	assert_null(box_at(box, "/consumer/sealed"));
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/%s", target),
				"{\"consumer\":{\"description\":\"e\"}}"),
			 200);
	assert_string_equal(box_text(box, "/consumer/description"), "e");
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/%s", target),
				"{\"consumer\":{\"secret\":\"e\"}}"),
			 400);
	assert_int_equal(on(box, "DELETE", target), 204);
	assert_int_equal(on(box, "GET", target), 404);
	assert_string_equal(box_message(box), "Consumer not found");
}

static void revocations_are_listed(void **state)
{
	struct box *box = *state;
	const char *token = box_login(box, "admin", BOX_PASSWORD, NULL), *audit;

	audit = arena_strdup(&box->arena, box_text(box, "/token/audit_ids/0"));
	assert_int_equal(box_subject(box, box->admin, "DELETE", token), 204);
	assert_int_equal(on(box, "GET", "OS-REVOKE/events"), 200);
	assert_string_equal(box_text(box, "/events/0/audit_id"), audit);
	assert_int_equal(on(box, "GET", "OS-REVOKE/events?since=2100-01-01T00:00:00Z"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/events")), 0);
	assert_int_equal(on(box, "GET", "OS-REVOKE/events?since=x"), 400);
	assert_int_equal(on(box, "GET", "OS-SIMPLE-CERT/ca"), 410);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_policy_lives_its_life),
		BOX_TEST(a_policy_is_for_endpoints),
		BOX_TEST(a_project_has_its_own_catalog),
		BOX_TEST(bad_groups_are_refused),
		BOX_TEST(consumers_are_kept),
		BOX_TEST(revocations_are_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
