/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The uplink's DHCP client: busybox's, as a child. */
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/spawn.h"
#include "netstack/netd/uplink.h"

#define SCRIPT "/usr/share/cumulet/udhcpc.script"

/* It opens packet sockets and binds port 68; addresses and routes are netd's to set. */
#define CLIENT_CAPABILITIES (UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_NET_BIND_SERVICE)

static void line_end(struct uplink *uplink)
{
	uplink->line[uplink->line_length] = '\0';
	uplink->line_length = 0;
	uplink_client_line(uplink, uplink->line);
}

static void output_read(struct loop_fd *handle, unsigned events)
{
	struct uplink *uplink = container_of(handle, struct uplink, client_handle);
	char data[256];
	ssize_t size = read(uplink->client_output, data, sizeof(data));

	(void)events;
	if (size == 0 || (size < 0 && errno != EAGAIN))
		loop_fd_stop(&uplink->client_handle);
	for (ssize_t i = 0; i < size; i++) {
		if (data[i] == '\n')
			line_end(uplink);
		else if (uplink->line_length + 1 < sizeof(uplink->line))
			uplink->line[uplink->line_length++] = data[i];
	}
}

static void client_exited(struct loop_process *process, int status)
{
	struct uplink *uplink = container_of(process, struct uplink, client_process);

	log_warning("uplink", "dhcp client ended", "status=%d", status);
	uplink->client = 0;
	udhcpc_stop(uplink);
	uplink_client_lost(uplink);
}

static int client_spawn(struct uplink *uplink, int output, struct error *error)
{
	/* Its chatter on standard error would fill the log and the operator's screen for as long as
	 * no cable is in; what matters comes through the script. */
	CLEANUP_FD int silence = open("/dev/null", O_WRONLY | O_CLOEXEC);
	struct spawn spawn = {
		.path = "/bin/busybox",
		.arguments = (char *const[]){ "udhcpc", "-f", "-i", uplink->link, "-s", SCRIPT,
					      "-t", "4", "-T", "2", "-A", "5", "-S", NULL },
		.fds = { output, silence, -1 },
		.first_fd = STDOUT_FILENO,
		.capabilities = CLIENT_CAPABILITIES,
	};

	return spawn_start(&spawn, error);
}

int udhcpc_start(struct uplink *uplink, struct error *error)
{
	CLEANUP_FD int output = -1;
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return error_errno(error, "pipe");
	uplink->client_output = ends[0];
	output = ends[1];
	result = client_spawn(uplink, output, error);
	if (result < 0)
		return result;
	uplink->client = result;
	uplink->line_length = 0;
	loop_process_start(uplink->loop, &uplink->client_process, uplink->client, client_exited);
	return loop_fd_start(uplink->loop, &uplink->client_handle, uplink->client_output, LOOP_READ,
			     output_read);
}

void udhcpc_stop(struct uplink *uplink)
{
	loop_process_stop(&uplink->client_process);
	loop_fd_stop(&uplink->client_handle);
	if (uplink->client > 0)
		kill(uplink->client, SIGTERM);
	uplink->client = 0;
	if (uplink->client_output >= 0)
		close(uplink->client_output);
	uplink->client_output = -1;
}
