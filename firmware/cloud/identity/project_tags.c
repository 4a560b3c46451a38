/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /projects/{project_id}/tags[/{value}]: the member "tags" of a project, by itself. */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

#define TAGS_MOST 80
#define TAG_SIZE_MOST 255

struct tag_edit {
	struct request *request;
	struct store_txn *txn;
	yyjson_mut_doc *doc;
	yyjson_mut_val *project, *tags;
};

static int tag_edit_begin(struct request *request, struct tag_edit *edit, struct error *error)
{
	const char *id = request_param(request, "project_id");
	yyjson_val *project;
	uint64_t revision;
	int result = kind_find(request, &kind_project, id, &project, &revision, error);

	if (result < 0)
		return result;
	*edit = (struct tag_edit){ .request = request,
				   .txn = store_txn_new(request->arena),
				   .doc = request_document(request) };
	edit->project = yyjson_val_mut_copy(edit->doc, project);
	json_default(edit->doc, edit->project, "tags", yyjson_mut_arr(edit->doc));
	edit->tags = yyjson_mut_obj_get(edit->project, "tags");
	kind_compare(request, &kind_project, edit->txn, id, revision);
	return 0;
}

static int tag_edit_commit(struct tag_edit *edit, struct error *error)
{
	kind_put(edit->request, &kind_project, edit->txn, edit->project);
	return identity_commit(edit->request, edit->txn, error);
}

/* The place of the tag that the path names, or -1. */
static ssize_t tag_find(const struct tag_edit *edit)
{
	const char *value = request_param(edit->request, "value");
	size_t index, most;
	yyjson_mut_val *tag;

	yyjson_mut_arr_foreach (edit->tags, index, most, tag) {
		if (yyjson_mut_equals_str(tag, value))
			return (ssize_t)index;
	}
	return -1;
}

static int reply_tags(struct tag_edit *edit)
{
	struct request *request = edit->request;
	yyjson_mut_val *root = yyjson_mut_obj(edit->doc), *links = yyjson_mut_obj(edit->doc);

	json_set(edit->doc, root, "tags", yyjson_mut_val_mut_copy(edit->doc, edit->tags));
	json_set_string(edit->doc, links, "next", NULL);
	json_set_string(
		edit->doc, links, "self",
		arena_printf(request->arena, "%s%s", request->base_url, request->raw_target));
	json_set_string(edit->doc, links, "previous", NULL);
	json_set(edit->doc, root, "links", links);
	return reply_json(request, 200, edit->doc, root);
}

int project_tag_list(struct request *request, struct error *error)
{
	struct tag_edit edit;
	int result = tag_edit_begin(request, &edit, error);

	return result == 0 ? reply_tags(&edit) : result;
}

int project_tag_replace(struct request *request, struct error *error)
{
	struct tag_edit edit;
	int result = tag_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	edit.tags = yyjson_val_mut_copy(edit.doc, yyjson_obj_get(request->body, "tags"));
	json_set(edit.doc, edit.project, "tags", edit.tags);
	result = tag_edit_commit(&edit, error);
	return result == 0 ? reply_tags(&edit) : result;
}

int project_tag_clear(struct request *request, struct error *error)
{
	struct tag_edit edit;
	int result = tag_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	yyjson_mut_arr_clear(edit.tags);
	result = tag_edit_commit(&edit, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

int project_tag_create(struct request *request, struct error *error)
{
	const char *value = request_param(request, "value");
	struct tag_edit edit;
	int result = tag_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	if (strpbrk(value, ",/") || strlen(value) > TAG_SIZE_MOST ||
	    yyjson_mut_arr_size(edit.tags) >= TAGS_MOST)
		return error_fault(error, -EINVAL, 400, NULL, "Invalid project tag: %.64s", value);
	if (tag_find(&edit) < 0)
		yyjson_mut_arr_add_strcpy(edit.doc, edit.tags, value);
	result = tag_edit_commit(&edit, error);
	if (result < 0)
		return result;
	reply_header(request, "Location", "%s%s", request->base_url, request->raw_target);
	return reply_empty(request, 201);
}

int project_tag_check(struct request *request, struct error *error)
{
	struct tag_edit edit;
	int result = tag_edit_begin(request, &edit, error);

	if (result == 0 && tag_find(&edit) < 0)
		return refuse_not_found(error, "project tag", request_param(request, "value"));
	return result == 0 ? reply_empty(request, 204) : result;
}

int project_tag_delete(struct request *request, struct error *error)
{
	struct tag_edit edit;
	int result = tag_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	if (tag_find(&edit) < 0)
		return refuse_not_found(error, "project tag", request_param(request, "value"));
	yyjson_mut_arr_remove(edit.tags, (size_t)tag_find(&edit));
	result = tag_edit_commit(&edit, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
