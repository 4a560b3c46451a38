/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_HYPERVISOR_KVM_PROBE_H
#define CUMULET_HYPERVISOR_KVM_PROBE_H

#include <stdbool.h>

/*
 * Whether KVM works here, found by running a few instructions in a virtual machine: a /dev/kvm
 * that is there may still hang or fail as soon as a guest takes an exception or turns paging on.
 * Runs in a child that is given up after a fraction of a second; blocks for that long at most.
 */
bool kvm_probe(void);

#endif
