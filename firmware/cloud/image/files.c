/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bytes of images: where they are, how they are opened, what a crash left of them. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

const char *files_name_new(struct arena *arena, const char *id)
{
	char unique[UUID_HEX_SIZE];

	uuid_make_hex(unique);
	return arena_printf(arena, "%s.%s", id, unique);
}

/* Older records do not say. */
const char *files_name(struct arena *arena, yyjson_val *record)
{
	const char *name = json_string(record, IMAGE_FILE), *id = json_string(record, "id");

	if (name || !id)
		return name;
	return yyjson_obj_get(record, IMAGE_STAGED) ? arena_printf(arena, "%s.staged", id) : id;
}

const char *files_path(const struct cloud *cloud, struct arena *arena, const char *name)
{
	const char *directory = strcmp(cloud->directory, "/") ? cloud->directory : "";

	return name ? arena_printf(arena, "%s/images/%s", directory, name) : NULL;
}

const char *files_path_of(const struct cloud *cloud, struct arena *arena, yyjson_val *record)
{
	return files_path(cloud, arena, files_name(arena, record));
}

void files_remove(const char *path)
{
	if (path && unlink(path) && errno != ENOENT)
		log_error("image", "bytes stay until the next start", "path=%s errno=%d", path,
			  errno);
}

int files_sync_directory(const struct cloud *cloud, struct arena *arena, struct error *error)
{
	const char *path = files_path(cloud, arena, "");
	CLEANUP_FD int fd = path ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd < 0 || fsync(fd))
		return error_errno(error, "%s", path ? path : "images");
	return 0;
}

void files_remove_of(const struct cloud *cloud, struct arena *arena, yyjson_val *record)
{
	const char *path = files_path_of(cloud, arena, record);

	files_remove(path);
	if (path)
		files_remove(arena_printf(arena, "%s" FILES_PART, path));
}

/* --- what a crash left */

struct reset {
	struct store *store;
	struct store_view *view;
};

/* Staged is staged: an import can be asked for again. */
static int status_reset(const struct store_record *stored, void *context)
{
	const struct reset *reset = context;
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	yyjson_mut_doc *doc = json_document(&arena);
	yyjson_val *image = json_parse(&arena, stored->value, stored->size);
	yyjson_mut_val *record = yyjson_val_mut_copy(doc, image);
	const char *task = json_string(image, IMAGE_TASK);
	bool staged = yyjson_obj_get(image, IMAGE_STAGED);

	if (staged && json_is(image, "status", "uploading"))
		return 0;
	json_set_string(doc, record, "status", staged ? "uploading" : "queued");
	if (task) {
		task_interrupt(&arena, task, reset->view, txn);
		yyjson_mut_obj_remove_key(record, IMAGE_TASK);
		json_set_string(doc, record, IMAGE_IMPORTING, "");
		json_set_string(doc, record, IMAGE_FAILED, staged ? "" : IMAGE_STORE);
	}
	store_txn_compare(txn, stored->key, stored->revision);
	store_txn_put(txn, stored->key, json_write(&arena, record));
	log_info("image", "upload or import was cut short", "key=%s", stored->key);
	return store_commit(reset->store, txn, NULL, NULL);
}

/* Nobody uploads while the service starts: what is under way was cut short. */
static int uploads_reset(struct cloud *cloud, struct arena *arena, struct error *error)
{
	static const char *const under_way[] = { "saving", "uploading", "importing" };
	struct reset reset = { cloud->store, NULL };
	int64_t result = store_view_open(cloud->store, &reset.view, error);

	if (result)
		return (int)result;
	for (size_t i = 0; i < ARRAY_LENGTH(under_way) && result >= 0; i++)
		result = store_range_index(reset.view, arena, IMAGE_RECORDS, "status", NULL,
					   under_way[i], status_reset, &reset, error);
	store_view_close(reset.view);
	return result < 0 ? (int)result : 0;
}

/* The file's name begins with the image's id. */
static bool is_wanted(struct store_view *view, struct arena *arena, const char *name)
{
	const char *dot = strchrnul(name, '.');
	const char *key = arena_printf(arena, IMAGE_RECORDS "%.*s", (int)(dot - name), name);
	struct store_record record;
	yyjson_val *image;

	if (!key || strlen(key) >= STORE_KEY_MAX || store_get(view, arena, key, &record, NULL))
		return false;
	image = json_parse(arena, record.value, record.size);
	if (!image || strcmp(files_name(arena, image) ?: "", name) != 0)
		return false;
	return yyjson_obj_get(image, IMAGE_STAGED) || json_is(image, "status", "active") ||
	       json_is(image, "status", "deactivated");
}

static void orphans_remove(struct cloud *cloud, struct store_view *view, DIR *directory)
{
	struct dirent *entry;

	while ((entry = readdir(directory))) {
		CLEANUP_ARENA struct arena arena = ARENA_INIT;
		const char *name = entry->d_name;

		if (!strcmp(name, ".") || !strcmp(name, "..") || is_wanted(view, &arena, name))
			continue;
		log_info("image", "orphan removed", "file=%s", log_quote(name));
		files_remove(files_path(cloud, &arena, name));
	}
}

static int orphans_sweep(struct cloud *cloud, struct arena *arena, struct error *error)
{
	const char *path = files_path(cloud, arena, "");
	struct store_view *view;
	DIR *directory;
	int result;

	if (!path)
		return error_set(error, -ENOMEM, "out of memory");
	result = store_view_open(cloud->store, &view, error);
	if (result)
		return result;
	directory = opendir(path);
	if (directory) {
		orphans_remove(cloud, view, directory);
		closedir(directory);
	} else {
		result = error_errno(error, "%s", path);
	}
	store_view_close(view);
	return result;
}

int files_start(struct cloud *cloud, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *path = files_path(cloud, &arena, "");
	int result;

	if (!path)
		return error_set(error, -ENOMEM, "out of memory");
	if (mkdir(path, 0700) && errno != EEXIST)
		return error_errno(error, "%s", path);
	result = uploads_reset(cloud, &arena, error);
	return result ? result : orphans_sweep(cloud, &arena, error);
}

/* --- for others */

static int record_read(struct cloud *cloud, struct arena *arena, const char *id, yyjson_val **image,
		       struct error *error)
{
	const char *key = arena_printf(arena, IMAGE_RECORDS "%s", id);
	struct store_record record;
	struct store_view *view;
	int result;

	if (!key)
		return error_set(error, -ENOMEM, "out of memory");
	result = store_view_open(cloud->store, &view, error);
	if (result)
		return result;
	result = store_get(view, arena, key, &record, NULL);
	store_view_close(view);
	if (result)
		return error_set(error, result, "Image %s could not be found.", id);
	*image = json_parse(arena, record.value, record.size);
	return *image ? 0 : error_set(error, -EIO, "the record of image %s can't be read", id);
}

int image_open(struct cloud *cloud, const char *id, char disk_format[16], uint64_t *size,
	       struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *path, *format;
	yyjson_val *image = NULL;
	int result = record_read(cloud, &arena, id, &image, error), fd;

	if (result)
		return result;
	if (!json_is(image, "status", "active"))
		return error_set(error, -ENOENT, "Image %s is not active.", id);
	path = files_path_of(cloud, &arena, image);
	fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	if (fd < 0)
		return error_errno(error, "the bytes of image %s", id);
	format = json_string(image, "disk_format");
	snprintf(disk_format, 16, "%s", format ? format : "raw");
	*size = (uint64_t)json_integer(image, "size", 0);
	return fd;
}
