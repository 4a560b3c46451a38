/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and bodies of policies. */
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/policies.h"
#include "firmware/cloud/identity/schemas.h"

static const struct schema type = { .types = SCHEMA_STRING, .max_length = 255 };

#define POLICY_MEMBERS(needed)                                                                     \
	{ "blob", &schema_string, needed, 0, 0 },                                                  \
	{                                                                                          \
		"type", &type, needed, 0, 0                                                        \
	}

static const struct schema policy_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ POLICY_MEMBERS(true), { 0 } },
	.additional = true,
};
static const struct schema policy_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ POLICY_MEMBERS(false), { 0 } },
	.additional = true,
};
static SCHEMA_WRAPPED(schema_policy_create, "policy", policy_new);
static SCHEMA_WRAPPED(schema_policy_update, "policy", policy_changed);

#define OF_ENDPOINT "/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints/{endpoint_id}"
#define OF_SERVICE "/policies/{policy_id}/OS-ENDPOINT-POLICY/services/{service_id}"
#define OF_REGION OF_SERVICE "/regions/{region_id}"

static const struct route routes[] = {
	ROUTE("GET", "/policies", policy_list, "identity:list_policies", NULL, 0),
	ROUTE("POST", "/policies", policy_create, "identity:create_policy", &schema_policy_create,
	      0),
	ROUTE("GET", "/policies/{policy_id}", policy_show, "identity:get_policy", NULL, 0),
	ROUTE("PATCH", "/policies/{policy_id}", policy_update, "identity:update_policy",
	      &schema_policy_update, 0),
	ROUTE("DELETE", "/policies/{policy_id}", policy_delete, "identity:delete_policy", NULL, 0),
	ROUTE("GET", "/policies/{policy_id}/OS-ENDPOINT-POLICY/endpoints", policy_endpoint_list,
	      "identity:list_endpoints_for_policy", NULL, 0),
	ROUTE("GET", "/endpoints/{endpoint_id}/OS-ENDPOINT-POLICY/policy", endpoint_policy_show,
	      "identity:get_policy_for_endpoint", NULL, 0),
	ROUTE("PUT", OF_ENDPOINT, policy_association_create,
	      "identity:create_policy_association_for_endpoint", NULL, 0),
	ROUTE("GET", OF_ENDPOINT, policy_association_check,
	      "identity:check_policy_association_for_endpoint", NULL, 0),
	ROUTE("DELETE", OF_ENDPOINT, policy_association_delete,
	      "identity:delete_policy_association_for_endpoint", NULL, 0),
	ROUTE("PUT", OF_SERVICE, policy_association_create,
	      "identity:create_policy_association_for_service", NULL, 0),
	ROUTE("GET", OF_SERVICE, policy_association_check,
	      "identity:check_policy_association_for_service", NULL, 0),
	ROUTE("DELETE", OF_SERVICE, policy_association_delete,
	      "identity:delete_policy_association_for_service", NULL, 0),
	ROUTE("PUT", OF_REGION, policy_association_create,
	      "identity:create_policy_association_for_region_and_service", NULL, 0),
	ROUTE("GET", OF_REGION, policy_association_check,
	      "identity:check_policy_association_for_region_and_service", NULL, 0),
	ROUTE("DELETE", OF_REGION, policy_association_delete,
	      "identity:delete_policy_association_for_region_and_service", NULL, 0),
	{ 0 },
};

const struct service_part identity_policy_part = { routes, NULL };
