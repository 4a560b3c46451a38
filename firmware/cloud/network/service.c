/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network service's tables. */
#include "firmware/cloud/network/address_groups.h"
#include "firmware/cloud/network/agents.h"
#include "firmware/cloud/network/auto_topology.h"
#include "firmware/cloud/network/availability.h"
#include "firmware/cloud/network/default_rules.h"
#include "firmware/cloud/network/discovery.h"
#include "firmware/cloud/network/extraroutes.h"
#include "firmware/cloud/network/flavors.h"
#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/quotas.h"
#include "firmware/cloud/network/resource.h"
#include "firmware/cloud/network/router.h"
#include "firmware/cloud/network/start.h"
#include "firmware/cloud/network/subnetpools.h"
#include "firmware/cloud/network/tags.h"
#include "firmware/cloud/network/trunk.h"

RESOURCE_HANDLERS(network)
RESOURCE_HANDLERS(subnet)
RESOURCE_HANDLERS(port)
RESOURCE_HANDLERS(router)
RESOURCE_HANDLERS(group)
RESOURCE_HANDLERS(rule)
RESOURCE_HANDLERS(floatingip)
RESOURCE_HANDLERS(forward)
RESOURCE_HANDLERS(subnetpool)
RESOURCE_HANDLERS(address_scope)
RESOURCE_HANDLERS(rbac)

TAG_HANDLERS(network)
TAG_HANDLERS(subnet)
TAG_HANDLERS(port)
TAG_HANDLERS(router)
TAG_HANDLERS(floatingip)
TAG_HANDLERS(subnetpool)
TAG_HANDLERS(group)

static const struct route routes[] = {
	{ .method = "GET", .path = "", .handle = network_versions, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/v2.0", .handle = network_resources, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/v2.0/extensions", .handle = network_extensions },
	{ .method = "GET", .path = "/v2.0/extensions/{alias}", .handle = network_extension },
	{ .method = "GET", .path = "/v2.0/availability_zones", .handle = network_zones },
	RESOURCE_ROUTES("networks", network),
	RESOURCE_ROUTES("subnets", subnet),
	RESOURCE_ROUTES("ports", port),
	RESOURCE_ROUTES("routers", router),
	RESOURCE_ROUTES("security-groups", group),
	RESOURCE_ROUTES("security-group-rules", rule),
	{ .method = "PUT",
	  .path = "/v2.0/routers/{id}/add_router_interface",
	  .handle = router_interface_add,
	  .body = &resource_body,
	  .policy = "update" },
	{ .method = "PUT",
	  .path = "/v2.0/routers/{id}/remove_router_interface",
	  .handle = router_interface_remove,
	  .body = &resource_body,
	  .policy = "update" },
	{ .method = "PUT",
	  .path = "/v2.0/routers/{id}/add_extraroutes",
	  .handle = router_routes_add,
	  .body = &resource_body,
	  .policy = "update" },
	{ .method = "PUT",
	  .path = "/v2.0/routers/{id}/remove_extraroutes",
	  .handle = router_routes_remove,
	  .body = &resource_body,
	  .policy = "update" },
	RESOURCE_ROUTES("floatingips", floatingip),
	RESOURCE_ROUTES("floatingips/{floatingip_id}/port_forwardings", forward),
	RESOURCE_ROUTES("subnetpools", subnetpool),
	{ .method = "PUT",
	  .path = "/v2.0/subnetpools/{id}/add_prefixes",
	  .handle = pool_prefixes_add,
	  .body = &resource_body,
	  .policy = "update" },
	{ .method = "PUT",
	  .path = "/v2.0/subnetpools/{id}/remove_prefixes",
	  .handle = pool_prefixes_remove,
	  .body = &resource_body,
	  .policy = "update" },
	RESOURCE_ROUTES("address-scopes", address_scope),
	TAG_ROUTES("networks", network),
	TAG_ROUTES("subnets", subnet),
	TAG_ROUTES("ports", port),
	TAG_ROUTES("routers", router),
	TAG_ROUTES("floatingips", floatingip),
	TAG_ROUTES("subnetpools", subnetpool),
	TAG_ROUTES("security-groups", group),
	{ .method = "GET", .path = "/v2.0/quotas", .handle = network_quota_list },
	{ .method = "GET", .path = "/v2.0/quotas/project", .handle = network_quota_project },
	{ .method = "GET", .path = "/v2.0/quotas/tenant", .handle = network_quota_tenant },
	{ .method = "GET", .path = "/v2.0/quotas/{id}", .handle = network_quota_show },
	{ .method = "GET", .path = "/v2.0/quotas/{id}/default", .handle = network_quota_standard },
	{ .method = "GET", .path = "/v2.0/quotas/{id}/details", .handle = network_quota_details },
	{ .method = "GET",
	  .path = "/v2.0/quotas/{id}/details.json",
	  .handle = network_quota_details },
	{ .method = "PUT",
	  .path = "/v2.0/quotas/{id}",
	  .handle = network_quota_update,
	  .body = &resource_body },
	{ .method = "DELETE", .path = "/v2.0/quotas/{id}", .handle = network_quota_delete },
	{ .method = "GET", .path = "/v2.0/network-ip-availabilities", .handle = availability_list },
	{ .method = "GET",
	  .path = "/v2.0/network-ip-availabilities/{id}",
	  .handle = availability_show },
	RESOURCE_ROUTES("rbac-policies", rbac),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ "create", "project_member" },
	{ "update", "project_member" },
	{ "delete", "project_member" },
	{ 0 },
};

static const struct store_index indexes[] = {
	{ "/network/network/", "project", "project_id", NULL, false },
	{ "/network/subnet/", "project", "project_id", NULL, false },
	{ "/network/rbac-policy/", "object", "object_id", NULL, false },
	{ "/network/rbac-policy/", "project", "project_id", NULL, false },
	{ "/network/subnetpool/", "project", "project_id", NULL, false },
	{ "/network/port/", "project", "project_id", NULL, false },
	{ "/network/router/", "project", "project_id", NULL, false },
	{ "/network/floatingip/", "project", "project_id", NULL, false },
	{ "/network/security-group-rule/", "project", "project_id", NULL, false },
	{ "/network/subnet/", "network", "network_id", NULL, false },
	{ "/network/subnet/", "pool", "subnetpool_id", NULL, false },
	{ "/network/subnetpool/", "scope", "address_scope_id", NULL, false },
	{ "/network/port/", "network", "network_id", NULL, false },
	{ "/network/port/", "device", "device_id", NULL, false },
	{ "/network/port/", "group", "security_groups", NULL, false },
	{ "/network/port/", "qos", "qos_policy_id", NULL, false },
	{ "/network/network/", "qos", "qos_policy_id", NULL, false },
	{ "/network/floatingip/", "qos", "qos_policy_id", NULL, false },
	{ "/network/router/", "qos", "_qos_policy_id", NULL, false },
	{ "/network/qos-policy/", "project", "project_id", NULL, false },
	{ "/network/qos-bandwidth-limit/", "policy", "policy_id", NULL, false },
	{ "/network/qos-dscp-marking/", "policy", "policy_id", NULL, false },
	{ "/network/qos-minimum-bandwidth/", "policy", "policy_id", NULL, false },
	{ "/network/port/", "mac", "mac_address", "network_id", true },
	{ "/network/floatingip/", "port", "port_id", NULL, false },
	{ "/network/floatingip/", "router", "router_id", NULL, false },
	{ "/network/floatingip/", "network", "floating_network_id", NULL, false },
	{ "/network/port-forwarding/", "floatingip", "floatingip_id", NULL, false },
	{ "/network/port-forwarding/", "port", "internal_port_id", NULL, false },
	{ "/network/security-group/", "project", "project_id", NULL, false },
	{ "/network/security-group-rule/", "group", "security_group_id", NULL, false },
	{ "/network/security-group-rule/", "remote", "remote_group_id", NULL, false },
	{ "/network/security-group-rule/", "address-group", "remote_address_group_id", NULL,
	  false },
	{ "/network/address-group/", "project", "project_id", NULL, false },
	{ "/network/trunk/", "project", "project_id", NULL, false },
	{ 0 },
};

static const struct service_part *const parts[] = { &address_group_part, &agent_part,
						    &auto_topology_part, &qos_part,
						    &trunk_part,         &flavor_part,
						    &default_rule_part,  NULL };

const struct service network_service = {
	.name = "neutron",
	.type = "network",
	.prefix = "/network",
	.routes = routes,
	.policies = policies,
	.parts = parts,
	.indexes = indexes,
	.fault = fault_network,
	.start = network_start,
};
