/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest costs the box beyond the memory that it was promised: all that is QEMU's own, not
 * shared with other processes and not on any disk. It grows while a guest lives (translated code,
 * buffers), so it is looked at seldom and the highest figure of a process counts.
 *
 * proc(5), smaps: one of the mappings is the guest's memory, and known by its size; of all others
 * the anonymous pages count, wherever they are now. The program itself is shared by all guests and
 * can be read again, so it is nobody's.
 */
#ifndef CUMULET_HYPERVISOR_OVERHEAD_H
#define CUMULET_HYPERVISOR_OVERHEAD_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct guest_instance;

/* Bytes, of a file like /proc/<pid>/smaps; 'ram' is the size of the guest's memory. */
uint64_t overhead_parse(FILE *smaps, uint64_t ram);
/* 0: the process is gone, or does not let itself be looked at. */
uint64_t overhead_read(pid_t pid, uint64_t ram);

/* Looks after a while, and then at growing intervals for as long as the process runs; each time
 * that it has grown by a MiB cloud is told. */
void overhead_watch(struct guest_instance *guest);
void overhead_stop(struct guest_instance *guest);

#endif
