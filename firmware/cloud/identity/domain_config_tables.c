/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes of domains' configuration. */
#include "firmware/cloud/identity/domain_config.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/schemas.h"

#define CONFIG "/domains/{domain_id}/config"
#define GROUP CONFIG "/{group}"
#define OPTION GROUP "/{option}"
#define SECURITY CONFIG "/security_compliance"

#define GET_DEFAULT "identity:get_domain_config_default"
#define UPDATE "identity:update_domain_config"
#define DELETE "identity:delete_domain_config"

static const struct route routes[] = {
	ROUTE("GET", "/domains/config/default", domain_config_default_show, GET_DEFAULT, NULL, 0),
	ROUTE("GET", "/domains/config/{group}/default", domain_config_default_show, GET_DEFAULT,
	      NULL, 0),
	ROUTE("GET", "/domains/config/{group}/{option}/default", domain_config_default_show,
	      GET_DEFAULT, NULL, 0),
	ROUTE("GET", CONFIG, domain_config_show, NULL, NULL, 0),
	ROUTE("PUT", CONFIG, domain_config_create, "identity:create_domain_config", &schema_object,
	      0),
	ROUTE("PATCH", CONFIG, domain_config_update, UPDATE, &schema_object, 0),
	ROUTE("DELETE", CONFIG, domain_config_delete, DELETE, NULL, 0),
	ROUTE("GET", GROUP, domain_config_show, NULL, NULL, 0),
	ROUTE("PATCH", GROUP, domain_config_update, UPDATE, &schema_object, 0),
	ROUTE("DELETE", GROUP, domain_config_delete, DELETE, NULL, 0),
	ROUTE("GET", OPTION, domain_config_show, NULL, NULL, 0),
	ROUTE("PATCH", OPTION, domain_config_update, UPDATE, &schema_object, 0),
	ROUTE("DELETE", OPTION, domain_config_delete, DELETE, NULL, 0),
	/* What anybody may know about passwords; the box's own rules, for its admin. */
	ROUTE("GET", SECURITY, security_show, NULL, NULL, 0),
	ROUTE("PATCH", SECURITY, security_update, UPDATE, &schema_object, 0),
	ROUTE("DELETE", SECURITY, security_reset, DELETE, NULL, 0),
	ROUTE("GET", SECURITY "/{option}", security_show, NULL, NULL, 0),
	ROUTE("PATCH", SECURITY "/{option}", security_update, UPDATE, &schema_object, 0),
	{ 0 },
};

const struct service_part identity_domain_config_part = { routes, NULL };
