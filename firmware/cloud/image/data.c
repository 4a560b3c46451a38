/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Upload, staging and download. An upload goes: status 'saving' is committed, and which file the
 * bytes go to; they become that file; status 'active' is committed. Whatever breaks in between takes
 * the file away and commits 'queued'. Staging is the same with 'uploading', which stays until the
 * import. When the image was deleted on the way, an image that has its id by now is left alone.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/log.h"

/* --- what the record says when the bytes are there */

static void record_complete(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record,
			    struct store_txn *txn)
{
	const struct intake *intake = context;

	(void)txn;
	json_set_integer(doc, record, "size", (int64_t)intake->size);
	json_set_string(doc, record, "checksum", intake->checksum);
	json_set_string(doc, record, "os_hash_algo", "sha512");
	json_set_string(doc, record, "os_hash_value", intake->hash);
	if (intake->virtual_size)
		json_set_integer(doc, record, "virtual_size", intake->virtual_size);
}

static int is_gone(const struct intake *intake, struct error *error)
{
	return error_fault(error, -ENOENT, 410, NULL,
			   "Image %s could not be found after upload. The image may have been "
			   "deleted during the upload, cleaning up the chunks uploaded.",
			   intake->id);
}

static int upload_complete(struct intake *intake, struct error *error)
{
	const struct status_move move = { .request = intake->request,
					  .id = intake->id,
					  .to = "active",
					  .file = intake->file,
					  .change = record_complete,
					  .context = intake };
	int result;

	intake->virtual_size = image_virtual_size(intake->request, intake->path, intake->format,
						  (int64_t)intake->size);
	result = image_status_move(&move, error);
	return result == -ENOENT ? is_gone(intake, error) : result;
}

/* The status stays: what is there now is that all bytes are. */
static int stage_complete_once(struct intake *intake, struct error *error)
{
	struct request *request = intake->request;
	struct image image = { .id = intake->id };
	yyjson_mut_val *record, *staged;
	yyjson_mut_doc *doc;
	int result;

	image.key = arena_printf(request->arena, IMAGE_RECORDS "%s", intake->id);
	result = request_get(request, &image.record, &image.revision, error, "%s", image.key);
	if (result == -ENOENT || (!result && !json_is(image.record, IMAGE_FILE, intake->file)))
		return is_gone(intake, error);
	if (result)
		return result;
	record = image_edit(request, &image, &doc);
	staged = yyjson_mut_obj(doc);
	json_set_integer(doc, record, "size", (int64_t)intake->size);
	json_set_string(doc, staged, "checksum", intake->checksum);
	json_set_string(doc, staged, "hash", intake->hash);
	json_set(doc, record, IMAGE_STAGED, staged);
	return image_commit(request, &image, record, error);
}

static int stage_complete(struct intake *intake, struct error *error)
{
	int result = -EAGAIN;

	for (int i = 0; i < 100 && result == -EAGAIN; i++)
		result = stage_complete_once(intake, error);
	return result;
}

/* --- the way there */

static void give_up(const struct intake *intake, const struct error *error)
{
	const struct status_move move = {
		.request = intake->request, .id = intake->id, .to = "queued", .file = intake->file
	};
	struct error later = { 0 };

	log_warning("image", "upload failed", "id=%s size=%llu reason=%s", intake->id,
		    (unsigned long long)intake->size, log_quote(error->message));
	intake_discard(intake);
	if (image_status_move(&move, &later) == -ENOSPC)
		log_error("image", "image keeps its status until the next start", "id=%s",
			  intake->id);
}

static void file_claim(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record,
		       struct store_txn *txn)
{
	const struct intake *intake = context;

	(void)txn;
	json_set_string(doc, record, IMAGE_FILE, intake->file);
}

/* Once 'status' is committed it ends as 'complete' has it, or as 'queued'. */
static int receive(struct intake *intake, const char *status,
		   int (*complete)(struct intake *, struct error *), struct error *error)
{
	const struct status_move move = { .request = intake->request,
					  .id = intake->id,
					  .to = status,
					  .change = file_claim,
					  .context = intake };
	int result = image_status_move_once(&move, error);

	if (result)
		return result;
	result = intake_run(intake, error);
	if (!result)
		result = complete(intake, error);
	if (result)
		give_up(intake, error);
	return result == -EAGAIN ? error_set(error, -EBUSY, "The image changes all the time.")
				 : result;
}

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

static int upload_check(struct request *request, struct image *image, struct error *error)
{
	int result = intake_media_type_check(request, error);

	if (!result)
		result = quota_check(request, QUOTA_SIZE_TOTAL, 0, 0, error);
	if (!result)
		result = image_store_check(request_header(request, "X-Image-Meta-Store"), 400,
					   error);
	if (!result)
		result = image_of_request(request, image, error);
	if (!result)
		result = image_may(request, image->record, "upload_image", error);
	if (!result)
		result = image_status_check(json_string(image->record, "status"), "saving", error);
	if (!result)
		result = formats_check(image->record, error);
	return result ? result : quota_check(request, QUOTA_COUNT_UPLOADING, 1, 0, error);
}

int image_upload(struct request *request, struct error *error)
{
	struct intake intake;
	struct image image;
	int result = upload_check(request, &image, error);

	if (!result)
		result = intake_prepare(&intake, request, image.id, error);
	if (!result)
		intake.format = json_string(image.record, "disk_format");
	if (!result)
		result = receive(&intake, "saving", upload_complete, error);
	return result ? result : reply_empty(request, 204);
}

int image_stage(struct request *request, struct error *error)
{
	struct intake intake;
	struct image image;
	int result = intake_media_type_check(request, error);

	if (!result)
		result = quota_check(request, QUOTA_STAGE_TOTAL, 0, 0, error);
	if (!result)
		result = image_of_request(request, &image, error);
	if (!result)
		result = image_may(request, image.record, "modify_image", error);
	if (!result)
		result =
			image_status_check(json_string(image.record, "status"), "uploading", error);
	if (!result)
		result = quota_check(request, QUOTA_COUNT_UPLOADING, 1, 0, error);
	if (!result)
		result = intake_prepare(&intake, request, image.id, error);
	if (!result)
		result = receive(&intake, "uploading", stage_complete, error);
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
	path = files_path_of(request->cloud, request->arena, image.record);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return error_errno(error, "the bytes of image %s", image.id);
	return download_reply(request, image.record, fd, error);
}
