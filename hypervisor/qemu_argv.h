/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a guest to QEMU's command line: a pure function, so that the line can be compared with
 * stored text. All that the process touches is handed over as descriptors; the numbers in the
 * plan are those that the child will have.
 */
#ifndef CUMULET_HYPERVISOR_QEMU_ARGV_H
#define CUMULET_HYPERVISOR_QEMU_ARGV_H

#include "firmware/lib/arena.h"
#include "hypervisor/message.h"
#include "hypervisor/slots.h"

struct qemu_disk {
	int fd;         /* the guest's own file, read-write */
	int backing_fd; /* raw base image below a qcow2 overlay, read-only; -1: none, 'fd' is raw */
	bool read_only; /* the config drive */
	bool direct;    /* O_DIRECT works on it: the guest's cache is the only one */
	const char *bus, *serial; /* serial: at most 20 bytes reach the guest */
	uint32_t boot_index;      /* from 0 */
	bool attached;            /* a volume, in a slot */
	unsigned slot;
};

struct qemu_nic {
	int tap_fd, vhost_fd; /* vhost -1: none */
	char mac[18];
	uint32_t mtu;      /* 0: not told */
	const char *model; /* "" or NULL: virtio */
	const char *port_id;
	unsigned slot; /* where the machine has any */
};

struct qemu_plan {
	const struct guest *guest;
	const char *binary, *share;
	const char *arch; /* as uname: "x86_64", "aarch64" */
	bool kvm;
	bool io_uring;
	int qmp_fd, serial_fd; /* listening sockets */
	int agent_fd;          /* listening socket for the guest agent; -1: none is asked for */
	int log_fd;            /* the serial log, O_WRONLY | O_APPEND */
	int memory_fd;         /* the memory that it goes on with, read-only; -1: it boots */
	int code_fd, nvram_fd; /* UEFI's code, read-only, and variables; -1: BIOS */
	struct qemu_disk disks[GUEST_DISKS_MAX + 1];
	size_t disk_count;
	struct qemu_nic nics[GUEST_NICS_MAX];
	size_t nic_count;
};

/* Whether the machine has slots, to plug into while it runs. */
bool qemu_has_slots(const char *arch, const char *machine);
/* NULL-terminated, in the arena. -EINVAL with a reason for a guest that can't be expressed. */
int qemu_argv(struct arena *arena, const struct qemu_plan *plan, char ***argv, struct error *error);

#endif
