/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdint.h>
#include <stdlib.h>

#include "hypervisor/diagnostics.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct diagnostics_answer answer;

	diagnostics_parse((const char *)data, size, &answer);
	if (answer.thread_count > DIAGNOSTICS_CPUS_MAX ||
	    answer.block_count > DIAGNOSTICS_DISKS_MAX)
		abort();
	return 0;
}
