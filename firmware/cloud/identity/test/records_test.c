/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The collections through the API: what goes in, what comes out, what is refused. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

static const char *path(struct box *box, const char *plural, const char *id)
{
	return box_format(box, V3 "/%s/%s", plural, id);
}

static void a_user_lives_its_life(void **state)
{
	struct box *box = *state;
	const char *id = box_make(box, "users", "user",
				  "\"name\":\"joe\",\"password\":\"p\",\"email\":\"j@example.org\","
				  "\"token_epoch\":77");

	assert_string_equal(box_text(box, "/user/email"), "j@example.org");
	assert_string_equal(box_text(box, "/user/domain_id"), "default");
	assert_true(yyjson_get_bool(box_at(box, "/user/enabled")));
	assert_true(yyjson_is_null(box_at(box, "/user/password_expires_at")));
	assert_null(box_at(box, "/user/password"));
	assert_null(box_at(box, "/user/token_epoch"));
	assert_string_equal(box_text(box, "/user/links/self"),
			    box_format(box, "https://localhost" V3 "/users/%s", id));
	assert_int_equal(box_do(box, "POST", V3 "/users", "{\"user\":{\"name\":\"joe\"}}"), 409);
	assert_string_equal(
		box_message(box),
		"Conflict occurred attempting to store user - Duplicate entry found with "
		"name joe at domain ID default.");
	assert_int_equal(box_do(box, "PATCH", path(box, "users", id),
				"{\"user\":{\"description\":\"d\",\"token_epoch\":9}}"),
			 200);
	assert_string_equal(box_text(box, "/user/description"), "d");
	assert_int_equal(box_do(box, "PATCH", path(box, "users", id),
				"{\"user\":{\"domain_id\":\"other\"}}"),
			 400);
	assert_int_equal(box_do(box, "GET", path(box, "users", "joe"), NULL), 404);
	assert_string_equal(box_message(box), "Could not find user: joe.");
	assert_int_equal(box_do(box, "DELETE", path(box, "users", id), NULL), 204);
	assert_int_equal(box_do(box, "DELETE", path(box, "users", id), NULL), 404);
	assert_null(box_login(box, "joe", "p", NULL));
}

static void bad_records_are_refused(void **state)
{
	static const struct {
		const char *target, *body;
	} cases[] = {
		{ V3 "/users", "{\"user\":{}}" },
		{ V3 "/users", "{\"user\":{\"name\":\"\"}}" },
		{ V3 "/users", "{\"user\":{\"name\":\" \"}}" },
		{ V3 "/users", "{\"user\":{\"name\":\"a\",\"enabled\":\"yes\"}}" },
		{ V3 "/projects", "{\"project\":{\"name\":7}}" },
		{ V3 "/projects", "{}" },
		{ V3 "/projects", "{\"project\":{\"name\":\"a\",\"parent_id\":\"a b\"}}" },
		{ V3 "/roles", "{\"role\":{\"description\":\"d\"}}" },
		{ V3 "/endpoints",
		  "{\"endpoint\":{\"interface\":\"public\",\"url\":\"http://x\"}}" },
		{ V3 "/domains", "not json" },
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (box_do(box, "POST", cases[i].target, cases[i].body) != 400)
			fail_msg("%s %s: %d", cases[i].target, cases[i].body, box->reply.status);
	assert_int_equal(box_do(box, "POST", V3 "/projects",
				"{\"project\":{\"name\":\"a\",\"domain_id\":\"nowhere\"}}"),
			 400);
	assert_string_equal(box_message(box), "Could not find domain: nowhere.");
}

static void lists_are_filtered(void **state)
{
	struct box *box = *state;

	box_make(box, "projects", "project", "\"name\":\"one\"");
	box_make(box, "projects", "project", "\"name\":\"two\",\"enabled\":false");
	assert_int_equal(box_do(box, "GET", V3 "/projects?name=one", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/projects")), 1);
	assert_string_equal(box_text(box, "/links/self"),
			    "https://localhost" V3 "/projects?name=one");
	assert_true(yyjson_is_null(box_at(box, "/links/next")));
	assert_int_equal(box_do(box, "GET", V3 "/projects?enabled=false", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/projects")), 1);
	assert_int_equal(box_do(box, "GET", V3 "/projects?domain_id=nowhere", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/projects")), 0);
}

static void a_domain_goes_with_all_that_is_in_it(void **state)
{
	struct box *box = *state;
	const char *domain = box_make(box, "domains", "domain", "\"name\":\"d\"");
	const char *members = box_format(box, "\"name\":\"x\",\"domain_id\":\"%s\"", domain);
	const char *project = box_make(box, "projects", "project", members);
	const char *user = box_make(box, "users", "user", members);
	const char *group = box_make(box, "groups", "group", members);

	box_grant(box, "PUT", project, user, box_find(box, "roles", "member"), 204);
	assert_int_equal(box_do(box, "DELETE", path(box, "domains", domain), NULL), 403);
	assert_int_equal(box_do(box, "PATCH", path(box, "domains", domain),
				"{\"domain\":{\"enabled\":false}}"),
			 200);
	assert_int_equal(box_do(box, "DELETE", path(box, "domains", domain), NULL), 204);
	assert_int_equal(box_do(box, "GET", path(box, "users", user), NULL), 404);
	assert_int_equal(box_do(box, "GET", path(box, "projects", project), NULL), 404);
	assert_int_equal(box_do(box, "GET", path(box, "groups", group), NULL), 404);
	assert_int_equal(box_do(box, "GET", V3 "/role_assignments", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/role_assignments")), 3); /* the admin's */
	assert_int_equal(box_do(box, "DELETE", path(box, "domains", "default"), NULL), 403);
}

static void projects_form_a_tree(void **state)
{
	struct box *box = *state;
	const char *parent = box_make(box, "projects", "project", "\"name\":\"parent\"");
	const char *child =
		box_make(box, "projects", "project",
			 box_format(box, "\"name\":\"child\",\"parent_id\":\"%s\"", parent));

	assert_int_equal(box_do(box, "DELETE", path(box, "projects", parent), NULL), 403);
	assert_int_equal(box_do(box, "PATCH", path(box, "projects", child),
				"{\"project\":{\"parent_id\":\"default\"}}"),
			 403);
	assert_int_equal(box_do(box, "DELETE", path(box, "projects", child), NULL), 204);
	assert_int_equal(box_do(box, "DELETE", path(box, "projects", parent), NULL), 204);
}

static void a_group_gives_its_roles(void **state)
{
	struct box *box = *state;
	const char *project = box_make(box, "projects", "project", "\"name\":\"work\"");
	const char *user = box_make(box, "users", "user", "\"name\":\"joe\",\"password\":\"p\"");
	const char *group = box_make(box, "groups", "group", "\"name\":\"staff\"");
	const char *role = box_find(box, "roles", "member");
	const char *token;

	assert_int_equal(
		box_do(box, "PUT",
		       box_format(box, V3 "/projects/%s/groups/%s/roles/%s", project, group, role),
		       NULL),
		204);
	assert_null(box_login(box, "joe", "p", box_scope(box, "work")));
	assert_int_equal(
		box_do(box, "PUT", box_format(box, V3 "/groups/%s/users/%s", group, user), NULL),
		204);
	token = box_login(box, "joe", "p", box_scope(box, "work"));
	assert_non_null(token);
	assert_int_equal(box_send(box, token, "GET", V3 "/auth/projects", NULL, NULL), 200);
	assert_string_equal(box_text(box, "/projects/0/name"), "work");
	assert_int_equal(box_do(box, "GET",
				box_format(box, V3 "/role_assignments?effective&user.id=%s", user),
				NULL),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/role_assignments")), 2); /* member, reader */
	assert_int_equal(box_do(box, "DELETE", path(box, "groups", group), NULL), 204);
	assert_int_equal(box_send(box, token, "GET", V3 "/auth/projects", NULL, NULL), 401);
}

static void assignments_can_be_named(void **state)
{
	struct box *box = *state;
	const char *project = box_make(box, "projects", "project", "\"name\":\"work\"");
	const char *user = box_make(box, "users", "user", "\"name\":\"joe\"");
	const char *role = box_find(box, "roles", "reader");

	box_grant(box, "PUT", project, user, role, 204);
	box_grant(box, "PUT", project, user, role, 204);
	box_grant(box, "HEAD", project, user, role, 204);
	box_grant(box, "PUT", project, user, "nothing", 404);
	assert_int_equal(
		box_do(box, "GET",
		       box_format(box, V3 "/role_assignments?include_names=True&user.id=%s", user),
		       NULL),
		200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/role_assignments")), 1);
	assert_string_equal(box_text(box, "/role_assignments/0/user/domain/name"), "Default");
	assert_string_equal(box_text(box, "/role_assignments/0/scope/project/name"), "work");
	assert_string_equal(box_text(box, "/role_assignments/0/role/name"), "reader");
	assert_int_equal(box_do(box, "GET",
				box_format(box, V3 "/projects/%s/users/%s/roles", project, user),
				NULL),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/roles")), 1);
	assert_int_equal(box_do(box, "GET", V3 "/role_assignments?user.id=a&group.id=b", NULL),
			 400);
}

static void roles_imply_roles(void **state)
{
	struct box *box = *state;
	const char *member = box_find(box, "roles", "member"),
		   *admin = box_find(box, "roles", "admin");
	const char *cook = box_make(box, "roles", "role", "\"name\":\"cook\"");
	const char *implies = box_format(box, V3 "/roles/%s/implies/%s", cook, member);

	assert_int_equal(box_do(box, "PUT", implies, NULL), 201);
	assert_int_equal(box_do(box, "GET", implies, NULL), 200);
	assert_int_equal(box_do(box, "HEAD", implies, NULL), 204);
	assert_int_equal(
		box_do(box, "PUT", box_format(box, V3 "/roles/%s/implies/%s", member, cook), NULL),
		201); /* a circle does no harm */
	assert_int_equal(
		box_do(box, "PUT", box_format(box, V3 "/roles/%s/implies/%s", member, admin), NULL),
		403);
	assert_int_equal(box_do(box, "GET", V3 "/role_inferences", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/role_inferences")), 3);
	assert_non_null(box_login(box, "admin", BOX_PASSWORD, box_scope(box, "admin")));
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 4);
	assert_int_equal(box_do(box, "DELETE", path(box, "roles", cook), NULL), 204);
	assert_int_equal(box_do(box, "GET", V3 "/role_inferences", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/role_inferences")), 2);
}

static void the_catalog_can_be_edited(void **state)
{
	struct box *box = *state;
	const char *service =
		box_make(box, "services", "service", "\"name\":\"s\",\"type\":\"strange\"");
	const char *endpoint = box_make(box, "endpoints", "endpoint",
					box_format(box,
						   "\"interface\":\"public\",\"region\":\"Two\","
						   "\"service_id\":\"%s\","
						   "\"url\":\"http://s/%%(project_id)s\"",
						   service));

	assert_string_equal(box_text(box, "/endpoint/region_id"), "Two");
	assert_int_equal(box_do(box, "GET", V3 "/regions/Two", NULL), 200);
	assert_int_equal(box_do(box, "DELETE", V3 "/regions/Two", NULL), 403);
	assert_int_equal(box_do(box, "PUT", V3 "/regions/Two", "{\"region\":{}}"), 409);
	assert_int_equal(box_do(box, "PATCH", V3 "/regions/Two",
				"{\"region\":{\"parent_region_id\":\"Two\"}}"),
			 400);
	assert_int_equal(box_do(box, "PATCH", path(box, "endpoints", endpoint),
				"{\"endpoint\":{\"enabled\":false}}"),
			 200);
	assert_int_equal(box_do(box, "DELETE", path(box, "services", service), NULL), 204);
	assert_int_equal(box_do(box, "GET", path(box, "endpoints", endpoint), NULL), 404);
	assert_int_equal(box_do(box, "DELETE", V3 "/regions/Two", NULL), 204);
}

static void projects_are_tagged(void **state)
{
	struct box *box = *state;
	const char *id = box_make(box, "projects", "project", "\"name\":\"work\"");
	const char *tags = box_format(box, V3 "/projects/%s/tags", id);
	const char *blue = box_format(box, "%s/blue", tags);

	assert_int_equal(box_do(box, "PUT", blue, NULL), 201);
	assert_int_equal(box_do(box, "GET", blue, NULL), 204);
	assert_int_equal(box_do(box, "GET", V3 "/projects?tags=blue", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/projects")), 1);
	assert_int_equal(box_do(box, "PUT", tags, "{\"tags\":[\"a\",\"b\"]}"), 200);
	assert_int_equal(box_do(box, "PUT", tags, "{\"tags\":[\"a,b\"]}"), 400);
	assert_int_equal(box_do(box, "GET", blue, NULL), 404);
	assert_int_equal(box_do(box, "DELETE", blue, NULL), 404);
	assert_int_equal(box_do(box, "GET", tags, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/tags")), 2);
	assert_int_equal(box_do(box, "DELETE", tags, NULL), 204);
}

static void users_see_themselves_alone(void **state)
{
	struct box *box = *state;
	const char *user = box_make(box, "users", "user", "\"name\":\"joe\",\"password\":\"p\"");
	const char *admin = box_find(box, "users", "admin");
	const char *token = box_login(box, "joe", "p", NULL);

	assert_int_equal(box_send(box, token, "GET", path(box, "users", user), NULL, NULL), 200);
	assert_int_equal(box_send(box, token, "GET", path(box, "users", admin), NULL, NULL), 403);
	assert_int_equal(box_send(box, token, "PATCH", path(box, "users", user), NULL,
				  "{\"user\":{\"enabled\":true}}"),
			 403);
	assert_int_equal(box_send(box, token, "GET", V3 "/domains/default", NULL, NULL), 403);
	assert_int_equal(box_do(box, "GET", V3 "/domains/default", NULL), 200);
	assert_int_equal(box_send(box, token, "POST", V3 "/projects", NULL,
				  "{\"project\":{\"name\":\"mine\"}}"),
			 403);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_user_lives_its_life),
		BOX_TEST(bad_records_are_refused),
		BOX_TEST(lists_are_filtered),
		BOX_TEST(a_domain_goes_with_all_that_is_in_it),
		BOX_TEST(projects_form_a_tree),
		BOX_TEST(a_group_gives_its_roles),
		BOX_TEST(assignments_can_be_named),
		BOX_TEST(roles_imply_roles),
		BOX_TEST(the_catalog_can_be_edited),
		BOX_TEST(projects_are_tagged),
		BOX_TEST(users_see_themselves_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
