/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/socket_path.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

static int address_set(struct sockaddr_un *address, const char *path)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

int socket_path_listen(const char *path)
{
	struct sockaddr_un address;
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int result = address_set(&address, path);

	if (fd < 0)
		return -errno;
	if (result < 0)
		return result;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
		return -errno;
	return fd_take(&fd);
}

int socket_path_connect(const char *path)
{
	struct sockaddr_un address;
	CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int result = address_set(&address, path);

	if (fd < 0)
		return -errno;
	if (result < 0)
		return result;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd_take(&fd);
}
