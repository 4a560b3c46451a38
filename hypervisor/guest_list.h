/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All guests: what cloud desires of them, and those that an earlier vmm has left running. */
#ifndef CUMULET_HYPERVISOR_GUEST_LIST_H
#define CUMULET_HYPERVISOR_GUEST_LIST_H

#include "hypervisor/vmm.h"

/* Takes over what stands in /run/cumulet/guests. At start, before any link. */
void guests_adopt(struct vmm *vmm);
/* What every desire has to be before anything is made of it: names that are safe in paths and on command
 * lines. -EINVAL. */
int guest_desired_check(const struct guest *desired, struct error *error);
/* Messages of cloud. */
void guests_set(struct vmm *vmm, const struct message *message);
void guests_delete(struct vmm *vmm, const struct message *message);
void guests_sync(struct vmm *vmm, const struct message *message);
/* A fresh link: everything is told again, and everything not named until VMM_SYNC is removed. */
void guests_link_begin(struct vmm *vmm);
/* All look at their desire again. */
void guests_reconcile(struct vmm *vmm);
/* Shuts all down; guests_are_down() tells when that is so. */
void guests_stop(struct vmm *vmm);
bool guests_are_down(const struct vmm *vmm);

#endif
