/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts a program in a box of its own: its own user, mount, network, IPC and host-name
 * namespaces, a root that holds nothing but what is listed, no capabilities, no new privileges,
 * bounded resources, and no descriptors but those listed (under their present numbers).
 * QEMU and qemu-img are started by it and nothing else is.
 */
#ifndef CUMULET_HYPERVISOR_SANDBOX_H
#define CUMULET_HYPERVISOR_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Whom the kernel ends first when memory is short (oom_score_adj): what can be begun anew, then a
 * guest, and long after them anything of ours. */
#define OOM_SCORE_JOB 700
#define OOM_SCORE_GUEST 500

/* A file or directory that is to be seen inside. By descriptor where fd >= 0, else by path. */
struct sandbox_bind {
	const char *path;
	int fd;
	const char *target; /* absolute, inside; NULL: as path */
	bool writable;
};

struct sandbox {
	const char *root; /* an empty directory: the place where the new root is mounted */
	unsigned uid;     /* and gid */
	const struct sandbox_bind *binds;
	size_t bind_count;
	bool kvm;           /* /dev/kvm is there */
	bool foreign_files; /* may open the bound files whoever owns them (CAP_DAC_OVERRIDE) */
	const int *fds;     /* stay open, -1 is skipped */
	size_t fd_count;
	int output;                              /* becomes descriptors 1 and 2 */
	const char *cgroup;                      /* directory to join, NULL: none */
	int oom_score;                           /* one of the above */
	uint64_t cpu_seconds, memory, file_size; /* limits, 0: none */
};

/* What a child says before its program runs: nothing at all when the program was executed. */
struct sandbox_fault {
	int code; /* errno */
	char step[60];
};

/* Returns the pid (a child), or a negative errno. *status_fd, which the caller closes, becomes
 * readable when the program runs (end of file) or could not be started (struct sandbox_fault). */
pid_t sandbox_spawn(const struct sandbox *sandbox, char *const argv[], int *status_fd);

#endif
