/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a mapping may say: which local user, group and projects come of what a provider asserts. */
#include "firmware/cloud/identity/federation.h"
#include "firmware/cloud/identity/schemas.h"

static const struct schema any_list = { .types = SCHEMA_ARRAY };

static const struct schema domain = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, false, 0, 0 },
						   { "name", &schema_string, false, 0, 0 },
						   { 0 } },
};

/* --- local */

static const struct schema user_type = {
	.types = SCHEMA_STRING, .one_of = (const char *const[]){ "ephemeral", "local", NULL }
};
static const struct schema user = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, false, 0, 0 },
						   { "name", &schema_string, false, 0, 0 },
						   { "email", &schema_string, false, 0, 0 },
						   { "domain", &domain, false, 0, 0 },
						   { "type", &user_type, false, 0, 0 },
						   { 0 } },
};

static const struct schema role = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &schema_string, true, 0, 0 }, { 0 } },
	.additional = true,
};
static const struct schema roles = { .types = SCHEMA_ARRAY, .items = &role };
static const struct schema project = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &schema_string, true, 0, 0 },
						   { "roles", &roles, true, 0, 0 },
						   { 0 } },
};
static const struct schema projects = { .types = SCHEMA_ARRAY, .items = &project };

static const struct schema group_by_id = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, true, 0, 0 }, { 0 } },
};
static const struct schema group_by_name = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "name", &schema_string, true, 0, 0 },
						   { "domain", &domain, true, 0, 0 },
						   { 0 } },
};
static const struct schema group = {
	.types = SCHEMA_OBJECT,
	.any_of = (const struct schema *const[]){ &group_by_id, &group_by_name, NULL },
	.additional = true,
};

static const struct schema local = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "user", &user, false, 0, 0 },
						   { "projects", &projects, false, 0, 0 },
						   { "group", &group, false, 0, 0 },
						   { "groups", &schema_string, false, 0, 0 },
						   { "group_ids", &schema_string, false, 0, 0 },
						   { "domain", &domain, false, 0, 0 },
						   { 0 } },
};
static const struct schema locals = { .types = SCHEMA_ARRAY, .items = &local };

/* --- remote: an attribute's name alone, or with what it must or must not be */

#define CONDITION(symbol, name)                                                                    \
	static const struct schema symbol = {                                                      \
		.types = SCHEMA_OBJECT,                                                            \
		.members =                                                                         \
			(const struct schema_member[]){ { "type", &schema_string, true, 0, 0 },    \
							{ name, &any_list, true, 0, 0 },           \
							{ "regex", &schema_boolean, false, 0, 0 }, \
							{ 0 } },                                   \
	}

static const struct schema type_alone = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "type", &schema_string, true, 0, 0 }, { 0 } },
};
CONDITION(any_one_of, "any_one_of");
CONDITION(not_any_of, "not_any_of");
CONDITION(blacklist, "blacklist");
CONDITION(whitelist, "whitelist");

static const struct schema remote = {
	.types = SCHEMA_OBJECT,
	.any_of = (const struct schema *const[]){ &type_alone, &any_one_of, &not_any_of, &blacklist,
						  &whitelist, NULL },
	.additional = true,
};
static const struct schema remotes = { .types = SCHEMA_ARRAY, .items = &remote, .min_items = 1 };

static const struct schema rule = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "local", &locals, true, 0, 0 },
						   { "remote", &remotes, true, 0, 0 },
						   { 0 } },
};
static const struct schema rules = { .types = SCHEMA_ARRAY, .items = &rule, .min_items = 1 };

const struct schema schema_mapping = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "rules", &rules, true, 0, 0 }, { 0 } },
	.additional = true,
};
