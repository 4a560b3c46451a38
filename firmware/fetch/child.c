/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process of one transfer: it has the pipe, the certificates, and sockets that it opens. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "firmware/fetch/fetch.h"
#include "firmware/fetch/transfer.h"

#define MEMORY_MAX (96UL << 20)
#define OUTPUT_FD 0
#define ANSWER_FD 1
#define AUTHORITIES_FD 3

/* Copies above all places first, so that none overwrites another. */
static int descriptor_place(int fd, int place)
{
	return fd < 0 || dup2(fd, place) < 0 ? -1 : 0;
}

static int descriptors_keep(const struct fetch *fetch, int output, int answer)
{
	int high_output = fcntl(output, F_DUPFD, AUTHORITIES_FD + 1);
	int high_answer = fcntl(answer, F_DUPFD, AUTHORITIES_FD + 1);
	int high_authorities = fcntl(fetch->authorities_fd, F_DUPFD, AUTHORITIES_FD + 1);

	if (descriptor_place(high_output, OUTPUT_FD) < 0 ||
	    descriptor_place(high_answer, ANSWER_FD) < 0)
		return -errno;
	if (descriptor_place(high_authorities, AUTHORITIES_FD) < 0)
		close(AUTHORITIES_FD);
	if (syscall(SYS_close_range, AUTHORITIES_FD + 1, ~0u, 0u) < 0)
		return -errno;
	return fcntl(OUTPUT_FD, F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer's own shadow is larger, and its reports go to standard error. */
static int memory_bound(void)
{
	return 0;
}
#else
static int memory_bound(void)
{
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };

	close(STDERR_FILENO);
	return setrlimit(RLIMIT_AS, &memory) < 0 ? -errno : 0;
}
#endif

static int confine(const struct fetch *fetch, int output, int answer)
{
	int result = descriptors_keep(fetch, output, answer);

	if (result == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		result = -errno;
	signal(SIGPIPE, SIG_IGN);
	if (result == 0)
		result = memory_bound();
	return result == 0 ? fetch_child_sandbox() : result;
}

static _Noreturn void child_run(const struct fetch *fetch, const struct fetch_begin *begin,
				int output, int answer)
{
	struct transfer transfer = { .begin = begin,
				     .output = OUTPUT_FD,
				     .authorities_fd = AUTHORITIES_FD,
				     .end_ms = transfer_now() + begin->total_ms,
				     .dns_port = fetch->dns_port };
	struct fetch_end end = { 0 };
	struct error error = { 0 };
	int result = confine(fetch, output, answer);

	if (result < 0)
		error_set(&error, result, "no sandbox for the transfer");
	else
		result = transfer_run(&transfer, &error);
	end.code = (uint32_t)-result;
	snprintf(end.reason, sizeof(end.reason), "%.511s", result < 0 ? error.message : "");
	/* The bytes end before their verdict comes, whoever reads first. */
	close(OUTPUT_FD);
	_exit(write(ANSWER_FD, &end, sizeof(end)) == sizeof(end) ? 0 : 1);
}

pid_t fetch_child_start(const struct fetch *fetch, const struct fetch_begin *begin, int output,
			int answer)
{
	pid_t pid = fork();

	if (pid == 0)
		child_run(fetch, begin, output, answer);
	return pid < 0 ? -errno : pid;
}
