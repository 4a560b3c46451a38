/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two filters, one upon the other. The process that starts the transfers keeps what that takes; a
 * transfer keeps sockets of the Internet's kind, its pipe and memory. Neither can name a file.
 */
#include <errno.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "firmware/fetch/fetch.h"
#include "firmware/lib/cleanup.h"

/* SCMP_A0 leaves a member out, which clang complains of. */
#define FIRST_IS(value) ((struct scmp_arg_cmp){ 0, SCMP_CMP_EQ, (value), 0 })

static const int transfer_calls[] = {
	SCMP_SYS(connect),       SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),    SCMP_SYS(sendto),
	SCMP_SYS(recvfrom),      SCMP_SYS(poll),
	SCMP_SYS(ppoll),         SCMP_SYS(read),
	SCMP_SYS(pread64),       SCMP_SYS(write),
	SCMP_SYS(writev),        SCMP_SYS(close),
	SCMP_SYS(fcntl),         SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),    SCMP_SYS(statx),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(time),          SCMP_SYS(getrandom),
	SCMP_SYS(brk),           SCMP_SYS(mmap),
	SCMP_SYS(munmap),        SCMP_SYS(mremap),
	SCMP_SYS(madvise),       SCMP_SYS(futex),
	SCMP_SYS(rt_sigaction),  SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),  SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),          SCMP_SYS(exit_group),
	SCMP_SYS(getpid), /* mbedTLS wonders whether it was forked */
};

/* Messages, the loop, and the start of a child: its descriptors, its bounds, its filter. */
static const int parent_calls[] = {
	SCMP_SYS(recvmsg),     SCMP_SYS(sendmsg),   SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_ctl), SCMP_SYS(dup),
	SCMP_SYS(dup2),        SCMP_SYS(dup3),      SCMP_SYS(pipe2),
	SCMP_SYS(fork),        SCMP_SYS(kill),      SCMP_SYS(close_range),
	SCMP_SYS(setrlimit),   SCMP_SYS(prlimit64), SCMP_SYS(seccomp),
	SCMP_SYS(gettid),      SCMP_SYS(tgkill),    SCMP_SYS(set_tid_address),
};

/* Memory that is written is never executed. */
static int add_protection(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
				SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
}

static int add_transfer(scmp_filter_ctx filter)
{
	static const int families[] = { AF_INET, AF_INET6 };
	int result = 0;

	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(transfer_calls); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, transfer_calls[i], 0);
	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(families); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
					  FIRST_IS((scmp_datum_t)families[i]));
	return result ? result : add_protection(filter);
}

/* No new namespaces by clone(). Of prctl() what a child is confined with. */
static int add_parent(scmp_filter_ctx filter)
{
	static const int wishes[] = { PR_SET_PDEATHSIG, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP };
	const uint64_t namespaces = 0x7e020000; /* CLONE_NEWNS ... CLONE_NEWNET */
	int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				      SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces, 0));

	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(parent_calls); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, parent_calls[i], 0);
	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(wishes); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
					  FIRST_IS((scmp_datum_t)wishes[i]));
	return result;
}

static int filter_load(int (*more)(scmp_filter_ctx filter))
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = filter ? add_transfer(filter) : -ENOMEM;

	if (result == 0 && more)
		result = more(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer's own run time needs much more; it is for tests. */
#define CONFINED 0
#else
#define CONFINED 1
#endif

int fetch_sandbox(struct error *error)
{
	int result = CONFINED ? filter_load(add_parent) : 0;

	return result < 0 ? error_set(error, result, "system call filter: %d", result) : 0;
}

int fetch_child_sandbox(void)
{
	return CONFINED ? filter_load(NULL) : 0;
}
