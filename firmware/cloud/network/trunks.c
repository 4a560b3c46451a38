/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/trunk.h"

#include <string.h>

#include "firmware/cloud/network/tags.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

/* --- the resource --- */

static int check_list(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	char text[500];
	const char *fault = subports_fault(list, text, sizeof(text));

	return fault ? attribute_invalid(error, attribute, "%s", fault) : 0;
}

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "admin_state_up", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ "port_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL, NULL },
	{ "sub_ports", ATTRIBUTE_ANY, ATTRIBUTE_POST, "[]", 0, 0, NULL, check_list },
	{ 0 }
};

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_val *given = value_freeze(change->request, yyjson_mut_obj_get(object, "sub_ports"));
	yyjson_val *parent;
	int result = trunk_parent_take(change, object, &parent, error);

	json_set(change->doc, object, "sub_ports", yyjson_mut_arr(change->doc));
	return result ? result : subports_add(change, object, parent, given, error);
}

static int refuse_disabled(yyjson_val *trunk, struct error *error)
{
	return json_bool(trunk, "admin_state_up", true)
		       ? 0
		       : error_fault(error, -EBUSY, 409, "TrunkDisabled",
				     "Trunk %s is currently disabled.", json_string(trunk, "id"));
}

static int remove_trunk(struct change *change, yyjson_val *old, struct error *error)
{
	size_t index, count;
	yyjson_val *item;
	int result = refuse_disabled(old, error);

	if (!result)
		result = subport_release(change, json_string(old, "port_id"), error);
	yyjson_arr_foreach (yyjson_obj_get(old, "sub_ports"), index, count, item) {
		if (!result)
			result = subport_release(change, json_string(item, "port_id"), error);
	}
	return result;
}

/* --- the status: that of the ports together --- */

static bool port_is_up(struct store_view *view, struct arena *arena, const char *port_id)
{
	yyjson_val *port;

	return !resource_get(view, arena, &resource_port, port_id, &port, NULL) &&
	       json_is(port, "status", "ACTIVE");
}

static const char *status_of(struct store_view *view, struct arena *arena, yyjson_val *trunk)
{
	yyjson_val *item;
	size_t index, count;

	if (!port_is_up(view, arena, json_string(trunk, "port_id")))
		return "DOWN";
	yyjson_arr_foreach (yyjson_obj_get(trunk, "sub_ports"), index, count, item) {
		if (!port_is_up(view, arena, json_string(item, "port_id")))
			return "BUILD";
	}
	return "ACTIVE";
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result)
		json_set_string(doc, out, "status", status_of(view, request->arena, record));
	return result;
}

/* Lists are filtered and sorted by the status, too. */
static yyjson_val *as_seen(struct request *request, yyjson_val *record)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *copy = yyjson_val_mut_copy(doc, record);

	return derive(request, record, doc, copy, NULL) ? record : value_freeze(request, copy);
}

const struct resource resource_trunk = {
	.singular = "trunk",
	.plural = "trunks",
	.prefix = "/network/trunk/",
	.attributes = attributes,
	.missing_type = "TrunkNotFound",
	.missing_before = "Trunk ",
	.missing_after = " could not be found.",
	.create = create,
	.remove = remove_trunk,
	.derive = derive,
	.as_seen = as_seen,
	.unwritable_missing = true,
};

/* --- subports that come and go --- */

struct edit {
	struct change change;
	yyjson_val *trunk, *given;
	yyjson_mut_val *object;
};

static int edit_begin(struct edit *edit, struct request *request, struct error *error)
{
	int result = change_begin(&edit->change, request, error);

	edit->given = yyjson_obj_get(request->body, "sub_ports");
	if (!result)
		result = change_find(&edit->change, &resource_trunk, request_param(request, "id"),
				     &edit->trunk, error);
	if (!result)
		edit->object = yyjson_val_mut_copy(edit->change.doc, edit->trunk);
	return result;
}

static int check_given(const struct edit *edit, struct error *error)
{
	char text[500];
	const char *fault = subports_fault(edit->given, text, sizeof(text));

	return fault ? input_refuse(error, "%s", fault) : 0;
}

/* The answer is the trunk, without a name around it. */
static int edit_commit(struct edit *edit, struct error *error)
{
	struct request *request = edit->change.request;
	yyjson_mut_doc *doc = edit->change.doc;
	yyjson_mut_val *out;
	int result;

	change_put(&edit->change, &resource_trunk, edit->object);
	result = request_commit(request, edit->change.txn, error);
	if (result)
		return result;
	out = resource_render(&resource_trunk, request, doc, value_freeze(request, edit->object),
			      error);
	return out ? reply_json(request, 200, doc, out) : error->code;
}

static int add_subports(struct request *request, struct error *error)
{
	struct edit edit;
	yyjson_val *parent;
	int result = edit_begin(&edit, request, error);

	if (!result)
		result = check_given(&edit, error);
	if (!result)
		result = change_get(&edit.change, &resource_port,
				    json_string(edit.trunk, "port_id"), &parent, error);
	if (!result)
		result = subports_add(&edit.change, edit.object, parent, edit.given, error);
	if (!result)
		result = refuse_disabled(edit.trunk, error);
	return result ? result : edit_commit(&edit, error);
}

static int remove_one(struct edit *edit, const char *port_id, struct error *error)
{
	yyjson_mut_val *item;
	yyjson_mut_arr_iter iterator;

	yyjson_mut_arr_iter_init(yyjson_mut_obj_get(edit->object, "sub_ports"), &iterator);
	while ((item = yyjson_mut_arr_iter_next(&iterator))) {
		if (strcmp(json_member(item, "port_id"), port_id))
			continue;
		yyjson_mut_arr_iter_remove(&iterator);
		return subport_release(&edit->change, port_id, error);
	}
	return error_fault(error, -ENOENT, 404, "SubPortNotFound",
			   "SubPort %s on trunk %s could not be found.", port_id,
			   json_string(edit->trunk, "id"));
}

static int remove_subports(struct request *request, struct error *error)
{
	struct edit edit;
	yyjson_val *item;
	size_t index, count;
	int result = edit_begin(&edit, request, error);

	if (!result)
		result = refuse_disabled(edit.trunk, error);
	if (!result)
		result = check_given(&edit, error);
	if (result)
		return result;
	yyjson_arr_foreach (edit.given, index, count, item) {
		if (!result)
			result = remove_one(&edit, json_string(item, "port_id"), error);
	}
	return result ? result : edit_commit(&edit, error);
}

static int get_subports(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct edit edit;
	int result = edit_begin(&edit, request, error);

	if (result)
		return result;
	json_set(doc, root, "sub_ports",
		 yyjson_val_mut_copy(doc, yyjson_obj_get(edit.trunk, "sub_ports")));
	return reply_json(request, 200, doc, root);
}

/* --- what a parent shows --- */

static void show_subport(struct request *request, struct store_view *view, yyjson_mut_doc *doc,
			 yyjson_mut_val *list, yyjson_val *item)
{
	yyjson_mut_val *out = yyjson_val_mut_copy(doc, item);
	yyjson_val *port;

	if (!resource_get(view, request->arena, &resource_port, json_string(item, "port_id"), &port,
			  NULL))
		json_set_string(doc, out, "mac_address", json_string(port, "mac_address"));
	yyjson_mut_arr_add_val(list, out);
}

int trunk_details_derive(struct request *request, yyjson_val *port, yyjson_mut_doc *doc,
			 yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *details, *list;
	yyjson_val *trunk, *item;
	struct store_view *view;
	size_t index, count;
	int result;

	if (!trunk_is_parent(port))
		return 0;
	result = request_view(request, &view, error);
	if (!result)
		result = resource_get(view, request->arena, &resource_trunk,
				      json_string(port, "_trunk_id"), &trunk, error);
	if (result)
		return result;
	details = yyjson_mut_obj(doc);
	list = yyjson_mut_arr(doc);
	yyjson_arr_foreach (yyjson_obj_get(trunk, "sub_ports"), index, count, item) {
		show_subport(request, view, doc, list, item);
	}
	json_set_string(doc, details, "trunk_id", json_string(trunk, "id"));
	json_set(doc, details, "sub_ports", list);
	json_set(doc, out, "trunk_details", details);
	return 0;
}

/* --- routes --- */

RESOURCE_HANDLERS(trunk)
TAG_HANDLERS(trunk)

static const struct route routes[] = {
	RESOURCE_ROUTES("trunks", trunk),
	{ .method = "GET", .path = "/v2.0/trunks/{id}/get_subports", .handle = get_subports },
	{ .method = "PUT",
	  .path = "/v2.0/trunks/{id}/add_subports",
	  .handle = add_subports,
	  .body = &resource_body,
	  .policy = "update" },
	{ .method = "PUT",
	  .path = "/v2.0/trunks/{id}/remove_subports",
	  .handle = remove_subports,
	  .body = &resource_body,
	  .policy = "update" },
	TAG_ROUTES("trunks", trunk),
	{ 0 },
};

const struct service_part trunk_part = { routes, NULL };
