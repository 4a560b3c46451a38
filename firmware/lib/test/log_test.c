/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/log.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int saved_stderr, log_pipe[2];
static char line[4096];

static int capture_start(void **state)
{
	(void)state;
	saved_stderr = dup(STDERR_FILENO);
	log_level_set("*", "info");
	return pipe(log_pipe) < 0 || dup2(log_pipe[1], STDERR_FILENO) < 0;
}

static int capture_stop(void **state)
{
	(void)state;
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(log_pipe[0]);
	close(log_pipe[1]);
	return 0;
}

/* What was logged since; the mark shows when nothing was. */
static const char *logged(void)
{
	ssize_t size;

	(void)!write(log_pipe[1], "#", 1);
	size = read(log_pipe[0], line, sizeof(line) - 1);
	line[size - 1] = '\0';
	return line;
}

static void a_line_has_its_form(void **state)
{
	const char *text;

	(void)state;
	log_open("vmm");
	errno = 77;
	log_info("guest", "guest started", "id=%s pid=%d", "a1", 9);
	assert_int_equal(errno, 77);
	text = logged();
	assert_int_equal(text[10], 'T');
	assert_int_equal(text[23], 'Z');
	assert_string_equal(text + 24, " info    vmm/guest guest started id=a1 pid=9\n");
}

static void levels_by_module(void **state)
{
	(void)state;
	log_debug("qmp", "quiet", "a=%d", 1);
	assert_string_equal(logged(), "");
	assert_int_equal(log_level_set("qmp", "debug"), 0);
	log_debug("qmp", "loud", "a=%d", 1);
	assert_non_null(strstr(logged(), "loud a=1"));
	log_debug("other", "quiet", "a=%d", 1);
	assert_string_equal(logged(), "");
	log_level_set("*", "error");
	log_warning("qmp", "quiet", "a=%d", 1);
	assert_string_equal(logged(), "");
	assert_int_equal(log_level_set("*", "loudest"), -EINVAL);
}

static void an_event_is_one_line(void **state)
{
	char text[5000];

	(void)state;
	log_info("x", "injected", "name=%s", "a\nb\x1b[2J");
	logged();
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	assert_null(strchr(line, '\x1b'));
	memset(text, 'z', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_info("x", "long", "name=%s", text);
	assert_int_equal(strlen(logged()), 2048);
	assert_int_equal(line[2047], '\n');
	log_info("x", "no fields", "%s", "");
	assert_non_null(strstr(logged(), "no fields\n"));
}

static void quoting(void **state)
{
	char text[2000];

	(void)state;
	assert_string_equal(log_quote("two words"), "\"two words\"");
	assert_string_equal(log_quote("a\"b\\c\nd\x01"), "\"a\\\"b\\\\c\\nd\\x01\"");
	assert_string_equal(log_quote(NULL), "-");
	memset(text, 1, sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(strlen(log_quote(text)), 512 * 4 + 2);
	/* Several in one call. */
	log_info("x", "both", "a=%s b=%s", log_quote("1"), log_quote("2"));
	assert_non_null(strstr(logged(), "a=\"1\" b=\"2\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_line_has_its_form, capture_start, capture_stop),
		cmocka_unit_test_setup_teardown(levels_by_module, capture_start, capture_stop),
		cmocka_unit_test_setup_teardown(an_event_is_one_line, capture_start, capture_stop),
		cmocka_unit_test_setup_teardown(quoting, capture_start, capture_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
