/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Placement's tables. Compute alone writes (claim.c), through its own transactions: what clients
 * would change answers 501.
 */
#include "firmware/cloud/placement/internal.h"

int placement_not_implemented(struct request *request, struct error *error)
{
	(void)request;
	return error_fault(error, -ENOSYS, 501, NULL,
			   "The box accounts for its resources itself: this is not implemented.");
}

#define ROUTE(method, path, handler, policy, flags, first)                                         \
	{                                                                                          \
		method, path, handler, policy, NULL, flags, first, 0, NULL, 0                      \
	}

static const struct route routes[] = {
	ROUTE("GET", "", placement_version_show, NULL, ROUTE_PUBLIC, 0),
	ROUTE("GET", "/resource_providers", provider_list, "placement:resource_providers:list", 0,
	      0),
	ROUTE("POST", "/resource_providers", placement_not_implemented,
	      "placement:resource_providers:create", ROUTE_NO_BODY, 0),
	ROUTE("GET", "/resource_providers/{uuid}", provider_show,
	      "placement:resource_providers:show", 0, 0),
	ROUTE("PUT", "/resource_providers/{uuid}", placement_not_implemented,
	      "placement:resource_providers:update", ROUTE_NO_BODY, 0),
	ROUTE("DELETE", "/resource_providers/{uuid}", placement_not_implemented,
	      "placement:resource_providers:delete", 0, 0),
	ROUTE("GET", "/resource_providers/{uuid}/inventories", inventory_list,
	      "placement:resource_providers:inventories:list", 0, 0),
	ROUTE("PUT", "/resource_providers/{uuid}/inventories", placement_not_implemented,
	      "placement:resource_providers:inventories:update", ROUTE_NO_BODY, 0),
	ROUTE("GET", "/resource_providers/{uuid}/inventories/{resource_class}", inventory_show,
	      "placement:resource_providers:inventories:show", 0, 0),
	ROUTE("PUT", "/resource_providers/{uuid}/inventories/{resource_class}",
	      placement_not_implemented, "placement:resource_providers:inventories:update",
	      ROUTE_NO_BODY, 0),
	ROUTE("GET", "/resource_providers/{uuid}/usages", provider_usage_list,
	      "placement:resource_providers:usages", 0, 0),
	ROUTE("GET", "/resource_providers/{uuid}/aggregates", placement_not_implemented,
	      "placement:resource_providers:aggregates:list", 0, 1),
	ROUTE("PUT", "/resource_providers/{uuid}/aggregates", placement_not_implemented,
	      "placement:resource_providers:aggregates:update", ROUTE_NO_BODY, 1),
	ROUTE("GET", "/resource_providers/{uuid}/traits", provider_trait_list,
	      "placement:resource_providers:traits:list", 0, 6),
	ROUTE("PUT", "/resource_providers/{uuid}/traits", placement_not_implemented,
	      "placement:resource_providers:traits:update", ROUTE_NO_BODY, 6),
	ROUTE("GET", "/resource_providers/{uuid}/allocations", provider_allocation_list,
	      "placement:resource_providers:allocations:list", 0, 0),
	ROUTE("GET", "/allocations/{consumer_uuid}", allocation_show, "placement:allocations:list",
	      0, 0),
	ROUTE("PUT", "/allocations/{consumer_uuid}", placement_not_implemented,
	      "placement:allocations:update", ROUTE_NO_BODY, 0),
	ROUTE("DELETE", "/allocations/{consumer_uuid}", placement_not_implemented,
	      "placement:allocations:delete", 0, 0),
	ROUTE("POST", "/allocations", placement_not_implemented, "placement:allocations:manage",
	      ROUTE_NO_BODY, 13),
	ROUTE("GET", "/allocation_candidates", candidate_list,
	      "placement:allocation_candidates:list", 0, 10),
	ROUTE("GET", "/usages", placement_usage_list, NULL, 0, 9),
	ROUTE("GET", "/resource_classes", resource_class_list, "placement:resource_classes:list", 0,
	      2),
	ROUTE("POST", "/resource_classes", placement_not_implemented,
	      "placement:resource_classes:create", ROUTE_NO_BODY, 2),
	ROUTE("GET", "/resource_classes/{name}", resource_class_show,
	      "placement:resource_classes:show", 0, 2),
	ROUTE("PUT", "/resource_classes/{name}", placement_not_implemented,
	      "placement:resource_classes:update", ROUTE_NO_BODY, 2),
	ROUTE("DELETE", "/resource_classes/{name}", placement_not_implemented,
	      "placement:resource_classes:delete", 0, 2),
	ROUTE("GET", "/traits", trait_list, "placement:traits:list", 0, 6),
	ROUTE("GET", "/traits/{name}", trait_show, "placement:traits:show", 0, 6),
	ROUTE("PUT", "/traits/{name}", placement_not_implemented, "placement:traits:update",
	      ROUTE_NO_BODY, 6),
	ROUTE("DELETE", "/traits/{name}", placement_not_implemented, "placement:traits:delete", 0,
	      6),
	ROUTE("POST", "/reshaper", placement_not_implemented, "placement:reshaper:reshape",
	      ROUTE_NO_BODY, 30),
	{ 0 },
};

#define ADMIN(name)                                                                                \
	{                                                                                          \
		"placement:" name, "admin service"                                                 \
	}

static const struct policy_rule policies[] = {
	ADMIN("resource_providers:list"),
	ADMIN("resource_providers:create"),
	ADMIN("resource_providers:show"),
	ADMIN("resource_providers:update"),
	ADMIN("resource_providers:delete"),
	ADMIN("resource_providers:inventories:list"),
	ADMIN("resource_providers:inventories:show"),
	ADMIN("resource_providers:inventories:update"),
	ADMIN("resource_providers:usages"),
	ADMIN("resource_providers:aggregates:list"),
	ADMIN("resource_providers:aggregates:update"),
	ADMIN("resource_providers:traits:list"),
	ADMIN("resource_providers:traits:update"),
	ADMIN("resource_providers:allocations:list"),
	ADMIN("allocations:list"),
	ADMIN("allocations:update"),
	ADMIN("allocations:delete"),
	ADMIN("allocations:manage"),
	ADMIN("allocation_candidates:list"),
	ADMIN("resource_classes:list"),
	ADMIN("resource_classes:create"),
	ADMIN("resource_classes:show"),
	ADMIN("resource_classes:update"),
	ADMIN("resource_classes:delete"),
	ADMIN("traits:list"),
	ADMIN("traits:show"),
	ADMIN("traits:update"),
	ADMIN("traits:delete"),
	ADMIN("reshaper:reshape"),
	{ 0 },
};

static const struct store_index indexes[] = {
	{ ALLOCATION_PREFIX, "project", "project_id", NULL, false },
	{ 0 },
};

const struct service placement_service = {
	.name = "placement",
	.type = "placement",
	.prefix = "/placement",
	.routes = routes,
	.policies = policies,
	.indexes = indexes,
	.fault = fault_placement,
	.version_name = "placement",
	.version_major = 1,
	.version_first = 0,
	.version_last = 39,
	.start = placement_start,
};
