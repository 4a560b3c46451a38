/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Unified limits, and the fixed bounds. */
#include "firmware/cloud/image/test/harness.h"

/* As identity keeps it; what is under test is who reads it. */
static int quota_teardown(void **state)
{
	static const char *const names[] = { "image_size_total", "image_stage_total",
					     "image_count_total", "image_count_uploading" };

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		limit_set(names[i], -1);
	token = NULL;
	return teardown(state);
}

static void test_usage(void **state)
{
	yyjson_val *usage;

	(void)state;
	token = member_token;
	create("");
	usage = yyjson_obj_get(get("/image/v2/info/usage", 200), "usage");
	assert_int_equal(json_integer(yyjson_obj_get(usage, "image_count_total"), "usage", 0), 1);
	assert_int_equal(json_integer(yyjson_obj_get(usage, "image_count_total"), "limit", 0), -1);
	limit_set("image_count_total", 7);
	usage = yyjson_obj_get(get("/image/v2/info/usage", 200), "usage");
	assert_int_equal(json_integer(yyjson_obj_get(usage, "image_count_total"), "limit", 0), 7);
}

static void test_count(void **state)
{
	(void)state;
	token = member_token;
	limit_set("image_count_total", 1);
	create("");
	expect("POST", IMAGES, NULL, "{}", 413,
	       "[Resource image_count_total is over limit of 1 due to current usage 1 and delta 1]");
}

static void test_uploading(void **state)
{
	(void)state;
	token = member_token;
	create("");
	limit_set("image_count_uploading", 0);
	expect("PUT", IMAGES "/" ID "/file", BYTES, "x", 413, "image_count_uploading");
	expect("PUT", IMAGES "/" ID "/stage", BYTES, "x", 413, "image_count_uploading");
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
	limit_set("image_count_uploading", 1);
	upload("x");
}

static void test_size(void **state)
{
	char *bytes = arena_alloc(&arena, (2 << 20) + 1);

	(void)state;
	memset(bytes, 'x', 2 << 20);
	bytes[2 << 20] = '\0';
	token = member_token;
	create("");
	limit_set("image_size_total", 1);
	expect("PUT", IMAGES "/" ID "/stage", BYTES, bytes, 204, NULL);
	expect("POST", IMAGES "/" ID "/import", NULL, "{\"method\":{\"name\":\"glance-direct\"}}",
	       202, NULL);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
	expect("GET", IMAGES "/" ID "/tasks", NULL, NULL, 200,
	       "over limit of 1 due to current usage 0 and delta 2");
	upload(bytes); /* what is over is found by the next one */
	expect("POST", IMAGES, NULL, "{\"id\":\"11111111-2222-4333-8444-555555555556\"}", 201,
	       NULL);
	expect("PUT", IMAGES "/11111111-2222-4333-8444-555555555556/file", BYTES, "x", 413,
	       "over limit of 1 due to current usage 2 and delta 0");
}

static void test_members(void **state)
{
	char body[64];

	(void)state;
	create("");
	for (int i = 0; i < IMAGE_MEMBERS_MAX; i++) {
		snprintf(body, sizeof(body), "{\"member\":\"m%d\"}", i);
		expect("POST", IMAGES "/" ID "/members", NULL, body, 200, NULL);
	}
	expect("POST", IMAGES "/" ID "/members", NULL, "{\"member\":\"m\"}", 413,
	       "Attempted: 129, Maximum: 128");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_usage, quota_teardown),
		cmocka_unit_test_teardown(test_count, quota_teardown),
		cmocka_unit_test_teardown(test_uploading, quota_teardown),
		cmocka_unit_test_teardown(test_size, quota_teardown),
		cmocka_unit_test_teardown(test_members, quota_teardown),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
