/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The personas of secure RBAC: what a reader of the system, of a domain or of a project may see. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

struct cast {
	struct box *box;
	const char *domain, *project, *user;
	const char *system, *domains, *projects; /* readers' tokens */
};

static const char *reader_make(struct cast *cast, const char *name, const char *where,
			       const char *scope)
{
	struct box *box = cast->box;
	const char *user = box_make(box, "users", "user",
				    box_format(box, "\"name\":\"%s\",\"password\":\"p\"", name));
	const char *token;

	assert_int_equal(box_do(box, "PUT",
				box_format(box, V3 "/%s/users/%s/roles/%s", where, user,
					   box_find(box, "roles", "reader")),
				NULL),
			 204);
	token = box_login(box, name, "p", scope);
	assert_non_null(token);
	return token;
}

static struct cast cast_make(struct box *box)
{
	struct cast cast = { .box = box };
	const char *members;

	cast.domain = box_make(box, "domains", "domain", "\"name\":\"d\"");
	members = box_format(box, "\"name\":\"x\",\"domain_id\":\"%s\"", cast.domain);
	cast.project = box_make(box, "projects", "project", members);
	cast.user = box_make(box, "users", "user", members);
	cast.system = reader_make(&cast, "s", "system", "{\"system\":{\"all\":true}}");
	cast.domains = reader_make(&cast, "d", box_format(box, "domains/%s", cast.domain),
				   "{\"domain\":{\"name\":\"d\"}}");
	cast.projects = reader_make(&cast, "p", box_format(box, "projects/%s", cast.project),
				    box_format(box, "{\"project\":{\"id\":\"%s\"}}", cast.project));
	return cast;
}

static void readers_see_as_far_as_their_scope(void **state)
{
	struct cast cast = cast_make(*state);
	struct box *box = cast.box;
	const struct {
		const char *target;
		int system, domain, project;
	} cases[] = {
		{ V3 "/users", 200, 200, 403 },
		{ V3 "/domains", 200, 403, 403 },
		{ V3 "/roles", 200, 403, 403 },
		{ V3 "/endpoints", 200, 403, 403 },
		{ V3 "/regions", 200, 200, 200 },
		{ V3 "/role_assignments", 200, 200, 403 },
		{ box_format(box, V3 "/users/%s", cast.user), 200, 200, 403 },
		{ V3 "/users/nobody", 404, 403, 403 },
		{ V3 "/roles/nothing", 404, 404, 404 },
		{ V3 "/domains/nothing", 404, 403, 403 },
		{ box_format(box, V3 "/domains/%s", cast.domain), 200, 200, 200 },
		{ V3 "/domains/default", 200, 403, 403 },
		{ box_format(box, V3 "/projects/%s", cast.project), 200, 200, 200 },
		{ box_format(box, V3 "/projects/%s/users/%s/roles", cast.project, cast.user), 200,
		  200, 403 },
		{ box_format(box, V3 "/system/users/%s/roles", cast.user), 200, 403, 403 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (box_send(box, cast.system, "GET", cases[i].target, NULL, NULL) !=
			    cases[i].system ||
		    box_send(box, cast.domains, "GET", cases[i].target, NULL, NULL) !=
			    cases[i].domain ||
		    box_send(box, cast.projects, "GET", cases[i].target, NULL, NULL) !=
			    cases[i].project)
			fail_msg("%s: %d", cases[i].target, box->reply.status);
	}
}

static void readers_change_nothing(void **state)
{
	struct cast cast = cast_make(*state);
	struct box *box = cast.box;
	const char *const tokens[] = { cast.system, cast.domains, cast.projects };
	const char *body =
		box_format(box, "{\"user\":{\"name\":\"n\",\"domain_id\":\"%s\"}}", cast.domain);

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		assert_int_equal(box_send(box, tokens[i], "POST", V3 "/users", NULL, body), 403);
		assert_string_equal(box_message(box),
				    "You are not authorized to perform the requested action: "
				    "identity:create_user.");
		assert_int_equal(box_send(box, tokens[i], "DELETE",
					  box_format(box, V3 "/projects/%s", cast.project), NULL,
					  NULL),
				 403);
	}
}

static void a_domain_token_lists_its_domain(void **state)
{
	struct cast cast = cast_make(*state);
	struct box *box = cast.box;
	const char *group, *users;

	assert_int_equal(box_send(box, cast.domains, "GET", V3 "/users", NULL, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/users")), 1);
	assert_string_equal(box_text(box, "/users/0/id"), cast.user);
	group = box_make(box, "groups", "group",
			 box_format(box, "\"name\":\"g\",\"domain_id\":\"%s\"", cast.domain));
	users = box_format(box, V3 "/groups/%s/users", group);
	assert_int_equal(box_do(box, "PUT", box_format(box, "%s/%s", users, cast.user), NULL), 204);
	assert_int_equal(box_do(box, "PUT",
				box_format(box, "%s/%s", users, box_find(box, "users", "admin")),
				NULL),
			 204);
	assert_int_equal(box_send(box, cast.domains, "GET", users, NULL, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/users")), 1);
	assert_int_equal(box_send(box, cast.system, "GET", V3 "/users", NULL, NULL), 200);
	assert_true(yyjson_arr_size(box_at(box, "/users")) > 4);
}

static void disabling_voids_tokens_for_good(void **state)
{
	struct cast cast = cast_make(*state);
	struct box *box = cast.box;
	const struct {
		const char *kind, *id, *token;
	} cases[] = {
		{ "project", cast.project, cast.projects },
		{ "domain", cast.domain, cast.domains },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *target = box_format(box, V3 "/%ss/%s", cases[i].kind, cases[i].id);

		assert_int_equal(box_subject(box, box->admin, "GET", cases[i].token), 200);
		assert_int_equal(box_do(box, "PATCH", target,
					box_format(box, i ? "{\"domain\":{\"enabled\":false}}"
							  : "{\"project\":{\"enabled\":false}}")),
				 200);
		assert_null(box_at(box, box_format(box, "/%s/token_epoch", cases[i].kind)));
		assert_int_equal(box_subject(box, box->admin, "GET", cases[i].token), 404);
		assert_int_equal(box_do(box, "PATCH", target,
					box_format(box, i ? "{\"domain\":{\"enabled\":true}}"
							  : "{\"project\":{\"enabled\":true}}")),
				 200);
		assert_int_equal(box_subject(box, box->admin, "GET", cases[i].token), 404);
	}
	assert_non_null(box_login(box, "d", "p", "{\"domain\":{\"name\":\"d\"}}"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(readers_see_as_far_as_their_scope, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(readers_change_nothing, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(a_domain_token_lists_its_domain, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(disabling_voids_tokens_for_good, box_setup,
						box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
