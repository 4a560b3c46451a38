/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks: layer-2 segments; a VNI for each that no provider attribute places elsewhere. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/auto_topology.h"
#include "firmware/cloud/network/dns_names.h"
#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/rbac.h"
#include "firmware/cloud/network/resource.h"
#include "firmware/cloud/network/segments.h"
#include "firmware/cloud/network/subnetpools.h"
#include "firmware/cloud/network/vni.h"
#include "firmware/cloud/node/node.h"

#define MTU_WIRE 1500 /* of a network that is no tunnel */

static const char *const network_types[] = { "vxlan", "flat", "vlan", NULL };

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, ATTRIBUTE_POST | ATTRIBUTE_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "admin_state_up", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_PUT, "true", 0, 0, NULL,
	  NULL },
	{ "shared", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_PUT | ATTRIBUTE_ADMIN, "false", 0,
	  0, NULL, NULL },
	{ "router:external", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_PUT | ATTRIBUTE_ADMIN,
	  "false", 0, 0, NULL, NULL },
	{ "mtu", ATTRIBUTE_INTEGER, ATTRIBUTE_POST | ATTRIBUTE_PUT, NULL, 68, 9000, NULL, NULL },
	{ "port_security_enabled", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_PUT, "true", 0, 0,
	  NULL, NULL },
	{ "description", ATTRIBUTE_NAME, ATTRIBUTE_POST | ATTRIBUTE_PUT, "\"\"", 0, 255, NULL,
	  NULL },
	{ "dns_domain", ATTRIBUTE_NAME, ATTRIBUTE_POST | ATTRIBUTE_PUT, "\"\"", 0, 255, NULL,
	  dns_domain_check },
	{ "availability_zone_hints", ATTRIBUTE_LIST, ATTRIBUTE_POST, "[]", 0, 0, NULL, NULL },
	{ "is_default", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_PUT | ATTRIBUTE_ADMIN,
	  "false", 0, 0, NULL, NULL },
	{ "qos_policy_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_PUT | ATTRIBUTE_NULL, "null",
	  0, 0, NULL, NULL },
	{ "provider:network_type", ATTRIBUTE_CHOICE,
	  ATTRIBUTE_POST | ATTRIBUTE_ADMIN | ATTRIBUTE_SECRET, NULL, 0, 0, network_types, NULL },
	{ "provider:physical_network", ATTRIBUTE_STRING,
	  ATTRIBUTE_POST | ATTRIBUTE_ADMIN | ATTRIBUTE_SECRET | ATTRIBUTE_NULL, NULL, 0, 64, NULL,
	  NULL },
	{ "provider:segmentation_id", ATTRIBUTE_INTEGER,
	  ATTRIBUTE_POST | ATTRIBUTE_ADMIN | ATTRIBUTE_SECRET | ATTRIBUTE_NULL, NULL, 1, VNI_LAST,
	  NULL, NULL },
	{ 0 }
};

static bool visible(struct request *request, yyjson_val *record)
{
	const char *project_id = request->caller->project_id;

	return rbac_shared_with(record, project_id) || rbac_external_to(record, project_id);
}

/* The largest one unless another is named; a tunnel takes its headers from the uplink's. */
static int mtu_settle(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *type = json_member(object, "provider:network_type");
	bool tunnel = !type || !strcmp(type, "vxlan");
	int64_t most = tunnel ? node_overlay_mtu(change->request->cloud) : MTU_WIRE;
	yyjson_mut_val *given = yyjson_mut_obj_get(object, "mtu");

	if (!given)
		json_set_integer(change->doc, object, "mtu", most);
	else if (tunnel && yyjson_mut_get_sint(given) > most)
		return attribute_refuse(error,
					"Invalid input for operation: Requested MTU is too big, "
					"maximum is %" PRId64 ".",
					most);
	return 0;
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	yyjson_mut_doc *doc = change->doc;
	int result;

	json_set_string(doc, object, "status", "ACTIVE");
	json_set(doc, object, "availability_zones", yyjson_mut_arr(doc));
	json_set(doc, object, "ipv4_address_scope", yyjson_mut_null(doc));
	json_set(doc, object, "ipv6_address_scope", yyjson_mut_null(doc));
	json_set_bool(doc, object, "l2_adjacency", true);
	result = rbac_network_changed(change, NULL, object, error);
	if (!result)
		result = mtu_settle(change, object, error);
	if (!result)
		result = default_external_settle(change, object, error);
	if (!result)
		result = qos_default_apply(change, object, error);
	if (!result)
		result = qos_bind_record(change, QOS_NETWORK, NULL, object, error);
	if (result)
		return result;
	return segment_take(change, object, error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	int result = yyjson_mut_obj_get(given, "mtu") ? mtu_settle(change, object, error) : 0;

	if (!result)
		result = qos_bind_record(change, QOS_NETWORK, old, object, error);
	if (!result &&
	    (yyjson_mut_obj_get(given, "shared") || yyjson_mut_obj_get(given, "router:external")))
		result = rbac_network_changed(change, old, object, error);
	if (!result && (yyjson_mut_obj_get(given, "is_default") ||
			yyjson_mut_obj_get(given, "router:external")))
		result = default_external_settle(change, object, error);
	return result;
}

int network_in_use(const char *id, struct error *error)
{
	return error_fault(error, -EBUSY, 409, "NetworkInUse",
			   "Unable to complete operation on network %s. There are one or more "
			   "ports still in use on the network.",
			   id);
}

static int refuse_in_use(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	struct network_ports ports;
	int result = resource_range(change->view, change->request->arena, &resource_port, "network",
				    id, &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++)
		if (!json_is(ports.items[i], "device_owner", "network:dhcp") &&
		    !json_is(ports.items[i], "device_owner", "network:floatingip"))
			return network_in_use(id, error);
	return result;
}

static int remove_children(struct change *change, const char *id, struct error *error)
{
	struct arena *arena = change->request->arena;
	struct network_ports list;
	int result =
		resource_range(change->view, arena, &resource_subnet, "network", id, &list, error);

	for (size_t i = 0; !result && i < list.count; i++)
		change_delete(change, &resource_subnet, json_string(list.items[i], "id"));
	if (!result)
		result = resource_range(change->view, arena, &resource_port, "network", id, &list,
					error);
	for (size_t i = 0; !result && i < list.count; i++) {
		qos_unbind(change, QOS_PORT, list.items[i]);
		change_delete(change, &resource_port, json_string(list.items[i], "id"));
	}
	return result;
}

static int remove_network(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id");
	int result = refuse_in_use(change, old, error);

	if (!result)
		result = floating_network_gone(change, id, error);
	if (!result)
		result = rbac_object_gone(change, id, error);
	if (result)
		return result;
	store_txn_compare_empty(change->txn,
				arena_printf(change->request->arena, "/network/member/%s/", id));
	store_txn_delete(change->txn,
			 arena_printf(change->request->arena, "/network/addressed/%s", id));
	qos_unbind(change, QOS_NETWORK, old);
	default_external_gone(change, old);
	segment_release(change, old);
	return remove_children(change, id, error);
}

static int derive(struct request *request, yyjson_val *record, yyjson_mut_doc *doc,
		  yyjson_mut_val *out, struct error *error)
{
	yyjson_mut_val *ids = yyjson_mut_arr(doc), *zones = yyjson_mut_arr(doc);
	struct network_ports subnets;
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result)
		result = resource_range(view, request->arena, &resource_subnet, "network",
					json_string(record, "id"), &subnets, error);
	if (result)
		return result;
	for (size_t i = 0; i < subnets.count; i++) {
		const char *scope = scope_of_pool(view, request->arena,
						  json_string(subnets.items[i], "subnetpool_id"));

		yyjson_mut_arr_add_strcpy(doc, ids, json_string(subnets.items[i], "id"));
		if (scope)
			json_set_string(doc, out,
					json_integer(subnets.items[i], "ip_version", 4) == 4
						? "ipv4_address_scope"
						: "ipv6_address_scope",
					scope);
	}
	json_set(doc, out, "subnets", ids);
	yyjson_mut_arr_add_str(doc, zones, "nova");
	json_set(doc, out, "availability_zones", zones);
	/* Said of external networks alone. */
	if (!json_bool(record, "router:external", false))
		yyjson_mut_obj_remove_key(out, "is_default");
	return 0;
}

const struct resource resource_network = {
	.singular = "network",
	.plural = "networks",
	.prefix = "/network/network/",
	.attributes = attributes,
	.missing_type = "NetworkNotFound",
	.missing_before = "Network ",
	.missing_after = " could not be found.",
	.create = create,
	.update = update,
	.remove = remove_network,
	.derive = derive,
	.visible = visible,
};
