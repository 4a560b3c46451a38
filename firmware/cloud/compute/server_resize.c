/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions resize, confirmResize and revertResize. */
#include "firmware/cloud/compute/admission.h"
#include "firmware/cloud/compute/hardware.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/server_order.h"

#define GIB (1024ll * 1024 * 1024)

static int flavor_read(struct request *request, struct server_edit *edit, yyjson_val **flavor,
		       struct error *error)
{
	yyjson_val *reference =
		yyjson_obj_get(yyjson_obj_get(request->body, "resize"), "flavorRef");
	yyjson_val *old = yyjson_obj_get(edit->server.record, "_flavor");
	const char *id = yyjson_get_str(reference);
	int result;

	if (!id)
		id = arena_printf(request->arena, "%lld", (long long)integer_of(reference, 0));
	result = flavor_find(request, id, flavor, NULL, error);
	if (result == -ENOENT)
		return error_set(error, -EINVAL, "Flavor %s could not be found.", id);
	if (result < 0)
		return result;
	if (json_integer(*flavor, "disk", 0) == 0 && json_integer(old, "disk", 0) != 0)
		return error_set(error, -EINVAL,
				 "Server disk was unable to be resized because: Resize to zero "
				 "disk flavor is not allowed.");
	if (json_is(*flavor, "id", json_string(old, "id")))
		return error_set(error, -EINVAL, "When resizing, instances must change flavor!");
	return 0;
}

/* The image may be gone: the server kept what counts. */
static int flavor_fits(struct server_edit *edit, yyjson_val *flavor, struct error *error)
{
	yyjson_val *image = yyjson_obj_get(edit->server.record, "_image");
	int64_t size = json_integer(image, "size", 0);
	struct hardware hardware;
	int64_t disk = json_integer(flavor, "disk", 0);

	if (disk && disk * GIB < size)
		return error_set(error, -EINVAL,
				 "Flavor's disk is too small for requested image. Flavor disk is "
				 "%lld bytes, image is %lld bytes.",
				 disk * GIB, (long long)size);
	return hardware_read(flavor, yyjson_obj_get(image, "properties"), &hardware, error);
}

/* Nova takes the request, and finds out later: the server goes on as it was. */
static int resize_fail(struct server_edit *edit, const char *details, struct error *error)
{
	int result;

	edit->txn = store_txn_new(edit->request->arena);
	action_failed(edit, "resize", "compute_prep_resize", details);
	result = server_edit_commit(edit, error);
	return result < 0 ? result : reply_empty(edit->request, 202);
}

/* --- claims */

static int claims_make(struct server_edit *edit, yyjson_val *server_flavor,
		       yyjson_val *migration_flavor, const char *migration, struct error *error)
{
	struct placement_claims claims;
	yyjson_val *record = edit->server.record;
	int result = placement_claims_begin(edit->request, edit->txn, &claims, error);

	if (result == 0)
		result = admission_hold(edit->request, &claims, edit->server.id, record,
					server_flavor, error);
	if (result == 0)
		result = admission_hold(edit->request, &claims, migration, record, migration_flavor,
					error);
	return result;
}

/* --- resize */

static void migration_note(struct server_edit *edit, const char *migration, yyjson_val *flavor)
{
	struct request *request = edit->request;
	yyjson_val *record = edit->server.record;
	yyjson_mut_doc *doc = edit->doc;
	yyjson_mut_val *note = yyjson_mut_obj(doc);
	uint32_t number;

	random_bytes(&number, sizeof(number));
	json_set_integer(doc, note, "id", number >> 1);
	json_set_string(doc, note, "uuid", migration);
	json_set_string(doc, note, "instance_uuid", edit->server.id);
	json_set_string(doc, note, "status", "migrating");
	json_set_string(doc, note, "migration_type", "resize");
	json_set_string(doc, note, "old_flavor",
			json_string(yyjson_obj_get(record, "_flavor"), "id"));
	json_set_string(doc, note, "new_flavor", json_string(flavor, "id"));
	json_set_string(doc, note, "user_id", request->caller->user_id);
	json_set_string(doc, note, "project_id", json_string(record, "tenant_id"));
	json_set_string(doc, note, "created_at", time_now(request->arena));
	json_set_string(doc, note, "updated_at", time_now(request->arena));
	store_txn_put(
		edit->txn,
		arena_printf(request->arena, KEY_MIGRATION "%s/%s", edit->server.id, migration),
		request_write(request, note));
}

static void resize_apply(struct server_edit *edit, yyjson_val *flavor, yyjson_val *kept,
			 const char *migration)
{
	yyjson_mut_doc *doc = edit->doc;
	yyjson_mut_val *resize = yyjson_mut_obj(doc);
	const char *disk_config =
		json_string(yyjson_obj_get(edit->request->body, "resize"), "OS-DCF:diskConfig");

	json_set_string(doc, resize, "migration", migration);
	json_set(doc, resize, "flavor",
		 yyjson_val_mut_copy(doc, yyjson_obj_get(edit->server.record, "_flavor")));
	json_set(doc, edit->record, "_resize", resize);
	json_set(doc, edit->record, "_flavor", yyjson_val_mut_copy(doc, kept));
	json_set_integer(doc, edit->record, "progress", 0);
	if (disk_config)
		json_set_string(doc, edit->record, "OS-DCF:diskConfig", disk_config);
	migration_note(edit, migration, flavor);
	server_event_apply(edit, EVENT_RESIZE);
}

static int resize_do(struct server_edit *edit, yyjson_val *flavor, struct error *error)
{
	struct request *request = edit->request;
	yyjson_val *old = yyjson_obj_get(edit->server.record, "_flavor");
	yyjson_val *kept = json_frozen(request->arena, flavor_kept(edit->doc, flavor));
	struct quota_amount from = quota_of_flavor(old), to = quota_of_flavor(kept);
	char migration[UUID_SIZE];
	int result;

	result = quota_move(request, edit->txn, json_string(edit->server.record, "tenant_id"),
			    &from, &to, error);
	if (result < 0)
		return result;
	if (json_integer(kept, "disk", 0) < json_integer(old, "disk", 0))
		return resize_fail(edit,
				   "Instance rollback performed due to: Resize error: Unable to "
				   "resize disk down.",
				   error);
	uuid_make(migration);
	result = claims_make(edit, kept, old, migration, error);
	if (result == -ENOSPC)
		return resize_fail(edit, "No valid host was found. ", error);
	if (result < 0)
		return result;
	resize_apply(edit, flavor, kept, arena_strdup(request->arena, migration));
	result = server_edit_commit(edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}

int handle_server_resize(struct request *request, struct error *error)
{
	struct server_edit edit;
	yyjson_val *flavor;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_event_check(&edit, EVENT_RESIZE, error);
	if (result == 0)
		result = flavor_read(request, &edit, &flavor, error);
	if (result == 0)
		result = flavor_fits(&edit, flavor, error);
	return result < 0 ? result : resize_do(&edit, flavor, error);
}

/* --- confirm and revert */

static int resized_check(struct server_edit *edit, const char *action, struct error *error)
{
	int result = server_edit_unlocked(edit, error);

	if (result == 0)
		result = server_state_check(edit->server.record, action, 1u << VM_RESIZED,
					    1u << TASK_NONE, error);
	if (result < 0)
		return result;
	if (!yyjson_is_obj(yyjson_obj_get(edit->server.record, "_resize")))
		return error_set(error, -EINVAL, "Instance has not been resized.");
	return 0;
}

int handle_server_confirm_resize(struct request *request, struct error *error)
{
	struct server_edit edit;
	struct store_view *view;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = resized_check(&edit, "confirmResize", error);
	if (result == 0)
		result = request_view(request, &view, error);
	if (result == 0)
		result = resize_confirm(view, request->arena, edit.txn, edit.server.record,
					edit.doc, edit.record);
	if (result < 0)
		return result;
	action_done(&edit, "confirmResize");
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 204);
}

/* The old flavor again; what the guest wrote meanwhile stays, and so does the size of its disk. */
int handle_server_revert_resize(struct request *request, struct error *error)
{
	struct server_edit edit;
	yyjson_val *before;
	struct quota_amount from, to;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = resized_check(&edit, "revertResize", error);
	if (result < 0)
		return result;
	before = yyjson_obj_get(yyjson_obj_get(edit.server.record, "_resize"), "flavor");
	from = quota_of_flavor(yyjson_obj_get(edit.server.record, "_flavor"));
	to = quota_of_flavor(before);
	result = quota_move(request, edit.txn, json_string(edit.server.record, "tenant_id"), &from,
			    &to, error);
	if (result < 0)
		return result;
	json_set(edit.doc, edit.record, "_flavor", yyjson_val_mut_copy(edit.doc, before));
	server_event_apply(&edit, EVENT_REVERT_RESIZE);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}
