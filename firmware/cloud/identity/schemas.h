/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The bodies that identity takes: whole bodies, as in {"project": {...}}. */
#ifndef CUMULET_IDENTITY_SCHEMAS_H
#define CUMULET_IDENTITY_SCHEMAS_H

#include "firmware/cloud/http/schema.h"

extern const struct schema schema_auth, schema_domain_create, schema_domain_update,
	schema_project_create, schema_project_update, schema_project_tags, schema_user_create,
	schema_user_update, schema_user_password, schema_group_create, schema_group_update,
	schema_role_create, schema_role_update, schema_region_create, schema_region_update,
	schema_catalog_service_create, schema_catalog_service_update, schema_endpoint_create,
	schema_endpoint_update, schema_application_credential_create;

#endif
