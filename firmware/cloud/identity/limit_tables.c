/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and bodies of unified limits. */
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/schemas.h"
#include "firmware/cloud/identity/unified_limit.h"

#define LIMIT_MOST 0x7FFFFFFF

static const struct schema resource_name = { .types = SCHEMA_STRING,
					     .min_length = 1,
					     .max_length = 255 };
static const struct schema amount = { .types = SCHEMA_INTEGER,
				      .has_minimum = true,
				      .minimum = -1,
				      .has_maximum = true,
				      .maximum = LIMIT_MOST };

#define REGISTERED_MEMBERS(needed)                                                                 \
	{ "service_id", &schema_id, needed, 0, 0 },                                                \
		{ "region_id", &schema_nullable_string, false, 0, 0 },                             \
		{ "resource_name", &resource_name, needed, 0, 0 },                                 \
		{ "default_limit", &amount, needed, 0, 0 },                                        \
	{                                                                                          \
		"description", &schema_nullable_string, false, 0, 0                                \
	}

static const struct schema registered_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ REGISTERED_MEMBERS(true), { 0 } },
};
static const struct schema registered_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ REGISTERED_MEMBERS(false), { 0 } },
};
static const struct schema registered_list = { .types = SCHEMA_ARRAY,
					       .min_items = 1,
					       .items = &registered_new };

static const struct schema limit_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "project_id", &schema_id, false, 0, 0 },
						   { "domain_id", &schema_id, false, 0, 0 },
						   { "service_id", &schema_id, true, 0, 0 },
						   { "region_id", &schema_string, false, 0, 0 },
						   { "resource_name", &resource_name, true, 0, 0 },
						   { "resource_limit", &amount, true, 0, 0 },
						   { "description", &schema_nullable_string, false,
						     0, 0 },
						   { 0 } },
};
static const struct schema limit_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "resource_limit", &amount, false, 0, 0 },
						   { "description", &schema_nullable_string, false,
						     0, 0 },
						   { 0 } },
};
static const struct schema limit_list_new = { .types = SCHEMA_ARRAY,
					      .min_items = 1,
					      .items = &limit_new };

static SCHEMA_WRAPPED(schema_registered_create, "registered_limits", registered_list);
static SCHEMA_WRAPPED(schema_registered_update, "registered_limit", registered_changed);
static SCHEMA_WRAPPED(schema_limit_create, "limits", limit_list_new);
static SCHEMA_WRAPPED(schema_limit_update, "limit", limit_changed);

static const struct route routes[] = {
	ROUTE("GET", "/registered_limits", registered_limit_list, NULL, NULL, 0),
	ROUTE("POST", "/registered_limits", registered_limit_create,
	      "identity:create_registered_limits", &schema_registered_create, 0),
	ROUTE("GET", "/registered_limits/{registered_limit_id}", registered_limit_show, NULL, NULL,
	      0),
	ROUTE("PATCH", "/registered_limits/{registered_limit_id}", registered_limit_update,
	      "identity:update_registered_limit", &schema_registered_update, 0),
	ROUTE("DELETE", "/registered_limits/{registered_limit_id}", registered_limit_delete,
	      "identity:delete_registered_limit", NULL, 0),
	ROUTE("GET", "/limits/model", limit_model_show, NULL, NULL, 0),
	ROUTE("GET", "/limits", limit_list, NULL, NULL, 0),
	ROUTE("POST", "/limits", limit_create, "identity:create_limits", &schema_limit_create, 0),
	ROUTE("GET", "/limits/{limit_id}", limit_show, NULL, NULL, 0),
	ROUTE("PATCH", "/limits/{limit_id}", limit_update, "identity:update_limit",
	      &schema_limit_update, 0),
	ROUTE("DELETE", "/limits/{limit_id}", limit_delete, "identity:delete_limit", NULL, 0),
	{ 0 },
};

const struct service_part identity_limit_part = { routes, NULL };
