/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest is handed beside its disk: user-data, and the files of the older API's 'personality'. */
#include <string.h>

#include "firmware/cloud/compute/server_order.h"

/* Nova counts what was sent: the content as it stands in the request, in base64. */
static int file_check(yyjson_val *file, size_t *path, size_t *content, struct error *error)
{
	static const char *const members[] = { "path", "contents" };
	const char *text[2];

	for (size_t i = 0; i < 2; i++) {
		text[i] = json_string(file, members[i]);
		if (!text[i])
			return error_set(error, -EINVAL, "'%s' is a required property", members[i]);
	}
	*path = strlen(text[0]) > *path ? strlen(text[0]) : *path;
	*content = strlen(text[1]) > *content ? strlen(text[1]) : *content;
	return 0;
}

static int limit_check(const struct server_order *order, enum quota_resource resource, size_t value,
		       const char *what, struct error *error)
{
	int64_t limit;
	int result = quota_limit(order->request, order->request->caller->project_id, resource,
				 &limit, error);

	if (result < 0 || limit < 0 || (int64_t)value <= limit)
		return result;
	if (!*what)
		return error_set(error, -EDQUOT, "Personality file limit exceeded");
	return error_set(error, -EDQUOT, "Personality file %s exceeds maximum %lld", what,
			 (long long)limit);
}

int order_files(struct server_order *order, struct error *error)
{
	yyjson_val *files = yyjson_obj_get(order->body, "personality"), *file;
	size_t path = 0, content = 0, i, count = yyjson_arr_size(files);
	int result = 0;

	if (!count)
		return 0;
	order->files = files;
	yyjson_arr_foreach (files, i, count, file) {
		result = file_check(file, &path, &content, error);
		if (result < 0)
			return result;
	}
	result = limit_check(order, QUOTA_FILES, count, "", error);
	if (result == 0)
		result = limit_check(order, QUOTA_FILE_PATH, path, "path", error);
	if (result == 0)
		result = limit_check(order, QUOTA_FILE_CONTENT, content, "content", error);
	return result;
}

/* Nobody checks signatures of images here: better refused than forgotten. */
int order_certificates(struct server_order *order, struct error *error)
{
	if (!yyjson_arr_size(yyjson_obj_get(order->body, "trusted_image_certificates")))
		return 0;
	return error_set(error, -EINVAL,
			 "Trusted image certificates provided on host that does not support "
			 "certificate validation.");
}

void server_data_put(struct request *request, struct store_txn *txn, const char *id,
		     const char *user_data, yyjson_val *files)
{
	const char *key = arena_printf(request->arena, KEY_USER_DATA "%s", id);
	yyjson_mut_doc *doc = json_document(request->arena);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	if (!user_data && !files) {
		store_txn_delete(txn, key);
		return;
	}
	json_set_string(doc, root, "user_data", user_data);
	if (files)
		json_set(doc, root, "files", yyjson_val_mut_copy(doc, files));
	store_txn_put(txn, key, json_write(request->arena, root));
}
