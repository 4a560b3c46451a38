/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/resource.h"

#include <string.h>

#include "firmware/cloud/network/rbac.h"

static bool wanted(struct request *request, const char *name)
{
	const struct name_value *query = request->query;
	bool any = false;

	for (; query && query->name; query++) {
		if (strcmp(query->name, "fields"))
			continue;
		any = true;
		if (!strcmp(query->value, name))
			return true;
	}
	return !any;
}

/* Of a part of another resource the attributes and the id are shown alone. */
static bool part_has(const struct resource *resource, const char *name)
{
	const struct attribute *attribute = resource->attributes;

	for (; attribute->name; attribute++)
		if (!strcmp(attribute->name, name))
			return true;
	return !strcmp(name, "id");
}

static bool hidden(const struct resource *resource, struct request *request, const char *name)
{
	const struct attribute *attribute = resource->attributes;

	if (name[0] == '_')
		return true;
	if (resource->parent && !part_has(resource, name))
		return true;
	for (; attribute->name; attribute++)
		if (!strcmp(attribute->name, name))
			return (attribute->flags & ATTRIBUTE_HIDDEN) ||
			       ((attribute->flags & ATTRIBUTE_SECRET) &&
				!request->caller->is_admin);
	return false;
}

static void select_fields(struct request *request, yyjson_mut_val *object)
{
	yyjson_mut_obj_iter iterator;
	yyjson_mut_val *key;

	yyjson_mut_obj_iter_init(object, &iterator);
	while ((key = yyjson_mut_obj_iter_next(&iterator)))
		if (!wanted(request, yyjson_mut_get_str(key)))
			yyjson_mut_obj_iter_remove(&iterator);
}

yyjson_mut_val *resource_render(const struct resource *resource, struct request *request,
				yyjson_mut_doc *doc, yyjson_val *record, struct error *error)
{
	yyjson_mut_val *out = yyjson_mut_obj(doc);
	yyjson_val *key, *value;
	size_t index, count;

	yyjson_obj_foreach (record, index, count, key, value) {
		const char *name = yyjson_get_str(key);

		if (!hidden(resource, request, name))
			yyjson_mut_obj_add(out, yyjson_mut_strcpy(doc, name),
					   yyjson_val_mut_copy(doc, value));
	}
	/* 'shared' is said of the caller: with everybody, or with its project. */
	if (yyjson_obj_get(record, "_shared_with") && rbac_shared_visible(request, record))
		json_set_bool(doc, out, "shared", true);
	if (resource->derive && resource->derive(request, record, doc, out, error))
		return NULL;
	select_fields(request, out);
	return out;
}
