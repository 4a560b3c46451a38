/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Replies as the menu reads them from its link, one behind the other. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/console/api.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1), *at = copy;

	if (copy == NULL)
		abort();
	memcpy(copy, data, size);
	while (size > 0) {
		const char *body = NULL;
		size_t body_size = 0;
		int status = 0;
		ssize_t used = api_parse(at, size, &status, &body, &body_size);

		if (used <= 0)
			break;
		if ((size_t)used > size || body + body_size != at + used)
			abort();
		at += used;
		size -= (size_t)used;
	}
	free(copy);
	return 0;
}
