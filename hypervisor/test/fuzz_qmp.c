/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qmp_message message;
	struct error error;

	if (qmp_parse((const char *)data, size, &message, &error) == 0 &&
	    (memchr(message.event, '\0', sizeof(message.event)) == NULL ||
	     memchr(message.description, '\0', sizeof(message.description)) == NULL))
		abort();
	return 0;
}
