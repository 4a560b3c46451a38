/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POST /servers/{id}/action: what moves a server through the table of state.c, and locks. */
#include <string.h>
#include <strings.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"

int server_state_check(yyjson_val *record, const char *action, unsigned vm_states,
		       unsigned task_states, struct error *error)
{
	const char *vm = json_string(record, "OS-EXT-STS:vm_state");
	const char *task = json_string(record, "OS-EXT-STS:task_state");
	const char *id = json_string(record, "id");

	if (!(vm_states & (1u << vm_state_by_name(vm))))
		return error_set(error, -EBUSY,
				 "Cannot '%s' instance %s while it is in vm_state %s", action, id,
				 vm);
	if (!(task_states & (1u << task_state_by_name(task))))
		return error_set(error, -EBUSY,
				 "Cannot '%s' instance %s while it is in task_state %s", action, id,
				 task ? task : "None");
	return 0;
}

int server_event_check(const struct server_edit *edit, enum server_event event, struct error *error)
{
	const struct event_rule *rule = &event_rules[event];
	yyjson_val *record = edit->server.record;
	int result = server_edit_unlocked(edit, error);

	if (result == 0)
		result = server_state_check(record, rule->action, rule->vm_states,
					    rule->task_states, error);
	if (result < 0)
		return result;
	/* One that no host took has no guest that could be moved. */
	if (!json_bool(record, "_placed", false))
		return error_set(error, -EBUSY, "Instance %s is in an invalid state for '%s'",
				 edit->server.id, rule->action);
	return 0;
}

void server_event_apply(struct server_edit *edit, enum server_event event)
{
	const struct event_rule *rule = &event_rules[event];

	json_set_string(edit->doc, edit->record, "OS-EXT-STS:task_state",
			task_state_name(rule->task));
	if (rule->power)
		json_set_string(edit->doc, edit->record, "_power", rule->power);
	if (rule->counter)
		json_set_integer(edit->doc, edit->record, rule->counter,
				 json_integer(edit->server.record, rule->counter, 0) + 1);
	json_set_bool(edit->doc, edit->record, "_pull", false);
	server_desire(edit->doc, edit->record);
	action_begin(edit, rule->record, rule->event);
}

static int server_event(struct request *request, enum server_event event, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_event_check(&edit, event, error);
	if (result < 0)
		return result;
	server_event_apply(&edit, event);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}

int handle_server_start(struct request *request, struct error *error)
{
	return server_event(request, EVENT_START, error);
}

int handle_server_stop(struct request *request, struct error *error)
{
	return server_event(request, EVENT_STOP, error);
}

int handle_server_reboot(struct request *request, struct error *error)
{
	const char *type = json_string(yyjson_obj_get(request->body, "reboot"), "type");

	return server_event(
		request, strcasecmp(type, "HARD") ? EVENT_REBOOT_SOFT : EVENT_REBOOT_HARD, error);
}

int handle_server_pause(struct request *request, struct error *error)
{
	return server_event(request, EVENT_PAUSE, error);
}

int handle_server_unpause(struct request *request, struct error *error)
{
	return server_event(request, EVENT_UNPAUSE, error);
}

int handle_server_suspend(struct request *request, struct error *error)
{
	return server_event(request, EVENT_SUSPEND, error);
}

int handle_server_resume(struct request *request, struct error *error)
{
	return server_event(request, EVENT_RESUME, error);
}

/* --- what changes the record alone */

static int edit_done(struct server_edit *edit, const char *action, struct error *error)
{
	int result;

	action_done(edit, action);
	result = server_edit_commit(edit, error);
	return result < 0 ? result : reply_empty(edit->request, 202);
}

int handle_server_lock(struct request *request, struct error *error)
{
	yyjson_val *lock = yyjson_obj_get(request->body, "lock");
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	json_set_bool(edit.doc, edit.record, "locked", true);
	if (request->microversion >= 73)
		json_set_string(edit.doc, edit.record, "locked_reason",
				json_string(lock, "locked_reason"));
	/* An administrator's lock is not the owner's to open. */
	json_set_bool(
		edit.doc, edit.record, "_locked_by_admin",
		request->caller->is_admin &&
			!json_is(edit.server.record, "tenant_id",
				 request->caller->project_id ? request->caller->project_id : ""));
	return edit_done(&edit, "lock", error);
}

int handle_server_unlock(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	if (json_bool(edit.server.record, "_locked_by_admin", false) && !request->caller->is_admin)
		return error_set(error, -EACCES,
				 "Policy doesn't allow os_compute_api:os-lock-server:unlock:"
				 "unlock_override to be performed.");
	json_set_bool(edit.doc, edit.record, "locked", false);
	json_set_string(edit.doc, edit.record, "locked_reason", NULL);
	return edit_done(&edit, "unlock", error);
}

int handle_server_reset_state(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "os-resetState");
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	json_set_string(edit.doc, edit.record, "OS-EXT-STS:vm_state", json_string(body, "state"));
	json_set_string(edit.doc, edit.record, "OS-EXT-STS:task_state", NULL);
	return edit_done(&edit, "os-resetState", error);
}

int handle_server_inject_network(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	/* Guests ask for their networks: there is nothing to be put into them. */
	return result < 0 ? result : edit_done(&edit, "injectNetworkInfo", error);
}

int handle_server_reset_network(struct request *request, struct error *error)
{
	(void)request;
	return error_fault(error, -ENOENT, 410, NULL,
			   "This resource is no longer available. No forwarding address is given.");
}

/* --- actions that Nova has and that no server of ours can be asked for */

static const struct {
	const char *action;
	unsigned vm_states; /* in which Nova would do it; 0: none that we have: a conflict */
} unserved[] = {
	{ "restore", 0 },
};

int handle_server_unserved(struct request *request, struct error *error)
{
	const char *action = request->route->action;
	struct server server;
	int result = server_find(request, &server, error);

	for (size_t i = 0; result == 0 && i < sizeof(unserved) / sizeof(unserved[0]); i++)
		if (!strcmp(unserved[i].action, action))
			result = server_state_check(server.record, action, unserved[i].vm_states,
						    1u << TASK_NONE, error);
	if (result < 0)
		return result;
	return error_set(error, -ENOSYS, "The requested functionality is not supported.");
}
