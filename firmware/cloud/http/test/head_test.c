/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/head.h"

#include "firmware/cloud/http/test/unit.h"

struct sample {
	const char *text;
	int status; /* 0: fine */
	uint64_t length;
	bool keep_alive, expect;
};

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"

static const struct sample samples[] = {
	{ GET "\r\n", 0, 0, true, false },
	{ "\r\n" GET "\r\n", 0, 0, true, false },
	{ "GET / HTTP/1.1\nHost: a\n\n", 0, 0, true, false },
	{ GET "Connection: close\r\n\r\n", 0, 0, false, false },
	{ GET "Connection: x, Close\r\n\r\n", 0, 0, false, false },
	{ GET "Connection: closed\r\n\r\n", 0, 0, true, false },
	{ "GET / HTTP/1.0\r\n\r\n", 0, 0, false, false },
	{ "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 0, 0, true, false },
	{ "GET / HTTP/1.2\r\nHost: a\r\n\r\n", 0, 0, true, false },
	{ GET "Content-Length: 12\r\n\r\n", 0, 12, true, false },
	{ GET "Content-Length: 12\r\nContent-Length: 12\r\n\r\n", 0, 12, true, false },
	{ GET "Transfer-Encoding: Chunked\r\n\r\n", 0, UINT64_MAX, true, false },
	{ GET "Content-Length: 3\r\nExpect: 100-Continue\r\n\r\n", 0, 3, true, true },
	{ GET "Expect: 100-continue\r\n\r\n", 0, 0, true, false },
	{ GET "X: \t a b \t\r\n\r\n", 0, 0, true, false },
	{ "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505, 0, 0, 0 },
	{ "GET / HTTP/1.1x\r\nHost: a\r\n\r\n", 400, 0, 0, 0 },
	{ "GET /\r\nHost: a\r\n\r\n", 400, 0, 0, 0 },
	{ "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, 0, 0 },
	{ "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400, 0, 0, 0 },
	{ "GET / HTTP/1.1\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Host: b\r\n\r\n", 400, 0, 0, 0 },
	{ "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, 0, 0, 0 },
	{ "GET / HTTP/1.1\r\nHost: a\" b\r\n\r\n", 400, 0, 0, 0 },
	{ GET "X : y\r\n\r\n", 400, 0, 0, 0 },
	{ GET "X: y\r\n folded\r\n\r\n", 400, 0, 0, 0 },
	{ GET "no colon\r\n\r\n", 400, 0, 0, 0 },
	{ GET "X: a\rb\r\n\r\n", 400, 0, 0, 0 },
	{ GET "X: a\x01\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Content-Length: +1\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Content-Length: 1, 1\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Content-Length: \r\n\r\n", 400, 0, 0, 0 },
	{ GET "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Content-Length: 99999999999999999999\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, 0, 0 },
	{ "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, 0, 0, 0 },
	{ GET "Transfer-Encoding: gzip, chunked\r\n\r\n", 501, 0, 0, 0 },
	{ GET "Expect: something\r\n\r\n", 417, 0, 0, 0 },
};

static int parse(struct head *head, char *copy, const char *text, size_t size)
{
	const char *reason = NULL;
	size_t scanned = 0;
	int result;

	memcpy(copy, text, size);
	assert_int_equal(head_length(copy, size, &scanned), size);
	result = head_parse(head, copy, size, &reason);
	if (result < 0)
		assert_non_null(reason);
	return result;
}

static void test_samples(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		const struct sample *sample = &samples[i];
		char *copy = malloc(strlen(sample->text));
		struct head head;
		int result = parse(&head, copy, sample->text, strlen(sample->text));

		if (head.status != sample->status)
			fail_msg("%zu: status %d: %s", i, head.status, sample->text);
		assert_int_equal(result < 0, sample->status != 0);
		if (result == 0) {
			assert_true(head.content_length == sample->length);
			assert_int_equal(head.keep_alive, sample->keep_alive);
			assert_int_equal(head.expect_continue, sample->expect);
		}
		free(copy);
	}
}

static void test_parts(void **state)
{
	char text[] = "PUT /a?b=c HTTP/1.1\r\nHost: [::1]:8443\r\nX-Auth-Token:  t \r\n\r\n";
	struct head head;
	const char *reason;

	(void)state;
	assert_int_equal(head_parse(&head, text, sizeof(text) - 1, &reason), 0);
	assert_string_equal(head.method, "PUT");
	assert_string_equal(head.target, "/a?b=c");
	assert_string_equal(head_field(&head, "x-auth-token"), "t");
	assert_string_equal(head_field(&head, "HOST"), "[::1]:8443");
	assert_null(head_field(&head, "absent"));
}

static void test_nul(void **state)
{
	static const char text[] = GET "X: a\0b\r\n\r\n";
	char copy[sizeof(text)];
	struct head head;

	(void)state;
	assert_true(parse(&head, copy, text, sizeof(text) - 1) < 0);
	assert_int_equal(head.status, 400);
}

static void test_limits(void **state)
{
	size_t size = HEAD_TARGET_MAX + 64, used;
	char *text = malloc(size + 64 * HEAD_FIELDS_MAX);
	struct head head;
	const char *reason;

	(void)state;
	memset(text, 'a', size);
	memcpy(text, "GET /", 5);
	used = (size_t)sprintf(text + size, " HTTP/1.1\r\n\r\n");
	assert_true(head_parse(&head, text, size + used, &reason) < 0);
	assert_int_equal(head.status, 414);
	used = (size_t)sprintf(text, GET);
	for (int i = 0; i < HEAD_FIELDS_MAX; i++)
		used += (size_t)sprintf(text + used, "X%d: y\r\n", i);
	used += (size_t)sprintf(text + used, "\r\n");
	assert_true(head_parse(&head, text, used, &reason) < 0);
	assert_int_equal(head.status, 431);
	free(text);
}

/* However the bytes are cut into packets, the end is found at the same place. */
static void test_arrival(void **state)
{
	static const char text[] = "\r\n" GET "A: b\r\n\r\nGET /next";
	size_t end = strstr(text, "\r\n\r\n") + 4 - text;

	(void)state;
	for (size_t step = 1; step < sizeof(text); step++) {
		size_t scanned = 0, length = 0, size = 0;

		while (length == 0 && size < sizeof(text) - 1) {
			size = size + step < sizeof(text) - 1 ? size + step : sizeof(text) - 1;
			length = head_length(text, size, &scanned);
		}
		assert_int_equal(length, end);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_samples), cmocka_unit_test(test_parts),
		cmocka_unit_test(test_nul),     cmocka_unit_test(test_limits),
		cmocka_unit_test(test_arrival),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
