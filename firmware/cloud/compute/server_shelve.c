/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The actions shelve, shelveOffload and unshelve. A shelved server is an image; it gives up its
 * place at once, as with Nova's shelved_offload_time of 0.
 */
#include <string.h>

#include "firmware/cloud/compute/admission.h"
#include "firmware/cloud/compute/host_state.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/scheduler.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/snapshot.h"

int handle_server_shelve(struct request *request, struct error *error)
{
	struct snapshot_order order = { .kind = "shelve" };
	const char *image_id;
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_event_check(&edit, EVENT_SHELVE, error);
	if (result < 0)
		return result;
	order.name =
		arena_printf(request->arena, "%s-shelved", json_string(edit.server.record, "name"));
	result = snapshot_begin(&edit, &order, &image_id, error);
	if (result < 0)
		return result;
	server_event_apply(&edit, EVENT_SHELVE);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}

/* None is ever shelved and still in its place, but for the moment in which it leaves. */
int handle_server_shelve_offload(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result == 0)
		result = server_state_check(edit.server.record, "shelveOffload", 1u << VM_SHELVED,
					    1u << TASK_NONE, error);
	if (result == 0)
		result = error_set(error, -EBUSY,
				   "Instance %s is in an invalid state for 'shelveOffload'",
				   edit.server.id);
	return result;
}

static int place_check(struct request *request, struct host_state *state, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "unshelve");
	const char *zone = json_string(body, "availability_zone"),
		   *host = json_string(body, "host");
	int result = host_state_read(request, state, error);

	if (result < 0)
		return result;
	if (zone && (strcmp(zone, state->zone) || state->disabled))
		return error_set(error, -EINVAL,
				 "The requested availability zone is not available");
	if (host && strcmp(host, COMPUTE_HOST))
		return error_set(error, -EINVAL, "Compute host %s could not be found.", host);
	return 0;
}

static int place_claim(struct server_edit *edit, const char **refused, struct error *error)
{
	struct placement_claims claims;
	yyjson_val *record = edit->server.record;
	int result = schedule_server(edit->request, record, refused, error);

	if (result == 0 && *refused)
		return -ENOSPC;
	if (result == 0)
		result = placement_claims_begin(edit->request, edit->txn, &claims, error);
	return result < 0 ? result
			  : admission_hold(edit->request, &claims, edit->server.id, record,
					   yyjson_obj_get(record, "_flavor"), error);
}

/* A fresh disk out of the image; what the server was made of first stays what the API shows. */
static int boot_set(struct server_edit *edit, const struct host_state *state, struct error *error)
{
	const char *image = json_string(edit->server.record, "_shelved_image");
	yyjson_mut_val *boot = yyjson_mut_obj(edit->doc);
	char disk[UUID_SIZE];

	if (!image)
		return error_set(error, -EBUSY, "Instance %s is not shelved", edit->server.id);
	uuid_make(disk);
	json_set_string(edit->doc, boot, "id", image);
	json_set_string(edit->doc, boot, "format", "qcow2");
	json_set(edit->doc, edit->record, "_boot", boot);
	json_set_string(edit->doc, edit->record, "_disk", disk);
	json_set_bool(edit->doc, edit->record, "_placed", true);
	json_set_string(edit->doc, edit->record, "OS-EXT-SRV-ATTR:host", COMPUTE_HOST);
	json_set_string(edit->doc, edit->record, "OS-EXT-SRV-ATTR:hypervisor_hostname",
			COMPUTE_HOST);
	json_set_string(edit->doc, edit->record, "OS-EXT-AZ:availability_zone", state->zone);
	host_state_compare(edit->txn, state);
	return 0;
}

static int unshelve_fail(struct server_edit *edit, const char *why, struct error *error)
{
	int result;

	edit->txn = store_txn_new(edit->request->arena);
	action_failed(edit, "unshelve", "compute_unshelve_instance", why);
	result = server_edit_commit(edit, error);
	return result < 0 ? result : reply_empty(edit->request, 202);
}

int handle_server_unshelve(struct request *request, struct error *error)
{
	const struct event_rule *rule = &event_rules[EVENT_UNSHELVE];
	const char *refused = NO_HOST_ROOM;
	struct host_state state;
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result == 0)
		result = server_state_check(edit.server.record, rule->action, rule->vm_states,
					    rule->task_states, error);
	if (result == 0)
		result = place_check(request, &state, error);
	if (result == 0)
		result = place_claim(&edit, &refused, error);
	if (result == -ENOSPC)
		return unshelve_fail(&edit, refused ? refused : NO_HOST_ROOM, error);
	if (result == 0)
		result = boot_set(&edit, &state, error);
	if (result < 0)
		return result;
	server_event_apply(&edit, EVENT_UNSHELVE);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}
