/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void made_ones_are_version_4(void **state)
{
	char uuid[UUID_SIZE], hex[UUID_HEX_SIZE], again[UUID_SIZE];

	(void)state;
	for (int i = 0; i < 100; i++) {
		uuid_make(uuid);
		assert_true(uuid_valid(uuid));
		assert_int_equal(uuid[14], '4');
		assert_non_null(strchr("89ab", uuid[19]));
	}
	uuid_make_hex(hex);
	assert_int_equal(strlen(hex), 32);
	assert_false(uuid_valid(hex));
	assert_true(uuid_like(hex));
	uuid_make(again);
	assert_string_not_equal(uuid, again);
}

static void the_canonical_form(void **state)
{
	(void)state;
	assert_true(uuid_valid("01234567-89ab-cdef-ABCD-0123456789ab"));
	assert_false(uuid_valid("01234567-89ab-cdef-abcd-0123456789a"));
	assert_false(uuid_valid("01234567-89ab-cdef-abcd-0123456789ab0"));
	assert_false(uuid_valid("01234567-89ab-cdef-abcd-0123456789ag"));
	assert_false(uuid_valid("0123456789abcdefabcd0123456789ab"));
	assert_false(uuid_valid(""));
	assert_false(uuid_valid(NULL));
}

static void the_lenient_form(void **state)
{
	(void)state;
	assert_true(uuid_like("01234567-89ab-cdef-abcd-0123456789ab"));
	assert_true(uuid_like("0123456789abcdefABCD0123456789ab"));
	assert_false(uuid_like("0123456789abcdefabcd0123456789a"));
	assert_false(uuid_like("0123456789abcdefabcd0123456789abc"));
	assert_false(uuid_like("../../0123456789abcdefabcd012345"));
	assert_false(uuid_like(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_ones_are_version_4),
		cmocka_unit_test(the_canonical_form),
		cmocka_unit_test(the_lenient_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
