/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ways between an image's states, and going them. */
#include <string.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define TRIES_MAX 100

static const struct {
	const char *from, *to;
} ways[] = {
	{ "queued", "importing" },    { "queued", "saving" },      { "saving", "active" },
	{ "saving", "queued" },       { "queued", "uploading" },   { "uploading", "queued" },
	{ "uploading", "importing" }, { "importing", "active" },   { "importing", "queued" },
	{ "active", "deactivated" },  { "deactivated", "active" },
};

int image_status_check(const char *from, const char *to, struct error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(ways); i++)
		if (!strcmp(ways[i].from, from) && !strcmp(ways[i].to, to))
			return 0;
	return error_fault(error, -EINVAL, 409, NULL,
			   "Image status transition from %s to %s is not allowed", from, to);
}

int image_status_move_once(const struct status_move *move, struct error *error)
{
	struct request *request = move->request;
	struct store_txn *txn = store_txn_new(request->arena);
	struct image image = { .id = move->id };
	yyjson_mut_val *record;
	yyjson_mut_doc *doc;
	const char *json;
	int result;

	image.key = arena_printf(request->arena, IMAGE_RECORDS "%s", move->id);
	result = request_get(request, &image.record, &image.revision, error, "%s", image.key);
	if (!result && move->task && !json_is(image.record, IMAGE_TASK, move->task))
		return error_set(error, -ENOENT, IMPORT_DELETED); /* and there is a new one */
	if (!result && move->file && !json_is(image.record, IMAGE_FILE, move->file))
		return error_set(error, -ENOENT, "Image %s is another one by now.", move->id);
	if (!result)
		result = image_status_check(json_string(image.record, "status"), move->to, error);
	if (result)
		return result;
	record = image_edit(request, &image, &doc);
	json_set_string(doc, record, "status", move->to);
	json_set_string(doc, record, "updated_at", image_time_now(request->arena));
	if (move->change)
		move->change(move->context, doc, record, txn);
	json = request_write(request, record);
	if (!json)
		return error_set(error, -ENOMEM, "out of memory");
	store_txn_compare(txn, image.key, image.revision);
	store_txn_put(txn, image.key, json);
	return request_commit(request, txn, error);
}

int image_status_move(const struct status_move *move, struct error *error)
{
	int result = -EAGAIN;

	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++)
		result = image_status_move_once(move, error);
	return result;
}
