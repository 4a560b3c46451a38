/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upload and download. An upload goes: status 'saving' is committed; bytes stream into
 * <id>.part; they are synced and renamed; status 'active' is committed. Whatever breaks in
 * between takes the file away and commits 'queued'. The bytes are taken as they come: whether
 * they are what disk_format says is looked at when they are used, by a process that has no more
 * to lose than the guest.
 */
#include <fcntl.h>
#include <mbedtls/md.h>
#include <string.h>
#include <strings.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define CHUNK_SIZE (256UL * 1024)
#define SPACE_RESERVE (32UL * 1024 * 1024) /* bytes that uploads leave on the disk to the store */
#define TRIES_MAX 100

struct upload {
	struct request *request;
	const char *id, *part, *path;
	int fd;
	uint64_t size;
	mbedtls_md_context_t md5, sha512;
	char checksum[33], hash[129];
	bool is_raw;
};

/* --- states */

typedef void record_change(struct upload *upload, yyjson_mut_doc *doc, yyjson_mut_val *record);

static int status_move_once(struct upload *upload, const char *to, record_change *change,
			    struct error *error)
{
	struct request *request = upload->request;
	yyjson_mut_val *record;
	yyjson_mut_doc *doc;
	struct image image = { .id = upload->id };
	int result;

	image.key = arena_printf(request->arena, IMAGE_RECORDS "%s", upload->id);
	result = request_get(request, &image.record, &image.revision, error, "%s", image.key);
	if (!result)
		result = image_status_check(json_string(image.record, "status"), to, error);
	if (result)
		return result;
	record = image_edit(request, &image, &doc);
	json_set_string(doc, record, "status", to);
	json_set_string(doc, record, "updated_at", image_time_now(request->arena));
	if (change)
		change(upload, doc, record);
	return image_commit(request, &image, record, error);
}

/* With the record as it is then: somebody may have patched it while bytes came. */
static int status_move(struct upload *upload, const char *to, record_change *change,
		       struct error *error)
{
	int result = -EAGAIN;

	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++)
		result = status_move_once(upload, to, change, error);
	return result;
}

static void record_complete(struct upload *upload, yyjson_mut_doc *doc, yyjson_mut_val *record)
{
	json_set_integer(doc, record, "size", (int64_t)upload->size);
	json_set_string(doc, record, "checksum", upload->checksum);
	json_set_string(doc, record, "os_hash_algo", "sha512");
	json_set_string(doc, record, "os_hash_value", upload->hash);
	if (upload->is_raw)
		json_set_integer(doc, record, "virtual_size", (int64_t)upload->size);
}

/* --- bytes */

static int storage_full(struct error *error)
{
	return error_fault(error, -ENOSPC, 413, NULL,
			   "Image storage media is full: There is not enough disk space on the "
			   "image storage media.");
}

static int write_error(struct error *error)
{
	if (errno == ENOSPC || errno == EDQUOT || errno == EFBIG)
		return storage_full(error);
	return error_errno(error, "writing an image");
}

static int chunk_write(struct upload *upload, const char *data, size_t size, struct error *error)
{
	while (size) {
		ssize_t written = write(upload->fd, data, size);

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
static bool disk_is_short(const struct upload *upload)
{
	struct statvfs disk;

	return !fstatvfs(upload->fd, &disk) &&
	       (uint64_t)disk.f_bavail * disk.f_frsize < SPACE_RESERVE;
}

static int chunk_take(struct upload *upload, const char *data, size_t size, struct error *error)
{
	int result = chunk_write(upload, data, size, error);

	if (result)
		return result;
	mbedtls_md_update(&upload->md5, (const unsigned char *)data, size);
	mbedtls_md_update(&upload->sha512, (const unsigned char *)data, size);
	upload->size += size;
	if (upload->size / CHUNK_SIZE != (upload->size - size) / CHUNK_SIZE &&
	    disk_is_short(upload))
		return storage_full(error);
	return 0;
}

static int bytes_receive(struct upload *upload, struct error *error)
{
	CLEANUP_FREE char *chunk = malloc(CHUNK_SIZE);
	ssize_t count;
	int result;

	if (!chunk)
		return error_set(error, -ENOMEM, "out of memory");
	while ((count = request_read(upload->request, chunk, CHUNK_SIZE, error)) > 0) {
		result = chunk_take(upload, chunk, (size_t)count, error);
		if (result)
			return result;
	}
	return (int)count;
}

static void hex_write(char *text, const unsigned char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static void digests_finish(struct upload *upload)
{
	unsigned char md5[16], sha512[64];

	mbedtls_md_finish(&upload->md5, md5);
	mbedtls_md_finish(&upload->sha512, sha512);
	hex_write(upload->checksum, md5, sizeof(md5));
	hex_write(upload->hash, sha512, sizeof(sha512));
}

static int digest_start(mbedtls_md_context_t *context, mbedtls_md_type_t type)
{
	mbedtls_md_init(context);
	if (mbedtls_md_setup(context, mbedtls_md_info_from_type(type), 0))
		return -ENOMEM;
	return mbedtls_md_starts(context) ? -EIO : 0;
}

/* On stable storage under its final name, before a record says so. */
static int file_keep(struct upload *upload, struct error *error)
{
	struct request *request = upload->request;

	if (fsync(upload->fd) || rename(upload->part, upload->path))
		return write_error(error);
	return files_sync_directory(request->cloud, request->arena, error);
}

static int file_receive(struct upload *upload, struct error *error)
{
	int result;

	upload->fd = open(upload->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (upload->fd < 0)
		return write_error(error);
	result = digest_start(&upload->md5, MBEDTLS_MD_MD5);
	if (!result)
		result = digest_start(&upload->sha512, MBEDTLS_MD_SHA512);
	if (result)
		return error_set(error, result, "the digests can't be computed");
	result = bytes_receive(upload, error);
	if (result)
		return result;
	digests_finish(upload);
	return file_keep(upload, error);
}

static int gone(struct upload *upload, struct error *error)
{
	return error_fault(error, -ENOENT, 410, NULL,
			   "Image %s could not be found after upload. The image may have been "
			   "deleted during the upload, cleaning up the chunks uploaded.",
			   upload->id);
}

static void file_discard(struct upload *upload)
{
	unlink(upload->part);
	unlink(upload->path);
}

/* After 'saving' was committed: ends as 'active' or as 'queued'. */
static int upload_run(struct upload *upload, struct error *error)
{
	struct error later = { 0 };
	int result = file_receive(upload, error);

	if (!result) {
		result = status_move(upload, "active", record_complete, error);
		if (result == -ENOENT)
			result = gone(upload, error);
	}
	if (!result)
		return 0;
	log_warning("image", "upload failed", "id=%s size=%llu reason=%s", upload->id,
		    (unsigned long long)upload->size, log_quote(error->message));
	file_discard(upload);
	if (status_move(upload, "queued", NULL, &later) == -ENOSPC)
		log_error("image", "image stays 'saving' until the next start", "id=%s",
			  upload->id);
	return result == -EAGAIN ? error_set(error, -EBUSY, "The image changes all the time.")
				 : result;
}

/* --- the request */

static int formats_check(yyjson_val *record, struct error *error)
{
	bool disk = json_string(record, "disk_format");
	bool container = json_string(record, "container_format");

	if (disk && container)
		return 0;
	if (!disk && !container)
		return error_fault(error, -EINVAL, 400, NULL,
				   "Properties disk_format, container_format must be set prior to "
				   "saving data.");
	return error_fault(error, -EINVAL, 400, NULL,
			   "Property %s must be set prior to saving data.",
			   disk ? "container_format" : "disk_format");
}

static int media_type_check(struct request *request, struct error *error)
{
	const char *type = request_header(request, "Content-Type");
	size_t length = type ? strcspn(type, "; ") : 0;

	if (length == strlen("application/octet-stream") &&
	    !strncasecmp(type, "application/octet-stream", length))
		return 0;
	return error_fault(error, -EINVAL, 415, NULL, "Invalid content type %s",
			   type ? type : "None");
}

static int upload_prepare(struct request *request, struct upload *upload, struct error *error)
{
	struct image image;
	int result = media_type_check(request, error);

	if (!result)
		result = image_of_request(request, &image, error);
	if (!result)
		result = image_may(request, image.record, "upload_image", error);
	if (!result)
		result = image_status_check(json_string(image.record, "status"), "saving", error);
	if (!result)
		result = formats_check(image.record, error);
	if (result)
		return result;
	upload->id = image.id;
	upload->is_raw = json_is(image.record, "disk_format", "raw");
	upload->part = files_path(request->cloud, request->arena, image.id, ".part");
	upload->path = files_path(request->cloud, request->arena, image.id, "");
	return upload->part && upload->path ? 0 : error_set(error, -ENOMEM, "out of memory");
}

int image_upload(struct request *request, struct error *error)
{
	struct upload upload = { .request = request, .fd = -1 };
	int result = upload_prepare(request, &upload, error);

	if (!result)
		result = status_move_once(&upload, "saving", NULL, error);
	if (result)
		return result;
	result = upload_run(&upload, error);
	mbedtls_md_free(&upload.md5);
	mbedtls_md_free(&upload.sha512);
	cleanup_close(&upload.fd);
	return result ? result : reply_empty(request, 204);
}

/* --- download */

static int range_of(struct request *request, uint64_t size, uint64_t *offset, uint64_t *length,
		    struct error *error)
{
	const char *header = request_header(request, "Range");
	int result;

	if (header && strchr(header, ','))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Requests with multiple ranges are not supported in Glance. You "
				   "may make multiple single-range requests instead.");
	result = range_parse(header, size, offset, length);
	if (result != -ERANGE)
		return result;
	reply_header(request, "Content-Range", "bytes */%llu", (unsigned long long)size);
	return error_fault(error, -ERANGE, 416, NULL,
			   "Invalid start position in Range header. Start position MUST be in the "
			   "inclusive range [0, %llu].",
			   (unsigned long long)(size ? size - 1 : 0));
}

static int download_reply(struct request *request, yyjson_val *record, int fd, struct error *error)
{
	uint64_t size = (uint64_t)json_integer(record, "size", 0), offset = 0, length = size;
	const char *checksum = json_string(record, "checksum");
	int part = range_of(request, size, &offset, &length, error);

	if (part < 0) {
		close(fd);
		return part;
	}
	if (part)
		reply_header(request, "Content-Range", "bytes %llu-%llu/%llu",
			     (unsigned long long)offset, (unsigned long long)(offset + length - 1),
			     (unsigned long long)size);
	if (checksum)
		reply_header(request, "Content-MD5", "%s", checksum);
	return reply_file(request, part ? 206 : 200, "application/octet-stream", fd, offset,
			  length);
}

int image_download(struct request *request, struct error *error)
{
	struct image image;
	const char *path;
	int fd, result = image_of_request(request, &image, error);

	if (result)
		return result;
	if (json_is(image.record, "status", "deactivated") && !request->caller->is_admin)
		return error_fault(error, -EACCES, 403, NULL,
				   "The requested image has been deactivated. Image data download "
				   "is forbidden.");
	if (!json_string(image.record, "checksum"))
		return reply_empty(request, 204); /* no bytes yet */
	path = files_path(request->cloud, request->arena, image.id, "");
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return error_errno(error, "the bytes of image %s", image.id);
	return download_reply(request, image.record, fd, error);
}
