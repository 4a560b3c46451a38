/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks of guests, in /data/guests/<guest>/:
 *
 *	<disk>.raw      reflink clone of the base image, or an empty disk, grown to its size
 *	<disk>.qcow2    where there is no reflink: an overlay, and beside it
 *	<disk>.base     a hard link to the base image below it: the base lives as long as its users
 *	<disk>.nvram    variables of a UEFI that boots from it (nvram.h)
 *	config.iso      the config drive
 *	*.part          unfinished; worth nothing after a cut
 *
 * Names are given when a file is complete, so what stands under its name is good.
 */
#ifndef CUMULET_HYPERVISOR_DISK_H
#define CUMULET_HYPERVISOR_DISK_H

#include "hypervisor/message.h"
#include "hypervisor/qemu_argv.h"
#include "hypervisor/vmm.h"

/* The file "<disk>.<suffix>", in a buffer of VMM_PATH_SIZE. */
void disk_path(const struct vmm *vmm, const char *guest_id, const char *disk_id, const char *suffix,
	       char *path);
/* For errors of the disk itself: the text that Nova's user reads. Returns the code. */
int disk_fault(struct error *error, int code, const char *what);
/* 1: it is there; 0: not yet. */
int disk_exists(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk);
/* Makes it, from its base image (which is there: base_need()) or empty. Quick: nothing is copied. The reason
 * is in Nova's words; nothing is left behind on failure. */
int disk_make(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
	      struct error *error);
/* Makes one that is there as large as it is to be; never smaller. No process uses it. */
int disk_grow(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
	      struct error *error);
/* Whether the config drive on the disk is the desired one. */
bool disk_config_drive_is(const struct vmm *vmm, const struct guest *guest);
/* Writes it, unless it is there already and the desire holds no content. */
int disk_config_drive_write(const struct vmm *vmm, const struct guest *guest, struct error *error);
/* Removes disks of the guest's directory that it is not to have any more; no process uses them. */
void disks_prune(const struct vmm *vmm, const struct guest *guest);
/* Opens all disks and the config drive for QEMU; descriptors are the plan's, also on failure. */
int disks_open(const struct vmm *vmm, const struct guest *guest, struct qemu_plan *plan,
	       struct error *error);
/* One disk, without O_DIRECT, to look into it or copy it. */
int disk_open_plain(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
		    struct qemu_disk *out, struct error *error);
/* A volume's file, /data/volumes/<id>.raw, which vmm neither makes nor removes. */
int volume_open(const struct vmm *vmm, const struct guest_disk *disk, struct qemu_disk *out,
		struct error *error);
void disks_close(struct qemu_plan *plan);
/* Removes the guest's directory and everything in it; fine when it isn't there. */
int disks_remove(const struct vmm *vmm, const char *guest_id);

#endif
