/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The actions rescue and unrescue: another disk to boot from, with the server's own behind it. */
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/server_order.h"
#include "firmware/cloud/image/image.h"

/* The image that the caller names, or the one that the server is made of. */
static int rescue_image(struct server_edit *edit, struct image_order *order, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(edit->request->body, "rescue"), *image;
	const char *id = json_string(body, "rescue_image_ref");
	int result;

	if (!id)
		id = json_string(yyjson_obj_get(edit->server.record, "_image"), "id");
	result = image_lookup(edit->request, id, &image, error);
	if (result == -ENOENT || (result == 0 && !json_is(image, "status", "active")))
		return error_set(error, -EINVAL, "Requested rescue image '%s' is not valid", id);
	if (result < 0)
		return result;
	*order = (struct image_order){ .id = json_string(image, "id"),
				       .format = json_string(image, "disk_format"),
				       .size = json_integer(image, "size", 0) };
	return 0;
}

int handle_server_rescue(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "rescue");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *rescue;
	struct image_order image;
	struct server_edit edit;
	char disk[UUID_SIZE];
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_event_check(&edit, EVENT_RESCUE, error);
	if (result == 0)
		result = rescue_image(&edit, &image, error);
	if (result < 0)
		return result;
	uuid_make(disk);
	rescue = yyjson_mut_obj(edit.doc);
	json_set_string(edit.doc, rescue, "disk", disk);
	json_set(edit.doc, rescue, "image", image_kept(edit.doc, &image));
	json_set(edit.doc, edit.record, "_rescue", rescue);
	server_event_apply(&edit, EVENT_RESCUE);
	result = server_edit_commit(&edit, error);
	if (result < 0)
		return result;
	json_set_string(doc, root, "adminPass", order_password(request, body));
	return reply_json(request, 200, doc, root);
}

int handle_server_unrescue(struct request *request, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_event_check(&edit, EVENT_UNRESCUE, error);
	if (result < 0)
		return result;
	json_set_string(edit.doc, edit.record, "_rescue", NULL);
	server_event_apply(&edit, EVENT_UNRESCUE);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}
