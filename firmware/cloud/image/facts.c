/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only a look into an image tells. vmm looks, because whoever parses a stranger's bytes must
 * not be the one who keeps everybody's secrets. */
#include <fcntl.h>
#include <string.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/cloud/link.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/message.h"

#define TIMEOUT_MS 2000

static int ask(struct request *request, int fd, const char *format, struct vmm_image_facts *facts,
	       struct error *error)
{
	struct link *link = request->cloud->links[ROLE_VMM];
	struct vmm_image_inspect wish = { 0 };
	struct message reply;
	int result;

	if (!link)
		return error_set(error, -ENOTCONN, "vmm is not there");
	snprintf(wish.format, sizeof(wish.format), "%s", format);
	result = link_call(link, request->arena, VMM_IMAGE_INSPECT, vmm_image_inspect_fields, &wish,
			   fd, TIMEOUT_MS, &reply, NULL, error);
	if (!result)
		result = message_decode(request->arena, &reply, vmm_image_facts_fields, facts,
					error);
	if (!result && facts->code)
		result = error_set(error, -(int)facts->code, "%s", facts->reason);
	return result;
}

int64_t image_virtual_size(struct request *request, const char *path, const char *format,
			   int64_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct vmm_image_facts facts = { 0 };
	struct error error = { 0 };

	if (format && !strcmp(format, "raw"))
		return size;
	if (fd < 0 || !format || ask(request, fd, format, &facts, &error)) {
		log_info("image", "virtual size unknown", "path=%s reason=%s", path,
			 log_quote(error.message));
		return 0;
	}
	return (int64_t)facts.virtual_size;
}
