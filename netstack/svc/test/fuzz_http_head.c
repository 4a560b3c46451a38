/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>

#include "netstack/svc/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_request request;

	if (size <= HTTP_HEAD_MAX)
		http_parse((const char *)data, size, &request);
	return 0;
}
