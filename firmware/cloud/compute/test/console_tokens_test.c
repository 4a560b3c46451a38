/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/compute/console_tokens.h"

#define SERVER "70a599e0-31e7-49b7-b260-868f441e862b"

static void tokens_are_good_for_a_while(void **state)
{
	struct console_token found;
	char token[UUID_SIZE], other[UUID_SIZE];

	(void)state;
	console_token_issue(SERVER, CONSOLE_SERIAL, 1000, token);
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

static void the_oldest_gives_way(void **state)
{
	char first[UUID_SIZE], token[UUID_SIZE];
	struct console_token found;

	(void)state;
	console_token_issue(SERVER, CONSOLE_VNC, 2000, first);
	for (unsigned i = 0; i < 256; i++)
		console_token_issue(SERVER, CONSOLE_VNC, 3000 + i, token);
	assert_false(console_token_find(first, 3000, &found));
	assert_true(console_token_find(token, 3300, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tokens_are_good_for_a_while),
		cmocka_unit_test(the_oldest_gives_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
