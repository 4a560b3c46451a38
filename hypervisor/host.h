/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_HYPERVISOR_HOST_H
#define CUMULET_HYPERVISOR_HOST_H

#include "hypervisor/vmm.h"

/* Finds out what the host can do, by trying. Once, before the loop runs; under a second. */
void host_detect(struct vmm *vmm);
/* Measures what changes (memory, disk) and tells cloud. */
void host_report(struct vmm *vmm);
/* QEMU says its version itself; cloud is told when it has. */
void host_version_ask(struct vmm *vmm);
void host_close(void);

#endif
