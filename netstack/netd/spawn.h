/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts the programs that netd supervises: svc (this same binary) and the uplink's DHCP client. */
#ifndef CUMULET_NETD_SPAWN_H
#define CUMULET_NETD_SPAWN_H

#include <stdint.h>
#include <sys/types.h>

#include "firmware/lib/error.h"

#define SPAWN_FDS 3

struct spawn {
	const char *path;
	char *const *arguments; /* ends with NULL */
	int fds[SPAWN_FDS];     /* become 'first_fd' and up; -1 ends them */
	int first_fd;
	uint64_t capabilities; /* 1 << CAP_x of netd's that the program starts with */
};

/* The process's id; it gets SIGTERM when netd ends, however it ends. */
pid_t spawn_start(const struct spawn *spawn, struct error *error);

#endif
