/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images that the box makes itself: reserved by a request, filled later without one. */
#include <fcntl.h>
#include <mbedtls/md.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

#define TRIES_MAX 100

int image_reserve(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		  yyjson_mut_val *members, const char **id, struct error *error)
{
	yyjson_mut_val *record = image_record_new(request, doc), *name, *value;
	size_t i, count;
	int result;

	yyjson_mut_obj_foreach (members, i, count, name, value)
		json_set(doc, record, yyjson_mut_get_str(name),
			 yyjson_mut_val_mut_copy(doc, value));
	result = image_limits_check(record, error);
	if (result)
		return result;
	*id = yyjson_mut_get_str(yyjson_mut_obj_get(record, "id"));
	store_txn_put(txn, arena_printf(request->arena, IMAGE_RECORDS "%s", *id),
		      request_write(request, record));
	return 0;
}

int image_fill_open(struct cloud *cloud, const char *id, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *path = files_path(cloud, &arena, id, ".part");
	int fd = path ? open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1;

	return fd < 0 ? error_errno(error, "the bytes of image %s", id) : fd;
}

/* --- finishing */

struct filling {
	struct cloud *cloud;
	struct arena *arena;
	const char *id, *key, *part, *path, *disk_format;
	uint64_t size;
	char checksum[33], hash[129];
};

static int digest(const char *path, mbedtls_md_type_t type, char *text)
{
	unsigned char bytes[64];
	const mbedtls_md_info_t *info = mbedtls_md_info_from_type(type);

	if (mbedtls_md_file(info, path, bytes))
		return -EIO;
	for (size_t i = 0; i < mbedtls_md_get_size(info); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int bytes_keep(struct filling *filling, int fd, struct error *error)
{
	struct stat status;

	if (fstat(fd, &status) || fsync(fd))
		return error_errno(error, "%s", filling->part);
	filling->size = (uint64_t)status.st_size;
	if (digest(filling->part, MBEDTLS_MD_MD5, filling->checksum) ||
	    digest(filling->part, MBEDTLS_MD_SHA512, filling->hash))
		return error_set(error, -EIO, "the digests can't be computed");
	if (rename(filling->part, filling->path))
		return error_errno(error, "%s", filling->path);
	return files_sync_directory(filling->cloud, filling->arena, error);
}

static int record_get_now(struct filling *filling, struct store_record *record, struct error *error)
{
	struct store_view *view;
	int result = store_view_open(filling->cloud->store, &view, error);

	if (result)
		return result;
	result = store_get(view, filling->arena, filling->key, record, NULL);
	store_view_close(view);
	return result;
}

static int record_finish(struct filling *filling, struct error *error)
{
	struct store_txn *txn = store_txn_new(filling->arena);
	yyjson_mut_doc *doc = json_document(filling->arena);
	struct store_record stored;
	yyjson_mut_val *record;
	int result = record_get_now(filling, &stored, error);

	if (result)
		return result;
	record = yyjson_val_mut_copy(doc, json_parse(filling->arena, stored.value, stored.size));
	json_set_string(doc, record, "status", "active");
	json_set_string(doc, record, "disk_format", filling->disk_format);
	json_set_string(doc, record, "container_format", "bare");
	json_set_integer(doc, record, "size", (int64_t)filling->size);
	json_set_string(doc, record, "checksum", filling->checksum);
	json_set_string(doc, record, "os_hash_algo", "sha512");
	json_set_string(doc, record, "os_hash_value", filling->hash);
	json_set_string(doc, record, "updated_at", image_time_now(filling->arena));
	store_txn_compare(txn, filling->key, stored.revision);
	store_txn_put(txn, filling->key, json_write(filling->arena, record));
	return store_commit(filling->cloud->store, txn, NULL, error);
}

int image_fill_finish(struct cloud *cloud, const char *id, int fd, const char *disk_format,
		      struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct filling filling = { .cloud = cloud,
				   .arena = &arena,
				   .id = id,
				   .key = arena_printf(&arena, IMAGE_RECORDS "%s", id),
				   .part = files_path(cloud, &arena, id, ".part"),
				   .path = files_path(cloud, &arena, id, ""),
				   .disk_format = disk_format };
	int result;

	if (arena.failed)
		return error_set(error, -ENOMEM, "out of memory");
	result = bytes_keep(&filling, fd, error);
	if (result)
		return result;
	result = -EAGAIN;
	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++)
		result = record_finish(&filling, error);
	if (result)
		unlink(filling.path);
	return result;
}

/* --- removing */

static void bytes_remove(struct cloud *cloud, struct arena *arena, const char *id)
{
	static const char *const suffixes[] = { "", ".part", ".staged" };

	for (size_t i = 0; i < ARRAY_LENGTH(suffixes); i++) {
		const char *path = files_path(cloud, arena, id, suffixes[i]);

		if (path && unlink(path) && errno != ENOENT)
			log_error("image", "bytes stay until the next start", "id=%s errno=%d", id,
				  errno);
	}
}

struct removal {
	struct store_txn *txn;
};

static int member_remove(const struct store_record *record, void *context)
{
	store_txn_delete(((struct removal *)context)->txn, record->key);
	return 0;
}

static int record_remove(struct cloud *cloud, struct arena *arena, const char *id,
			 struct error *error)
{
	struct removal removal = { store_txn_new(arena) };
	const char *key = arena_printf(arena, IMAGE_RECORDS "%s", id);
	struct store_record stored;
	struct store_view *view;
	int64_t result = store_view_open(cloud->store, &view, error);

	if (result)
		return (int)result;
	result = store_get(view, arena, key, &stored, NULL);
	if (!result)
		result = store_range(view, arena, arena_printf(arena, IMAGE_MEMBERS "%s/", id),
				     NULL, 0, member_remove, &removal, error);
	store_view_close(view);
	if (result < 0)
		return (int)result;
	if (json_bool(json_parse(arena, stored.value, stored.size), "protected", false))
		return error_set(error, -EACCES, "Image %s is protected and cannot be deleted.",
				 id);
	store_txn_compare(removal.txn, key, stored.revision);
	store_txn_delete(removal.txn, key);
	return store_commit(cloud->store, removal.txn, NULL, error);
}

int image_discard(struct cloud *cloud, const char *id, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	int result = -EAGAIN;

	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++)
		result = record_remove(cloud, &arena, id, error);
	if (!result || result == -ENOENT)
		bytes_remove(cloud, &arena, id);
	return result;
}

void image_drop(struct arena *arena, struct store_txn *txn, const char *id)
{
	store_txn_delete(txn, arena_printf(arena, IMAGE_RECORDS "%s", id));
}
