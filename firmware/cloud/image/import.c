/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POST /v2/images/{id}/import. The staged file gets the image's name beside its own, so that a
 * crash at any point leaves either the staged image or the active one:
 *
 *	'importing' and a task are committed; link; 'active' and the task's success; unlink
 */
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/log.h"

static int malformed(struct error *error, const char *text)
{
	return error_fault(error, -EINVAL, 400, NULL, "%s", text);
}

static int conflict(struct error *error, const char *text)
{
	return error_fault(error, -EEXIST, 409, NULL, "%s", text);
}

/* --- the request */

static bool is_enabled(const char *name)
{
	const char *const *method = image_import_methods;

	while (*method && strcmp(*method, name) != 0)
		method++;
	return *method;
}

static int flag_check(yyjson_val *body, const char *name, struct error *error)
{
	yyjson_val *value = yyjson_obj_get(body, name);

	if (!value || yyjson_is_bool(value))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL, "'%s' must be boolean value only", name);
}

static int body_check(yyjson_val *body, struct error *error)
{
	yyjson_val *object = yyjson_obj_get(body, "method");
	const char *method;
	int result;

	if (!body)
		return malformed(error, "Body expected in request.");
	if (!object)
		return malformed(error, "Import request requires a 'method' field.");
	method = json_string(object, "name");
	if (!method)
		return malformed(error, "Import request requires a 'name' field.");
	if (!is_enabled(method))
		return error_fault(error, -EINVAL, 400, NULL, "Unknown import method name '%s'.",
				   method);
	result = flag_check(body, "all_stores_must_succeed", error);
	return result ? result : flag_check(body, "all_stores", error);
}

static int state_check(yyjson_val *record, struct error *error)
{
	if (json_is(record, "status", "active"))
		return conflict(error, "Image with status active cannot be target for import");
	if (!json_is(record, "status", "uploading") || !yyjson_obj_get(record, IMAGE_STAGED))
		return conflict(error, "Image needs to be staged before 'glance-direct' method can "
				       "be used");
	if (!json_string(record, "container_format"))
		return conflict(error, "'container_format' needs to be set before import");
	if (!json_string(record, "disk_format"))
		return conflict(error, "'disk_format' needs to be set before import");
	return 0;
}

static int stores_check(struct request *request, struct error *error)
{
	yyjson_val *stores = yyjson_obj_get(request->body, "stores"), *store;
	const char *header = request_header(request, "X-Image-Meta-Store");
	size_t i, count;
	int result = 0;

	if (json_bool(request->body, "all_stores", false))
		return !stores && !header
			       ? 0
			       : malformed(error, "All_stores parameter can't be used with "
						  "x-image-meta-store header or stores parameter");
	if (stores && header)
		return malformed(error, "Stores parameter and x-image-meta-store header can't be "
					"both specified");
	yyjson_arr_foreach (stores, i, count, store)
		if (!result)
			result = image_store_check(
				yyjson_is_str(store) ? yyjson_get_str(store) : "", 409, error);
	return result ? result : image_store_check(header, 409, error);
}

/* --- the import */

static void begin(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record, struct store_txn *txn)
{
	const struct task *task = context;

	json_set_string(doc, record, IMAGE_IMPORTING, IMAGE_STORE);
	json_set_string(doc, record, IMAGE_FAILED, "");
	json_set_string(doc, record, IMAGE_TASK, task->id);
	store_txn_put(txn, task->key, request_write(task->request, task->record));
}

struct outcome {
	struct task *task;
	const char *id, *failure; /* NULL: it went well */
	int64_t virtual_size;
};

static void digests_take(yyjson_mut_doc *doc, yyjson_mut_val *record)
{
	yyjson_mut_val *staged = yyjson_mut_obj_get(record, IMAGE_STAGED);

	json_set_string(doc, record, "checksum",
			yyjson_mut_get_str(yyjson_mut_obj_get(staged, "checksum")));
	json_set_string(doc, record, "os_hash_algo", "sha512");
	json_set_string(doc, record, "os_hash_value",
			yyjson_mut_get_str(yyjson_mut_obj_get(staged, "hash")));
}

static void end(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record, struct store_txn *txn)
{
	const struct outcome *outcome = context;

	if (outcome->failure)
		json_set_string(doc, record, "size", NULL);
	else
		digests_take(doc, record);
	if (outcome->virtual_size)
		json_set_integer(doc, record, "virtual_size", outcome->virtual_size);
	yyjson_mut_obj_remove_key(record, IMAGE_STAGED);
	yyjson_mut_obj_remove_key(record, IMAGE_TASK);
	json_set_string(doc, record, IMAGE_IMPORTING, "");
	json_set_string(doc, record, IMAGE_FAILED, outcome->failure ? IMAGE_STORE : "");
	task_finish(outcome->task, outcome->id, outcome->failure, txn);
}

static int file_take(struct request *request, const char *id, struct error *error)
{
	const char *staged = files_path(request->cloud, request->arena, id, ".staged");
	const char *path = files_path(request->cloud, request->arena, id, "");

	if (!staged || !path)
		return error_set(error, -ENOMEM, "out of memory");
	if (link(staged, path) && errno != EEXIST)
		return error_errno(error, "the staged image");
	return files_sync_directory(request->cloud, request->arena, error);
}

/* Ends as 'active' or as 'queued', and the task as it went. */
static int import_run(struct request *request, const struct image *image, struct task *task,
		      struct error *error)
{
	const char *id = image->id;
	int64_t size = json_integer(image->record, "size", 0);
	struct outcome outcome = { .task = task, .id = id };
	struct status_move move = { request, id, "active", end, &outcome };
	struct error reason = { 0 };
	const char *staged = files_path(request->cloud, request->arena, id, ".staged");
	int result = quota_check(request, QUOTA_SIZE_TOTAL, 0, size / 1048576, &reason);

	if (!result)
		result = file_take(request, id, &reason);
	if (!result)
		outcome.virtual_size = image_virtual_size(
			request, id, json_string(image->record, "disk_format"), size);
	if (result) {
		outcome.failure = reason.message;
		move.to = "queued";
		log_warning("image", "import failed", "id=%s reason=%s", id,
			    log_quote(reason.message));
	}
	result = image_status_move(&move, error);
	if (staged)
		unlink(staged);
	return result == -ENOENT ? 0 : result; /* deleted in the meantime */
}

int image_import(struct request *request, struct error *error)
{
	struct image image;
	struct task task;
	int result = body_check(request->body, error);

	if (!result)
		result = quota_check(request, QUOTA_SIZE_TOTAL, 0, 0, error);
	if (!result)
		result = image_of_request(request, &image, error);
	if (!result)
		result = state_check(image.record, error);
	if (!result)
		result = image_may(request, image.record, "modify_image", error);
	if (!result)
		result = stores_check(request, error);
	if (result)
		return result;
	result = task_make(request, image.id, &task, error);
	if (!result)
		result = image_status_move_once(
			&(struct status_move){ request, image.id, "importing", begin, &task },
			error);
	if (!result)
		result = import_run(request, &image, &task, error);
	return result ? result : reply_empty(request, 202);
}
