/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/identity/pattern.h"

#define STRONG "^(?=.*\\d)(?=.*[a-zA-Z]).{7,}$"

static const struct {
	const char *pattern, *text;
	int matches; /* -1: is refused */
} cases[] = {
	{ STRONG, "abcdef1", 1 },
	{ STRONG, "abcdefg", 0 },
	{ STRONG, "1234567", 0 },
	{ STRONG, "abcde1", 0 },
	{ STRONG, "äbcdef1", 1 },
	{ STRONG, "äbcd1", 0 },
	{ "a", "abc", 1 },
	{ "b", "abc", 0 },
	{ "^abc$", "abc", 1 },
	{ "^abc$", "abcd", 0 },
	{ "(ab|c)+d", "abcabd", 1 },
	{ "(ab|c)+d", "d", 0 },
	{ "(a*)*b", "aaab", 1 },
	{ "(a|b){2,3}$", "aba", 1 },
	{ "(a|b){2,3}$", "abab", 0 },
	{ "(?!.*pass)\\w+$", "password", 0 },
	{ "(?!.*pass)\\w+$", "secret", 1 },
	{ "[^a-c\\d]+$", "xyz", 1 },
	{ "[^a-c\\d]+$", "xy1", 0 },
	{ "[]x]", "]", 1 },
	{ "\\$\\.", "$.", 1 },
	{ "a{2}", "aa", 1 },
	{ "a??b", "b", 1 },
	{ "", "anything", 1 },
	{ "(", "", -1 },
	{ "a**", "", -1 },
	{ "[a", "", -1 },
	{ "a{3,1}", "", -1 },
	{ "a{", "", -1 },
	{ "(?<x>a)", "", -1 },
	{ "\\b", "", -1 },
	{ ")", "", -1 },
	{ "^*", "", -1 },
};

static void patterns_match(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct pattern *pattern = pattern_parse(&arena, cases[i].pattern);
		int found = pattern ? pattern_matches(pattern, cases[i].text) : -1;

		if (found != cases[i].matches)
			fail_msg("%s on '%s': %d", cases[i].pattern, cases[i].text, found);
	}
}

static void nothing_takes_for_ever(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const struct pattern *pattern = pattern_parse(&arena, "(a+)+(a+)+(a+)+$");
	char text[4096];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 2] = '!';
	text[sizeof(text) - 1] = '\0';
	assert_non_null(pattern);
	assert_false(pattern_matches(pattern, text));
	pattern = pattern_parse(&arena, "(ab?)*$");
	assert_false(pattern_matches(pattern, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(patterns_match),
					    cmocka_unit_test(nothing_takes_for_ever) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
