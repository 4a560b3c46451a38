/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of lists: one record, many queries. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

static const char image[] =
	"{\"id\":\"1\",\"name\":\"a, b\",\"status\":\"active\",\"disk_format\":\"raw\","
	"\"container_format\":\"bare\",\"size\":1000,\"min_ram\":64,\"visibility\":\"public\","
	"\"protected\":false,\"os_hidden\":false,\"owner\":\"p\",\"checksum\":null,"
	"\"created_at\":\"2026-01-02T03:04:05Z\",\"tags\":[\"x\",\"y\"],\"os_type\":\"linux\"}";

static int match(const char *json, const char *name, const char *value, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const struct name_value query[] = { { name, value }, { 0 } };

	*error = (struct error){ 0 };
	return filter_match(&arena, query, json ? json_parse(&arena, json, strlen(json)) : NULL,
			    error);
}

static void test_matches(void **state)
{
	static const struct {
		const char *name, *value;
		int expected;
	} cases[] = {
		{ "name", "a, b", 1 },
		{ "name", "a", 0 },
		{ "name", "in:\"a, b\",c", 1 },
		{ "name", "in:a, b", 0 },
		{ "name", "eq:a, b", 1 },
		{ "status", "in:queued,active", 1 },
		{ "status", "in:queued", 0 },
		{ "disk_format", "raw", 1 },
		{ "container_format", "ovf", 0 },
		{ "size_min", "1000", 1 },
		{ "size_min", "1001", 0 },
		{ "size_max", "1000", 1 },
		{ "size_max", "999", 0 },
		{ "min_ram_min", "65", 0 },
		{ "size", "1000", 1 },
		{ "size", "100", 0 },
		{ "created_at", "gt:2026-01-02T03:04:04Z", 1 },
		{ "created_at", "gt:2026-01-02T03:04:05Z", 0 },
		{ "created_at", "gte:2026-01-02T03:04:05Z", 1 },
		{ "created_at", "lt:2026-01-02T04:04:06+01:00", 1 },
		{ "created_at", "neq:2026-01-02T03:04:05Z", 0 },
		{ "created_at", "2026-01-02T03:04:05Z", 1 },
		{ "tag", "x", 1 },
		{ "tag", "z", 0 },
		{ "visibility", "public", 1 },
		{ "visibility", "all", 1 },
		{ "visibility", "private", 0 },
		{ "protected", "false", 1 },
		{ "protected", "true", 0 },
		{ "os_hidden", "TRUE", 0 },
		{ "owner", "p", 1 },
		{ "checksum", "x", 0 },
		{ "os_type", "linux", 1 },
		{ "os_type", "other", 0 },
		{ "no_such", "thing", 0 },
		{ "limit", "7", 1 },
		{ "sort", "name", 1 },
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++)
		if (match(image, cases[i].name, cases[i].value, &error) != cases[i].expected)
			fail_msg("%s=%s: %s", cases[i].name, cases[i].value, error.message);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *name, *value, *message;
	} cases[] = {
		{ "name", "like:x", "Unable to filter by unknown operator 'like'." },
		{ "name", "in:\"x", "quote is not closed" },
		{ "size_min", "x", "Unable to filter on a range with a non-numeric value." },
		{ "size_max", "", "non-numeric" },
		{ "created_at", "yesterday", "Bad \"created_at\" query filter format." },
		{ "updated_at", "about:2026-01-02T03:04:05Z", "unknown operator 'about'" },
		{ "visibility", "some", "Invalid visibility value: some" },
		{ "protected", "maybe", "Invalid value 'maybe' for 'protected' filter." },
		{ "os_hidden", "maybe", "Invalid value 'maybe' for 'os_hidden' filter." },
		{ "member_status", "x", "Invalid status: x" },
		{ "changes-since", "x", "no longer available" },
	};
	struct error error;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		/* also when there is no record to look at */
		assert_int_equal(match(NULL, cases[i].name, cases[i].value, &error), -EINVAL);
		assert_int_equal(error.status, 400);
		assert_non_null(strstr(error.message, cases[i].message));
	}
}

static void test_hidden_ones_are_not_listed(void **state)
{
	static const char hidden[] = "{\"os_hidden\":true,\"name\":\"a\"}";
	struct error error;

	(void)state;
	assert_int_equal(match(hidden, "name", "a", &error), 0);
	assert_int_equal(match(hidden, "os_hidden", "true", &error), 1);
	assert_int_equal(match(hidden, "os_hidden", "false", &error), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_hidden_ones_are_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
