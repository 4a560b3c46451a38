/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways between an image's states. */
#include <string.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

static const struct {
	const char *from, *to;
} ways[] = {
	{ "queued", "saving" },      { "saving", "active" },      { "saving", "queued" },
	{ "active", "deactivated" }, { "deactivated", "active" },
};

int image_status_check(const char *from, const char *to, struct error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
		if (!strcmp(ways[i].from, from) && !strcmp(ways[i].to, to))
			return 0;
	return error_fault(error, -EINVAL, 409, NULL,
			   "Image status transition from %s to %s is not allowed", from, to);
}
