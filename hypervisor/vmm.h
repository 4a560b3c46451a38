/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of vmm share. One loop, one thread; nothing in it waits. */
#ifndef CUMULET_HYPERVISOR_VMM_H
#define CUMULET_HYPERVISOR_VMM_H

#include <stdbool.h>
#include <stddef.h>

#include "firmware/lib/loop.h"
#include "firmware/lib/message.h"
#include "firmware/lib/role.h"
#include "hypervisor/message.h"

#define VMM_LIBRARIES_MAX 8
#define VMM_PATH_SIZE 256

/* Options of the command line; the defaults are the appliance's. */
struct vmm_options {
	const char *guests;                       /* -g: directory of disks */
	const char *run;                          /* -r: records of running guests, on a tmpfs */
	const char *qemu;                         /* -q: the system emulator, absolute */
	const char *qemu_img;                     /* -i */
	const char *share;                        /* -s: QEMU's firmware blobs */
	const char *volumes;                      /* -v: directory of volumes, <id>.raw */
	unsigned unplug_seconds;                  /* -u: that a guest has to let go of a device */
	unsigned qmp_seconds;                     /* -t: that QEMU has to answer */
	unsigned weigh_seconds;                   /* -w: until QEMU's own memory is looked at */
	const char *libraries[VMM_LIBRARIES_MAX]; /* -L: shown to QEMU where it is not static */
	size_t library_count;
};

/* What the host can do, found by trying, once in the life of the process. */
struct host {
	struct vmm_host facts; /* what cloud is told */
	bool probing;          /* it is not known yet whether KVM works */
	bool kvm, direct, io_uring;
};

struct guest_instance;
struct base;
struct disk_export;

struct vmm {
	struct loop *loop;
	struct vmm_options options;
	struct host host;
	struct channel *control;
	struct channel cloud, console, netd;
	struct guest_instance *guests;
	struct base *bases;          /* base images that are being made */
	struct disk_export *exports; /* disks that are being copied */
	struct diagnosis *diagnoses; /* guests that are being asked what they used */
	struct loop_fd log_watch;
	struct loop_timer log_pause, stop_look;
	unsigned agent_talks; /* that are under way */
	bool stopping;
};

/* Formats a path into a buffer of VMM_PATH_SIZE; cut off when it does not fit. */
void path_format(char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Whether a name that came in a message can be part of a file's name: [A-Za-z0-9-]+. */
bool name_is_safe(const char *name);

/* guest_list.c */
struct guest_instance *guest_find(struct vmm *vmm, const char *id);

#endif
