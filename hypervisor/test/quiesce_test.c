/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Freezing and thawing against an agent that the test plays: whatever it says, it is asked to thaw. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hypervisor/guest.h"
#include "hypervisor/socket_path.h"

static struct vmm vmm;
static struct guest_instance guest;
static char run[64], heard[512], reason[128];
static int listener, peer, ended, result;
static uint64_t now;

static void on_done(struct guest_instance *over, int code, const char *why)
{
	assert_ptr_equal(over, &guest);
	ended++;
	result = code;
	snprintf(reason, sizeof(reason), "%s", why);
}

static void turn(uint64_t ms)
{
	now += ms;
	loop_clock_fake(vmm.loop, now);
	for (unsigned i = 0; i < 4; i++)
		loop_once(vmm.loop, 5);
}

static void agent_listen(void)
{
	char path[VMM_PATH_SIZE];

	guest_path(&guest, "agent.sock", path);
	listener = socket_path_listen(path);
	assert_true(listener >= 0);
}

static int set_up(void **state)
{
	char path[96];

	(void)state;
	snprintf(run, sizeof(run), "/tmp/quiesce-test-XXXXXX");
	if (mkdtemp(run) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/guests", run);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/guests/one", run);
	mkdir(path, 0700);
	vmm = (struct vmm){ .options.run = run };
	guest = (struct guest_instance){ .vmm = &vmm, .id = "one" };
	ended = 0;
	peer = -1;
	now = 1000;
	if (loop_new(&vmm.loop) < 0)
		return -1;
	loop_clock_fake(vmm.loop, now);
	agent_listen();
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	quiesce_stop(&guest);
	close(listener);
	if (peer >= 0)
		close(peer);
	loop_free(vmm.loop);
	snprintf(command, sizeof(command), "rm -r %s", run);
	return system(command);
}

/* The next conversation: the agent's numbers meet, and what it is asked is in 'heard'. */
static void meet(void)
{
	char answer[64];
	ssize_t size;

	if (peer >= 0)
		close(peer);
	peer = accept(listener, NULL, NULL);
	assert_true(peer >= 0);
	recv(peer, heard, sizeof(heard), MSG_DONTWAIT);
	snprintf(answer, sizeof(answer), "\xff{\"return\": %lld}\n",
		 (long long)guest.quiesce.talk.number);
	assert_int_equal(send(peer, answer, strlen(answer), 0), strlen(answer));
	turn(1);
	size = recv(peer, heard, sizeof(heard) - 1, MSG_DONTWAIT);
	heard[size > 0 ? size : 0] = '\0';
}

static void say(const char *text)
{
	assert_int_equal(send(peer, text, strlen(text), 0), strlen(text));
	turn(1);
}

static bool noted_frozen(void)
{
	struct guest_instance later = { .vmm = &vmm, .id = "one" };
	struct error error;

	assert_int_equal(guest_record_load(&later, &error), 0);
	return later.record.frozen;
}

static void frozen_and_thawed(void **state)
{
	(void)state;
	assert_int_equal(quiesce_freeze(&guest, on_done), 0);
	assert_true(noted_frozen()); /* before it is: this vmm may not live to see it */
	meet();
	assert_non_null(strstr(heard, "guest-fsfreeze-freeze"));
	say("{\"return\": 2}\n");
	assert_int_equal(ended, 1);
	assert_int_equal(result, 0);
	quiesce_thaw(&guest);
	meet();
	assert_non_null(strstr(heard, "guest-fsfreeze-thaw"));
	assert_int_equal(quiesce_freeze(&guest, on_done), -EBUSY);
	say("{\"return\": 2}\n");
	assert_false(noted_frozen());
	assert_int_equal(ended, 1);
}

/* It may freeze after we have stopped listening. */
static void silent_one_is_thawed(void **state)
{
	(void)state;
	assert_int_equal(quiesce_freeze(&guest, on_done), 0);
	turn(AGENT_TIMEOUT_MS + 1);
	assert_int_equal(result, -ETIMEDOUT);
	assert_true(noted_frozen());
	quiesce_thaw(&guest);
	turn(AGENT_TIMEOUT_MS + 1);
	assert_true(guest.quiesce.talking); /* and again */
	for (unsigned i = 0; i < 8; i++)
		turn(AGENT_TIMEOUT_MS + 1);
	assert_false(guest.quiesce.talking);
	assert_false(noted_frozen());
}

static void later_vmm_thaws(void **state)
{
	(void)state;
	guest.record.frozen = true;
	quiesce_thaw(&guest);
	meet();
	assert_non_null(strstr(heard, "guest-fsfreeze-thaw"));
}

static void what_was_not_frozen_is_left_alone(void **state)
{
	(void)state;
	quiesce_thaw(&guest);
	assert_false(guest.quiesce.talking);
}

static void without_a_line_nothing_is_noted(void **state)
{
	char path[VMM_PATH_SIZE];

	(void)state;
	guest_path(&guest, "agent.sock", path);
	unlink(path);
	assert_true(quiesce_freeze(&guest, on_done) < 0);
	assert_false(noted_frozen());
	assert_int_equal(ended, 0);
}

#define QUIESCE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		QUIESCE_TEST(frozen_and_thawed),
		QUIESCE_TEST(silent_one_is_thawed),
		QUIESCE_TEST(later_vmm_thaws),
		QUIESCE_TEST(what_was_not_frozen_is_left_alone),
		QUIESCE_TEST(without_a_line_nothing_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
