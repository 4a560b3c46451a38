/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POST /v2/images: an image without bytes. */
#include <string.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define PROPERTY_LENGTH_MAX 255

static int refuse(struct error *error, const char *member, const char *how)
{
	return error_fault(error, -EACCES, 403, NULL, "Attribute '%s' is %s.", member, how);
}

static int members_refuse(yyjson_val *body, const char *const *names, const char *how,
			  struct error *error)
{
	for (; *names; names++)
		if (yyjson_obj_get(body, *names))
			return refuse(error, *names, how);
	return 0;
}

static int properties_check(yyjson_val *body, struct error *error)
{
	static const char *const reserved[] = { "location", "locations", "deleted", "deleted_at",
						NULL };
	size_t i, count;
	yyjson_val *name, *value;

	yyjson_obj_foreach (body, i, count, name, value) {
		if (yyjson_get_len(name) > PROPERTY_LENGTH_MAX)
			return error_fault(error, -EINVAL, 400, NULL,
					   "Custom property should not be greater than 255 "
					   "characters.");
		if (image_attribute_is_reserved(yyjson_get_str(name)))
			return refuse(error, yyjson_get_str(name), "reserved");
	}
	return members_refuse(body, reserved, "reserved", error);
}

static int body_check(yyjson_val *body, struct error *error)
{
	static const char *const links[] = {
		"direct_url", "self", "file", "schema", "stores", NULL
	};
	static const char *const read_only[] = { "created_at", "updated_at",   "status",
						 "checksum",   "os_hash_algo", "os_hash_value",
						 "size",       "virtual_size", NULL };
	int result;

	if (!yyjson_is_obj(body))
		return error_fault(error, -EINVAL, 400, NULL, "Body expected in request.");
	result = members_refuse(body, links, "read-only", error);
	if (!result)
		result = image_schema_check(body, error);
	if (!result)
		result = properties_check(body, error);
	return result ? result : members_refuse(body, read_only, "read-only", error);
}

static int owner_check(struct request *request, const char *owner, struct error *error)
{
	if (policy_owns(request, owner))
		return 0;
	return error_fault(error, -EACCES, 403, NULL,
			   "You are not permitted to create images owned by '%s'",
			   owner ? owner : "None");
}

yyjson_mut_val *image_record_new(struct request *request, yyjson_mut_doc *doc)
{
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	static const char *const nulls[] = { "name",     "disk_format",  "container_format",
					     "checksum", "os_hash_algo", "os_hash_value",
					     "size",     "virtual_size" };
	const char *now = image_time_now(request->arena);
	char id[UUID_SIZE];

	uuid_make(id);
	json_set_string(doc, record, "id", id);
	for (size_t i = 0; i < ARRAY_LENGTH(nulls); i++)
		json_set_string(doc, record, nulls[i], NULL);
	json_set_string(doc, record, "status", "queued");
	json_set_string(doc, record, "visibility", "shared");
	json_set_bool(doc, record, "protected", false);
	json_set_bool(doc, record, "os_hidden", false);
	json_set_integer(doc, record, "min_ram", 0);
	json_set_integer(doc, record, "min_disk", 0);
	json_set_string(doc, record, "owner", request->caller->project_id);
	json_set_string(doc, record, "created_at", now);
	json_set_string(doc, record, "updated_at", now);
	json_set(doc, record, "tags", yyjson_mut_arr(doc));
	return record;
}

static bool array_holds(yyjson_mut_val *array, yyjson_val *text)
{
	yyjson_mut_val *item;
	size_t i, count;

	yyjson_mut_arr_foreach (array, i, count, item)
		if (yyjson_mut_equals_str(item, yyjson_get_str(text)))
			return true;
	return false;
}

/* A set: what comes twice is there once. */
static void tags_set(yyjson_mut_doc *doc, yyjson_mut_val *record, yyjson_val *tags)
{
	yyjson_mut_val *set = yyjson_mut_arr(doc);
	yyjson_val *tag;
	size_t i, count;

	yyjson_arr_foreach (tags, i, count, tag)
		if (!array_holds(set, tag))
			yyjson_mut_arr_append(set, yyjson_val_mut_copy(doc, tag));
	json_set(doc, record, "tags", set);
}

static yyjson_mut_val *record_make(struct request *request)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = image_record_new(request, doc);
	yyjson_val *name, *value;
	size_t i, count;

	yyjson_obj_foreach (request->body, i, count, name, value) {
		if (yyjson_equals_str(name, "tags"))
			tags_set(doc, record, value);
		else
			json_set(doc, record, yyjson_get_str(name),
				 yyjson_val_mut_copy(doc, value));
	}
	return record;
}

static int record_check(struct request *request, yyjson_mut_val *record, struct error *error)
{
	const char *owner = yyjson_mut_get_str(yyjson_mut_obj_get(record, "owner"));
	const char *visibility = yyjson_mut_get_str(yyjson_mut_obj_get(record, "visibility"));
	int result = owner_check(request, owner, error);

	if (!result)
		result = image_visibility_check(request, visibility, error);
	return result ? result : image_limits_check(record, error);
}

static int record_commit(struct request *request, const char *id, const char *json,
			 struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *key = arena_printf(request->arena, IMAGE_RECORDS "%s", id);
	int result;

	store_txn_compare(txn, key, 0);
	store_txn_put(txn, key, json);
	result = request_commit(request, txn, error);
	if (result != -EAGAIN)
		return result;
	return error_fault(error, -EEXIST, 409, NULL, "Image ID %s already exists!", id);
}

int image_create(struct request *request, struct error *error)
{
	yyjson_mut_val *record;
	const char *json, *id;
	int result = body_check(request->body, error);

	if (result)
		return result;
	record = record_make(request);
	result = record_check(request, record, error);
	if (!result)
		result = quota_check(request, QUOTA_COUNT_TOTAL, 0, 1, error);
	if (result)
		return result;
	json = request_write(request, record);
	id = yyjson_mut_get_str(yyjson_mut_obj_get(record, "id"));
	if (!json)
		return error_set(error, -ENOMEM, "out of memory");
	result = record_commit(request, id, json, error);
	if (result)
		return result;
	reply_header(request, "OpenStack-image-import-methods", "%s",
		     image_import_methods_text(request->arena));
	reply_header(request, "OpenStack-image-store-ids", "%s", IMAGE_STORE);
	reply_header(request, "Location", "%s/image/v2/images/%s", request->base_url, id);
	return image_reply(request, 201, json, error);
}
