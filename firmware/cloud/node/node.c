/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "firmware/cloud/node/internal.h"

static const struct route routes[] = {
	{ .method = "GET", .path = "", .handle = node_versions, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/v1", .handle = node_show, .policy = "node:get" },
	{ .method = "GET", .path = "/v1/ca", .handle = node_ca, .flags = ROUTE_PUBLIC },
	{ .method = "GET", .path = "/v1/logs", .handle = node_logs, .policy = "node:logs" },
	{ .method = "PUT",
	  .path = "/v1/logs/level",
	  .handle = node_log_level,
	  .policy = "node:logs",
	  .body = &node_level_schema },
	{ .method = "POST",
	  .path = "/v1/power",
	  .handle = node_power,
	  .policy = "node:power",
	  .body = &node_power_schema },
	{ .method = "POST",
	  .path = "/v1/admin-password",
	  .handle = node_admin_password,
	  .flags = ROUTE_OPERATOR,
	  .body = &node_password_schema },
	{ .method = "GET", .path = "/v1/uplink", .handle = node_uplink_show, .policy = "node:get" },
	{ .method = "PUT",
	  .path = "/v1/uplink",
	  .handle = node_uplink_set,
	  .policy = "node:settings",
	  .body = &node_uplink_schema },
	{ .method = "GET", .path = "/v1/peers", .handle = node_peers_show, .policy = "node:get" },
	{ .method = "PUT",
	  .path = "/v1/peers",
	  .handle = node_peers_set,
	  .policy = "node:settings",
	  .body = &node_peers_schema },
	{ .method = "GET",
	  .path = "/v1/peers/networks",
	  .handle = node_remote_list,
	  .policy = "node:get" },
	{ .method = "GET",
	  .path = "/v1/peers/networks/{vni}",
	  .handle = node_remote_show,
	  .policy = "node:get" },
	{ .method = "PUT",
	  .path = "/v1/peers/networks/{vni}",
	  .handle = node_remote_set,
	  .policy = "node:settings",
	  .body = &node_remote_schema },
	{ .method = "DELETE",
	  .path = "/v1/peers/networks/{vni}",
	  .handle = node_remote_delete,
	  .policy = "node:settings" },
	{ .method = "GET",
	  .path = "/v1/physical-networks",
	  .handle = node_physical_show,
	  .policy = "node:get" },
	{ .method = "PUT",
	  .path = "/v1/physical-networks",
	  .handle = node_physical_set,
	  .policy = "node:settings",
	  .body = &node_physical_schema },
	{ .method = NULL },
};

static const struct policy_rule policies[] = {
	{ "node:get", "admin" },      { "node:logs", "admin" }, { "node:power", "admin" },
	{ "node:settings", "admin" }, { NULL, NULL },
};

static const struct service_part *const parts[] = { &node_image_import_part, NULL };

static int node_start(struct cloud *cloud, struct error *error)
{
	struct node *node = calloc(1, sizeof(*node));
	int result;

	if (!node)
		return error_set(error, -ENOMEM, "out of memory");
	node->cloud = cloud;
	cloud->node = node;
	call_table_init(&node->calls);
	pthread_mutex_init(&node->lock, NULL);
	node_observe(node);
	node_uplink_start(node);
	result = node_peers_start(node);
	if (result)
		return error_set(error, result, "peers can't be watched");
	return node_notify_start(node);
}

const struct service node_service = {
	.name = "node",
	.type = "node",
	.prefix = "/node",
	.routes = routes,
	.policies = policies,
	.parts = parts,
	.fault = fault_node,
	.start = node_start,
};

void node_control(struct cloud *cloud, struct message *message)
{
	call_answer(&cloud->node->calls, message);
}
