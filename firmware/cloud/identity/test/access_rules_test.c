/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Access rules of application credentials: kept, found again, and held to. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"
#define RULE                                                                                       \
	"{\"service\":\"identity\",\"method\":\"GET\",\"path\":\"/v3/users/{user_id}/projects\"}"

static const char *credentials(struct box *box)
{
	const char *user = box_find(box, "users", "admin");

	return box_format(box, V3 "/users/%s/application_credentials", user);
}

static int make(struct box *box, const char *name, const char *more)
{
	return box_do(
		box, "POST", credentials(box),
		box_format(box, "{\"application_credential\":{\"name\":\"%s\",\"secret\":\"s\"%s}}",
			   name, more));
}

static const char *login(struct box *box, const char *id)
{
	const char *body =
		box_format(box,
			   "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
			   "\"application_credential\":{\"id\":\"%s\",\"secret\":\"s\"}}}}",
			   id);

	if (box_send(box, NULL, "POST", V3 "/auth/tokens", NULL, body) != 201)
		return NULL;
	return arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
}

static void a_token_keeps_to_its_rules(void **state)
{
	struct box *box = *state;
	const char *user = box_find(box, "users", "admin"), *token, *id;

	assert_int_equal(make(box, "c", ",\"access_rules\":[" RULE "]"), 201);
	assert_string_equal(box_text(box, "/application_credential/access_rules/0/method"), "GET");
	id = arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
	token = login(box, id);
	assert_non_null(token);
	assert_string_equal(box_text(box, "/token/application_credential/access_rules/0/service"),
			    "identity");
	assert_int_equal(box_send(box, token, "GET", box_format(box, V3 "/users/%s/projects", user),
				  NULL, NULL),
			 200);
	assert_int_equal(box_send(box, token, "GET", V3 "/users", NULL, NULL), 401);
	assert_int_equal(box_send(box, token, "POST", V3 "/users", NULL, "{}"), 401);
	/* Once more, from the cache. */
	assert_int_equal(box_send(box, token, "GET", V3 "/users", NULL, NULL), 401);
}

static void a_token_with_rules_is_for_those_who_know_them(void **state)
{
	struct box *box = *state;
	struct name_value headers[] = { { "X-Subject-Token", NULL },
					{ "OpenStack-Identity-Access-Rules", "1.0" },
					{ NULL, NULL } };
	const char *token;

	assert_int_equal(make(box, "c", ",\"access_rules\":[" RULE "]"), 201);
	token = login(box, arena_strdup(&box->arena, box_text(box, "/application_credential/id")));
	headers[0].value = token;
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(box_send(box, box->admin, "GET", V3 "/auth/tokens", headers, NULL), 200);
	headers[1].value = "0.9";
	assert_int_equal(box_send(box, box->admin, "GET", V3 "/auth/tokens", headers, NULL), 404);
}

static void rules_are_shared_and_kept(void **state)
{
	struct box *box = *state;
	const char *user = box_find(box, "users", "admin"), *rule, *list, *first;
	const char *second;

	assert_int_equal(make(box, "one", ",\"access_rules\":[" RULE "]"), 201);
	first = arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
	rule = arena_strdup(&box->arena,
			    box_text(box, "/application_credential/access_rules/0/id"));
	assert_int_equal(
		make(box, "two", box_format(box, ",\"access_rules\":[{\"id\":\"%s\"}]", rule)),
		201);
	second = arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
	assert_string_equal(box_text(box, "/application_credential/access_rules/0/path"),
			    "/v3/users/{user_id}/projects");
	list = box_format(box, V3 "/users/%s/access_rules", user);
	assert_int_equal(box_do(box, "GET", list, NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/access_rules")), 1);
	rule = box_format(box, "%s/%s", list, rule);
	assert_int_equal(box_do(box, "GET", rule, NULL), 200);
	assert_string_equal(box_text(box, "/access_rule/links/self"),
			    box_format(box, "https://localhost%s", rule));
	assert_int_equal(box_do(box, "DELETE", rule, NULL), 403);
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, "%s/%s", credentials(box), first), NULL),
		204);
	assert_int_equal(
		box_do(box, "DELETE", box_format(box, "%s/%s", credentials(box), second), NULL),
		204);
	assert_int_equal(box_do(box, "DELETE", rule, NULL), 204);
	assert_int_equal(box_do(box, "GET", rule, NULL), 404);
}

static void bad_rules_are_refused(void **state)
{
	static const char *const cases[] = {
		"{\"service\":\"identity\",\"method\":\"LOOK\",\"path\":\"/v3\"}",
		"{\"service\":\"identity\",\"method\":\"GET\",\"path\":\"v3\"}",
		"{\"service\":\"identity\",\"method\":\"GET\",\"path\":\"/v3\",\"more\":1}",
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(
			make(box, "c", box_format(box, ",\"access_rules\":[%s]", cases[i])), 400);
	assert_int_equal(make(box, "c", ",\"access_rules\":[{\"id\":\"nothing\"}]"), 404);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_token_keeps_to_its_rules, box_setup,
						box_teardown),
		cmocka_unit_test_setup_teardown(a_token_with_rules_is_for_those_who_know_them,
						box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(rules_are_shared_and_kept, box_setup, box_teardown),
		cmocka_unit_test_setup_teardown(bad_rules_are_refused, box_setup, box_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
