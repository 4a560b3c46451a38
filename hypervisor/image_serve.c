/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/image_serve.h"

#include <stdio.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_apart.h"

void image_inspect_serve(struct channel *channel, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	CLEANUP_FD int fd = message_take_fd(message, 0);
	struct vmm_image_inspect wish = { 0 };
	struct vmm_image_facts reply = { 0 };
	struct image_facts facts = { 0 };
	struct error error = { 0 };
	int result = message_decode(&arena, message, vmm_image_inspect_fields, &wish, &error);

	if (result == 0)
		result = image_inspect_apart(fd, wish.format, &facts, &error);
	reply.code = (uint32_t)-result;
	reply.virtual_size = result == 0 ? facts.virtual_size : 0;
	if (result < 0)
		snprintf(reply.reason, sizeof(reply.reason), "%.250s", error.message);
	channel_send_struct(channel, VMM_IMAGE_FACTS, message->serial, vmm_image_facts_fields,
			    &reply, -1);
}
