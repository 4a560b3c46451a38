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
/* The virtual size of such a file that a guest may have written to, and a larger one for it: the
 * table of the first level has room where it stands. -EBADMSG: not of this kind. */
int qcow2_overlay_size(int fd, uint64_t *virtual_size);
int qcow2_overlay_grow(int fd, uint64_t virtual_size);

#endif
