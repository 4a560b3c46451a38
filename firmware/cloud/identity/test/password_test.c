/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/lockout.h"
#include "firmware/cloud/identity/password.h"

static void the_right_password_alone_fits(void **state)
{
	char hash[PASSWORD_HASH_SIZE];

	(void)state;
	assert_int_equal(password_hash("secret", hash, NULL), 0);
	assert_ptr_equal(strstr(hash, "$argon2id$"), hash);
	assert_true(password_verify("secret", hash));
	assert_false(password_verify("Secret", hash));
	assert_false(password_verify("", hash));
	assert_false(password_verify("secret", NULL));
	assert_false(password_verify("secret", "$argon2id$nonsense"));
}

static void the_same_password_hashes_differently(void **state)
{
	char one[PASSWORD_HASH_SIZE], other[PASSWORD_HASH_SIZE];

	(void)state;
	password_hash("secret", one, NULL);
	password_hash("secret", other, NULL);
	assert_string_not_equal(one, other);
}

static void a_made_up_password_can_be_typed(void **state)
{
	char one[PASSWORD_RANDOM_SIZE], other[PASSWORD_RANDOM_SIZE];

	(void)state;
	password_random(one);
	password_random(other);
	assert_int_equal(strlen(one), PASSWORD_RANDOM_SIZE - 1);
	assert_int_equal(strspn(one, "abcdefghijkmnpqrstuvwxyz23456789-"), strlen(one));
	assert_string_not_equal(one, other);
}

static const struct lockout_rule rule = { 2, 5 };

static void guessing_locks_for_a_while(void **state)
{
	struct lockout lockout = LOCKOUT_INIT;
	uint64_t now = 1000000;

	(void)state;
	for (int i = 0; i < (int)rule.failures; i++) {
		assert_false(lockout_is_locked(&lockout, &rule, "u", now));
		lockout_failed(&lockout, &rule, "u", now);
	}
	assert_true(lockout_is_locked(&lockout, &rule, "u", now));
	assert_false(lockout_is_locked(&lockout, &rule, "v", now));
	now += rule.seconds * 1000;
	assert_false(lockout_is_locked(&lockout, &rule, "u", now));
	lockout_failed(&lockout, &rule, "u", now); /* counts anew */
	assert_false(lockout_is_locked(&lockout, &rule, "u", now));
	lockout_succeeded(&lockout, "u");
	lockout_failed(&lockout, &rule, "u", now);
	assert_false(lockout_is_locked(&lockout, &rule, "u", now));
}

static void many_accounts_push_out_the_oldest(void **state)
{
	struct lockout lockout = LOCKOUT_INIT;
	char user_id[16];

	(void)state;
	for (int i = 0; i <= LOCKOUT_ACCOUNTS; i++) {
		snprintf(user_id, sizeof(user_id), "u%d", i);
		for (int j = 0; j < (int)rule.failures; j++)
			lockout_failed(&lockout, &rule, user_id, (uint64_t)(1000 + i));
	}
	assert_false(lockout_is_locked(&lockout, &rule, "u0", 1100));
	assert_true(lockout_is_locked(&lockout, &rule, "u1", 1100));
	assert_true(lockout_is_locked(&lockout, &rule, user_id, 1100));
}

static void instants_are_read_and_written(void **state)
{
	char text[INSTANT_SIZE];

	(void)state;
	instant_format(1763800000, text);
	assert_string_equal(text, "2025-11-22T08:26:40.000000Z");
	assert_int_equal(instant_parse(text), 1763800000);
	assert_int_equal(instant_parse("2025-11-22T08:26:40"), 1763800000);
	assert_int_equal(instant_parse("2025-11-22T10:26:40+02:00"), 1763800000);
	assert_int_equal(instant_parse("2025-11-22"), -1);
	assert_int_equal(instant_parse("2025-11-22T08:26:40.1x"), -1);
	assert_int_equal(instant_parse(""), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_right_password_alone_fits),
		cmocka_unit_test(the_same_password_hashes_differently),
		cmocka_unit_test(a_made_up_password_can_be_typed),
		cmocka_unit_test(guessing_locks_for_a_while),
		cmocka_unit_test(many_accounts_push_out_the_oldest),
		cmocka_unit_test(instants_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
