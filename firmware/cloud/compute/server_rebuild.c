/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The action rebuild: a fresh disk from an image below the same server, with its ports. */
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/server_order.h"

/* What the body says is checked as a create's is, with the flavor that the server has. */
static int order_read(struct request *request, struct server_edit *edit, struct server_order *order,
		      struct error *error)
{
	int result;

	*order = (struct server_order){
		.request = request,
		.body = yyjson_obj_get(request->body, "rebuild"),
		.flavor = yyjson_obj_get(edit->server.record, "_flavor"),
	};
	result = order_certificates(order, error);
	if (result == 0)
		result = order_files(order, error);
	if (result < 0)
		return result;
	result = order_image(order, error);
	if (result == -EINVAL && !order->image.id)
		return error_set(error, -EINVAL, "Cannot find image for rebuild");
	if (result == 0)
		result = order_metadata(order, error);
	if (result == 0)
		result = order_keypair(order, error);
	order->admin_pass = order_password(request, order->body);
	return result;
}

static const struct {
	const char *name, *member;
} copied[] = {
	{ "name", "name" },
	{ "description", "description" },
	{ "metadata", "metadata" },
	{ "accessIPv4", "accessIPv4" },
	{ "OS-DCF:diskConfig", "OS-DCF:diskConfig" },
	{ "hostname", "OS-EXT-SRV-ATTR:hostname" },
};

/* Members that the version does not have never get past the schema. */
static void members_apply(struct server_edit *edit, const struct server_order *order)
{
	yyjson_val *value;

	for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
		value = yyjson_obj_get(order->body, copied[i].name);
		if (value)
			json_set(edit->doc, edit->record, copied[i].member,
				 yyjson_val_mut_copy(edit->doc, value));
	}
	value = yyjson_obj_get(order->body, "accessIPv6");
	if (value)
		json_set_string(edit->doc, edit->record, "accessIPv6",
				address_short(edit->request->arena, yyjson_get_str(value)));
	if (yyjson_obj_get(order->body, "key_name")) {
		json_set_string(edit->doc, edit->record, "key_name",
				json_string(order->keypair, "name"));
		json_set(edit->doc, edit->record, "_key", key_kept(edit->doc, order->keypair));
	}
}

/* Null takes away what user-data there is, absent leaves it; files are those of the last request. */
static void user_data_apply(struct server_edit *edit, const struct server_order *order)
{
	yyjson_val *value = yyjson_obj_get(order->body, "user_data"), *stored = NULL;
	const char *text = yyjson_get_str(value);

	if (!value && request_get(edit->request, &stored, NULL, NULL, KEY_USER_DATA "%s",
				  edit->server.id) == 0)
		text = json_string(stored, "user_data");
	json_set_bool(edit->doc, edit->record, "_user_data", text);
	server_data_put(edit->request, edit->txn, edit->server.id, text, order->files);
}

/* The new disk has a name of its own: the old one goes once the new one is there. */
static void disk_apply(struct server_edit *edit, const struct server_order *order)
{
	char disk[UUID_SIZE];

	uuid_make(disk);
	json_set_string(edit->doc, edit->record, "_disk", disk);
	json_set(edit->doc, edit->record, "_image", image_kept(edit->doc, &order->image));
	json_set_string(edit->doc, edit->record, "_boot", NULL);
	json_set_string(edit->doc, edit->record, "_rescue", NULL);
	json_set_integer(edit->doc, edit->record, "progress", 0);
	if (json_is(edit->server.record, "OS-EXT-STS:vm_state", vm_state_name(VM_STOPPED)))
		json_set_string(edit->doc, edit->record, "_then", "stop");
}

static int rebuild_reply(struct server_edit *edit, const struct server_order *order,
			 struct error *error)
{
	struct request *request = edit->request;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	yyjson_val *record = json_frozen(request->arena, edit->record), *stored;
	const char *user_data = NULL;
	int result =
		server_view(server_views_new(request, doc), record, FORM_REBUILD, &view, error);

	if (result < 0)
		return result;
	json_set_string(doc, view, "adminPass", order->admin_pass);
	if (json_bool(record, "_user_data", false) &&
	    request_get(request, &stored, NULL, NULL, KEY_USER_DATA "%s", edit->server.id) == 0)
		user_data = json_string(stored, "user_data");
	if (request->microversion >= 57)
		json_set_string(doc, view, "user_data", user_data);
	yyjson_mut_obj_add_val(doc, root, "server", view);
	reply_header(request, "Location", "%s", link_self(request, "servers", edit->server.id));
	return reply_json(request, 202, doc, root);
}

int handle_server_rebuild(struct request *request, struct error *error)
{
	struct server_order order;
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_event_check(&edit, EVENT_REBUILD, error);
	if (result == 0)
		result = order_read(request, &edit, &order, error);
	if (result < 0)
		return result;
	members_apply(&edit, &order);
	user_data_apply(&edit, &order);
	disk_apply(&edit, &order);
	server_event_apply(&edit, EVENT_REBUILD);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : rebuild_reply(&edit, &order, error);
}
