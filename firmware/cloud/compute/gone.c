/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Nova no longer has but still names: 410 at every microversion; and what it passes on to a
 * service that is not here. */
#include <string.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/schema_parts.h"

static int gone(struct request *request, struct error *error)
{
	(void)request;
	return error_fault(error, -ENOENT, 410, NULL,
			   "This resource is no longer available.  No forwarding address is "
			   "given.");
}

/* As a Nova without Ironic's client. */
static int no_ironic(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -ENOSYS, "The requested functionality is not supported.");
}

static int ironic_create(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -EINVAL,
			 "Command Not supported. Please use Ironic command node-create to perform "
			 "this action.");
}

static int ironic_delete(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -EINVAL,
			 "Command Not supported. Please use Ironic command node-delete to perform "
			 "this action.");
}

static int ironic_action(struct request *request, struct error *error)
{
	const char *action = request->route->action;

	return error_set(error, -EINVAL,
			 "Command Not supported. Please use Ironic command port-%s to perform this "
			 "action.",
			 strcmp(action, "add_interface") ? "delete" : "create");
}

/* Snapshots of volumes that no server has. */
static int snapshot_create(struct request *request, struct error *error)
{
	return error_set(error, -EINVAL, "No volume Block Device Mapping with id %s.",
			 json_string(yyjson_obj_get(request->body, "snapshot"), "volume_id"));
}

static int snapshot_delete(struct request *request, struct error *error)
{
	const char *text = request_query(request, "delete_info");
	yyjson_val *info = text ? json_parse(request->arena, text, strlen(text)) : NULL;
	const char *volume = json_string(info, "volume_id");

	if (!text)
		return error_set(error, -EINVAL, "'delete_info'");
	if (!volume)
		return error_set(error, -EINVAL, "'volume_id'");
	return error_set(error, -EINVAL, "No volume Block Device Mapping with id %s.", volume);
}

static const struct schema create_info = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "snapshot_id", &part_string, true, 0, 0 },
						   { "type", &part_string, true, 0, 0 },
						   { "new_file", &part_string, true, 0, 0 },
						   { "id", &part_string, false, 0, 0 },
						   { 0 } },
};
static const struct schema snapshot_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "volume_id", &part_string, true, 0, 0 },
						   { "create_info", &create_info, true, 0, 0 },
						   { 0 } },
};
static const struct schema schema_snapshot = ENVELOPE("snapshot", &snapshot_body);

#define GONE(verb, where)                                                                          \
	{                                                                                          \
		.method = verb, .path = where, .handle = gone, .flags = ROUTE_NO_BODY              \
	}

static const struct route routes[] = {
	GONE("GET", "/os-agents"),
	GONE("POST", "/os-agents"),
	GONE("PUT", "/os-agents/{id}"),
	GONE("DELETE", "/os-agents/{id}"),
	GONE("GET", "/os-cells"),
	GONE("POST", "/os-cells"),
	GONE("GET", "/os-cells/capacities"),
	GONE("GET", "/os-cells/detail"),
	GONE("GET", "/os-cells/info"),
	GONE("POST", "/os-cells/sync_instances"),
	GONE("GET", "/os-cells/{id}"),
	GONE("PUT", "/os-cells/{id}"),
	GONE("DELETE", "/os-cells/{id}"),
	GONE("GET", "/os-cells/{id}/capacities"),
	GONE("POST", "/os-certificates"),
	GONE("GET", "/os-certificates/{id}"),
	GONE("GET", "/os-cloudpipe"),
	GONE("POST", "/os-cloudpipe"),
	GONE("PUT", "/os-cloudpipe/{id}"),
	GONE("GET", "/os-fixed-ips/{id}"),
	GONE("POST", "/os-fixed-ips/{id}/action"),
	GONE("GET", "/os-floating-ip-dns"),
	GONE("PUT", "/os-floating-ip-dns/{id}"),
	GONE("DELETE", "/os-floating-ip-dns/{id}"),
	GONE("GET", "/os-floating-ip-dns/{domain_id}/entries/{id}"),
	GONE("PUT", "/os-floating-ip-dns/{domain_id}/entries/{id}"),
	GONE("DELETE", "/os-floating-ip-dns/{domain_id}/entries/{id}"),
	GONE("GET", "/os-floating-ips-bulk"),
	GONE("POST", "/os-floating-ips-bulk"),
	GONE("GET", "/os-floating-ips-bulk/{id}"),
	GONE("PUT", "/os-floating-ips-bulk/{id}"),
	GONE("GET", "/os-fping"),
	GONE("GET", "/os-fping/{id}"),
	GONE("POST", "/os-networks"),
	GONE("POST", "/os-networks/add"),
	GONE("DELETE", "/os-networks/{id}"),
	GONE("POST", "/os-networks/{id}/action"),
	GONE("GET", "/os-security-group-default-rules"),
	GONE("POST", "/os-security-group-default-rules"),
	GONE("GET", "/os-security-group-default-rules/{id}"),
	GONE("DELETE", "/os-security-group-default-rules/{id}"),
	GONE("POST", "/os-tenant-networks"),
	GONE("DELETE", "/os-tenant-networks/{id}"),
	GONE("GET", "/servers/{server_id}/consoles"),
	GONE("POST", "/servers/{server_id}/consoles"),
	GONE("GET", "/servers/{server_id}/consoles/{id}"),
	GONE("DELETE", "/servers/{server_id}/consoles/{id}"),
	GONE("GET", "/servers/{server_id}/os-virtual-interfaces"),

	ROUTE("GET", "/os-baremetal-nodes", no_ironic, "os-baremetal-nodes:list", .last = 35),
	ROUTE("POST", "/os-baremetal-nodes", ironic_create, "os-baremetal-nodes:list",
	      .flags = ROUTE_NO_BODY, .last = 35),
	ROUTE("GET", "/os-baremetal-nodes/{id}", no_ironic, "os-baremetal-nodes:show", .last = 35),
	ROUTE("DELETE", "/os-baremetal-nodes/{id}", ironic_delete, "os-baremetal-nodes:list",
	      .last = 35),
	ROUTE("POST", "/os-baremetal-nodes/{id}/action", ironic_action, "os-baremetal-nodes:list",
	      .action = "add_interface", .last = 35),
	ROUTE("POST", "/os-baremetal-nodes/{id}/action", ironic_action, "os-baremetal-nodes:list",
	      .action = "remove_interface", .last = 35),
	ROUTE("POST", "/os-assisted-volume-snapshots", snapshot_create,
	      "os-assisted-volume-snapshots:create", .body = &schema_snapshot),
	ROUTE("DELETE", "/os-assisted-volume-snapshots/{id}", snapshot_delete,
	      "os-assisted-volume-snapshots:delete"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-baremetal-nodes:list"), ADMIN },
	{ POLICY("os-baremetal-nodes:show"), ADMIN },
	{ POLICY("os-assisted-volume-snapshots:create"), ADMIN },
	{ POLICY("os-assisted-volume-snapshots:delete"), ADMIN },
	{ 0 },
};

const struct service_part compute_gone_part = { routes, policies };
