/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deleting servers: first what is desired, and once vmm has let go of the guest, what is left. */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/usage.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/placement/placement.h"

int server_remove(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  yyjson_val *record, uint64_t revision, struct error *error)
{
	const char *id = json_string(record, "id"), *key;
	yyjson_val *flavor = yyjson_obj_get(record, "_flavor");
	const struct quota_amount amount = quota_of_flavor(flavor);
	int result;

	if (!id)
		return error_set(error, -EIO, "a server's record has no id");
	key = arena_printf(arena, KEY_SERVER "%s", id);
	store_txn_compare(txn, key, revision);
	store_txn_delete(txn, key);
	store_txn_delete(txn, arena_printf(arena, KEY_USER_DATA "%s", id));
	if (json_string(record, "_shelved_image"))
		image_drop(arena, txn, json_string(record, "_shelved_image"));
	result = usage_end(view, arena, txn, record);
	if (result == 0)
		result = network_device_release(view, arena, txn, id, error);
	if (result == 0)
		result = resize_forget(view, arena, txn, record);
	placement_release(arena, txn, id);
	if (result == 0)
		result = quota_give(view, arena, txn, json_string(record, "tenant_id"), &amount,
				    error);
	return result;
}

/* A server that never got a host has no guest to wait for. */
static int remove_now(struct request *request, const struct server *server, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (result == 0)
		result = server_remove(view, request->arena, txn, server->record, server->revision,
				       error);
	return result < 0 ? result : request_commit(request, txn, error);
}

static int server_delete(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result < 0)
		return result;
	if (!json_bool(edit.server.record, "_placed", false))
		return remove_now(request, &edit.server, error);
	if (json_is(edit.server.record, "OS-EXT-STS:task_state", task_state_name(TASK_DELETING)))
		return 0;
	server_event_apply(&edit, EVENT_DELETE);
	return server_edit_commit(&edit, error);
}

int handle_server_delete(struct request *request, struct error *error)
{
	int result = server_delete(request, error);

	return result < 0 ? result : reply_empty(request, 204);
}

int handle_server_force_delete(struct request *request, struct error *error)
{
	int result = server_delete(request, error);

	return result < 0 ? result : reply_empty(request, 202);
}
