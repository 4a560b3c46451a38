/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/http/access.h"

static void patterns_match_paths(void **state)
{
	static const struct {
		const char *pattern, *path;
		bool matches;
	} cases[] = {
		{ "/v2.1/servers", "/v2.1/servers", true },
		{ "/v2.1/servers", "/v2.1/servers/1", false },
		{ "/v2.1/servers/*", "/v2.1/servers/1", true },
		{ "/v2.1/servers/*", "/v2.1/servers/", false },
		{ "/v2.1/servers/*", "/v2.1/servers/1/ips", false },
		{ "/v2.1/servers/{server_id}/ips", "/v2.1/servers/1/ips", true },
		{ "/v2.1/servers/{server_id}/ips", "/v2.1/servers/1/2/ips", false },
		{ "/v2.1/**", "/v2.1/servers/1/ips", true },
		{ "/v2.1/**", "/v2.1/", true },
		{ "/v2.1/**/ips", "/v2.1/servers/1/ips", true },
		{ "/v2.1/**/ips", "/v2.1/servers/1/ports", false },
		{ "/v2?1", "/v2.1", false },
		{ "/{open", "/{open", true },
		{ "**", "", true },
		{ "", "", true },
		{ "", "/", false },
	};
	char *many = calloc(1, 4096);

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (access_path_matches(cases[i].pattern, cases[i].path) != cases[i].matches)
			fail_msg("%s %s", cases[i].pattern, cases[i].path);
	memset(many, 'a', 4095);
	assert_false(access_path_matches("**", many));
	many[2048] = '\0';
	assert_true(access_path_matches("*a*a*a*a**a**a**a**a", many));
	assert_false(access_path_matches("*a*a*a*a**a**a**a**b", many));
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
