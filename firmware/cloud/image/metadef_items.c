/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in a namespace: objects, properties, tags, associations with resource types. The
 * path says which; all else is the same for them but for what the table has. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/image/metadef.h"

/* --- views */

static yyjson_mut_val *body_copy(yyjson_mut_doc *doc, yyjson_val *item)
{
	return yyjson_val_mut_copy(doc, yyjson_obj_get(item, "body"));
}

static void times_add(yyjson_mut_doc *doc, yyjson_mut_val *view, yyjson_val *item)
{
	json_set_string(doc, view, "created_at", json_string(item, "created_at"));
	json_set_string(doc, view, "updated_at", json_string(item, "updated_at"));
}

static yyjson_mut_val *object_view(yyjson_mut_doc *doc, const char *namespace_name,
				   yyjson_val *item)
{
	yyjson_mut_val *view = body_copy(doc, item);
	char self[512];

	if (!yyjson_mut_obj_get(view, "required"))
		json_set(doc, view, "required", yyjson_mut_arr(doc));
	if (!yyjson_mut_obj_get(view, "properties"))
		json_set(doc, view, "properties", yyjson_mut_obj(doc));
	times_add(doc, view, item);
	snprintf(self, sizeof(self), "/v2/metadefs/namespaces/%s/objects/%s", namespace_name,
		 json_string(item, "name"));
	json_set_string(doc, view, "self", self);
	json_set_string(doc, view, "schema", "/v2/schemas/metadefs/object");
	return view;
}

static yyjson_mut_val *property_view(yyjson_mut_doc *doc, const char *namespace_name,
				     yyjson_val *item)
{
	yyjson_mut_val *view = body_copy(doc, item);

	(void)namespace_name;
	json_set_string(doc, view, "name", json_string(item, "name"));
	return view;
}

static yyjson_mut_val *timed_view(yyjson_mut_doc *doc, const char *namespace_name, yyjson_val *item)
{
	yyjson_mut_val *view = body_copy(doc, item);

	(void)namespace_name;
	json_set_string(doc, view, "name", json_string(item, "name"));
	times_add(doc, view, item);
	return view;
}

const struct metadef_kind metadef_kinds[] = {
	{
		.member = "objects",
		.word = "object",
		.schema_name = "object",
		.schema = &metadef_object_schema,
		.add = "add_metadef_object",
		.modify = "modify_metadef_object",
		.remove = "delete_metadef_object",
		.remove_all = "delete_metadef_namespace",
		.missing = "The metadata definition object with name=%s was not found in "
			   "namespace=%s.",
		.duplicate = "A metadata definition object with name=%s already exists in "
			     "namespace=%s.",
		.view = object_view,
	},
	{
		.member = "properties",
		.word = "property",
		.schema_name = "property",
		.schema = &metadef_property_schema,
		.add = "add_metadef_property",
		.modify = "modify_metadef_property",
		.remove = "remove_metadef_property",
		.remove_all = "delete_metadef_namespace",
		.missing = "The metadata definition property with name=%s was not found in "
			   "namespace=%s.",
		.duplicate = "A metadata definition property with name=%s already exists in "
			     "namespace=%s.",
		.view = property_view,
	},
	{
		.member = "tags",
		.word = "tag",
		.schema_name = "tag",
		.schema = &metadef_tag_schema,
		.add = "add_metadef_tag",
		.modify = "modify_metadef_tag",
		.remove = "delete_metadef_tag",
		.remove_all = "delete_metadef_tags",
		.missing = "The metadata definition tag with name=%s was not found in "
			   "namespace=%s.",
		.duplicate = "A metadata tag with name=%s already exists in namespace=%s. (Please "
			     "note that metadata tag names are case insensitive).",
		.view = timed_view,
	},
	{
		.member = "resource_type_associations",
		.word = "resource-type-association",
		.schema_name = "resource_type_association",
		.schema = &metadef_association_schema,
		.add = "add_metadef_resource_type_association",
		.remove = "remove_metadef_resource_type_association",
		.missing = "Failed to find resource type %s to delete",
		.duplicate = "The metadata definition resource-type association of "
			     "resource-type=%s to namespace=%s already exists.",
		.view = timed_view,
	},
	{ 0 },
};

static bool is_kind(const struct metadef_kind *kind, const char *member)
{
	return !strcmp(kind->member, member);
}

static const struct metadef_kind *kind_of_request(const struct request *request)
{
	const char *segment = strstr(request->route->path, "{namespace}/") + strlen("{namespace}/");
	const struct metadef_kind *kind = metadef_kinds;

	while (kind->member && strncmp(segment, kind->member, strcspn(segment, "/")) != 0)
		kind++;
	return kind->member ? kind : kind - 1; /* the last: "resource_types" in paths */
}

/* The texts of the table have up to two places, in this order. */
static int fault(struct error *error, int code, int status, const char *format, const char *name,
		 const char *namespace_name)
{
	char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(text, sizeof(text), format, name, namespace_name);
#pragma GCC diagnostic pop
	return error_fault(error, code, status, NULL, "%s", text);
}

/* --- items */

yyjson_mut_val *metadef_item_make(struct request *request, yyjson_mut_doc *doc, const char *name,
				  yyjson_val *body)
{
	yyjson_mut_val *item = yyjson_mut_obj(doc);
	const char *now = image_time_now(request->arena);

	json_set_string(doc, item, "name", name);
	json_set_string(doc, item, "created_at", now);
	json_set_string(doc, item, "updated_at", now);
	json_set(doc, item, "body", body ? yyjson_val_mut_copy(doc, body) : yyjson_mut_obj(doc));
	return item;
}

/* The newest first. */
static yyjson_mut_val *list_view(yyjson_mut_doc *doc, const struct metadef_kind *kind,
				 const char *namespace_name, yyjson_val *items)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);

	for (size_t i = yyjson_arr_size(items); i-- > 0;) {
		yyjson_val *item = yyjson_arr_get(items, i);
		yyjson_mut_val *tag;

		if (!is_kind(kind, "tags")) {
			yyjson_mut_arr_append(list, kind->view(doc, namespace_name, item));
			continue;
		}
		tag = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, tag, "name", json_string(item, "name"));
	}
	return list;
}

static yyjson_mut_val *map_view(yyjson_mut_doc *doc, yyjson_val *items)
{
	yyjson_mut_val *map = yyjson_mut_obj(doc);
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (items, i, count, item)
		json_set(doc, map, json_string(item, "name"), body_copy(doc, item));
	return map;
}

static yyjson_mut_val *items_view(yyjson_mut_doc *doc, const struct metadef_kind *kind,
				  yyjson_val *record)
{
	yyjson_val *items = yyjson_obj_get(record, kind->member);

	if (is_kind(kind, "properties"))
		return map_view(doc, items);
	return list_view(doc, kind, json_string(record, "namespace"), items);
}

yyjson_mut_val *metadef_items_view(yyjson_mut_doc *doc, const struct metadef_kind *kind,
				   yyjson_val *record)
{
	if (!yyjson_arr_size(yyjson_obj_get(record, kind->member)))
		return NULL;
	return items_view(doc, kind, record);
}

/* Tags do not differ by case alone. */
static bool name_is(const struct metadef_kind *kind, const char *a, const char *b)
{
	return is_kind(kind, "tags") ? !strcasecmp(a, b) : !strcmp(a, b);
}

/* Its place, or -1. */
static ssize_t item_find(const struct metadef *metadef, const struct metadef_kind *kind,
			 const char *name)
{
	yyjson_val *items = yyjson_obj_get(metadef->record, kind->member), *item;
	size_t i, count;

	yyjson_arr_foreach (items, i, count, item)
		if (name_is(kind, json_string(item, "name"), name))
			return (ssize_t)i;
	return -1;
}

static yyjson_val *item_at(const struct metadef *metadef, const struct metadef_kind *kind,
			   ssize_t place)
{
	return yyjson_arr_get(yyjson_obj_get(metadef->record, kind->member), (size_t)place);
}

static int item_missing(struct error *error, const struct metadef_kind *kind, const char *name,
			const struct metadef *metadef)
{
	return fault(error, -ENOENT, 404, kind->missing, name, metadef->name);
}

static int item_duplicate(struct error *error, const struct metadef_kind *kind, const char *name,
			  const struct metadef *metadef)
{
	return fault(error, -EEXIST, 409, kind->duplicate, name, metadef->name);
}

static int namespace_of(struct request *request, const struct metadef_kind *kind,
			struct metadef *metadef, struct error *error)
{
	return metadef_of_request(request,
				  is_kind(kind, "objects") ? METADEF_OBJECTS : METADEF_OTHERS,
				  metadef, error);
}

static int reply_item(struct request *request, int status, const struct metadef_kind *kind,
		      const struct metadef *metadef, yyjson_mut_val *item)
{
	yyjson_mut_doc *doc = request_document(request);
	const char *json = request_write(request, item);
	yyjson_val *value = json ? json_parse(request->arena, json, strlen(json)) : NULL;

	if (!value)
		return -ENOMEM;
	return reply_json(request, status, doc, kind->view(doc, metadef->name, value));
}

static int item_add(struct request *request, const struct metadef_kind *kind, const char *name,
		    yyjson_val *body, struct error *error)
{
	struct metadef metadef;
	yyjson_mut_val *item;
	int result = namespace_of(request, kind, &metadef, error);

	if (!result)
		result = metadef_may(request, kind->add, error);
	if (!result && item_find(&metadef, kind, name) >= 0)
		result = item_duplicate(error, kind, name, &metadef);
	if (result)
		return result;
	item = metadef_item_make(request, metadef.doc, name, body);
	yyjson_mut_arr_append(yyjson_mut_obj_get(metadef.changed, kind->member), item);
	result = metadef_commit(request, &metadef, error);
	return result ? result : reply_item(request, 201, kind, &metadef, item);
}

/* --- handlers */

int metadef_items_list(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct metadef metadef;
	int result = namespace_of(request, kind, &metadef, error);

	if (result)
		return result;
	json_set(doc, root, kind->member, items_view(doc, kind, metadef.record));
	return reply_json(request, 200, doc, root);
}

int metadef_item_create(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	int result = metadef_body_check(request->body, kind->schema, kind->schema_name, error);

	return result ? result
		      : item_add(request, kind, json_string(request->body, "name"), request->body,
				 error);
}

int metadef_tag_create(struct request *request, struct error *error)
{
	return item_add(request, kind_of_request(request), request_param(request, "name"), NULL,
			error);
}

/* "?resource_type=": the property's name has the prefix that goes with this type. */
static int prefix_drop(struct request *request, const struct metadef *metadef, const char **name,
		       struct error *error)
{
	const char *type = request_query(request, "resource_type"), *prefix;
	const struct metadef_kind *kind = metadef_kinds;
	ssize_t place;

	if (!type)
		return 0;
	while (!is_kind(kind, "resource_type_associations"))
		kind++;
	place = item_find(metadef, kind, type);
	prefix = place < 0 ? NULL
			   : json_string(yyjson_obj_get(item_at(metadef, kind, place), "body"),
					 "prefix");
	if (!prefix || strncmp(*name, prefix, strlen(prefix)) != 0)
		return error_fault(error, -ENOENT, 404, NULL,
				   "Property %s does not start with the expected resource type "
				   "association prefix of '%s'.",
				   *name, prefix ? prefix : "None");
	*name += strlen(prefix);
	return 0;
}

int metadef_item_show(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	const char *name = request_param(request, "name");
	yyjson_mut_doc *doc = request_document(request);
	struct metadef metadef;
	ssize_t place;
	int result = namespace_of(request, kind, &metadef, error);

	if (!result && is_kind(kind, "properties"))
		result = prefix_drop(request, &metadef, &name, error);
	if (result)
		return result;
	place = item_find(&metadef, kind, name);
	if (place < 0)
		return item_missing(error, kind, name, &metadef);
	return reply_json(request, 200, doc,
			  kind->view(doc, metadef.name, item_at(&metadef, kind, place)));
}

int metadef_item_update(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	const char *old = request_param(request, "name"), *name;
	struct metadef metadef;
	yyjson_mut_val *item;
	ssize_t place = -1;
	int result = metadef_body_check(request->body, kind->schema, kind->schema_name, error);

	if (!result)
		result = namespace_of(request, kind, &metadef, error);
	if (!result)
		result = metadef_may(request, kind->modify, error);
	if (result)
		return result;
	name = json_string(request->body, "name");
	place = item_find(&metadef, kind, old);
	if (place < 0)
		return item_missing(error, kind, old, &metadef);
	if (!name_is(kind, name, old) && item_find(&metadef, kind, name) >= 0)
		return item_duplicate(error, kind, name, &metadef);
	item = metadef_item_make(request, metadef.doc, name, request->body);
	json_set_string(metadef.doc, item, "created_at",
			json_string(item_at(&metadef, kind, place), "created_at"));
	yyjson_mut_arr_replace(yyjson_mut_obj_get(metadef.changed, kind->member), (size_t)place,
			       item);
	result = metadef_commit(request, &metadef, error);
	return result ? result : reply_item(request, 200, kind, &metadef, item);
}

int metadef_item_delete(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	const char *name = request_param(request, "name");
	struct metadef metadef;
	ssize_t place;
	int result = namespace_of(request, kind, &metadef, error);

	if (!result)
		result = metadef_may(request, kind->remove, error);
	if (result)
		return result;
	place = item_find(&metadef, kind, name);
	if (place < 0)
		return item_missing(error, kind, name, &metadef);
	if (json_bool(metadef.record, "protected", false))
		return error_fault(error, -EACCES, 403, NULL,
				   "Metadata definition %s %s is protected and cannot be deleted.",
				   kind->word, name);
	yyjson_mut_arr_remove(yyjson_mut_obj_get(metadef.changed, kind->member), (size_t)place);
	result = metadef_commit(request, &metadef, error);
	return result ? result : reply_empty(request, 204);
}

int metadef_items_delete(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	struct metadef metadef;
	int result = metadef_of_request(request, METADEF_OTHERS, &metadef, error);

	if (!result)
		result = metadef_may(request, kind->remove_all, error);
	if (!result)
		result = metadef_protection_check(&metadef, error);
	if (result)
		return result;
	yyjson_mut_arr_clear(yyjson_mut_obj_get(metadef.changed, kind->member));
	result = metadef_commit(request, &metadef, error);
	return result ? result : reply_empty(request, 204);
}

/* --- all tags at once: they take the place of those that are there, or join them */

static bool wants_append(const struct request *request)
{
	const char *header = request_header(request, "X-Openstack-Append");

	return header &&
	       (!strcasecmp(header, "true") || !strcmp(header, "1") || !strcasecmp(header, "yes") ||
		!strcasecmp(header, "on") || !strcasecmp(header, "t") || !strcasecmp(header, "y"));
}

static bool holds_tag(yyjson_mut_val *tags, const char *name)
{
	yyjson_mut_val *tag;
	size_t i, count;

	yyjson_mut_arr_foreach (tags, i, count, tag)
		if (!strcasecmp(yyjson_mut_get_str(yyjson_mut_obj_get(tag, "name")), name))
			return true;
	return false;
}

static int tags_add(struct request *request, const struct metadef_kind *kind,
		    struct metadef *metadef, struct error *error)
{
	yyjson_mut_val *tags = yyjson_mut_obj_get(metadef->changed, kind->member);
	yyjson_val *tag;
	size_t i, count;

	if (!wants_append(request))
		yyjson_mut_arr_clear(tags);
	yyjson_arr_foreach (yyjson_obj_get(request->body, "tags"), i, count, tag) {
		const char *name = json_string(tag, "name");

		if (holds_tag(tags, name))
			return item_duplicate(error, kind, name, metadef);
		yyjson_mut_arr_append(tags, metadef_item_make(request, metadef->doc, name, NULL));
	}
	return 0;
}

int metadef_tags_create(struct request *request, struct error *error)
{
	const struct metadef_kind *kind = kind_of_request(request);
	yyjson_mut_doc *doc = request_document(request);
	struct metadef metadef;
	int result = metadef_body_check(request->body, &metadef_tags_schema, "tags", error);

	if (!result)
		result = namespace_of(request, kind, &metadef, error);
	if (!result)
		result = metadef_may(request, "add_metadef_tags", error);
	if (!result)
		result = tags_add(request, kind, &metadef, error);
	if (!result)
		result = metadef_commit(request, &metadef, error);
	return result ? result
		      : reply_json(request, 201, doc, yyjson_val_mut_copy(doc, request->body));
}
