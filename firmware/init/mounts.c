/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "firmware/init/system.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

enum where { BOOTED = 1, HOSTED = 2, BOTH = 3 };

/* In order; what is mounted already is left alone. */
static const struct {
	const char *type, *target;
	unsigned long flags;
	const char *options;
	enum where where;
} mounts[] = {
	{ "proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, BOTH },
	{ "sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, BOTH },
	{ "devtmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755", BOOTED },
	{ "tmpfs", "/dev", MS_NOSUID | MS_NOEXEC, "mode=0755,size=64k", HOSTED },
	{ "devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620",
	  BOTH },
	{ "tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", BOTH },
	{ "tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=0755,size=16m", BOTH },
	{ "tmpfs", "/tmp", MS_NOSUID | MS_NODEV, "mode=1777,size=64m", BOTH },
	{ "cgroup2", "/sys/fs/cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, BOTH },
};

struct node {
	const char *path;
	unsigned major, minor;
	mode_t mode;
};

static const struct node nodes[] = {
	{ "/dev/null", 1, 3, 0666 },       { "/dev/zero", 1, 5, 0666 },
	{ "/dev/full", 1, 7, 0666 },       { "/dev/random", 1, 8, 0666 },
	{ "/dev/urandom", 1, 9, 0666 },    { "/dev/tty", 5, 0, 0666 },
	{ "/dev/net/tun", 10, 200, 0666 },
};

static const struct node kvm_nodes[] = {
	{ "/dev/kvm", 10, 232, 0660 },
	{ "/dev/vhost-net", 10, 238, 0660 },
};

static void warn(const char *event, const char *path)
{
	log_warning("mount", event, "path=%s reason=%s", path, log_quote(strerror(errno)));
}

static bool is_mounted(const char *path)
{
	char parent[64];
	struct stat here, above;

	snprintf(parent, sizeof(parent), "%s/..", path);
	return stat(path, &here) == 0 && stat(parent, &above) == 0 && here.st_dev != above.st_dev;
}

static void mount_one(size_t i)
{
	const char *target = mounts[i].target;

	if (is_mounted(target))
		return;
	mkdir(target, 0755);
	if (mount(mounts[i].type, target, mounts[i].type, mounts[i].flags, mounts[i].options) < 0)
		warn("not mounted", target);
}

static void node_make(const struct node *node)
{
	if (mknod(node->path, S_IFCHR | node->mode, makedev(node->major, node->minor)) < 0)
		warn("device not made", node->path);
	else
		chmod(node->path, node->mode); /* whatever the umask is */
}

static void nodes_make(void)
{
	mkdir("/dev/net", 0755);
	for (size_t i = 0; i < ARRAY_LENGTH(nodes); i++)
		node_make(&nodes[i]);
}

void system_kvm_nodes_make(void)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kvm_nodes); i++)
		node_make(&kvm_nodes[i]);
}

static void links_make(void)
{
	static const char *const links[][2] = { { "pts/ptmx", "/dev/ptmx" },
						{ "/proc/self/fd", "/dev/fd" } };

	for (size_t i = 0; i < ARRAY_LENGTH(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0 && errno != EEXIST)
			warn("link not made", links[i][1]);
}

/* Below it nothing of the control plane's is given up for others' sake: its program, the store's
 * pages, what it allocated. */
#define SYSTEM_MIN "67108864"
#define SYSTEM_GROUP "/sys/fs/cgroup/system"

static int file_write(const char *path, const char *text)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

/* This process, and with it all that it starts; guests are put elsewhere. A group that hands
 * controllers down may hold no process itself, so this comes first. */
static void system_group_enter(void)
{
	mkdir(SYSTEM_GROUP, 0755);
	if (file_write(SYSTEM_GROUP "/cgroup.procs", "0") < 0)
		log_info("mount", "no group for the control plane", "reason=%s",
			 log_quote(strerror(errno)));
}

/* Guests get limits of their own: each controller that is there is passed down. */
static void controllers_enable(void)
{
	static const char *const names[] = { "+cpu", "+memory", "+io", "+pids" };
	CLEANUP_FD int fd = open("/sys/fs/cgroup/cgroup.subtree_control", O_WRONLY | O_CLOEXEC);
	char missing[64] = "";

	system_group_enter();
	for (size_t i = 0; fd >= 0 && i < ARRAY_LENGTH(names); i++)
		if (write(fd, names[i], strlen(names[i])) < 0)
			strcat(missing, names[i]);
	if (missing[0] != '\0')
		log_info("mount", "cgroup controllers are missing", "names=%s", missing);
	if (strstr(missing, "+memory") == NULL &&
	    file_write(SYSTEM_GROUP "/memory.min", SYSTEM_MIN) < 0)
		log_info("mount", "the control plane's memory is not kept", "reason=%s",
			 log_quote(strerror(errno)));
}

void system_mount(bool hosted)
{
	umask(022);
	for (size_t i = 0; i < ARRAY_LENGTH(mounts); i++) {
		if (!(mounts[i].where & (hosted ? HOSTED : BOOTED)))
			continue;
		mount_one(i);
		if (hosted && strcmp(mounts[i].target, "/dev") == 0)
			nodes_make();
	}
	links_make();
	controllers_enable();
}

/* ---- the end ---- */

static int path_is_kernel(const char *path)
{
	return strncmp(path, "/proc", 5) == 0 || strncmp(path, "/sys", 4) == 0 ||
	       strncmp(path, "/dev", 4) == 0 || strcmp(path, "/") == 0;
}

/* Mounts are listed oldest first, so the last line goes first. */
static bool last_unmount(void)
{
	char line[512], path[256], last[256] = "";
	FILE *file = fopen("/proc/mounts", "re");

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%*s %255s", path) == 1 && !path_is_kernel(path))
			strcpy(last, path);
	if (file != NULL)
		fclose(file);
	if (last[0] == '\0')
		return false;
	if (umount2(last, 0) == 0)
		return true;
	warn("not unmounted", last);
	mount(NULL, last, NULL, MS_REMOUNT | MS_RDONLY, NULL);
	return umount2(last, MNT_DETACH) == 0;
}

void system_unmount(void)
{
	for (int i = 0; i < 64 && last_unmount(); i++)
		;
}
