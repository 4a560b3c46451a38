/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/provision.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

#define SOURCE_BOOTED "/sys/firmware/qemu_fw_cfg/by_name/opt/org.cumulet"
#define SOURCE_HOSTED PATH_DATA "/provision"
#define PATH_SIZE 128

static const char *const names[] = { "admin-password", "hostname", "uplink",
				     "resize-confirm-window", "image-import" };

static int file_read(const char *path, char *data, size_t size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t count;

	if (fd < 0)
		return -errno;
	count = read(fd, data, size);
	if (count < 0)
		return -errno;
	return (size_t)count == size ? -EFBIG : (int)count;
}

static int file_write(const char *path, const char *data, size_t size)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size ||
	    fchown(fd, UID_CLOUD, UID_CLOUD) < 0)
		return -errno;
	return 0;
}

static void setting_copy(bool hosted, const char *name)
{
	char source[PATH_SIZE], target[PATH_SIZE], data[PROVISION_MOST + 1];
	int result;

	if (hosted)
		snprintf(source, sizeof(source), SOURCE_HOSTED "/%s", name);
	else
		snprintf(source, sizeof(source), SOURCE_BOOTED "/%s/raw", name);
	snprintf(target, sizeof(target), PATH_PROVISION "/%s", name);
	result = file_read(source, data, sizeof(data));
	if (result == -ENOENT)
		return;
	if (result >= 0)
		result = file_write(target, data, (size_t)result);
	if (result < 0)
		log_warning("provision", "setting not taken", "name=%s reason=%s", name,
			    log_quote(strerror(-result)));
	else
		log_info("provision", "setting taken", "name=%s", name);
	explicit_bzero(data, sizeof(data));
}

void provision_copy(bool hosted)
{
	if (mkdir(PATH_PROVISION, 0700) < 0 || chown(PATH_PROVISION, UID_CLOUD, UID_CLOUD) < 0)
		log_warning("provision", "no directory", "reason=%s", log_quote(strerror(errno)));
	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		setting_copy(hosted, names[i]);
}

void provision_show(void)
{
	if (mount(PATH_PROVISION, PATH_CLOUD "/provision", NULL, MS_BIND, NULL) < 0)
		log_warning("provision", "settings not shown to cloud", "reason=%s",
			    log_quote(strerror(errno)));
}

bool provision_read(const char *name, char *value, size_t size)
{
	char path[PATH_SIZE];
	int length;

	snprintf(path, sizeof(path), PATH_PROVISION "/%s", name);
	length = file_read(path, value, size);
	if (length < 0)
		return false;
	value[length] = '\0';
	value[strcspn(value, "\r\n")] = '\0';
	return true;
}
