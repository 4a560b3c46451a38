/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small world for tests against the real kernel: network and mount namespaces of the test's own,
 * netd as a child in them, guests as namespaces behind links that bear a tap's name, and the test as
 * init, cloud and vmm at the other ends of netd's channels. Included by one test program each.
 */
#ifndef CUMULET_NETD_TEST_WORLD_H
#define CUMULET_NETD_TEST_WORLD_H

#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"
#include "netstack/message.h"
#include "netstack/netd/names.h"

#define WAIT_MS 15000

/* The test is one process of many users: what leaks there is not looked at. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

static struct {
	bool possible; /* on this machine, by this user */
	struct loop *loop;
	pid_t netd;
	struct channel control, cloud, vmm;
	bool ready;
	/* what came last of each */
	struct net_uplink_state uplink;
	struct net_port_state port;
	struct net_counters counters;
	uint32_t replies, reply_code;
	int reply_fd;
	struct channel svc[4];
	size_t svc_count;
	char asked_path[512], asked_address[ADDRESS_SIZE];
} world;

/* --- commands --- */

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static int run(const char *format, ...)
{
	char command[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	return system(command);
}

/* The command's status, while the loop goes on. */
static int run_beside(const char *format, ...) __attribute__((format(printf, 1, 2), unused));
static int run_beside(const char *format, ...)
{
	char command[1024];
	va_list arguments;
	int status;
	pid_t pid;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(127);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		loop_once(world.loop, 20);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* netd answers a change before it has made it: what shows it is looked at until it does. */
#define wait_until(condition)                                                                      \
	do {                                                                                       \
		uint64_t wait_end = loop_now(world.loop) + WAIT_MS;                                \
		bool wait_met = condition;                                                         \
		while (!wait_met && loop_now(world.loop) < wait_end) {                             \
			loop_once(world.loop, 20);                                                 \
			wait_met = condition;                                                      \
		}                                                                                  \
		assert_true(wait_met);                                                             \
	} while (0)

/* --- peers --- */

static void svc_link_message(struct channel *channel, struct message *message, void *context)
{
	struct arena arena = ARENA_INIT;
	struct svc_metadata_get get = { 0 };
	struct svc_metadata reply = { .status = 200, .content_type = "text/plain" };
	char body[600];

	(void)context;
	if (message->type != SVC_METADATA_GET ||
	    message_decode(&arena, message, svc_metadata_get_fields, &get, NULL) < 0)
		return;
	snprintf(world.asked_path, sizeof(world.asked_path), "%s", get.path);
	snprintf(world.asked_address, sizeof(world.asked_address), "%s", get.address);
	reply.body.size = (size_t)snprintf(body, sizeof(body), "metadata of %s\n", get.path);
	reply.body.data = body;
	channel_send_struct(channel, SVC_METADATA, message->serial, svc_metadata_fields, &reply,
			    -1);
	arena_free(&arena);
}

static const struct channel_handler svc_link_handler = { svc_link_message, NULL };

static void svc_link_take(struct message *message)
{
	int fd = message_take_fd(message, 0);

	assert_true(fd >= 0);
	channel_open(&world.svc[world.svc_count++ % 4], world.loop, fd, "svc", &svc_link_handler,
		     NULL);
}

static void reply_take(struct message *message, struct arena *arena)
{
	struct net_reply reply = { 0 };

	message_decode(arena, message, net_reply_fields, &reply, NULL);
	world.replies++;
	world.reply_code = reply.code;
	if (reply.code != 0)
		fprintf(stderr, "netd: %s\n", reply.reason);
	if (world.reply_fd >= 0)
		close(world.reply_fd);
	world.reply_fd = message_take_fd(message, 0);
}

static void peer_message(struct channel *channel, struct message *message, void *context)
{
	static struct arena uplink_arena;
	struct arena arena = ARENA_INIT;

	(void)channel;
	(void)context;
	switch (message->type) {
	case NETD_SVC_LINK:
		svc_link_take(message);
		break;
	case NETD_REPLY:
		reply_take(message, &arena);
		break;
	case NETD_COUNTERS:
		memset(&world.counters, 0, sizeof(world.counters));
		message_decode(&arena, message, net_counters_fields, &world.counters, NULL);
		world.replies++;
		world.reply_code = world.counters.code;
		break;
	case NETD_PORT_STATE:
		memset(&world.port, 0, sizeof(world.port));
		message_decode(&arena, message, net_port_state_fields, &world.port, NULL);
		break;
	case NETD_UPLINK_STATE:
		arena_reset(&uplink_arena);
		memset(&world.uplink, 0, sizeof(world.uplink));
		message_decode(&uplink_arena, message, net_uplink_state_fields, &world.uplink,
			       NULL);
		break;
	}
	arena_free(&arena);
}

static void control_message(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	(void)context;
	world.ready |= message->type == CONTROL_READY;
}

static const struct channel_handler peer_handler = { peer_message, NULL };
static const struct channel_handler control_handler = { control_message, NULL };

static void link_give(struct channel *channel, enum role peer, const char *name)
{
	struct control_link link = { .peer = peer, .plane = LINK_MESSAGES };
	int pair[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), 0);
	channel_close(channel);
	channel_open(channel, world.loop, pair[0], name, &peer_handler, NULL);
	channel_send_struct(&world.control, CONTROL_LINK, 0, control_link_fields, &link, pair[1]);
	close(pair[1]);
}

/* netd and svc are this program itself, or what CUMULET_BINARY names: the box's own binary. */
static const char *world_binary(void)
{
	const char *named = getenv("CUMULET_BINARY");

	return named != NULL ? named : "/proc/self/exe";
}

static void netd_start(void)
{
	int pair[2];

	socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair);
	world.ready = false;
	world.netd = fork();
	if (world.netd == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(pair[1], ROLE_CONTROL_FD);
		fcntl(ROLE_CONTROL_FD, F_SETFD, 0);
		execl(world_binary(), "netd", NULL);
		_exit(127);
	}
	close(pair[1]);
	channel_close(&world.control);
	channel_open(&world.control, world.loop, pair[0], "control", &control_handler, NULL);
	wait_until(world.ready);
	link_give(&world.cloud, ROLE_CLOUD, "cloud");
	link_give(&world.vmm, ROLE_VMM, "vmm");
}

static void netd_kill(void)
{
	kill(world.netd, SIGKILL);
	waitpid(world.netd, NULL, 0);
}

/* Sends to netd and waits for its reply's code. */
static uint32_t ask(struct channel *channel, uint16_t type, const struct field *fields,
		    const void *value)
{
	uint32_t before = world.replies;

	assert_true(channel_send_struct(channel, type, 0, fields, value, -1) > 0);
	wait_until(world.replies != before);
	return world.reply_code;
}

/* --- a guest: a namespace, and a link with the name of the port's tap --- */

static void guest_make(const char *name, const char *port_id, const char *mac)
{
	char tap[IFNAMSIZ];

	name_link(tap, "ct", port_id);
	assert_int_equal(run("ip netns add %s", name), 0);
	assert_int_equal(
		run("ip link add %s type veth peer name eth0 netns %s address %s", tap, name, mac),
		0);
	run("ip -n %s link set lo up; ip -n %s link set eth0 up", name, name);
}

/* Everything of the test lies in namespaces that end with it. false: not possible here. */
static bool world_make(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET | CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, "mode=755") < 0)
		return false;
	if (run("ip netns add outside 2>/dev/null && busybox true") != 0)
		return false;
	world.control.fd = world.cloud.fd = world.vmm.fd = world.reply_fd = -1;
	for (size_t i = 0; i < 4; i++)
		world.svc[i].fd = -1;
	run("ip link set lo up");
	return loop_new(&world.loop) == 0;
}

#define NEED_WORLD()                                                                               \
	do {                                                                                       \
		if (!world.possible) {                                                             \
			print_message("needs root, ip, busybox and VXLAN\n");                      \
			skip();                                                                    \
		}                                                                                  \
	} while (0)

/* The uplink's link, eth0, and at its other end the namespace "outside" with this address. */
__attribute__((unused)) static void outside_connect(const char *address)
{
	run("ip link add eth0 type veth peer name eth0 netns outside");
	run("ip -n outside addr add %s dev eth0%s; ip -n outside link set eth0 up", address,
	    strchr(address, ':') != NULL ? " nodad" : "");
}

/* What a test left running in its namespaces goes as well. */
static int world_teardown(void **state)
{
	(void)state;
	if (!world.possible)
		return 0;
	netd_kill();
	run("for n in $(ls /run/netns); do for p in $(ip netns pids $n); do kill $p; done; done");
	return 0;
}

/* netd and svc are this same program: true when it was started as one of them, and has ended. */
static bool world_is_role(int argc, char **argv, int *result)
{
	log_open(argv[0]);
	if (strcmp(argv[0], "netd") == 0)
		*result = netd_main(argc, argv);
	else if (strcmp(argv[0], "svc") == 0)
		*result = svc_main(argc, argv);
	else
		return false;
	return true;
}

#endif
