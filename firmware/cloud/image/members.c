/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Members: the projects with which a shared image is shared. They say themselves whether they
 * accept it; until then it is not in their lists. */
#include <string.h>

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/image/internal.h"

static int forbidden(struct error *error, const char *verb, const char *id)
{
	return error_fault(error, -EACCES, 403, NULL, "Not allowed to %s members for image %s.",
			   verb, id);
}

static int shared_image(struct request *request, struct image *image, const char *verb,
			struct error *error)
{
	int result = image_of_request(request, image, error);

	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "Image %s not found.", image->id);
	if (!result && !json_is(image->record, "visibility", "shared"))
		return forbidden(error, verb, image->id);
	return result;
}

static bool owns(struct request *request, const struct image *image)
{
	return policy_owns(request, json_string(image->record, "owner"));
}

static const char *member_key(struct request *request, const struct image *image,
			      const char *member)
{
	return arena_printf(request->arena, IMAGE_MEMBERS "%s/%s", image->id, member);
}

static yyjson_mut_val *member_view(yyjson_mut_doc *doc, yyjson_val *record)
{
	yyjson_mut_val *view = yyjson_val_mut_copy(doc, record);

	json_set_string(doc, view, "schema", "/v2/schemas/member");
	return view;
}

static int member_put(struct request *request, const char *key, uint64_t revision,
		      yyjson_mut_val *record, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *json = request_write(request, record);

	if (!json)
		return error_set(error, -ENOMEM, "out of memory");
	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, json);
	return request_commit(request, txn, error);
}

static int member_reply(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record)
{
	json_set_string(doc, record, "schema", "/v2/schemas/member");
	return reply_json(request, 200, doc, record);
}

static yyjson_mut_val *member_make(struct request *request, yyjson_mut_doc *doc,
				   const char *image_id, const char *member)
{
	const char *now = image_time_now(request->arena);
	yyjson_mut_val *record = yyjson_mut_obj(doc);

	json_set_string(doc, record, "member_id", member);
	json_set_string(doc, record, "image_id", image_id);
	json_set_string(doc, record, "status", "pending");
	json_set_string(doc, record, "created_at", now);
	json_set_string(doc, record, "updated_at", now);
	return record;
}

static int quota_members_check(struct request *request, const struct image *image,
			       struct error *error)
{
	struct record_list list = { 0 };
	int result = record_list_range(request, &list, member_key(request, image, ""), error);

	if (result < 0 || list.count < IMAGE_MEMBERS_MAX)
		return result < 0 ? result : 0;
	return error_fault(error, -EMSGSIZE, 413, NULL,
			   "The limit has been exceeded on the number of allowed image members "
			   "for this image. Attempted: %zu, Maximum: %d",
			   list.count + 1, IMAGE_MEMBERS_MAX);
}

int image_member_add(struct request *request, struct error *error)
{
	const char *member = json_string(request->body, "member"), *key;
	yyjson_mut_doc *doc = request_document(request);
	struct image image;
	yyjson_mut_val *record;
	yyjson_val *existing;
	int result;

	if (!member || !*member || strlen(member) > 255 || strchr(member, '/'))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Member can't be empty, and must be a project's id.");
	result = shared_image(request, &image, "create", error);
	if (result)
		return result;
	if (!owns(request, &image))
		return forbidden(error, "create", image.id);
	key = member_key(request, &image, member);
	if (!request_get(request, &existing, NULL, error, "%s", key))
		return error_fault(error, -EEXIST, 409, NULL,
				   "Member %s is duplicated for image %s", member, image.id);
	result = quota_members_check(request, &image, error);
	if (result)
		return result;
	record = member_make(request, doc, image.id, member);
	result = member_put(request, key, 0, record, error);
	return result ? result : member_reply(request, doc, record);
}

/* The member of the path, if the caller is its project, or owns the image. */
static int member_of_request(struct request *request, struct image *image, yyjson_val **record,
			     uint64_t *revision, struct error *error)
{
	const char *member = request_param(request, "member_id");
	const char *project = request->caller->project_id;
	int result = -ENOENT;

	if (owns(request, image) || (project && !strcmp(project, member)))
		result = request_get(request, record, revision, error, "%s",
				     member_key(request, image, member));
	if (result != -ENOENT)
		return result;
	return error_fault(error, -ENOENT, 404, NULL,
			   "%s not found in the member list of the image %s.", member, image->id);
}

int image_member_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct image image;
	yyjson_val *record;
	int result = image_of_request(request, &image, error);

	if (!result)
		result = member_of_request(request, &image, &record, NULL, error);
	return result ? result : reply_json(request, 200, doc, member_view(doc, record));
}

/* It is the member who accepts. */
int image_member_update(struct request *request, struct error *error)
{
	const char *status = json_string(request->body, "status");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changed;
	yyjson_val *record;
	struct image image;
	uint64_t revision;
	int result = shared_image(request, &image, "update", error);

	if (!result)
		result = member_of_request(request, &image, &record, &revision, error);
	if (result)
		return result;
	if (!request->caller->is_admin && owns(request, &image))
		return forbidden(error, "update", image.id);
	if (!status ||
	    (strcmp(status, "pending") && strcmp(status, "accepted") && strcmp(status, "rejected")))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Incorrect request: Status must be \"pending\", \"accepted\" or "
				   "\"rejected\".");
	changed = yyjson_val_mut_copy(doc, record);
	json_set_string(doc, changed, "status", status);
	json_set_string(doc, changed, "updated_at", image_time_now(request->arena));
	result = member_put(request, member_key(request, &image, json_string(record, "member_id")),
			    revision, changed, error);
	return result ? result : member_reply(request, doc, changed);
}

int image_member_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	struct image image;
	yyjson_val *record;
	int result = shared_image(request, &image, "delete", error);

	if (!result && !owns(request, &image))
		return forbidden(error, "delete", image.id);
	if (!result)
		result = member_of_request(request, &image, &record, NULL, error);
	if (result)
		return result;
	store_txn_delete(txn, member_key(request, &image, json_string(record, "member_id")));
	result = request_commit(request, txn, error);
	return result ? result : reply_empty(request, 204);
}

static bool is_shown(struct request *request, const struct image *image, yyjson_val *record)
{
	const char *project = request->caller->project_id;

	return owns(request, image) || (project && json_is(record, "member_id", project));
}

int image_member_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *members = yyjson_mut_arr(doc);
	struct image image;
	int result = shared_image(request, &image, "list", error);

	if (!result)
		result = record_list_range(request, &list, member_key(request, &image, ""), error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < list.count; i++)
		if (is_shown(request, &image, list.items[i]))
			yyjson_mut_arr_append(members, member_view(doc, list.items[i]));
	json_set(doc, root, "members", members);
	json_set_string(doc, root, "schema", "/v2/schemas/members");
	return reply_json(request, 200, doc, root);
}
