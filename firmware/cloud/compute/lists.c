/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collections that clients look into and that never have members here, and what is not served. */
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/routes.h"

static int empty_list(struct request *request, const char *name)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	yyjson_mut_obj_add_arr(doc, root, name);
	return reply_json(request, 200, doc, root);
}

int handle_extensions_list(struct request *request, struct error *error)
{
	(void)error;
	return empty_list(request, "extensions");
}

int handle_unserved(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -ENOSYS, "The requested functionality is not supported.");
}
