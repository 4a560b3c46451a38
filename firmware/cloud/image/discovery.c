/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the service can do: import methods, its one store, what a project uses; and what it has
 * none of: a cache. */
#include <string.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

const char *const image_import_methods[] = { "glance-direct", "web-download", NULL };

const char *image_import_methods_text(struct arena *arena)
{
	const char *text = "";

	for (const char *const *method = image_import_methods; *method && text; method++)
		text = arena_printf(arena, "%s%s%s", text, *text ? "," : "", *method);
	return text;
}

int image_import_info(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *info = yyjson_mut_obj(doc);
	yyjson_mut_val *methods = yyjson_mut_arr(doc);

	(void)error;
	for (const char *const *method = image_import_methods; *method; method++)
		yyjson_mut_arr_add_str(doc, methods, *method);
	json_set(doc, root, "import-methods", info);
	json_set_string(doc, info, "description", "Import methods available.");
	json_set_string(doc, info, "type", "array");
	json_set(doc, info, "value", methods);
	return reply_json(request, 200, doc, root);
}

/* --- stores */

static yyjson_mut_val *store_add(yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	yyjson_mut_val *stores = yyjson_mut_obj_add_arr(doc, root, "stores");
	yyjson_mut_val *store = yyjson_mut_arr_add_obj(doc, stores);

	json_set_string(doc, store, "id", IMAGE_STORE);
	json_set_string(doc, store, "description", "The data partition of this box");
	json_set_string(doc, store, "default", "true");
	return store;
}

int image_stores_info(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	(void)error;
	store_add(doc, root);
	return reply_json(request, 200, doc, root);
}

int image_stores_detail(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *store = store_add(doc, root);
	yyjson_mut_val *properties = yyjson_mut_obj(doc);

	(void)error;
	json_set_string(doc, store, "type", "file");
	json_set(doc, store, "properties", properties);
	json_set_string(doc, properties, "data_dir", "/data/cloud/images");
	json_set_integer(doc, properties, "chunk_size", IMAGE_CHUNK_SIZE);
	json_set_bool(doc, properties, "thin_provisioning", false);
	return reply_json(request, 200, doc, root);
}

int image_store_check(const char *store, int status, struct error *error)
{
	if (!store || !strcmp(store, IMAGE_STORE))
		return 0;
	return error_fault(error, -EINVAL, status, NULL, "Store for identifier %s not found",
			   store);
}

/* An image is in one store alone, and that is the last. */
int image_store_delete(struct request *request, struct error *error)
{
	const char *store = request_param(request, "store_id");
	struct image image;
	int result;

	if (strcmp(store, IMAGE_STORE) != 0)
		return error_fault(error, -EEXIST, 409, NULL,
				   "The selected store %s is not available on this node.", store);
	result = image_of_request(request, &image, error);
	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "Failed to find image %s", image.id);
	if (result)
		return result;
	if (!json_is(image.record, "status", "active"))
		return error_fault(error, -EEXIST, 409, NULL,
				   "It's not allowed to remove image data from store if image "
				   "status is not 'active'");
	return error_fault(error, -EACCES, 403, NULL,
			   "Cannot delete image data from the only store containing it. Consider "
			   "deleting the image instead.");
}

/* --- the cache that is not there */

static int no_cache(struct error *error)
{
	return error_fault(error, -ENOENT, 404, NULL,
			   "Caching via API is not supported at this site.");
}

int image_cache_refuse(struct request *request, struct error *error)
{
	(void)request;
	return no_cache(error);
}

int image_cache_image_refuse(struct request *request, struct error *error)
{
	struct image image;
	int result = image_of_request(request, &image, error);

	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "Image %s not found.", image.id);
	return result ? result : no_cache(error);
}
