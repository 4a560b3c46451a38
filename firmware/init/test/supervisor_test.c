/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The supervisor with processes that are only pretended: the test holds the far ends of their
 * control channels, and turns the clock. */
#include "firmware/init/supervisor.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define PIDS 64

static struct loop *loop;
static struct supervisor supervisor;
static uint64_t now;
static struct {
	enum role role;
	int control;
	bool killed;
} fakes[PIDS]; /* by pid */
static int pid_last;
static enum power_action power;
static bool stopped;

static pid_t fake_spawn(const struct role_entry *entry, int control_fd, int log_fd)
{
	(void)log_fd;
	pid_last++;
	fakes[pid_last].role = entry->role;
	fakes[pid_last].control = dup(control_fd);
	return pid_last;
}

static void fake_kill(pid_t pid, int signal)
{
	assert_int_equal(signal, SIGKILL);
	fakes[pid].killed = true;
}

static const struct spawner fake_spawner = { fake_spawn, fake_kill };

static void on_power(struct supervisor *of, enum power_action action)
{
	assert_ptr_equal(of, &supervisor);
	power = action;
}

static void on_stopped(struct supervisor *of)
{
	assert_ptr_equal(of, &supervisor);
	assert_false(stopped);
	stopped = true;
}

static void turn(unsigned milliseconds)
{
	now += milliseconds;
	loop_clock_fake(loop, now);
	for (int i = 0; i < 20; i++)
		assert_int_equal(loop_once(loop, 0), 0);
}

static int set_up(void **state)
{
	(void)state;
	log_level_set("*", "error");
	memset(fakes, 0, sizeof(fakes));
	pid_last = 0;
	power = POWER_NONE;
	stopped = false;
	if (loop_new(&loop) < 0)
		return -1;
	supervisor_init(&supervisor, loop, &fake_spawner);
	supervisor.on_power = on_power;
	supervisor.on_stopped = on_stopped;
	turn(1000);
	return 0;
}

static void fake_end(pid_t pid)
{
	close(fakes[pid].control);
	fakes[pid].control = -1;
	assert_true(supervisor_reaped(&supervisor, pid, 0));
}

static int tear_down(void **state)
{
	(void)state;
	supervisor_free(&supervisor);
	for (int pid = 1; pid <= pid_last; pid++)
		if (fakes[pid].control >= 0)
			close(fakes[pid].control);
	turn(0); /* the log sources see their ends */
	loop_free(loop);
	return 0;
}

/* The pid of the youngest process of a role, 0: none. */
static pid_t pid_of(enum role role)
{
	for (int pid = pid_last; pid > 0; pid--)
		if (fakes[pid].role == role)
			return pid;
	return 0;
}

static void say(enum role role, enum control_type type, const struct field *fields,
		const void *value)
{
	struct channel channel;
	static const struct channel_handler none;

	assert_int_equal(
		channel_open(&channel, loop, dup(fakes[pid_of(role)].control), "fake", &none, NULL),
		0);
	assert_true(channel_send_struct(&channel, type, 0, fields, value, -1) > 0);
	channel_close(&channel);
	turn(0);
}

/* The next message on a process's control channel; its first descriptor in '*fd'. */
static int hear(pid_t pid, struct control_link *link, int *fd)
{
	static uint8_t data[MESSAGE_MAX];
	char space[CMSG_SPACE(sizeof(int))];
	struct iovec part = { data, sizeof(data) };
	struct msghdr packet = { .msg_iov = &part,
				 .msg_iovlen = 1,
				 .msg_control = space,
				 .msg_controllen = sizeof(space) };
	ssize_t size = recvmsg(fakes[pid].control, &packet, MSG_DONTWAIT);
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct message message = { 0 };

	*fd = -1;
	if (size < 0)
		return 0;
	assert_int_equal(message_parse(data, (size_t)size, &message, NULL), 0);
	if (CMSG_FIRSTHDR(&packet) != NULL)
		memcpy(fd, CMSG_DATA(CMSG_FIRSTHDR(&packet)), sizeof(*fd));
	if (message.type == CONTROL_LINK)
		assert_int_equal(message_decode(&arena, &message, control_link_fields, link, NULL),
				 0);
	return message.type;
}

/* Takes all links that wait for a process; a letter each: c, v, n, o (console), f (fetch), i; HTTP in
 * capitals, the listening socket as L. */
static const char *links_of(pid_t pid, int *fds)
{
	static const char letters[ROLE_COUNT] = "-icvnsof";
	static char text[16];
	struct control_link link;
	size_t count = 0;
	int fd, type;

	while ((type = hear(pid, &link, &fd)) != 0) {
		assert_int_equal(type, CONTROL_LINK);
		assert_true(fd >= 0);
		text[count] = letters[link.peer];
		if (link.plane == LINK_HTTP)
			text[count] = (char)(text[count] - 'a' + 'A');
		if (link.plane == LINK_LISTEN)
			text[count] = 'L';
		if (fds != NULL)
			fds[count] = fd;
		else
			close(fd);
		count++;
	}
	text[count] = '\0';
	return text;
}

static void start_all(void)
{
	supervisor_start(&supervisor, false);
	supervisor_start(&supervisor, true);
	turn(0);
}

static void everybody_is_linked_once(void **state)
{
	(void)state;
	start_all();
	assert_int_equal(pid_last, 5);
	assert_string_equal(links_of(pid_of(ROLE_CLOUD), NULL), "noOvf");
	assert_string_equal(links_of(pid_of(ROLE_VMM), NULL), "cno");
	assert_string_equal(links_of(pid_of(ROLE_NETD), NULL), "cv");
	assert_string_equal(links_of(pid_of(ROLE_CONSOLE), NULL), "cCv");
}

static void both_ends_of_a_link_are_connected(void **state)
{
	int vmm[8], netd[8];
	char data[2];

	(void)state;
	start_all();
	assert_string_equal(links_of(pid_of(ROLE_VMM), vmm), "cno");
	assert_string_equal(links_of(pid_of(ROLE_NETD), netd), "cv");
	assert_int_equal(write(vmm[1], "hi", 2), 2);
	assert_int_equal(read(netd[1], data, 2), 2);
	for (int i = 0; i < 3; i++)
		close(vmm[i]);
	/* Nobody else holds the other end. */
	assert_int_equal(read(netd[1], data, 2), 0);
	close(netd[0]);
	close(netd[1]);
}

static void a_restart_brings_fresh_links_to_both(void **state)
{
	pid_t old = 0;

	(void)state;
	start_all();
	for (int pid = 1; pid <= 5; pid++)
		links_of(pid, NULL);
	old = pid_of(ROLE_NETD);
	fake_end(old);
	turn(99);
	assert_int_equal(pid_of(ROLE_NETD), old);
	turn(1);
	assert_int_not_equal(pid_of(ROLE_NETD), old);
	assert_string_equal(links_of(pid_of(ROLE_NETD), NULL), "cv");
	assert_string_equal(links_of(pid_of(ROLE_CLOUD), NULL), "n");
	assert_string_equal(links_of(pid_of(ROLE_VMM), NULL), "n");
	assert_string_equal(links_of(pid_of(ROLE_CONSOLE), NULL), "");
}

static void the_back_off_grows_and_is_forgotten(void **state)
{
	unsigned delay = 100;

	(void)state;
	supervisor_start(&supervisor, false);
	for (int i = 0; i < 5; i++, delay *= 2) {
		fake_end(pid_of(ROLE_NETD));
		turn(delay - 1);
		assert_int_equal(fakes[pid_last].control == -1 || fakes[pid_last].role != ROLE_NETD,
				 true);
		turn(1);
		assert_int_equal(fakes[pid_last].role, ROLE_NETD);
		assert_true(fakes[pid_last].control >= 0);
	}
	turn(30000);
	fake_end(pid_last);
	turn(100);
	assert_true(fakes[pid_last].control >= 0);
}

static void the_listening_socket_goes_to_cloud(void **state)
{
	CLEANUP_FD int fd = open("/dev/null", O_RDONLY);

	(void)state;
	supervisor.listen_fd = fd;
	start_all();
	assert_string_equal(links_of(pid_of(ROLE_CLOUD), NULL), "noOLvf");
}

static void without_data_only_some_start(void **state)
{
	(void)state;
	supervisor_start(&supervisor, false);
	assert_int_not_equal(pid_of(ROLE_CONSOLE), 0);
	assert_int_not_equal(pid_of(ROLE_NETD), 0);
	assert_int_equal(pid_of(ROLE_CLOUD), 0);
	assert_int_equal(pid_of(ROLE_VMM), 0);
	assert_int_equal(pid_of(ROLE_FETCH), 0);
}

static bool was_told_to_stop(enum role role)
{
	struct control_link link;
	int fd, type, told = 0;

	while ((type = hear(pid_of(role), &link, &fd)) != 0) {
		told += type == CONTROL_STOP;
		if (fd >= 0)
			close(fd);
	}
	return told == 1;
}

static void the_shutdown_goes_in_order(void **state)
{
	(void)state;
	start_all();
	supervisor_stop(&supervisor);
	supervisor_stop(&supervisor);
	assert_true(was_told_to_stop(ROLE_VMM));
	assert_false(was_told_to_stop(ROLE_CLOUD));
	assert_false(was_told_to_stop(ROLE_NETD));
	fake_end(pid_of(ROLE_VMM));
	assert_true(was_told_to_stop(ROLE_CLOUD));
	assert_true(was_told_to_stop(ROLE_FETCH));
	fake_end(pid_of(ROLE_FETCH));
	assert_false(was_told_to_stop(ROLE_NETD));
	fake_end(pid_of(ROLE_CLOUD));
	assert_true(was_told_to_stop(ROLE_NETD));
	assert_true(was_told_to_stop(ROLE_CONSOLE));
	fake_end(pid_of(ROLE_NETD));
	assert_false(stopped);
	fake_end(pid_of(ROLE_CONSOLE));
	assert_true(stopped);
	turn(60000);
	assert_int_equal(pid_last, 5);
}

/* vmm waits for its next start, cloud is deaf. */
static void the_shutdown_of_what_is_broken(void **state)
{
	(void)state;
	start_all();
	fake_end(pid_of(ROLE_VMM));
	supervisor_stop(&supervisor);
	assert_true(was_told_to_stop(ROLE_CLOUD));
	fake_end(pid_of(ROLE_FETCH));
	turn(4999);
	assert_false(fakes[pid_of(ROLE_CLOUD)].killed);
	turn(1);
	assert_true(fakes[pid_of(ROLE_CLOUD)].killed);
	fake_end(pid_of(ROLE_CLOUD));
	fake_end(pid_of(ROLE_CONSOLE));
	fake_end(pid_of(ROLE_NETD));
	assert_true(stopped);
}

static void nothing_to_stop(void **state)
{
	(void)state;
	supervisor_stop(&supervisor);
	assert_true(stopped);
}

static void only_operators_switch_off(void **state)
{
	struct control_power reboot = { "reboot" }, rubbish = { "explode" };

	(void)state;
	start_all();
	say(ROLE_NETD, CONTROL_POWER, control_power_fields, &reboot);
	assert_int_equal(power, POWER_NONE);
	say(ROLE_CONSOLE, CONTROL_POWER, control_power_fields, &rubbish);
	assert_int_equal(power, POWER_NONE);
	say(ROLE_CONSOLE, CONTROL_POWER, control_power_fields, &reboot);
	assert_int_equal(power, POWER_REBOOT);
}

static void orphans_are_nobodys(void **state)
{
	(void)state;
	start_all();
	assert_false(supervisor_reaped(&supervisor, 4711, 0));
}

#define SUPERVISOR_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SUPERVISOR_TEST(everybody_is_linked_once),
		SUPERVISOR_TEST(both_ends_of_a_link_are_connected),
		SUPERVISOR_TEST(a_restart_brings_fresh_links_to_both),
		SUPERVISOR_TEST(the_back_off_grows_and_is_forgotten),
		SUPERVISOR_TEST(the_listening_socket_goes_to_cloud),
		SUPERVISOR_TEST(without_data_only_some_start),
		SUPERVISOR_TEST(the_shutdown_goes_in_order),
		SUPERVISOR_TEST(the_shutdown_of_what_is_broken),
		SUPERVISOR_TEST(nothing_to_stop),
		SUPERVISOR_TEST(only_operators_switch_off),
		SUPERVISOR_TEST(orphans_are_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
