/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/compute/console_tokens.h"

#define SERVER "70a599e0-31e7-49b7-b260-868f441e862b"

static void tokens_are_good_for_a_while(void **state)
{
	struct console_token found;
	char token[UUID_SIZE], other[UUID_SIZE];

	(void)state;
	console_token_issue("a", SERVER, CONSOLE_SERIAL, 1000, token);
	assert_true(console_token_find(token, 1000, &found));
	assert_string_equal(found.server, SERVER);
	assert_int_equal(found.kind, CONSOLE_SERIAL);
	assert_true(console_token_find(token, 1000 + CONSOLE_TOKEN_SECONDS * 1000 - 1, &found));
	assert_false(console_token_find(token, 1000 + CONSOLE_TOKEN_SECONDS * 1000, &found));
	uuid_make(other);
	assert_false(console_token_find(other, 1000, &found));
	assert_false(console_token_find("", 1000, &found));
	assert_false(console_token_find(SERVER "x", 1000, &found));
}

static void a_share_holds_the_newest(void **state)
{
	char others[UUID_SIZE], first[UUID_SIZE], second[UUID_SIZE], last[UUID_SIZE];
	struct console_token found;

	(void)state;
	assert_int_equal(console_token_issue("b", SERVER, CONSOLE_VNC, 1000, others), 0);
	assert_int_equal(console_token_issue("c", SERVER, CONSOLE_VNC, 2000, first), 0);
	assert_int_equal(console_token_issue("c", SERVER, CONSOLE_VNC, 2001, second), 0);
	for (unsigned i = 2; i <= CONSOLE_TOKENS_SHARE; i++)
		assert_int_equal(console_token_issue("c", SERVER, CONSOLE_VNC, 2000 + i, last), 0);
	assert_false(console_token_find(first, 3000, &found));
	assert_true(console_token_find(second, 3000, &found));
	assert_true(console_token_find(last, 3000, &found));
	assert_true(console_token_find(others, 3000, &found));
}

/* All that were issued before have expired by then. */
static void no_room_is_said(void **state)
{
	const uint64_t now = 10000000;
	char first[UUID_SIZE], token[UUID_SIZE];
	struct console_token found;
	char project[16];

	(void)state;
	assert_int_equal(console_token_issue(NULL, SERVER, CONSOLE_VNC, now, first), 0);
	for (unsigned i = 1; i < CONSOLE_TOKENS_MAX; i++) {
		snprintf(project, sizeof(project), "p%u", i / CONSOLE_TOKENS_SHARE);
		assert_int_equal(console_token_issue(project, SERVER, CONSOLE_VNC, now + 1, token),
				 0);
	}
	assert_int_equal(console_token_issue("late", SERVER, CONSOLE_VNC, now + 2, token), -ENOSPC);
	assert_true(console_token_find(first, now + 2, &found));
	assert_int_equal(console_token_issue("p1", SERVER, CONSOLE_VNC, now + 2, token), 0);
	assert_true(console_token_find(first, now + 2, &found));
	assert_int_equal(console_token_issue("late", SERVER, CONSOLE_VNC,
					     now + CONSOLE_TOKEN_SECONDS * 1000, token),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_good_for_a_while),
		cmocka_unit_test(a_share_holds_the_newest),
		cmocka_unit_test(no_room_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
