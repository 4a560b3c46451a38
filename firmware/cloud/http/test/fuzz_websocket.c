/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The first byte says in which steps the others come. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct websocket websocket = { 0 };
	struct websocket_piece piece;
	size_t step = size ? data[0] % 32 + 1 : 1, at = 1;
	char *copy = malloc(size + 1);

	if (copy)
		memcpy(copy, data, size);
	while (copy && at < size) {
		size_t part = size - at < step ? size - at : step;
		ssize_t used = websocket_decode(&websocket, copy + at, part, &piece);

		if (used < 0)
			break;
		if ((size_t)used > part ||
		    (piece.data && piece.size > part + WEBSOCKET_CONTROL_MAX))
			abort();
		at += (size_t)used;
	}
	free(copy);
	return 0;
}
