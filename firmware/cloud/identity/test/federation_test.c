/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of federation, and that nobody logs in by them. */
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"
#define FEDERATION V3 "/OS-FEDERATION"

static int put(struct box *box, const char *path, const char *wrapper, const char *members)
{
	return box_do(box, "PUT", box_format(box, FEDERATION "/%s", path),
		      box_format(box, "{\"%s\":{%s}}", wrapper, members));
}

static int patch(struct box *box, const char *path, const char *wrapper, const char *members)
{
	return box_do(box, "PATCH", box_format(box, FEDERATION "/%s", path),
		      box_format(box, "{\"%s\":{%s}}", wrapper, members));
}

static int get(struct box *box, const char *path)
{
	return box_do(box, "GET", box_format(box, FEDERATION "/%s", path), NULL);
}

static int delete (struct box *box, const char *path)
{
	return box_do(box, "DELETE", box_format(box, FEDERATION "/%s", path), NULL);
}

static int put_idp(struct box *box, const char *id, const char *members)
{
	return put(box, box_format(box, "identity_providers/%s", id), "identity_provider", members);
}

static void a_provider_gets_a_domain(void **state)
{
	struct box *box = *state;
	const char *domain;

	assert_int_equal(put_idp(box, "acme", "\"description\":\"d\""), 201);
	assert_true(yyjson_is_false(box_at(box, "/identity_provider/enabled")));
	assert_true(yyjson_is_null(box_at(box, "/identity_provider/authorization_ttl")));
	assert_int_equal(yyjson_arr_size(box_at(box, "/identity_provider/remote_ids")), 0);
	assert_string_equal(box_text(box, "/identity_provider/links/protocols"),
			    "https://localhost" FEDERATION "/identity_providers/acme/protocols");
	domain = arena_strdup(&box->arena, box_text(box, "/identity_provider/domain_id"));
	assert_int_equal(box_do(box, "GET", box_format(box, V3 "/domains/%s", domain), NULL), 200);
	assert_string_equal(box_text(box, "/domain/description"),
			    "Auto generated federated domain for Identity Provider: acme");
	assert_int_equal(put_idp(box, "acme", ""), 409);
	assert_string_equal(box_message(box), "Conflict occurred attempting to store "
					      "identity_provider - Duplicate entry: acme.");
	assert_int_equal(put_idp(box, "other", "\"domain_id\":\"nowhere\""), 404);
	assert_int_equal(put_idp(box, "other", "\"domain_id\":\"default\",\"enabled\":true"), 201);
	assert_int_equal(get(box, "identity_providers?enabled=true"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/identity_providers")), 1);
	assert_string_equal(box_text(box, "/identity_providers/0/id"), "other");
	/* with its domain it goes */
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/domains/%s", domain),
				"{\"domain\":{\"enabled\":false}}"),
			 200);
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/domains/%s", domain), NULL),
			 204);
	assert_int_equal(get(box, "identity_providers/acme"), 404);
	assert_string_equal(box_message(box), "Could not find Identity Provider: acme.");
}

static void bad_providers_are_refused(void **state)
{
	struct box *box = *state;
	const char *longest = box_format(box, "%064d", 0);

	assert_int_equal(put_idp(box, "a", "\"x\":1"), 400);
	assert_string_equal(
		box_message(box),
		"Invalid input for field 'identity_provider': Additional properties are "
		"not allowed ('x' was unexpected)");
	assert_int_equal(put_idp(box, "a", "\"authorization_ttl\":-1"), 400);
	assert_int_equal(put_idp(box, "a", "\"remote_ids\":[\"r\",\"r\"]"), 400);
	assert_int_equal(put_idp(box, longest, ""), 201);
	assert_int_equal(put_idp(box, box_format(box, "%s0", longest), ""), 400);
	assert_string_equal(box_message(box),
			    box_format(box,
				       "String length exceeded. The length of string '%s0' exceeds "
				       "the limit of column id(CHAR(64)).",
				       longest));
	assert_int_equal(patch(box, box_format(box, "identity_providers/%s", longest),
			       "identity_provider", ""),
			 400);
	assert_string_equal(box_message(box),
			    "Invalid input for field 'identity_provider': {} does "
			    "not have enough properties");
	assert_int_equal(patch(box, box_format(box, "identity_providers/%s", longest),
			       "identity_provider", "\"domain_id\":\"default\""),
			 400);
}

static void a_remote_id_is_one_providers_alone(void **state)
{
	struct box *box = *state;

	assert_int_equal(put_idp(box, "a", "\"remote_ids\":[\"one\",\"two\"]"), 201);
	assert_int_equal(put_idp(box, "b", "\"remote_ids\":[\"two\"]"), 409);
	assert_string_equal(box_message(box), "Conflict occurred attempting to store "
					      "identity_provider - Duplicate remote ID: two.");
	assert_int_equal(put_idp(box, "b", "\"remote_ids\":null"), 201);
	assert_int_equal(
		patch(box, "identity_providers/b", "identity_provider", "\"remote_ids\":[\"two\"]"),
		409);
	assert_int_equal(patch(box, "identity_providers/a", "identity_provider",
			       "\"remote_ids\":[\"one\",\"three\"]"),
			 200);
	assert_int_equal(
		patch(box, "identity_providers/b", "identity_provider", "\"remote_ids\":[\"two\"]"),
		200);
	assert_int_equal(delete (box, "identity_providers/a"), 204);
	assert_int_equal(put_idp(box, "c", "\"remote_ids\":[\"one\",\"three\"]"), 201);
}

#define RULE(local, remote) "\"rules\":[{\"local\":[" local "],\"remote\":[" remote "]}]"
#define TYPE "{\"type\":\"t\"}"

static void mappings_are_checked(void **state)
{
	static const struct {
		const char *members, *expected; /* NULL: it is taken */
	} cases[] = {
		{ RULE("", TYPE), NULL },
		{ RULE("{\"user\":{\"name\":\"{0}\",\"domain\":{\"name\":\"d\"},\"type\":\"local\"}}",
		       TYPE),
		  NULL },
		{ RULE("{\"group\":{\"name\":\"g\",\"domain\":{\"id\":\"d\"}}},{\"groups\":\"{1}\"}",
		       "{\"type\":\"t\",\"any_one_of\":[\"x\",1],\"regex\":true}"),
		  NULL },
		{ RULE("{\"projects\":[{\"name\":\"p\",\"roles\":[{\"name\":\"r\"}]}]}",
		       "{\"type\":\"t\",\"whitelist\":[]}"),
		  NULL },
		{ "", "'rules' is a required property\n" },
		{ "\"rules\":[]", "[] is too short\n" },
		{ "\"rules\":{}", "{} is not of type 'array'\n" },
		{ RULE("", ""), "[] is too short\n" },
		{ "\"rules\":[{\"remote\":[" TYPE "]}]", "'local' is a required property\n" },
		{ RULE("{\"user\":{\"type\":\"x\"}}", TYPE),
		  "'x' is not one of ['ephemeral', 'local']\n" },
		{ RULE("{\"other\":1}", TYPE),
		  "Additional properties are not allowed ('other' was unexpected)\n" },
		{ RULE("{\"group\":{\"name\":\"g\"}}", TYPE),
		  "{'name': 'g'} is not valid under any of the given schemas\n" },
		{ RULE("{\"group\":{\"id\":\"g\",\"name\":\"g\"}}", TYPE),
		  "{'id': 'g', 'name': 'g'} is not valid under any of the given schemas\n" },
		{ RULE("", "{\"type\":\"t\",\"regex\":true}"),
		  "{'type': 't', 'regex': True} is not valid under any of the given schemas\n" },
		{ RULE("", "{\"type\":\"t\",\"any_one_of\":[],\"whitelist\":[]}"),
		  "{'type': 't', 'any_one_of': [], 'whitelist': []} is not valid under any of the "
		  "given schemas\n" },
		{ RULE("", "{\"any_one_of\":[]}"),
		  "{'any_one_of': []} is not valid under any of the given schemas\n" },
		{ RULE("{\"projects\":[{\"name\":\"p\"}]}", TYPE),
		  "'roles' is a required property\n" },
	};
	struct box *box = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *path = box_format(box, "mappings/m%zu", i);

		if (put(box, path, "mapping", cases[i].members) != (cases[i].expected ? 400 : 201))
			fail_msg("%zu: %d %s", i, box->reply.status, box_message(box));
		if (cases[i].expected)
			assert_string_equal(box_message(box), cases[i].expected);
	}
	assert_int_equal(box_do(box, "PUT", FEDERATION "/mappings/m", "{}"), 400);
	assert_string_equal(box_message(box), "'rules' is a required property\n");
	assert_int_equal(put(box, "mappings/m0", "mapping", RULE("", TYPE)), 409);
	assert_int_equal(patch(box, "mappings/m0", "mapping", RULE("{\"groups\":\"{0}\"}", TYPE)),
			 200);
	assert_string_equal(box_text(box, "/mapping/rules/0/local/0/groups"), "{0}");
	assert_int_equal(patch(box, "mappings/m0", "mapping", ""), 400);
	assert_int_equal(get(box, "mappings"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/mappings")), 4);
	assert_int_equal(delete (box, "mappings/m0"), 204);
	assert_int_equal(get(box, "mappings/m0"), 404);
	assert_string_equal(box_message(box), "Could not find mapping: m0.");
}

static void protocols_lie_below_their_provider(void **state)
{
	struct box *box = *state;
	const char *const path = "identity_providers/a/protocols/saml2";

	assert_int_equal(put(box, path, "protocol", "\"mapping_id\":\"m\""), 400);
	assert_string_equal(box_message(box), "Invalid mapping id: m");
	assert_int_equal(put(box, "mappings/m", "mapping", RULE("", TYPE)), 201);
	assert_int_equal(put(box, path, "protocol", "\"mapping_id\":\"m\""), 404);
	assert_int_equal(put_idp(box, "a", ""), 201);
	assert_int_equal(put(box, path, "protocol", "\"x\":1"), 400);
	assert_int_equal(put(box, path, "protocol",
			     "\"mapping_id\":\"m\",\"remote_id_attribute\":\"entityID\""),
			 201);
	assert_string_equal(box_text(box, "/protocol/id"), "saml2");
	assert_null(box_at(box, "/protocol/remote_id_attribute"));
	assert_null(box_at(box, "/protocol/idp_id"));
	assert_string_equal(box_text(box, "/protocol/links/self"),
			    "https://localhost" FEDERATION "/identity_providers/a/protocols/saml2");
	assert_string_equal(box_text(box, "/protocol/links/identity_provider"),
			    "https://localhost" FEDERATION "/identity_providers/a");
	assert_int_equal(put(box, path, "protocol", "\"mapping_id\":\"m\""), 409);
	assert_int_equal(patch(box, path, "protocol", "\"mapping_id\":\"n\""), 400);
	assert_int_equal(patch(box, path, "protocol", "\"remote_id_attribute\":\"x\""), 200);
	assert_int_equal(get(box, "identity_providers/a/protocols"), 200);
	assert_string_equal(box_text(box, "/protocols/0/mapping_id"), "m");
	assert_int_equal(get(box, "identity_providers/b/protocols"), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/protocols")), 0);
	assert_int_equal(delete (box, "identity_providers/a"), 204);
	assert_int_equal(get(box, path), 404);
	assert_string_equal(box_message(box),
			    "Could not find federated protocol saml2 for Identity Provider: a.");
	assert_int_equal(put_idp(box, "a", ""), 201);
	assert_int_equal(get(box, path), 404);
}

#define URLS "\"auth_url\":\"https://a/v3\",\"sp_url\":\"https://a/sp\""

static void clouds_that_are_enabled_stand_in_tokens(void **state)
{
	struct box *box = *state;

	assert_int_equal(put(box, "service_providers/s", "service_provider",
			     "\"auth_url\":\"nowhere\",\"sp_url\":\"https://a\""),
			 400);
	assert_int_equal(put(box, "service_providers/s", "service_provider", URLS), 201);
	assert_string_equal(box_text(box, "/service_provider/relay_state_prefix"), "ss:mem:");
	assert_true(yyjson_is_false(box_at(box, "/service_provider/enabled")));
	assert_true(yyjson_is_null(box_at(box, "/service_provider/description")));
	assert_int_equal(put(box, "service_providers/s", "service_provider", URLS), 409);
	assert_string_equal(box_message(box),
			    "Conflict occurred attempting to store "
			    "service_provider - Duplicate entry found with ID s.");
	assert_int_equal(box_subject(box, box->admin, "GET", box->admin), 200);
	assert_null(box_at(box, "/token/service_providers"));
	assert_int_equal(patch(box, "service_providers/s", "service_provider", "\"enabled\":true"),
			 200);
	assert_int_equal(box_subject(box, box->admin, "GET", box->admin), 200);
	assert_string_equal(box_text(box, "/token/service_providers/0/sp_url"), "https://a/sp");
	assert_int_equal(yyjson_obj_size(box_at(box, "/token/service_providers/0")), 3);
	assert_int_equal(delete (box, "service_providers/s"), 204);
	assert_int_equal(get(box, "service_providers/s"), 404);
	assert_string_equal(box_message(box), "Could not find Service Provider: s.");
}

static int assertion(struct box *box, const char *token, const char *sp)
{
	return box_send(
		box, NULL, "POST", V3 "/auth/OS-FEDERATION/saml2", NULL,
		box_format(box,
			   "{\"auth\":{\"identity\":{\"methods\":[\"token\"],\"token\":"
			   "{\"id\":\"%s\"}},\"scope\":{\"service_provider\":{\"id\":\"%s\"}"
			   "}}}",
			   token, sp));
}

static void nobody_logs_in_by_it(void **state)
{
	struct box *box = *state;

	assert_int_equal(get(box, "identity_providers/a/protocols/saml2/auth"), 401);
	assert_string_equal(box_message(box),
			    "Attempted to authenticate with an unsupported method.");
	assert_int_equal(
		box_send(box, NULL, "GET", V3 "/auth/OS-FEDERATION/websso/saml2", NULL, NULL), 401);
	assert_int_equal(box_send(box, NULL, "GET",
				  V3 "/auth/OS-FEDERATION/identity_providers/a/protocols/p/websso",
				  NULL, NULL),
			 400);
	assert_int_equal(box_send(box, NULL, "GET",
				  V3 "/auth/OS-FEDERATION/identity_providers/a/protocols/p/websso"
				     "?origin=http%3A%2F%2Fx",
				  NULL, NULL),
			 401);
	assert_int_equal(get(box, "saml2/metadata"), 501);
	assert_int_equal(assertion(box, box->admin, "s"), 404);
	assert_int_equal(put(box, "service_providers/s", "service_provider", URLS), 201);
	assert_int_equal(assertion(box, box->admin, "s"), 403);
	assert_int_equal(patch(box, "service_providers/s", "service_provider", "\"enabled\":true"),
			 200);
	assert_int_equal(assertion(box, "none", "s"), 404);
	assert_int_equal(assertion(box, box->admin, "s"), 501);
	assert_int_equal(get(box, "projects"), 200);
	assert_string_equal(box_text(box, "/projects/0/name"), "admin");
}

static void only_admins_change_it(void **state)
{
	struct box *box = *state;
	const char *user = box_make(box, "users", "user", "\"name\":\"joe\",\"password\":\"p\"");
	const char *joe;

	box_grant(box, "PUT", box_find(box, "projects", "service"), user,
		  box_find(box, "roles", "member"), 204);
	joe = box_login(box, "joe", "p", box_scope(box, "service"));
	assert_int_equal(box_send(box, joe, "PUT", FEDERATION "/identity_providers/x", NULL,
				  "{\"identity_provider\":{}}"),
			 403);
	assert_int_equal(box_send(box, joe, "GET", FEDERATION "/mappings", NULL, NULL), 403);
	assert_int_equal(box_send(box, joe, "GET", FEDERATION "/service_providers", NULL, NULL),
			 403);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_provider_gets_a_domain),
		BOX_TEST(bad_providers_are_refused),
		BOX_TEST(a_remote_id_is_one_providers_alone),
		BOX_TEST(mappings_are_checked),
		BOX_TEST(protocols_lie_below_their_provider),
		BOX_TEST(clouds_that_are_enabled_stand_in_tokens),
		BOX_TEST(nobody_logs_in_by_it),
		BOX_TEST(only_admins_change_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
