/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema of images: what requests are checked against, and what /v2/schemas publishes, which
 * is rendered from the same tables.
 */
#include <string.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

#define ID_PATTERN                                                                                 \
	"^([0-9a-fA-F]){8}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$"

static const char *const visibilities[] = { "community", "public", "private", "shared", NULL };
static const char *const statuses[] = { "queued",      "saving",    "active",    "killed",
					"deleted",     "uploading", "importing", "pending_delete",
					"deactivated", NULL };
static const char *const container_formats[] = { "ami", "ari",    "aki",        "bare", "ovf",
						 "ova", "docker", "compressed", NULL };
static const char *const disk_formats[] = { "ami", "ari",   "aki", "vhd", "vhdx",  "vmdk",
					    "raw", "qcow2", "vdi", "iso", "ploop", NULL };
static const char *const member_statuses[] = { "pending", "accepted", "rejected", NULL };

static const struct schema text = { .types = SCHEMA_STRING };
static const struct schema identifier = { .types = SCHEMA_STRING, .pattern = ID_PATTERN };
static const struct schema short_or_null = { .types = SCHEMA_STRING | SCHEMA_NULL,
					     .max_length = 255 };
static const struct schema checksum = { .types = SCHEMA_STRING | SCHEMA_NULL, .max_length = 32 };
static const struct schema hash_name = { .types = SCHEMA_STRING | SCHEMA_NULL, .max_length = 64 };
static const struct schema hash_value = { .types = SCHEMA_STRING | SCHEMA_NULL, .max_length = 128 };
static const struct schema boolean = { .types = SCHEMA_BOOLEAN };
static const struct schema integer = { .types = SCHEMA_INTEGER };
static const struct schema integer_or_null = { .types = SCHEMA_INTEGER | SCHEMA_NULL };
static const struct schema visibility = { .types = SCHEMA_STRING, .one_of = visibilities };
static const struct schema status = { .types = SCHEMA_STRING, .one_of = statuses };
static const struct schema container_format = { .types = SCHEMA_STRING | SCHEMA_NULL,
						.one_of = container_formats };
static const struct schema disk_format = { .types = SCHEMA_STRING | SCHEMA_NULL,
					   .one_of = disk_formats };
static const struct schema tag = { .types = SCHEMA_STRING, .max_length = IMAGE_TAG_LENGTH_MAX };
static const struct schema tags = { .types = SCHEMA_ARRAY, .items = &tag };
static const struct schema object = { .types = SCHEMA_OBJECT, .additional = true };
static const struct schema locations = { .types = SCHEMA_ARRAY, .items = &object };
static const struct schema member_status = { .types = SCHEMA_STRING, .one_of = member_statuses };

static const struct schema_member image_members[] = {
	{ "id", .schema = &identifier },
	{ "name", .schema = &short_or_null },
	{ "status", .schema = &status },
	{ "visibility", .schema = &visibility },
	{ "protected", .schema = &boolean },
	{ "os_hidden", .schema = &boolean },
	{ "checksum", .schema = &checksum },
	{ "os_hash_algo", .schema = &hash_name },
	{ "os_hash_value", .schema = &hash_value },
	{ "owner", .schema = &short_or_null },
	{ "size", .schema = &integer_or_null },
	{ "virtual_size", .schema = &integer_or_null },
	{ "container_format", .schema = &container_format },
	{ "disk_format", .schema = &disk_format },
	{ "created_at", .schema = &text },
	{ "updated_at", .schema = &text },
	{ "tags", .schema = &tags },
	{ "direct_url", .schema = &text },
	{ "min_ram", .schema = &integer },
	{ "min_disk", .schema = &integer },
	{ "self", .schema = &text },
	{ "file", .schema = &text },
	{ "stores", .schema = &text },
	{ "schema", .schema = &text },
	{ "locations", .schema = &locations },
	{ 0 },
};

const struct schema image_schema = {
	.types = SCHEMA_OBJECT,
	.members = image_members,
	.others = &text,
	.additional = true,
};
const struct schema image_any_schema = { .types = SCHEMA_ANY };

static const struct schema_member member_members[] = {
	{ "member_id", .schema = &text },
	{ "image_id", .schema = &identifier },
	{ "status", .schema = &member_status },
	{ "created_at", .schema = &text },
	{ "updated_at", .schema = &text },
	{ "schema", .schema = &text },
	{ 0 },
};

int image_schema_check(yyjson_val *value, struct error *error)
{
	struct error reason = { 0 };
	int result = schema_check_as(&image_schema, value, 0, SCHEMA_PLAIN, &reason);

	if (!result)
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "Provided object does not match schema 'image': %s", reason.message);
}

int image_member_check(struct arena *arena, const char *name, yyjson_val *value,
		       struct error *error)
{
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	const char *json;
	yyjson_val *partial;

	json_set(doc, root, name, yyjson_val_mut_copy(doc, value));
	json = json_write(arena, root);
	partial = json ? json_parse(arena, json, strlen(json)) : NULL;
	if (!partial)
		return error_set(error, -ENOMEM, "out of memory");
	return image_schema_check(partial, error);
}

/* --- publication */

static const struct {
	const char *name, *description;
	bool read_only;
} descriptions[] = {
	{ "id", "An identifier for the image", false },
	{ "name", "Descriptive name for the image", false },
	{ "status", "Status of the image", true },
	{ "visibility", "Scope of image accessibility", false },
	{ "protected", "If true, image will not be deletable.", false },
	{ "os_hidden", "If true, image will not appear in default image list response.", false },
	{ "checksum", "md5 hash of image contents.", true },
	{ "os_hash_algo", "Algorithm to calculate the os_hash_value", true },
	{ "os_hash_value",
	  "Hexdigest of the image contents using the algorithm specified by the "
	  "os_hash_algo",
	  true },
	{ "owner", "Owner of the image", false },
	{ "size", "Size of image file in bytes", true },
	{ "virtual_size", "Virtual size of image in bytes", true },
	{ "container_format", "Format of the container", false },
	{ "disk_format", "Format of the disk", false },
	{ "created_at", "Date and time of creation", true },
	{ "updated_at", "Date and time of the last modification", true },
	{ "tags", "List of strings related to the image", false },
	{ "direct_url", "URL to access the image file kept in external store", true },
	{ "min_ram", "Amount of ram (in MB) required to boot image.", false },
	{ "min_disk", "Amount of disk space (in GB) required to boot image.", false },
	{ "self", "An image self url", true },
	{ "file", "An image file url", true },
	{ "stores", "Store in which image data resides.", true },
	{ "schema", "An image schema url", true },
	{ "locations", "A set of URLs to access the image file kept in external store", false },
	{ "member_id", "An identifier for the image member (tenantId)", false },
	{ "image_id", "An identifier for the image", false },
};

static const struct {
	unsigned type;
	const char *name;
} type_names[] = {
	{ SCHEMA_NULL, "null" },       { SCHEMA_STRING, "string" }, { SCHEMA_INTEGER, "integer" },
	{ SCHEMA_BOOLEAN, "boolean" }, { SCHEMA_ARRAY, "array" },   { SCHEMA_OBJECT, "object" },
};

static yyjson_mut_val *render_types(yyjson_mut_doc *doc, unsigned types)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);

	for (size_t i = 0; i < ARRAY_LENGTH(type_names); i++)
		if (types & type_names[i].type)
			yyjson_mut_arr_add_str(doc, list, type_names[i].name);
	if (yyjson_mut_arr_size(list) == 1)
		return yyjson_mut_arr_remove_first(list);
	return list;
}

static yyjson_mut_val *render_enum(yyjson_mut_doc *doc, const struct schema *schema)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);

	if (schema->types & SCHEMA_NULL)
		yyjson_mut_arr_add_null(doc, list);
	for (const char *const *item = schema->one_of; *item; item++)
		yyjson_mut_arr_add_str(doc, list, *item);
	return list;
}

static yyjson_mut_val *render_schema(yyjson_mut_doc *doc, const struct schema *schema)
{
	yyjson_mut_val *value = yyjson_mut_obj(doc);

	json_set(doc, value, "type", render_types(doc, schema->types));
	if (schema->max_length)
		json_set_integer(doc, value, "maxLength", schema->max_length);
	if (schema->pattern)
		json_set_string(doc, value, "pattern", schema->pattern);
	if (schema->one_of)
		json_set(doc, value, "enum", render_enum(doc, schema));
	if (schema->items)
		json_set(doc, value, "items", render_schema(doc, schema->items));
	return value;
}

static yyjson_mut_val *render_member(yyjson_mut_doc *doc, const struct schema_member *member)
{
	yyjson_mut_val *value = render_schema(doc, member->schema);

	for (size_t i = 0; i < ARRAY_LENGTH(descriptions); i++)
		if (!strcmp(descriptions[i].name, member->name)) {
			json_set_string(doc, value, "description", descriptions[i].description);
			if (descriptions[i].read_only)
				json_set_bool(doc, value, "readOnly", true);
		}
	return value;
}

struct schema_link {
	const char *rel, *href; /* NULL ends a list */
};

static void render_links(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct schema_link *list)
{
	yyjson_mut_val *links = yyjson_mut_arr(doc);

	for (; list->rel; list++) {
		yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

		json_set_string(doc, link, "rel", list->rel);
		json_set_string(doc, link, "href", list->href);
	}
	json_set(doc, root, "links", links);
}

/* The member 'name' of what is on a page. */
static void render_list(yyjson_mut_doc *doc, yyjson_mut_val *root, const char *name,
			yyjson_mut_val *items)
{
	yyjson_mut_val *list = yyjson_mut_obj(doc);

	json_set_string(doc, list, "type", "array");
	json_set(doc, list, "items", items);
	json_set(doc, yyjson_mut_obj_get(root, "properties"), name, list);
}

static yyjson_mut_val *render_object(yyjson_mut_doc *doc, const char *name,
				     const struct schema_member *members)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc), *properties = yyjson_mut_obj(doc);

	json_set_string(doc, root, "name", name);
	json_set(doc, root, "properties", properties);
	for (; members->name; members++)
		json_set(doc, properties, members->name, render_member(doc, members));
	return root;
}

static yyjson_mut_val *render_image(yyjson_mut_doc *doc)
{
	static const struct schema_link links[] = { { "self", "{self}" },
						    { "enclosure", "{file}" },
						    { "describedby", "{schema}" },
						    { 0 } };
	yyjson_mut_val *root = render_object(doc, "image", image_members);

	json_set(doc, root, "additionalProperties", render_schema(doc, &text));
	render_links(doc, root, links);
	return root;
}

static yyjson_mut_val *render_images(yyjson_mut_doc *doc)
{
	static const struct schema_member pages[] = { { "first", .schema = &text },
						      { "next", .schema = &text },
						      { "schema", .schema = &text },
						      { 0 } };
	static const struct schema_link links[] = {
		{ "first", "{first}" }, { "next", "{next}" }, { "describedby", "{schema}" }, { 0 }
	};
	yyjson_mut_val *root = render_object(doc, "images", pages);

	render_list(doc, root, "images", render_image(doc));
	render_links(doc, root, links);
	return root;
}

static yyjson_mut_val *render_image_member(yyjson_mut_doc *doc)
{
	return render_object(doc, "member", member_members);
}

static yyjson_mut_val *render_image_members(yyjson_mut_doc *doc)
{
	static const struct schema_member pages[] = { { "schema", .schema = &text }, { 0 } };
	static const struct schema_link links[] = { { "describedby", "{schema}" }, { 0 } };
	yyjson_mut_val *root = render_object(doc, "members", pages);

	render_list(doc, root, "members", render_image_member(doc));
	render_links(doc, root, links);
	return root;
}

int image_schema_show(struct request *request, struct error *error)
{
	static const struct {
		const char *name;
		yyjson_mut_val *(*render)(yyjson_mut_doc *doc);
	} published[] = {
		{ "image", render_image },
		{ "images", render_images },
		{ "member", render_image_member },
		{ "members", render_image_members },
	};
	const char *name = request_param(request, "schema");
	yyjson_mut_doc *doc = request_document(request);

	for (size_t i = 0; i < ARRAY_LENGTH(published); i++)
		if (!strcmp(published[i].name, name))
			return reply_json(request, 200, doc, published[i].render(doc));
	return published_schema_show(request, name, error);
}
