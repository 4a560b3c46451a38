/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key/value metadata of a server. */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"

static yyjson_val *metadata_of(const struct server *server)
{
	return yyjson_obj_get(server->record, "metadata");
}

static int metadata_reply(struct request *request, yyjson_mut_doc *doc, const char *name,
			  yyjson_mut_val *metadata)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	yyjson_mut_obj_add_val(doc, root, name, metadata);
	return reply_json(request, 200, doc, root);
}

int handle_server_metadata_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	return metadata_reply(request, doc, "metadata",
			      yyjson_val_mut_copy(doc, metadata_of(&server)));
}

int handle_server_metadata_show(struct request *request, struct error *error)
{
	const char *key = request_param(request, "key");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *meta = yyjson_mut_obj(doc);
	struct server server;
	yyjson_val *value;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	value = yyjson_obj_get(metadata_of(&server), key);
	if (!value)
		return error_set(error, -ENOENT, "Metadata item was not found");
	json_set(doc, meta, key, yyjson_val_mut_copy(doc, value));
	return metadata_reply(request, doc, "meta", meta);
}

/* Nova lets metadata change in these states alone. */
static int edit_begin(struct request *request, struct server_edit *edit, const char *action,
		      struct error *error)
{
	int result = server_edit_begin(request, edit, error);

	if (result == 0)
		result = server_edit_unlocked(edit, error);
	if (result < 0)
		return result;
	return server_state_check(edit->server.record, action,
				  1u << VM_ACTIVE | 1u << VM_PAUSED | 1u << VM_STOPPED,
				  1u << TASK_NONE, error);
}

static int metadata_room(struct request *request, yyjson_mut_val *metadata, struct error *error)
{
	int64_t limit;
	int result =
		quota_limit(request, request->caller->project_id, QUOTA_METADATA, &limit, error);

	if (result < 0)
		return result;
	if (limit >= 0 && (int64_t)yyjson_mut_obj_size(metadata) > limit)
		return error_set(error, -EDQUOT, "Maximum number of metadata items exceeds %lld",
				 (long long)limit);
	return 0;
}

/* The new metadata, with 'items' in it, is committed. */
static int metadata_change(struct request *request, yyjson_val *items, bool replace,
			   struct server_edit *edit, struct error *error)
{
	yyjson_val *key, *value;
	yyjson_mut_val *metadata;
	size_t i, count;
	int result = edit_begin(request, edit, "update metadata", error);

	if (result < 0)
		return result;
	metadata = replace ? yyjson_mut_obj(edit->doc)
			   : yyjson_val_mut_copy(edit->doc, metadata_of(&edit->server));
	yyjson_obj_foreach (items, i, count, key, value)
		json_set(edit->doc, metadata, yyjson_get_str(key),
			 yyjson_val_mut_copy(edit->doc, value));
	result = metadata_room(request, metadata, error);
	if (result < 0)
		return result;
	json_set(edit->doc, edit->record, "metadata", metadata);
	return server_edit_commit(edit, error);
}

static int metadata_put(struct request *request, bool replace, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct server_edit edit;
	int result = metadata_change(request, yyjson_obj_get(request->body, "metadata"), replace,
				     &edit, error);

	if (result < 0)
		return result;
	return metadata_reply(
		request, doc, "metadata",
		yyjson_mut_val_mut_copy(doc, yyjson_mut_obj_get(edit.record, "metadata")));
}

int handle_server_metadata_merge(struct request *request, struct error *error)
{
	return metadata_put(request, false, error);
}

int handle_server_metadata_replace(struct request *request, struct error *error)
{
	return metadata_put(request, true, error);
}

int handle_server_metadata_set(struct request *request, struct error *error)
{
	yyjson_val *meta = yyjson_obj_get(request->body, "meta");
	yyjson_mut_doc *doc = request_document(request);
	struct server_edit edit;
	int result;

	if (!yyjson_obj_get(meta, request_param(request, "key")))
		return error_set(error, -EINVAL, "Request body and URI mismatch");
	result = metadata_change(request, meta, false, &edit, error);
	if (result < 0)
		return result;
	return metadata_reply(request, doc, "meta", yyjson_val_mut_copy(doc, meta));
}

int handle_server_metadata_delete(struct request *request, struct error *error)
{
	const char *key = request_param(request, "key");
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	if (!yyjson_obj_get(metadata_of(&edit.server), key))
		return error_set(error, -ENOENT, "Metadata item was not found");
	result = edit_begin(request, &edit, "delete metadata", error);
	if (result < 0)
		return result;
	yyjson_mut_obj_remove_key(yyjson_mut_obj_get(edit.record, "metadata"), key);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 204);
}
