/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/base.h"

static uint64_t bytes_free(int directory)
{
	struct statvfs status;

	return fstatvfs(directory, &status) < 0 ? UINT64_MAX
						: (uint64_t)status.f_bavail * status.f_frsize;
}

static bool ends_with_raw(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot != NULL && strcmp(dot, ".raw") == 0;
}

/* A base with a second link has an overlay on it. The time of the last change is that of the last
 * use: disk_make() touches it. */
static bool oldest_unused(DIR *directory, char *name, size_t size)
{
	struct dirent *entry;
	struct stat status;
	time_t oldest = 0;
	bool found = false;

	rewinddir(directory);
	while ((entry = readdir(directory)) != NULL) {
		if (!ends_with_raw(entry->d_name) ||
		    fstatat(dirfd(directory), entry->d_name, &status, AT_SYMLINK_NOFOLLOW) < 0 ||
		    status.st_nlink != 1 || (found && status.st_mtime >= oldest))
			continue;
		found = true;
		oldest = status.st_mtime;
		snprintf(name, size, "%s", entry->d_name);
	}
	return found;
}

void base_collect(const struct vmm *vmm, uint64_t bytes)
{
	char path[VMM_PATH_SIZE], name[256];
	DIR *directory;

	path_format(path, "%s/.base", vmm->options.guests);
	directory = opendir(path);
	if (directory == NULL)
		return;
	while (bytes_free(dirfd(directory)) < bytes &&
	       oldest_unused(directory, name, sizeof(name)) &&
	       unlinkat(dirfd(directory), name, 0) == 0)
		log_info("base", "base image removed for space", "file=%s", name);
	closedir(directory);
}
