/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_HYPERVISOR_QCOW2_OVERLAY_H
#define CUMULET_HYPERVISOR_QCOW2_OVERLAY_H

#include <stdint.h>

/*
 * Writes an empty qcow2 (version 3, clusters of 64 KiB, docs/interop/qcow2.txt) of the virtual
 * size into the empty file 'fd'. The header names no backing file: the base is put below it by
 * descriptor, on QEMU's command line. 0 or a negative errno.
 */
int qcow2_overlay_write(int fd, uint64_t virtual_size);

#endif
