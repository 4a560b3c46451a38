/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/vmm.h"

#include <ctype.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/agent.h"
#include "hypervisor/base.h"
#include "hypervisor/console_log.h"
#include "hypervisor/diagnostics.h"
#include "hypervisor/export.h"
#include "hypervisor/guest.h"
#include "hypervisor/guest_list.h"
#include "hypervisor/host.h"
#include "hypervisor/image_serve.h"
#include "hypervisor/vnc.h"

#define STOP_LOOK_MS 50

void path_format(char *path, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(path, VMM_PATH_SIZE, format, arguments);
	va_end(arguments);
}

bool name_is_safe(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!isalnum((unsigned char)*name) && *name != '-')
			return false;
	return true;
}

/* ---- links ---- */

static void on_cloud(struct channel *channel, struct message *message, void *context)
{
	struct vmm *vmm = context;

	switch (message->type) {
	case VMM_GUEST_SET:
		guests_set(vmm, message);
		break;
	case VMM_GUEST_DELETE:
		guests_delete(vmm, message);
		break;
	case VMM_SYNC:
		guests_sync(vmm, message);
		break;
	case VMM_IMAGE:
		base_take_image(vmm, message);
		break;
	case VMM_IMAGE_INSPECT:
		image_inspect_serve(channel, message);
		break;
	case VMM_CONSOLE_LOG_GET:
		console_log_serve(vmm, channel, message);
		break;
	case VMM_SERIAL_OPEN:
		serial_serve(vmm, channel, message);
		break;
	case VMM_PASSWORD_SET:
		agent_password_serve(vmm, message);
		break;
	case VMM_DIAGNOSTICS_GET:
		diagnostics_serve(vmm, message);
		break;
	case VMM_VNC_OPEN:
		vnc_serve(vmm, channel, message);
		break;
	case VMM_DISK_EXPORT:
		export_serve(vmm, message);
		break;
	default:
		log_debug("vmm", "message without meaning", "type=%u", message->type);
	}
}

/* The console may look at guests and talk to them; what is desired is cloud's alone. */
static void on_console(struct channel *channel, struct message *message, void *context)
{
	if (message->type == VMM_CONSOLE_LOG_GET)
		console_log_serve(context, channel, message);
	else if (message->type == VMM_SERIAL_OPEN)
		serial_serve(context, channel, message);
}

static void on_netd(struct channel *channel, struct message *message, void *context)
{
	struct vmm *vmm = context;
	struct guest_instance *guest = vmm->guests;

	(void)channel;
	while (guest != NULL && !tap_set_take(&guest->taps, message))
		guest = guest->next;
}

static const struct channel_handler cloud_handler = { .on_message = on_cloud };
static const struct channel_handler console_handler = { .on_message = on_console };
static const struct channel_handler netd_handler = { .on_message = on_netd };

static void netd_link_begin(struct vmm *vmm)
{
	for (struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next)
		tap_set_ask_again(&guest->taps);
}

static void cloud_link_begin(struct vmm *vmm)
{
	exports_abandon(vmm);
	diagnostics_abandon(vmm);
	guests_link_begin(vmm);
	host_report(vmm);
	base_ask_again(vmm);
}

static const struct peer {
	enum role role;
	size_t channel; /* in struct vmm */
	const struct channel_handler *handler;
	void (*begin)(struct vmm *vmm);
} peers[] = {
	{ ROLE_CLOUD, offsetof(struct vmm, cloud), &cloud_handler, cloud_link_begin },
	{ ROLE_CONSOLE, offsetof(struct vmm, console), &console_handler, NULL },
	{ ROLE_NETD, offsetof(struct vmm, netd), &netd_handler, netd_link_begin },
};

static void peer_link(struct vmm *vmm, const struct peer *peer, int fd)
{
	struct channel *channel = (struct channel *)(void *)((char *)vmm + peer->channel);

	if (channel_is_open(channel))
		channel_close(channel);
	if (channel_open(channel, vmm->loop, fd, role_name(peer->role), peer->handler, vmm) < 0)
		log_error("vmm", "link not opened", "peer=%s", role_name(peer->role));
	else if (peer->begin != NULL)
		peer->begin(vmm);
}

static void on_link(enum role role, enum link_plane plane, int fd, void *context)
{
	for (size_t i = 0; i < ARRAY_LENGTH(peers); i++) {
		if (peers[i].role == role && plane == LINK_MESSAGES) {
			peer_link(context, &peers[i], fd);
			return;
		}
	}
	close(fd);
}

/* ---- the end ---- */

static void on_stop_look(struct loop_timer *timer)
{
	struct vmm *vmm = container_of(timer, struct vmm, stop_look);

	if (guests_are_down(vmm))
		loop_stop(vmm->loop, 0);
	else
		loop_timer_start(vmm->loop, timer, STOP_LOOK_MS, on_stop_look);
}

static void on_stop(void *context)
{
	struct vmm *vmm = context;

	if (vmm->stopping)
		return;
	log_info("vmm", "guests are shut down", "reason=stop");
	guests_stop(vmm);
	loop_timer_start(vmm->loop, &vmm->stop_look, STOP_LOOK_MS, on_stop_look);
}

/* ---- the beginning ---- */

static int options_parse(struct vmm_options *options, int argc, char **argv)
{
	int option;

	optind = 1;
	while ((option = getopt(argc, argv, "g:r:q:i:s:v:u:t:w:L:")) != -1) {
		switch (option) {
		case 'g':
			options->guests = optarg;
			break;
		case 'r':
			options->run = optarg;
			break;
		case 'q':
			options->qemu = optarg;
			break;
		case 'i':
			options->qemu_img = optarg;
			break;
		case 's':
			options->share = optarg;
			break;
		case 'v':
			options->volumes = optarg;
			break;
		case 'u':
			options->unplug_seconds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't':
			options->qmp_seconds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'w':
			options->weigh_seconds = (unsigned)strtoul(optarg, NULL, 10);
			if (options->weigh_seconds == 0)
				return -EINVAL;
			break;
		case 'L':
			if (options->library_count < VMM_LIBRARIES_MAX)
				options->libraries[options->library_count++] = optarg;
			break;
		default:
			return -EINVAL;
		}
	}
	return 0;
}

static int directories_make(struct vmm *vmm, struct error *error)
{
	const char *const run[] = { "", "/guests", "/root" };
	char path[VMM_PATH_SIZE];

	if (mkdir(vmm->options.guests, 0700) < 0 && errno != EEXIST)
		return error_errno(error, "%s", vmm->options.guests);
	for (size_t i = 0; i < ARRAY_LENGTH(run); i++) {
		path_format(path, "%s%s", vmm->options.run, run[i]);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return error_errno(error, "%s", path);
	}
	return base_open(vmm, error);
}

static const struct role_handler role_handler = { .on_link = on_link, .on_stop = on_stop };

static int vmm_open(struct vmm *vmm, struct error *error)
{
	int result = directories_make(vmm, error);

	if (result < 0)
		return result;
	signal(SIGPIPE, SIG_IGN);
	host_detect(vmm);
	result = console_log_open(vmm);
	if (result < 0)
		return error_set(error, result, "inotify: %s", strerror(-result));
	guests_adopt(vmm);
	result = role_attach(vmm->loop, ROLE_VMM, &role_handler, vmm, &vmm->control);
	if (result < 0)
		return error_set(error, result, "control channel: %s", strerror(-result));
	host_version_ask(vmm);
	role_ready(vmm->control);
	return 0;
}

static void vmm_close(struct vmm *vmm)
{
	host_close();
	exports_abandon(vmm);
	diagnostics_abandon(vmm);
	base_close(vmm);
	while (vmm->guests != NULL)
		guest_free(vmm->guests);
	channel_close(&vmm->cloud);
	channel_close(&vmm->console);
	channel_close(&vmm->netd);
	loop_timer_stop(&vmm->stop_look);
	console_log_close(vmm);
	loop_free(vmm->loop);
}

/*
 * vmm stays root: starting a guest needs mounts, namespaces, mknod, other uids and control groups,
 * which together are as good as root. What faces the guest (QEMU, qemu-img) has none of it, and
 * vmm itself reads nothing from outside but what is bounds-checked: messages, QMP, image headers.
 */
int vmm_main(int argc, char **argv)
{
	struct vmm vmm = {
		.options = {
			.guests = PATH_GUESTS,
			.run = PATH_RUN,
#ifdef __aarch64__
			.qemu = "/usr/bin/qemu-system-aarch64",
#else
			.qemu = "/usr/bin/qemu-system-x86_64",
#endif
			.qemu_img = "/usr/bin/qemu-img",
			.share = "/usr/share/qemu",
			.volumes = PATH_VOLUMES,
			.unplug_seconds = 160,
			.qmp_seconds = QMP_TIMEOUT_MS / 1000,
			.weigh_seconds = 30,
		},
		.cloud.fd = -1,
		.console.fd = -1,
		.netd.fd = -1,
	};
	struct error error;
	int result;

	if (options_parse(&vmm.options, argc, argv) < 0 || loop_new(&vmm.loop) < 0)
		return 2;
	if (vmm_open(&vmm, &error) < 0) {
		log_error("vmm", "can't start", "reason=%s", log_quote(error.message));
		result = 1;
	} else {
		result = loop_run(vmm.loop);
	}
	vmm_close(&vmm);
	return result;
}
