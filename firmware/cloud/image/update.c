/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of a record: patches, tags, deactivation, deletion. */
#include <string.h>

#include "firmware/cloud/image/internal.h"

static int conflict(struct error *error, const char *member, const char *how)
{
	return error_fault(error, -EEXIST, 409, NULL, "Property %s %s.", member, how);
}

/* What depends on who asks and on the image's state. */
static int base_check(struct request *request, const struct image *image,
		      const struct patch_change *change, struct error *error)
{
	const char *member = change->member;

	if (!strcmp(member, "visibility"))
		return image_visibility_check(request, yyjson_get_str(change->value), error);
	if (!strcmp(member, "owner") && !request->caller->is_admin)
		return error_fault(error, -EACCES, 403, NULL,
				   "Owner can't be updated by non admin.");
	if ((!strcmp(member, "disk_format") || !strcmp(member, "container_format")) &&
	    !json_is(image->record, "status", "queued"))
		return error_fault(error, -EACCES, 403, NULL,
				   "Attribute %s can be only replaced for a queued image.", member);
	return 0;
}

static int change_remove(yyjson_mut_val *record, const struct patch_change *change,
			 struct error *error)
{
	if (image_attribute_is_base(change->member))
		return error_fault(error, -EACCES, 403, NULL, "Property %s may not be removed.",
				   change->member);
	if (!yyjson_mut_obj_remove_key(record, change->member))
		return conflict(error, change->member, "does not exist");
	return 0;
}

static int change_set(struct request *request, const struct image *image, yyjson_mut_doc *doc,
		      yyjson_mut_val *record, const struct patch_change *change,
		      struct error *error)
{
	bool present = yyjson_mut_obj_get(record, change->member);
	int result = 0;

	if (change->operation == PATCH_REPLACE && !present)
		return conflict(error, change->member, "does not exist");
	if (change->operation == PATCH_ADD && change->draft4 && present)
		return conflict(error, change->member, "already present");
	if (image_attribute_is_base(change->member))
		result = base_check(request, image, change, error);
	if (!result)
		json_set(doc, record, change->member, yyjson_val_mut_copy(doc, change->value));
	return result;
}

static int patch_apply(struct request *request, const struct image *image, yyjson_mut_doc *doc,
		       yyjson_mut_val *record, const struct patch *patch, struct error *error)
{
	int result = 0;

	for (size_t i = 0; i < patch->count && !result; i++) {
		const struct patch_change *change = &patch->changes[i];

		result = change->operation == PATCH_REMOVE
				 ? change_remove(record, change, error)
				 : change_set(request, image, doc, record, change, error);
	}
	if (!result)
		json_set_string(doc, record, "updated_at", image_time_now(request->arena));
	return result ? result : image_limits_check(record, error);
}

static int body_parse(struct request *request, struct patch *patch, struct error *error)
{
	int draft = patch_draft(request_header(request, "Content-Type"));

	if (!draft) {
		reply_header(request, "Accept-Patch",
			     "application/openstack-images-v2.0-json-patch, "
			     "application/openstack-images-v2.1-json-patch");
		return error_fault(error, -EINVAL, 415, NULL, "%s", "");
	}
	if (!request->body)
		return error_fault(error, -EINVAL, 400, NULL, "Body expected in request.");
	return patch_parse(request->arena, request->body, draft, patch, error);
}

int image_patch(struct request *request, struct error *error)
{
	yyjson_mut_val *record;
	yyjson_mut_doc *doc;
	struct image image;
	struct patch patch;
	int result = body_parse(request, &patch, error);

	if (!result)
		result = image_of_request(request, &image, error);
	if (!result && patch.count)
		result = image_may(request, image.record, "modify_image", error);
	if (result)
		return result;
	record = image_edit(request, &image, &doc);
	result = patch_apply(request, &image, doc, record, &patch, error);
	if (!result && patch.count)
		result = image_commit(request, &image, record, error);
	return result ? result : image_reply(request, 200, request_write(request, record), error);
}

/* --- tags */

static int tag_check(struct request *request, const char *tag, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *tags = yyjson_mut_arr(doc);
	const char *json;

	yyjson_mut_arr_add_str(doc, tags, tag);
	json = request_write(request, tags);
	if (!json)
		return error_set(error, -ENOMEM, "out of memory");
	return image_member_check(request->arena, "tags",
				  json_parse(request->arena, json, strlen(json)), error);
}

/* Where the tag stands, or -1. */
static ssize_t tag_find(yyjson_mut_val *tags, const char *tag)
{
	yyjson_mut_val *item;
	size_t i, count;

	yyjson_mut_arr_foreach (tags, i, count, item)
		if (yyjson_mut_equals_str(item, tag))
			return (ssize_t)i;
	return -1;
}

/* The image to change, in the words that Glance has for tags. */
static int tag_image(struct request *request, struct image *image, const char *verb,
		     struct error *error)
{
	int result = image_of_request(request, image, error);

	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "Image %s not found.", image->id);
	if (!result && !policy_owns(request, json_string(image->record, "owner")))
		return error_fault(error, -EACCES, 403, NULL,
				   "Not allowed to %s tags for image %s.", verb, image->id);
	return result;
}

int image_tag_add(struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	yyjson_mut_val *record, *tags;
	yyjson_mut_doc *doc;
	struct image image;
	int result = tag_check(request, tag, error);

	if (!result)
		result = tag_image(request, &image, "update", error);
	if (result)
		return result;
	record = image_edit(request, &image, &doc);
	tags = yyjson_mut_obj_get(record, "tags");
	if (tag_find(tags, tag) < 0)
		yyjson_mut_arr_add_str(doc, tags, tag);
	json_set_string(doc, record, "updated_at", image_time_now(request->arena));
	result = image_limits_check(record, error);
	if (!result)
		result = image_commit(request, &image, record, error);
	return result ? result : reply_empty(request, 204);
}

int image_tag_delete(struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	yyjson_mut_val *record, *tags;
	yyjson_mut_doc *doc;
	struct image image;
	ssize_t place;
	int result = tag_image(request, &image, "delete", error);

	if (result)
		return result;
	record = image_edit(request, &image, &doc);
	tags = yyjson_mut_obj_get(record, "tags");
	place = tag_find(tags, tag);
	if (place < 0)
		return error_fault(error, -ENOENT, 404, NULL, "%s", "");
	yyjson_mut_arr_remove(tags, (size_t)place);
	json_set_string(doc, record, "updated_at", image_time_now(request->arena));
	result = image_commit(request, &image, record, error);
	return result ? result : reply_empty(request, 204);
}

/* --- actions */

/* Nothing to do when it is there already. */
static int image_move(struct request *request, const char *to, const char *verb,
		      struct error *error)
{
	yyjson_mut_val *record;
	yyjson_mut_doc *doc;
	struct image image;
	int result = image_of_request(request, &image, error);

	if (!result)
		result = image_may(request, image.record, verb, error);
	if (result)
		return result;
	if (json_is(image.record, "status", to))
		return reply_empty(request, 204);
	if (image_status_check(json_string(image.record, "status"), to, NULL) ||
	    json_is(image.record, "status", "saving"))
		return error_fault(error, -EACCES, 403, NULL,
				   "Not allowed to %s image in status '%s'", verb,
				   json_string(image.record, "status"));
	record = image_edit(request, &image, &doc);
	json_set_string(doc, record, "status", to);
	json_set_string(doc, record, "updated_at", image_time_now(request->arena));
	result = image_commit(request, &image, record, error);
	return result ? result : reply_empty(request, 204);
}

int image_deactivate(struct request *request, struct error *error)
{
	return image_move(request, "deactivated", "deactivate", error);
}

int image_reactivate(struct request *request, struct error *error)
{
	return image_move(request, "active", "reactivate", error);
}

/* --- deletion */

struct deletion {
	struct request *request;
	struct store_txn *txn;
};

static int member_delete(const struct store_record *record, void *context)
{
	store_txn_delete(((struct deletion *)context)->txn, record->key);
	return 0;
}

static int deletion_commit(struct request *request, const struct image *image, struct error *error)
{
	struct deletion deletion = { request, store_txn_new(request->arena) };
	const char *members = arena_printf(request->arena, IMAGE_MEMBERS "%s/", image->id);
	struct store_view *view;
	int64_t result = request_view(request, &view, error);

	if (result)
		return (int)result;
	store_txn_compare(deletion.txn, image->key, image->revision);
	store_txn_delete(deletion.txn, image->key);
	result = store_range(view, request->arena, members, NULL, 0, member_delete, &deletion,
			     error);
	return result < 0 ? (int)result : request_commit(request, deletion.txn, error);
}

/* The record goes first: bytes without a record are swept at the next start, should the box die
 * in between. Whoever has them open keeps them. An upload under way finds no record and ends. */
int image_delete(struct request *request, struct error *error)
{
	struct image image;
	int result = image_of_request(request, &image, error);

	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "Failed to find image %s to delete",
				   image.id);
	if (!result)
		result = image_may(request, image.record, "delete_image", error);
	if (result)
		return result;
	if (json_bool(image.record, "protected", false))
		return error_fault(error, -EACCES, 403, NULL,
				   "Image %s is protected and cannot be deleted.", image.id);
	result = deletion_commit(request, &image, error);
	if (result)
		return result;
	files_remove_of(request->cloud, request->arena, image.record);
	return reply_empty(request, 204);
}

int image_delete_nothing(struct request *request, struct error *error)
{
	return error_fault(error, -ENOENT, image_id_is_empty(request) ? 404 : 405, NULL, "%s", "");
}
