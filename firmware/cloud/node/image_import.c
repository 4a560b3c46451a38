/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET and PUT /node/v1/image-import: where images may be fetched from. What it means is the image
 * service's. */
#include "firmware/cloud/image/rules.h"
#include "firmware/cloud/node/internal.h"

static const struct schema_member body[] = {
	{ .name = "image_import", .schema = &import_rules_schema, .required = true },
	{ .name = NULL },
};
static const struct schema schema = { .types = SCHEMA_OBJECT, .members = body };

static int show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *setting = NULL;
	int result = import_rules_load(request, &setting, error);

	if (result < 0)
		return result;
	json_set(doc, root, "image_import", yyjson_val_mut_copy(doc, setting));
	return reply_json(request, 200, doc, root);
}

static int set(struct request *request, struct error *error)
{
	yyjson_val *setting = yyjson_obj_get(request->body, "image_import");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	int result;

	store_txn_put(txn, IMPORT_RULES_KEY,
		      request_write(request, yyjson_val_mut_copy(doc, setting)));
	result = request_commit(request, txn, error);
	return result < 0 ? result : show(request, error);
}

static const struct route routes[] = {
	{ .method = "GET", .path = "/v1/image-import", .handle = show, .policy = "node:get" },
	{ .method = "PUT",
	  .path = "/v1/image-import",
	  .handle = set,
	  .policy = "node:settings",
	  .body = &schema },
	{ .method = NULL },
};

const struct service_part node_image_import_part = { .routes = routes };
