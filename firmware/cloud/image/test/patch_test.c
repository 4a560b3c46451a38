/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON patches in both media types: what is taken, and what is refused in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

static struct arena arena;

static int parse(const char *json, int draft, struct patch *patch, struct error *error)
{
	*error = (struct error){ 0 };
	return patch_parse(&arena, json_parse(&arena, json, strlen(json)), draft, patch, error);
}

static void test_media_types(void **state)
{
	(void)state;
	assert_int_equal(patch_draft("application/openstack-images-v2.1-json-patch"), 10);
	assert_int_equal(patch_draft("application/openstack-images-v2.0-json-patch; a=b"), 4);
	assert_int_equal(patch_draft("application/json"), 0);
	assert_int_equal(patch_draft("application/openstack-images-v2.1-json-patchy"), 0);
	assert_int_equal(patch_draft(NULL), 0);
}

static void test_draft10(void **state)
{
	struct error error;
	struct patch patch;

	(void)state;
	assert_int_equal(parse("[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"n\"},"
			       "{\"op\":\"add\",\"path\":\"/a~1b~0c\",\"value\":\"v\"},"
			       "{\"op\":\"remove\",\"path\":\"/old\"}]",
			       10, &patch, &error),
			 0);
	assert_int_equal(patch.count, 3);
	assert_int_equal(patch.changes[0].operation, PATCH_REPLACE);
	assert_string_equal(patch.changes[0].member, "name");
	assert_string_equal(yyjson_get_str(patch.changes[0].value), "n");
	assert_int_equal(patch.changes[1].operation, PATCH_ADD);
	assert_string_equal(patch.changes[1].member, "a/b~c");
	assert_int_equal(patch.changes[2].operation, PATCH_REMOVE);
	assert_null(patch.changes[2].value);
}

static void test_draft4(void **state)
{
	struct error error;
	struct patch patch;

	(void)state;
	assert_int_equal(
		parse("[{\"add\":\"/x\",\"value\":\"1\"},{\"remove\":\"/y\"}]", 4, &patch, &error),
		0);
	assert_int_equal(patch.count, 2);
	assert_true(patch.changes[0].draft4);
	assert_string_equal(patch.changes[0].member, "x");
	assert_int_equal(
		parse("[{\"add\":\"/x\",\"remove\":\"/x\",\"value\":\"1\"}]", 4, &patch, &error),
		-EINVAL);
	assert_int_equal(
		parse("[{\"op\":\"add\",\"path\":\"/x\",\"value\":\"1\"}]", 4, &patch, &error),
		-EINVAL);
}

static void test_refusals(void **state)
{
	static const struct {
		const char *json;
		int status;
		const char *message;
	} cases[] = {
		{ "{}", 400, "Request body must be a JSON array of operation objects." },
		{ "[1]", 400, "Operations must be JSON objects." },
		{ "[{\"path\":\"/a\"}]", 400, "Unable to find `op` in JSON Schema change." },
		{ "[{\"op\":\"move\",\"path\":\"/a\"}]", 400, "Invalid operation: `move`." },
		{ "[{\"op\":\"add\",\"value\":\"1\"}]", 400, "Unable to find 'path'" },
		{ "[{\"op\":\"add\",\"path\":\"/a\"}]", 400,
		  "Operation \"add\" requires a member named \"value\"." },
		{ "[{\"op\":\"add\",\"path\":\"a\",\"value\":\"1\"}]", 400,
		  "Pointer `a` does not start with \"/\"." },
		{ "[{\"op\":\"add\",\"path\":\"\",\"value\":\"1\"}]", 400, "does not start with" },
		{ "[{\"op\":\"add\",\"path\":\"/a//b\",\"value\":\"1\"}]", 400, "adjacent" },
		{ "[{\"op\":\"add\",\"path\":\"/a/\",\"value\":\"1\"}]", 400, "end with" },
		{ "[{\"op\":\"add\",\"path\":\"/a~2\",\"value\":\"1\"}]", 400, "escape sequence" },
		{ "[{\"op\":\"add\",\"path\":\"/a~\",\"value\":\"1\"}]", 400, "escape sequence" },
		{ "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":\"1\"}]", 400,
		  "Invalid JSON pointer for this resource: '/a/b'" },
		{ "[{\"op\":\"replace\",\"path\":\"/id\",\"value\":\"1\"}]", 403,
		  "Attribute 'id' is read-only." },
		{ "[{\"op\":\"remove\",\"path\":\"/deleted\"}]", 403,
		  "Attribute 'deleted' is reserved." },
		{ "[{\"op\":\"add\",\"path\":\"/os_glance_x\",\"value\":\"1\"}]", 403, "reserved" },
		{ "[{\"op\":\"add\",\"path\":\"/locations/-\",\"value\":{}}]", 403,
		  "It's not allowed to add locations" },
		{ "[{\"op\":\"replace\",\"path\":\"/locations\",\"value\":[]}]", 403,
		  "Cannot set locations to empty list." },
		{ "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]", 400, "schema 'image'" },
		{ "[{\"op\":\"replace\",\"path\":\"/visibility\",\"value\":\"x\"}]", 400,
		  "'x' is not one of ['community', 'public', 'private', 'shared']" },
		{ "[{\"op\":\"replace\",\"path\":\"/protected\",\"value\":\"yes\"}]", 400,
		  "boolean" },
	};
	struct error error;
	struct patch patch;

	(void)state;
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		assert_true(parse(cases[i].json, 10, &patch, &error) < 0);
		if (error.status != cases[i].status || !strstr(error.message, cases[i].message))
			fail_msg("%s gave %d %s", cases[i].json, error.status, error.message);
	}
}

static int teardown(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_media_types, teardown),
		cmocka_unit_test_teardown(test_draft10, teardown),
		cmocka_unit_test_teardown(test_draft4, teardown),
		cmocka_unit_test_teardown(test_refusals, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
