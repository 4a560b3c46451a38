/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of RFC 6455, section 5.7, and what must not pass. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/http/websocket.h"

static struct websocket websocket;
static struct websocket_piece piece;
static char got[256];
static size_t got_size;

static int set_up(void **state)
{
	(void)state;
	websocket = (struct websocket){ 0 };
	got_size = 0;
	return 0;
}

/* All of it, in steps of some bytes; data is collected, the last control frame is in 'piece'. */
static int feed(const char *bytes, size_t size, size_t step)
{
	struct websocket_piece control = { 0 };
	char copy[512];
	size_t at = 0;

	memcpy(copy, bytes, size);
	while (at < size) {
		size_t part = size - at < step ? size - at : step;
		ssize_t used = websocket_decode(&websocket, copy + at, part, &piece);

		if (used < 0)
			return (int)used;
		assert_true((size_t)used <= part);
		at += (size_t)used;
		if (piece.data && piece.opcode == WEBSOCKET_BINARY) {
			memcpy(got + got_size, piece.data, piece.size);
			got_size += piece.size;
		} else if (piece.data) {
			control = piece;
		}
	}
	piece = control;
	return 0;
}

#define HELLO "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"

static void data_is_unmasked(void **state)
{
	(void)state;
	for (size_t step = 1; step <= 11; step++) {
		got_size = 0;
		assert_int_equal(feed(HELLO, 11, step), 0);
		assert_int_equal(got_size, 5);
		assert_memory_equal(got, "Hello", 5);
	}
}

static void fragments_may_have_control_frames_between_them(void **state)
{
	static const char frames[] = "\x02\x82\0\0\0\0ab" /* begins */
				     "\x89\x81\0\0\0\0p"  /* ping */
				     "\x80\x81\0\0\0\0c"  /* ends */
				     "\x82\x81\0\0\0\0d"; /* another one */

	(void)state;
	assert_int_equal(feed(frames, sizeof(frames) - 1, 3), 0);
	assert_memory_equal(got, "abcd", 4);
	assert_int_equal(piece.opcode, WEBSOCKET_PING);
	assert_int_equal(piece.size, 1);
	assert_memory_equal(piece.data, "p", 1);
}

static void close_has_its_status(void **state)
{
	(void)state;
	assert_int_equal(feed("\x88\x82\0\0\0\0\x03\xe8", 8, 1), 0);
	assert_int_equal(piece.opcode, WEBSOCKET_CLOSE);
	assert_memory_equal(piece.data, "\x03\xe8", 2);
	assert_int_equal(feed("\x88\x80\0\0\0\0", 6, 6), 0);
	assert_int_equal(piece.size, 0);
	assert_non_null(piece.data);
}

static void long_lengths_are_read(void **state)
{
	char frame[8 + 200] = "\x82\xfe\x00\xc8\0\0\0\0";

	(void)state;
	assert_int_equal(feed(frame, sizeof(frame), 50), 0);
	assert_int_equal(got_size, 200);
	assert_int_equal(feed("\x82\xff\0\0\0\x01\0\0\0\0\0\0\0\0x", 15, 15), 0);
	assert_int_equal(websocket.left, (1ull << 32) - 1);
}

static void what_breaks_the_protocol_is_refused(void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
	} bad[] = {
		{ "\x81\x05\0\0\0\0", 6 },                    /* not masked */
		{ "\xc2\x80\0\0\0\0", 6 },                    /* a reserved bit */
		{ "\x83\x80\0\0\0\0", 6 },                    /* an unknown opcode */
		{ "\x80\x80\0\0\0\0", 6 },                    /* goes on with nothing */
		{ "\x09\x80\0\0\0\0", 6 },                    /* a ping in fragments */
		{ "\x89\xfe\0\x7e\0\0\0\0", 8 },              /* a ping that is too long */
		{ "\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0", 14 }, /* the highest bit */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		websocket = (struct websocket){ 0 };
		assert_int_equal(feed(bad[i].bytes, bad[i].size, 14), -EBADMSG);
	}
	websocket = (struct websocket){ 0 };
	assert_int_equal(feed("\x02\x80\0\0\0\0\x82\x80\0\0\0\0", 12, 12), -EBADMSG);
}

static void heads_are_as_short_as_may_be(void **state)
{
	unsigned char head[WEBSOCKET_HEAD_MAX];

	(void)state;
	assert_int_equal(websocket_head(head, WEBSOCKET_BINARY, 125), 2);
	assert_memory_equal(head, "\x82\x7d", 2);
	assert_int_equal(websocket_head(head, WEBSOCKET_BINARY, 126), 4);
	assert_memory_equal(head, "\x82\x7e\0\x7e", 4);
	assert_int_equal(websocket_head(head, WEBSOCKET_PONG, 0), 2);
	assert_int_equal(websocket_head(head, WEBSOCKET_BINARY, 65536), 10);
	assert_memory_equal(head, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(data_is_unmasked, set_up),
		cmocka_unit_test_setup(fragments_may_have_control_frames_between_them, set_up),
		cmocka_unit_test_setup(close_has_its_status, set_up),
		cmocka_unit_test_setup(long_lengths_are_read, set_up),
		cmocka_unit_test_setup(what_breaks_the_protocol_is_refused, set_up),
		cmocka_unit_test_setup(heads_are_as_short_as_may_be, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
