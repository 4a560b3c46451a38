/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UEFI: the firmware's code is shared and read-only, its variables are the guest's own. They stand
 * beside the disk that they say how to boot, /data/guests/<guest>/<disk>.nvram, made from the
 * firmware's template at the first start, and go with that disk.
 */
#ifndef CUMULET_HYPERVISOR_NVRAM_H
#define CUMULET_HYPERVISOR_NVRAM_H

#include "hypervisor/qemu_argv.h"
#include "hypervisor/vmm.h"

/* Opens both for a guest that wants UEFI; the descriptors are the plan's, also on failure. -EINVAL in
 * Nova's words where there is no such firmware. */
int nvram_open(const struct vmm *vmm, const struct guest *guest, struct qemu_plan *plan,
	       struct error *error);

#endif
