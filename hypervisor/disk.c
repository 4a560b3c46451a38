/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/base.h"
#include "hypervisor/qcow2_overlay.h"

void disk_path(const struct vmm *vmm, const char *guest_id, const char *disk_id, const char *suffix,
	       char *path)
{
	path_format(path, "%s/%s/%s.%s", vmm->options.guests, guest_id, disk_id, suffix);
}

static bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

int disk_exists(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk)
{
	char raw[VMM_PATH_SIZE], overlay[VMM_PATH_SIZE];

	disk_path(vmm, guest_id, disk->id, "raw", raw);
	disk_path(vmm, guest_id, disk->id, "qcow2", overlay);
	return file_exists(raw) || file_exists(overlay);
}

/* ---- making ---- */

int disk_fault(struct error *error, int code, const char *what)
{
	if (code == -ENOSPC || code == -EDQUOT)
		return error_set(error, code, "Insufficient free disk space to %s", what);
	return error_set(error, code, "Failed to %s: %s", what, strerror(-code));
}

static int size_check(const struct guest_disk *disk, uint64_t base_size, struct error *error)
{
	if (disk->size != 0 && disk->size < base_size)
		return error_set(error, -EINVAL,
				 "Flavor's disk is too small for requested image. Flavor disk is "
				 "%llu bytes, image is %llu bytes.",
				 (unsigned long long)disk->size, (unsigned long long)base_size);
	if (disk->size == 0 && base_size == 0)
		return error_set(error, -EINVAL, "Disk has neither an image nor a size");
	return 0;
}

static int raw_fill(int fd, int base_fd, uint64_t size)
{
	if (base_fd >= 0 && ioctl(fd, FICLONE, base_fd) < 0)
		return -errno;
	return ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

/* The link keeps the base image for as long as the overlay needs it. An overlay's few blocks are
 * written out before it gets its name: unlike a clone's, they are not ordered by a journal. */
static int overlay_fill(int fd, const char *base, const char *link_path, uint64_t size)
{
	int result = qcow2_overlay_write(fd, size);

	if (result == 0 && fdatasync(fd) < 0)
		result = -errno;
	if (result < 0)
		return result;
	unlink(link_path);
	return link(base, link_path) < 0 ? -errno : 0;
}

struct recipe {
	char base[VMM_PATH_SIZE], part[VMM_PATH_SIZE], final[VMM_PATH_SIZE], link[VMM_PATH_SIZE];
	int base_fd;
	bool overlay;
	uint64_t size;
};

static int recipe_make(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
		       struct recipe *recipe, struct error *error)
{
	struct stat status = { 0 };
	int result;

	recipe->base_fd = -1;
	if (disk->image_id[0] != '\0') {
		base_path(vmm, disk->image_id, recipe->base);
		recipe->base_fd = open(recipe->base, O_RDONLY | O_CLOEXEC);
		if (recipe->base_fd < 0 || fstat(recipe->base_fd, &status) < 0)
			return error_errno(error, "base image %s", disk->image_id);
		futimens(recipe->base_fd, NULL); /* used just now: it is removed last */
	}
	result = size_check(disk, (uint64_t)status.st_size, error);
	recipe->overlay = recipe->base_fd >= 0 && !vmm->host.facts.reflink;
	recipe->size = disk->size != 0 ? disk->size : (uint64_t)status.st_size;
	disk_path(vmm, guest_id, disk->id, "part", recipe->part);
	disk_path(vmm, guest_id, disk->id, recipe->overlay ? "qcow2" : "raw", recipe->final);
	disk_path(vmm, guest_id, disk->id, "base", recipe->link);
	return result;
}

static int recipe_follow(const struct recipe *recipe)
{
	CLEANUP_FD int fd = open(recipe->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int result;

	if (fd < 0)
		return -errno;
	if (recipe->overlay)
		result = overlay_fill(fd, recipe->base, recipe->link, recipe->size);
	else
		result = raw_fill(fd, recipe->base_fd, recipe->size);
	if (result == 0 && rename(recipe->part, recipe->final) < 0)
		result = -errno;
	if (result < 0) {
		unlink(recipe->part);
		unlink(recipe->link);
	}
	return result;
}

static int directory_make(const struct vmm *vmm, const char *guest_id)
{
	char path[VMM_PATH_SIZE];

	path_format(path, "%s/%s", vmm->options.guests, guest_id);
	return mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int disk_make(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
	      struct error *error)
{
	struct recipe recipe = { .base_fd = -1 };
	int result = directory_make(vmm, guest_id);

	if (result < 0)
		return disk_fault(error, result, "create the guest's directory");
	result = recipe_make(vmm, guest_id, disk, &recipe, error);
	if (result == 0) {
		result = recipe_follow(&recipe);
		if (result == -ENOSPC) {
			base_collect(vmm, recipe.size);
			result = recipe_follow(&recipe);
		}
		if (result < 0)
			disk_fault(error, result, "create the guest's disk");
	}
	cleanup_close(&recipe.base_fd);
	return result;
}

static int raw_grow(int fd, uint64_t size)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	return (uint64_t)status.st_size < size && ftruncate(fd, (off_t)size) < 0 ? -errno : 0;
}

int disk_grow(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
	      struct error *error)
{
	char path[VMM_PATH_SIZE];
	CLEANUP_FD int fd = -1;
	bool raw;
	int result;

	if (disk->size == 0)
		return 0;
	disk_path(vmm, guest_id, disk->id, "raw", path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	raw = fd >= 0;
	if (!raw) {
		disk_path(vmm, guest_id, disk->id, "qcow2", path);
		fd = open(path, O_RDWR | O_CLOEXEC);
	}
	if (fd < 0)
		return error_errno(error, "Failed to open disk %s", disk->id);
	result = raw ? raw_grow(fd, disk->size) : qcow2_overlay_grow(fd, disk->size);
	return result < 0 ? disk_fault(error, result, "resize the guest's disk") : 0;
}

bool disk_config_drive_is(const struct vmm *vmm, const struct guest *guest)
{
	const struct message_bytes *iso = &guest->config_drive_iso;
	CLEANUP_FREE char *stored = malloc(iso->size + 1);
	char path[VMM_PATH_SIZE];
	CLEANUP_FD int fd = -1;

	disk_path(vmm, guest->id, "config", "iso", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && stored != NULL && iso->size > 0 &&
	       read(fd, stored, iso->size + 1) == (ssize_t)iso->size &&
	       memcmp(stored, iso->data, iso->size) == 0;
}

int disk_config_drive_write(const struct vmm *vmm, const struct guest *guest, struct error *error)
{
	char part[VMM_PATH_SIZE], final[VMM_PATH_SIZE];
	const struct message_bytes *iso = &guest->config_drive_iso;
	CLEANUP_FD int fd = -1;
	int result = directory_make(vmm, guest->id);
	ssize_t written;

	disk_path(vmm, guest->id, "config", "part", part);
	disk_path(vmm, guest->id, "config", "iso", final);
	if (!guest->config_drive || (iso->size == 0 && file_exists(final)) || result < 0)
		return result;
	fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(error, "config drive");
	written = write(fd, iso->data, iso->size);
	if (written < 0 || (size_t)written != iso->size || fdatasync(fd) < 0 ||
	    rename(part, final) < 0) {
		result = written >= 0 && (size_t)written != iso->size ? -ENOSPC : -errno;
		unlink(part);
		disk_fault(error, result, "write the config drive");
	}
	return result;
}

/* ---- opening ---- */

static int disk_open(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
		     struct qemu_disk *out, struct error *error)
{
	/* QEMU looks for a descriptor that has the very flags it wants. */
	int flags = O_RDWR | O_CLOEXEC | (out->direct ? O_DIRECT : 0);
	char path[VMM_PATH_SIZE];

	disk_path(vmm, guest_id, disk->id, "raw", path);
	out->fd = open(path, flags);
	if (out->fd >= 0)
		return 0;
	disk_path(vmm, guest_id, disk->id, "qcow2", path);
	out->fd = open(path, flags);
	if (out->fd < 0)
		return error_errno(error, "Failed to open disk %s", disk->id);
	disk_path(vmm, guest_id, disk->id, "base", path);
	out->backing_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (out->backing_fd < 0)
		return error_errno(error, "Failed to open the base of disk %s", disk->id);
	return 0;
}

int disk_open_plain(const struct vmm *vmm, const char *guest_id, const struct guest_disk *disk,
		    struct qemu_disk *out, struct error *error)
{
	*out = (struct qemu_disk){ .fd = -1, .backing_fd = -1 };
	return disk_open(vmm, guest_id, disk, out, error);
}

int volume_open(const struct vmm *vmm, const struct guest_disk *disk, struct qemu_disk *out,
		struct error *error)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | (out->direct ? O_DIRECT : 0);
	char path[VMM_PATH_SIZE];

	path_format(path, "%s/%s.raw", vmm->options.volumes, disk->id);
	out->fd = open(path, flags);
	return out->fd < 0 ? error_errno(error, "Failed to open volume %s", disk->id) : 0;
}

static struct qemu_disk *plan_next(const struct vmm *vmm, struct qemu_plan *plan)
{
	struct qemu_disk *out = &plan->disks[plan->disk_count++];

	*out = (struct qemu_disk){ .fd = -1, .backing_fd = -1, .direct = vmm->host.direct };
	return out;
}

static int config_drive_open(const struct vmm *vmm, const struct guest *guest,
			     struct qemu_plan *plan, struct error *error)
{
	struct qemu_disk *out = plan_next(vmm, plan);
	char path[VMM_PATH_SIZE];

	*out = (struct qemu_disk){
		.backing_fd = -1, .read_only = true, .bus = "", .serial = "config"
	};
	disk_path(vmm, guest->id, "config", "iso", path);
	out->fd = open(path, O_RDONLY | O_CLOEXEC);
	return out->fd < 0 ? error_errno(error, "Failed to open the config drive") : 0;
}

int disks_open(const struct vmm *vmm, const struct guest *guest, struct qemu_plan *plan,
	       struct error *error)
{
	const struct guest_disk *disks = guest->disks.items;
	int result = 0;

	for (size_t i = 0; i < guest->disks.count && result == 0; i++) {
		struct qemu_disk *out = plan_next(vmm, plan);

		out->bus = disks[i].bus;
		out->serial = disks[i].id;
		out->boot_index = disks[i].boot_index;
		out->attached = disks[i].attached;
		result = out->attached ? volume_open(vmm, &disks[i], out, error)
				       : disk_open(vmm, guest->id, &disks[i], out, error);
	}
	if (result == 0 && guest->config_drive)
		result = config_drive_open(vmm, guest, plan, error);
	return result;
}

void disks_close(struct qemu_plan *plan)
{
	for (size_t i = 0; i < plan->disk_count; i++) {
		cleanup_close(&plan->disks[i].fd);
		cleanup_close(&plan->disks[i].backing_fd);
	}
	plan->disk_count = 0;
}

/* ---- removing ---- */

/* "<disk>.raw" of a disk that is desired, and all that is no disk. */
static bool file_is_wanted(const struct guest *guest, const char *name)
{
	const struct guest_disk *disks = guest->disks.items;
	char id[UUID_SIZE];

	snprintf(id, sizeof(id), "%.36s", name);
	if (!uuid_valid(id) || name[36] != '.')
		return true;
	for (size_t i = 0; i < guest->disks.count; i++)
		if (strcmp(disks[i].id, id) == 0)
			return true;
	return false;
}

void disks_prune(const struct vmm *vmm, const struct guest *guest)
{
	char path[VMM_PATH_SIZE];
	struct dirent *entry;
	DIR *directory;

	path_format(path, "%s/%s", vmm->options.guests, guest->id);
	directory = opendir(path);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (!file_is_wanted(guest, entry->d_name))
			unlinkat(dirfd(directory), entry->d_name, 0);
	if (directory != NULL)
		closedir(directory);
}

int disks_remove(const struct vmm *vmm, const char *guest_id)
{
	char path[VMM_PATH_SIZE];
	struct dirent *entry;
	DIR *directory;
	int result;

	path_format(path, "%s/%s", vmm->options.guests, guest_id);
	directory = opendir(path);
	if (directory == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(directory), entry->d_name, 0);
	closedir(directory);
	result = rmdir(path) < 0 ? -errno : 0;
	if (result < 0)
		log_error("disk", "guest's directory not removed", "id=%s errno=%d", guest_id,
			  -result);
	return result;
}
