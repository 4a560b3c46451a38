/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What requests that define metadata are checked against. */
#include "firmware/cloud/image/metadef.h"

static const char *const visibilities[] = { "public", "private", NULL };
static const char *const types[] = { "array",  "boolean", "integer", "number",
				     "object", "string",  NULL };

static const struct schema text = { .types = SCHEMA_STRING };
static const struct schema name = { .types = SCHEMA_STRING, .max_length = 80 };
static const struct schema description = { .types = SCHEMA_STRING, .max_length = 500 };
static const struct schema owner = { .types = SCHEMA_STRING, .max_length = 255 };
static const struct schema visibility = { .types = SCHEMA_STRING, .one_of = visibilities };
static const struct schema type = { .types = SCHEMA_STRING, .one_of = types };
static const struct schema boolean = { .types = SCHEMA_BOOLEAN };
static const struct schema number = { .types = SCHEMA_NUMBER };
static const struct schema count = { .types = SCHEMA_INTEGER, .has_minimum = true };
static const struct schema any = { .types = SCHEMA_ANY };
static const struct schema array = { .types = SCHEMA_ARRAY };
static const struct schema texts = { .types = SCHEMA_ARRAY, .items = &text };
static const struct schema names = { .types = SCHEMA_ARRAY, .items = &text, .unique_items = true };

static const struct schema_member item_members[] = { { "type", .schema = &type },
						     { "enum", .schema = &array },
						     { 0 } };
static const struct schema items = { .types = SCHEMA_OBJECT,
				     .members = item_members,
				     .additional = true };

#define PROPERTY_MEMBERS                                                                           \
	{ "title", .schema = &text, .required = true }, { "description", .schema = &text },        \
		{ "operators", .schema = &texts }, { "type", .schema = &type, .required = true },  \
		{ "required", .schema = &names }, { "minimum", .schema = &number },                \
		{ "maximum", .schema = &number }, { "maxLength", .schema = &count },               \
		{ "minLength", .schema = &count }, { "pattern", .schema = &text },                 \
		{ "enum", .schema = &array }, { "readonly", .schema = &boolean },                  \
		{ "default", .schema = &any }, { "items", .schema = &items },                      \
		{ "maxItems", .schema = &count }, { "minItems", .schema = &count },                \
		{ "uniqueItems", .schema = &boolean },                                             \
	{                                                                                          \
		"additionalItems", .schema = &boolean                                              \
	}

static const struct schema_member property_members[] = {
	{ "name", .schema = &name, .required = true },
	PROPERTY_MEMBERS,
	{ 0 },
};
static const struct schema_member named_members[] = {
	{ "name", .schema = &name },
	PROPERTY_MEMBERS,
	{ 0 },
};
static const struct schema named = { .types = SCHEMA_OBJECT,
				     .members = named_members,
				     .additional = true };
static const struct schema properties = { .types = SCHEMA_OBJECT,
					  .others = &named,
					  .additional = true };

static const struct schema_member object_members[] = {
	{ "name", .schema = &name, .required = true },
	{ "description", .schema = &text },
	{ "required", .schema = &names },
	{ "properties", .schema = &properties },
	{ 0 },
};
static const struct schema_member association_members[] = {
	{ "name", .schema = &name, .required = true },
	{ "prefix", .schema = &name },
	{ "properties_target", .schema = &name },
	{ 0 },
};
static const struct schema_member tag_members[] = {
	{ "name", .schema = &name, .required = true },
	{ 0 },
};

const struct schema metadef_property_schema = { .types = SCHEMA_OBJECT,
						.members = property_members };
const struct schema metadef_object_schema = { .types = SCHEMA_OBJECT, .members = object_members };
const struct schema metadef_association_schema = { .types = SCHEMA_OBJECT,
						   .members = association_members };
const struct schema metadef_tag_schema = { .types = SCHEMA_OBJECT, .members = tag_members };

static const struct schema tags = { .types = SCHEMA_ARRAY, .items = &metadef_tag_schema };
static const struct schema objects = { .types = SCHEMA_ARRAY, .items = &metadef_object_schema };
static const struct schema associations = { .types = SCHEMA_ARRAY,
					    .items = &metadef_association_schema };

static const struct schema_member tags_members[] = { { "tags", .schema = &tags }, { 0 } };
const struct schema metadef_tags_schema = { .types = SCHEMA_OBJECT, .members = tags_members };

static const struct schema_member namespace_members[] = {
	{ "namespace", .schema = &name, .required = true },
	{ "display_name", .schema = &name },
	{ "description", .schema = &description },
	{ "visibility", .schema = &visibility },
	{ "protected", .schema = &boolean },
	{ "owner", .schema = &owner },
	{ "resource_type_associations", .schema = &associations },
	{ "properties", .schema = &properties },
	{ "objects", .schema = &objects },
	{ "tags", .schema = &tags },
	{ 0 },
};
const struct schema metadef_namespace_schema = { .types = SCHEMA_OBJECT,
						 .members = namespace_members };
