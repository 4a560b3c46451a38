/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What other services tell Nova of servers (os-server-external-events), the topology that guests
 * see, and the action trigger_crash_dump.
 */
#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"

/* --- external events: answered one by one; our own services need none of them */

/* Names whose event is about one thing of the server's, which the tag names. */
static bool tag_missing(yyjson_val *event)
{
	return json_is(event, "name", "volume-extended") && !json_string(event, "tag");
}

static int event_code(struct request *request, yyjson_val *event)
{
	const char *id = json_string(event, "server_uuid");
	yyjson_val *record;

	if (!uuid_valid(id) || request_get(request, &record, NULL, NULL, KEY_SERVER "%s", id) < 0)
		return 404;
	if (tag_missing(event))
		return 400;
	return json_string(record, "OS-EXT-SRV-ATTR:host") ? 200 : 422;
}

int handle_external_events(struct request *request, struct error *error)
{
	yyjson_val *events = yyjson_obj_get(request->body, "events"), *event;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list, *answer;
	int status = 200, code;
	size_t i, count;

	(void)error;
	list = yyjson_mut_obj_add_arr(doc, root, "events");
	yyjson_arr_foreach (events, i, count, event) {
		code = event_code(request, event);
		answer = yyjson_val_mut_copy(doc, event);
		json_set_string(doc, answer, "status", code == 200 ? "completed" : "failed");
		json_set_integer(doc, answer, "code", code);
		yyjson_mut_arr_append(list, answer);
		if (code != 200)
			status = 207;
	}
	return reply_json(request, status, doc, root);
}

/* --- topology: no guest has more than the one node that Nova does not speak of */

int handle_server_topology(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	yyjson_mut_obj_add_arr(doc, root, "nodes");
	json_set_string(doc, root, "pagesize_kb", NULL);
	return reply_json(request, 200, doc, root);
}

/* --- a crash dump is up to the guest: it is sent a non-maskable interrupt */

#define DUMP_STATES                                                                                \
	(1u << VM_ACTIVE | 1u << VM_PAUSED | 1u << VM_RESCUED | 1u << VM_RESIZED | 1u << VM_ERROR)

int handle_server_crash_dump(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result == 0)
		result = server_state_check(edit.server.record, "trigger_crash_dump", DUMP_STATES,
					    1u << TASK_NONE, error);
	if (result < 0)
		return result;
	json_set_integer(edit.doc, edit.record, "_interrupts",
			 json_integer(edit.server.record, "_interrupts", 0) + 1);
	server_desire(edit.doc, edit.record);
	action_done(&edit, "trigger_crash_dump");
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}
