/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest is told about itself: the OpenStack tree, and the config drive made of it. */
#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/identity/reader.h"

#define SEED_SIZE 512

/* NULL: out of memory, or no base64. */
static const char *decode(struct arena *arena, const char *text, size_t *size)
{
	size_t length = text ? strlen(text) : 0;
	unsigned char *decoded = arena_alloc(arena, length + 1);

	*size = 0;
	if (!decoded ||
	    mbedtls_base64_decode(decoded, length, size, (const unsigned char *)text, length))
		return NULL;
	return (const char *)decoded;
}

static int user_data_load(struct metadata *metadata, struct error *error)
{
	const struct reader reader = { metadata->view, metadata->arena };
	const char *id = json_string(metadata->server, "id"), *text;
	yyjson_val *record;
	int result = record_get(&reader, &record, NULL, error, KEY_USER_DATA "%s", id);

	if (result == -ENOENT)
		return 0;
	if (result < 0)
		return result;
	text = json_string(record, "user_data");
	if (text)
		metadata->user_data = decode(metadata->arena, text, &metadata->user_data_size);
	metadata->files = yyjson_obj_get(record, "files");
	return metadata->arena->failed ? -ENOMEM : 0;
}

int metadata_load(struct store_view *view, struct arena *arena, const char *server_id,
		  struct metadata *metadata, struct error *error)
{
	const struct reader reader = { view, arena };
	int result;

	memset(metadata, 0, sizeof(*metadata));
	metadata->view = view;
	metadata->arena = arena;
	result = record_get(&reader, &metadata->server, NULL, error, KEY_SERVER "%s", server_id);
	if (result == 0)
		result = network_device_ports(view, arena, server_id, &metadata->ports, error);
	return result < 0 ? result : user_data_load(metadata, error);
}

/* --- meta_data.json */

static void keys_add(yyjson_mut_doc *doc, yyjson_mut_val *root, yyjson_val *key)
{
	yyjson_mut_val *map, *item;
	const char *name = json_string(key, "name");

	if (!name)
		return;
	map = yyjson_mut_obj_add_obj(doc, root, "public_keys");
	json_set_string(doc, map, name, json_string(key, "public_key"));
	item = yyjson_mut_arr_add_obj(doc, yyjson_mut_obj_add_arr(doc, root, "keys"));
	json_set_string(doc, item, "name", name);
	json_set_string(doc, item, "type", json_string(key, "type"));
	json_set_string(doc, item, "data", json_string(key, "public_key"));
}

/* As Nova numbers them on the config drive. */
#define CONTENT "content/%04zu"

static void files_add(yyjson_mut_doc *doc, yyjson_mut_val *root, const struct metadata *metadata)
{
	yyjson_mut_val *list, *item;
	yyjson_val *file;
	size_t i, count;

	if (!metadata->files)
		return;
	list = yyjson_mut_obj_add_arr(doc, root, "files");
	yyjson_arr_foreach (metadata->files, i, count, file) {
		item = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, item, "path", json_string(file, "path"));
		json_set_string(doc, item, "content_path",
				arena_printf(metadata->arena, "/" CONTENT, i));
	}
}

/* The file's bytes; NULL: there is none of that number. */
static const char *file_content(const struct metadata *metadata, size_t index, size_t *size)
{
	yyjson_val *file = yyjson_arr_get(metadata->files, index);

	return file ? decode(metadata->arena, json_string(file, "contents"), size) : NULL;
}

static void seed_add(yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	unsigned char seed[SEED_SIZE], text[SEED_SIZE * 2];
	size_t length;

	random_bytes(seed, sizeof(seed));
	if (!mbedtls_base64_encode(text, sizeof(text), &length, seed, sizeof(seed)))
		json_set_string(doc, root, "random_seed", (const char *)text);
}

static const char *metadata_json(struct metadata *metadata)
{
	yyjson_mut_doc *doc = json_document(metadata->arena);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *server = metadata->server;

	json_set_string(doc, root, "uuid", json_string(server, "id"));
	json_set(doc, root, "meta", yyjson_val_mut_copy(doc, yyjson_obj_get(server, "metadata")));
	keys_add(doc, root, yyjson_obj_get(server, "_key"));
	json_set_string(doc, root, "hostname", json_string(server, "OS-EXT-SRV-ATTR:hostname"));
	json_set_string(doc, root, "name", json_string(server, "name"));
	json_set_integer(doc, root, "launch_index",
			 json_integer(server, "OS-EXT-SRV-ATTR:launch_index", 0));
	json_set_string(doc, root, "availability_zone",
			json_string(server, "OS-EXT-AZ:availability_zone"));
	json_set_string(doc, root, "project_id", json_string(server, "tenant_id"));
	yyjson_mut_obj_add_arr(doc, root, "devices");
	yyjson_mut_obj_add_arr(doc, root, "dedicated_cpus");
	files_add(doc, root, metadata);
	seed_add(doc, root);
	return json_write(metadata->arena, root);
}

/* --- the tree */

static const char *leaf_user_data(struct metadata *metadata, size_t *size)
{
	*size = metadata->user_data_size;
	return metadata->user_data;
}

static const char *leaf_meta(struct metadata *metadata, size_t *size)
{
	const char *text = metadata_json(metadata);

	*size = text ? strlen(text) : 0;
	return text;
}

static const char *leaf_network(struct metadata *metadata, size_t *size)
{
	const char *text = metadata_network_json(metadata);

	*size = text ? strlen(text) : 0;
	return text;
}

static const char *leaf_empty_object(struct metadata *metadata, size_t *size)
{
	(void)metadata;
	*size = 2;
	return "{}";
}

static const char *leaf_password(struct metadata *metadata, size_t *size)
{
	(void)metadata;
	*size = 0;
	return "";
}

static const struct leaf {
	const char *name, *type;
	const char *(*make)(struct metadata *metadata, size_t *size); /* NULL: not there */
	bool drive;                                                   /* on the config drive too */
} leaves[] = {
	{ "meta_data.json", "application/json", leaf_meta, true },
	{ "network_data.json", "application/json", leaf_network, true },
	{ "password", "text/plain; charset=utf-8", leaf_password, false },
	{ "user_data", "application/octet-stream", leaf_user_data, true },
	{ "vendor_data.json", "application/json", leaf_empty_object, true },
	{ "vendor_data2.json", "application/json", leaf_empty_object, true },
};
#define LEAVES (sizeof(leaves) / sizeof(leaves[0]))

static const char *const versions[] = { "2012-08-10", "2013-04-04", "2013-10-17", "2015-10-15",
					"2016-06-30", "2016-10-06", "2017-02-22", "2018-08-27",
					"2020-10-14", "latest" };
static const char *const ec2_versions[] = { "1.0",        "2007-01-19", "2007-03-01", "2007-08-29",
					    "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
					    "2009-04-04", "latest" };

struct answer {
	int status;
	const char *type;
	const char *body;
	size_t size;
};

static struct answer answer_text(const char *text)
{
	return text ? (struct answer){ 200, "text/plain; charset=utf-8", text, strlen(text) }
		    : (struct answer){ 404, "text/plain; charset=utf-8", "404 Not Found", 13 };
}

static const char *lines(struct arena *arena, const char *const *names, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = arena_printf(arena, "%s%s%s", text, i ? "\n" : "", names[i]);
	return text;
}

static bool version_known(const char *const *known, size_t count, const char *name, size_t length)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(known[i]) == length && !memcmp(known[i], name, length))
			return true;
	return false;
}

static const char *leaves_listed(struct metadata *metadata)
{
	const char *names[LEAVES];
	size_t count = 0;

	for (size_t i = 0; i < LEAVES; i++)
		if (leaves[i].make != leaf_user_data || metadata->user_data)
			names[count++] = leaves[i].name;
	return lines(metadata->arena, names, count);
}

static struct answer content_answer(const struct metadata *metadata, const char *number)
{
	const char *body = NULL;
	size_t size = 0;

	if (strlen(number) == 4 && strspn(number, "0123456789") == 4)
		body = file_content(metadata, strtoul(number, NULL, 10), &size);
	return body ? (struct answer){ 200, "application/octet-stream", body, size }
		    : answer_text(NULL);
}

static struct answer openstack_answer(struct metadata *metadata, const char *path)
{
	size_t version = strcspn(path, "/"), size = 0;
	const char *body;

	if (!*path)
		return answer_text(
			lines(metadata->arena, versions, sizeof(versions) / sizeof(versions[0])));
	if (!strncmp(path, "content/", 8))
		return content_answer(metadata, path + 8);
	if (!version_known(versions, sizeof(versions) / sizeof(versions[0]), path, version))
		return answer_text(NULL);
	path += version;
	path += *path == '/';
	if (!*path)
		return answer_text(leaves_listed(metadata));
	for (size_t i = 0; i < LEAVES; i++) {
		if (strcmp(leaves[i].name, path))
			continue;
		body = leaves[i].make(metadata, &size);
		return body ? (struct answer){ 200, leaves[i].type, body, size }
			    : answer_text(NULL);
	}
	return answer_text(NULL);
}

static struct answer ec2_answer(struct metadata *metadata, const char *path)
{
	size_t version = strcspn(path, "/");

	if (!*path)
		return answer_text(lines(metadata->arena, ec2_versions,
					 sizeof(ec2_versions) / sizeof(ec2_versions[0])));
	if (!version_known(ec2_versions, sizeof(ec2_versions) / sizeof(ec2_versions[0]), path,
			   version))
		return answer_text(NULL);
	path += version;
	path += *path == '/';
	if (!*path)
		return answer_text(metadata->user_data ? "meta-data/\nuser-data" : "meta-data/");
	if (!strcmp(path, "user-data"))
		return metadata->user_data
			       ? (struct answer){ 200, "application/octet-stream",
						  metadata->user_data, metadata->user_data_size }
			       : answer_text(NULL);
	if (!strncmp(path, "meta-data", 9) && (!path[9] || path[9] == '/'))
		return answer_text(metadata_ec2(metadata, path + 9 + (path[9] == '/')));
	return answer_text(NULL);
}

/* Empty segments and a slash at the end mean nothing. */
static const char *path_clean(struct arena *arena, const char *path)
{
	char *clean = arena_alloc(arena, strlen(path) + 1), *at = clean;

	for (; clean && *path; path++)
		if (*path != '/' || (path[1] && path[1] != '/' && at != clean))
			*at++ = *path;
	return clean;
}

int compute_metadata(struct cloud *cloud, struct store_view *view, struct arena *arena,
		     yyjson_val *port, const char *path, int *status, const char **content_type,
		     const void **body, size_t *size, struct error *error)
{
	const char *clean = path_clean(arena, path);
	struct metadata metadata;
	struct answer answer;
	int result = metadata_load(
		view, arena, json_string(port, "device_id") ? json_string(port, "device_id") : "",
		&metadata, error);

	(void)cloud;
	if (!clean)
		return -ENOMEM;
	if (result < 0 && result != -ENOENT)
		return result;
	if (result == -ENOENT)
		answer = answer_text(NULL);
	else if (!strncmp(clean, "openstack", 9) && (!clean[9] || clean[9] == '/'))
		answer = openstack_answer(&metadata, clean + 9 + (clean[9] == '/'));
	else
		answer = ec2_answer(&metadata, clean);
	*status = answer.status;
	*content_type = answer.type;
	*body = answer.body;
	*size = answer.size;
	return 0;
}

int metadata_drive(struct metadata *metadata, const void **image, size_t *size)
{
	size_t count = 0, length = 0, injected = yyjson_arr_size(metadata->files);
	struct iso_file *files = arena_alloc(metadata->arena, (LEAVES + injected) * sizeof(*files));
	const char *body;

	if (!files)
		return -ENOMEM;
	for (size_t i = 0; i < LEAVES; i++) {
		body = leaves[i].drive ? leaves[i].make(metadata, &length) : NULL;
		if (body)
			files[count++] = (struct iso_file){ arena_printf(metadata->arena,
									 "openstack/latest/%s",
									 leaves[i].name),
							    body, length };
	}
	for (size_t i = 0; i < injected; i++) {
		body = file_content(metadata, i, &length);
		if (body)
			files[count++] = (struct iso_file){
				arena_printf(metadata->arena, "openstack/" CONTENT, i), body, length
			};
	}
	return iso_write(metadata->arena, "config-2", files, count, image, size);
}
