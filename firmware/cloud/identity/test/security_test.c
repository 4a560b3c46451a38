/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules about passwords and logins, and the configuration of domains. */
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"
#define RULES V3 "/domains/default/config/security_compliance"

static void rule(struct box *box, const char *members)
{
	assert_int_equal(
		box_do(box, "PATCH", RULES,
		       box_format(box, "{\"config\":{\"security_compliance\":{%s}}}", members)),
		200);
}

static const char *make_user(struct box *box, const char *options)
{
	return box_make(
		box, "users", "user",
		box_format(box, "\"name\":\"joe\",\"password\":\"one\",\"options\":{%s}", options));
}

static int change(struct box *box, const char *id, const char *from, const char *to)
{
	return box_send(box, NULL, "POST", box_format(box, V3 "/users/%s/password", id), NULL,
			box_format(box,
				   "{\"user\":{\"original_password\":\"%s\",\"password\":\"%s\"}}",
				   from, to));
}

static void rules_are_the_admins(void **state)
{
	struct box *box = *state;
	const char *token;

	make_user(box, "");
	token = box_login(box, "joe", "one", NULL);
	rule(box, "\"password_regex\":\"^o\",\"password_regex_description\":\"an o\"");
	assert_int_equal(box_send(box, token, "GET", RULES, NULL, NULL), 200);
	assert_string_equal(box_text(box, "/config/security_compliance/password_regex"), "^o");
	assert_null(box_at(box, "/config/security_compliance/lockout_duration"));
	assert_int_equal(
		box_send(box, token, "GET", RULES "/password_regex_description", NULL, NULL), 200);
	assert_string_equal(box_text(box, "/config/password_regex_description"), "an o");
	assert_int_equal(box_send(box, token, "GET", RULES "/lockout_duration", NULL, NULL), 403);
	assert_int_equal(box_send(box, token, "PATCH", RULES, NULL, "{}"), 403);
	assert_int_equal(box_do(box, "GET", V3 "/domains/x/config/security_compliance", NULL), 403);
	assert_int_equal(
		box_do(box, "PATCH", RULES,
		       "{\"config\":{\"security_compliance\":{\"password_regex\":\"(\"}}}"),
		403);
	assert_int_equal(box_do(box, "PATCH", RULES "/lockout_duration",
				"{\"config\":{\"lockout_duration\":0}}"),
			 403);
	assert_int_equal(box_do(box, "PATCH", RULES "/lockout_duration",
				"{\"config\":{\"lockout_duration\":7}}"),
			 200);
	box_restart(box);
	assert_int_equal(box_do(box, "GET", RULES, NULL), 200);
	assert_int_equal(
		yyjson_get_int(box_at(box, "/config/security_compliance/lockout_duration")), 7);
	assert_int_equal(box_do(box, "DELETE", RULES, NULL), 204);
	assert_int_equal(box_do(box, "GET", RULES, NULL), 200);
	assert_true(yyjson_is_null(box_at(box, "/config/security_compliance/password_regex")));
}

static void passwords_have_to_be_strong(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "");

	rule(box, "\"password_regex\":\"^(?=.*\\\\d)(?=.*[a-z]).{4,}$\","
		  "\"password_regex_description\":\"a letter and a digit\"");
	assert_int_equal(change(box, id, "one", "nodigits"), 400);
	assert_string_equal(box_message(box), "The password does not match the requirements: a "
					      "letter and a digit.");
	assert_int_equal(box_do(box, "POST", V3 "/users",
				"{\"user\":{\"name\":\"x\",\"password\":\"weak\"}}"),
			 400);
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/users/%s", id),
				"{\"user\":{\"password\":\"weak\"}}"),
			 400);
	assert_int_equal(change(box, id, "one", "with1digit"), 204);
}

static void passwords_are_not_reused(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "");

	rule(box, "\"unique_last_password_count\":3");
	assert_int_equal(change(box, id, "one", "two"), 204);
	assert_int_equal(change(box, id, "two", "three"), 204);
	assert_int_equal(change(box, id, "three", "one"), 400);
	assert_string_equal(
		box_message(box),
		"The new password cannot be identical to a previous password. The total "
		"number which includes the new password must be unique is 3.");
	assert_int_equal(change(box, id, "three", "four"), 204);
	assert_int_equal(change(box, id, "four", "one"), 204);
	rule(box, "\"unique_last_password_count\":0");
	assert_int_equal(change(box, id, "one", "one"), 204);
}

static void passwords_keep_for_a_while(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "");

	rule(box, "\"minimum_password_age\":2");
	assert_int_equal(change(box, id, "one", "two"), 204); /* that was the admin's */
	assert_int_equal(change(box, id, "two", "three"), 400);
	assert_string_equal(
		box_message(box),
		"You cannot change your password at this time due to the minimum password age. "
		"Once you change your password, it must be used for 2 day(s) before it can be "
		"changed. Please try again in 1 day(s) or contact your administrator to reset "
		"your password.");
}

static void passwords_expire(void **state)
{
	struct box *box = *state;
	const char *id, *expires;

	rule(box, "\"password_expires_days\":1");
	id = make_user(box, "");
	expires = arena_strdup(&box->arena, box_text(box, "/user/password_expires_at"));
	assert_int_equal(strlen(expires), 26);
	assert_true(instant_parse(expires) > (int64_t)instant_now() + 86000);
	assert_non_null(box_login(box, "joe", "one", NULL));
	assert_string_equal(box_text(box, "/token/user/password_expires_at"), expires);
	assert_int_equal(box_do(box, "GET", box_format(box, V3 "/users/%s", id), NULL), 200);
	assert_string_equal(box_text(box, "/user/password_expires_at"), expires);
	box_make(box, "users", "user",
		 "\"name\":\"robot\",\"password\":\"p\",\"options\":{"
		 "\"ignore_password_expiry\":true}");
	assert_true(yyjson_is_null(box_at(box, "/user/password_expires_at")));
}

static void a_first_password_has_to_be_changed(void **state)
{
	struct box *box = *state;
	const char *id;

	rule(box, "\"change_password_upon_first_use\":true");
	id = make_user(box, "");
	assert_null(box_login(box, "joe", "one", NULL));
	assert_string_equal(
		box_message(box),
		box_format(box, "The password is expired and needs to be changed for user: %s.",
			   id));
	assert_int_equal(change(box, id, "one", "two"), 204);
	assert_non_null(box_login(box, "joe", "two", NULL));
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/users/%s", id),
				"{\"user\":{\"password\":\"three\"}}"),
			 200);
	assert_null(box_login(box, "joe", "three", NULL));
	box_make(box, "users", "user",
		 "\"name\":\"robot\",\"password\":\"p\",\"options\":{"
		 "\"ignore_change_password_upon_first_use\":true}");
	assert_non_null(box_login(box, "robot", "p", NULL));
}

static void accounts_are_locked(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "");

	rule(box, "\"lockout_failure_attempts\":3,\"lockout_duration\":1000");
	for (int i = 0; i < 3; i++)
		assert_null(box_login(box, "joe", "wrong", NULL));
	assert_null(box_login(box, "joe", "one", NULL));
	assert_string_equal(box_message(box),
			    box_format(box, "The account is locked for user: %s.", id));
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/users/%s", id),
				"{\"user\":{\"enabled\":true}}"),
			 200);
	assert_non_null(box_login(box, "joe", "one", NULL));
	assert_int_equal(
		box_do(box, "PATCH", box_format(box, V3 "/users/%s", id),
		       "{\"user\":{\"options\":{\"ignore_lockout_failure_attempts\":true}}}"),
		200);
	for (int i = 0; i < 4; i++)
		assert_null(box_login(box, "joe", "wrong", NULL));
	assert_non_null(box_login(box, "joe", "one", NULL));
}

static void a_password_can_be_locked(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "\"lock_password\":true");

	assert_int_equal(change(box, id, "one", "two"), 400);
	assert_string_equal(
		box_message(box),
		"You cannot change your password at this time due to password policy disallowing "
		"password changes. Please contact your administrator to reset your password.");
}

/* As if the last login was ten days ago. */
static void go_back(struct box *box, const char *id)
{
	struct store_txn *txn = store_txn_new(&box->arena);

	store_txn_put(txn, box_format(box, "/identity/activity/%s", id),
		      box_format(box, "{\"day\":%llu}",
				 (unsigned long long)(instant_now() / 86400 - 10)));
	assert_int_equal(store_commit(box->cloud.store, txn, NULL, NULL), 0);
}

static void absence_disables(void **state)
{
	struct box *box = *state;
	const char *id = make_user(box, "");

	rule(box, "\"disable_user_account_days_inactive\":10");
	assert_non_null(box_login(box, "joe", "one", NULL));
	go_back(box, id);
	assert_null(box_login(box, "joe", "one", NULL));
	assert_string_equal(box_message(box),
			    box_format(box, "The account is disabled for user: %s.", id));
	assert_int_equal(box_do(box, "PATCH", box_format(box, V3 "/users/%s", id),
				"{\"user\":{\"enabled\":true}}"),
			 200);
	assert_non_null(box_login(box, "joe", "one", NULL));
	go_back(box, id);
	rule(box, "\"disable_user_account_days_inactive\":11");
	assert_non_null(box_login(box, "joe", "one", NULL));
}

/* --- configuration of domains */

static void a_domain_has_a_configuration(void **state)
{
	struct box *box = *state;
	const char *id = box_make(box, "domains", "domain", "\"name\":\"d\"");
	const char *config = box_format(box, V3 "/domains/%s/config", id);
	const char *body = "{\"config\":{\"identity\":{\"driver\":\"ldap\"},\"ldap\":{\"url\":"
			   "\"ldap://h\",\"password\":\"hidden\"}}}";

	assert_int_equal(box_do(box, "GET", config, NULL), 404);
	assert_string_equal(
		box_message(box),
		box_format(box, "Could not find any options in domain configuration for domain %s.",
			   id));
	assert_int_equal(box_do(box, "PUT", config, body), 201);
	assert_int_equal(box_do(box, "PUT", config, body), 200);
	assert_string_equal(box_text(box, "/config/ldap/url"), "ldap://h");
	assert_null(box_at(box, "/config/ldap/password"));
	assert_int_equal(box_do(box, "GET", box_format(box, "%s/ldap/password", config), NULL),
			 404);
	assert_int_equal(box_do(box, "GET", box_format(box, "%s/ldap/url", config), NULL), 200);
	assert_string_equal(box_text(box, "/config/url"), "ldap://h");
	assert_int_equal(box_do(box, "PATCH", box_format(box, "%s/identity", config),
				"{\"config\":{\"identity\":{\"list_limit\":5}}}"),
			 200);
	assert_string_equal(box_text(box, "/config/identity/driver"), "ldap");
	assert_int_equal(box_do(box, "PATCH", box_format(box, "%s/ldap/url", config),
				"{\"config\":{\"url\":\"ldap://i\"}}"),
			 200);
	assert_string_equal(box_text(box, "/config/ldap/url"), "ldap://i");
	assert_int_equal(box_do(box, "DELETE", box_format(box, "%s/identity/driver", config), NULL),
			 204);
	assert_int_equal(box_do(box, "GET", box_format(box, "%s/identity/driver", config), NULL),
			 404);
	assert_int_equal(box_do(box, "DELETE", config, NULL), 204);
	assert_int_equal(box_do(box, "GET", config, NULL), 404);
}

static void bad_configurations_are_refused(void **state)
{
	struct box *box = *state;
	const char *config = V3 "/domains/default/config";
	static const struct {
		const char *body, *reason;
	} cases[] = {
		{ "{\"config\":{}}", "No options specified" },
		{ "{\"config\":{\"x\":{\"y\":1}}}",
		  "Group x is not supported for domain specific configurations" },
		{ "{\"config\":{\"ldap\":{\"y\":1}}}",
		  "Option y in group ldap is not supported for domain specific configurations" },
		{ "{\"config\":{\"ldap\":7}}", "The value of group ldap specified in the config "
					       "should be a dictionary of options" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(box_do(box, "PUT", config, cases[i].body), 403);
		assert_string_equal(box_message(box),
				    box_format(box, "Invalid domain specific configuration: %s.",
					       cases[i].reason));
	}
	assert_int_equal(box_do(box, "GET", V3 "/domains/config/default", NULL), 200);
	assert_string_equal(box_text(box, "/config/identity/driver"), "sql");
	assert_int_equal(box_do(box, "GET", V3 "/domains/config/ldap/url/default", NULL), 200);
	assert_string_equal(box_text(box, "/config/url"), "ldap://localhost");
	assert_int_equal(box_do(box, "GET", V3 "/domains/config/ldap/password/default", NULL), 403);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(rules_are_the_admins),
		BOX_TEST(passwords_have_to_be_strong),
		BOX_TEST(passwords_are_not_reused),
		BOX_TEST(passwords_keep_for_a_while),
		BOX_TEST(passwords_expire),
		BOX_TEST(a_first_password_has_to_be_changed),
		BOX_TEST(accounts_are_locked),
		BOX_TEST(a_password_can_be_locked),
		BOX_TEST(absence_disables),
		BOX_TEST(a_domain_has_a_configuration),
		BOX_TEST(bad_configurations_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
