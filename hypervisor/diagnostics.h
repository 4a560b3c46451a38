/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMM_DIAGNOSTICS_GET: what a running guest has used so far. QEMU is asked for its processors'
 * threads, its disks' counters and the balloon, in this order; how long the threads ran is read from
 * the kernel, of QEMU's own threads alone. Whatever QEMU says is bounded and checked: a guest may have
 * taken it over.
 */
#ifndef CUMULET_HYPERVISOR_DIAGNOSTICS_H
#define CUMULET_HYPERVISOR_DIAGNOSTICS_H

#include "hypervisor/guest.h"

#define DIAGNOSTICS_CPUS_MAX 256
#define DIAGNOSTICS_DISKS_MAX (GUEST_DISKS_MAX + 1)

/* A processor's thread, from query-cpus-fast. */
struct diagnostics_thread {
	uint32_t cpu;
	int64_t id;
};

/* A disk's counters, from query-blockstats; name: QEMU's of the node. */
struct diagnostics_block {
	char name[32];
	struct vmm_disk_counters counters;
};

/* What one answer holds; those of another kind leave the lists empty. 'line' is JSON of QEMU's. */
struct diagnostics_answer {
	struct diagnostics_thread threads[DIAGNOSTICS_CPUS_MAX];
	size_t thread_count;
	struct diagnostics_block blocks[DIAGNOSTICS_DISKS_MAX];
	size_t block_count;
	uint64_t balloon; /* bytes that the guest has; 0: it is not known */
};
/* -EBADMSG: it is no answer. */
int diagnostics_parse(const char *line, size_t size, struct diagnostics_answer *answer);

void diagnostics_serve(struct vmm *vmm, struct message *message);
void diagnostics_on_answer(struct guest_instance *guest, const struct qmp_message *answer);
void diagnostics_on_lost(struct guest_instance *guest);
/* Nobody waits for the answers any more. */
void diagnostics_abandon(struct vmm *vmm);

#endif
