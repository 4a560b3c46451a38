/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/message.h"
#include "firmware/lib/role.h"

static struct loop *loop;
static struct channel left, right;
static int received, closed, kept_fd;
static uint32_t last_serial, last_reply_to;

static void on_message(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	(void)context;
	received++;
	last_serial = message->serial;
	last_reply_to = message->reply_to;
	if (kept_fd < 0)
		kept_fd = message_take_fd(message, 0);
}

static void on_close(struct channel *channel, void *context)
{
	(void)context;
	assert_false(channel_is_open(channel));
	closed++;
}

static const struct channel_handler handler = { on_message, on_close };

static int set_up(void **state)
{
	int pair[2];

	(void)state;
	received = closed = 0;
	kept_fd = -1;
	log_level_set("*", "error");
	return loop_new(&loop) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 ||
	       channel_open(&left, loop, pair[0], "left", &handler, NULL) < 0 ||
	       channel_open(&right, loop, pair[1], "right", &handler, NULL) < 0;
}

static int tear_down(void **state)
{
	(void)state;
	channel_close(&left);
	channel_close(&right);
	loop_free(loop);
	return 0;
}

static void turns(int count)
{
	while (count-- > 0)
		assert_int_equal(loop_once(loop, 0), 0);
}

static void serials_count_up(void **state)
{
	struct control_power power = { "reboot" };

	(void)state;
	assert_int_equal(channel_send_struct(&left, 1, 0, control_power_fields, &power, -1), 1);
	assert_int_equal(channel_send_struct(&left, 1, 77, NULL, NULL, -1), 2);
	turns(2);
	assert_int_equal(received, 2);
	assert_int_equal(last_serial, 2);
	assert_int_equal(last_reply_to, 77);
	left.serial = UINT32_MAX;
	assert_int_equal(channel_send_struct(&left, 1, 0, NULL, NULL, -1), 1);
}

static int open_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void descriptors_are_passed(void **state)
{
	CLEANUP_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int before = open_descriptors();
	struct message message = { .type = 1, .fds = { null, null, null }, .fd_count = 3 };
	struct stat one, two;

	(void)state;
	assert_true(channel_send(&left, &message) > 0);
	turns(1);
	assert_int_equal(received, 1);
	assert_true(kept_fd >= 0 && kept_fd != null);
	assert_true(fcntl(kept_fd, F_GETFD) & FD_CLOEXEC);
	fstat(null, &one);
	fstat(kept_fd, &two);
	assert_int_equal(one.st_ino, two.st_ino);
	/* The two that were not taken are closed. */
	assert_int_equal(open_descriptors(), before + 1);
	close(kept_fd);
}

/* More than the socket holds is queued, with its descriptors, and arrives in order. */
static void a_full_socket_queues(void **state)
{
	CLEANUP_FD int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	static const char body[64 * 1024];
	struct message message = {
		.type = 1, .body = body, .body_size = sizeof(body), .fds = { null }, .fd_count = 1
	};
	int before = open_descriptors();

	(void)state;
	kept_fd = 0; /* take none */
	for (int i = 1; i <= 20; i++)
		assert_int_equal(channel_send(&left, &message), i);
	assert_non_null(left.queue);
	turns(60);
	assert_null(left.queue);
	assert_int_equal(left.queued, 0);
	assert_int_equal(received, 20);
	assert_int_equal(last_serial, 20);
	assert_int_equal(open_descriptors(), before);
}

static void the_queue_is_bounded(void **state)
{
	static const char body[MESSAGE_MAX];
	struct message message = { .type = 1, .body = body, .body_size = 128 * 1024 };
	int64_t result;
	int count = 0;

	(void)state;
	while ((result = channel_send(&left, &message)) > 0)
		count++;
	assert_int_equal(result, -ENOBUFS);
	assert_true(count >= 60 && count < 80);
	message.body_size = sizeof(body);
	assert_int_equal(channel_send(&left, &message), -EMSGSIZE);
}

static void the_peer_goes(void **state)
{
	(void)state;
	channel_send_struct(&right, 1, 0, NULL, NULL, -1);
	channel_close(&right);
	turns(2);
	/* What it sent before is still delivered. */
	assert_int_equal(received, 1);
	assert_int_equal(closed, 1);
	assert_int_equal(channel_send_struct(&left, 1, 0, NULL, NULL, -1), -ENOTCONN);
}

static void a_bad_packet_closes(void **state)
{
	(void)state;
	log_level_set("*", "error");
	assert_int_equal(write(left.fd, "rubbish", 7), 7);
	turns(1);
	assert_int_equal(closed, 1);
	assert_int_equal(received, 0);
}

#define CHANNEL_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHANNEL_TEST(serials_count_up),     CHANNEL_TEST(descriptors_are_passed),
		CHANNEL_TEST(a_full_socket_queues), CHANNEL_TEST(the_queue_is_bounded),
		CHANNEL_TEST(the_peer_goes),        CHANNEL_TEST(a_bad_packet_closes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
