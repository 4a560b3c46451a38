/* SPDX-License-Identifier: GPL-2.0-or-later */
/* PUT /servers/{id}: what a server is called. */
#include "firmware/cloud/compute/internal.h"

#include <string.h>

#include "firmware/cloud/compute/routes.h"

static const struct {
	const char *name, *member;
	unsigned first;
} updates[] = {
	{ "name", "name", 0 },
	{ "accessIPv4", "accessIPv4", 0 },
	{ "accessIPv6", "accessIPv6", 0 },
	{ "OS-DCF:diskConfig", "OS-DCF:diskConfig", 0 },
	{ "description", "description", 19 },
	{ "hostname", "OS-EXT-SRV-ATTR:hostname", 90 },
};

static yyjson_mut_val *kept_value(struct request *request, yyjson_mut_doc *doc, const char *name,
				  yyjson_val *value)
{
	if (strcmp(name, "accessIPv6") != 0)
		return yyjson_val_mut_copy(doc, value);
	return yyjson_mut_strcpy(doc, address_short(request->arena, yyjson_get_str(value)));
}

int handle_server_update(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "server"), *value;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *view;
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result < 0)
		return result;
	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		value = yyjson_obj_get(body, updates[i].name);
		if (value && request->microversion >= updates[i].first)
			json_set(edit.doc, edit.record, updates[i].member,
				 kept_value(request, edit.doc, updates[i].name, value));
	}
	result = server_edit_commit(&edit, error);
	if (result == 0)
		result = server_view(server_views_new(request, doc),
				     json_frozen(request->arena, edit.record), FORM_UPDATE, &view,
				     error);
	if (result < 0)
		return result;
	yyjson_mut_obj_add_val(doc, root, "server", view);
	return reply_json(request, 200, doc, root);
}
