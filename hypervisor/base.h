/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Base images: /data/guests/.base/<image>.raw, made when a guest first needs one: cloud is asked
 * for the image's descriptor, its header is inspected, and qemu-img turns it into a raw file in a
 * sandbox that holds those two files and nothing else. A raw image is cloned where the file system
 * can. When space is short, bases that no overlay stands on are removed, least recently used
 * first.
 */
#ifndef CUMULET_HYPERVISOR_BASE_H
#define CUMULET_HYPERVISOR_BASE_H

#include "hypervisor/message.h"
#include "hypervisor/vmm.h"

enum base_state { BASE_READY, BASE_PENDING, BASE_FAILED };

/*
 * Asks for the base image of a disk. BASE_PENDING: guests_continue_cloning() is called when that
 * changes. BASE_FAILED: the reason is in 'error'.
 */
enum base_state base_need(struct vmm *vmm, const struct guest_disk *disk, struct error *error);
void base_path(const struct vmm *vmm, const char *image_id, char *path);
/* VMM_IMAGE came. */
void base_take_image(struct vmm *vmm, struct message *message);
/* A fresh link to cloud: what is pending is asked for again. */
void base_ask_again(struct vmm *vmm);
/* Removes unused bases until 'bytes' are free, or none is left. */
void base_collect(const struct vmm *vmm, uint64_t bytes);
/* Makes the directory, removes unfinished files. At start. */
int base_open(const struct vmm *vmm, struct error *error);
/* Ends conversions under way. At the end. */
void base_close(struct vmm *vmm);

/* guest_list.c: guests that wait for base images look again. */
void guests_continue_cloning(struct vmm *vmm);

#endif
