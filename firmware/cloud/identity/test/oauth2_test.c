/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client credentials grant of OAuth 2.0. */
#include <mbedtls/base64.h>

#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"
#define FORM "application/x-www-form-urlencoded"
#define GRANT "grant_type=client_credentials"

static int ask(struct box *box, const char *authorization, const char *type, const char *form)
{
	const struct name_value headers[] = { { "Content-Type", type },
					      { authorization ? "Authorization" : NULL,
						authorization },
					      { NULL, NULL } };

	return box_send(box, NULL, "POST", V3 "/OS-OAUTH2/token", headers, form);
}

static const char *basic(struct box *box, const char *pair)
{
	unsigned char text[256];
	size_t length;

	assert_int_equal(mbedtls_base64_encode(text, sizeof(text), &length,
					       (const unsigned char *)pair, strlen(pair)),
			 0);
	return box_format(box, "Basic %s", text);
}

static const char *credential_make(struct box *box, const char *more)
{
	const char *user = box_find(box, "users", "admin");

	assert_int_equal(box_do(box, "POST",
				box_format(box, V3 "/users/%s/application_credentials", user),
				box_format(box,
					   "{\"application_credential\":{\"name\":\"c\","
					   "\"secret\":\"s\"%s}}",
					   more)),
			 201);
	return arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
}

static void a_client_gets_a_token(void **state)
{
	struct box *box = *state;
	const char *id = credential_make(box, ",\"roles\":[{\"name\":\"reader\"}]"), *token;

	assert_int_equal(ask(box, basic(box, box_format(box, "%s:s", id)), FORM, GRANT "&x=1"),
			 200);
	assert_string_equal(box_text(box, "/token_type"), "Bearer");
	assert_int_equal(yyjson_get_int(box_at(box, "/expires_in")), 3600);
	token = arena_strdup(&box->arena, box_text(box, "/access_token"));
	assert_int_equal(box_subject(box, token, "GET", token), 200);
	assert_string_equal(box_text(box, "/token/methods/0"), "application_credential");
	assert_string_equal(box_text(box, "/token/roles/0/name"), "reader");
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 1);
	assert_string_equal(box_text(box, "/token/application_credential/id"), id);
}

static void others_are_refused_in_its_words(void **state)
{
	struct box *box = *state;
	const char *id = credential_make(box, ""), *good = basic(box, box_format(box, "%s:s", id));
	const struct {
		const char *authorization, *type, *form;
		int status;
		const char *error, *text;
	} cases[] = {
		{ NULL, FORM, GRANT, 401, "invalid_client",
		  "OAuth2.0 client authorization is required." },
		{ "Bearer x", FORM, GRANT, 401, "invalid_client",
		  "OAuth2.0 client authorization is required." },
		{ "Basic ?", FORM, GRANT, 401, "invalid_client",
		  "OAuth2.0 client authorization is required." },
		{ "Digest username=\"x\"", FORM, GRANT, 401, "invalid_client",
		  "OAuth2.0 client authorization type digest is not supported." },
		{ basic(box, ":s"), FORM, GRANT, 401, "invalid_client",
		  "OAuth2.0 client authorization is invalid." },
		{ basic(box, box_format(box, "%s:", id)), FORM, GRANT, 401, "invalid_client",
		  "OAuth2.0 client authorization is invalid." },
		{ good, FORM, "", 400, "invalid_request", "The parameter grant_type is required." },
		{ good, "application/json", GRANT, 400, "invalid_request",
		  "The parameter grant_type is required." },
		{ good, FORM, "grant_type=a%2Bb", 400, "unsupported_grant_type",
		  "The parameter grant_type a+b is not supported." },
		{ basic(box, box_format(box, "%s:wrong", id)), FORM, GRANT, 401, "invalid_client",
		  "The request you have made requires authentication." },
		{ basic(box, "nobody:s"), FORM, GRANT, 401, "invalid_client",
		  "The request you have made requires authentication." },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (ask(box, cases[i].authorization, cases[i].type, cases[i].form) !=
		    cases[i].status)
			fail_msg("%zu: %d %s", i, box->reply.status, box->reply.body);
		assert_string_equal(box_text(box, "/error"), cases[i].error);
		assert_string_equal(box_text(box, "/error_description"), cases[i].text);
		if (cases[i].status == 401)
			assert_string_equal(box_header(box, "WWW-Authenticate"),
					    "Keystone uri=\"https://localhost/identity\"");
	}
	assert_int_equal(box_send(box, NULL, "GET", V3 "/OS-OAUTH2/token", NULL, NULL), 405);
}

static void one_factor_is_not_two(void **state)
{
	struct box *box = *state;
	const char *id = credential_make(box, "");

	assert_int_equal(box_do(box, "PATCH",
				box_format(box, V3 "/users/%s", box_find(box, "users", "admin")),
				"{\"user\":{\"options\":{\"multi_factor_auth_enabled\":true,"
				"\"multi_factor_auth_rules\":[[\"password\",\"totp\"]]}}}"),
			 200);
	assert_int_equal(ask(box, basic(box, box_format(box, "%s:s", id)), FORM, GRANT), 401);
	assert_string_equal(box_text(box, "/error"), "invalid_client");
	assert_null(box_header(box, "X-Subject-Token"));
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_client_gets_a_token),
		BOX_TEST(others_are_refused_in_its_words),
		BOX_TEST(one_factor_is_not_two),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
