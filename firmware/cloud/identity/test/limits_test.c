/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified limits: what may be registered, who may have more, who sees it. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

static int post(struct box *box, const char *plural, const char *items)
{
	return box_do(box, "POST", box_format(box, V3 "/%s", plural),
		      box_format(box, "{\"%s\":[%s]}", plural, items));
}

static const char *registered(struct box *box, const char *service, const char *name)
{
	return box_format(box,
			  "{\"service_id\":\"%s\",\"resource_name\":\"%s\",\"default_limit\":10}",
			  service, name);
}

static const char *limit(struct box *box, const char *service, const char *owner)
{
	return box_format(box,
			  "{\"service_id\":\"%s\",\"resource_name\":\"cores\","
			  "\"resource_limit\":5,%s}",
			  service, owner);
}

static void defaults_are_registered(void **state)
{
	struct box *box = *state;
	const char *service = box_find(box, "services", "nova"), *id;

	assert_int_equal(post(box, "registered_limits",
			      box_format(box, "%s,%s", registered(box, service, "cores"),
					 registered(box, service, "ram"))),
			 201);
	assert_int_equal(yyjson_arr_size(box_at(box, "/registered_limits")), 2);
	assert_null(box_at(box, "/links"));
	assert_null(box_at(box, "/registered_limits/0/key"));
	assert_true(yyjson_is_null(box_at(box, "/registered_limits/0/region_id")));
	id = arena_strdup(&box->arena, box_text(box, "/registered_limits/0/id"));
	assert_int_equal(post(box, "registered_limits", registered(box, service, "cores")), 409);
	assert_string_equal(
		box_message(box),
		"Conflict occurred attempting to store registered_limit - Duplicate entry.");
	assert_int_equal(post(box, "registered_limits", registered(box, "nowhere", "x")), 400);
	assert_string_equal(box_message(box),
			    "Expecting to find service_id in registered_limit. The server could "
			    "not comply with the request since it is either malformed or otherwise "
			    "incorrect. The client is assumed to be in error.");
	assert_int_equal(post(box, "registered_limits", ""), 400);
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/registered_limits/%s", id),
				"{\"registered_limit\":{\"default_limit\":-2}}"),
			 400);
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/registered_limits/%s", id),
				"{\"registered_limit\":{\"default_limit\":20}}"),
			 200);
	assert_int_equal(box_do(box, "GET", V3 "/registered_limits?resource_name=cores", NULL),
			 200);
	assert_int_equal(yyjson_get_int(box_at(box, "/registered_limits/0/default_limit")), 20);
	assert_int_equal(box_do(box, "GET", V3 "/registered_limits/nil", NULL), 404);
	assert_string_equal(box_message(box), "Could not find registered limit for nil.");
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, V3 "/registered_limits/%s", id), NULL), 204);
}

static void limits_hang_on_what_is_registered(void **state)
{
	struct box *box = *state;
	const char *service = box_find(box, "services", "nova"), *id, *of_domain;
	const char *project = box_make(box, "projects", "project", "\"name\":\"work\"");
	const char *owner = box_format(box, "\"project_id\":\"%s\"", project);

	assert_int_equal(post(box, "limits", limit(box, service, owner)), 403);
	assert_string_equal(box_message(box),
			    "Unable to create a limit that has no corresponding registered limit.");
	assert_int_equal(post(box, "registered_limits", registered(box, service, "cores")), 201);
	id = arena_strdup(&box->arena, box_text(box, "/registered_limits/0/id"));
	assert_int_equal(post(box, "limits",
			      box_format(box, "%s,%s", limit(box, service, owner),
					 limit(box, service, "\"domain_id\":\"default\""))),
			 201);
	of_domain = arena_strdup(&box->arena, box_text(box, "/limits/1/id"));
	assert_string_equal(box_text(box, "/limits/0/resource_name"), "cores");
	assert_null(box_at(box, "/limits/0/registered_limit_id"));
	assert_true(yyjson_is_null(box_at(box, "/limits/1/project_id")));
	assert_int_equal(post(box, "limits", limit(box, service, owner)), 409);
	assert_int_equal(post(box, "limits", limit(box, service, "\"description\":null")), 400);
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, V3 "/registered_limits/%s", id), NULL), 403);
	assert_string_equal(
		box_message(box),
		box_format(box,
			   "Unable to update or delete registered limit %s because there are "
			   "project limits associated with it.",
			   id));
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/projects/%s", project), NULL),
			 204);
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/limits/%s", of_domain),
				"{\"limit\":{\"resource_limit\":7}}"),
			 200);
	assert_int_equal(yyjson_get_int(box_at(box, "/limit/resource_limit")), 7);
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/limits/%s", of_domain), NULL),
			 204);
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, V3 "/registered_limits/%s", id), NULL), 204);
}

static void a_project_sees_its_own(void **state)
{
	struct box *box = *state;
	const char *service = box_find(box, "services", "nova"), *id, *token;
	const char *project = box_find(box, "projects", "service");
	const char *user = box_make(box, "users", "user", "\"name\":\"joe\",\"password\":\"p\"");

	box_grant(box, "PUT", project, user, box_find(box, "roles", "reader"), 204);
	token = box_login(box, "joe", "p", box_scope(box, "service"));
	assert_int_equal(post(box, "registered_limits", registered(box, service, "cores")), 201);
	assert_int_equal(post(box, "limits",
			      box_format(box, "%s,%s",
					 limit(box, service,
					       box_format(box, "\"project_id\":\"%s\"", project)),
					 limit(box, service, "\"domain_id\":\"default\""))),
			 201);
	id = arena_strdup(&box->arena, box_text(box, "/limits/1/id"));
	assert_int_equal(box_send(box, token, "GET", V3 "/limits", NULL, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/limits")), 1);
	assert_string_equal(box_text(box, "/limits/0/project_id"), project);
	assert_int_equal(
		box_send(box, token, "GET", box_format(box, V3 "/limits/%s", id), NULL, NULL), 403);
	assert_int_equal(box_send(box, token, "POST", V3 "/limits", NULL, "{\"limits\":[]}"), 403);
	assert_int_equal(box_send(box, token, "GET", V3 "/limits/model", NULL, NULL), 200);
	assert_string_equal(box_text(box, "/model/name"), "flat");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(defaults_are_registered, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(limits_hang_on_what_is_registered, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_project_sees_its_own, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
