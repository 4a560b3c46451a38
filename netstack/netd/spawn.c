/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/spawn.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define FD_PARKED 64 /* above all places that descriptors are moved to */

/* What a program without capabilities of its own starts with are the ambient ones; those have to
 * be inheritable first. */
static int capabilities_pass(uint64_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	data[0].inheritable = (uint32_t)mask;
	data[1].inheritable = (uint32_t)(mask >> 32);
	if (syscall(SYS_capset, &header, data) < 0)
		return -errno;
	for (unsigned capability = 0; capability < 64; capability++)
		if (mask & (UINT64_C(1) << capability) &&
		    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability, 0, 0) < 0)
			return -errno;
	return 0;
}

/* Through high numbers, so that no descriptor lands on one that is still to be moved. */
static int fds_place(const struct spawn *spawn)
{
	int parked[SPAWN_FDS];
	int count = 0;

	for (; count < SPAWN_FDS && spawn->fds[count] >= 0; count++) {
		parked[count] = fcntl(spawn->fds[count], F_DUPFD_CLOEXEC, FD_PARKED);
		if (parked[count] < 0)
			return -errno;
	}
	for (int i = 0; i < count; i++)
		if (dup2(parked[i], spawn->first_fd + i) < 0)
			return -errno;
	return 0;
}

__attribute__((noreturn)) static void child_run(const struct spawn *spawn, pid_t parent)
{
	static char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL); /* ignored by netd; a shell needs its own */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(0);
	if (fds_place(spawn) == 0 && capabilities_pass(spawn->capabilities) == 0)
		execve(spawn->path, spawn->arguments, environment);
	log_error("spawn", "program not started", "path=%s reason=%s", spawn->path,
		  log_quote(strerror(errno)));
	_exit(127);
}

pid_t spawn_start(const struct spawn *spawn, struct error *error)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0)
		child_run(spawn, parent);
	return pid < 0 ? error_errno(error, "fork") : pid;
}
