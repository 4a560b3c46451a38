/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metadata definitions: their routes and rules, and namespaces as records. */
#include "firmware/cloud/image/metadef.h"

#include <string.h>

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/schema_text.h"
#include "firmware/lib/cleanup.h"

#define NAMESPACES "/v2/metadefs/namespaces"
#define NAMESPACE NAMESPACES "/{namespace}"
#define ANY .body = &image_any_schema
#define READ .policy = "get_metadef_namespace"
/* What all kinds of items have alike. */
/* clang-format off */
#define ITEMS(kind) \
	{ "GET", NAMESPACE kind, metadef_items_list, READ }, \
	{ "DELETE", NAMESPACE kind, metadef_items_delete, READ }, \
	{ "GET", NAMESPACE kind "/{name}", metadef_item_show, READ }, \
	{ "PUT", NAMESPACE kind "/{name}", metadef_item_update, READ, ANY }, \
	{ "DELETE", NAMESPACE kind "/{name}", metadef_item_delete, READ }
/* clang-format on */

/* Who may change is looked at by the handlers: first comes what is wrong with the body, then
 * whether the caller sees the namespace at all. */
static const struct route routes[] = {
	{ "GET", "/v2/schemas/metadefs/{schema}", .handle = metadef_schema_show },
	{ "GET", "/v2/metadefs/resource_types", metadef_resource_types_list,
	  .policy = "list_metadef_resource_types" },
	{ "GET", NAMESPACES, metadef_namespaces_list, .policy = "get_metadef_namespaces" },
	{ "POST", NAMESPACES, metadef_namespace_create, READ, ANY },
	{ "GET", NAMESPACE, metadef_namespace_show, READ },
	{ "PUT", NAMESPACE, metadef_namespace_update, READ, ANY },
	{ "DELETE", NAMESPACE, metadef_namespace_delete, READ },
	{ "GET", NAMESPACE "/resource_types", metadef_items_list, READ },
	{ "POST", NAMESPACE "/resource_types", metadef_item_create, READ, ANY },
	{ "DELETE", NAMESPACE "/resource_types/{name}", metadef_item_delete, READ },
	ITEMS("/objects"),
	{ "POST", NAMESPACE "/objects", metadef_item_create, READ, ANY },
	ITEMS("/properties"),
	{ "POST", NAMESPACE "/properties", metadef_item_create, READ, ANY },
	ITEMS("/tags"),
	{ "POST", NAMESPACE "/tags", metadef_tags_create, READ, ANY },
	{ "POST", NAMESPACE "/tags/{name}", metadef_tag_create, READ },
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ "get_metadef_namespaces", "project_admin project_reader" },
	{ "get_metadef_namespace", "project_admin project_reader" },
	{ "list_metadef_resource_types", "project_admin project_reader" },
	{ 0 },
};

const struct service_part metadef_part = { routes, policies };

/* --- namespaces as records */

bool metadef_is_visible(struct request *request, yyjson_val *record)
{
	return policy_owns(request, json_string(record, "owner")) ||
	       json_is(record, "visibility", "public");
}

int metadef_find(struct request *request, const char *name, struct metadef *metadef,
		 struct error *error)
{
	struct record_list list = { 0 };
	int result;

	*metadef = (struct metadef){ .name = name };
	result = record_list_index(request, &list, METADEF_RECORDS, "namespace", NULL, name, error);
	if (result || !list.count)
		return result ? result : -ENOENT;
	metadef->record = list.items[0];
	metadef->revision = list.revisions[0];
	metadef->key = arena_printf(request->arena, METADEF_RECORDS "%s",
				    json_string(metadef->record, "id"));
	metadef->doc = request_document(request);
	metadef->changed = yyjson_val_mut_copy(metadef->doc, metadef->record);
	return metadef->key && metadef->changed ? 0 : error_set(error, -ENOMEM, "out of memory");
}

static int not_found(struct error *error, const char *format_before, const char *name,
		     const char *format_after)
{
	return error_fault(error, -ENOENT, 404, NULL, "%s%s%s", format_before, name, format_after);
}

int metadef_of_request(struct request *request, enum metadef_words words, struct metadef *metadef,
		       struct error *error)
{
	const char *name = request_param(request, "namespace");
	int result = metadef_find(request, name, metadef, error);

	if (result == -ENOENT && words != METADEF_OTHERS)
		return not_found(error, "Metadata definition namespace=", name, " was not found.");
	if (!result && metadef_is_visible(request, metadef->record))
		return 0;
	if (result && result != -ENOENT)
		return result;
	return words == METADEF_SHOW ? not_found(error, "", "", "")
				     : not_found(error, "Namespace ", name, " not found");
}

int metadef_may(struct request *request, const char *rule, struct error *error)
{
	if (policy_allows(request->caller, "admin"))
		return 0;
	return error_fault(error, -EACCES, 403, NULL,
			   "You are not authorized to complete %s action.", rule);
}

int metadef_protection_check(const struct metadef *metadef, struct error *error)
{
	if (!json_bool(metadef->record, "protected", false))
		return 0;
	return error_fault(error, -EACCES, 403, NULL,
			   "Metadata definition namespace %s is protected and cannot be deleted.",
			   metadef->name);
}

int metadef_body_check(yyjson_val *body, const struct schema *schema, const char *schema_name,
		       struct error *error)
{
	static const char *const read_only[] = { "self", "schema", "created_at", "updated_at" };
	struct error reason = { 0 };

	if (!body)
		return error_fault(error, -EINVAL, 400, NULL, "Body expected in request.");
	for (size_t i = 0; i < ARRAY_LENGTH(read_only); i++)
		if (yyjson_obj_get(body, read_only[i]))
			return error_fault(error, -EACCES, 403, NULL,
					   "Attribute '%s' is read-only.", read_only[i]);
	if (!schema_check_as(schema, body, 0, SCHEMA_PLAIN, &reason))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "Provided object does not match schema '%s': %s", schema_name,
			   reason.message);
}

static int size_check(yyjson_mut_val *record, const char *json, struct error *error)
{
	for (const struct metadef_kind *kind = metadef_kinds; kind->member; kind++)
		if (yyjson_mut_arr_size(yyjson_mut_obj_get(record, kind->member)) >
		    METADEF_ITEMS_MAX)
			return error_fault(error, -EMSGSIZE, 413, NULL,
					   "A namespace holds no more than %d %s.",
					   METADEF_ITEMS_MAX, kind->member);
	if (strlen(json) < STORE_VALUE_MAX)
		return 0;
	return error_fault(error, -EMSGSIZE, 413, NULL, "The namespace is too large.");
}

int metadef_commit(struct request *request, struct metadef *metadef, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *json;
	int result;

	json_set_string(metadef->doc, metadef->changed, "updated_at",
			image_time_now(request->arena));
	json = request_write(request, metadef->changed);
	if (!json)
		return error_set(error, -ENOMEM, "out of memory");
	result = size_check(metadef->changed, json, error);
	if (result)
		return result;
	store_txn_compare(txn, metadef->key, metadef->revision);
	store_txn_put(txn, metadef->key, json);
	result = request_commit(request, txn, error);
	if (result != -EEXIST)
		return result;
	return error_fault(error, -EEXIST, 409, NULL,
			   "The metadata definition namespace=%s already exists.",
			   yyjson_mut_get_str(yyjson_mut_obj_get(metadef->changed, "namespace")));
}
