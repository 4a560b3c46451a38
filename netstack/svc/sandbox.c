/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <seccomp.h>

#include "firmware/lib/cleanup.h"
#include "netstack/svc/svc.h"

/* Frames and messages, time, memory, the end. Nothing that names a file, opens a socket or starts a
 * process. fcntl and dup are what channels do with descriptors. */
static const int allowed[] = {
	SCMP_SYS(read),         SCMP_SYS(readv),        SCMP_SYS(write),
	SCMP_SYS(writev),       SCMP_SYS(recvmsg),      SCMP_SYS(sendmsg),
	SCMP_SYS(recvfrom),     SCMP_SYS(sendto),       SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),  SCMP_SYS(epoll_ctl),    SCMP_SYS(close),
	SCMP_SYS(fcntl),        SCMP_SYS(dup),          SCMP_SYS(clock_gettime),
	SCMP_SYS(gettimeofday), SCMP_SYS(getrandom),    SCMP_SYS(brk),
	SCMP_SYS(mmap),         SCMP_SYS(munmap),       SCMP_SYS(mremap),
	SCMP_SYS(madvise),      SCMP_SYS(futex),        SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(rt_sigaction), SCMP_SYS(getpid),
	SCMP_SYS(gettid),       SCMP_SYS(tgkill),       SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),         SCMP_SYS(exit_group),
};

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer's own run time needs much more; it is for tests. */
int svc_sandbox(struct error *error)
{
	(void)error;
	(void)allowed;
	return 0;
}
#else
int svc_sandbox(struct error *error)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(allowed); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result < 0 ? error_set(error, result, "system call filter: %d", result) : 0;
}
#endif
