/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was done to a server: one record for each request, with the one event that it consists of. */
#include "firmware/cloud/compute/internal.h"

#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/usage.h"
#include "firmware/cloud/identity/reader.h"

static const char *action_key(struct arena *arena, const char *server_id, const char *request_id)
{
	return arena_printf(arena, KEY_ACTION "%s/%s", server_id, request_id);
}

static yyjson_mut_val *action_make(struct request *request, yyjson_mut_doc *doc,
				   const char *server_id, const char *project_id,
				   const char *action, const char *event)
{
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	const char *now = time_now(request->arena);

	json_set_string(doc, record, "action", action);
	json_set_string(doc, record, "instance_uuid", server_id);
	json_set_string(doc, record, "request_id", request->id);
	json_set_string(doc, record, "user_id", request->caller->user_id);
	json_set_string(doc, record, "project_id", project_id);
	json_set_string(doc, record, "start_time", now);
	json_set_string(doc, record, "updated_at", now);
	json_set_string(doc, record, "message", NULL);
	json_set_string(doc, record, "_event", event);
	return record;
}

static void action_put(struct request *request, struct store_txn *txn, const char *server_id,
		       yyjson_mut_val *action)
{
	store_txn_put(txn, action_key(request->arena, server_id, request->id),
		      request_write(request, action));
}

void action_begin_record(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
			 struct store_txn *txn, const char *action, const char *event)
{
	const char *server_id = yyjson_mut_get_str(yyjson_mut_obj_get(record, "id"));
	const char *project_id = yyjson_mut_get_str(yyjson_mut_obj_get(record, "tenant_id"));

	action_put(request, txn, server_id,
		   action_make(request, doc, server_id, project_id, action, event));
	json_set_string(doc, record, "_action", request->id);
}

void action_begin(struct server_edit *edit, const char *action, const char *event)
{
	action_begin_record(edit->request, edit->doc, edit->record, edit->txn, action, event);
}

void action_open(struct server_edit *edit, const char *action, const char *event)
{
	action_put(edit->request, edit->txn, edit->server.id,
		   action_make(edit->request, edit->doc, edit->server.id,
			       json_string(edit->server.record, "tenant_id"), action, event));
}

void action_done(struct server_edit *edit, const char *action)
{
	yyjson_mut_val *record =
		action_make(edit->request, edit->doc, edit->server.id,
			    json_string(edit->server.record, "tenant_id"), action, NULL);

	action_put(edit->request, edit->txn, edit->server.id, record);
}

void action_failed(struct server_edit *edit, const char *action, const char *event,
		   const char *details)
{
	yyjson_mut_val *record =
		action_make(edit->request, edit->doc, edit->server.id,
			    json_string(edit->server.record, "tenant_id"), action, event);

	json_set_string(edit->doc, record, "message", "Error");
	json_set_string(edit->doc, record, "_finish", time_now(edit->request->arena));
	json_set_string(edit->doc, record, "_result", "Error");
	json_set_string(edit->doc, record, "_details", details);
	action_put(edit->request, edit->txn, edit->server.id, record);
}

int action_end(struct store_view *view, struct arena *arena, struct store_txn *txn,
	       const char *server_id, const char *request_id, const char *failure)
{
	const struct reader reader = { view, arena };
	yyjson_val *stored;
	yyjson_mut_doc *doc;
	yyjson_mut_val *record;
	int result =
		record_get(&reader, &stored, NULL, NULL, KEY_ACTION "%s/%s", server_id, request_id);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	doc = json_document(arena);
	record = yyjson_val_mut_copy(doc, stored);
	json_set_string(doc, record, "_finish", time_now(arena));
	json_set_string(doc, record, "updated_at", time_now(arena));
	json_set_string(doc, record, "_result", failure ? "Error" : "Success");
	if (failure) {
		json_set_string(doc, record, "message", "Error");
		json_set_string(doc, record, "_details", failure);
	}
	store_txn_put(txn, action_key(arena, server_id, request_id), json_write(arena, record));
	return 0;
}

int action_forget(struct store_view *view, struct arena *arena, struct store_txn *txn,
		  const char *server_id)
{
	const struct reader reader = { view, arena };
	struct records records = { 0 };
	int result = records_range(&reader, &records, NULL, KEY_ACTION "%s/", server_id);

	for (size_t i = 0; result == 0 && i < records.count; i++)
		store_txn_delete(txn, records.items[i].key);
	return result;
}

/* --- the API's side */

static const struct {
	const char *name;
	unsigned first;
} action_members[] = {
	{ "action", 0 },     { "instance_uuid", 0 }, { "request_id", 0 }, { "user_id", 0 },
	{ "project_id", 0 }, { "start_time", 0 },    { "message", 0 },    { "updated_at", 58 },
};

/* Action times have microseconds and no zone; an absent one is null. */
static yyjson_mut_val *action_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *record)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(action_members) / sizeof(action_members[0]); i++)
		if (request->microversion >= action_members[i].first)
			json_set_string(doc, view, action_members[i].name,
					json_string(record, action_members[i].name));
	return view;
}

const char *host_id(struct arena *arena, const char *host, const char *project_id)
{
	unsigned char digest[32];
	const char *text;
	char *hex;

	if (!host)
		return "";
	text = arena_printf(arena, "%s%s", project_id, host);
	hex = arena_alloc(arena, 57);
	if (!text || !hex || mbedtls_sha256((const unsigned char *)text, strlen(text), digest, 1))
		return "";
	for (size_t i = 0; i < 28; i++)
		snprintf(hex + 2 * i, 3, "%02x", digest[i]);
	return hex;
}

static yyjson_mut_val *event_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *record)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);
	bool admin = request->caller->is_admin;

	json_set_string(doc, view, "event", json_string(record, "_event"));
	json_set_string(doc, view, "start_time", json_string(record, "start_time"));
	json_set_string(doc, view, "finish_time", json_string(record, "_finish"));
	json_set_string(doc, view, "result", json_string(record, "_result"));
	if (admin)
		json_set_string(doc, view, "traceback", NULL);
	if (admin && request->microversion >= 62)
		json_set_string(doc, view, "host", COMPUTE_HOST);
	if (request->microversion >= 62)
		json_set_string(
			doc, view, "hostId",
			host_id(request->arena, COMPUTE_HOST, json_string(record, "project_id")));
	if (admin && request->microversion >= 84)
		json_set_string(doc, view, "details", json_string(record, "_details"));
	return view;
}

static int newest_first(const void *a, const void *b)
{
	const struct record *left = a, *right = b;

	return strcmp(json_string(right->value, "start_time"),
		      json_string(left->value, "start_time"));
}

/* From 2.21 on, also a server that is gone. */
static int acted_find(struct request *request, struct server *server, struct error *error)
{
	yyjson_val *ended;
	int result = server_find(request, server, error);

	if (result != -ENOENT || request->microversion < 21 ||
	    usage_find(request, server->id, &ended, NULL) < 0 || !ended ||
	    !policy_owns(request, json_string(ended, "tenant_id")))
		return result;
	server->record = ended;
	return 0;
}

int handle_actions_list(struct request *request, struct error *error)
{
	struct server server;
	struct reader reader;
	struct records records = { 0 };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	int result = acted_find(request, &server, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_range(&reader, &records, error, KEY_ACTION "%s/", server.id);
	if (result < 0)
		return result;
	if (records.count)
		qsort(records.items, records.count, sizeof(*records.items), newest_first);
	list = yyjson_mut_obj_add_arr(doc, root, "instanceActions");
	for (size_t i = 0; i < records.count; i++)
		yyjson_mut_arr_append(list, action_view(request, doc, records.items[i].value));
	return reply_json(request, 200, doc, root);
}

int handle_actions_show(struct request *request, struct error *error)
{
	const char *id = request_param(request, "request_id");
	struct server server;
	yyjson_val *record;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view, *events;
	int result = acted_find(request, &server, error);

	if (result < 0)
		return result;
	result = strlen(id) < 100 ? request_get(request, &record, NULL, error, KEY_ACTION "%s/%s",
						server.id, id)
				  : -ENOENT;
	if (result == -ENOENT)
		return error_set(error, -ENOENT, "Action %s not found", id);
	if (result < 0)
		return result;
	view = action_view(request, doc, record);
	yyjson_mut_obj_add_val(doc, root, "instanceAction", view);
	if (request->caller->is_admin || request->microversion >= 51) {
		events = yyjson_mut_obj_add_arr(doc, view, "events");
		if (json_string(record, "_event"))
			yyjson_mut_arr_append(events, event_view(request, doc, record));
	}
	return reply_json(request, 200, doc, root);
}
