/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/image_serve.h"

#include <stdio.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_inspect.h"

static int inspect(int fd, const char *format, struct image_facts *facts, struct error *error)
{
	struct image_source source;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "Image is not a file");
	source = image_source_file(fd, (uint64_t)status.st_size);
	return image_inspect(&source, format, facts, error);
}

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
		result = inspect(fd, wish.format, &facts, &error);
	reply.code = (uint32_t)-result;
	reply.virtual_size = result == 0 ? facts.virtual_size : 0;
	if (result < 0)
		snprintf(reply.reason, sizeof(reply.reason), "%.250s", error.message);
	channel_send_struct(channel, VMM_IMAGE_FACTS, message->serial, vmm_image_facts_fields,
			    &reply, -1);
}
