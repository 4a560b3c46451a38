/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/image_view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct image_source source = image_source_memory(data, size, size);
	struct image_facts facts = { 0 };
	struct error error;

	image_vhdx_inspect(&source, &facts, &error);
	return 0;
}
