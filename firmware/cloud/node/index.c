/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET /: where the services are, for a person or a program that has nothing but the address. */
#include "firmware/cloud/json.h"
#include "firmware/cloud/node/node.h"

static int index_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;

	(void)error;
	json_set_string(doc, root, "name", "Cumulet");
	list = yyjson_mut_obj_add_arr(doc, root, "services");
	for (const struct service *const *service = services; *service; service++) {
		yyjson_mut_val *entry = yyjson_mut_obj(doc);

		if (!(*service)->prefix[0])
			continue;
		json_set_string(doc, entry, "type", (*service)->type);
		json_set_string(doc, entry, "url",
				arena_printf(request->arena, "%s%s", request->base_url,
					     (*service)->prefix));
		yyjson_mut_arr_append(list, entry);
	}
	return reply_json(request, 200, doc, root);
}

static const struct route routes[] = {
	{ .method = "GET", .path = "", .handle = index_show, .flags = ROUTE_PUBLIC },
	{ .method = NULL },
};

const struct service index_service = {
	.name = "index",
	.type = "index",
	.prefix = "",
	.routes = routes,
	.fault = fault_node,
};
