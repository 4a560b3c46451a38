/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters: a parameter's name, a NUL, its value. */
#include <stdint.h>
#include <string.h>

#include "firmware/cloud/image/internal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char image[] = "{\"name\":\"a\",\"size\":1000,\"tags\":[\"x\"],"
				    "\"created_at\":\"2026-01-02T03:04:05Z\",\"protected\":false}";
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct error error = { 0 };
	char *text = arena_strndup(&arena, (const char *)data, size);
	size_t name = text ? strlen(text) : size;
	struct name_value query[2] = { { 0 } };

	if (name >= size)
		return 0;
	query[0].name = text;
	query[0].value = arena_strndup(&arena, (const char *)data + name + 1, size - name - 1);
	filter_match(&arena, query, json_parse(&arena, image, strlen(image)), &error);
	return 0;
}
