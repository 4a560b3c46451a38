/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void set_returns_the_code(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_set(&error, -ENOENT, "image %s", "x"), -ENOENT);
	assert_int_equal(error.code, -ENOENT);
	assert_string_equal(error.message, "image x");
	assert_int_equal(error.status, 0);
	assert_null(error.type);
	assert_int_equal(error_set(NULL, -EINVAL, "nobody reads this"), -EINVAL);
}

static void fault_carries_status_and_type(void **state)
{
	struct error error;

	(void)state;
	assert_int_equal(error_fault(&error, -EBUSY, 409, "Conflict", "in use"), -EBUSY);
	assert_int_equal(error.status, 409);
	assert_string_equal(error.type, "Conflict");
}

static void errno_is_kept_and_named(void **state)
{
	struct error error;

	(void)state;
	errno = EACCES;
	assert_int_equal(error_errno(&error, "open %s", "/x"), -EACCES);
	assert_string_equal(error.message, "open /x: Permission denied");
	errno = EIO;
	assert_int_equal(error_errno(NULL, "read"), -EIO);
}

static void prefix_goes_in_front(void **state)
{
	struct error error;

	(void)state;
	error_set(&error, -EIO, "short read");
	assert_int_equal(error_prefix(&error, "disk %d", 3), -EIO);
	assert_string_equal(error.message, "disk 3: short read");
	/* A message may be built from the one that it replaces. */
	error_set(&error, -EIO, "again: %s", error.message);
	assert_string_equal(error.message, "again: disk 3: short read");
}

static void long_messages_are_cut(void **state)
{
	char text[3000];
	struct error error;

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	error_set(&error, -EINVAL, "%s", text);
	assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
	error_prefix(&error, "before");
	assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
	assert_memory_equal(error.message, "before: aaa", 11);
	error_prefix(&error, "%s", text);
	assert_int_equal(strlen(error.message), sizeof(error.message) - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_returns_the_code),
		cmocka_unit_test(fault_carries_status_and_type),
		cmocka_unit_test(errno_is_kept_and_named),
		cmocka_unit_test(prefix_goes_in_front),
		cmocka_unit_test(long_messages_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
