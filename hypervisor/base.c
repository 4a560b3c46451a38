/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/base.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/image_apart.h"
#include "hypervisor/job.h"

#define CONVERT_CPU_SECONDS 3600
#define CONVERT_MEMORY (UINT64_C(2) << 30)

/* A base image in the making. It stays as BASE_FAILED until the guests that waited have seen it. */
struct base {
	struct base *next;
	struct vmm *vmm;
	char image_id[UUID_SIZE], format[16];
	uint64_t limit; /* largest disk that it is wanted for; 0: any size will do */
	enum base_state state;
	struct job job;
	int part_fd; /* owned */
	uint64_t virtual_size;
	struct error error;
};

void base_path(const struct vmm *vmm, const char *image_id, char *path)
{
	path_format(path, "%s/.base/%s.raw", vmm->options.guests, image_id);
}

static void part_path(const struct vmm *vmm, const char *image_id, char *path)
{
	path_format(path, "%s/.base/%s.part", vmm->options.guests, image_id);
}

static struct base *base_find(const struct vmm *vmm, const char *image_id)
{
	struct base *base = vmm->bases;

	while (base != NULL && strcmp(base->image_id, image_id) != 0)
		base = base->next;
	return base;
}

static void base_forget(struct base *base)
{
	struct base **link = &base->vmm->bases;
	char path[VMM_PATH_SIZE];

	while (*link != base)
		link = &(*link)->next;
	*link = base->next;
	part_path(base->vmm, base->image_id, path);
	unlink(path);
	cleanup_close(&base->part_fd);
	free(base);
}

/* Guests look at the outcome within the call; then the entry has done its work. */
static void base_conclude(struct base *base, enum base_state state)
{
	struct vmm *vmm = base->vmm;

	base->state = state;
	if (state == BASE_FAILED)
		log_warning("base", "no base image", "image=%s reason=%s", base->image_id,
			    log_quote(base->error.message));
	guests_continue_cloning(vmm);
	base_forget(base);
}

static void base_fail(struct base *base)
{
	base_conclude(base, BASE_FAILED);
}

/* Nova's words for an image that is not fit: ImageUnacceptable. */
static void base_refuse(struct base *base)
{
	error_prefix(&base->error, "Image %s is unacceptable", base->image_id);
	base_fail(base);
}

/* ---- finishing ---- */

static int part_finish(struct base *base)
{
	char part[VMM_PATH_SIZE], final[VMM_PATH_SIZE];
	struct stat status;

	part_path(base->vmm, base->image_id, part);
	base_path(base->vmm, base->image_id, final);
	if (fstat(base->part_fd, &status) < 0 || (uint64_t)status.st_size != base->virtual_size)
		return error_set(&base->error, -EIO, "Converted image has a different size");
	if (fsync(base->part_fd) < 0 || fchown(base->part_fd, 0, 0) < 0 || rename(part, final) < 0)
		return error_errno(&base->error, "Failed to store the base image");
	log_info("base", "base image made", "image=%s bytes=%llu", base->image_id,
		 (unsigned long long)base->virtual_size);
	return 0;
}

static void base_finish(struct base *base)
{
	if (part_finish(base) < 0)
		base_fail(base);
	else
		base_conclude(base, BASE_READY);
}

/* ---- converting ---- */

static void on_converted(struct job *job, int status)
{
	struct base *base = container_of(job, struct base, job);
	const char *line = job_last_line(job);

	if (status == 0) {
		base_finish(base);
	} else if (strstr(line, "No space left") != NULL) {
		error_set(&base->error, -ENOSPC, "Insufficient free disk space for image %s",
			  base->image_id);
		base_fail(base);
	} else {
		error_set(&base->error, -EINVAL, "Unable to convert image to raw: %s",
			  line[0] != '\0' ? line : "qemu-img was ended");
		base_refuse(base);
	}
}

/* qemu-img opens the image by name, whoever owns it; in its world there are just these files. */
static int convert_start(struct base *base, int image_fd, const char *format)
{
	const struct vmm_options *options = &base->vmm->options;
	struct sandbox_bind binds[3 + VMM_LIBRARIES_MAX] = {
		{ .path = options->qemu_img, .fd = -1 },
		{ .fd = image_fd, .target = "/image" },
		{ .fd = base->part_fd, .target = "/base", .writable = true },
	};
	char root[VMM_PATH_SIZE];
	struct sandbox sandbox = {
		.root = root,
		.uid = UID_CONVERT,
		.binds = binds,
		.bind_count = 3,
		.foreign_files = true,
		.cpu_seconds = CONVERT_CPU_SECONDS,
		.memory = CONVERT_MEMORY,
		.file_size = base->virtual_size,
	};
	char *argv[] = { (char *)(uintptr_t)options->qemu_img,
			 "convert",
			 "-n",
			 "--target-is-zero",
			 "-f",
			 (char *)(uintptr_t)format,
			 "-O",
			 "raw",
			 "-t",
			 "writeback",
			 "/image",
			 "/base",
			 NULL };

	path_format(root, "%s/root", options->run);
	for (size_t i = 0; i < options->library_count; i++)
		binds[sandbox.bind_count++] =
			(struct sandbox_bind){ .path = options->libraries[i], .fd = -1 };
	return job_start(&base->job, base->vmm->loop, &sandbox, argv, on_converted);
}

static int part_create(struct base *base)
{
	char path[VMM_PATH_SIZE];

	part_path(base->vmm, base->image_id, path);
	base->part_fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return base->part_fd < 0 ? error_errno(&base->error, "Failed to create the base image") : 0;
}

static void base_build(struct base *base, int image_fd, const char *format)
{
	bool raw = strcmp(format, "raw") == 0;
	int result;

	base_collect(base->vmm, base->virtual_size);
	if (part_create(base) < 0) {
		base_fail(base);
		return;
	}
	if (raw && ioctl(base->part_fd, FICLONE, image_fd) == 0) {
		if (ftruncate(base->part_fd, (off_t)base->virtual_size) < 0)
			log_debug("base", "not grown", "image=%s", base->image_id);
		base_finish(base);
		return;
	}
	if (ftruncate(base->part_fd, (off_t)base->virtual_size) < 0 ||
	    fchown(base->part_fd, UID_CONVERT, UID_CONVERT) < 0) {
		error_errno(&base->error, "Failed to create the base image");
		base_fail(base);
		return;
	}
	result = convert_start(base, image_fd, format);
	if (result < 0) {
		error_set(&base->error, result, "Failed to start qemu-img: %s",
			  base->job.text[0] != '\0' ? base->job.text : strerror(-result));
		base_fail(base);
	}
}

/* ---- inspecting ---- */

static int base_inspect(struct base *base, int image_fd, const char **format)
{
	struct image_facts facts;
	int result = image_inspect_apart(image_fd, base->format, &facts, &base->error);

	*format = facts.format;
	base->virtual_size = facts.virtual_size;
	return result;
}

/* Refused before a byte is converted: a small file may claim to be a huge disk. */
static int base_limit_check(struct base *base)
{
	if (base->limit == 0 || base->virtual_size <= base->limit)
		return 0;
	return error_set(&base->error, -EINVAL,
			 "Flavor's disk is too small for requested image. Flavor disk is %llu "
			 "bytes, image is %llu bytes.",
			 (unsigned long long)base->limit, (unsigned long long)base->virtual_size);
}

static void base_take(struct base *base, int image_fd)
{
	const char *format = NULL;

	int result = base_inspect(base, image_fd, &format);

	if (result == -EINVAL)
		base_refuse(base);
	else if (result < 0)
		base_fail(base);
	else if (base_limit_check(base) < 0)
		base_fail(base);
	else
		base_build(base, image_fd, format);
}

/* ---- asking ---- */

static void base_ask(struct base *base)
{
	struct vmm_image_get get = { 0 };

	snprintf(get.image_id, sizeof(get.image_id), "%s", base->image_id);
	channel_send_struct(&base->vmm->cloud, VMM_IMAGE_GET, 0, vmm_image_get_fields, &get, -1);
}

void base_ask_again(struct vmm *vmm)
{
	for (struct base *base = vmm->bases; base != NULL; base = base->next)
		if (base->part_fd < 0 && base->state == BASE_PENDING)
			base_ask(base);
}

static void base_take_reply(struct base *base, const struct vmm_image *image, int fd)
{
	if (image->code == ENOENT) {
		error_set(&base->error, -ENOENT, "Image %s could not be found.", base->image_id);
		base_fail(base);
	} else if (image->code != 0 || fd < 0) {
		error_set(&base->error, -EIO, "Image %s could not be read: %s", base->image_id,
			  image->reason[0] != '\0' ? image->reason : strerror((int)image->code));
		base_fail(base);
	} else {
		base_take(base, fd);
	}
}

void base_take_image(struct vmm *vmm, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	CLEANUP_FD int fd = message_take_fd(message, 0);
	struct vmm_image image = { 0 };
	struct error error;
	struct base *base;

	if (message_decode(&arena, message, vmm_image_fields, &image, &error) < 0) {
		log_warning("base", "bad message", "reason=%s", log_quote(error.message));
		return;
	}
	base = base_find(vmm, image.image_id);
	if (base != NULL && base->state == BASE_PENDING && base->part_fd < 0)
		base_take_reply(base, &image, fd);
}

static struct base *base_new(struct vmm *vmm, const struct guest_disk *disk)
{
	struct base *base = calloc(1, sizeof(*base));

	if (base == NULL)
		return NULL;
	base->vmm = vmm;
	base->state = BASE_PENDING;
	base->part_fd = -1;
	base->limit = disk->size;
	snprintf(base->image_id, sizeof(base->image_id), "%s", disk->image_id);
	snprintf(base->format, sizeof(base->format), "%s", disk->image_format);
	base->next = vmm->bases;
	vmm->bases = base;
	base_ask(base);
	return base;
}

enum base_state base_need(struct vmm *vmm, const struct guest_disk *disk, struct error *error)
{
	struct base *base = base_find(vmm, disk->image_id);
	char path[VMM_PATH_SIZE];

	base_path(vmm, disk->image_id, path);
	if (access(path, R_OK) == 0)
		return BASE_READY;
	if (base == NULL)
		base = base_new(vmm, disk);
	if (base == NULL) {
		error_set(error, -ENOMEM, "Out of memory");
		return BASE_FAILED;
	}
	if (base->limit != 0 && (disk->size == 0 || disk->size > base->limit))
		base->limit = disk->size;
	if (base->state == BASE_FAILED)
		*error = base->error;
	return base->state;
}

/* ---- the directory ---- */

int base_open(const struct vmm *vmm, struct error *error)
{
	char path[VMM_PATH_SIZE];
	struct dirent *entry;
	DIR *directory;

	path_format(path, "%s/.base", vmm->options.guests);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return error_errno(error, "%s", path);
	directory = opendir(path);
	if (directory == NULL)
		return error_errno(error, "%s", path);
	while ((entry = readdir(directory)) != NULL) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot != NULL && strcmp(dot, ".part") == 0)
			unlinkat(dirfd(directory), entry->d_name, 0);
	}
	closedir(directory);
	return 0;
}

void base_close(struct vmm *vmm)
{
	while (vmm->bases != NULL) {
		job_stop(&vmm->bases->job);
		base_forget(vmm->bases);
	}
}
