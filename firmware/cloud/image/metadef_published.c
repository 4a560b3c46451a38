/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schemas of metadata definitions and of tasks, as /v2/schemas publishes them. */
#include <string.h>

#include "firmware/cloud/image/metadef.h"
#include "firmware/lib/cleanup.h"

#define READ_ONLY "{\"readOnly\":true,\"type\":\"string\"}"
#define DATE(text)                                                                                 \
	"{\"type\":\"string\",\"readOnly\":true,\"description\":\"" text                           \
	"\",\"format\":\"date-time\"}"
#define TEXT "{\"type\":\"string\"}"
#define ARRAY "{\"type\":\"array\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define NAME "{\"type\":\"string\",\"maxLength\":80}"
#define TYPE                                                                                       \
	"{\"type\":\"string\",\"enum\":[\"array\",\"boolean\",\"integer\",\"number\",\"object\","  \
	"\"string\",null]}"
#define REFERENCE(name) "{\"$ref\":\"#/definitions/" name "\"}"

#define PROPERTY                                                                                                                                                                              \
	"{\"name\":" NAME ",\"title\":" TEXT ",\"description\":" TEXT                                                                                                                         \
	",\"operators\":{\"type\":\"array\",\"items\":" TEXT "},\"type\":" TYPE                                                                                                               \
	",\"required\":" REFERENCE(                                                                                                                                                           \
		"stringArray") ",\"minimum\":{\"type\":\"number\"}"                                                                                                                           \
			       ",\"maximum\":{\"type\":\"number\"},\"maxLength\":" REFERENCE("positiveInteger") ",\"minLength\":" REFERENCE(                                                  \
				       "positiveIntegerDefault0") ",\"pattern\":{\"type\":\"string\",\"format\":\"regex\"},\"enum\":" ARRAY                                                   \
								  ",\"readonly\":" BOOLEAN                                                                                                    \
								  ",\"default\":{},\"items\":{\"type\":\"object\",\"properties\":{"                                                           \
								  "\"type\":" TYPE                                                                                                            \
								  ",\"enum\":" ARRAY                                                                                                          \
								  "}},\"maxItems\":" REFERENCE("positiveInteger") ",\"minItems\":" REFERENCE(                                                 \
									  "positiveIntegerDefault0") ",\"uniqueItems\":{\"type\":\"boolean\",\"default\":false},\"additionalItems\":" BOOLEAN \
												     "}"
#define NUMBERS                                                                                    \
	"\"positiveInteger\":{\"type\":\"integer\",\"minimum\":0},"                                \
	"\"positiveIntegerDefault0\":{\"allOf\":[" REFERENCE(                                      \
		"positiveInteger") ",{\"default\":0}]}"
#define DEFINITIONS                                                                                \
	"{" NUMBERS ",\"stringArray\":{\"type\":\"array\",\"items\":" TEXT                         \
	",\"uniqueItems\":true}"                                                                   \
	",\"property\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"object\","        \
	"\"required\":[\"title\",\"type\"],\"properties\":" PROPERTY "}}}"
#define PROPERTY_DEFINITIONS                                                                       \
	"{" NUMBERS ",\"stringArray\":{\"type\":\"array\",\"items\":" TEXT ",\"minItems\":1,"      \
	"\"uniqueItems\":true}}"
#define LIST_OF(properties)                                                                        \
	"{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{" properties "}}}"

static const char
	namespace_text[] =
		"{\"name\":\"namespace\",\"properties\":{"
		"\"namespace\":{\"type\":\"string\",\"description\":\"The unique namespace text.\","
		"\"maxLength\":80},"
		"\"display_name\":{\"type\":\"string\",\"description\":\"The user friendly name for the "
		"namespace. Used by UI if available.\",\"maxLength\":80},"
		"\"description\":{\"type\":\"string\",\"description\":\"Provides a user friendly "
		"description of the namespace.\",\"maxLength\":500},"
		"\"visibility\":{\"type\":\"string\",\"description\":\"Scope of namespace "
		"accessibility.\",\"enum\":[\"public\",\"private\"]},"
		"\"protected\":{\"type\":\"boolean\",\"description\":\"If true, namespace will not be "
		"deletable.\"},"
		"\"owner\":{\"type\":\"string\",\"description\":\"Owner of the namespace.\","
		"\"maxLength\":255},"
		"\"created_at\":" DATE(
			"Date and time of namespace creation") ","
							       "\"updated_at\":" DATE(
								       "Date and time of the last namespace modification") ","
															   "\"schema\":" READ_ONLY ",\"self\":" READ_ONLY ",\"resource_type_associations\":" LIST_OF("\"name\":" TEXT ",\"prefix\":" TEXT ",\"properties_target\":" TEXT) ",\"properties\":" REFERENCE("property") ",\"objects\":" LIST_OF("\"name\":" TEXT ",\"description\":" TEXT
																																											   ",\"required\":" REFERENCE("stringArray") ",\"properties\":" REFERENCE("property")) ",\"tags\":" LIST_OF("\"name\":" TEXT) "},\"additionalProperties\":false,\"definitions\":" DEFINITIONS
																																																										      ",\"required\":[\"namespace\"]}";

static const char object_text[] =
	"{\"name\":\"object\",\"properties\":{\"name\":" NAME ",\"description\":" TEXT
	",\"required\":" REFERENCE("stringArray") ",\"properties\":" REFERENCE(
		"property") ",\"schema\":" READ_ONLY ",\"self\":" READ_ONLY
			    ",\"created_at\":" DATE("Date and time of object creation") ",\"updated_at\":" DATE(
				    "Date and time of the last object modification") "},\"additionalProperties\":false,\"definitions\":" DEFINITIONS
										     ",\"required\":[\"name\"]}";

static const char property_text[] =
	"{\"name\":\"property\",\"properties\":" PROPERTY
	",\"additionalProperties\":false,\"definitions\":" PROPERTY_DEFINITIONS
	",\"required\":[\"type\",\"title\",\"name\"]}";

static const char tag_text[] =
	"{\"name\":\"tag\",\"properties\":{\"name\":" NAME
	",\"created_at\":" DATE("Date and time of tag creation") ",\"updated_at\":" DATE(
		"Date and time of the last tag modification") "},\"additionalProperties\":false,\"required\":[\"name\"]}";

static const char association_text[] =
	"{\"name\":\"resource_type_association\",\"properties\":{"
	"\"name\":{\"type\":\"string\",\"description\":\"Resource type names should be aligned "
	"with Heat resource types whenever possible: https://docs.openstack.org/heat/latest/"
	"template_guide/openstack.html\",\"maxLength\":80},"
	"\"prefix\":{\"type\":\"string\",\"description\":\"Specifies the prefix to use for the "
	"given resource type. Any properties in the namespace should be prefixed with this prefix "
	"when being applied to the specified resource type. Must include prefix separator (e.g. a "
	"colon :).\",\"maxLength\":80},"
	"\"properties_target\":{\"type\":\"string\",\"description\":\"Some resource types allow "
	"more than one key / value pair per instance.  For example, Cinder allows user and image "
	"metadata on volumes. Only the image properties metadata is evaluated by Nova (scheduling "
	"or drivers). This property allows a namespace target to remove the ambiguity.\","
	"\"maxLength\":80},"
	"\"created_at\":" DATE(
		"Date and time of resource type association") ","
							      "\"updated_at\":" DATE(
								      "Date and time of the last resource type association modification") "},\"additionalProperties\":false,\"required\":[\"name\"]}";

#define TASK_IDENTITY                                                                              \
	"\"id\":{\"description\":\"An identifier for the task\",\"pattern\":\"^([0-9a-fA-F]){8}-"  \
	"([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){4}-([0-9a-fA-F]){12}$\","                 \
	"\"type\":\"string\"},\"type\":{\"description\":\"The type of task represented by this "   \
	"content\",\"enum\":[\"import\",\"api_image_import\"],\"type\":\"string\"},"               \
	"\"status\":{\"description\":\"The current status of this task\",\"enum\":[\"pending\","   \
	"\"processing\",\"success\",\"failure\"],\"type\":\"string\"},"
#define TASK_DETAIL                                                                                \
	"\"input\":{\"description\":\"The parameters required by task, JSON blob\",\"type\":["     \
	"\"null\",\"object\"]},\"result\":{\"description\":\"The result of current task, JSON "    \
	"blob\",\"type\":[\"null\",\"object\"]},\"message\":{\"description\":\"Human-readable "    \
	"informative message only included when appropriate (usually on failure)\","               \
	"\"type\":\"string\"},"
#define TASK_REST                                                                                  \
	"\"owner\":{\"description\":\"An identifier for the owner of this task\","                 \
	"\"type\":\"string\"},\"image_id\":{\"description\":\"Image associated with the task\","   \
	"\"type\":\"string\"},\"request_id\":{\"description\":\"Human-readable informative "       \
	"request-id\",\"type\":\"string\"},\"user_id\":{\"description\":\"User associated with "   \
	"the task\",\"type\":\"string\"},\"expires_at\":{\"description\":\"Datetime when this "    \
	"resource would be subject to removal\",\"type\":[\"null\",\"string\"]},"                  \
	"\"created_at\":{\"description\":\"Datetime when this resource was created\","             \
	"\"type\":\"string\"},\"updated_at\":{\"description\":\"Datetime when this resource was "  \
	"updated\",\"type\":\"string\"},\"self\":" READ_ONLY ",\"schema\":" READ_ONLY
#define TASK(members)                                                                              \
	"{\"name\":\"task\",\"properties\":{" members "},\"additionalProperties\":false}"

static const char task_text[] = TASK(TASK_IDENTITY TASK_DETAIL TASK_REST);
static const char task_stub_text[] = TASK(TASK_IDENTITY TASK_REST);

static const struct published {
	const char *name, *collection; /* NULL: a single thing */
	const char *text;
	bool map; /* the collection is an object by name */
} published[] = {
	{ "metadefs/namespace", NULL, namespace_text, false },
	{ "metadefs/namespaces", "namespaces", namespace_text, false },
	{ "metadefs/object", NULL, object_text, false },
	{ "metadefs/objects", "objects", object_text, false },
	{ "metadefs/property", NULL, property_text, false },
	{ "metadefs/properties", "properties", property_text, true },
	{ "metadefs/tag", NULL, tag_text, false },
	{ "metadefs/tags", "tags", tag_text, false },
	{ "metadefs/resource_type", NULL, association_text, false },
	{ "metadefs/resource_types", "resource_type_associations", association_text, false },
	{ "task", NULL, task_text, false },
	{ "tasks", "tasks", task_stub_text, false },
};

static void link_add(yyjson_mut_doc *doc, yyjson_mut_val *links, const char *rel, const char *href)
{
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

	json_set_string(doc, link, "rel", rel);
	json_set_string(doc, link, "href", href);
}

/* What is defined goes with the collection, not with its items. */
static yyjson_mut_val *collection_render(yyjson_mut_doc *doc, const struct published *entry,
					 yyjson_mut_val *item)
{
	static const char *const pages[] = { "first", "next", "schema" };
	static const char *const rels[] = { "first", "next", "describedby" };
	static const char *const hrefs[] = { "{first}", "{next}", "{schema}" };
	yyjson_mut_val *root = yyjson_mut_obj(doc), *properties = yyjson_mut_obj(doc);
	yyjson_mut_val *list = yyjson_mut_obj(doc), *links = yyjson_mut_arr(doc), *text;
	yyjson_mut_val *definitions = yyjson_mut_obj_remove_key(item, "definitions");

	json_set_string(doc, root, "name", entry->collection);
	json_set(doc, root, "properties", properties);
	json_set_string(doc, list, "type", entry->map ? "object" : "array");
	json_set(doc, list, entry->map ? "additionalProperties" : "items", item);
	json_set(doc, properties, entry->collection, list);
	json_set(doc, root, "links", links);
	for (size_t i = 0; i < ARRAY_LENGTH(pages); i++) {
		text = yyjson_mut_obj(doc);
		json_set_string(doc, text, "type", "string");
		json_set(doc, properties, pages[i], text);
		link_add(doc, links, rels[i], hrefs[i]);
	}
	if (definitions)
		json_set(doc, root, "definitions", definitions);
	return root;
}

static yyjson_mut_val *render(struct request *request, yyjson_mut_doc *doc,
			      const struct published *entry)
{
	yyjson_val *value = json_parse(request->arena, entry->text, strlen(entry->text));
	yyjson_mut_val *item = yyjson_val_mut_copy(doc, value);

	if (entry->map) /* there the name is the key */
		yyjson_mut_arr_remove_last(yyjson_mut_obj_get(item, "required"));
	return entry->collection ? collection_render(doc, entry, item) : item;
}

int published_schema_show(struct request *request, const char *name, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);

	for (size_t i = 0; i < ARRAY_LENGTH(published); i++)
		if (!strcmp(published[i].name, name))
			return reply_json(request, 200, doc, render(request, doc, &published[i]));
	return error_set(error, -ENOENT, "%s", "");
}

int metadef_schema_show(struct request *request, struct error *error)
{
	const char *name =
		arena_printf(request->arena, "metadefs/%s", request_param(request, "schema"));

	return published_schema_show(request, name ? name : "", error);
}
