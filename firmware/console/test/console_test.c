/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/console/api.h"
#include "firmware/console/keys.h"
#include "firmware/console/screen.h"

static void keys_are_found_in_any_pieces(void **state)
{
	struct keys keys = { 0 };

	(void)state;
	assert_int_equal(keys_feed(&keys, 'a'), 'a');
	assert_int_equal(keys_feed(&keys, '\r'), KEY_ENTER);
	assert_int_equal(keys_feed(&keys, 0x1b), KEY_NONE);
	assert_int_equal(keys_feed(&keys, '['), KEY_NONE);
	assert_int_equal(keys_feed(&keys, 'A'), KEY_UP);
	assert_int_equal(keys_feed(&keys, 0x1b), KEY_NONE);
	assert_int_equal(keys_feed(&keys, 'O'), KEY_NONE);
	assert_int_equal(keys_feed(&keys, 'B'), KEY_DOWN);
	assert_int_equal(keys_feed(&keys, 0x1b), KEY_NONE);
	assert_int_equal(keys_timeout(&keys), KEY_ESCAPE);
	assert_int_equal(keys_timeout(&keys), KEY_NONE);
}

static void strange_sequences_are_swallowed(void **state)
{
	struct keys keys = { 0 };

	(void)state;
	for (const char *c = "\033[12345678901234567890"; *c; c++)
		assert_int_equal(keys_feed(&keys, (unsigned char)*c), KEY_NONE);
	assert_int_equal(keys_feed(&keys, 'A'), KEY_NONE);
	assert_int_equal(keys_feed(&keys, 'x'), 'x');
	assert_int_equal(keys_feed(&keys, 0xff), KEY_NONE);
}

static const char *flushed(struct screen *screen, struct buffer *out)
{
	buffer_consume(out, out->length);
	screen_flush(screen, out);
	buffer_append(out, "", 1);
	return buffer_head(out);
}

static void only_what_differs_is_sent(void **state)
{
	static struct screen screen;
	struct buffer out = BUFFER_INIT;

	(void)state;
	screen_clear(&screen);
	screen_put(&screen, 1, 2, STYLE_PLAIN, "guests %d", 3);
	assert_non_null(strstr(flushed(&screen, &out), "\033[2;3Hguests 3"));
	assert_string_equal(flushed(&screen, &out), "");
	screen_clear(&screen);
	screen_put(&screen, 1, 2, STYLE_PLAIN, "guests %d", 4);
	assert_string_equal(flushed(&screen, &out), "\033[2;10H4\033[24;80H");
	buffer_free(&out);
}

static void nothing_leaves_the_screen(void **state)
{
	static struct screen screen;
	struct buffer out = BUFFER_INIT;
	char line[200];

	(void)state;
	memset(line, 'x', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	screen_clear(&screen);
	screen_put(&screen, SCREEN_ROWS - 1, 70, STYLE_BOLD, "%s", line);
	screen_put(&screen, SCREEN_ROWS, 0, STYLE_PLAIN, "below");
	screen_put(&screen, -1, 0, STYLE_PLAIN, "above");
	screen_put(&screen, 0, 0, STYLE_PLAIN, "a\033[2Jb\x9b");
	/* The control characters of a guest's name are not the terminal's. */
	assert_non_null(strstr(flushed(&screen, &out), "a?[2Jb?"));
	assert_null(strstr(buffer_head(&out), "below"));
	buffer_free(&out);
}

static ssize_t parse(const char *text, int *status, const char **body, size_t *size)
{
	return api_parse(text, strlen(text), status, body, size);
}

static void replies_are_parsed(void **state)
{
	const char *body;
	size_t size;
	int status;

	(void)state;
	assert_int_equal(
		parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", &status, &body, &size), 40);
	assert_int_equal(status, 200);
	assert_int_equal(size, 2);
	assert_memory_equal(body, "{}", 2);
	assert_int_equal(
		parse("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}", &status, &body, &size), 0);
	assert_int_equal(parse("HTTP/1.1 204 No Content\r\n\r\n", &status, &body, &size), 27);
	assert_int_equal(parse("SSH-2.0-x\r\n\r\n", &status, &body, &size), -EBADMSG);
	assert_int_equal(
		parse("HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\n", &status, &body, &size),
		-EBADMSG);
	assert_int_equal(parse("HTTP/1.1 200 OK\r\n", &status, &body, &size), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_found_in_any_pieces),
		cmocka_unit_test(strange_sequences_are_swallowed),
		cmocka_unit_test(only_what_differs_is_sent),
		cmocka_unit_test(nothing_leaves_the_screen),
		cmocka_unit_test(replies_are_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
