/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A head that asks for a WebSocket: it is refused with a status, or what it needs is there. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/http/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct exchange *exchange = exchange_new(NULL, NULL);
	struct error error = { 0 };
	const char *reason;
	size_t scanned = 0, length = head_length((const char *)data, size, &scanned);

	if (!exchange || !length) {
		exchange_release(exchange);
		return 0;
	}
	exchange->head_bytes = malloc(length);
	memcpy(exchange->head_bytes, data, length);
	if (head_parse(&exchange->head, exchange->head_bytes, length, &reason) == 0) {
		if (websocket_check(&exchange->request, &error) < 0)
			assert(error.status >= 400 && error.message[0]);
		else
			assert(head_field(&exchange->head, "Upgrade") &&
			       head_field(&exchange->head, "Sec-WebSocket-Key"));
	}
	exchange_release(exchange);
	return 0;
}
