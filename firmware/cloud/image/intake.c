/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bytes that come, as a request's body or otherwise, become a file: written and hashed as they come, then
 * synced. They are taken as they are; what is in them is looked at elsewhere. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define SPACE_RESERVE (32UL * 1024 * 1024) /* bytes that uploads leave on the disk to the store */

#define STRIDE (4L * 1024 * 1024) /* after so many bytes the disk is looked at, and set to work */

struct stream {
	struct intake *intake;
	int fd;
	struct digests *digests;
};

int intake_storage_full(struct error *error)
{
	return error_fault(error, -ENOSPC, 413, NULL,
			   "Image storage media is full: There is not enough disk space on the "
			   "image storage media.");
}

static int too_large(struct error *error)
{
	return error_fault(error, -EFBIG, 413, NULL,
			   "The incoming image is too large: The provided image is too large.");
}

static int write_error(struct error *error)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return intake_storage_full(error);
	return error_errno(error, "writing an image");
}

static int chunk_write(int fd, const char *data, size_t size, struct error *error)
{
	while (size) {
		ssize_t written = write(fd, data, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return write_error(error);
		data += written;
		size -= (size_t)written;
	}
	return 0;
}

/* A full disk must not keep the store from committing. */
static bool disk_is_short(int fd, uint64_t more)
{
	struct statvfs disk;

	return !fstatvfs(fd, &disk) &&
	       (uint64_t)disk.f_bavail * disk.f_frsize < SPACE_RESERVE + more;
}

uint64_t intake_room(const struct intake *intake)
{
	const char *directory = intake->request->cloud->directory;
	struct statvfs disk;
	uint64_t free_bytes;

	if (statvfs(directory, &disk))
		return IMAGE_SIZE_MAX; /* writing will tell */
	free_bytes = (uint64_t)disk.f_bavail * disk.f_frsize;
	return free_bytes < SPACE_RESERVE ? 0 : free_bytes - SPACE_RESERVE;
}

/* The disk works while bytes come; one large sync at the end would hold up everybody's commits. */
static void write_behind(struct stream *stream)
{
	off_t end = (off_t)(stream->intake->size / STRIDE * STRIDE);

	sync_file_range(stream->fd, end - STRIDE, STRIDE, SYNC_FILE_RANGE_WRITE);
}

static int chunk_take(struct stream *stream, const char *data, size_t size, struct error *error)
{
	struct intake *intake = stream->intake;
	int result;

	digests_update(stream->digests, data, size);
	result = chunk_write(stream->fd, data, size, error);
	if (result)
		return result;
	intake->size += size;
	if (intake->size > IMAGE_SIZE_MAX)
		return too_large(error);
	if (intake->size / STRIDE == (intake->size - size) / STRIDE)
		return 0;
	write_behind(stream);
	return disk_is_short(stream->fd, 0) ? intake_storage_full(error) : 0;
}

/* What can't fit is refused before its first byte. */
static int room_check(const struct stream *stream, struct error *error)
{
	uint64_t length = stream->intake->length;

	if (length == UINT64_MAX)
		return 0;
	if (length > IMAGE_SIZE_MAX)
		return too_large(error);
	if (!disk_is_short(stream->fd, length))
		return 0;
	return intake_storage_full(error);
}

/* Two chunks in turns: a digest is taken of one while the next one comes. */
static int chunks_receive(struct stream *stream, char *chunks, struct error *error)
{
	char *chunk = chunks;
	ssize_t count;
	int result = 0;

	while (!result && (count = stream->intake->read(stream->intake, chunk, IMAGE_CHUNK_SIZE,
							error)) != 0) {
		if (count < 0)
			return (int)count;
		result = chunk_take(stream, chunk, (size_t)count, error);
		chunk = chunk == chunks ? chunks + IMAGE_CHUNK_SIZE : chunks;
	}
	return result;
}

static int bytes_receive(struct stream *stream, struct error *error)
{
	CLEANUP_FREE char *chunks = malloc(2 * IMAGE_CHUNK_SIZE);
	int result = room_check(stream, error);

	if (result)
		return result;
	stream->digests = digests_new();
	if (!chunks || !stream->digests)
		result = error_set(error, -ENOMEM, "out of memory");
	else
		result = chunks_receive(stream, chunks, error);
	if (!result)
		digests_finish(stream->digests, stream->intake->checksum, stream->intake->hash);
	digests_free(stream->digests); /* before the chunks, which it may be looking at */
	return result;
}

/* On stable storage, before a record says that it is whole. */
static int file_keep(struct stream *stream, struct error *error)
{
	const struct intake *intake = stream->intake;

	if (fsync(stream->fd))
		return write_error(error);
	return files_sync_directory(intake->request->cloud, intake->request->arena, error);
}

static int stream_run(struct stream *stream, struct error *error)
{
	int result;

	stream->fd = open(stream->intake->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (stream->fd < 0)
		return write_error(error);
	result = bytes_receive(stream, error);
	return result ? result : file_keep(stream, error);
}

int intake_run(struct intake *intake, struct error *error)
{
	struct stream stream = { .intake = intake, .fd = -1 };
	int result;

	result = stream_run(&stream, error);
	cleanup_close(&stream.fd);
	return result;
}

void intake_discard(const struct intake *intake)
{
	files_remove(intake->path);
}

int intake_media_type_check(struct request *request, struct error *error)
{
	const char *type = request_header(request, "Content-Type");
	size_t length = type ? strcspn(type, "; ") : 0;

	if (length == strlen("application/octet-stream") &&
	    !strncasecmp(type, "application/octet-stream", length))
		return 0;
	return error_fault(error, -EINVAL, 415, NULL, "Invalid content type %s",
			   type ? type : "None");
}

static ssize_t body_read(struct intake *intake, void *data, size_t size, struct error *error)
{
	return request_read(intake->request, data, size, error);
}

int intake_prepare(struct intake *intake, struct request *request, const char *id,
		   struct error *error)
{
	*intake = (struct intake){
		.request = request, .read = body_read, .length = request->content_length, .id = id
	};
	intake->file = files_name_new(request->arena, id);
	intake->path = files_path(request->cloud, request->arena, intake->file);
	return intake->path ? 0 : error_set(error, -ENOMEM, "out of memory");
}
