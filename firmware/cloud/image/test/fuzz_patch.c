/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Patches: the first byte chooses the media type, the rest is the body. */
#include <stdint.h>

#include "firmware/cloud/image/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct error error = { 0 };
	struct patch patch;
	yyjson_val *body;

	if (!size)
		return 0;
	body = json_parse(&arena, (const char *)data + 1, size - 1);
	if (body)
		patch_parse(&arena, body, data[0] & 1 ? 4 : 10, &patch, &error);
	return 0;
}
