/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/resource.h"

#include <string.h>

#include "firmware/cloud/http/listing.h"
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

/* All that decides what is shown of a record by itself. */
struct shown {
	const struct resource *resource;
	bool admin, shared;
};

static bool hidden(const struct shown *shown, const char *name)
{
	const struct resource *resource = shown->resource;
	const struct attribute *attribute = resource->attributes;

	if (name[0] == '_')
		return true;
	if ((resource->parent || resource->bare) && !part_has(resource, name))
		return true;
	for (; attribute->name; attribute++)
		if (!strcmp(attribute->name, name))
			return (attribute->flags & ATTRIBUTE_HIDDEN) ||
			       ((attribute->flags & ATTRIBUTE_SECRET) && !shown->admin);
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

static struct shown shown_of(const struct resource *resource, struct request *request,
			     yyjson_val *record)
{
	return (struct shown){
		.resource = resource,
		.admin = request->caller->is_admin,
		/* 'shared' is said of the caller: with everybody, or with its project. */
		.shared = yyjson_obj_get(record, "_shared_with") &&
			  rbac_shared_visible(request, record),
	};
}

static yyjson_mut_val *members_make(yyjson_val *record, const void *context, yyjson_mut_doc *doc,
				    struct arena *arena)
{
	const struct shown *shown = context;
	yyjson_mut_val *out = yyjson_mut_obj(doc);
	yyjson_val *key, *value;
	size_t index, count;

	(void)arena;
	yyjson_obj_foreach (record, index, count, key, value) {
		const char *name = yyjson_get_str(key);

		if (!hidden(shown, name))
			yyjson_mut_obj_add(out, yyjson_mut_strcpy(doc, name),
					   yyjson_val_mut_copy(doc, value));
	}
	if (shown->shared)
		json_set_bool(doc, out, "shared", true);
	return out;
}

yyjson_mut_val *resource_render(const struct resource *resource, struct request *request,
				yyjson_mut_doc *doc, yyjson_val *record, struct error *error)
{
	const struct shown shown = shown_of(resource, request, record);
	yyjson_mut_val *out = members_make(record, &shown, doc, request->arena);

	if (resource->derive && resource->derive(request, record, doc, out, error))
		return NULL;
	select_fields(request, out);
	return out;
}

/* --- in lists */

static const char *variant_of(struct request *request, const struct shown *shown)
{
	return arena_join(request->arena,
			  (const char *const[]){ shown->resource->singular,
						 shown->admin ? " admin" : "",
						 shown->shared ? " shared" : "", NULL });
}

/* Does the record have members that are derived as well, and take their place? */
static bool overlaps(yyjson_val *record, yyjson_mut_val *derived)
{
	yyjson_mut_val *key, *value;
	size_t index, count;

	yyjson_mut_obj_foreach (derived, index, count, key, value)
		if (yyjson_obj_get(record, yyjson_mut_get_str(key)))
			return true;
	return false;
}

static int list_whole(const struct resource *resource, struct request *request,
		      struct listing *listing, yyjson_val *record, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *out = resource_render(resource, request, doc, record, error);

	if (!out)
		return error ? error->code : -ENOMEM;
	listing_add_value(listing, out);
	return 0;
}

int resource_list_add(const struct resource *resource, struct request *request,
		      struct listing *listing, yyjson_val *record, struct error *error)
{
	const struct shown shown = shown_of(resource, request, record);
	struct face face = { .make = members_make, .context = &shown };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *derived = yyjson_mut_obj(doc);

	if ((resource->derive && !resource->derives_apart) || request_query(request, "fields"))
		return list_whole(resource, request, listing, record, error);
	if (resource->derive && resource->derive(request, record, doc, derived, error))
		return error ? error->code : -ENOMEM;
	face.variant = variant_of(request, &shown);
	if (!face.variant || overlaps(record, derived))
		return list_whole(resource, request, listing, record, error);
	listing_add(listing, record, &face, derived);
	return 0;
}
