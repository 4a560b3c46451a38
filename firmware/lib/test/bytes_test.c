/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/bytes.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* Every pair of texts that differ in one place, or in their length, up to three words long. */
static void order_is_that_of_strcmp(void **state)
{
	char one[32], other[32];

	(void)state;
	for (size_t size = 0; size < 26; size++)
		for (size_t other_size = 0; other_size < 26; other_size++)
			for (size_t at = 0; at < 26; at++) {
				memset(one, 'm', sizeof(one));
				memset(other, 'm', sizeof(other));
				one[at] = at % 2 ? 'a' : '\xe9';
				one[size] = other[other_size] = '\0';
				assert_int_equal(bytes_order(one, strlen(one), other, other_size),
						 sign(strcmp(one, other)));
				assert_int_equal(bytes_order(other, other_size, one, strlen(one)),
						 sign(strcmp(other, one)));
			}
}

static void equal_looks_at_every_byte(void **state)
{
	char one[26], other[26];

	(void)state;
	memset(one, 'x', sizeof(one));
	for (size_t size = 0; size <= sizeof(one); size++) {
		memcpy(other, one, sizeof(one));
		assert_true(bytes_equal(one, other, size));
		for (size_t at = 0; at < sizeof(one); at++) {
			other[at] ^= 1;
			assert_int_equal(bytes_equal(one, other, size), at >= size);
			other[at] ^= 1;
		}
	}
}

static void hash_depends_on_every_byte_and_the_seed(void **state)
{
	char text[26] = "/compute/server/0123456789";

	(void)state;
	for (size_t size = 1; size <= sizeof(text); size++) {
		uint64_t hash = bytes_hash(7, text, size);

		assert_true(hash != bytes_hash(8, text, size));
		assert_true(hash != bytes_hash(7, text, size - 1));
		for (size_t at = 0; at < size; at++) {
			text[at] ^= 1;
			assert_true(hash != bytes_hash(7, text, size));
			text[at] ^= 1;
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_that_of_strcmp),
		cmocka_unit_test(equal_looks_at_every_byte),
		cmocka_unit_test(hash_depends_on_every_byte_and_the_seed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
