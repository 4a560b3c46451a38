/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <grp.h>

#include "firmware/lib/cleanup.h"

/* Linux 5.2 and 5.12; musl has no wrappers and glibc's header collides with the kernel's. */
#define TREE_CLONE 1
#define TREE_CLOEXEC O_CLOEXEC
#define MOVE_EMPTY_SOURCE 4
#define ATTRIBUTE_READ_ONLY 1
#define ATTRIBUTE_NO_SUID 2
#define ATTRIBUTE_NO_DEVICES 4

struct tree_attributes {
	uint64_t set, clear, propagation, userns_fd;
};

#define BINDS_MAX 16
#define DESCRIPTORS_MAX 1024 /* RLIMIT_NOFILE */
#define THREADS_MAX 512      /* RLIMIT_NPROC: virtual processors, I/O threads */

/* Only the child runs what follows. It never returns from fail(). */
struct child {
	const struct sandbox *sandbox;
	int status_fd;
	int trees[BINDS_MAX];
};

static _Noreturn void fail(const struct child *child, const char *step, const char *detail)
{
	struct sandbox_fault fault = { .code = errno };

	snprintf(fault.step, sizeof(fault.step), "%s%s%s", step, detail[0] != '\0' ? " " : "",
		 detail);
	if (write(child->status_fd, &fault, sizeof(fault)) < 0)
		_exit(126);
	_exit(127);
}

static void check(const struct child *child, long result, const char *step)
{
	if (result < 0)
		fail(child, step, "");
}

static void signals_reset(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void cgroup_join(const struct child *child)
{
	char path[512];
	int fd;

	if (child->sandbox->cgroup == NULL)
		return;
	snprintf(path, sizeof(path), "%s/cgroup.procs", child->sandbox->cgroup);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, "0", 1) != 1)
		fail(child, "cgroup", path);
	close(fd);
}

/* vmm's own score is low, and would be inherited. Where it may not be raised, it is as it is. */
static void oom_score_set(const struct child *child)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", child->sandbox->oom_score);

	if (fd >= 0 && write(fd, text, (size_t)length) < 0 && errno != EACCES)
		fail(child, "oom_score_adj", text);
	close(fd);
}

/* ---- the root ---- */

/* Detached copies are taken before the mount namespace is left: descriptors belong to mounts of
 * the old one, which the new one would refuse. */
static void trees_take(struct child *child)
{
	const struct sandbox *sandbox = child->sandbox;

	for (size_t i = 0; i < sandbox->bind_count; i++) {
		const struct sandbox_bind *bind = &sandbox->binds[i];
		struct tree_attributes attributes = { .set = ATTRIBUTE_NO_SUID |
							     ATTRIBUTE_NO_DEVICES };
		unsigned flags = TREE_CLONE | TREE_CLOEXEC | AT_EMPTY_PATH;

		child->trees[i] = (int)syscall(SYS_open_tree, bind->fd >= 0 ? bind->fd : AT_FDCWD,
					       bind->fd >= 0 ? "" : bind->path, flags);
		if (child->trees[i] < 0)
			fail(child, "open_tree", bind->path != NULL ? bind->path : bind->target);
		if (!bind->writable)
			attributes.set |= ATTRIBUTE_READ_ONLY;
		check(child,
		      syscall(SYS_mount_setattr, child->trees[i], "", AT_EMPTY_PATH, &attributes,
			      sizeof(attributes)),
		      "mount_setattr");
	}
}

/* Makes 'path' (relative) and what is above it: an empty file, or a directory. */
static void place_make(const struct child *child, const char *path, bool directory)
{
	char part[512];
	int fd;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - path), path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			fail(child, "mkdir", part);
	}
	if (directory) {
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			fail(child, "mkdir", path);
		return;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	check(child, fd, "file for a mount");
	close(fd);
}

static void trees_place(const struct child *child)
{
	for (size_t i = 0; i < child->sandbox->bind_count; i++) {
		const struct sandbox_bind *bind = &child->sandbox->binds[i];
		const char *target = bind->target != NULL ? bind->target : bind->path;
		struct stat status;

		check(child, fstat(child->trees[i], &status), "fstat");
		place_make(child, target + 1, S_ISDIR(status.st_mode));
		if (syscall(SYS_move_mount, child->trees[i], "", AT_FDCWD, target + 1,
			    MOVE_EMPTY_SOURCE) < 0)
			fail(child, "move_mount", target);
	}
}

static void device_make(const struct child *child, const char *path, unsigned major_number,
			unsigned minor_number)
{
	mode_t mask = umask(0);

	if (mknod(path, S_IFCHR | 0666, makedev(major_number, minor_number)) < 0)
		fail(child, "mknod", path);
	umask(mask);
}

static void root_enter(struct child *child)
{
	const struct sandbox *sandbox = child->sandbox;

	check(child, mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
	check(child,
	      mount("root", sandbox->root, "tmpfs", MS_NOSUID | MS_NOEXEC,
		    "size=64k,nr_inodes=64,mode=755"),
	      "tmpfs");
	check(child, chdir(sandbox->root), "chdir");
	trees_place(child);
	place_make(child, "dev", true);
	device_make(child, "dev/null", 1, 3);
	device_make(child, "dev/urandom", 1, 9);
	if (sandbox->kvm)
		device_make(child, "dev/kvm", 10, 232);
	check(child,
	      mount(NULL, sandbox->root, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NOEXEC,
		    NULL),
	      "read-only root");
	/* The old root is stacked below the new one and taken away: there is no way back. */
	check(child, syscall(SYS_pivot_root, ".", "."), "pivot_root");
	check(child, umount2(".", MNT_DETACH), "umount of the old root");
	check(child, chdir("/"), "chdir to the root");
}

/* ---- privileges ---- */

static void limit(const struct child *child, int resource, uint64_t value)
{
	struct rlimit both = { value, value };

	check(child, setrlimit(resource, &both), "setrlimit");
}

static void limits_set(const struct child *child)
{
	const struct sandbox *sandbox = child->sandbox;

	limit(child, RLIMIT_CORE, 0); /* a core would hold the guest's memory */
	limit(child, RLIMIT_NOFILE, DESCRIPTORS_MAX);
	limit(child, RLIMIT_NPROC, THREADS_MAX);
	if (sandbox->cpu_seconds != 0)
		limit(child, RLIMIT_CPU, sandbox->cpu_seconds);
	if (sandbox->memory != 0)
		limit(child, RLIMIT_AS, sandbox->memory);
	if (sandbox->file_size != 0)
		limit(child, RLIMIT_FSIZE, sandbox->file_size);
}

static void capabilities_set(const struct child *child, uint32_t mask)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { mask, mask, mask } };

	check(child, syscall(SYS_capset, &header, data), "capset");
}

static void privileges_drop(const struct child *child)
{
	const struct sandbox *sandbox = child->sandbox;
	uint32_t keep = sandbox->foreign_files ? UINT32_C(1) << CAP_DAC_OVERRIDE : 0;

	for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
		if (capability >= 32 || !(keep & UINT32_C(1) << capability))
			prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
	if (keep != 0)
		check(child, prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), "keepcaps");
	check(child, setgroups(0, NULL), "setgroups");
	check(child, setresgid(sandbox->uid, sandbox->uid, sandbox->uid), "setresgid");
	check(child, setresuid(sandbox->uid, sandbox->uid, sandbox->uid), "setresuid");
	capabilities_set(child, keep);
	if (keep != 0)
		check(child, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_DAC_OVERRIDE, 0, 0),
		      "ambient capability");
	check(child, prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
}

/* ---- descriptors ---- */

static void descriptors_set(const struct child *child)
{
	const struct sandbox *sandbox = child->sandbox;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	check(child, null, "/dev/null");
	check(child, dup2(null, 0), "dup2");
	check(child, dup2(sandbox->output >= 0 ? sandbox->output : null, 1), "dup2");
	check(child, dup2(1, 2), "dup2");
	check(child, syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */),
	      "close_range");
	for (size_t i = 0; i < sandbox->fd_count; i++)
		if (sandbox->fds[i] >= 0)
			check(child, fcntl(sandbox->fds[i], F_SETFD, 0), "descriptor");
}

static _Noreturn void child_run(const struct sandbox *sandbox, char *const argv[], int status_fd)
{
	struct child child = { .sandbox = sandbox, .status_fd = status_fd };
	char *const environment[] = { "PATH=/usr/bin", "LC_ALL=C", NULL };

	signals_reset();
	setsid();
	umask(0022);
	cgroup_join(&child);
	oom_score_set(&child);
	trees_take(&child);
	check(&child, unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS), "unshare");
	root_enter(&child);
	limits_set(&child);
	descriptors_set(&child);
	privileges_drop(&child);
	umask(0077);
	execve(argv[0], argv, environment);
	fail(&child, "exec", argv[0]);
}

pid_t sandbox_spawn(const struct sandbox *sandbox, char *const argv[], int *status_fd)
{
	CLEANUP_FD int read_end = -1;
	CLEANUP_FD int write_end = -1;
	int ends[2];
	pid_t pid;

	if (sandbox->bind_count > BINDS_MAX)
		return -E2BIG;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	read_end = ends[0];
	write_end = ends[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0)
		child_run(sandbox, argv, write_end);
	*status_fd = fd_take(&read_end);
	return pid;
}
