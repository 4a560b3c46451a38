/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images as records: who may see and change them, how they are shown and committed. */
#include <string.h>
#include <time.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

/* What every image has; all else in a record is a property that somebody gave it. */
static const char *const base_attributes[] = {
	"id",         "name",         "status",           "visibility",    "protected",
	"os_hidden",  "checksum",     "os_hash_algo",     "os_hash_value", "owner",
	"size",       "virtual_size", "container_format", "disk_format",   "created_at",
	"updated_at", "tags",         "min_ram",          "min_disk",
};

bool image_attribute_is_base(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(base_attributes); i++)
		if (!strcmp(base_attributes[i], name))
			return true;
	return false;
}

const char *image_time_now(struct arena *arena)
{
	time_t now = time(NULL);
	char text[32];
	struct tm utc;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	return arena_strdup(arena, text);
}

static bool is_member(struct request *request, const char *id)
{
	const char *project = request->caller->project_id;
	struct error ignored = { 0 };
	yyjson_val *member;

	return project &&
	       !request_get(request, &member, NULL, &ignored, IMAGE_MEMBERS "%s/%s", id, project);
}

static bool image_is_visible(struct request *request, yyjson_val *record)
{
	const char *visibility = json_string(record, "visibility");

	if (!policy_allows(request->caller, "project_admin project_reader"))
		return false;
	if (policy_owns(request, json_string(record, "owner")))
		return true;
	if (!visibility)
		return false;
	if (!strcmp(visibility, "public") || !strcmp(visibility, "community"))
		return true;
	return !strcmp(visibility, "shared") && is_member(request, json_string(record, "id"));
}

static int not_found(struct error *error, const char *id)
{
	return error_fault(error, -ENOENT, 404, NULL, "No image found with ID %s", id);
}

static int image_find(struct request *request, const char *id, struct image *image,
		      struct error *error)
{
	int result;

	image->id = id;
	image->key = arena_printf(request->arena, IMAGE_RECORDS "%s", id);
	result = request_get(request, &image->record, &image->revision, error, "%s", image->key);
	if (result == -ENOENT || (!result && !image_is_visible(request, image->record)))
		return not_found(error, id);
	return result;
}

bool image_is_hidden(struct request *request, const char *id)
{
	struct error ignored = { 0 };
	struct image image;

	return image_find(request, id, &image, &ignored) == -ENOENT;
}

int image_of_request(struct request *request, struct image *image, struct error *error)
{
	return image_find(request, request_param(request, "image_id"), image, error);
}

bool image_id_is_empty(const struct request *request)
{
	size_t length = strcspn(request->raw_target, "?");

	return length && request->raw_target[length - 1] == '/';
}

int image_lookup(struct request *request, const char *id, yyjson_val **image, struct error *error)
{
	struct image found;
	int result = image_find(request, id, &found, error);

	if (!result)
		*image = found.record;
	return result;
}

int image_may(struct request *request, yyjson_val *record, const char *rule, struct error *error)
{
	if (policy_owns(request, json_string(record, "owner")))
		return 0;
	return error_fault(error, -EACCES, 403, NULL,
			   "You are not authorized to complete %s action.", rule);
}

int image_visibility_check(struct request *request, const char *visibility, struct error *error)
{
	if (visibility && !strcmp(visibility, "public") && !policy_allows(request->caller, "admin"))
		return error_fault(error, -EACCES, 403, NULL,
				   "You are not authorized to complete publicize_image action.");
	return 0;
}

static int limit_check(size_t count, size_t most, const char *what, struct error *error)
{
	if (count <= most)
		return 0;
	return error_fault(error, -EMSGSIZE, 413, NULL,
			   "The limit has been exceeded on the number of allowed image %s. "
			   "Attempted: %zu, Maximum: %zu",
			   what, count, most);
}

static int minimum_check(yyjson_mut_val *record, const char *name, struct error *error)
{
	int64_t value = yyjson_mut_get_sint(yyjson_mut_obj_get(record, name));

	if (value >= 0 && value <= INT32_MAX)
		return 0;
	return error_fault(error, -EINVAL, 400, NULL, "Invalid value '%lld' for parameter '%s': %s",
			   (long long)value, name,
			   value < 0 ? "Cannot be a negative value" : "Value is out of range");
}

bool image_attribute_is_reserved(const char *name)
{
	return !strncmp(name, IMAGE_RESERVED, strlen(IMAGE_RESERVED));
}

static bool is_property(const char *name)
{
	return !image_attribute_is_base(name) && !image_attribute_is_reserved(name);
}

int image_limits_check(yyjson_mut_val *record, struct error *error)
{
	size_t properties = 0, i, count;
	yyjson_mut_val *name, *value;
	int result;

	yyjson_mut_obj_foreach (record, i, count, name, value)
		properties += is_property(yyjson_mut_get_str(name));
	result = limit_check(properties, IMAGE_PROPERTIES_MAX, "properties", error);
	if (!result)
		result = limit_check(yyjson_mut_arr_size(yyjson_mut_obj_get(record, "tags")),
				     IMAGE_TAGS_MAX, "tags", error);
	if (!result)
		result = minimum_check(record, "min_disk", error);
	return result ? result : minimum_check(record, "min_ram", error);
}

yyjson_mut_val *image_view(yyjson_mut_doc *doc, yyjson_val *record)
{
	yyjson_mut_val *view = yyjson_val_mut_copy(doc, record);
	const char *id = json_string(record, "id");
	char text[128];

	if (!id)
		id = "";
	snprintf(text, sizeof(text), "/v2/images/%s", id);
	json_set_string(doc, view, "self", text);
	snprintf(text, sizeof(text), "/v2/images/%s/file", id);
	json_set_string(doc, view, "file", text);
	json_set_string(doc, view, "schema", "/v2/schemas/image");
	yyjson_mut_obj_remove_key(view, IMAGE_STAGED);
	yyjson_mut_obj_remove_key(view, IMAGE_FILE);
	if (json_string(record, "checksum"))
		json_set_string(doc, view, "stores", IMAGE_STORE);
	return view;
}

int image_reply(struct request *request, int status, const char *json, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *record = json_parse(request->arena, json, strlen(json));

	if (!record)
		return error_set(error, -ENOMEM, "out of memory");
	return reply_json(request, status, doc, image_view(doc, record));
}

yyjson_mut_val *image_edit(struct request *request, const struct image *image, yyjson_mut_doc **doc)
{
	*doc = request_document(request);
	return yyjson_val_mut_copy(*doc, image->record);
}

int image_commit(struct request *request, const struct image *image, yyjson_mut_val *record,
		 struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *json = request_write(request, record);

	if (!json)
		return error_set(error, -ENOMEM, "out of memory");
	store_txn_compare(txn, image->key, image->revision);
	store_txn_put(txn, image->key, json);
	return request_commit(request, txn, error);
}
