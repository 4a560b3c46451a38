/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-time passwords, and logins that need more than one factor. */
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/test/box.h"
#include "firmware/cloud/identity/totp.h"

#define V3 "/identity/v3"
#define SEED "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" /* RFC 6238, appendix B */

static void codes_follow_the_clock(void **state)
{
	(void)state;
	assert_true(totp_holds(SEED, 59, "287082"));
	assert_true(totp_holds(SEED, 60, "287082"));
	assert_true(totp_holds(SEED, 1111111109, "081804"));
	assert_false(totp_holds(SEED, 90, "287082"));
	assert_false(totp_holds(SEED, 29, "287082"));
	assert_false(totp_holds(SEED, 59, "28708"));
	assert_false(totp_holds("no base32!", 59, "287082"));
	assert_false(totp_holds("GEZD=NBV", 59, "287082"));
	assert_false(totp_holds("", 59, "287082"));
}

/* A code of this moment, found by trying; there are two, and 'used' is not wanted. */
static const char *code_other(struct box *box, const char *used)
{
	for (unsigned code = 0; code < 1000000; code++) {
		char text[8];

		snprintf(text, sizeof(text), "%06u", code);
		if (strcmp(text, used) != 0 && totp_holds(SEED, instant_now(), text))
			return arena_strdup(&box->arena, text);
	}
	return "";
}

/* Early in a period, so that both codes hold for long enough. */
static const char *code_now(struct box *box)
{
	while (instant_now() % 30 > 15)
		usleep(100000);
	return code_other(box, "");
}

static const char *make_user(struct box *box, const char *rules)
{
	const char *id = box_make(box, "users", "user",
				  box_format(box,
					     "\"name\":\"joe\",\"password\":\"p\",\"options\":{"
					     "\"multi_factor_auth_enabled\":true,"
					     "\"multi_factor_auth_rules\":%s}",
					     rules));

	box_make(box, "credentials", "credential",
		 box_format(box, "\"user_id\":\"%s\",\"type\":\"totp\",\"blob\":\"" SEED "\"", id));
	return id;
}

#define BY_PASSWORD "\"password\":{\"user\":{\"id\":\"%s\",\"password\":\"p\"}}"
#define BY_TOTP "\"totp\":{\"user\":{\"id\":\"%s\",\"passcode\":\"%s\"}}"

static int login(struct box *box, const char *receipt, const char *methods, const char *payloads)
{
	const struct name_value headers[] = { { "Openstack-Auth-Receipt", receipt },
					      { NULL, NULL } };

	return box_send(box, NULL, "POST", V3 "/auth/tokens", receipt ? headers : NULL,
			box_format(box, "{\"auth\":{\"identity\":{\"methods\":[%s],%s}}}", methods,
				   payloads));
}

static void a_code_is_a_login(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "[]"), *code = code_now(box);

	assert_int_equal(login(box, NULL, "\"totp\"", box_format(box, BY_TOTP, id, code)), 201);
	assert_string_equal(box_text(box, "/token/methods/0"), "totp");
	/* and not a second one */
	assert_int_equal(login(box, NULL, "\"totp\"", box_format(box, BY_TOTP, id, code)), 401);
	assert_int_equal(
		login(box, NULL, "\"totp\"", box_format(box, BY_TOTP, id, code_other(box, code))),
		201);
	assert_int_equal(login(box, NULL, "\"totp\"", box_format(box, BY_TOTP, id, "nothex")), 401);
	assert_string_equal(box_message(box), "The request you have made requires authentication.");
}

static void two_factors_are_asked_for(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "[[\"password\",\"totp\"]]"), *receipt;
	const char *code = code_now(box);

	assert_int_equal(login(box, NULL, "\"password\"", box_format(box, BY_PASSWORD, id)), 401);
	assert_string_equal(box_text(box, "/receipt/user/id"), id);
	assert_string_equal(box_text(box, "/receipt/user/domain/name"), "Default");
	assert_string_equal(box_text(box, "/receipt/methods/0"), "password");
	assert_string_equal(box_text(box, "/required_auth_methods/0/0"), "password");
	assert_string_equal(box_text(box, "/required_auth_methods/0/1"), "totp");
	receipt = arena_strdup(&box->arena, box_header(box, "Openstack-Auth-Receipt"));
	assert_non_null(receipt);
	/* it is no token, and no good for another */
	assert_int_equal(box_send(box, receipt, "GET", V3 "/auth/projects", NULL, NULL), 401);
	assert_int_equal(box_subject(box, box->admin, "GET", receipt), 404);
	assert_int_equal(login(box, receipt, "\"totp\"", box_format(box, BY_TOTP, id, code)), 201);
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/methods")), 2);
	assert_int_equal(
		login(box, NULL, "\"password\",\"totp\"",
		      box_format(box, BY_PASSWORD "," BY_TOTP, id, id, code_other(box, code))),
		201);
}

/* Who knows the password guesses codes no faster for it. */
static void the_password_wipes_out_no_wrong_codes(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "[[\"password\",\"totp\"]]");

	box_lock_long(box);
	for (int i = 0; i < 2; i++)
		assert_int_equal(login(box, NULL, "\"password\",\"totp\"",
				       box_format(box, BY_PASSWORD "," BY_TOTP, id, id, "nothex")),
				 401);
	assert_int_equal(login(box, NULL, "\"password\",\"totp\"",
			       box_format(box, BY_PASSWORD "," BY_TOTP, id, id, code_now(box))),
			 401);
	assert_string_equal(box_message(box),
			    box_format(box, "The account is locked for user: %s.", id));
}

#define BY_CREDENTIAL "\"application_credential\":{\"id\":\"%s\",\"secret\":\"s\"}"

/* What joe has in a project. */
static const char *make_credential(struct box *box, const char *user)
{
	const char *project = box_make(box, "projects", "project", "\"name\":\"p\""), *token;

	box_grant(box, "PUT", project, user, box_find(box, "roles", "member"), 204);
	token = box_login(box, "joe", "p", box_scope(box, "p"));
	assert_int_equal(box_send(box, token, "POST",
				  box_format(box, V3 "/users/%s/application_credentials", user),
				  NULL,
				  "{\"application_credential\":{\"name\":\"a\",\"secret\":\"s\"}}"),
			 201);
	return arena_strdup(&box->arena, box_text(box, "/application_credential/id"));
}

/* The receipt of an application credential does not stand for its whole user. */
static void a_receipt_widens_no_delegate(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "[]"), *credential = make_credential(box, id), *receipt;

	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/users/%s", id),
				"{\"user\":{\"options\":{\"multi_factor_auth_rules\":"
				"[[\"application_credential\",\"totp\"]]}}}"),
			 200);
	assert_int_equal(login(box, NULL, "\"application_credential\"",
			       box_format(box, BY_CREDENTIAL, credential)),
			 401);
	receipt = arena_strdup(&box->arena, box_header(box, "Openstack-Auth-Receipt"));
	assert_non_null(receipt);
	assert_int_equal(
		login(box, receipt, "\"totp\"", box_format(box, BY_TOTP, id, code_now(box))), 401);
}

static void a_receipt_is_one_users(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "[[\"password\",\"totp\"]]"), *receipt, *eve;

	eve = box_make(box, "users", "user", "\"name\":\"eve\",\"password\":\"p\"");
	login(box, NULL, "\"password\"", box_format(box, BY_PASSWORD, id));
	receipt = arena_strdup(&box->arena, box_header(box, "Openstack-Auth-Receipt"));
	assert_int_equal(login(box, receipt, "\"password\"", box_format(box, BY_PASSWORD, eve)),
			 401);
	assert_string_equal(box_message(box),
			    box_format(box, "Could not find auth receipt: %s.", receipt));
	assert_int_equal(login(box, "forged", "\"password\"", box_format(box, BY_PASSWORD, eve)),
			 401);
	assert_int_equal(login(box, box->admin, "\"password\"", box_format(box, BY_PASSWORD, eve)),
			 401);
}

static void rules_can_be_switched_off(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "[[\"password\",\"totp\"]]");
	const char *target = box_format(box, V3 "/users/%s", id);

	assert_int_equal(box_do(box, "PATCH", target,
				"{\"user\":{\"options\":{\"multi_factor_auth_enabled\":false}}}"),
			 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/user/options/multi_factor_auth_rules")), 1);
	assert_int_equal(login(box, NULL, "\"password\"", box_format(box, BY_PASSWORD, id)), 201);
	assert_int_equal(box_do(box, "PATCH", target,
				"{\"user\":{\"options\":{\"multi_factor_auth_rules\":null}}}"),
			 200);
	assert_null(box_at(box, "/user/options/multi_factor_auth_rules"));
	assert_int_equal(box_do(box, "PATCH", target, "{\"user\":{\"options\":{\"x\":true}}}"),
			 400);
	assert_int_equal(box_do(box, "PATCH", target,
				"{\"user\":{\"options\":{\"multi_factor_auth_rules\":[[]]}}}"),
			 400);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_follow_the_clock),
		BOX_TEST(a_code_is_a_login),
		BOX_TEST(two_factors_are_asked_for),
		BOX_TEST(a_receipt_is_one_users),
		BOX_TEST(rules_can_be_switched_off),
		BOX_TEST(a_receipt_widens_no_delegate),
		BOX_TEST(the_password_wipes_out_no_wrong_codes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
