/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Namespaces of metadata definitions, and the resource types that they are about. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/image/metadef.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

/* --- views */

static yyjson_mut_val *namespace_view(yyjson_mut_doc *doc, yyjson_val *record)
{
	static const char *const members[] = { "namespace",  "display_name", "description",
					       "visibility", "protected",    "owner",
					       "created_at", "updated_at" };
	yyjson_mut_val *view = yyjson_mut_obj(doc);
	char self[256];

	for (size_t i = 0; i < ARRAY_LENGTH(members); i++) {
		yyjson_val *value = yyjson_obj_get(record, members[i]);

		if (value && !yyjson_is_null(value))
			json_set(doc, view, members[i], yyjson_val_mut_copy(doc, value));
	}
	snprintf(self, sizeof(self), "/v2/metadefs/namespaces/%s",
		 json_string(record, "namespace"));
	json_set_string(doc, view, "self", self);
	json_set_string(doc, view, "schema", "/v2/schemas/metadefs/namespace");
	return view;
}

static void items_add(yyjson_mut_doc *doc, yyjson_mut_val *view, yyjson_val *record,
		      const char *only)
{
	for (const struct metadef_kind *kind = metadef_kinds; kind->member; kind++) {
		yyjson_mut_val *items;

		if (only && strcmp(only, kind->member) != 0)
			continue;
		items = metadef_items_view(doc, kind, record);
		if (items)
			json_set(doc, view, kind->member, items);
	}
}

/* --- list */

static const struct page_filter filters[] = { { "visibility", "visibility", PAGE_EXACT },
					      { "owner", "owner", PAGE_EXACT },
					      { 0 } };
static const char *const sort_keys[] = { "namespace",  "display_name", "visibility", "owner",
					 "created_at", "updated_at",   NULL };
static const struct page_rules rules = {
	.filters = filters,
	.sort_keys = sort_keys,
	.default_sort = "created_at",
	.default_descending = true,
	.most = 1000,
	.standard = 25,
	.id_member = "namespace",
};

static bool is_listed_word(const char *list, const char *word)
{
	size_t length = strlen(word);

	for (; *list; list += strcspn(list, ","), list += *list == ',')
		if (strcspn(list, ",") == length && !strncmp(list, word, length))
			return true;
	return false;
}

static bool has_type(yyjson_val *record, const char *types)
{
	yyjson_val *item;
	size_t i, count;

	if (!types)
		return true;
	yyjson_arr_foreach (yyjson_obj_get(record, "resource_type_associations"), i, count, item)
		if (is_listed_word(types, json_string(item, "name")))
			return true;
	return false;
}

static void records_filter(struct request *request, struct record_list *list)
{
	const char *types = request_query(request, "resource_types");
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (metadef_is_visible(request, list->items[i]) && has_type(list->items[i], types))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

static int query_check(struct request *request, struct error *error)
{
	const char *visibility = request_query(request, "visibility");
	const char *marker = request_query(request, "marker");
	struct metadef metadef;
	int result;

	if (visibility && strcmp(visibility, "public") != 0 && strcmp(visibility, "private") != 0)
		return error_fault(error, -EINVAL, 400, NULL, "Invalid visibility value: %s",
				   visibility);
	result = marker ? metadef_find(request, marker, &metadef, error) : 0;
	if (result != -ENOENT)
		return result;
	return error_fault(error, -ENOENT, 404, NULL,
			   "Metadata definition namespace=%s was not found.", marker);
}

static int list_reply(struct request *request, const struct page *page, yyjson_val **records,
		      size_t count)
{
	static const char path[] = "/v2/metadefs/namespaces";
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);

	for (size_t i = 0; i < count; i++) {
		yyjson_mut_val *view = namespace_view(doc, records[i]);

		items_add(doc, view, records[i], "resource_type_associations");
		yyjson_mut_arr_append(list, view);
	}
	json_set(doc, root, "namespaces", list);
	json_set_string(doc, root, "first", image_page_url(request, path, NULL));
	json_set_string(doc, root, "schema", "/v2/schemas/metadefs/namespaces");
	if (page->more && count)
		json_set_string(doc, root, "next",
				image_page_url(request, path,
					       json_string(records[count - 1], "namespace")));
	return reply_json(request, 200, doc, root);
}

int metadef_namespaces_list(struct request *request, struct error *error)
{
	struct record_list list = { 0 };
	struct page page;
	ssize_t count;
	int result = query_check(request, error);

	if (!result)
		result = page_parse(request, &rules, &page, error);
	if (!result)
		result = record_list_range(request, &list, METADEF_RECORDS, error);
	if (result)
		return result;
	records_filter(request, &list);
	count = page_select(request, &page, list.items, list.count, error);
	return count < 0 ? (int)count : list_reply(request, &page, list.items, (size_t)count);
}

/* --- create */

static void attributes_set(struct request *request, struct metadef *metadef)
{
	static const char *const texts[] = { "namespace", "display_name", "description" };
	yyjson_mut_doc *doc = metadef->doc;
	yyjson_mut_val *record = metadef->changed;
	const char *owner = json_string(request->body, "owner");
	const char *visibility = json_string(request->body, "visibility");

	for (size_t i = 0; i < ARRAY_LENGTH(texts); i++)
		json_set_string(doc, record, texts[i], json_string(request->body, texts[i]));
	json_set_string(doc, record, "visibility", visibility ? visibility : "private");
	json_set_bool(doc, record, "protected", json_bool(request->body, "protected", false));
	json_set_string(doc, record, "owner", owner ? owner : request->caller->project_id);
}

static bool holds(yyjson_mut_val *items, const char *name)
{
	yyjson_mut_val *item;
	size_t i, count;

	yyjson_mut_arr_foreach (items, i, count, item)
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "name"), name))
			return true;
	return false;
}

static int given_add(struct request *request, struct metadef *metadef, yyjson_mut_val *items,
		     const char *name, yyjson_val *body, struct error *error)
{
	if (holds(items, name))
		return error_fault(error, -EEXIST, 409, NULL, "%s comes twice in namespace=%s.",
				   name, metadef->name);
	yyjson_mut_arr_append(items, metadef_item_make(request, metadef->doc, name, body));
	return 0;
}

/* Arrays of things with a name, and properties, which are a map. */
static int given_take(struct request *request, struct metadef *metadef,
		      const struct metadef_kind *kind, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(request->body, kind->member), *name, *item;
	yyjson_mut_val *items = yyjson_mut_arr(metadef->doc);
	size_t i, count;
	int result = given ? metadef_may(request, kind->add, error) : 0;

	json_set(metadef->doc, metadef->changed, kind->member, items);
	yyjson_arr_foreach (given, i, count, item)
		if (!result)
			result = given_add(request, metadef, items, json_string(item, "name"), item,
					   error);
	yyjson_obj_foreach (given, i, count, name, item)
		if (!result)
			result = given_add(request, metadef, items, yyjson_get_str(name), item,
					   error);
	return result;
}

static int metadef_make(struct request *request, struct metadef *metadef, struct error *error)
{
	char id[UUID_SIZE];
	int result = 0;

	uuid_make(id);
	*metadef = (struct metadef){ .name = json_string(request->body, "namespace"),
				     .key = arena_printf(request->arena, METADEF_RECORDS "%s", id),
				     .doc = request_document(request) };
	metadef->changed = yyjson_mut_obj(metadef->doc);
	json_set_string(metadef->doc, metadef->changed, "id", id);
	attributes_set(request, metadef);
	json_set_string(metadef->doc, metadef->changed, "created_at",
			image_time_now(request->arena));
	for (const struct metadef_kind *kind = metadef_kinds; kind->member && !result; kind++)
		result = given_take(request, metadef, kind, error);
	return result;
}

static int reply_changed(struct request *request, int status, const struct metadef *metadef,
			 bool whole, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	const char *json = request_write(request, metadef->changed);
	yyjson_val *record = json ? json_parse(request->arena, json, strlen(json)) : NULL;
	yyjson_mut_val *view;

	if (!record)
		return error_set(error, -ENOMEM, "out of memory");
	view = namespace_view(doc, record);
	if (whole)
		items_add(doc, view, record, NULL);
	return reply_json(request, status, doc, view);
}

int metadef_namespace_create(struct request *request, struct error *error)
{
	struct metadef metadef;
	int result =
		metadef_body_check(request->body, &metadef_namespace_schema, "namespace", error);

	if (!result)
		result = metadef_may(request, "add_metadef_namespace", error);
	if (!result)
		result = metadef_make(request, &metadef, error);
	if (!result)
		result = metadef_commit(request, &metadef, error);
	if (result)
		return result;
	reply_header(request, "Location", "%s/image/v2/metadefs/namespaces/%s", request->base_url,
		     metadef.name);
	return reply_changed(request, 201, &metadef, true, error);
}

/* --- one */

static yyjson_mut_val *prefixed(yyjson_mut_doc *doc, yyjson_mut_val *properties, const char *prefix)
{
	yyjson_mut_val *map = yyjson_mut_obj(doc), *name, *value;
	size_t i, count;
	char text[256];

	yyjson_mut_obj_foreach (properties, i, count, name, value) {
		snprintf(text, sizeof(text), "%s%s", prefix, yyjson_mut_get_str(name));
		json_set(doc, map, text, yyjson_mut_val_mut_copy(doc, value));
	}
	return map;
}

static const char *prefix_of(yyjson_val *record, const char *type)
{
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (yyjson_obj_get(record, "resource_type_associations"), i, count, item)
		if (type && json_is(item, "name", type))
			return json_string(yyjson_obj_get(item, "body"), "prefix");
	return NULL;
}

/* "?resource_type=": properties are named as things of this type have them. */
static void prefix_apply(yyjson_mut_doc *doc, yyjson_mut_val *view, const char *prefix)
{
	yyjson_mut_val *objects = yyjson_mut_obj_get(view, "objects"), *object;
	yyjson_mut_val *properties = yyjson_mut_obj_get(view, "properties");
	size_t i, count;

	if (properties)
		json_set(doc, view, "properties", prefixed(doc, properties, prefix));
	yyjson_mut_arr_foreach (objects, i, count, object)
		json_set(doc, object, "properties",
			 prefixed(doc, yyjson_mut_obj_get(object, "properties"), prefix));
}

int metadef_namespace_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct metadef metadef;
	yyjson_mut_val *view;
	const char *prefix;
	int result = metadef_of_request(request, METADEF_SHOW, &metadef, error);

	if (result)
		return result;
	view = namespace_view(doc, metadef.record);
	items_add(doc, view, metadef.record, NULL);
	prefix = prefix_of(metadef.record, request_query(request, "resource_type"));
	if (prefix)
		prefix_apply(doc, view, prefix);
	return reply_json(request, 200, doc, view);
}

int metadef_namespace_update(struct request *request, struct error *error)
{
	struct metadef metadef;
	int result =
		metadef_body_check(request->body, &metadef_namespace_schema, "namespace", error);

	if (!result)
		result = metadef_of_request(request, METADEF_OTHERS, &metadef, error);
	if (!result)
		result = metadef_may(request, "modify_metadef_namespace", error);
	if (result)
		return result;
	attributes_set(request, &metadef);
	result = metadef_commit(request, &metadef, error);
	return result ? result : reply_changed(request, 200, &metadef, false, error);
}

int metadef_namespace_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	struct metadef metadef;
	int result = metadef_of_request(request, METADEF_OTHERS, &metadef, error);

	if (!result)
		result = metadef_may(request, "delete_metadef_namespace", error);
	if (!result)
		result = metadef_protection_check(&metadef, error);
	if (result)
		return result;
	store_txn_compare(txn, metadef.key, metadef.revision);
	store_txn_delete(txn, metadef.key);
	result = request_commit(request, txn, error);
	return result ? result : reply_empty(request, 204);
}

/* --- resource types: those that OpenStack's own definitions are about, and what came with
 * associations */

static const char *const known_types[] = {
	"OS::Cinder::Volume", "OS::Glance::Image",  "OS::Nova::Aggregate", "OS::Nova::Flavor",
	"OS::Nova::Server",   "OS::Nova::Instance", "OS::Trove::Instance",
};

static void type_add(yyjson_mut_doc *doc, yyjson_mut_val *list, const char *name,
		     const char *created)
{
	yyjson_mut_val *type;

	if (holds(list, name))
		return;
	type = yyjson_mut_arr_add_obj(doc, list);
	json_set_string(doc, type, "name", name);
	if (created)
		json_set_string(doc, type, "created_at", created);
}

int metadef_resource_types_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *types = yyjson_mut_arr(doc);
	struct record_list list = { 0 };
	yyjson_val *item;
	size_t j, count;
	int result = record_list_range(request, &list, METADEF_RECORDS, error);

	if (result)
		return result;
	for (size_t i = 0; i < ARRAY_LENGTH(known_types); i++)
		type_add(doc, types, known_types[i], NULL);
	for (size_t i = 0; i < list.count; i++)
		yyjson_arr_foreach (yyjson_obj_get(list.items[i], "resource_type_associations"), j,
				    count, item)
			type_add(doc, types, json_string(item, "name"),
				 json_string(item, "created_at"));
	json_set(doc, root, "resource_types", types);
	return reply_json(request, 200, doc, root);
}
