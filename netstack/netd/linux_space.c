/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Network namespaces that outlive netd: each is bind-mounted on a file below LINUX_SPACES, as
 * ip-netns(8) does. netd itself stays at home: it visits a namespace only to open a socket or a
 * sysctl there, and one thread does all of it.
 */
#include "netstack/netd/linux.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

static void space_path(const char *space, char *path, size_t size)
{
	snprintf(path, size, "%s/%s", LINUX_SPACES, space);
}

int linux_space_open(const char *space, struct error *error)
{
	char path[128];
	int fd;

	space_path(space, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? error_errno(error, "%s", path) : fd;
}

/* Nothing that netd does makes sense in the wrong namespace: it starts anew instead. */
static void go_home(struct backend *backend)
{
	struct linux_backend *self = container_of(backend, struct linux_backend, backend);

	if (setns(self->home, CLONE_NEWNET) == 0)
		return;
	log_error("linux", "cannot return to own namespace", "errno=%d", errno);
	_exit(1);
}

static int visit_space(const char *space, struct error *error)
{
	CLEANUP_FD int fd = linux_space_open(space, error);

	if (fd < 0)
		return fd;
	if (setns(fd, CLONE_NEWNET) < 0)
		return error_errno(error, "enter %s", space);
	return 0;
}

int linux_netlink_open(struct backend *backend, const char *space, int protocol,
		       struct netlink *netlink, struct error *error)
{
	int result;

	netlink->fd = -1;
	if (*space == '\0')
		return netlink_open(netlink, protocol, 0, error);
	result = visit_space(space, error);
	if (result < 0)
		return result;
	result = netlink_open(netlink, protocol, 0, error);
	go_home(backend);
	return result;
}

int linux_socket_open(struct backend *backend, const char *space, int domain, int type,
		      struct error *error)
{
	int result = *space != '\0' ? visit_space(space, error) : 0;
	int fd = result < 0 ? result : socket(domain, type | SOCK_CLOEXEC, 0);

	if (result == 0 && fd < 0)
		fd = error_errno(error, "socket in %s", space);
	if (*space != '\0' && result == 0)
		go_home(backend);
	return fd;
}

int linux_sysctl(const char *name, const char *value, struct error *error)
{
	char path[128];
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		return error_errno(error, "%s", path);
	return 0;
}

/* In the new namespace: what every router needs. A kernel without IPv6 has not those of it. */
static int space_furnish(struct error *error)
{
	int result = linux_sysctl("net/ipv4/ip_forward", "1", error);

	linux_sysctl("net/ipv6/conf/all/forwarding", "1", NULL);
	linux_sysctl("net/ipv6/conf/default/accept_ra", "0", NULL);
	linux_sysctl("net/ipv6/conf/default/accept_redirects", "0", NULL);
	/* Its addresses are given once, by the control plane: nothing to detect. */
	linux_sysctl("net/ipv6/conf/default/dad_transmits", "0", NULL);
	/* A router speaks for its own addresses on the link that has them, not for all. */
	linux_sysctl("net/ipv4/conf/all/arp_ignore", "1", NULL);
	linux_sysctl("net/ipv4/conf/all/send_redirects", "0", NULL);
	linux_sysctl("net/ipv4/conf/default/send_redirects", "0", NULL);
	return result;
}

static int space_make(struct backend *backend, const char *path, struct error *error)
{
	CLEANUP_FD int file = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
	int result;

	if (file < 0)
		return error_errno(error, "%s", path);
	if (unshare(CLONE_NEWNET) < 0)
		return error_errno(error, "unshare network namespace");
	result = space_furnish(error);
	if (result == 0 && mount("/proc/self/ns/net", path, "none", MS_BIND, NULL) < 0)
		result = error_errno(error, "mount namespace on %s", path);
	go_home(backend);
	return result;
}

/* A file that no namespace is mounted on is what a crash between the two steps leaves. */
static bool space_is_live(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || setns(fd, CLONE_NEWNET) < 0)
		return false;
	return true;
}

int linux_space_set(struct backend *backend, const char *space, struct error *error)
{
	char path[128];

	space_path(space, path, sizeof(path));
	if (space_is_live(path)) {
		go_home(backend);
		return 0;
	}
	unlink(path);
	int result = space_make(backend, path, error);

	return result < 0 ? result : linux_link_up(backend, space, "lo", error);
}

int linux_space_delete(struct backend *backend, const char *space, struct error *error)
{
	char path[128];

	(void)backend;
	space_path(space, path, sizeof(path));
	if (umount2(path, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT)
		return error_errno(error, "unmount %s", path);
	if (unlink(path) < 0 && errno != ENOENT)
		return error_errno(error, "remove %s", path);
	return 0;
}

int linux_spaces(struct backend *backend, void (*visit)(const char *space, void *context),
		 void *context, struct error *error)
{
	DIR *directory = opendir(LINUX_SPACES);
	struct dirent *entry;

	(void)backend;
	if (directory == NULL)
		return error_errno(error, "%s", LINUX_SPACES);
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			visit(entry->d_name, context);
	closedir(directory);
	return 0;
}
