/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pattern, a NUL, and a text to match. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "firmware/cloud/identity/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *text = arena_strndup(&arena, (const char *)data, size);
	const struct pattern *pattern = text ? pattern_parse(&arena, text) : NULL;
	size_t length = text ? strlen(text) : 0;

	if (pattern && length < size)
		pattern_matches(pattern, arena_strndup(&arena, (const char *)data + length + 1,
						       size - length - 1));
	return 0;
}
