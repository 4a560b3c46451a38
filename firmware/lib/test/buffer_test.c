/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void assert_holds(const struct buffer *buffer, const char *text)
{
	assert_int_equal(buffer->length, strlen(text));
	if (buffer->length > 0)
		assert_memory_equal(buffer_head(buffer), text, strlen(text));
}

static void appends_and_consumes(void **state)
{
	struct buffer buffer = BUFFER_INIT;

	(void)state;
	assert_int_equal(buffer_append(&buffer, "hello ", 6), 0);
	assert_int_equal(buffer_printf(&buffer, "%s", "world"), 0);
	assert_holds(&buffer, "hello world");
	buffer_consume(&buffer, 6);
	assert_holds(&buffer, "world");
	buffer_consume(&buffer, 99);
	assert_holds(&buffer, "");
	assert_int_equal(buffer_append(&buffer, NULL, 0), 0);
	buffer_free(&buffer);
}

static void consumed_room_is_used_again(void **state)
{
	struct buffer buffer = BUFFER_INIT;
	char block[100];

	(void)state;
	memset(block, 'x', sizeof(block));
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(buffer_append(&buffer, block, sizeof(block)), 0);
		buffer_consume(&buffer, sizeof(block) - (i % 50 == 0));
		assert_true(buffer.length <= 1000);
	}
	assert_true(buffer.capacity <= 1024);
	buffer_free(&buffer);
}

static void the_limit_changes_nothing(void **state)
{
	struct buffer buffer = { .limit = 8 };

	(void)state;
	assert_int_equal(buffer_append(&buffer, "12345", 5), 0);
	assert_int_equal(buffer_append(&buffer, "6789", 4), -ENOBUFS);
	assert_int_equal(buffer_printf(&buffer, "%d", 6789), -ENOBUFS);
	assert_null(buffer_reserve(&buffer, 4));
	assert_holds(&buffer, "12345");
	assert_int_equal(buffer_printf(&buffer, "%d", 678), 0);
	assert_holds(&buffer, "12345678");
	buffer_free(&buffer);
	assert_int_equal(buffer.limit, 8);
}

static void printf_longer_than_the_room(void **state)
{
	struct buffer buffer = BUFFER_INIT;
	char exact[257];

	(void)state;
	memset(exact, 'y', sizeof(exact));
	exact[256] = '\0';
	assert_int_equal(buffer_printf(&buffer, "%s", exact), 0);
	assert_holds(&buffer, exact);
	buffer_free(&buffer);
}

static void reads_and_writes_descriptors(void **state)
{
	struct buffer in = { .limit = 4 }, out = BUFFER_INIT;
	int fds[2];

	(void)state;
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	buffer_append(&out, "abcdef", 6);
	assert_int_equal(buffer_write_fd(&out, fds[1]), 6);
	assert_int_equal(buffer_write_fd(&out, fds[1]), 0);
	assert_int_equal(buffer_read_fd(&in, fds[0], 100), 4);
	assert_holds(&in, "abcd");
	assert_int_equal(buffer_read_fd(&in, fds[0], 100), -ENOBUFS);
	buffer_consume(&in, 4);
	assert_int_equal(buffer_read_fd(&in, fds[0], 100), 2);
	buffer_consume(&in, 2);
	assert_int_equal(buffer_read_fd(&in, fds[0], 100), -EAGAIN);
	close(fds[1]);
	assert_int_equal(buffer_read_fd(&in, fds[0], 100), 0);
	close(fds[0]);
	buffer_free(&in);
	buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_and_consumes),
		cmocka_unit_test(consumed_room_is_used_again),
		cmocka_unit_test(the_limit_changes_nothing),
		cmocka_unit_test(printf_longer_than_the_room),
		cmocka_unit_test(reads_and_writes_descriptors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
