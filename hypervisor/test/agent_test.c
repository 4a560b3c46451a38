/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client of the guest agent against an agent that says what the test wants, and a turned clock. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "hypervisor/agent.h"
#include "hypervisor/socket_path.h"

#define COMMAND "{\"execute\":\"guest-ping\"}\n"

static struct loop *loop;
static struct agent_talk talk;
static int listener, peer;
static char path[64], heard[512], reason[128];
static int ended, result;

static void on_end(struct agent_talk *over, int code, const char *why)
{
	assert_int_equal(over->fd, -1);
	assert_null(over->command);
	ended++;
	result = code;
	snprintf(reason, sizeof(reason), "%s", why);
}

static int set_up(void **state)
{
	(void)state;
	ended = 0;
	snprintf(path, sizeof(path), "/tmp/agent-test-%d.sock", (int)getpid());
	listener = socket_path_listen(path);
	if (listener < 0 || loop_new(&loop) < 0)
		return -1;
	loop_clock_fake(loop, 1000);
	if (agent_begin(&talk, loop, path, COMMAND, on_end) < 0)
		return -1;
	peer = accept(listener, NULL, NULL);
	return peer < 0;
}

static int tear_down(void **state)
{
	(void)state;
	agent_close(&talk);
	if (peer >= 0)
		close(peer);
	close(listener);
	unlink(path);
	loop_free(loop);
	return 0;
}

static void hear(void)
{
	ssize_t size = recv(peer, heard, sizeof(heard) - 1, MSG_DONTWAIT);

	heard[size > 0 ? size : 0] = '\0';
}

static void say(const char *text)
{
	assert_int_equal(send(peer, text, strlen(text), 0), strlen(text));
	for (unsigned i = 0; i < 4; i++)
		loop_once(loop, 10);
}

static void synchronize(void)
{
	char answer[64];

	hear();
	assert_non_null(strstr(heard, "\"guest-sync-delimited\""));
	snprintf(answer, sizeof(answer), "\xff{\"return\": %lld}\n", (long long)talk.number);
	say(answer);
	hear();
	assert_string_equal(heard, COMMAND);
}

static void commands_are_answered(void **state)
{
	(void)state;
	synchronize();
	say("{\"return\": {}}\n");
	assert_int_equal(ended, 1);
	assert_int_equal(result, 0);
}

/* What is left of an earlier conversation is not an answer. */
static void other_numbers_do_not_count(void **state)
{
	(void)state;
	say("{\"return\": {}}\n{\"error\": {\"desc\": \"late\"}}\nno JSON\n\xff{\"return\": -1}\n");
	assert_int_equal(ended, 0);
	hear();
	assert_null(strstr(heard, "guest-ping"));
}

static void refusals_have_their_reason(void **state)
{
	(void)state;
	synchronize();
	say("{\"error\": {\"class\": \"GenericError\", \"desc\": \"no such user\"}}\n");
	assert_int_equal(result, -EIO);
	assert_string_equal(reason, "no such user");
}

static void silence_ends_it(void **state)
{
	(void)state;
	loop_clock_fake(loop, 1000 + AGENT_TIMEOUT_MS + 1);
	loop_once(loop, 0);
	assert_int_equal(ended, 1);
	assert_int_equal(result, -ETIMEDOUT);
	hear();
	assert_null(strstr(heard, "guest-ping"));
}

static void nonsense_and_endless_lines_end_it(void **state)
{
	static char endless[2 * AGENT_LINE_MAX];

	(void)state;
	synchronize();
	memset(endless, 'x', sizeof(endless));
	for (size_t sent = 0; sent < sizeof(endless) && !ended;) {
		ssize_t moved = send(peer, endless + sent, sizeof(endless) - sent,
				     MSG_DONTWAIT | MSG_NOSIGNAL);

		sent += moved > 0 ? (size_t)moved : 0;
		loop_once(loop, 0);
	}
	for (unsigned i = 0; i < 40 && !ended; i++)
		loop_once(loop, 1);
	assert_int_equal(ended, 1);
	assert_true(result < 0);
}

static void a_closed_line_ends_it(void **state)
{
	(void)state;
	close(peer);
	peer = -1;
	loop_once(loop, 10);
	assert_int_equal(ended, 1);
	assert_true(result < 0);
}

#define AGENT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AGENT_TEST(commands_are_answered),
		AGENT_TEST(other_numbers_do_not_count),
		AGENT_TEST(refusals_have_their_reason),
		AGENT_TEST(silence_ends_it),
		AGENT_TEST(nonsense_and_endless_lines_end_it),
		AGENT_TEST(a_closed_line_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
