/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bodies that identity takes: whole bodies, as in {"project": {...}}. */
#ifndef CUMULET_IDENTITY_SCHEMAS_H
#define CUMULET_IDENTITY_SCHEMAS_H

#include "firmware/cloud/http/schema.h"

/* A body of one member: {"<name>": <inner>}. */
#define SCHEMA_WRAPPED(symbol, name, inner)                                                        \
	const struct schema symbol = {                                                             \
		.types = SCHEMA_OBJECT,                                                            \
		.members = (const struct schema_member[]){ { name, &inner, true, 0, 0 }, { 0 } },  \
		.additional = true                                                                 \
	}

/* What many bodies are made of. */
extern const struct schema schema_any, schema_boolean, schema_object, schema_string,
	schema_nullable_string, schema_id, schema_nullable_id, schema_name_255, schema_url;

extern const struct schema schema_auth, schema_domain_create, schema_domain_update,
	schema_project_create, schema_project_update, schema_project_tags, schema_user_create,
	schema_user_update, schema_user_password, schema_group_create, schema_group_update,
	schema_role_create, schema_role_update, schema_region_create, schema_region_update,
	schema_catalog_service_create, schema_catalog_service_update, schema_endpoint_create,
	schema_endpoint_update, schema_application_credential_create;

#endif
