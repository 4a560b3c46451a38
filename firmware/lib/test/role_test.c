/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/lib/role.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/log.h"

static void names(void **state)
{
	(void)state;
	for (int role = ROLE_NONE + 1; role < ROLE_COUNT; role++)
		assert_int_equal(role_by_name(role_name(role)), role);
	assert_int_equal(role_by_name("nobody"), ROLE_NONE);
	assert_int_equal(role_by_name("none"), ROLE_NONE);
	assert_string_equal(role_name(99), "none");
}

/* ---- attached to the control channel, which is descriptor 3 ---- */

static struct loop *loop;
static struct channel *control;
static struct channel init_end;
static enum role link_peer;
static enum link_plane link_plane;
static int link_fd, stops, others;
static uint16_t init_heard;

static void on_link(enum role peer, enum link_plane plane, int fd, void *context)
{
	assert_ptr_equal(context, &loop);
	link_peer = peer;
	link_plane = plane;
	link_fd = fd;
}

static void on_stop(void *context)
{
	(void)context;
	stops++;
}

static void on_control(struct message *message, void *context)
{
	(void)context;
	assert_int_equal(message->type, CONTROL_LOG);
	others++;
}

static const struct role_handler handler = { on_link, on_stop, on_control };

static void init_receives(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	(void)context;
	init_heard = message->type;
}

static const struct channel_handler init_handler = { init_receives, NULL };

/* The test was not started by init: nothing else may get that number meanwhile. */
static void control_fd_reserve(void)
{
	dup2(STDIN_FILENO, ROLE_CONTROL_FD);
}

static int attach(void **state)
{
	int pair[2];

	(void)state;
	stops = others = 0;
	link_fd = -1;
	if (loop_new(&loop) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0)
		return -1;
	if (dup2(pair[1], ROLE_CONTROL_FD) < 0)
		return -1;
	close(pair[1]);
	return role_attach(loop, ROLE_VMM, &handler, &loop, &control) < 0 ||
	       channel_open(&init_end, loop, pair[0], "init", &init_handler, NULL) < 0;
}

static int detach(void **state)
{
	(void)state;
	channel_close(control);
	control_fd_reserve();
	channel_close(&init_end);
	loop_free(loop);
	log_level_set("*", "info");
	return 0;
}

static void turns(void)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_once(loop, 0), 0);
}

static void links_come_with_a_descriptor(void **state)
{
	struct control_link link = { .peer = ROLE_NETD, .plane = LINK_MESSAGES };
	int fd = open("/dev/null", O_RDONLY);

	(void)state;
	channel_send_struct(&init_end, CONTROL_LINK, 0, control_link_fields, &link, fd);
	turns();
	assert_int_equal(link_peer, ROLE_NETD);
	assert_int_equal(link_plane, LINK_MESSAGES);
	assert_true(link_fd >= 0);
	close(link_fd);
	link_fd = -1;
	/* One without, and one from a role that there is not, are dropped. */
	channel_send_struct(&init_end, CONTROL_LINK, 0, control_link_fields, &link, -1);
	link.peer = 4711;
	channel_send_struct(&init_end, CONTROL_LINK, 0, control_link_fields, &link, fd);
	turns();
	assert_int_equal(link_fd, -1);
	close(fd);
}

static void control_messages(void **state)
{
	struct control_log_level level = { "role_test", "debug" };

	(void)state;
	role_ready(control);
	turns();
	assert_int_equal(init_heard, CONTROL_READY);
	assert_false(log_enabled("role_test", LOG_DEBUG));
	channel_send_struct(&init_end, CONTROL_LOG_LEVEL, 0, control_log_level_fields, &level, -1);
	channel_send_struct(&init_end, CONTROL_LOG, 1, NULL, NULL, -1);
	channel_send_struct(&init_end, CONTROL_STOP, 0, NULL, NULL, -1);
	turns();
	assert_true(log_enabled("role_test", LOG_DEBUG));
	assert_int_equal(others, 1);
	assert_int_equal(stops, 1);
}

static void without_init_a_role_stops(void **state)
{
	(void)state;
	channel_close(&init_end);
	turns();
	assert_int_equal(stops, 1);
}

/* ---- giving up privileges, in a child ---- */

static bool status_has(const char *line)
{
	char text[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY);
	ssize_t size = read(fd, text, sizeof(text) - 1);

	close(fd);
	return size > 0 && strstr(text, line) != NULL;
}

static int confined_child(void)
{
	struct error error;

	if (role_confine(NULL, 4242, 4243, 1 << CAP_NET_ADMIN, &error) < 0)
		return 1;
	if (getuid() != 4242 || geteuid() != 4242 || getegid() != 4243 || getgroups(0, NULL) != 0)
		return 2;
	if (!status_has("CapPrm:\t0000000000001000\n") ||
	    !status_has("CapEff:\t0000000000001000\n") ||
	    !status_has("CapBnd:\t0000000000001000\n") ||
	    !status_has("CapInh:\t0000000000000000\n"))
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	return setuid(0) == 0 ? 5 : 0;
}

static int chrooted_child(void)
{
	if (role_confine("/proc", 4242, 4243, 0, NULL) < 0)
		return 1;
	if (access("/self/status", F_OK) < 0 || access("/usr", F_OK) == 0)
		return 2;
	return 0;
}

static int refused_child(void)
{
	struct error error;

	log_level_set("*", "error");
	dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
	if (role_confine("/nowhere", 4242, 4243, 0, &error) != -ENOENT)
		return 1;
	return strstr(error.message, "/nowhere") != NULL ? 0 : 2;
}

static void run_child(int (*child)(void))
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip();
	pid = fork();
	if (pid == 0)
		_exit(child());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void privileges_are_gone(void **state)
{
	(void)state;
	run_child(confined_child);
}

static void the_root_is_another(void **state)
{
	(void)state;
	run_child(chrooted_child);
}

static void failure_is_told(void **state)
{
	(void)state;
	run_child(refused_child);
}

#define ROLE_TEST(name) cmocka_unit_test_setup_teardown(name, attach, detach)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),
		ROLE_TEST(links_come_with_a_descriptor),
		ROLE_TEST(control_messages),
		ROLE_TEST(without_init_a_role_stops),
		cmocka_unit_test(privileges_are_gone),
		cmocka_unit_test(the_root_is_another),
		cmocka_unit_test(failure_is_told),
	};

	control_fd_reserve();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
