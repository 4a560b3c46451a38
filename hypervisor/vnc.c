/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/vnc.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define NAME "vnc" /* QEMU's name of the descriptor until it is taken; a later one replaces it */

static int client_add(struct guest_instance *guest, int fd)
{
	int result = qmp_send_fd(&guest->qmp, "getfd", "{\"fdname\":\"" NAME "\"}", fd);

	if (result < 0)
		return result;
	return qmp_send_with(&guest->qmp, "add_client",
			     "{\"protocol\":\"vnc\",\"fdname\":\"" NAME "\",\"skipauth\":true}");
}

static int screen_check(const struct guest_instance *guest)
{
	if (guest == NULL)
		return -ENOENT;
	if (guest->record.pid == 0 || !guest->qmp.ready)
		return -ENOTCONN;
	return guest->desired.hardware.no_screen || strcmp(guest->desired.machine, "microvm") == 0
		       ? -ENOTSUP
		       : 0;
}

/* A descriptor of the guest's screen, the caller's. */
static int screen_open(struct guest_instance *guest)
{
	CLEANUP_FD int near = -1;
	CLEANUP_FD int far = -1;
	int pair[2], result = screen_check(guest);

	if (result < 0)
		return result;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	near = pair[0];
	far = pair[1];
	result = client_add(guest, far);
	if (result == -EAGAIN)
		result = -ENOTCONN;
	return result < 0 ? result : fd_take(&near);
}

void vnc_serve(struct vmm *vmm, struct channel *channel, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_reply reply = { 0 };
	struct guest_id id = { 0 };
	CLEANUP_FD int fd = -EBADMSG;

	if (message_decode(&arena, message, guest_id_fields, &id, NULL) == 0)
		fd = screen_open(guest_find(vmm, id.id));
	if (fd < 0) {
		reply.code = (uint32_t)-fd;
		snprintf(reply.reason, sizeof(reply.reason), "%s", strerror(-fd));
	} else {
		log_info("guest", "screen opened", "id=%s", id.id);
	}
	channel_send_struct(channel, VMM_REPLY, message->serial, vmm_reply_fields, &reply,
			    fd >= 0 ? fd : -1);
}
