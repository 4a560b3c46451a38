/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/lib/message_internal.h"

struct route {
	char prefix[16];
	uint32_t metric;
};

struct sample {
	uint32_t number;
	uint64_t wide;
	bool flag;
	char name[8];
	struct message_bytes bytes;
	const char *text;
	struct route route;
	struct message_list routes;
};

static const struct field route_fields[] = {
	FIELD(1, FIELD_STRING, struct route, prefix, true),
	FIELD(2, FIELD_U32, struct route, metric, false),
	FIELD_END,
};

static const struct field sample_fields[] = {
	FIELD(1, FIELD_U32, struct sample, number, true),
	FIELD(2, FIELD_U64, struct sample, wide, false),
	FIELD(3, FIELD_BOOL, struct sample, flag, false),
	FIELD(4, FIELD_STRING, struct sample, name, false),
	{ 5, FIELD_BYTES, false, offsetof(struct sample, bytes), 0, 64, NULL },
	FIELD(6, FIELD_TEXT, struct sample, text, false),
	FIELD_NESTED(7, struct sample, route, route_fields, false),
	FIELD_LISTED(8, struct sample, routes, struct route, route_fields, 3),
	FIELD_END,
};

static struct arena arena;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	arena = ARENA_INIT;
	memset(&error, 0, sizeof(error));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void round_trip(void **state)
{
	struct route routes[] = { { "10.0.0.0/8", 5 }, { "", 0 } };
	struct sample in = { .number = 0xdeadbeef,
			     .wide = 0x0123456789abcdef,
			     .flag = true,
			     .name = "1234567",
			     .bytes = { "a\0b\0c", 5 },
			     .text = "",
			     .route = { "::/0", 1 },
			     .routes = { routes, 2 } };
	struct sample out = { 0 };
	struct message message = { 0 };

	(void)state;
	assert_int_equal(message_encode(&arena, &message, sample_fields, &in), 0);
	assert_int_equal(message_decode(&arena, &message, sample_fields, &out, &error), 0);
	assert_int_equal(out.number, in.number);
	assert_int_equal(out.wide, in.wide);
	assert_true(out.flag);
	assert_string_equal(out.name, in.name);
	assert_int_equal(out.bytes.size, 5);
	assert_memory_equal(out.bytes.data, "a\0b\0c", 5);
	assert_string_equal(out.text, "");
	assert_string_equal(out.route.prefix, "::/0");
	assert_int_equal(out.routes.count, 2);
	assert_string_equal(((struct route *)out.routes.items)[0].prefix, "10.0.0.0/8");
	assert_int_equal(((struct route *)out.routes.items)[0].metric, 5);
	assert_string_equal(((struct route *)out.routes.items)[1].prefix, "");
}

static void absent_is_zero(void **state)
{
	struct sample in = { 0 }, out = { 0 };
	struct message message = { 0 };

	(void)state;
	assert_int_equal(message_encode(&arena, &message, sample_fields, &in), 0);
	assert_int_equal(message_decode(&arena, &message, sample_fields, &out, &error), 0);
	assert_null(out.text);
	assert_int_equal(out.routes.count, 0);
	assert_int_equal(out.bytes.size, 0);
}

static void what_does_not_fit_is_not_encoded(void **state)
{
	struct route routes[4] = { { "", 0 } };
	struct message message = { 0 };
	struct sample sample = { .routes = { routes, 4 } };
	char *text = arena_alloc(&arena, MESSAGE_MAX + 1);

	(void)state;
	assert_int_equal(message_encode(&arena, &message, sample_fields, &sample), -EMSGSIZE);
	sample = (struct sample){ .bytes = { text, 65 } };
	assert_int_equal(message_encode(&arena, &message, sample_fields, &sample), -EMSGSIZE);
	memset(text, 'x', MESSAGE_MAX);
	sample = (struct sample){ .text = text };
	assert_int_equal(message_encode(&arena, &message, sample_fields, &sample), -EMSGSIZE);
	sample = (struct sample){ .name = "12345678" };
	memset(sample.name, 'x', sizeof(sample.name));
	assert_int_equal(message_encode(&arena, &message, sample_fields, &sample), -EMSGSIZE);
}

/* ---- bad packets, written out by hand ---- */

#define U32_ATTRIBUTE(id) id, 0, FIELD_U32, 0, 4, 0, 0, 0, 9, 0, 0, 0

static int decode(const uint8_t *body, size_t size)
{
	struct message message = { .body = body, .body_size = size };
	struct sample sample = { 0 };

	error.message[0] = '\0';
	return message_decode(&arena, &message, sample_fields, &sample, &error);
}

#define assert_bad(reason, ...)                                                                    \
	do {                                                                                       \
		const uint8_t bad_body[] = { __VA_ARGS__ };                                        \
		assert_int_equal(decode(bad_body, sizeof(bad_body)), -EBADMSG);                    \
		assert_non_null(strstr(error.message, reason));                                    \
	} while (0)

static void unknown_attributes_are_skipped(void **state)
{
	const uint8_t body[] = { 99, 0, 1, 0, 1, 0, 0, 0, 7, 0, 0, 0, U32_ATTRIBUTE(1) };

	(void)state;
	assert_int_equal(decode(body, sizeof(body)), 0);
}

static void bad_structure_is_refused(void **state)
{
	(void)state;
	assert_bad("missing", 0, 0, 0, 0, 0, 0, 0, 0);
	assert_bad("given twice", U32_ATTRIBUTE(1), U32_ATTRIBUTE(1));
	assert_bad("cut off", U32_ATTRIBUTE(1), 1, 0, 0, 0);
	assert_bad("longer than", 1, 0, 0, 0, 5, 0, 0, 0, 9, 0, 0, 0);
	assert_bad("longer than", 1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 9, 0, 0, 0);
	assert_bad("padding", U32_ATTRIBUTE(1), 3, 0, FIELD_BOOL, 0, 1, 0, 0, 0, 1, 1, 0, 0);
	assert_bad("another kind", 1, 0, FIELD_U64, 0, 4, 0, 0, 0, 9, 0, 0, 0);
	assert_bad("wrong size", 1, 0, FIELD_U32, 0, 0, 0, 0, 0);
	assert_bad("neither", U32_ATTRIBUTE(1), 3, 0, FIELD_BOOL, 0, 1, 0, 0, 0, 2, 0, 0, 0);
}

static void bad_strings_are_refused(void **state)
{
	(void)state;
	assert_bad("terminated", U32_ATTRIBUTE(1), 4, 0, FIELD_STRING, 0, 4, 0, 0, 0, 'a', 'b', 'c',
		   'd');
	assert_bad("terminated", U32_ATTRIBUTE(1), 4, 0, FIELD_STRING, 0, 4, 0, 0, 0, 'a', 0, 'c',
		   0);
	assert_bad("terminated", U32_ATTRIBUTE(1), 6, 0, FIELD_TEXT, 0, 0, 0, 0, 0);
	assert_bad("too long", U32_ATTRIBUTE(1), 4, 0, FIELD_STRING, 0, 9, 0, 0, 0, '1', '2', '3',
		   '4', '5', '6', '7', '8', 0, 0, 0, 0);
}

static void bad_lists_are_refused(void **state)
{
	const uint8_t item[] = { 8, 0, FIELD_LIST, 0, 12, 0, 0, 0, 1, 0, FIELD_STRING,
				 0, 1, 0,          0, 0,  0, 0, 0, 0 };
	uint8_t body[12 + 4 * sizeof(item)] = { U32_ATTRIBUTE(1) };

	(void)state;
	for (int i = 0; i < 4; i++)
		memcpy(body + 12 + i * sizeof(item), item, sizeof(item));
	assert_int_equal(decode(body, 12 + 3 * sizeof(item)), 0);
	assert_int_equal(decode(body, sizeof(body)), -EBADMSG);
	assert_non_null(strstr(error.message, "too many"));
	assert_bad("missing", U32_ATTRIBUTE(1), 8, 0, FIELD_LIST, 0, 0, 0, 0, 0);
}

struct deep {
	struct message_list inner;
};

static const struct field deep_fields[] = {
	FIELD_LISTED(1, struct deep, inner, struct deep, deep_fields, 0),
	FIELD_END,
};

static void nesting_ends(void **state)
{
	uint8_t body[8 * 6];
	struct message message = { .body = body };
	struct deep deep;

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		const uint8_t header[8] = { 1, 0, FIELD_LIST, 0, (uint8_t)(8 * (5 - i)) };

		memcpy(body + 8 * i, header, sizeof(header));
	}
	assert_int_equal(message_decode(&arena, &message, deep_fields, &deep, &error), 0);
	message.body_size = sizeof(body);
	assert_int_equal(message_decode(&arena, &message, deep_fields, &deep, &error), -EBADMSG);
	assert_non_null(strstr(error.message, "deeply"));
	message.body = body + 16;
	message.body_size = 8 * 4;
	assert_int_equal(message_decode(&arena, &message, deep_fields, &deep, &error), 0);
}

/* Any prefix of a good body is refused or, at an attribute's end, lacks what is required. */
static void every_truncation_is_refused(void **state)
{
	struct sample in = { .number = 1, .name = "abc", .text = "text", .route = { "x", 2 } };
	struct message message = { 0 };

	(void)state;
	assert_int_equal(message_encode(&arena, &message, sample_fields, &in), 0);
	for (size_t size = 0; size < message.body_size; size++) {
		uint8_t *body = arena_memdup(&arena, message.body, size);
		int result = decode(body, size);

		if (size % 4 != 0 || size < 12)
			assert_int_equal(result, -EBADMSG);
	}
}

static void headers(void **state)
{
	uint8_t packet[MESSAGE_HEADER_SIZE + 4] = { 0 };
	struct message message = { .type = 7, .serial = 3, .reply_to = 2, .body_size = 4 };
	struct message parsed = { 0 };

	(void)state;
	message_header_write(&message, packet);
	assert_int_equal(message_parse(packet, sizeof(packet), &parsed, &error), 0);
	assert_int_equal(parsed.type, 7);
	assert_int_equal(parsed.serial, 3);
	assert_int_equal(parsed.reply_to, 2);
	assert_int_equal(parsed.body_size, 4);
	assert_int_equal(message_parse(packet, 15, &parsed, &error), -EBADMSG);
	assert_int_equal(message_parse(packet, 16, &parsed, &error), -EBADMSG);
	assert_int_equal(message_parse(packet, 18, &parsed, &error), -EBADMSG);
	packet[4] = 2;
	assert_int_equal(message_parse(packet, sizeof(packet), &parsed, &error), -EBADMSG);
	packet[4] = 1;
	packet[6] = 0;
	assert_int_equal(message_parse(packet, sizeof(packet), &parsed, &error), -EBADMSG);
}

#define MESSAGE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		MESSAGE_TEST(round_trip),
		MESSAGE_TEST(absent_is_zero),
		MESSAGE_TEST(what_does_not_fit_is_not_encoded),
		MESSAGE_TEST(unknown_attributes_are_skipped),
		MESSAGE_TEST(bad_structure_is_refused),
		MESSAGE_TEST(bad_strings_are_refused),
		MESSAGE_TEST(bad_lists_are_refused),
		MESSAGE_TEST(nesting_ends),
		MESSAGE_TEST(every_truncation_is_refused),
		MESSAGE_TEST(headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
