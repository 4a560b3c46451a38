/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images as older clients see them through Nova (until 2.35; their metadata until 2.38): each
 * request is one to the image service, with the caller's own token.
 */
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/proxy.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/http/uri.h"

#define IMAGES "/image/v2/images"

static int ask(struct request *request, const char *method, const char *target, const char *body,
	       struct direct_reply *reply, struct error *error)
{
	static const struct name_value patch[] = {
		{ "Content-Type", "application/openstack-images-v2.1-json-patch" }, { NULL, NULL }
	};
	int result = proxy_ask(request, method, target, body ? patch : NULL, body, reply, error);

	if (result < 0)
		return result;
	if (reply->status == 404)
		return error_set(error, -ENOENT, "Image not found.");
	if (reply->status == 403)
		return error_set(error, -EACCES, "You are not allowed to %s the image.",
				 strcmp(method, "DELETE") ? "change" : "delete");
	return reply->status < 300 ? 0 : error_set(error, -EINVAL, "Invalid image request.");
}

static const char *target_of(struct request *request, const char *id)
{
	return arena_printf(request->arena, IMAGES "/%s", uri_encode(request->arena, id, ""));
}

static int image_fetch(struct request *request, yyjson_val **image, struct error *error)
{
	const char *id = request_param(request, "image_id");
	struct direct_reply reply;
	int result;

	if (!uuid_like(id))
		return error_set(error, -ENOENT, "Image not found.");
	result = ask(request, "GET", target_of(request, id), NULL, &reply, error);
	if (result < 0)
		return result;
	*image = json_parse(request->arena, reply.body, reply.body_size);
	return *image ? 0 : error_set(error, -EIO, "an image can't be read");
}

/* --- views */

/* All that is not a member of every image is one of Nova's properties. */
static bool is_property(const char *name)
{
	static const char *const base[] = {
		"id",         "name",        "status",       "checksum",      "container_format",
		"created_at", "disk_format", "file",         "min_disk",      "min_ram",
		"owner",      "os_hidden",   "os_hash_algo", "os_hash_value", "protected",
		"schema",     "self",        "size",         "stores",        "tags",
		"updated_at", "visibility",  "virtual_size", "locations",     "direct_url",
	};

	for (size_t i = 0; i < sizeof(base) / sizeof(base[0]); i++)
		if (!strcmp(base[i], name))
			return false;
	return true;
}

static yyjson_mut_val *properties_of(yyjson_mut_doc *doc, yyjson_val *image)
{
	yyjson_mut_val *properties = yyjson_mut_obj(doc);
	yyjson_val *name, *value;
	size_t i, count;

	yyjson_obj_foreach (image, i, count, name, value)
		if (is_property(yyjson_get_str(name)))
			json_set(doc, properties, yyjson_get_str(name),
				 yyjson_val_mut_copy(doc, value));
	return properties;
}

static const struct {
	const char *glance, *nova;
	int progress;
} statuses[] = {
	{ "active", "ACTIVE", 100 }, { "queued", "SAVING", 25 },         { "saving", "SAVING", 50 },
	{ "deleted", "DELETED", 0 }, { "pending_delete", "DELETED", 0 }, { "killed", "ERROR", 0 },
};

static void status_set(yyjson_mut_doc *doc, yyjson_mut_val *view, yyjson_val *image)
{
	const char *name = "UNKNOWN";
	int progress = 0;

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (json_is(image, "status", statuses[i].glance)) {
			name = statuses[i].nova;
			progress = statuses[i].progress;
		}
	json_set_string(doc, view, "status", name);
	json_set_integer(doc, view, "progress", progress);
}

static yyjson_mut_val *image_links(struct request *request, yyjson_mut_doc *doc, const char *id)
{
	yyjson_mut_val *links = links_of(request, doc, "images", id);
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

	json_set_string(doc, link, "rel", "alternate");
	json_set_string(doc, link, "type", "application/vnd.openstack.image");
	json_set_string(doc, link, "href",
			arena_printf(request->arena, "%s/image/images/%s", request->base_url, id));
	return links;
}

static void server_set(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *view,
		       const char *id)
{
	yyjson_mut_val *server;

	if (!id)
		return;
	server = yyjson_mut_obj_add_obj(doc, view, "server");
	json_set_string(doc, server, "id", id);
	json_set(doc, server, "links", links_of(request, doc, "servers", id));
}

static yyjson_mut_val *basic_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *image)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);
	const char *id = json_string(image, "id");

	json_set_string(doc, view, "id", id);
	json_set_string(doc, view, "name", json_string(image, "name"));
	json_set(doc, view, "links", image_links(request, doc, id));
	return view;
}

static yyjson_mut_val *full_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *image)
{
	yyjson_mut_val *view = basic_view(request, doc, image);

	json_set_integer(doc, view, "minRam", json_integer(image, "min_ram", 0));
	json_set_integer(doc, view, "minDisk", json_integer(image, "min_disk", 0));
	json_set(doc, view, "metadata", properties_of(doc, image));
	json_set_string(doc, view, "created", json_string(image, "created_at"));
	json_set_string(doc, view, "updated", json_string(image, "updated_at"));
	status_set(doc, view, image);
	json_set(doc, view, "OS-EXT-IMG-SIZE:size",
		 yyjson_val_mut_copy(doc, yyjson_obj_get(image, "size")));
	server_set(request, doc, view, json_string(image, "instance_uuid"));
	return view;
}

/* --- one image */

int handle_image_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *image;
	int result = image_fetch(request, &image, error);

	if (result < 0)
		return result;
	json_set(doc, root, "image", full_view(request, doc, image));
	return reply_json(request, 200, doc, root);
}

int handle_image_delete(struct request *request, struct error *error)
{
	struct direct_reply reply;
	yyjson_val *image;
	int result = image_fetch(request, &image, error);

	if (result == 0)
		result = ask(request, "DELETE", target_of(request, json_string(image, "id")), NULL,
			     &reply, error);
	return result < 0 ? result : reply_empty(request, 204);
}

/* --- lists */

static const char *filter_add(struct request *request, const char *target, const char *name,
			      const char *value)
{
	return arena_printf(request->arena, "%s&%s=%s", target, name,
			    uri_encode(request->arena, value, ""));
}

static const char *lower(struct arena *arena, const char *text)
{
	char *made = arena_strdup(arena, text);

	for (char *at = made; at && *at; at++)
		*at = (char)(*at >= 'A' && *at <= 'Z' ? *at + 32 : *at);
	return made;
}

static const char *list_target(struct request *request)
{
	static const char *const names[][2] = { { "name", "name" },      { "type", "image_type" },
						{ "minRam", "min_ram" }, { "minDisk", "min_disk" },
						{ "limit", "limit" },    { "marker", "marker" } };
	const char *target = IMAGES "?sort_key=created_at", *value, *slash;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = request_query(request, names[i][0]);
		if (value)
			target = filter_add(request, target, names[i][1], value);
	}
	if (!request_query(request, "limit"))
		target = filter_add(request, target, "limit", "1000");
	value = request_query(request, "status");
	if (value)
		target = filter_add(request, target, "status", lower(request->arena, value));
	value = request_query(request, "server");
	slash = value ? strrchr(value, '/') : NULL;
	if (value)
		target = filter_add(request, target, "instance_uuid", slash ? slash + 1 : value);
	value = request_query(request, "changes-since");
	if (value)
		target = filter_add(request, target, "updated_at",
				    arena_printf(request->arena, "gte:%s", value));
	return target;
}

static int images_reply(struct request *request,
			yyjson_mut_val *(*view)(struct request *, yyjson_mut_doc *, yyjson_val *),
			struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	struct direct_reply reply;
	yyjson_val *images, *image;
	size_t i, count;
	int result = ask(request, "GET", list_target(request), NULL, &reply, error);

	if (result == -ENOENT)
		return error_set(error, -EINVAL, "marker [%s] not found",
				 request_query(request, "marker"));
	if (result < 0)
		return result;
	images = yyjson_obj_get(json_parse(request->arena, reply.body, reply.body_size), "images");
	list = yyjson_mut_obj_add_arr(doc, root, "images");
	yyjson_arr_foreach (images, i, count, image)
		yyjson_mut_arr_append(list, view(request, doc, image));
	return reply_json(request, 200, doc, root);
}

int handle_images_list(struct request *request, struct error *error)
{
	return images_reply(request, basic_view, error);
}

int handle_images_detail(struct request *request, struct error *error)
{
	return images_reply(request, full_view, error);
}

/* --- metadata */

static void change_add(struct arena *arena, yyjson_mut_doc *doc, yyjson_mut_val *changes,
		       const char *operation, const char *name, yyjson_val *value)
{
	yyjson_mut_val *change = yyjson_mut_arr_add_obj(doc, changes);

	json_set_string(doc, change, "op", operation);
	json_set_string(doc, change, "path", arena_printf(arena, "/%s", name));
	if (value)
		json_set(doc, change, "value", yyjson_val_mut_copy(doc, value));
}

/* Sets what 'wanted' holds; 'purge': and takes away what it does not. */
static int metadata_change(struct request *request, yyjson_val *image, yyjson_val *wanted,
			   bool purge, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changes = yyjson_mut_arr(doc);
	yyjson_val *name, *value;
	struct direct_reply reply;
	size_t i, count;

	yyjson_obj_foreach (wanted, i, count, name, value)
		change_add(request->arena, doc, changes, "add", yyjson_get_str(name), value);
	yyjson_obj_foreach (image, i, count, name, value)
		if (purge && is_property(yyjson_get_str(name)) &&
		    !yyjson_obj_get(wanted, yyjson_get_str(name)))
			change_add(request->arena, doc, changes, "remove", yyjson_get_str(name),
				   NULL);
	return ask(request, "PATCH", target_of(request, json_string(image, "id")),
		   request_write(request, changes), &reply, error);
}

static int metadata_reply(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *image;
	int result = image_fetch(request, &image, error);

	if (result < 0)
		return result;
	json_set(doc, root, "metadata", properties_of(doc, image));
	return reply_json(request, 200, doc, root);
}

int handle_image_metadata_list(struct request *request, struct error *error)
{
	return metadata_reply(request, error);
}

static int metadata_write(struct request *request, bool purge, struct error *error)
{
	yyjson_val *image;
	int result = image_fetch(request, &image, error);

	if (result == 0)
		result = metadata_change(request, image, yyjson_obj_get(request->body, "metadata"),
					 purge, error);
	return result < 0 ? result : metadata_reply(request, error);
}

int handle_image_metadata_merge(struct request *request, struct error *error)
{
	return metadata_write(request, false, error);
}

int handle_image_metadata_replace(struct request *request, struct error *error)
{
	return metadata_write(request, true, error);
}

static int item_reply(struct request *request, yyjson_val *value)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_mut_val *meta = yyjson_mut_obj_add_obj(doc, root, "meta");

	json_set(doc, meta, request_param(request, "key"), yyjson_val_mut_copy(doc, value));
	return reply_json(request, 200, doc, root);
}

int handle_image_metadata_show(struct request *request, struct error *error)
{
	const char *key = request_param(request, "key");
	yyjson_val *image;
	int result = image_fetch(request, &image, error);

	if (result < 0)
		return result;
	if (!is_property(key) || !yyjson_obj_get(image, key))
		return error_set(error, -ENOENT, "The resource could not be found.");
	return item_reply(request, yyjson_obj_get(image, key));
}

int handle_image_metadata_set(struct request *request, struct error *error)
{
	yyjson_val *meta = yyjson_obj_get(request->body, "meta"), *image;
	const char *key = request_param(request, "key");
	int result;

	if (!yyjson_obj_get(meta, key))
		return error_set(error, -EINVAL, "Request body and URI mismatch");
	result = image_fetch(request, &image, error);
	if (result == 0)
		result = metadata_change(request, image, meta, false, error);
	return result < 0 ? result : item_reply(request, yyjson_obj_get(meta, key));
}

int handle_image_metadata_delete(struct request *request, struct error *error)
{
	const char *key = request_param(request, "key");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changes = yyjson_mut_arr(doc);
	struct direct_reply reply;
	yyjson_val *image;
	int result = image_fetch(request, &image, error);

	if (result < 0)
		return result;
	if (!is_property(key) || !yyjson_obj_get(image, key))
		return error_set(error, -ENOENT, "Invalid metadata key");
	change_add(request->arena, doc, changes, "remove", key, NULL);
	result = ask(request, "PATCH", target_of(request, json_string(image, "id")),
		     request_write(request, changes), &reply, error);
	return result < 0 ? result : reply_empty(request, 204);
}
