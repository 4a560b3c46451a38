/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that the box makes itself: reserved by a request, filled later without one. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define TRIES_MAX 100

int image_reserve(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		  yyjson_mut_val *members, const char **id, struct error *error)
{
	yyjson_mut_val *record = image_record_new(request, doc), *name, *value;
	size_t i, count;
	int result;

	yyjson_mut_obj_foreach (members, i, count, name, value)
		if (!image_attribute_is_reserved(yyjson_mut_get_str(name)))
			json_set(doc, record, yyjson_mut_get_str(name),
				 yyjson_mut_val_mut_copy(doc, value));
	result = image_limits_check(record, error);
	if (result)
		return result;
	*id = yyjson_mut_get_str(yyjson_mut_obj_get(record, "id"));
	json_set_string(doc, record, IMAGE_FILE, files_name_new(request->arena, *id));
	store_txn_put(txn, arena_printf(request->arena, IMAGE_RECORDS "%s", *id),
		      request_write(request, record));
	return 0;
}

/* The record as it is now; -ENOENT. */
static int record_read(struct cloud *cloud, struct arena *arena, const char *id,
		       struct store_record *stored, yyjson_val **record, struct error *error)
{
	const char *key = arena_printf(arena, IMAGE_RECORDS "%s", id);
	struct store_view *view;
	int result = store_view_open(cloud->store, &view, error);

	if (result)
		return result;
	result = store_get(view, arena, key, stored, error);
	store_view_close(view);
	if (result)
		return result;
	*record = json_parse(arena, stored->value, stored->size);
	return *record ? 0 : error_set(error, -EIO, "the record of image %s can't be read", id);
}

/* Beside the image's file: that may be there, if this was done before and nobody noted it. */
static const char *part_path(struct cloud *cloud, struct arena *arena, yyjson_val *record)
{
	const char *path = files_path_of(cloud, arena, record);

	return path ? arena_printf(arena, "%s" FILES_PART, path) : NULL;
}

int image_fill_open(struct cloud *cloud, const char *id, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_record stored;
	yyjson_val *record;
	const char *path;
	int result = record_read(cloud, &arena, id, &stored, &record, error), fd;

	if (result)
		return result;
	path = part_path(cloud, &arena, record);
	fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;
	return fd < 0 ? error_errno(error, "the bytes of image %s", id) : fd;
}

/* --- finishing */

struct filling {
	struct cloud *cloud;
	struct arena *arena;
	const char *id, *file, *disk_format;
	int fd;
	uint64_t size;
	char checksum[33], hash[129];
};

/* Two chunks in turns, as of an upload. */
static int file_digest(struct filling *filling, struct digests *digests, char *chunks,
		       struct error *error)
{
	ssize_t count;

	for (int turn = 0;; turn = !turn) {
		char *chunk = chunks + turn * IMAGE_CHUNK_SIZE;

		count = pread(filling->fd, chunk, IMAGE_CHUNK_SIZE, (off_t)filling->size);
		if (count < 0)
			return error_errno(error, "the bytes of image %s", filling->id);
		if (count == 0)
			return 0;
		digests_update(digests, chunk, (size_t)count);
		filling->size += (uint64_t)count;
	}
}

static int bytes_keep(struct filling *filling, struct error *error)
{
	CLEANUP_FREE char *chunks = malloc(2 * IMAGE_CHUNK_SIZE);
	struct digests *digests = digests_new();
	int result = chunks && digests ? file_digest(filling, digests, chunks, error)
				       : error_set(error, -ENOMEM, "out of memory");

	if (!result)
		digests_finish(digests, filling->checksum, filling->hash);
	digests_free(digests); /* before the chunks, which it may be looking at */
	if (!result && fsync(filling->fd))
		result = error_errno(error, "the bytes of image %s", filling->id);
	return result;
}

static bool is_file(int fd, const char *path)
{
	struct stat ours, theirs;

	return path && !fstat(fd, &ours) && !stat(path, &theirs) && ours.st_dev == theirs.st_dev &&
	       ours.st_ino == theirs.st_ino;
}

/* An upload may have given the image another file, and another image may have its id. */
static int part_rename(struct filling *filling, struct error *error)
{
	struct store_record stored;
	yyjson_val *record;
	const char *part;
	int result =
		record_read(filling->cloud, filling->arena, filling->id, &stored, &record, error);

	if (result)
		return result;
	part = part_path(filling->cloud, filling->arena, record);
	filling->file = files_name(filling->arena, record);
	if (!is_file(filling->fd, part))
		return error_set(error, -ENOENT, "Image %s is filled otherwise.", filling->id);
	if (rename(part, files_path_of(filling->cloud, filling->arena, record)))
		return error_errno(error, "%s", part);
	return files_sync_directory(filling->cloud, filling->arena, error);
}

static int record_finish(struct filling *filling, struct error *error)
{
	struct store_txn *txn = store_txn_new(filling->arena);
	yyjson_mut_doc *doc = json_document(filling->arena);
	struct store_record stored;
	yyjson_mut_val *record;
	yyjson_val *before;
	int result =
		record_read(filling->cloud, filling->arena, filling->id, &stored, &before, error);

	if (!result && strcmp(files_name(filling->arena, before) ?: "", filling->file) != 0)
		result = error_set(error, -ENOENT, "Image %s is filled otherwise.", filling->id);
	if (result)
		return result;
	record = yyjson_val_mut_copy(doc, before);
	json_set_string(doc, record, "status", "active");
	json_set_string(doc, record, "disk_format", filling->disk_format);
	json_set_string(doc, record, "container_format", "bare");
	json_set_integer(doc, record, "size", (int64_t)filling->size);
	json_set_string(doc, record, "checksum", filling->checksum);
	json_set_string(doc, record, "os_hash_algo", "sha512");
	json_set_string(doc, record, "os_hash_value", filling->hash);
	json_set_string(doc, record, "updated_at", image_time_now(filling->arena));
	store_txn_compare(txn, stored.key, stored.revision);
	store_txn_put(txn, stored.key, json_write(filling->arena, record));
	return store_commit(filling->cloud->store, txn, NULL, error);
}

int image_fill_finish(struct cloud *cloud, const char *id, int fd, const char *disk_format,
		      struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct filling filling = {
		.cloud = cloud, .arena = &arena, .id = id, .fd = fd, .disk_format = disk_format
	};
	int result = bytes_keep(&filling, error);

	if (!result)
		result = part_rename(&filling, error);
	if (result)
		return result;
	result = -EAGAIN;
	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++)
		result = record_finish(&filling, error);
	if (result == -ENOENT)
		files_remove(files_path(cloud, &arena, filling.file));
	return result;
}

/* --- removing */

struct removal {
	struct store_txn *txn;
};

static int member_remove(const struct store_record *record, void *context)
{
	store_txn_delete(((struct removal *)context)->txn, record->key);
	return 0;
}

static int members_remove(struct cloud *cloud, struct arena *arena, const char *id,
			  struct removal *removal, struct error *error)
{
	struct store_view *view;
	int64_t result = store_view_open(cloud->store, &view, error);

	if (result)
		return (int)result;
	result = store_range(view, arena, arena_printf(arena, IMAGE_MEMBERS "%s/", id), NULL, 0,
			     member_remove, removal, error);
	store_view_close(view);
	return result < 0 ? (int)result : 0;
}

static int record_remove(struct cloud *cloud, struct arena *arena, const char *id,
			 struct error *error)
{
	struct removal removal = { store_txn_new(arena) };
	struct store_record stored;
	yyjson_val *record;
	int result = record_read(cloud, arena, id, &stored, &record, error);

	if (!result)
		result = members_remove(cloud, arena, id, &removal, error);
	if (!result && json_bool(record, "protected", false))
		result = error_set(error, -EACCES, "Image %s is protected and cannot be deleted.",
				   id);
	if (result)
		return result;
	store_txn_compare(removal.txn, stored.key, stored.revision);
	store_txn_delete(removal.txn, stored.key);
	result = store_commit(cloud->store, removal.txn, NULL, error);
	if (!result)
		files_remove_of(cloud, arena, record);
	return result;
}

int image_discard(struct cloud *cloud, const char *id, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	int result = -EAGAIN;

	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++)
		result = record_remove(cloud, &arena, id, error);
	return result;
}

void image_drop(struct arena *arena, struct store_txn *txn, const char *id)
{
	store_txn_delete(txn, arena_printf(arena, IMAGE_RECORDS "%s", id));
}
