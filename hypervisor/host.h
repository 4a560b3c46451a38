/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_HYPERVISOR_HOST_H
#define CUMULET_HYPERVISOR_HOST_H

#include "hypervisor/vmm.h"

/* Finds out what the host can do, by trying. All but KVM at once; until that is known too,
 * host.probing is set and no guest is started (guest_want()). The answer is kept in the run
 * directory, for a vmm that starts anew. */
void host_detect(struct vmm *vmm);
/* Measures what changes (memory, disk) and tells cloud. */
void host_report(struct vmm *vmm);
/* QEMU says its version itself; cloud is told when it has. */
void host_version_ask(struct vmm *vmm);
void host_close(void);

#endif
