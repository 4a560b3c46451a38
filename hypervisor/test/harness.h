/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts a real vmm in a process of its own and plays its peers: init, cloud and netd. Included by
 * one test program. Taps are made in a network namespace of the test's own.
 */
#ifndef CUMULET_HYPERVISOR_TEST_HARNESS_H
#define CUMULET_HYPERVISOR_TEST_HARNESS_H

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/message.h"
#include "firmware/lib/role.h"
#include "hypervisor/message.h"
#include "netstack/message.h"

#define STATUSES 256
#define PATIENCE_S 40 /* a busy machine, emulating */

struct harness {
	struct loop *loop;
	pid_t vmm;
	char directory[32], guests[64], run[64], volumes[64];
	struct channel control, cloud, netd;
	bool ready, synced;
	struct vmm_host host;
	struct guest_status statuses[STATUSES]; /* all that came, oldest first */
	size_t status_count;
	char image_path[128]; /* what VMM_IMAGE_GET is answered with; "": ENOENT */
	unsigned images_asked;
	uint32_t tap_code; /* what NETD_TAP_OPEN is answered with */
	unsigned taps_opened, taps_closed;
	struct vmm_image_facts facts;
	bool has_facts;
	char text[MESSAGE_MAX]; /* of the last VMM_CONSOLE_LOG */
	bool has_text, has_reply;
	struct vmm_reply reply;             /* the last one */
	struct vmm_diagnostics diagnostics; /* the last, its lists in 'arena' */
	struct arena arena;
	int serial_fd; /* of the last VMM_REPLY with a descriptor; owned */
};

static struct harness harness;

/* ---- playing cloud ---- */

static void image_answer(struct harness *h, const struct message *request)
{
	struct vmm_image image = { .code = h->image_path[0] == '\0' ? ENOENT : 0 };
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_image_get get = { 0 };
	CLEANUP_FD int fd = -1;

	message_decode(&arena, request, vmm_image_get_fields, &get, NULL);
	memcpy(image.image_id, get.image_id, sizeof(image.image_id));
	if (image.code == 0)
		fd = open(h->image_path, O_RDONLY | O_CLOEXEC);
	h->images_asked++;
	channel_send_struct(&h->cloud, VMM_IMAGE, request->serial, vmm_image_fields, &image, fd);
}

static void text_take(struct harness *h, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_console_log log = { 0 };

	message_decode(&arena, message, vmm_console_log_fields, &log, NULL);
	if (log.text.size > 0)
		memcpy(h->text, log.text.data, log.text.size);
	h->text[log.text.size] = '\0';
	h->has_text = true;
}

static void status_take(struct harness *h, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct guest_status *status = &h->statuses[h->status_count++];

	assert_true(h->status_count < STATUSES);
	*status = (struct guest_status){ 0 };
	message_decode(&arena, message, guest_status_fields, status, NULL);
}

static void reply_take(struct harness *h, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	h->reply = (struct vmm_reply){ 0 };
	message_decode(&arena, message, vmm_reply_fields, &h->reply, NULL);
	cleanup_close(&h->serial_fd);
	h->serial_fd = message_take_fd(message, 0);
	h->has_reply = true;
}

/* The processors' and disks' numbers; the lists are in the harness's own arena. */
static void diagnostics_take(struct harness *h, const struct message *message)
{
	arena_reset(&h->arena);
	h->diagnostics = (struct vmm_diagnostics){ 0 };
	message_decode(&h->arena, message, vmm_diagnostics_fields, &h->diagnostics, NULL);
	h->has_reply = true;
}

static void on_cloud(struct channel *channel, struct message *message, void *context)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct harness *h = context;

	(void)channel;
	if (message->type == VMM_HOST)
		message_decode(&arena, message, vmm_host_fields, &h->host, NULL);
	else if (message->type == VMM_GUEST_STATE)
		status_take(h, message);
	else if (message->type == VMM_IMAGE_GET)
		image_answer(h, message);
	else if (message->type == VMM_IMAGE_FACTS)
		h->has_facts = message_decode(&arena, message, vmm_image_facts_fields, &h->facts,
					      NULL) == 0;
	else if (message->type == VMM_CONSOLE_LOG)
		text_take(h, message);
	else if (message->type == VMM_REPLY)
		reply_take(h, message);
	else if (message->type == VMM_DIAGNOSTICS)
		diagnostics_take(h, message);
}

/* ---- playing netd ---- */

static int tap_open(void)
{
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(request.ifr_name, sizeof(request.ifr_name), "tap%%d");
	assert_true(fd >= 0 && ioctl(fd, TUNSETIFF, &request) == 0);
	return fd;
}

static void on_netd(struct channel *channel, struct message *message, void *context)
{
	struct harness *h = context;
	struct net_reply reply = { .code = h->tap_code };
	CLEANUP_FD int fd = -1;

	if (message->type == NETD_TAP_CLOSE)
		h->taps_closed++;
	if (message->type != NETD_TAP_OPEN)
		return;
	h->taps_opened++;
	if (reply.code == 0)
		fd = tap_open();
	channel_send_struct(channel, NETD_REPLY, message->serial, net_reply_fields, &reply, fd);
	if (h->tap_code == ENOENT && h->taps_opened == 2)
		h->tap_code = 0; /* netd learns of the port while it is being asked for */
}

/* ---- playing init ---- */

static void on_control(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	if (message->type == CONTROL_READY)
		((struct harness *)context)->ready = true;
}

static const struct channel_handler cloud_handler = { .on_message = on_cloud };
static const struct channel_handler netd_handler = { .on_message = on_netd };
static const struct channel_handler control_handler = { .on_message = on_control };

static void link_send(struct harness *h, struct channel *channel, enum role peer,
		      const struct channel_handler *handler)
{
	struct control_link link = { .peer = peer, .plane = LINK_MESSAGES };
	int pair[2];

	if (channel_is_open(channel))
		channel_close(channel);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(channel_open(channel, h->loop, pair[0], "test", handler, h), 0);
	assert_true(channel_send_struct(&h->control, CONTROL_LINK, 0, control_link_fields, &link,
					pair[1]) > 0);
	close(pair[1]);
}

static bool until(struct harness *h, const bool *flag, int seconds)
{
	time_t end = time(NULL) + seconds;

	while (!*flag && time(NULL) < end)
		loop_once(h->loop, 100);
	return *flag;
}

static const char *qemu_img_choose(void)
{
	const char *chosen = getenv("CUMULET_QEMU_IMG");

	return chosen != NULL ? chosen : "/usr/bin/qemu-img";
}

static void qemu_choose(const char **qemu, const char **share)
{
	const char *chosen = getenv("CUMULET_QEMU");

	*qemu = chosen != NULL ? chosen : "/usr/bin/qemu-system-x86_64";
	*share = getenv("CUMULET_QEMU_SHARE") != NULL ? getenv("CUMULET_QEMU_SHARE")
						      : "/usr/share/qemu";
}

static _Noreturn void vmm_run(const struct harness *h, int control_fd)
{
	const char *qemu, *share;

	qemu_choose(&qemu, &share);
	if (control_fd != ROLE_CONTROL_FD)
		dup2(control_fd, ROLE_CONTROL_FD);
	fcntl(ROLE_CONTROL_FD, F_SETFD, 0);
	close_range(ROLE_CONTROL_FD + 1, ~0u, 0);
	log_open("vmm");
	if (getenv("CUMULET_DEBUG") != NULL)
		log_level_set("*", "debug");
	else
		log_level_set("*", "warning");
	exit(vmm_main(27, (char *[]){ "vmm",
				      "-i",
				      (char *)(uintptr_t)qemu_img_choose(),
				      "-g",
				      (char *)(uintptr_t)h->guests,
				      "-r",
				      (char *)(uintptr_t)h->run,
				      "-q",
				      (char *)(uintptr_t)qemu,
				      "-s",
				      (char *)(uintptr_t)share,
				      "-v",
				      (char *)(uintptr_t)h->volumes,
				      "-u",
				      "1",
				      "-t",
				      "8",
				      "-w",
				      "1",
				      "-L",
				      "/lib",
				      "-L",
				      "/lib64",
				      "-L",
				      "/usr/lib",
				      "-L",
				      "/usr/share/seabios",
				      NULL }));
}

static void vmm_start(struct harness *h)
{
	int pair[2];

	h->ready = false;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	h->vmm = fork();
	assert_true(h->vmm >= 0);
	if (h->vmm == 0)
		vmm_run(h, pair[1]);
	close(pair[1]);
	assert_int_equal(
		channel_open(&h->control, h->loop, pair[0], "control", &control_handler, h), 0);
	assert_true(until(h, &h->ready, PATIENCE_S));
	link_send(h, &h->cloud, ROLE_CLOUD, &cloud_handler);
	link_send(h, &h->netd, ROLE_NETD, &netd_handler);
}

static void links_close(struct harness *h)
{
	channel_close(&h->control);
	channel_close(&h->cloud);
	channel_close(&h->netd);
}

static void vmm_kill(struct harness *h)
{
	kill(h->vmm, SIGKILL);
	waitpid(h->vmm, NULL, 0);
	links_close(h);
	h->vmm = 0;
}

/* CONTROL_STOP; the exit status. */
static int vmm_stop(struct harness *h)
{
	struct message stop = { .type = CONTROL_STOP };
	int status = -1;

	channel_send(&h->control, &stop);
	for (int i = 0; i < PATIENCE_S * 10 && waitpid(h->vmm, &status, WNOHANG) == 0; i++)
		loop_once(h->loop, 100);
	links_close(h);
	h->vmm = 0;
	return status;
}

/* ---- what tests say ---- */

static void guest_set(struct harness *h, const struct guest *guest)
{
	assert_true(channel_send_struct(&h->cloud, VMM_GUEST_SET, 0, guest_fields, guest, -1) > 0);
}

static void guest_delete(struct harness *h, const char *guest_id)
{
	struct guest_id id;

	snprintf(id.id, sizeof(id.id), "%s", guest_id);
	channel_send_struct(&h->cloud, VMM_GUEST_DELETE, 0, guest_id_fields, &id, -1);
}

static void sync_send(struct harness *h)
{
	struct message sync = { .type = VMM_SYNC };

	h->has_reply = false;
	channel_send(&h->cloud, &sync);
	assert_true(until(h, &h->has_reply, PATIENCE_S));
}

static const struct guest_status *status_last(const struct harness *h, const char *id)
{
	for (size_t i = h->status_count; i > 0; i--)
		if (strcmp(h->statuses[i - 1].id, id) == 0)
			return &h->statuses[i - 1];
	return NULL;
}

/* Waits for the guest to be told in that state, for that generation. */
static struct guest_status await(struct harness *h, const char *id, uint32_t state,
				 uint64_t generation)
{
	time_t end = time(NULL) + PATIENCE_S;
	const struct guest_status *status;

	do {
		status = status_last(h, id);
		if (status != NULL && status->state == state && status->generation == generation)
			return *status;
		loop_once(h->loop, 100);
	} while (time(NULL) < end);
	fail_msg("guest %s: state %u, reason '%s', generation %llu", id,
		 status != NULL ? status->state : 0, status != NULL ? status->reason : "",
		 status != NULL ? (unsigned long long)status->generation : 0);
	return (struct guest_status){ 0 };
}

static const char *console_text(struct harness *h, const char *guest_id, uint32_t lines)
{
	struct vmm_console_log_get get = { .lines = lines };

	snprintf(get.id, sizeof(get.id), "%s", guest_id);
	h->has_text = false;
	channel_send_struct(&h->cloud, VMM_CONSOLE_LOG_GET, 0, vmm_console_log_get_fields, &get,
			    -1);
	assert_true(until(h, &h->has_text, PATIENCE_S));
	return h->text;
}

static const struct vmm_image_facts *facts_of(struct harness *h, int fd, const char *format)
{
	struct vmm_image_inspect wish = { 0 };

	snprintf(wish.format, sizeof(wish.format), "%s", format);
	h->has_facts = false;
	channel_send_struct(&h->cloud, VMM_IMAGE_INSPECT, 0, vmm_image_inspect_fields, &wish, fd);
	assert_true(until(h, &h->has_facts, PATIENCE_S));
	return &h->facts;
}

static unsigned count_of(const char *text, const char *word)
{
	unsigned count = 0;

	while ((text = strstr(text, word)) != NULL) {
		count++;
		text += strlen(word);
	}
	return count;
}

static void await_console(struct harness *h, const char *id, const char *word, unsigned times)
{
	time_t end = time(NULL) + PATIENCE_S / 2;

	while (count_of(console_text(h, id, 0), word) < times && time(NULL) < end)
		loop_once(h->loop, 50);
	assert_int_equal(count_of(h->text, word), times);
}

static const struct vmm_diagnostics *diagnostics_of(struct harness *h, const char *guest_id)
{
	struct guest_id id;

	snprintf(id.id, sizeof(id.id), "%s", guest_id);
	h->has_reply = false;
	channel_send_struct(&h->cloud, VMM_DIAGNOSTICS_GET, 0, guest_id_fields, &id, -1);
	assert_true(until(h, &h->has_reply, PATIENCE_S));
	return &h->diagnostics;
}

/* The descriptor is the harness's. */
static void line_open(struct harness *h, enum vmm_type type, const char *guest_id)
{
	struct guest_id id;

	snprintf(id.id, sizeof(id.id), "%s", guest_id);
	h->has_reply = false;
	channel_send_struct(&h->cloud, type, 0, guest_id_fields, &id, -1);
	assert_true(until(h, &h->has_reply, PATIENCE_S));
	assert_true(h->serial_fd >= 0);
}

static void serial_type(struct harness *h, const char *guest_id, char byte)
{
	line_open(h, VMM_SERIAL_OPEN, guest_id);
	assert_int_equal(write(h->serial_fd, &byte, 1), 1);
}

/* ---- fixture ---- */

static bool harness_possible(void)
{
	const char *qemu, *share;

	qemu_choose(&qemu, &share);
	if (geteuid() == 0 && access(qemu, X_OK) == 0 && access(qemu_img_choose(), X_OK) == 0 &&
	    access("/dev/net/tun", R_OK | W_OK) == 0)
		return true;
	print_message("skipped: needs root, /dev/net/tun, %s and qemu-img\n", qemu);
	return false;
}

static int harness_open(void **state)
{
	struct harness *h = &harness;

	*state = h;
	if (!harness_possible())
		return 0;
	*h = (struct harness){ .cloud.fd = -1, .netd.fd = -1, .control.fd = -1, .serial_fd = -1 };
	snprintf(h->directory, sizeof(h->directory), "%.15s/vmm-test-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
	assert_non_null(mkdtemp(h->directory));
	snprintf(h->guests, sizeof(h->guests), "%.31s/guests", h->directory);
	snprintf(h->volumes, sizeof(h->volumes), "%.31s/volumes", h->directory);
	assert_int_equal(mkdir(h->volumes, 0700), 0);
	snprintf(h->run, sizeof(h->run), "%.31s/run", h->directory);
	log_level_set("*", "error");
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(loop_new(&h->loop), 0);
	vmm_start(h);
	return 0;
}

static int harness_close(void **state)
{
	struct harness *h = *state;
	char command[128];

	if (h->loop == NULL)
		return 0;
	if (h->vmm != 0) {
		sync_send(h); /* nothing is desired: all that is left goes */
		vmm_stop(h);
	}
	cleanup_close(&h->serial_fd);
	loop_free(h->loop);
	snprintf(command, sizeof(command), "rm -rf %s", h->directory);
	return system(command);
}

#endif
