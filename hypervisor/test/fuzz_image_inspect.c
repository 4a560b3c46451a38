/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/image_inspect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const claims[] = { "raw", "qcow2", "vmdk", "vdi", "vhd", "vhdx", "iso" };
	const struct image_source source = image_source_memory(data, size, size);
	struct image_facts facts;
	struct error error;

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++)
		if (image_inspect(&source, claims[i], &facts, &error) == 0 &&
		    facts.virtual_size % 512 != 0)
			abort();
	return 0;
}
