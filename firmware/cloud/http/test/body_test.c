/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chunks, targets, escapes and ranges. */
#include "firmware/cloud/http/chunked.h"
#include "firmware/cloud/http/test/unit.h"
#include "firmware/cloud/http/uri.h"

/* Decodes 'text' in steps; the body goes to 'out'. Returns the bytes used, or -1. */
static ssize_t decode(const char *text, size_t step, char *out)
{
	struct chunked chunked = { 0 };
	size_t at = 0, size = strlen(text), length;
	const char *data;

	*out = '\0';
	while (at < size && !chunked_done(&chunked)) {
		size_t part = size - at < step ? size - at : step;
		ssize_t used = chunked_decode(&chunked, text + at, part, &data, &length);

		if (used < 0)
			return -1;
		if (length)
			strncat(out, data, length);
		at += (size_t)used;
	}
	return chunked_done(&chunked) ? (ssize_t)at : -2;
}

static void test_chunks(void **state)
{
	static const char text[] = "4\r\nWiki\r\nA;name=value\r\npedia in \n\r\n0\r\nT: x\r\n\r\n";
	char whole[sizeof(text) + 8], out[64];

	(void)state;
	sprintf(whole, "%sGET /", text);
	for (size_t step = 1; step < sizeof(whole); step++) {
		assert_int_equal(decode(whole, step, out), strlen(text));
		assert_string_equal(out, "Wikipedia in \n");
	}
	assert_int_equal(decode("0\r\n\r\n", 1, out), 5);
	assert_int_equal(decode("3\nabc\n0\n\n", 2, out), 9);
}

static void test_bad_chunks(void **state)
{
	static const char *const bad[] = { "\r\n",          "x\r\n",       "-1\r\n",
					   "3\r\nabcd\r\n", "3 3\r\nabcX", "1000000000000000\r\n",
					   ";a\r\n" };
	char out[64], *long_trailer = malloc(8192);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(decode(bad[i], 1, out), -1);
	assert_int_equal(decode("5\r\nabc", 1, out), -2);
	memset(long_trailer, 'x', 8192);
	memcpy(long_trailer, "0\r\n", 3);
	long_trailer[8191] = '\0';
	assert_int_equal(decode(long_trailer, 100, out), -1);
	free(long_trailer);
}

static void test_split(void **state)
{
	struct arena arena = ARENA_INIT;
	const struct name_value *query;
	const char *path;

	(void)state;
	assert_int_equal(uri_split(&arena, "/a/b%20c/?x=1&y&x=%26+z&&=q#f", &path, &query), 0);
	assert_string_equal(path, "/a/b c");
	assert_string_equal(query[0].name, "x");
	assert_string_equal(query[1].name, "y");
	assert_string_equal(query[1].value, "");
	assert_string_equal(query[2].value, "& z");
	assert_string_equal(query[3].name, "");
	assert_null(query[4].name);
	assert_int_equal(uri_split(&arena, "https://h:1/p?q=1", &path, &query), 0);
	assert_string_equal(path, "/p");
	assert_int_equal(uri_split(&arena, "http://h", &path, &query), 0);
	assert_string_equal(path, "");
	assert_int_equal(uri_split(&arena, "//", &path, &query), 0);
	assert_string_equal(path, "");
	assert_null(query[0].name);
	arena_free(&arena);
}

static void test_bad_targets(void **state)
{
	static const char *const bad[] = { "*",    "a",    "/%",      "/%2",     "/%2g",
					   "/%00", "/%ff", "/?a=%zz", "/%c0%af", "/%ed%a0%80" };
	struct arena arena = ARENA_INIT;
	const struct name_value *query;
	const char *path;
	char many[2 * QUERY_MAX + 8] = "/?";

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(uri_split(&arena, bad[i], &path, &query), -EINVAL);
	for (int i = 0; i <= QUERY_MAX; i++)
		strcat(many, "a&");
	assert_int_equal(uri_split(&arena, many, &path, &query), -E2BIG);
	assert_string_equal(uri_encode(&arena, "a b/\xc3\xa4~", "/"), "a%20b/%C3%A4~");
	arena_free(&arena);
}

static void test_ranges(void **state)
{
	static const struct {
		const char *header;
		uint64_t size;
		int result;
		uint64_t offset, length;
	} samples[] = {
		{ NULL, 10, 0, 0, 0 },
		{ "bytes=0-4", 10, 1, 0, 5 },
		{ "bytes=4-", 10, 1, 4, 6 },
		{ "Bytes=-3", 10, 1, 7, 3 },
		{ "bytes=-30", 10, 1, 0, 10 },
		{ "bytes=9-99", 10, 1, 9, 1 },
		{ "bytes=10-", 10, -ERANGE, 0, 0 },
		{ "bytes=-0", 10, -ERANGE, 0, 0 },
		{ "bytes=0-", 0, -ERANGE, 0, 0 },
		{ "bytes=4-2", 10, 0, 0, 0 },
		{ "bytes=0-1,3-4", 10, 0, 0, 0 },
		{ "lines=0-1", 10, 0, 0, 0 },
		{ "bytes=", 10, 0, 0, 0 },
		{ "bytes=x-1", 10, 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		uint64_t offset = 0, length = 0;
		int result = range_parse(samples[i].header, samples[i].size, &offset, &length);

		assert_int_equal(result, samples[i].result);
		if (result != 1)
			continue;
		assert_int_equal(offset, samples[i].offset);
		assert_int_equal(length, samples[i].length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chunks), cmocka_unit_test(test_bad_chunks),
		cmocka_unit_test(test_split),  cmocka_unit_test(test_bad_targets),
		cmocka_unit_test(test_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
