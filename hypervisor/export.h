/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Copies of guests' disks for the image service: cloud sends the file that is to become the image
 * (VMM_DISK_EXPORT), and gets VMM_REPLY when it is a complete qcow2 image of the disk:
 *
 *	runs or is paused   QEMU's backup job: the disk as it was at one moment, while the guest writes on
 *	has no process      qemu-img, in a sandbox
 *	in between          EAGAIN: ask again
 */
#ifndef CUMULET_HYPERVISOR_EXPORT_H
#define CUMULET_HYPERVISOR_EXPORT_H

#include "hypervisor/guest.h"

void export_serve(struct vmm *vmm, struct message *message);
/* An answer or event of the guest's QEMU, which may be about an export. */
void export_on_answer(struct guest_instance *guest, const struct qmp_message *answer);
void export_on_event(struct guest_instance *guest, const struct qmp_message *event);
/* The guest's QEMU is not reached any more. */
void export_on_lost(struct guest_instance *guest);
/* It does not answer: whoever waits is told. What was begun is cleared up when it comes round. */
void export_on_hung(struct guest_instance *guest);
/* Nobody waits for them any more: cloud is another one. */
void exports_abandon(struct vmm *vmm);

#endif
