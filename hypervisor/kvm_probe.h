/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_HYPERVISOR_KVM_PROBE_H
#define CUMULET_HYPERVISOR_KVM_PROBE_H

#include <stdbool.h>

#include "firmware/lib/loop.h"

/*
 * Whether KVM works here, found by running a few instructions in a virtual machine: a /dev/kvm
 * that is there may still hang or fail as soon as a guest takes an exception or turns paging on.
 * Runs in a child that is given up after KVM_PROBE_PATIENCE_MS; an emulated box may take one
 * second for it, others a few milliseconds.
 */
#define KVM_PROBE_PATIENCE_MS 4000

struct kvm_probe {
	struct loop_process process;
	struct loop_timer timer;
	pid_t pid; /* 0: not under way */
	struct loop *loop;
	void (*on_done)(struct kvm_probe *probe, bool works);
};

/* on_done is called from the loop, once; -errno when the child can't be started. */
int kvm_probe_start(struct kvm_probe *probe, struct loop *loop,
		    void (*on_done)(struct kvm_probe *, bool));
void kvm_probe_stop(struct kvm_probe *probe);

#endif
