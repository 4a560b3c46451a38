/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/log_ring.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct log_ring ring;
static struct arena arena;
static uint64_t last;

static int set_up(void **state)
{
	(void)state;
	log_ring_init(&ring);
	arena = ARENA_INIT;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static void add(const char *line)
{
	log_ring_add(&ring, line, strlen(line));
}

static void lines_are_numbered(void **state)
{
	(void)state;
	assert_string_equal(log_ring_text(&ring, &arena, 0, 0, &last), "");
	assert_int_equal(last, 0);
	add("one");
	add("two");
	add("three");
	assert_string_equal(log_ring_text(&ring, &arena, 0, 0, &last), "one\ntwo\nthree\n");
	assert_int_equal(last, 3);
	assert_string_equal(log_ring_text(&ring, &arena, 1, 1, &last), "two\n");
	assert_int_equal(last, 2);
	assert_string_equal(log_ring_text(&ring, &arena, 3, 0, &last), "");
	assert_int_equal(last, 3);
	assert_string_equal(log_ring_text(&ring, &arena, 99, 0, &last), "");
	assert_int_equal(last, 99);
}

static void the_oldest_go(void **state)
{
	char line[64], *text;

	(void)state;
	for (int i = 1; i <= 10000; i++) {
		snprintf(line, sizeof(line), "this is line number %d of them", i);
		add(line);
	}
	assert_true(ring.length <= LOG_RING_SIZE && ring.length > LOG_RING_SIZE - 64);
	text = log_ring_text(&ring, &arena, 9998, 0, &last);
	assert_string_equal(text, "this is line number 9999 of them\nthis is line number 10000 of "
				  "them\n");
	assert_int_equal(last, 10000);
	/* From the oldest there is; an answer is bounded, the next one goes on. */
	text = log_ring_text(&ring, &arena, 0, 0, &last);
	assert_true(strlen(text) <= LOG_ANSWER_MOST);
	snprintf(line, sizeof(line), "this is line number %d of", (int)ring.first);
	assert_memory_equal(text, line, strlen(line));
	assert_true(last < 10000);
	log_ring_text(&ring, &arena, last, 0, &last);
	assert_int_equal(last, 10000);
}

static void rubbish_is_made_harmless(void **state)
{
	static char text[5000];

	(void)state;
	add("a\x1b[2J\tb");
	assert_string_equal(log_ring_text(&ring, &arena, 0, 0, &last), "a [2J b\n");
	memset(text, 'x', sizeof(text) - 1);
	add(text);
	assert_int_equal(strlen(log_ring_text(&ring, &arena, 1, 0, &last)), LOG_LINE_MOST + 1);
}

static void problems_are_copied(void **state)
{
	char text[256] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	ring.copy_fd = fds[1];
	ring.copy = LOG_COPY_PROBLEMS;
	add("2026-11-22T10:00:00.123Z info    vmm/guest guest started");
	assert_int_equal(read(fds[0], text, sizeof(text)), -1);
	add("2026-11-22T10:00:00.123Z error   vmm/guest guest lost");
	add("Segmentation fault");
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	assert_non_null(strstr(text, "guest lost\nSegmentation fault\n"));
	close(fds[0]);
	close(fds[1]);
}

static void pipes_are_followed(void **state)
{
	struct loop *loop;
	int fds[2];
	char text[3000];

	(void)state;
	assert_int_equal(loop_new(&loop), 0);
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(log_source_add(&ring, loop, fds[0]), 0);
	assert_int_equal(write(fds[1], "first\nsec", 9), 9);
	loop_once(loop, 0);
	assert_string_equal(log_ring_text(&ring, &arena, 0, 0, &last), "first\n");
	assert_int_equal(write(fds[1], "ond\n\n", 5), 5);
	memset(text, 'y', sizeof(text));
	assert_int_equal(write(fds[1], text, sizeof(text)), sizeof(text));
	close(fds[1]);
	for (int i = 0; i < 4; i++)
		loop_once(loop, 0);
	assert_memory_equal(log_ring_text(&ring, &arena, 1, 0, &last), "second\nyyy", 10);
	assert_int_equal(last, 4); /* the long one in two, the blank one not at all */
	assert_int_equal(fcntl(fds[0], F_GETFD), -1);
	loop_free(loop);
}

#define RING_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RING_TEST(lines_are_numbered),       RING_TEST(the_oldest_go),
		RING_TEST(rubbish_is_made_harmless), RING_TEST(problems_are_copied),
		RING_TEST(pipes_are_followed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
