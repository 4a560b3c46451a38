/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON patches (RFC 6902, limited to whole members, as Glance takes them): the v2.1 media type
 * has {"op", "path", "value"}, the older v2.0 one {"<op>": "<path>", "value"}.
 */
#include <string.h>
#include <strings.h>

#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"

static const char *const operations[] = {
	[PATCH_ADD] = "add",
	[PATCH_REMOVE] = "remove",
	[PATCH_REPLACE] = "replace",
};

static const char *const read_only[] = {
	"created_at",   "updated_at",   "status",        "checksum", "size",
	"virtual_size", "direct_url",   "self",          "file",     "schema",
	"id",           "os_hash_algo", "os_hash_value",
};

static const char *const reserved[] = { "location", "deleted", "deleted_at" };

int patch_draft(const char *content_type)
{
	static const struct {
		const char *name;
		int draft;
	} types[] = {
		{ "application/openstack-images-v2.0-json-patch", 4 },
		{ "application/openstack-images-v2.1-json-patch", 10 },
	};
	size_t length = content_type ? strcspn(content_type, "; ") : 0;

	for (size_t i = 0; i < ARRAY_LENGTH(types); i++)
		if (length == strlen(types[i].name) &&
		    !strncasecmp(content_type, types[i].name, length))
			return types[i].draft;
	return 0;
}

#define malformed(error, ...) error_fault(error, -EINVAL, 400, NULL, __VA_ARGS__)

static int operation_find(const char *name)
{
	for (size_t i = 0; name && i < ARRAY_LENGTH(operations); i++)
		if (!strcmp(operations[i], name))
			return (int)i;
	return -ENOENT;
}

/* The operation and its path in the way of the v2.1 media type. */
static int operation_draft10(yyjson_val *raw, const char **path, struct error *error)
{
	const char *name = json_string(raw, "op");
	int operation = operation_find(name);

	if (!yyjson_obj_get(raw, "op"))
		return malformed(error,
				 "Unable to find `op` in JSON Schema change. It must be one of the "
				 "following: %s.",
				 "add, remove, replace");
	if (operation < 0)
		return malformed(error,
				 "Invalid operation: `%s`. It must be one of the following: add, "
				 "remove, replace.",
				 name ? name : "");
	*path = json_string(raw, "path");
	if (!*path)
		return malformed(error, "Unable to find '%s' in JSON Schema change", "path");
	return operation;
}

static int operation_draft4(yyjson_val *raw, const char **path, struct error *error)
{
	int operation = -ENOENT;

	for (size_t i = 0; i < ARRAY_LENGTH(operations); i++) {
		if (!yyjson_obj_get(raw, operations[i]))
			continue;
		if (operation >= 0)
			return malformed(error, "%s",
					 "Operation objects must contain only one member named "
					 "\"add\", \"remove\", or \"replace\".");
		operation = (int)i;
	}
	if (operation < 0)
		return malformed(error, "%s",
				 "Operation objects must contain exactly one member named \"add\", "
				 "\"remove\", or \"replace\".");
	*path = json_string(raw, operations[operation]);
	return *path ? operation : malformed(error, "Pointer `%s` does not start with \"/\".", "");
}

static int escapes_check(const char *pointer, struct error *error)
{
	for (const char *c = strchr(pointer, '~'); c; c = strchr(c + 1, '~'))
		if (c[1] != '0' && c[1] != '1')
			return malformed(error,
					 "Pointer `%s` contains \"~\" not part of a recognized "
					 "escape sequence.",
					 pointer);
	return 0;
}

static int pointer_check(const char *pointer, struct error *error)
{
	size_t length = strlen(pointer);

	if (pointer[0] != '/')
		return malformed(error, "Pointer `%s` does not start with \"/\".", pointer);
	if (length > 1 && strstr(pointer + 1, "//"))
		return malformed(error, "Pointer `%s` contains adjacent \"/\".", pointer);
	if (length > 1 && pointer[length - 1] == '/')
		return malformed(error, "Pointer `%s` end with \"/\".", pointer);
	return escapes_check(pointer, error);
}

/* "/a~1b" is the member "a/b"; blanks around it do not count. */
static const char *pointer_decode(struct arena *arena, const char *pointer)
{
	char *member = arena_strdup(arena, pointer + 1), *out = member;

	if (!member)
		return NULL;
	for (const char *in = member; *in; in++)
		if (*in == '~')
			*out++ = *++in == '1' ? '/' : '~';
		else if (out != member || *in != ' ')
			*out++ = *in;
	while (out > member && out[-1] == ' ')
		out--;
	*out = '\0';
	return member;
}

/* Locations are the one thing with a deeper path, and the box never shows them. */
static int locations_refuse(const struct patch_change *change, struct error *error)
{
	static const char *const texts[] = {
		[PATCH_ADD] = "add",
		[PATCH_REMOVE] = "remove",
		[PATCH_REPLACE] = "update",
	};

	if (change->operation == PATCH_REPLACE && yyjson_arr_size(change->value) == 0)
		return error_fault(error, -EACCES, 403, NULL,
				   "Cannot set locations to empty list.");
	return error_fault(error, -EACCES, 403, NULL,
			   "It's not allowed to %s locations if locations are invisible.",
			   texts[change->operation]);
}

static int member_check(const char *member, struct error *error)
{
	for (size_t i = 0; i < ARRAY_LENGTH(read_only); i++)
		if (!strcmp(read_only[i], member))
			return error_fault(error, -EACCES, 403, NULL,
					   "Attribute '%s' is read-only.", member);
	for (size_t i = 0; i < ARRAY_LENGTH(reserved); i++)
		if (!strcmp(reserved[i], member))
			return error_fault(error, -EACCES, 403, NULL, "Attribute '%s' is reserved.",
					   member);
	if (image_attribute_is_reserved(member))
		return error_fault(error, -EACCES, 403, NULL, "Attribute '%s' is reserved.",
				   member);
	if (strlen(member) > 255)
		return malformed(error, "%s",
				 "Custom property should not be greater than 255 characters.");
	return 0;
}

static int value_take(struct arena *arena, yyjson_val *raw, struct patch_change *change,
		      struct error *error)
{
	if (change->operation == PATCH_REMOVE)
		return 0;
	change->value = yyjson_obj_get(raw, "value");
	if (!change->value)
		return malformed(error, "Operation \"%s\" requires a member named \"value\".",
				 operations[change->operation]);
	return image_member_check(arena, change->member, change->value, error);
}

static int change_parse(struct arena *arena, yyjson_val *raw, struct patch_change *change,
			struct error *error)
{
	const char *pointer;
	int result;

	if (!yyjson_is_obj(raw))
		return malformed(error, "%s", "Operations must be JSON objects.");
	result = change->draft4 ? operation_draft4(raw, &pointer, error)
				: operation_draft10(raw, &pointer, error);
	if (result < 0)
		return result;
	change->operation = (enum patch_operation)result;
	result = pointer_check(pointer, error);
	if (result)
		return result;
	if (!strncmp(pointer, "/locations", 10) && (!pointer[10] || pointer[10] == '/')) {
		change->value = yyjson_obj_get(raw, "value");
		return locations_refuse(change, error);
	}
	if (strchr(pointer + 1, '/'))
		return malformed(error, "Invalid JSON pointer for this resource: '%s'", pointer);
	change->member = pointer_decode(arena, pointer);
	if (!change->member)
		return error_set(error, -ENOMEM, "out of memory");
	result = member_check(change->member, error);
	return result ? result : value_take(arena, raw, change, error);
}

int patch_parse(struct arena *arena, yyjson_val *body, int draft, struct patch *patch,
		struct error *error)
{
	size_t i, count;
	yyjson_val *raw;
	int result;

	if (!yyjson_is_arr(body))
		return malformed(error, "%s",
				 "Request body must be a JSON array of operation objects.");
	*patch = (struct patch){ 0 };
	patch->changes = arena_alloc(arena, (yyjson_arr_size(body) + 1) * sizeof(*patch->changes));
	if (!patch->changes)
		return error_set(error, -ENOMEM, "out of memory");
	yyjson_arr_foreach (body, i, count, raw) {
		struct patch_change *change = &patch->changes[patch->count++];

		change->draft4 = draft == 4;
		result = change_parse(arena, raw, change, error);
		if (result)
			return result;
	}
	return 0;
}
