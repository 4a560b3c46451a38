/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags of a server (2.26). */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"

#define TAG_LENGTH_MAX 60

static bool tag_find(yyjson_val *tags, const char *tag, size_t *position)
{
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (tags, i, count, item)
		if (yyjson_equals_str(item, tag)) {
			*position = i;
			return true;
		}
	return false;
}

static int tags_reply(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *tags)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	yyjson_mut_obj_add_val(doc, root, "tags", tags);
	return reply_json(request, 200, doc, root);
}

int handle_server_tags_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	return tags_reply(request, doc,
			  yyjson_val_mut_copy(doc, yyjson_obj_get(server.record, "tags")));
}

static int tag_absent(const char *server_id, const char *tag, struct error *error)
{
	return error_set(error, -ENOENT, "Server %s has no tag '%s'", server_id, tag);
}

int handle_server_tag_check(struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	struct server server;
	size_t position;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	if (!tag_find(yyjson_obj_get(server.record, "tags"), tag, &position))
		return tag_absent(server.id, tag, error);
	return reply_empty(request, 204);
}

static int edit_begin(struct request *request, struct server_edit *edit, const char *action,
		      struct error *error)
{
	int result = server_edit_begin(request, edit, error);

	if (result < 0)
		return result;
	return server_state_check(edit->server.record, action,
				  1u << VM_ACTIVE | 1u << VM_PAUSED | 1u << VM_STOPPED, ~0u, error);
}

static int tags_save(struct server_edit *edit, yyjson_mut_val *tags, struct error *error)
{
	json_set(edit->doc, edit->record, "tags", tags);
	return server_edit_commit(edit, error);
}

/* The tags of the request, each once. */
static yyjson_mut_val *tags_asked(struct request *request, yyjson_mut_doc *doc)
{
	yyjson_val *asked = yyjson_obj_get(request->body, "tags"), *item;
	yyjson_mut_val *tags = yyjson_mut_arr(doc);
	size_t i, count, first;

	yyjson_arr_foreach (asked, i, count, item)
		if (tag_find(asked, yyjson_get_str(item), &first) && first == i)
			yyjson_mut_arr_add_strcpy(doc, tags, yyjson_get_str(item));
	return tags;
}

int handle_server_tags_replace(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct server_edit edit;
	yyjson_mut_val *tags;
	int result = edit_begin(request, &edit, "update tags", error);

	if (result < 0)
		return result;
	tags = tags_asked(request, edit.doc);
	result = tags_save(&edit, tags, error);
	return result < 0 ? result : tags_reply(request, doc, yyjson_mut_val_mut_copy(doc, tags));
}

int handle_server_tags_clear(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = edit_begin(request, &edit, "delete tags", error);

	if (result == 0)
		result = tags_save(&edit, yyjson_mut_arr(edit.doc), error);
	return result < 0 ? result : reply_empty(request, 204);
}

static int tag_check(const char *tag, struct error *error)
{
	if (*tag && strlen(tag) <= TAG_LENGTH_MAX && !strpbrk(tag, ",/"))
		return 0;
	return error_set(
		error, -EINVAL,
		"Tag '%s' is invalid. It must be a non empty string without characters '/' "
		"and ','. Validation error message: '%s' %s",
		tag, tag,
		strlen(tag) > TAG_LENGTH_MAX ? "is too long" : "does not match '^[^,/]*$'");
}

int handle_server_tag_add(struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	yyjson_mut_val *tags;
	struct server_edit edit;
	size_t position;
	int result = edit_begin(request, &edit, "update tag", error);

	if (result == 0)
		result = tag_check(tag, error);
	if (result < 0)
		return result;
	tags = yyjson_val_mut_copy(edit.doc, yyjson_obj_get(edit.server.record, "tags"));
	if (yyjson_mut_arr_size(tags) >= COMPUTE_TAGS_MAX)
		return error_set(error, -EINVAL,
				 "The number of tags exceeded the per-server limit %d",
				 COMPUTE_TAGS_MAX);
	if (tag_find(yyjson_obj_get(edit.server.record, "tags"), tag, &position))
		return reply_empty(request, 204);
	yyjson_mut_arr_add_strcpy(edit.doc, tags, tag);
	result = tags_save(&edit, tags, error);
	if (result < 0)
		return result;
	reply_header(request, "Location", "%s/tags/%s",
		     link_self(request, "servers", edit.server.id), tag);
	return reply_empty(request, 201);
}

int handle_server_tag_delete(struct request *request, struct error *error)
{
	const char *tag = request_param(request, "tag");
	yyjson_mut_val *tags;
	struct server_edit edit;
	size_t position;
	int result = edit_begin(request, &edit, "delete tag", error);

	if (result < 0)
		return result;
	if (!tag_find(yyjson_obj_get(edit.server.record, "tags"), tag, &position))
		return tag_absent(edit.server.id, tag, error);
	tags = yyjson_val_mut_copy(edit.doc, yyjson_obj_get(edit.server.record, "tags"));
	yyjson_mut_arr_remove(tags, position);
	result = tags_save(&edit, tags, error);
	return result < 0 ? result : reply_empty(request, 204);
}
