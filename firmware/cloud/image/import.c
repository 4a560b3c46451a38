/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * POST /v2/images/{id}/import. 'importing' and a task are committed. By glance-direct the staged file
 * is the image's as it is: 'active' and the task's success are committed, and the request is
 * answered. By web-download it is answered first: see download.c.
 */
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/fetch/url.h"
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

/* By web-download into an image without bytes; by glance-direct what is staged. */
static int method_check(yyjson_val *record, bool from_web, struct error *error)
{
	bool staged =
		json_is(record, "status", "uploading") && yyjson_obj_get(record, IMAGE_STAGED);

	if (from_web && !json_is(record, "status", "queued"))
		return conflict(error, "Image needs to be in 'queued' state to use 'web-download' "
				       "method");
	if (!from_web && !staged)
		return conflict(error, "Image needs to be staged before 'glance-direct' method can "
				       "be used");
	return 0;
}

static int state_check(yyjson_val *record, bool from_web, struct error *error)
{
	int result;

	if (json_is(record, "status", "active"))
		return conflict(error, "Image with status active cannot be target for import");
	result = method_check(record, from_web, error);
	if (result)
		return result;
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

static int uri_check(struct request *request, const char *uri, struct error *error)
{
	struct fetch_begin begin = { 0 };
	struct url url;
	int result = import_rules_get(request, &begin, error);

	if (result)
		return result;
	if (uri && !url_parse(uri, &url) && rules_allow(&begin.rules, &url))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "URI for web-download does not pass filtering: %.512s",
			   uri ? uri : "None");
}

/* --- what an import writes */

struct beginning {
	const struct task *task;
	const char *file;
};

static void begin(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record, struct store_txn *txn)
{
	const struct beginning *beginning = context;
	const struct task *task = beginning->task;

	json_set_string(doc, record, IMAGE_FILE, beginning->file);
	json_set_string(doc, record, IMAGE_IMPORTING, IMAGE_STORE);
	json_set_string(doc, record, IMAGE_FAILED, "");
	json_set_string(doc, record, IMAGE_TASK, task->id);
	store_txn_put(txn, task->key, request_write(task->request, task->record));
}

static void facts_take(const struct import_outcome *outcome, yyjson_mut_doc *doc,
		       yyjson_mut_val *record)
{
	json_set_integer(doc, record, "size", outcome->size);
	json_set_string(doc, record, "checksum", outcome->checksum);
	json_set_string(doc, record, "os_hash_algo", "sha512");
	json_set_string(doc, record, "os_hash_value", outcome->hash);
	if (outcome->virtual_size)
		json_set_integer(doc, record, "virtual_size", outcome->virtual_size);
}

static void end(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record, struct store_txn *txn)
{
	const struct import_outcome *outcome = context;

	if (outcome->failure)
		json_set_string(doc, record, "size", NULL);
	else
		facts_take(outcome, doc, record);
	yyjson_mut_obj_remove_key(record, IMAGE_STAGED);
	yyjson_mut_obj_remove_key(record, IMAGE_TASK);
	json_set_string(doc, record, IMAGE_IMPORTING, "");
	json_set_string(doc, record, IMAGE_FAILED, outcome->failure ? IMAGE_STORE : "");
	task_finish(outcome->task, outcome->id, outcome->failure, txn);
}

/* The image was deleted in the meantime: what is left of the import is its task. */
static int end_without_image(struct import_outcome *outcome, struct error *error)
{
	struct store_txn *txn = store_txn_new(outcome->task->request->arena);

	outcome->failure = IMPORT_DELETED;
	task_finish(outcome->task, outcome->id, outcome->failure, txn);
	return request_commit(outcome->task->request, txn, error);
}

int import_end(struct import_outcome *outcome, struct error *error)
{
	struct status_move move = { .request = outcome->task->request,
				    .id = outcome->id,
				    .to = outcome->failure ? "queued" : "active",
				    .task = outcome->task->id,
				    .change = end,
				    .context = outcome };
	int result;

	if (outcome->failure)
		log_warning("image", "import failed", "id=%s reason=%s", outcome->id,
			    log_quote(outcome->failure));
	result = image_status_move(&move, error);
	return result == -ENOENT ? end_without_image(outcome, error) : result;
}

/* --- glance-direct */

/* Ends as 'active' or as 'queued', and the task as it went. */
static int staged_import(struct request *request, const struct image *image, struct task *task,
			 struct error *error)
{
	const char *id = image->id;
	yyjson_val *digests = yyjson_obj_get(image->record, IMAGE_STAGED);
	struct import_outcome outcome = { .task = task,
					  .id = id,
					  .size = json_integer(image->record, "size", 0),
					  .checksum = json_string(digests, "checksum"),
					  .hash = json_string(digests, "hash") };
	struct error reason = { 0 };
	const char *path = files_path_of(request->cloud, request->arena, image->record);
	int result = quota_check(request, QUOTA_SIZE_TOTAL, 0, outcome.size / 1048576, &reason);

	if (!result && (!path || access(path, R_OK)))
		result = error_errno(&reason, "the staged image");
	if (!result)
		outcome.virtual_size = image_virtual_size(
			request, path, json_string(image->record, "disk_format"), outcome.size);
	outcome.failure = result ? reason.message : NULL;
	result = import_end(&outcome, error);
	if (outcome.failure)
		files_remove(path);
	return result;
}

/* --- POST .../import */

static int import_check(struct request *request, bool from_web, struct image *image,
			struct error *error)
{
	int result = quota_check(request, QUOTA_SIZE_TOTAL, 0, 0, error);

	if (!result)
		result = image_of_request(request, image, error);
	if (!result)
		result = state_check(image->record, from_web, error);
	if (!result)
		result = image_may(request, image->record, "modify_image", error);
	if (!result)
		result = stores_check(request, error);
	return result;
}

/* What is checked: 'importing' and a task are committed, and it goes on. */
static int import_go(struct request *request, const struct image *image, const char *uri,
		     bool from_web, struct error *error)
{
	struct task task;
	struct beginning beginning = { &task, from_web
						      ? files_name_new(request->arena, image->id)
						      : files_name(request->arena, image->record) };
	const struct status_move move = { .request = request,
					  .id = image->id,
					  .to = "importing",
					  .change = begin,
					  .context = &beginning };
	int result =
		task_make(request, image->id, from_web ? "pending" : "processing", &task, error);

	if (!result)
		result = image_status_move_once(&move, error);
	if (result)
		return result;
	return from_web ? download_start(&task, image, beginning.file, uri, error)
			: staged_import(request, image, &task, error);
}

int image_import(struct request *request, struct error *error)
{
	yyjson_val *method;
	struct image image;
	const char *uri;
	bool from_web;
	int result = body_check(request->body, error);

	if (result)
		return result;
	method = yyjson_obj_get(request->body, "method");
	from_web = json_is(method, "name", "web-download");
	uri = json_string(method, "uri");
	result = import_check(request, from_web, &image, error);
	if (!result && from_web)
		result = uri_check(request, uri, error);
	if (!result)
		result = import_go(request, &image, uri, from_web, error);
	return result ? result : reply_empty(request, 202);
}
