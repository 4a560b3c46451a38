/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Authentication through the API: methods, scopes, and what ends a token. */
#include "firmware/cloud/identity/test/box.h"

#include "firmware/cloud/identity/instant.h"

#define TOKENS "/identity/v3/auth/tokens"

struct member {
	const char *project, *user, *role;
};

/* A user "joe", member of project "work", with the password "pass". */
static struct member make_member(struct box *box)
{
	struct member member = {
		.project = box_make(box, "projects", "project", "\"name\":\"work\""),
		.user = box_make(box, "users", "user", "\"name\":\"joe\",\"password\":\"pass\""),
		.role = box_find(box, "roles", "member"),
	};

	box_grant(box, "PUT", member.project, member.user, member.role, 204);
	return member;
}

static void a_token_says_who_and_where(void **state)
{
	struct box *box = *state;

	assert_non_null(box->admin);
	assert_string_equal(box_text(box, "/token/user/name"), "admin");
	assert_string_equal(box_text(box, "/token/user/domain/name"), "Default");
	assert_string_equal(box_text(box, "/token/project/name"), "admin");
	assert_string_equal(box_text(box, "/token/methods/0"), "password");
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 3);
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/catalog")), 5);
	assert_int_equal(instant_parse(box_text(box, "/token/expires_at")) -
				 instant_parse(box_text(box, "/token/issued_at")),
			 TOKEN_LIFE);
}

static void the_catalog_lies_where_the_client_came(void **state)
{
	struct box *box = *state;
	yyjson_val *service;
	size_t index, most, found = 0;

	assert_int_equal(box_do(box, "GET", "/identity/v3/auth/catalog", NULL), 200);
	yyjson_arr_foreach (box_at(box, "/catalog"), index, most, service) {
		if (!json_is(service, "type", "compute"))
			continue;
		found++;
		assert_string_equal(yyjson_get_str(yyjson_ptr_get(service, "/endpoints/0/url")),
				    "https://localhost/compute/v2.1");
		assert_int_equal(yyjson_arr_size(yyjson_obj_get(service, "endpoints")), 3);
	}
	assert_int_equal(found, 1);
}

static void wrong_credentials_read_alike(void **state)
{
	static const char refusal[] = "The request you have made requires authentication.";
	struct box *box = *state;

	assert_null(box_login(box, "admin", "wrong", NULL));
	assert_int_equal(box->reply.status, 401);
	assert_string_equal(box_message(box), refusal);
	assert_null(box_login(box, "nobody", "wrong", NULL));
	assert_string_equal(box_message(box), refusal);
	assert_null(box_login(box, "admin", BOX_PASSWORD, box_scope(box, "nowhere")));
	assert_string_equal(box_message(box), refusal);
}

static void scopes(void **state)
{
	struct box *box = *state;

	assert_non_null(box_login(box, "admin", BOX_PASSWORD, "{\"system\":{\"all\":true}}"));
	assert_true(yyjson_get_bool(box_at(box, "/token/system/all")));
	assert_non_null(box_login(box, "admin", BOX_PASSWORD, "{\"domain\":{\"id\":\"default\"}}"));
	assert_string_equal(box_text(box, "/token/domain/name"), "Default");
	assert_non_null(box_login(box, "admin", BOX_PASSWORD, "\"unscoped\""));
	assert_null(box_at(box, "/token/roles"));
	assert_null(box_at(box, "/token/catalog"));
	assert_non_null(box_login(box, "admin", BOX_PASSWORD, NULL)); /* the default project */
	assert_string_equal(box_text(box, "/token/project/name"), "admin");
	assert_null(box_login(box, "admin", BOX_PASSWORD, "{\"system\":{},\"project\":{}}"));
	assert_int_equal(box->reply.status, 400);
}

static void bad_bodies_are_refused(void **state)
{
	static const char *const bodies[] = {
		"",
		"[]",
		"{}",
		"{\"auth\":{}}",
		"{\"auth\":{\"identity\":{}}}",
		"{\"auth\":{\"identity\":{\"methods\":[1]}}}",
		"{\"auth\":{\"identity\":{\"methods\":[\"password\"]}}}",
		"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{}}}}",
		"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":{}}}}}",
		"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
		"{\"name\":\"a\",\"password\":\"b\"}}}}}",
		"{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":{}}}}",
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_int_equal(box_send(box, NULL, "POST", TOKENS, NULL, bodies[i]), 400);
	assert_int_equal(box_send(box, NULL, "POST", TOKENS, NULL,
				  "{\"auth\":{\"identity\":{\"methods\":[]}}}"),
			 401);
	assert_int_equal(
		box_send(box, NULL, "POST", TOKENS, NULL,
			 "{\"auth\":{\"identity\":{\"methods\":[\"saml2\"],\"saml2\":{}}}}"),
		401);
}

static int rescope(struct box *box, const char *token)
{
	return box_send(box, NULL, "POST", TOKENS, NULL,
			box_format(box,
				   "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":"
				   "{\"id\":\"%s\"}},\"scope\":%s}}",
				   token, box_scope(box, "admin")));
}

static void a_token_from_a_token_ends_with_it(void **state)
{
	struct box *box = *state;
	const char *unscoped = box_login(box, "admin", BOX_PASSWORD, "\"unscoped\"");
	const char *end = arena_strdup(&box->arena, box_text(box, "/token/expires_at"));
	const char *audit = arena_strdup(&box->arena, box_text(box, "/token/audit_ids/0"));

	assert_int_equal(rescope(box, unscoped), 201);
	assert_string_equal(box_text(box, "/token/project/name"), "admin");
	assert_string_equal(box_text(box, "/token/expires_at"), end);
	assert_string_equal(box_text(box, "/token/audit_ids/1"), audit);
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/methods")), 2);
	assert_int_equal(rescope(box, "forged"), 404);
}

static void a_revoked_token_stays_revoked(void **state)
{
	struct box *box = *state;
	const char *token = box_login(box, "admin", BOX_PASSWORD, box_scope(box, "admin"));

	assert_int_equal(box_subject(box, box->admin, "GET", token), 200);
	assert_string_equal(box_header(box, "X-Subject-Token"), token);
	assert_int_equal(box_subject(box, box->admin, "HEAD", token), 200);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/users", NULL, NULL), 200);
	assert_int_equal(box_subject(box, token, "DELETE", token), 204);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/users", NULL, NULL), 401);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	box_restart(box);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/users", NULL, NULL), 401);
	assert_int_equal(box_do(box, "GET", "/identity/v3/users", NULL), 200);
}

static void a_lost_role_counts_at_once(void **state)
{
	struct box *box = *state;
	struct member member = make_member(box);
	const char *token = box_login(box, "joe", "pass", box_scope(box, "work"));

	assert_non_null(token);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/auth/catalog", NULL, NULL), 200);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/users", NULL, NULL), 403);
	assert_string_equal(box_message(box), "You are not authorized to perform the requested "
					      "action: identity:list_users.");
	box_grant(box, "DELETE", member.project, member.user, member.role, 204);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/auth/catalog", NULL, NULL), 401);
	assert_null(box_login(box, "joe", "pass", box_scope(box, "work")));
	box_grant(box, "DELETE", member.project, member.user, member.role, 404);
}

static void patch_user(struct box *box, const char *id, const char *members)
{
	assert_int_equal(box_do(box, "PATCH", box_format(box, "/identity/v3/users/%s", id),
				box_format(box, "{\"user\":{%s}}", members)),
			 200);
}

static void disabling_a_user_ends_its_tokens(void **state)
{
	struct box *box = *state;
	struct member member = make_member(box);
	const char *token = box_login(box, "joe", "pass", box_scope(box, "work"));

	patch_user(box, member.user, "\"enabled\":false");
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/auth/catalog", NULL, NULL), 401);
	assert_null(box_login(box, "joe", "pass", box_scope(box, "work")));
	patch_user(box, member.user, "\"enabled\":true");
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/auth/catalog", NULL, NULL), 401);
	assert_non_null(box_login(box, "joe", "pass", box_scope(box, "work")));
}

static int change_password(struct box *box, const char *user, const char *old, const char *new)
{
	return box_send(
		box, NULL, "POST", box_format(box, "/identity/v3/users/%s/password", user), NULL,
		box_format(box, "{\"user\":{\"original_password\":\"%s\",\"password\":\"%s\"}}",
			   old, new));
}

static void a_new_password_ends_older_tokens(void **state)
{
	struct box *box = *state;
	struct member member = make_member(box);
	const char *token = box_login(box, "joe", "pass", box_scope(box, "work"));

	assert_int_equal(change_password(box, member.user, "wrong", "one"), 401);
	assert_int_equal(change_password(box, member.user, "pass", "one"), 204);
	assert_int_equal(box_send(box, token, "GET", "/identity/v3/auth/catalog", NULL, NULL), 401);
	assert_int_equal(rescope(box, token), 404);
	assert_int_equal(change_password(box, member.user, "one", "one"), 400);
	assert_int_equal(change_password(box, member.user, "one", "pass"), 400);
	assert_int_equal(change_password(box, member.user, "one", "two"), 204);
	assert_int_equal(change_password(box, member.user, "two", "pass"), 204);
	assert_non_null(box_login(box, "joe", "pass", box_scope(box, "work")));
}

static void guessing_locks_the_account(void **state)
{
	struct box *box = *state;

	make_member(box);
	box_lock_long(box);
	for (int i = 0; i < 2; i++)
		assert_null(box_login(box, "joe", "wrong", NULL));
	assert_null(box_login(box, "joe", "pass", NULL));
	assert_int_equal(strncmp(box_message(box), "The account is locked", 21), 0);
	lockout_succeeded(&box->cloud.identity->lockout, box_find(box, "users", "joe"));
	assert_non_null(box_login(box, "joe", "pass", NULL));
}

static void an_application_credential_acts_for_its_user(void **state)
{
	struct box *box = *state;
	struct member member = make_member(box);
	const char *token = box_login(box, "joe", "pass", box_scope(box, "work"));
	const char *path =
		box_format(box, "/identity/v3/users/%s/application_credentials", member.user);
	const char *id, *login, *delegate;

	assert_int_equal(box_send(box, token, "POST", path, NULL,
				  "{\"application_credential\":{\"name\":\"ci\","
				  "\"roles\":[{\"name\":\"admin\"}]}}"),
			 400);
	assert_int_equal(box_send(box, token, "POST", path, NULL,
				  "{\"application_credential\":{\"name\":\"ci\","
				  "\"roles\":[{\"name\":\"reader\"}],"
				  "\"expires_at\":\"2099-01-02T03:04:05.678901\"}}"),
			 201);
	assert_string_equal(box_text(box, "/application_credential/expires_at"),
			    "2099-01-02T03:04:05.678901");
	id = arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
	login = box_format(box,
			   "{\"auth\":{\"identity\":{\"methods\":[\"application_credential\"],"
			   "\"application_credential\":{\"id\":\"%s\",\"secret\":\"%s\"}}}}",
			   id, box_text(box, "/application_credential/secret"));
	assert_int_equal(box_send(box, NULL, "POST", TOKENS, NULL, login), 201);
	assert_string_equal(box_text(box, "/token/project/id"), member.project);
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 1);
	delegate = arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
	assert_int_equal(box_send(box, delegate, "POST", path, NULL,
				  "{\"application_credential\":{\"name\":\"more\"}}"),
			 403);
	assert_int_equal(
		box_send(box, token, "GET", box_format(box, "%s/%s", path, id), NULL, NULL), 200);
	assert_null(box_at(box, "/application_credential/secret"));
	assert_null(box_at(box, "/application_credential/secret_hash"));
	assert_int_equal(
		box_send(box, token, "DELETE", box_format(box, "%s/%s", path, id), NULL, NULL),
		204);
	assert_int_equal(box_send(box, delegate, "GET", "/identity/v3/auth/catalog", NULL, NULL),
			 401);
	assert_int_equal(box_send(box, NULL, "POST", TOKENS, NULL, login), 401);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_token_says_who_and_where),
		BOX_TEST(the_catalog_lies_where_the_client_came),
		BOX_TEST(wrong_credentials_read_alike),
		BOX_TEST(scopes),
		BOX_TEST(bad_bodies_are_refused),
		BOX_TEST(a_token_from_a_token_ends_with_it),
		BOX_TEST(a_revoked_token_stays_revoked),
		BOX_TEST(a_lost_role_counts_at_once),
		BOX_TEST(disabling_a_user_ends_its_tokens),
		BOX_TEST(a_new_password_ends_older_tokens),
		BOX_TEST(guessing_locks_the_account),
		BOX_TEST(an_application_credential_acts_for_its_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
