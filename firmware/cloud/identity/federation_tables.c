/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and bodies of federation. */
#include "firmware/cloud/identity/federation.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/schemas.h"
#include "firmware/cloud/identity/service.h"

/* --- identity providers */

static const struct schema life = { .types = SCHEMA_INTEGER | SCHEMA_NULL, .has_minimum = true };
static const struct schema remote_ids = { .types = SCHEMA_ARRAY | SCHEMA_NULL,
					  .items = &schema_string,
					  .unique_items = true };

#define IDP_MEMBERS                                                                                \
	{ "enabled", &schema_boolean, false, 0, 0 },                                               \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
		{ "authorization_ttl", &life, false, 0, 0 },                                       \
	{                                                                                          \
		"remote_ids", &remote_ids, false, 0, 0                                             \
	}

static const struct schema idp_new = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			IDP_MEMBERS, { "domain_id", &schema_nullable_id, false, 0, 0 }, { 0 } },
};
static const struct schema idp_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ IDP_MEMBERS, { 0 } },
	.min_members = 1,
};
static SCHEMA_WRAPPED(schema_idp_create, "identity_provider", idp_new);
static SCHEMA_WRAPPED(schema_idp_update, "identity_provider", idp_changed);

/* --- protocols */

static const struct schema mapping_id = {
	.types = SCHEMA_STRING, .min_length = 1, .max_length = 64, .pattern = "^[a-zA-Z0-9_-]+$"
};
static const struct schema attribute = { .types = SCHEMA_STRING, .max_length = 64 };

#define PROTOCOL_MEMBERS(needed)                                                                   \
	{ "mapping_id", &mapping_id, needed, 0, 0 },                                               \
	{                                                                                          \
		"remote_id_attribute", &attribute, false, 0, 0                                     \
	}

static const struct schema protocol_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ PROTOCOL_MEMBERS(true), { 0 } },
};
static const struct schema protocol_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ PROTOCOL_MEMBERS(false), { 0 } },
	.min_members = 1,
};
static SCHEMA_WRAPPED(schema_protocol_create, "protocol", protocol_new);
static SCHEMA_WRAPPED(schema_protocol_update, "protocol", protocol_changed);

/* --- service providers */

#define SP_MEMBERS(needed)                                                                         \
	{ "auth_url", &schema_url, needed, 0, 0 }, { "sp_url", &schema_url, needed, 0, 0 },        \
		{ "description", &schema_nullable_string, false, 0, 0 },                           \
		{ "enabled", &schema_boolean, false, 0, 0 },                                       \
	{                                                                                          \
		"relay_state_prefix", &schema_nullable_string, false, 0, 0                         \
	}

static const struct schema sp_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ SP_MEMBERS(true), { 0 } },
};
static const struct schema sp_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ SP_MEMBERS(false), { 0 } },
	.min_members = 1,
};
static SCHEMA_WRAPPED(schema_sp_create, "service_provider", sp_new);
static SCHEMA_WRAPPED(schema_sp_update, "service_provider", sp_changed);

/* --- assertions */

static const struct schema id_alone = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_string, true, 0, 0 }, { 0 } },
};
static const struct schema methods = { .types = SCHEMA_ARRAY };
static const struct schema assertion_identity = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "token", &id_alone, true, 0, 0 },
						   { "methods", &methods, false, 0, 0 },
						   { 0 } },
};
static const struct schema assertion_scope = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "service_provider", &id_alone, true, 0, 0 },
						   { 0 } },
};
static const struct schema assertion = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "identity", &assertion_identity, true, 0, 0 },
						   { "scope", &assertion_scope, true, 0, 0 },
						   { 0 } },
};
static SCHEMA_WRAPPED(schema_assertion, "auth", assertion);

/* --- the routes */

#define FEDERATION "/OS-FEDERATION"
#define IDPS FEDERATION "/identity_providers"
#define IDP IDPS "/{idp_id}"
#define PROTOCOL IDP "/protocols/{protocol_id}"
#define MAPPING FEDERATION "/mappings/{mapping_id}"
#define SP FEDERATION "/service_providers/{sp_id}"
#define WEB "/auth" FEDERATION "/websso/{protocol_id}"
#define WEB_OF_IDP "/auth" PROTOCOL "/websso"

static const struct route routes[] = {
	ROUTE("GET", FEDERATION "/projects", auth_project_list, NULL, NULL, 0),
	ROUTE("GET", FEDERATION "/domains", auth_domain_list, NULL, NULL, 0),
	ROUTE("GET", IDPS, identity_provider_list, "identity:list_identity_providers", NULL, 0),
	ROUTE("GET", IDP, identity_provider_show, "identity:get_identity_provider", NULL, 0),
	ROUTE("PUT", IDP, identity_provider_create, "identity:create_identity_provider",
	      &schema_idp_create, 0),
	ROUTE("PATCH", IDP, identity_provider_update, "identity:update_identity_provider",
	      &schema_idp_update, 0),
	ROUTE("DELETE", IDP, identity_provider_delete, "identity:delete_identity_provider", NULL,
	      0),
	ROUTE("GET", IDP "/protocols", federation_protocol_list, "identity:list_protocols", NULL,
	      0),
	ROUTE("GET", PROTOCOL, federation_protocol_show, "identity:get_protocol", NULL, 0),
	ROUTE("PUT", PROTOCOL, federation_protocol_create, "identity:create_protocol",
	      &schema_protocol_create, 0),
	ROUTE("PATCH", PROTOCOL, federation_protocol_update, "identity:update_protocol",
	      &schema_protocol_update, 0),
	ROUTE("DELETE", PROTOCOL, federation_protocol_delete, "identity:delete_protocol", NULL, 0),
	ROUTE("GET", FEDERATION "/mappings", mapping_list, "identity:list_mappings", NULL, 0),
	ROUTE("GET", MAPPING, mapping_show, "identity:get_mapping", NULL, 0),
	/* the handlers check the rules: they are refused in other words than members are */
	ROUTE("PUT", MAPPING, mapping_create, "identity:create_mapping", &schema_object, 0),
	ROUTE("PATCH", MAPPING, mapping_update, "identity:update_mapping", &schema_object, 0),
	ROUTE("DELETE", MAPPING, mapping_delete, "identity:delete_mapping", NULL, 0),
	ROUTE("GET", FEDERATION "/service_providers", service_provider_list,
	      "identity:list_service_providers", NULL, 0),
	ROUTE("GET", SP, service_provider_show, "identity:get_service_provider", NULL, 0),
	ROUTE("PUT", SP, service_provider_create, "identity:create_service_provider",
	      &schema_sp_create, 0),
	ROUTE("PATCH", SP, service_provider_update, "identity:update_service_provider",
	      &schema_sp_update, 0),
	ROUTE("DELETE", SP, service_provider_delete, "identity:delete_service_provider", NULL, 0),
	/* Logins */
	ROUTE("GET", PROTOCOL "/auth", federation_login, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("POST", PROTOCOL "/auth", federation_login, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("GET", WEB, federation_web_login, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("POST", WEB, federation_web_login, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("GET", WEB_OF_IDP, federation_provider_web_login, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("POST", WEB_OF_IDP, federation_provider_web_login, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("GET", FEDERATION "/saml2/metadata", federation_metadata, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("POST", "/auth" FEDERATION "/saml2", federation_assertion, NULL, &schema_assertion,
	      ROUTE_PUBLIC),
	ROUTE("POST", "/auth" FEDERATION "/saml2/ecp", federation_assertion, NULL,
	      &schema_assertion, ROUTE_PUBLIC),
	{ 0 },
};

const struct service_part identity_federation_part = { routes, NULL };
