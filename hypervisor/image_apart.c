/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A parser of what strangers wrote runs as nobody, behind a filter that leaves it reading the image
 * and writing one answer. The answer is a stranger's word too: it is checked before it is used.
 */
#include "hypervisor/image_apart.h"

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/role.h"

#define PATIENCE_MS 5000
#define MEMORY_MAX (64UL << 20)
#define IMAGE_FD 0
#define ANSWER_FD 1

struct answer {
	int32_t result;
	uint64_t virtual_size;
	char format[16], reason[512];
};

/* ---- the child ---- */

#ifdef __SANITIZE_ADDRESS__
/* The sanitizer's own run time needs much more; it is for tests. */
static int filter_load(void)
{
	return 0;
}
#else
/* Reading the image, one answer, memory for the pieces, the end. */
static int filter_load(void)
{
	static const int allowed[] = {
		SCMP_SYS(pread64), SCMP_SYS(write),  SCMP_SYS(brk),        SCMP_SYS(mmap),
		SCMP_SYS(munmap),  SCMP_SYS(mremap), SCMP_SYS(exit_group),
	};
	const struct rlimit memory = { MEMORY_MAX, MEMORY_MAX };
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int result = filter == NULL ? -ENOMEM : 0;

	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(allowed); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (result == 0 && setrlimit(RLIMIT_AS, &memory) < 0)
		result = -errno;
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result;
}
#endif

/* Unit tests of others than root have no user to change to. */
static int user_drop(void)
{
	if (geteuid() != 0)
		return 0;
	if (setgroups(0, NULL) < 0 || setresgid(UID_CONVERT, UID_CONVERT, UID_CONVERT) < 0 ||
	    setresuid(UID_CONVERT, UID_CONVERT, UID_CONVERT) < 0)
		return -errno;
	return 0;
}

static int descriptors_keep(int image, int answer)
{
	/* Both above what they become, so that neither overwrites the other. */
	image = fcntl(image, F_DUPFD, 3);
	answer = fcntl(answer, F_DUPFD, 3);
	if (image < 0 || answer < 0 || dup2(image, IMAGE_FD) < 0 || dup2(answer, ANSWER_FD) < 0)
		return -errno;
	return syscall(SYS_close_range, 2u, ~0u, 0u) < 0 ? -errno : 0;
}

static int confine(int image, int answer)
{
	int result = descriptors_keep(image, answer);

	if (result == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
		result = -errno;
	if (result == 0)
		result = user_drop();
	if (result == 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		result = -errno;
	return result == 0 ? filter_load() : result;
}

static _Noreturn void child_run(int image, int answer_fd, uint64_t size, const char *claimed)
{
	const struct image_source source = image_source_file(IMAGE_FD, size);
	struct image_facts facts = { 0 };
	struct answer answer = { 0 };
	struct error error = { 0 };

	answer.result = confine(image, answer_fd);
	if (answer.result == 0) {
		answer.result = image_inspect(&source, claimed, &facts, &error);
		answer.virtual_size = facts.virtual_size;
		snprintf(answer.format, sizeof(answer.format), "%s", facts.format);
		snprintf(answer.reason, sizeof(answer.reason), "%.500s", error.message);
	} else {
		snprintf(answer.reason, sizeof(answer.reason),
			 "No sandbox to look into the image in");
	}
	if (write(ANSWER_FD, &answer, sizeof(answer)) != sizeof(answer))
		_exit(1);
	_exit(0);
}

/* ---- the caller ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int answer_read(int fd, struct answer *answer, struct error *error)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t end = now_ms() + PATIENCE_MS, left;
	size_t have = 0;

	while (have < sizeof(*answer) && (left = end - now_ms()) > 0) {
		ssize_t got = 0;

		if (poll(&ready, 1, (int)left) > 0)
			got = read(fd, (char *)answer + have, sizeof(*answer) - have);
		else
			continue;
		if (got <= 0)
			return error_set(error, -EIO, "Looking into the image ended unexpectedly");
		have += (size_t)got;
	}
	if (have < sizeof(*answer))
		return error_set(error, -ETIMEDOUT, "Looking into the image took too long");
	return 0;
}

static int answer_take(struct answer *answer, struct image_facts *facts, struct error *error)
{
	answer->format[sizeof(answer->format) - 1] = '\0';
	answer->reason[sizeof(answer->reason) - 1] = '\0';
	if (answer->result != 0)
		return error_set(error, answer->result == -EINVAL ? -EINVAL : -EIO, "%s",
				 answer->reason);
	facts->format = image_format_known(answer->format);
	facts->virtual_size = answer->virtual_size;
	if (facts->format == NULL || !image_size_is_sound(facts->virtual_size))
		return error_set(error, -EIO, "Looking into the image gave nonsense");
	return 0;
}

int image_inspect_apart(int fd, const char *claimed, struct image_facts *facts, struct error *error)
{
	CLEANUP_FD int read_end = -1;
	CLEANUP_FD int write_end = -1;
	struct answer answer = { 0 };
	struct stat status;
	int ends[2], result;
	pid_t pid;

	*facts = (struct image_facts){ 0 };
	if (fd < 0 || fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return error_set(error, -EINVAL, "Image is not a file");
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_errno(error, "pipe");
	read_end = ends[0];
	write_end = ends[1];
	pid = fork();
	if (pid < 0)
		return error_errno(error, "fork");
	if (pid == 0)
		child_run(fd, write_end, (uint64_t)status.st_size, claimed);
	close(fd_take(&write_end));
	result = answer_read(read_end, &answer, error);
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return result < 0 ? result : answer_take(&answer, facts, error);
}
