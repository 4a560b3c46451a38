/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions migrate, os-migrateLive and evacuate, as Nova answers them where there is no other
 * host: what it finds out in the background shows among the server's actions. */
#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"

#define NO_HOST "No valid host was found. "

static int move_begin(struct request *request, struct server_edit *edit, const char *action,
		      unsigned vm_states, struct error *error)
{
	int result = server_edit_begin(request, edit, error);

	if (result == 0)
		result = server_edit_unlocked(edit, error);
	if (result == 0)
		result = server_state_check(edit->server.record, action, vm_states, 1u << TASK_NONE,
					    error);
	return result;
}

static int move_fail(struct server_edit *edit, const char *action, const char *event,
		     const char *details, struct error *error)
{
	int result;

	action_failed(edit, action, event, details);
	result = server_edit_commit(edit, error);
	return result < 0 ? result : reply_empty(edit->request, 202);
}

static int host_check(const char *host, const char *same, struct error *error)
{
	if (!host)
		return 0;
	if (strcmp(host, COMPUTE_HOST))
		return error_set(error, -EINVAL, "Compute host %s could not be found.", host);
	return error_set(error, -EINVAL, "%s", same);
}

int handle_server_migrate(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "migrate");
	struct server_edit edit;
	int result =
		move_begin(request, &edit, "migrate", 1u << VM_ACTIVE | 1u << VM_STOPPED, error);

	if (result == 0)
		result = host_check(json_string(body, "host"),
				    "Cannot migrate to the host where the server exists.", error);
	return result < 0 ? result
			  : move_fail(&edit, "migrate", "cold_migrate",
				      NO_HOST "No valid host found for cold migrate", error);
}

int handle_server_migrate_live(struct request *request, struct error *error)
{
	const char *host = json_string(yyjson_obj_get(request->body, "os-migrateLive"), "host");
	const char *details = NO_HOST "There are not enough hosts available.";
	struct server_edit edit;
	int result = move_begin(request, &edit, "os-migrateLive", 1u << VM_ACTIVE | 1u << VM_PAUSED,
				error);

	if (result < 0)
		return result;
	if (host && strcmp(host, COMPUTE_HOST))
		return error_set(error, -EINVAL, "Compute host %s could not be found.", host);
	if (host)
		details = arena_printf(request->arena,
				       "Unable to migrate instance (%s) to current host (%s).",
				       edit.server.id, COMPUTE_HOST);
	if (request->microversion < 34)
		return error_set(error, -EINVAL, "%s", details);
	return move_fail(&edit, "live-migration", "conductor_live_migrate_instance", details,
			 error);
}

int handle_server_evacuate(struct request *request, struct error *error)
{
	const char *host = json_string(yyjson_obj_get(request->body, "evacuate"), "host");
	struct server_edit edit;
	int result;

	if (host && strcmp(host, COMPUTE_HOST))
		return error_set(error, -EINVAL, "Compute host %s not found.", host);
	result = move_begin(request, &edit, "evacuate",
			    1u << VM_ACTIVE | 1u << VM_STOPPED | 1u << VM_ERROR, error);
	if (result < 0)
		return result;
	if (host)
		return error_set(error, -EINVAL, "The target host can't be the same one.");
	return error_set(error, -EINVAL, "Compute service of %s is still in use.", COMPUTE_HOST);
}

/* Of a live migration under way, which no server of one host is in. */
int handle_server_migration_force(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	return result < 0 ? result
			  : server_state_check(edit.server.record, "force_complete",
					       1u << VM_ACTIVE, 0, error);
}
