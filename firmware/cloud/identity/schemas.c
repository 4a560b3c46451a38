/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/schemas.h"

#include "firmware/cloud/identity/user_options.h"

#define ID_PATTERN "^[a-zA-Z0-9-]+$"
#define NOT_BLANK "[^[:space:]]+"

const struct schema schema_any = { 0 };
const struct schema schema_boolean = { .types = SCHEMA_BOOLEAN };
const struct schema schema_object = { .types = SCHEMA_OBJECT, .additional = true };
const struct schema schema_string = { .types = SCHEMA_STRING };
const struct schema schema_nullable_string = { .types = SCHEMA_STRING | SCHEMA_NULL };
const struct schema schema_id = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 64, .pattern = ID_PATTERN
};
const struct schema schema_nullable_id = { .types = SCHEMA_STRING | SCHEMA_NULL,
					   .min_length = 1,
					   .max_length = 64,
					   .pattern = ID_PATTERN };
static const struct schema name_64 = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 64, .pattern = NOT_BLANK
};
const struct schema schema_name_255 = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 255, .pattern = NOT_BLANK
};
static const struct schema type_name = { .types = SCHEMA_STRING,
					 .min_length = 1,
					 .max_length = 255 };
const struct schema schema_url = { .types = SCHEMA_STRING,
				   .max_length = 225,
				   .pattern = "^[a-zA-Z0-9+.-]+:.+" };
static const struct schema interface = { .types = SCHEMA_STRING,
					 .one_of = (const char *const[]){ "admin", "internal",
									  "public", NULL } };
static const struct schema tag = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 255, .pattern = "^[^,/]*$"
};
static const struct schema tags = {
	.types = SCHEMA_ARRAY, .items = &tag, .max_items = 80, .unique_items = true
};

/* --- POST /auth/tokens */

static const struct schema named = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, false, 0, 0 },
						   { "name", &schema_string, false, 0, 0 },
						   { 0 } },
	.additional = true,
};

static const struct schema named_in_domain = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, false, 0, 0 },
						   { "name", &schema_string, false, 0, 0 },
						   { "password", &schema_string, false, 0, 0 },
						   { "domain", &named, false, 0, 0 },
						   { 0 } },
	.additional = true,
};

static const struct schema by_password = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "user", &named_in_domain, false, 0, 0 }, { 0 } },
	.additional = true,
};

static const struct schema by_token = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, true, 0, 0 }, { 0 } },
	.additional = true,
};

static const struct schema methods = { .types = SCHEMA_ARRAY, .items = &schema_string };

static const struct schema auth_identity = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "methods", &methods, true, 0, 0 },
						   { "password", &by_password, false, 0, 0 },
						   { "token", &by_token, false, 0, 0 },
						   { 0 } },
	.additional = true,
};

static const struct schema system_scope = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "all", &schema_boolean, false, 0, 0 }, { 0 } },
	.additional = true,
};

static const struct schema scope = {
	.types = SCHEMA_OBJECT | SCHEMA_STRING,
	.members = (const struct schema_member[]){ { "project", &named_in_domain, false, 0, 0 },
						   { "domain", &named, false, 0, 0 },
						   { "system", &system_scope, false, 0, 0 },
						   { 0 } },
	.additional = true,
};

static const struct schema auth = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "identity", &auth_identity, true, 0, 0 },
						   { "scope", &scope, false, 0, 0 },
						   { 0 } },
	.additional = true,
};

/* A missing "auth" has words of its own: token_create(). */
const struct schema schema_auth = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "auth", &auth, false, 0, 0 }, { 0 } },
	.additional = true,
};

static const struct schema nullable_boolean = { .types = SCHEMA_BOOLEAN | SCHEMA_NULL };
static const struct schema options = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "immutable", &nullable_boolean, false, 0, 0 },
						   { 0 } },
};

/* --- the collections: create needs what update may leave out */

#define CREATE_AND_UPDATE(kind, wrapper, members_of)                                               \
	static const struct schema kind##_new = {                                                  \
		.types = SCHEMA_OBJECT,                                                            \
		.members = (const struct schema_member[]){ members_of(true), { 0 } },              \
		.additional = true,                                                                \
	};                                                                                         \
	static const struct schema kind##_changed = {                                              \
		.types = SCHEMA_OBJECT,                                                            \
		.members = (const struct schema_member[]){ members_of(false), { 0 } },             \
		.additional = true,                                                                \
	};                                                                                         \
	SCHEMA_WRAPPED(schema_##kind##_create, wrapper, kind##_new);                               \
	SCHEMA_WRAPPED(schema_##kind##_update, wrapper, kind##_changed)

#define DOMAIN_MEMBERS(needed)                                                                     \
	{ "name", &name_64, needed, 0, 0 },                                                        \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
		{ "enabled", &schema_boolean, false, 0, 0 }, { "options", &options, false, 0, 0 }, \
	{                                                                                          \
		"tags", &tags, false, 0, 0                                                         \
	}
#define PROJECT_MEMBERS(needed)                                                                    \
	{ "name", &name_64, needed, 0, 0 },                                                        \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
		{ "domain_id", &schema_nullable_id, false, 0, 0 },                                 \
		{ "enabled", &schema_boolean, false, 0, 0 },                                       \
		{ "is_domain", &schema_boolean, false, 0, 0 },                                     \
		{ "parent_id", &schema_nullable_id, false, 0, 0 }, { "tags", &tags, false, 0, 0 }, \
	{                                                                                          \
		"options", &options, false, 0, 0                                                   \
	}
#define USER_MEMBERS(needed)                                                                       \
	{ "name", &schema_name_255, needed, 0, 0 },                                                \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
		{ "default_project_id", &schema_nullable_id, false, 0, 0 },                        \
		{ "domain_id", &schema_id, false, 0, 0 },                                          \
		{ "enabled", &schema_boolean, false, 0, 0 },                                       \
		{ "password", &schema_nullable_string, false, 0, 0 },                              \
	{                                                                                          \
		"options", &schema_user_options, false, 0, 0                                       \
	}
#define GROUP_MEMBERS(needed)                                                                      \
	{ "name", &schema_name_255, needed, 0, 0 },                                                \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
	{                                                                                          \
		"domain_id", &schema_id, false, 0, 0                                               \
	}
#define ROLE_MEMBERS(needed)                                                                       \
	{ "name", &schema_name_255, needed, 0, 0 },                                                \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
	{                                                                                          \
		"options", &options, false, 0, 0                                                   \
	}
#define REGION_MEMBERS(needed)                                                                     \
	{ "id", &schema_string, false, 0, 0 },                                                     \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
	{                                                                                          \
		"parent_region_id", &schema_nullable_string, false, 0, 0                           \
	}
#define SERVICE_MEMBERS(needed)                                                                    \
	{ "type", &type_name, needed, 0, 0 }, { "name", &schema_name_255, false, 0, 0 },           \
	{                                                                                          \
		"enabled", &schema_boolean, false, 0, 0                                            \
	}
#define ENDPOINT_MEMBERS(needed)                                                                   \
	{ "interface", &interface, needed, 0, 0 }, { "service_id", &schema_string, needed, 0, 0 }, \
		{ "url", &schema_url, needed, 0, 0 }, { "enabled", &schema_boolean, false, 0, 0 }, \
		{ "region_id", &schema_nullable_string, false, 0, 0 },                             \
	{                                                                                          \
		"region", &schema_nullable_string, false, 0, 0                                     \
	}

CREATE_AND_UPDATE(domain, "domain", DOMAIN_MEMBERS);
CREATE_AND_UPDATE(project, "project", PROJECT_MEMBERS);
CREATE_AND_UPDATE(user, "user", USER_MEMBERS);
CREATE_AND_UPDATE(group, "group", GROUP_MEMBERS);
CREATE_AND_UPDATE(role, "role", ROLE_MEMBERS);
CREATE_AND_UPDATE(region, "region", REGION_MEMBERS);
CREATE_AND_UPDATE(catalog_service, "service", SERVICE_MEMBERS);
CREATE_AND_UPDATE(endpoint, "endpoint", ENDPOINT_MEMBERS);

SCHEMA_WRAPPED(schema_project_tags, "tags", tags);

static const struct schema password_change = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "original_password", &schema_string, true, 0, 0 },
						{ "password", &schema_string, true, 0, 0 },
						{ 0 } },
};
SCHEMA_WRAPPED(schema_user_password, "user", password_change);

/* --- application credentials */

static const struct schema credential_role = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_id, false, 0, 0 },
						   { "name", &schema_name_255, false, 0, 0 },
						   { 0 } },
	.max_members = 1,
};
static const struct schema credential_roles = { .types = SCHEMA_ARRAY, .items = &credential_role };
static const struct schema rule_path = { .types = SCHEMA_STRING,
					 .max_length = 225,
					 .pattern = "^/.*" };
static const struct schema rule_method = { .types = SCHEMA_STRING,
					   .pattern = "^(POST|GET|HEAD|PATCH|PUT|DELETE)$" };
static const struct schema access_rule = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "path", &rule_path, false, 0, 0 },
						   { "method", &rule_method, false, 0, 0 },
						   { "service", &schema_id, false, 0, 0 },
						   { "id", &schema_id, false, 0, 0 },
						   { 0 } },
};
static const struct schema access_rules = { .types = SCHEMA_ARRAY, .items = &access_rule };

static const struct schema application_credential = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "name", &schema_name_255, true, 0, 0 },
			{ "description", &schema_nullable_string, false, 0, 0 },
			{ "secret", &schema_nullable_string, false, 0, 0 },
			{ "expires_at", &schema_nullable_string, false, 0, 0 },
			{ "roles", &credential_roles, false, 0, 0 },
			{ "unrestricted", &schema_boolean, false, 0, 0 },
			{ "access_rules", &access_rules, false, 0, 0 },
			{ 0 } },
	.additional = true,
};
SCHEMA_WRAPPED(schema_application_credential_create, "application_credential",
	       application_credential);
