/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes of the serial line: whatever comes, a key, and a plain one is still understood afterwards. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/console/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct keys keys = { 0 };

	for (size_t i = 0; i < size; i++) {
		int key = keys_feed(&keys, data[i]);

		if (key < 0 || key > KEY_REDRAW ||
		    memchr(keys.sequence, '\0', sizeof(keys.sequence)) == NULL)
			abort();
	}
	keys_timeout(&keys);
	if (keys_feed(&keys, 'q') != 'q')
		abort();
	return 0;
}
