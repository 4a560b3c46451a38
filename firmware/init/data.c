/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/data.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/blkpg.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/init/gpt.h"
#include "firmware/init/xfs.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

#define PARTITION_NAME "data"
#define MKFS "/usr/sbin/mkfs.xfs"

struct data_disk {
	char sysfs[PATH_MAX]; /* the disk's folder */
	uint64_t sectors;
	unsigned sector_size;
	struct gpt_partition partition;
	char device[64]; /* the data partition's node */
};

/* ---- finding the disk ---- */

static bool number_read(const char *folder, const char *name, uint64_t *value)
{
	char path[PATH_MAX];
	FILE *file;
	bool found;

	if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
		return false;
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	found = fscanf(file, "%lu", value) == 1;
	fclose(file);
	return found;
}

/* The first device below a mapped one (a verified root lies on its partition). */
static bool slave_find(const char *folder, char *slave, size_t size)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *directory;

	if (snprintf(path, sizeof(path), "%s/slaves", folder) >= (int)sizeof(path))
		return false;
	directory = opendir(path);
	while (directory != NULL && !found && (entry = readdir(directory)) != NULL)
		found = entry->d_name[0] != '.' &&
			snprintf(slave, size, "/sys/class/block/%s", entry->d_name) < (int)size;
	if (directory != NULL)
		closedir(directory);
	return found;
}

/* From a block device's folder to that of the whole disk. */
static int disk_of(const char *folder, struct data_disk *disk, struct error *error)
{
	char path[PATH_MAX];
	uint64_t number;

	while (slave_find(folder, path, sizeof(path)))
		folder = path;
	if (realpath(folder, disk->sysfs) == NULL)
		return error_errno(error, "the root file system's device");
	if (number_read(disk->sysfs, "partition", &number))
		*strrchr(disk->sysfs, '/') = '\0';
	return 0;
}

static int disk_find(struct data_disk *disk, struct error *error)
{
	char folder[64];
	uint64_t size, sector_size;
	struct stat root;
	int result;

	if (stat("/", &root) < 0)
		return error_errno(error, "the root file system");
	snprintf(folder, sizeof(folder), "/sys/dev/block/%u:%u", major(root.st_dev),
		 minor(root.st_dev));
	result = disk_of(folder, disk, error);
	if (result < 0)
		return result;
	if (!number_read(disk->sysfs, "size", &size) ||
	    !number_read(disk->sysfs, "queue/logical_block_size", &sector_size))
		return error_set(error, -ENODEV, "the size of %s is not known", disk->sysfs);
	disk->sector_size = (unsigned)sector_size;
	disk->sectors = size * 512 / sector_size; /* sysfs counts in 512 bytes, always */
	return 0;
}

/* ---- the partition ---- */

/* The kernel has read the table at boot; the disk is in use, so it is told of the one change. */
static int kernel_tell(const struct data_disk *disk, int fd, struct error *error)
{
	const struct gpt_partition *partition = &disk->partition;
	struct blkpg_partition data = {
		.start = (long long)(partition->first * disk->sector_size),
		.length = (long long)((partition->last - partition->first + 1) * disk->sector_size),
		.pno = (int)partition->number,
	};
	struct blkpg_ioctl_arg argument = {
		.op = partition->created ? BLKPG_ADD_PARTITION : BLKPG_RESIZE_PARTITION,
		.datalen = sizeof(data),
		.data = &data,
	};

	if (!partition->created && !partition->grown)
		return 0;
	log_info("data", "partition table written", "number=%u bytes=%lld created=%d",
		 partition->number, data.length, partition->created);
	if (ioctl(fd, BLKPG, &argument) < 0)
		return error_errno(error, "tell the kernel of partition %u", partition->number);
	return 0;
}

static int partition_prepare(struct data_disk *disk, struct error *error)
{
	char path[NAME_MAX + 6];
	CLEANUP_FD int fd = -1;
	int result;

	snprintf(path, sizeof(path), "/dev/%s", strrchr(disk->sysfs, '/') + 1);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return error_errno(error, "open %s", path);
	result = gpt_extend(fd, disk->sectors, disk->sector_size, PARTITION_NAME, &disk->partition,
			    error);
	if (result == 0)
		result = kernel_tell(disk, fd, error);
	return result;
}

/* The node's name is the kernel's choice (vda3, mmcblk0p3): it is looked up, not made up. */
static int device_find(struct data_disk *disk, struct error *error)
{
	DIR *directory = opendir(disk->sysfs);
	struct dirent *entry;
	uint64_t number;
	char folder[PATH_MAX];

	disk->device[0] = '\0';
	while (directory != NULL && disk->device[0] == '\0' && (entry = readdir(directory)) != NULL)
		if (snprintf(folder, sizeof(folder), "%s/%s", disk->sysfs, entry->d_name) <
			    (int)sizeof(folder) &&
		    number_read(folder, "partition", &number) && number == disk->partition.number &&
		    strlen(entry->d_name) < 32)
			snprintf(disk->device, sizeof(disk->device), "/dev/%.32s", entry->d_name);
	if (directory != NULL)
		closedir(directory);
	if (disk->device[0] == '\0')
		return error_set(error, -ENODEV, "partition %u has no device",
				 disk->partition.number);
	return 0;
}

/* ---- the file system ---- */

static int filesystem_make(const char *device, struct error *error)
{
	char *const arguments[] = {
		"mkfs.xfs", "-q", "-f", "-m", "reflink=1", (char *)device, NULL
	};
	char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL };
	pid_t pid;
	int status;

	log_info("data", "file system is made", "device=%s", device);
	errno = posix_spawn(&pid, MKFS, NULL, NULL, arguments, environment);
	if (errno != 0)
		return error_errno(error, "start " MKFS);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_errno(error, "wait for " MKFS);
	if (status != 0)
		return error_set(error, -EIO, MKFS " failed on %s (status %d)", device, status);
	return 0;
}

static int filesystem_check(const char *device, struct xfs_super *super, struct error *error)
{
	CLEANUP_FD int fd = open(device, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_errno(error, "open %s", device);
	return xfs_probe(fd, super, error);
}

/* A file system that is there is never made anew: what is neither empty nor XFS is left alone. */
static int filesystem_prepare(const char *device, struct xfs_super *super, struct error *error)
{
	int result = filesystem_check(device, super, error);

	if (result == -ENODATA) {
		result = filesystem_make(device, error);
		if (result == 0)
			result = filesystem_check(device, super, error);
	}
	return result;
}

static int filesystem_mount(const struct data_disk *disk, const struct xfs_super *super,
			    struct error *error)
{
	uint64_t bytes = (disk->partition.last - disk->partition.first + 1) * disk->sector_size;

	/* Access times would turn reads into writes. */
	if (mount(disk->device, PATH_DATA, "xfs", MS_NOATIME | MS_NOSUID | MS_NODEV, NULL) < 0)
		return error_errno(error, "mount %s", disk->device);
	if (xfs_grow(PATH_DATA, super, bytes) < 0)
		log_warning("data", "file system not grown", "device=%s reason=%s", disk->device,
			    log_quote(strerror(errno)));
	return 0;
}

int data_mount(struct error *error)
{
	struct xfs_super super;
	struct data_disk disk;
	int result = disk_find(&disk, error);

	if (result == 0)
		result = partition_prepare(&disk, error);
	if (result == 0)
		result = device_find(&disk, error);
	if (result == 0)
		result = filesystem_prepare(disk.device, &super, error);
	if (result == 0)
		result = filesystem_mount(&disk, &super, error);
	if (result == 0)
		log_info("data", "data partition is mounted", "device=%s", disk.device);
	return result;
}
