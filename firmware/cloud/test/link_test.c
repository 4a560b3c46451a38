/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link whose peer is the test: calls from another thread, peers that come, go and keep silent. */
#include "firmware/cloud/link.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define QUESTION 7
#define ANSWER 8

static struct loop *loop;
static struct link *link_under_test;
static struct channel peer;
static bool peer_answers;
static unsigned ups, downs, messages;

static void peer_on_message(struct channel *channel, struct message *message, void *context)
{
	struct control_link value = { .peer = 42 };

	(void)context;
	if (peer_answers && message->type == QUESTION)
		channel_send_struct(channel, ANSWER, message->serial, control_link_fields, &value,
				    STDERR_FILENO);
}

static const struct channel_handler peer_handler = { .on_message = peer_on_message };

static void on_up(struct link *link, void *context)
{
	(void)link;
	(void)context;
	ups++;
}

static void on_down(struct link *link, void *context)
{
	(void)link;
	(void)context;
	downs++;
}

static bool on_message(struct link *link, struct message *message, void *context)
{
	(void)link;
	(void)context;
	messages += message->type == ANSWER;
	return true;
}

static struct link_observer observer = { on_up, on_down, on_message, NULL, NULL };

static void attach_peer(void)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	link_attach(link_under_test, pair[0]);
	assert_int_equal(channel_open(&peer, loop, pair[1], "peer", &peer_handler, NULL), 0);
}

static int set_up(void **state)
{
	(void)state;
	ups = downs = messages = 0;
	peer_answers = true;
	peer.fd = -1;
	if (loop_new(&loop) < 0)
		return -1;
	link_under_test = link_new(loop, ROLE_VMM);
	link_observe(link_under_test, &observer);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	if (channel_is_open(&peer))
		channel_close(&peer);
	link_free(link_under_test);
	loop_free(loop);
	return 0;
}

struct asker {
	pthread_t thread;
	unsigned timeout_ms;
	int result, fd;
	struct control_link answer;
	atomic_bool done;
};

static void *ask(void *argument)
{
	struct asker *asker = argument;
	struct control_link value = { .peer = 1 };
	struct arena arena = ARENA_INIT;
	struct message reply;
	struct error error;

	asker->result = link_call(link_under_test, &arena, QUESTION, control_link_fields, &value,
				  -1, asker->timeout_ms, &reply, &asker->fd, &error);
	if (asker->result == 0)
		asker->result =
			message_decode(&arena, &reply, control_link_fields, &asker->answer, &error);
	arena_free(&arena);
	asker->done = true;
	loop_wake(loop);
	return NULL;
}

static void start_asking(struct asker *asker, unsigned timeout_ms)
{
	*asker = (struct asker){ .timeout_ms = timeout_ms, .fd = -1 };
	assert_int_equal(pthread_create(&asker->thread, NULL, ask, asker), 0);
}

static void finish_asking(struct asker *asker)
{
	while (!asker->done)
		loop_once(loop, 20);
	pthread_join(asker->thread, NULL);
}

static void test_call(void **state)
{
	struct asker askers[8];

	(void)state;
	attach_peer();
	for (size_t i = 0; i < 8; i++)
		start_asking(&askers[i], 5000);
	for (size_t i = 0; i < 8; i++) {
		finish_asking(&askers[i]);
		assert_int_equal(askers[i].result, 0);
		assert_int_equal(askers[i].answer.peer, 42);
		assert_true(askers[i].fd >= 0);
		close(askers[i].fd);
	}
	assert_int_equal(messages, 0);
}

static void test_silence(void **state)
{
	struct asker asker;

	(void)state;
	attach_peer();
	peer_answers = false;
	start_asking(&asker, 50);
	finish_asking(&asker);
	assert_int_equal(asker.result, -ETIMEDOUT);
}

static void test_absence(void **state)
{
	struct asker asker;

	(void)state;
	assert_false(link_is_up(link_under_test));
	start_asking(&asker, 5000);
	finish_asking(&asker);
	assert_int_equal(asker.result, -ENOTCONN);
}

/* The peer dies while it is asked: the call fails at once, not after its time-out. */
static void test_death(void **state)
{
	struct asker asker;

	(void)state;
	attach_peer();
	peer_answers = false;
	start_asking(&asker, 60000);
	for (int i = 0; i < 10; i++)
		loop_once(loop, 10);
	channel_close(&peer);
	finish_asking(&asker);
	assert_int_equal(asker.result, -ENOTCONN);
	assert_int_equal(downs, 1);
	attach_peer();
	assert_int_equal(ups, 2);
	peer_answers = true;
	start_asking(&asker, 5000);
	finish_asking(&asker);
	assert_int_equal(asker.result, 0);
	close(asker.fd);
}

static void test_successor(void **state)
{
	struct control_link value = { .peer = 2 };

	(void)state;
	attach_peer();
	channel_send_struct(&peer, ANSWER, 0, control_link_fields, &value, -1);
	for (int i = 0; i < 5; i++)
		loop_once(loop, 10);
	assert_int_equal(messages, 1);
	channel_close(&peer);
	attach_peer(); /* before the loop noticed that the former one has gone */
	assert_int_equal(ups, 2);
	assert_int_equal(downs, 1);
	assert_true(link_is_up(link_under_test));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = { TEST(test_call), TEST(test_silence), TEST(test_absence),
					    TEST(test_death), TEST(test_successor) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
