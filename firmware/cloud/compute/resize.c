/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a resize to its end, as changes of the records:
 *
 *	resize   server holds the new flavor in placement, its migration the old one
 *	reverted         server holds again what the migration held
 *	confirm, delete  what the migration holds is given back
 */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/state.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/placement/placement.h"

static const char *migration_key(struct arena *arena, yyjson_val *server)
{
	return arena_printf(arena, KEY_MIGRATION "%s/%s", json_string(server, "id"),
			    json_string(yyjson_obj_get(server, "_resize"), "migration"));
}

static int migration_move(struct store_view *view, struct arena *arena, struct store_txn *txn,
			  yyjson_val *server, const char *status)
{
	const char *key = migration_key(arena, server);
	const struct reader reader = { view, arena };
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *edited;
	yyjson_val *stored;
	int result = record_get(&reader, &stored, NULL, NULL, "%s", key);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	edited = yyjson_val_mut_copy(doc, stored);
	json_set_string(doc, edited, "status", status);
	json_set_string(doc, edited, "updated_at", time_now(arena));
	store_txn_put(txn, key, json_write(arena, edited));
	return 0;
}

static int resize_end(struct store_view *view, struct arena *arena, struct store_txn *txn,
		      yyjson_val *record, yyjson_mut_doc *doc, yyjson_mut_val *edited,
		      const char *status)
{
	yyjson_val *resize = yyjson_obj_get(record, "_resize");

	placement_release(arena, txn, json_string(resize, "migration"));
	json_set_string(doc, edited, "_resize", NULL);
	return migration_move(view, arena, txn, record, status);
}

static int resize_reverted(struct store_view *view, struct arena *arena, struct store_txn *txn,
			   yyjson_val *record, yyjson_mut_doc *doc, yyjson_mut_val *edited)
{
	const char *migration = json_string(yyjson_obj_get(record, "_resize"), "migration");
	int result = placement_take_over(view, arena, txn, json_string(record, "id"), migration);

	json_set_string(doc, edited, "_resize", NULL);
	return result < 0 ? result : migration_move(view, arena, txn, record, "reverted");
}

int resize_settle(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  yyjson_val *record, yyjson_mut_doc *doc, yyjson_mut_val *edited, bool failed)
{
	enum task_state task = task_state_by_name(json_string(record, "OS-EXT-STS:task_state"));
	yyjson_mut_val *resize;

	if (!yyjson_is_obj(yyjson_obj_get(record, "_resize")))
		return 0;
	/* Nothing leads from ERROR back to the flavor before. */
	if (failed)
		return resize_end(view, arena, txn, record, doc, edited, "error");
	if (task == TASK_RESIZE_REVERTING)
		return resize_reverted(view, arena, txn, record, doc, edited);
	if (task != TASK_RESIZE_FINISH)
		return 0;
	resize = yyjson_mut_obj_get(edited, "_resize");
	json_set_string(doc, resize, "finished", time_now(arena));
	return migration_move(view, arena, txn, record, "finished");
}

int resize_confirm(struct store_view *view, struct arena *arena, struct store_txn *txn,
		   yyjson_val *record, yyjson_mut_doc *doc, yyjson_mut_val *edited)
{
	bool off = json_integer(record, "OS-EXT-STS:power_state", 0) == POWER_SHUTDOWN;

	json_set_string(doc, edited, "OS-EXT-STS:vm_state",
			vm_state_name(off ? VM_STOPPED : VM_ACTIVE));
	return resize_end(view, arena, txn, record, doc, edited, "confirmed");
}

int resize_forget(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  yyjson_val *record)
{
	const char *migration = json_string(yyjson_obj_get(record, "_resize"), "migration");
	const struct reader reader = { view, arena };
	struct records records = { 0 };
	int result = records_range(&reader, &records, NULL, KEY_MIGRATION "%s/",
				   json_string(record, "id"));

	for (size_t i = 0; result == 0 && i < records.count; i++)
		store_txn_delete(txn, records.items[i].key);
	if (migration)
		placement_release(arena, txn, migration);
	return result;
}
