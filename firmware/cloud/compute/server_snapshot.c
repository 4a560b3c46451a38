/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions createImage and createBackup: the image is reserved here, copied elsewhere. */
#include "firmware/cloud/compute/snapshot.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/image/image.h"

#define SNAPSHOT_STATES (1u << VM_ACTIVE | 1u << VM_STOPPED | 1u << VM_PAUSED | 1u << VM_SUSPENDED)
#define VERSION_NO_QUOTA 39 /* from here on properties do not count as metadata */
#define VERSION_IMAGE_ID 45 /* from here on the id is in the body */

/* --- what the image says of itself */

/* What a guest needs of its image goes on to the images that are made of it. */
static void inherited_set(struct server_edit *edit, yyjson_mut_val *members)
{
	const char *id = json_string(yyjson_obj_get(edit->server.record, "_image"), "id");
	yyjson_val *base, *name, *value;
	size_t i, count;

	if (image_lookup(edit->request, id, &base, NULL) < 0)
		return;
	yyjson_obj_foreach (base, i, count, name, value) {
		const char *text = yyjson_get_str(name);

		if (!strncmp(text, "hw_", 3) ||
		    (!strncmp(text, "os_", 3) && strcmp(text, "os_hidden") &&
		     strncmp(text, "os_hash", 7)) ||
		    !strcmp(text, "architecture") || !strcmp(text, "min_ram") ||
		    !strcmp(text, "min_disk"))
			json_set(edit->doc, members, text, yyjson_val_mut_copy(edit->doc, value));
	}
}

static const char *roles_text(struct request *request)
{
	const char *const *roles = request->caller->roles, *text = "";

	for (; roles && *roles; roles++)
		text = arena_printf(request->arena, "%s%s%s", text, *text ? "," : "", *roles);
	return text;
}

static void properties_set(struct server_edit *edit, const struct snapshot_order *order,
			   yyjson_mut_val *members)
{
	const struct caller *caller = edit->request->caller;
	yyjson_val *record = edit->server.record;
	yyjson_mut_doc *doc = edit->doc;

	json_set_string(doc, members, "instance_uuid", edit->server.id);
	json_set_string(doc, members, "user_id", caller->user_id);
	json_set_string(doc, members, "image_type",
			strcmp(order->kind, "backup") ? "snapshot" : "backup");
	if (order->backup_type)
		json_set_string(doc, members, "backup_type", order->backup_type);
	json_set_string(doc, members, "base_image_ref",
			json_string(yyjson_obj_get(record, "_image"), "id"));
	json_set_string(doc, members, "image_location", "snapshot");
	json_set_string(doc, members, "image_state", "available");
	json_set_string(doc, members, "owner_id", json_string(record, "tenant_id"));
	json_set_string(doc, members, "owner_user_name", caller->user_name);
	if (caller->project_name)
		json_set_string(doc, members, "owner_project_name", caller->project_name);
	json_set_string(doc, members, "boot_roles", roles_text(edit->request));
}

/* The caller's own properties, which may not be members that every image has. */
static void metadata_set(struct server_edit *edit, yyjson_val *metadata, yyjson_mut_val *members)
{
	static const char *const kept[] = { "id",   "owner",      "status", "size", "checksum",
					    "tags", "visibility", "name",   NULL };
	yyjson_val *name, *value;
	size_t i, count, at;

	yyjson_obj_foreach (metadata, i, count, name, value) {
		for (at = 0; kept[at] && strcmp(kept[at], yyjson_get_str(name)); at++)
			;
		if (!kept[at])
			json_set(edit->doc, members, yyjson_get_str(name),
				 yyjson_val_mut_copy(edit->doc, value));
	}
}

static void snapshot_note(struct server_edit *edit, const struct snapshot_order *order,
			  const char *image_id)
{
	yyjson_mut_val *note = yyjson_mut_obj(edit->doc);

	json_set_string(edit->doc, note, "image", image_id);
	json_set_string(edit->doc, note, "kind", order->kind);
	json_set_string(edit->doc, note, "backup_type", order->backup_type);
	json_set_integer(edit->doc, note, "rotation", order->rotation);
	json_set(edit->doc, edit->record, "_snapshot", note);
}

int snapshot_begin(struct server_edit *edit, const struct snapshot_order *order,
		   const char **image_id, struct error *error)
{
	yyjson_mut_val *members = yyjson_mut_obj(edit->doc);
	int result;

	inherited_set(edit, members);
	properties_set(edit, order, members);
	metadata_set(edit, order->metadata, members);
	json_set_string(edit->doc, members, "name", order->name);
	json_set_string(edit->doc, members, "visibility", "private");
	result = image_reserve(edit->request, edit->txn, edit->doc, members, image_id, error);
	if (result == 0)
		snapshot_note(edit, order, *image_id);
	return result;
}

/* --- the actions */

static int metadata_check(struct request *request, yyjson_val *metadata, struct error *error)
{
	int64_t limit;
	int result;

	if (request->microversion >= VERSION_NO_QUOTA)
		return 0;
	result = quota_limit(request, request->caller->project_id, QUOTA_METADATA, &limit, error);
	if (result == 0 && limit >= 0 && (int64_t)yyjson_obj_size(metadata) > limit)
		return error_set(error, -EDQUOT, "Maximum number of metadata items exceeds %lld",
				 (long long)limit);
	return result;
}

static int snapshot_reply(struct request *request, const char *image_id)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	if (request->microversion < VERSION_IMAGE_ID) {
		reply_header(request, "Location", "%s/image/v2/images/%s", request->base_url,
			     image_id);
		return reply_empty(request, 202);
	}
	json_set_string(doc, root, "image_id", image_id);
	return reply_json(request, 202, doc, root);
}

static int snapshot_take(struct request *request, const struct snapshot_order *order,
			 enum task_state task, const char *event, struct error *error)
{
	const char *action = request->route->action, *image_id;
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_state_check(edit.server.record, action, SNAPSHOT_STATES,
					    1u << TASK_NONE, error);
	if (result == 0)
		result = metadata_check(request, order->metadata, error);
	if (result == 0)
		result = snapshot_begin(&edit, order, &image_id, error);
	if (result < 0)
		return result;
	json_set_string(edit.doc, edit.record, "OS-EXT-STS:task_state", task_state_name(task));
	action_begin(&edit, action, event);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : snapshot_reply(request, image_id);
}

int handle_server_create_image(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "createImage");
	const struct snapshot_order order = { .kind = "snapshot",
					      .name = json_string(body, "name"),
					      .metadata = yyjson_obj_get(body, "metadata") };

	return snapshot_take(request, &order, TASK_IMAGE_SNAPSHOT, "compute_snapshot_instance",
			     error);
}

int handle_server_create_backup(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "createBackup");
	const struct snapshot_order order = {
		.kind = "backup",
		.name = json_string(body, "name"),
		.metadata = yyjson_obj_get(body, "metadata"),
		.backup_type = json_string(body, "backup_type"),
		.rotation = integer_of(yyjson_obj_get(body, "rotation"), 0),
	};

	return snapshot_take(request, &order, TASK_IMAGE_BACKUP, "compute_backup_instance", error);
}
