/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Volumes of servers. No service here has any, so that none is attached and none can be found: what
 * is asked of one is answered as Nova does when Cinder does not know it. From a record's
 *	_volumes   [{id}]
 * on, all is there: guest_desired() hands them to vmm, which plugs them in and out.
 */
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/schema_parts.h"
#include "firmware/cloud/compute/server_event.h"

#define VOLUMES "/servers/{server_id}/os-volume_attachments"
#define ATTACH_STATES                                                                              \
	(1u << VM_ACTIVE | 1u << VM_PAUSED | 1u << VM_STOPPED | 1u << VM_SUSPENDED |               \
	 1u << VM_RESIZED | 1u << VM_SHELVED | 1u << VM_SHELVED_OFFLOADED)

static int volume_missing(const char *volume, struct error *error)
{
	return error_set(error, -ENOENT, "Volume %s could not be found.", volume);
}

static int volumes_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	yyjson_mut_obj_add_arr(doc, root, "volumeAttachments");
	return reply_json(request, 200, doc, root);
}

static int volume_show(struct request *request, struct error *error)
{
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	return error_set(error, -ENOENT, "Instance %s is not attached to volume %s", server.id,
			 request_param(request, "volume_id"));
}

/* Nova looks at the server first, and asks Cinder then. */
static int volume_attach(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "volumeAttachment");
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result == 0)
		result = server_state_check(edit.server.record, "attach_volume", ATTACH_STATES, ~0u,
					    error);
	return result < 0 ? result : volume_missing(json_string(body, "volumeId"), error);
}

static int volume_detach(struct request *request, struct error *error)
{
	struct server server;
	int result = server_find(request, &server, error);

	return result < 0 ? result : volume_missing(request_param(request, "volume_id"), error);
}

/* Up to 2.84, and for another volume, it is a swap: then Cinder is asked for the one in the path. */
static int volume_update(struct request *request, struct error *error)
{
	const char *volume = request_param(request, "volume_id");
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	if (request->microversion >= 85 &&
	    json_is(yyjson_obj_get(request->body, "volumeAttachment"), "volumeId", volume))
		return error_set(error, -ENOENT, "No volume Block Device Mapping with id %s.",
				 volume);
	if (!request->caller->is_admin)
		return error_set(error, -EACCES,
				 "Policy doesn't allow os_compute_api:os-volumes-attachments:swap "
				 "to be performed.");
	if (request->microversion >= 85)
		return error_set(error, -ENOENT, "No volume Block Device Mapping with id %s.",
				 volume);
	return volume_missing(volume, error);
}

static const struct schema device = {
	.types = SCHEMA_STRING | SCHEMA_NULL,
	.pattern = "(^/dev/x{0,1}[a-z]{0,1}d{0,1})([a-z]+)[0-9]*$",
};
static const struct schema attachment = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "volumeId", &part_uuid, true, 0, 0 },
						   { "device", &device, false, 0, 0 },
						   { "tag", &part_tag, false, 49, 0 },
						   { "delete_on_termination", &part_boolean, false,
						     79, 0 },
						   { 0 } },
};
static const struct schema update = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "volumeId", &part_uuid, true, 0, 0 },
						   { "device", &device, false, 85, 0 },
						   { "tag", &part_tag, false, 85, 0 },
						   { "delete_on_termination", &part_boolean, false,
						     85, 0 },
						   { "serverId", &part_uuid, false, 85, 0 },
						   { "id", &part_uuid, false, 85, 0 },
						   { 0 } },
};
static const struct schema schema_attach = ENVELOPE("volumeAttachment", &attachment);
static const struct schema schema_update = ENVELOPE("volumeAttachment", &update);

static const struct route routes[] = {
	ROUTE("GET", VOLUMES, volumes_list, "os-volumes-attachments:index"),
	ROUTE("POST", VOLUMES, volume_attach, "os-volumes-attachments:create",
	      .body = &schema_attach),
	ROUTE("GET", VOLUMES "/{volume_id}", volume_show, "os-volumes-attachments:show"),
	ROUTE("PUT", VOLUMES "/{volume_id}", volume_update, "os-volumes-attachments:update",
	      .body = &schema_update),
	ROUTE("DELETE", VOLUMES "/{volume_id}", volume_detach, "os-volumes-attachments:delete"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-volumes-attachments:index"), READ },
	{ POLICY("os-volumes-attachments:show"), READ },
	{ POLICY("os-volumes-attachments:create"), WRITE },
	{ POLICY("os-volumes-attachments:update"), WRITE },
	{ POLICY("os-volumes-attachments:delete"), WRITE },
	{ 0 },
};

const struct service_part compute_volume_part = { routes, policies };
