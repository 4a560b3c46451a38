/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The action changePassword: the guest's own agent sets it, where there is one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/link.h"
#include "hypervisor/message.h"

#define AGENT_TIMEOUT 10000 /* ms; vmm gives up before */

/* Nova's words for what vmm says. */
static int refusal(const struct vmm_reply *reply, const char *id, struct error *error)
{
	if (reply->code == ENOTSUP)
		return error_set(error, -EBUSY, "QEMU guest agent is not enabled");
	if (reply->code == EIO || reply->code == EBUSY)
		return error_set(error, -EBUSY, "Failed to set admin password on %s because %s", id,
				 reply->reason);
	return error_set(error, -ENOSYS, "Unable to set password on instance");
}

static int password_set(struct request *request, const struct server *server, const char *password,
			struct error *error)
{
	yyjson_val *image = yyjson_obj_get(server->record, "_image");
	const char *user = json_string(yyjson_obj_get(image, "properties"), "os_admin_user");
	struct vmm_password wish = { 0 };
	struct vmm_reply answer = { 0 };
	struct message reply;
	int result;

	if (strlen(password) >= sizeof(wish.password))
		return error_set(error, -EBUSY, "Failed to set admin password on %s because %s",
				 server->id, "it is too long");
	snprintf(wish.id, sizeof(wish.id), "%s", server->id);
	snprintf(wish.user, sizeof(wish.user), "%s", user ? user : "root");
	snprintf(wish.password, sizeof(wish.password), "%s", password);
	result = link_call(request->cloud->links[ROLE_VMM], request->arena, VMM_PASSWORD_SET,
			   vmm_password_fields, &wish, -1, AGENT_TIMEOUT, &reply, NULL, error);
	explicit_bzero(&wish, sizeof(wish));
	if (result == 0)
		result = message_decode(request->arena, &reply, vmm_reply_fields, &answer, error);
	if (result < 0)
		return error_set(error, -ENOSYS, "Unable to set password on instance");
	return answer.code ? refusal(&answer, server->id, error) : 0;
}

int handle_server_change_password(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "changePassword");
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result == 0)
		result = server_state_check(edit.server.record, "changePassword", 1u << VM_ACTIVE,
					    1u << TASK_NONE, error);
	if (result == 0)
		result = password_set(request, &edit.server, json_string(body, "adminPass"), error);
	if (result < 0)
		return result;
	action_done(&edit, "changePassword");
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}

/* --- os-server-password: what a guest encrypted for its owner. None can send one: the metadata
 * service only gives. */

static int password_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	json_set_string(doc, root, "password", "");
	return reply_json(request, 200, doc, root);
}

static int password_clear(struct request *request, struct error *error)
{
	struct server server;
	int result = server_find(request, &server, error);

	return result < 0 ? result : reply_empty(request, 204);
}

static const struct route routes[] = {
	ROUTE("GET", "/servers/{server_id}/os-server-password", password_show,
	      "os-server-password:show"),
	ROUTE("DELETE", "/servers/{server_id}/os-server-password", password_clear,
	      "os-server-password:clear"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-server-password:show"), READ },
	{ POLICY("os-server-password:clear"), WRITE },
	{ 0 },
};

const struct service_part compute_password_part = { routes, policies };
