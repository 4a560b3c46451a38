/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Versions, extensions and availability zones: what clients ask before anything else. */
#include <string.h>

#include "firmware/cloud/network/discovery.h"
#include "firmware/cloud/json.h"

static const struct extension {
	const char *alias, *name, *description;
} extensions[] = {
	{ "address-group", "Address group", "Support address group" },
	{ "address-scope", "Address scope", "Address scopes extension." },
	{ "agent", "agent", "The agent management extension." },
	{ "allowed-address-pairs", "Allowed Address Pairs", "Provides allowed address pairs" },
	{ "auto-allocated-topology", "Auto Allocated Topology Services",
	  "Auto Allocated Topology Services." },
	{ "availability_zone", "Availability Zone", "The availability zone extension." },
	{ "availability_zone_filter", "Availability Zone Filter Extension",
	  "Add filter parameters to AvailabilityZone resource" },
	{ "binding", "Port Binding",
	  "Expose port bindings of a virtual port to external application" },
	{ "default-subnetpools", "Default Subnetpools",
	  "Provides ability to mark and use a subnetpool as the default." },
	{ "dhcp_agent_scheduler", "DHCP Agent Scheduler", "Schedule networks among dhcp agents" },
	{ "dns-integration", "DNS Integration", "Provides integration with DNS." },
	{ "empty-string-filtering", "Empty String Filtering Extension",
	  "Allow filtering by attributes with empty string value" },
	{ "external-net", "Neutron external network",
	  "Adds external network attribute to network resource." },
	{ "ext-gw-mode", "Neutron L3 Configurable external gateway mode",
	  "Extension of the router abstraction for specifying whether SNAT should occur on the external gateway" },
	{ "extraroute", "Neutron Extra Route", "Extra routes configuration for L3 router" },
	{ "extraroute-atomic", "Atomically add/remove extra routes",
	  "Edit extra routes of a router on server side by atomically adding/removing extra routes" },
	{ "expose-port-forwarding-in-fip", "Expose Floating IP port forwardings",
	  "Expose port forwarding fields in floating IP response" },
	{ "fip-port-details", "Floating IP Port Details Extension",
	  "Add port_details attribute to Floating IP resource" },
	{ "floating-ip-port-forwarding", "Floating IP Port Forwarding",
	  "Expose floating IP port forwarding" },
	{ "floating-ip-port-forwarding-description",
	  "Floating IP Port Forwarding new attribute description",
	  "Add a description field to Port Forwarding rules" },
	{ "floating-ip-port-forwarding-detail", "Floating IP port forwarding detail",
	  "Allow list floating ip return more port forwarding data, include 'id' and 'internal_port_id'" },
	{ "floating-ip-port-forwarding-port-ranges",
	  "Floating IP Port Forwarding support range ports",
	  "Add new fields to support port ranges in a port forwarding" },
	{ "flavors", "Neutron Service Flavors",
	  "Flavor specification for Neutron advanced services." },
	{ "ip-substring-filtering", "IP address substring filtering",
	  "Provides IP address substring filtering when listing ports" },
	{ "l3_agent_scheduler", "L3 Agent Scheduler", "Schedule routers among l3 agents" },
	{ "net-mtu", "Network MTU", "Provides MTU attribute for a network resource." },
	{ "net-mtu-writable", "Network MTU (writable)",
	  "Provides a writable MTU attribute for a network resource." },
	{ "network_availability_zone", "Network Availability Zone",
	  "Availability zone support for network." },
	{ "network-ip-availability", "Network IP Availability",
	  "Provides IP availability data for each network and subnet." },
	{ "pagination", "Pagination support",
	  "Extension that indicates that pagination is enabled." },
	{ "port-security-groups-filtering", "Port filtering on security groups",
	  "Provides security groups filtering when listing ports" },
	{ "port-security", "Port Security", "Provides port security" },
	{ "project-id", "project_id field enabled",
	  "Extension that indicates that project_id field is enabled." },
	{ "provider", "Provider Network",
	  "Expose mapping of virtual networks to physical networks" },
	{ "qos", "Quality of Service", "The Quality of Service extension." },
	{ "qos-bw-limit-direction", "Direction for QoS bandwidth limit rule",
	  "Allow to configure QoS bandwidth limit rule with specific direction: ingress or egress" },
	{ "qos-default", "QoS default policy", "Expose the QoS default policy per project" },
	{ "qos-fip", "Floating IP QoS", "The floating IP Quality of Service extension" },
	{ "qos-fip-network-policy", "QoS floating IP network policy ID",
	  "Adds a the QoS network ID to the floating IP definition" },
	{ "qos-gateway-ip", "Router gateway IP QoS",
	  "The Router gateway IP Quality of Service extension" },
	{ "qos-port-network-policy", "QoS port network policy ID",
	  "Adds a the QoS network ID to the port definition" },
	{ "qos-rule-type-details", "Details of QoS rule types",
	  "Expose details about QoS rule types supported by loaded backend drivers" },
	{ "qos-rule-type-filter", "Allow to filter the list of QoS rule types",
	  "Allows to filter the QoS rule type list adding two new flags. \"all_rules\" prints all implemented QoS rule types.\"all_supported\" prints all supported QoS rule types by the loaded mechanism drivers" },
	{ "qos-rules-alias", "Quality of Service rules alias API",
	  "API to enable GET, PUT and DELETE operations on QoS policy rules without specifying policy ID" },
	{ "quotas", "Quota management support",
	  "Expose functions for quotas management per project" },
	{ "quota_details", "Quota details management support",
	  "Expose functions for quotas usage statistics per project" },
	{ "quota-check-limit", "Quota engine limit check",
	  "Support for checking the resource usage before applying a new quota limit" },
	{ "rbac-address-group", "Add address_group type to RBAC",
	  "Add address_group type to network RBAC" },
	{ "rbac-address-scope", "Add address_scope type to RBAC",
	  "Add address_scope type to network RBAC" },
	{ "rbac-policies", "RBAC Policies",
	  "Allows creation and modification of policies that control tenant access to resources." },
	{ "rbac-security-groups", "Add security_group type to network RBAC",
	  "Add security_group type to network RBAC" },
	{ "rbac-subnetpool", "Add subnetpool type to RBAC", "Add subnetpool type to network RBAC" },
	{ "revision-if-match", "If-Match constraints based on revision_number",
	  "Extension indicating that If-Match based on revision_number is supported." },
	{ "router", "Neutron L3 Router",
	  "Router abstraction for basic L3 forwarding between L2 Neutron networks and access to external networks via a NAT gateway." },
	{ "router_availability_zone", "Router Availability Zone",
	  "Availability zone support for router." },
	{ "security-group", "security-group", "The security groups extension." },
	{ "security-groups-default-rules", "Default rules for security groups",
	  "Configure set of security group rules used as default rules for every new security group" },
	{ "security-groups-normalized-cidr", "Normalized CIDR field for security group rules",
	  "Add new field with normalized remote_ip_prefix cidr in SG rule" },
	{ "security-groups-remote-address-group",
	  "Remote address group id field for security group rules",
	  "Add new field of remote address group id in SG rules" },
	{ "security-groups-shared-filtering", "Security group filtering on the shared field",
	  "Support filtering security groups on the shared field" },
	{ "service-type", "Neutron Service Type Management",
	  "API for retrieving service providers for Neutron advanced services" },
	{ "sorting", "Sorting support", "Extension that indicates that sorting is enabled." },
	{ "standard-attr-description", "standard-attr-description",
	  "Extension to add descriptions to standard attributes" },
	{ "standard-attr-revisions", "Resource revision numbers",
	  "This extension will display the revision number of neutron resources." },
	{ "standard-attr-tag",
	  "Tag support for resources with standard attribute: subnet, network, router, port, security_group, subnetpool, floatingip",
	  "Enables to set tag on resources with standard attribute." },
	{ "standard-attr-timestamp", "Resource timestamps",
	  "Adds created_at and updated_at fields to all Neutron resources that have Neutron standard attributes." },
	{ "subnet_allocation", "Subnet Allocation",
	  "Enables allocation of subnets from a subnet pool" },
	{ "subnetpool-prefix-ops", "Subnet Pool Prefix Operations",
	  "Provides support for adjusting the prefix list of subnet pools" },
	{ "trunk", "Trunk Extension", "Provides support for trunk ports" },
	{ "trunk-details", "Trunk port details", "Expose trunk port details" },
	{ "stateful-security-group", "Stateful security group",
	  "Indicates if the security group is stateful or not" },
};

static yyjson_mut_val *extension_view(yyjson_mut_doc *doc, const struct extension *extension)
{
	yyjson_mut_val *out = yyjson_mut_obj(doc);

	json_set_string(doc, out, "alias", extension->alias);
	json_set_string(doc, out, "name", extension->name);
	json_set_string(doc, out, "description", extension->description);
	json_set_string(doc, out, "updated", "2016-01-01T00:00:00-00:00");
	json_set(doc, out, "links", yyjson_mut_arr(doc));
	return out;
}

int network_extensions(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);

	(void)error;
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		yyjson_mut_arr_add_val(list, extension_view(doc, &extensions[i]));
	json_set(doc, root, "extensions", list);
	return reply_json(request, 200, doc, root);
}

int network_extension(struct request *request, struct error *error)
{
	const char *alias = request_param(request, "alias");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
		if (!strcmp(extensions[i].alias, alias)) {
			json_set(doc, root, "extension", extension_view(doc, &extensions[i]));
			return reply_json(request, 200, doc, root);
		}
	return error_fault(error, -ENOENT, 404, "HTTPNotFound",
			   "Extension with alias %s does not exist", alias);
}

static void add_link(yyjson_mut_doc *doc, yyjson_mut_val *object, const char *href)
{
	yyjson_mut_val *links = yyjson_mut_arr(doc);
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

	json_set_string(doc, link, "rel", "self");
	json_set_string(doc, link, "href", href);
	json_set(doc, object, "links", links);
}

int network_versions(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	yyjson_mut_val *version = yyjson_mut_arr_add_obj(doc, list);

	(void)error;
	json_set_string(doc, version, "id", "v2.0");
	json_set_string(doc, version, "status", "CURRENT");
	add_link(doc, version, arena_printf(request->arena, "%s/network/v2.0/", request->base_url));
	json_set(doc, root, "versions", list);
	return reply_json(request, 200, doc, root);
}

int network_resources(struct request *request, struct error *error)
{
	static const char *const names[] = { "network",
					     "subnet",
					     "port",
					     "router",
					     "floatingip",
					     "security-group",
					     "security-group-rule",
					     NULL };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc), *item;

	(void)error;
	for (const char *const *name = names; *name; name++) {
		item = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, item, "name", *name);
		json_set_string(doc, item, "collection",
				arena_printf(request->arena, "%ss", *name));
		add_link(doc, item,
			 arena_printf(request->arena, "%s/network/v2.0/%ss", request->base_url,
				      *name));
	}
	json_set(doc, root, "resources", list);
	return reply_json(request, 200, doc, root);
}

static bool zone_fits(struct request *request, const char *name, const char *value)
{
	const char *wanted = request_query(request, name);

	return !wanted || !strcmp(wanted, value);
}

int network_zones(struct request *request, struct error *error)
{
	static const char *const kinds[] = { "network", "router", NULL };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc), *item;

	(void)error;
	for (const char *const *kind = kinds; *kind; kind++) {
		if (!zone_fits(request, "name", "nova") || !zone_fits(request, "resource", *kind) ||
		    !zone_fits(request, "state", "available"))
			continue;
		item = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, item, "name", "nova");
		json_set_string(doc, item, "resource", *kind);
		json_set_string(doc, item, "state", "available");
	}
	json_set(doc, root, "availability_zones", list);
	return reply_json(request, 200, doc, root);
}
