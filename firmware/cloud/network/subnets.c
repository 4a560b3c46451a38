/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subnets: prefixes of a network, with the address of the network's own DHCP service. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/extraroutes.h"
#include "firmware/cloud/network/pools.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/rbac.h"
#include "firmware/cloud/network/resource.h"
#include "firmware/cloud/network/subnetpools.h"

#define POST_PUT (ATTRIBUTE_POST | ATTRIBUTE_PUT)

static int check_addresses(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	yyjson_val *item;
	size_t index, count;
	struct ip ip;

	yyjson_arr_foreach (list, index, count, item) {
		const char *text = yyjson_get_str(item);

		if (!ip_parse(text, &ip))
			return attribute_invalid(error, attribute,
						 "'%s' is not a valid nameserver. '%s' is not a "
						 "valid IP address",
						 text ? text : "", text ? text : "");
		for (size_t i = 0; i < index; i++)
			if (yyjson_equals(yyjson_arr_get(list, i), item))
				return attribute_invalid(error, attribute,
							 "Duplicate nameserver '%s'", text);
	}
	return count > 8 ? error_fault(error, -EINVAL, 400, "DNSNameServersExhausted",
				       "Unable to complete operation for %s. The number of DNS "
				       "nameservers exceeds the limit %d.",
				       "subnet", 8)
			 : 0;
}

static int check_routes(const struct attribute *attribute, yyjson_val *list, struct error *error)
{
	int result = routes_validate(attribute, list, error);

	return !result && yyjson_arr_size(list) > 20
		       ? error_fault(error, -EINVAL, 400, "HostRoutesExhausted",
				     "Unable to complete operation for %s. The number of host "
				     "routes exceeds the limit %d.",
				     "subnet", 20)
		       : result;
}

static const char *const ipv6_modes[] = { "dhcpv6-stateful", "dhcpv6-stateless", "slaac", NULL };

static const struct attribute attributes[] = {
	{ "name", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "network_id", ATTRIBUTE_UUID, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "ip_version", ATTRIBUTE_INTEGER, ATTRIBUTE_POST | ATTRIBUTE_REQUIRED, NULL, 0, 0, NULL,
	  NULL },
	{ "cidr", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_NULL, "null", 0, 64, NULL, NULL },
	{ "subnetpool_id", ATTRIBUTE_STRING, ATTRIBUTE_POST | ATTRIBUTE_NULL, "null", 0, 64, NULL,
	  NULL },
	{ "prefixlen", ATTRIBUTE_INTEGER, ATTRIBUTE_POST | ATTRIBUTE_HIDDEN, NULL, 0, 128, NULL,
	  NULL },
	{ "use_default_subnetpool", ATTRIBUTE_BOOLEAN, ATTRIBUTE_POST | ATTRIBUTE_HIDDEN, NULL, 0,
	  0, NULL, NULL },
	{ "gateway_ip", ATTRIBUTE_IP, POST_PUT | ATTRIBUTE_NULL, NULL, 0, 0, NULL, NULL },
	{ "allocation_pools", ATTRIBUTE_LIST, POST_PUT, NULL, 0, 0, NULL, NULL },
	{ "dns_nameservers", ATTRIBUTE_LIST, POST_PUT, "[]", 0, 0, NULL, check_addresses },
	{ "host_routes", ATTRIBUTE_LIST, POST_PUT, "[]", 0, 0, NULL, check_routes },
	{ "enable_dhcp", ATTRIBUTE_BOOLEAN, POST_PUT, "true", 0, 0, NULL, NULL },
	{ "ipv6_ra_mode", ATTRIBUTE_CHOICE, ATTRIBUTE_POST, "null", 0, 0, ipv6_modes, NULL },
	{ "ipv6_address_mode", ATTRIBUTE_CHOICE, ATTRIBUTE_POST, "null", 0, 0, ipv6_modes, NULL },
	{ "description", ATTRIBUTE_NAME, POST_PUT, "\"\"", 0, 255, NULL, NULL },
	{ "service_types", ATTRIBUTE_LIST, POST_PUT, "[]", 0, 0, NULL, NULL },
	{ 0 }
};

/* A subnet is seen by whoever sees its network. */
static bool visible(struct request *request, yyjson_val *record)
{
	struct store_view *view;
	yyjson_val *network;

	return !request_view(request, &view, NULL) &&
	       !resource_get(view, request->arena, &resource_network,
			     json_string(record, "network_id"), &network, NULL) &&
	       rbac_shared_with(network, request->caller->project_id);
}

/* ?shared: as its network is. */
static bool matches(struct request *request, yyjson_val *record)
{
	const char *wanted = request_query(request, "shared");
	bool shared = wanted && (!strcasecmp(wanted, "true") || !strcmp(wanted, "1"));
	struct store_view *view;
	yyjson_val *network;

	return !wanted || (!request_view(request, &view, NULL) &&
			   !resource_get(view, request->arena, &resource_network,
					 json_string(record, "network_id"), &network, NULL) &&
			   rbac_shared_with(network, request->caller->project_id) == shared);
}

static int check_version(struct change *change, yyjson_mut_val *object, struct ip_prefix *prefix,
			 struct error *error)
{
	int64_t version = yyjson_mut_get_sint(yyjson_mut_obj_get(object, "ip_version"));
	const char *cidr = json_member(object, "cidr");
	char text[IP_CIDR_SIZE];

	if (version != 4 && version != 6)
		return attribute_refuse(error,
					"Invalid input for ip_version. Reason: '%d' is not "
					"in [4, 6].",
					(int)version);
	if (!cidr)
		return error_fault(error, -EINVAL, 400, "BadRequest",
				   "Bad subnets request: a subnetpool must be specified in the "
				   "absence of a cidr.");
	if (!ip_prefix_parse(cidr, prefix))
		return attribute_refuse(error,
					"Invalid input for cidr. Reason: '%s' is not a "
					"valid IP subnet.",
					cidr);
	if (prefix->base.version != version)
		return input_refuse(error,
				    "cidr '%s' does not match the "
				    "ip_version '%d'",
				    cidr, (int)version);
	if (!prefix->length)
		return input_refuse(error, "0 is not allowed as CIDR prefix "
					   "length");
	ip_prefix_format(prefix, text);
	json_set_string(change->doc, object, "cidr", text);
	return 0;
}

static int check_overlap(struct change *change, const char *network_id,
			 const struct ip_prefix *prefix, struct error *error)
{
	struct network_ports subnets;
	struct ip_prefix other;
	char cidr[IP_CIDR_SIZE];
	int result = resource_range(change->view, change->request->arena, &resource_subnet,
				    "network", network_id, &subnets, error);

	ip_prefix_format(prefix, cidr);
	for (size_t i = 0; !result && i < subnets.count; i++)
		if (ip_prefix_parse(json_string(subnets.items[i], "cidr"), &other) &&
		    ip_prefix_overlap(prefix, &other))
			return input_refuse(error,
					    "Requested subnet with "
					    "cidr: %s for network: %s overlaps with another subnet",
					    cidr, network_id);
	return result;
}

/* The default is the first host's address; of IPv6 the one that is all routers', as Neutron has
 * it. One outside of the subnet can't be checked (a link-local one is usual). */
static int set_gateway(struct change *change, yyjson_mut_val *object,
		       const struct ip_prefix *prefix, struct ip *gateway, struct error *error)
{
	yyjson_mut_val *given = yyjson_mut_obj_get(object, "gateway_ip");
	struct ip last = ip_last(prefix);
	char text[IP_SIZE];

	memset(gateway, 0, sizeof(*gateway));
	if (yyjson_mut_is_null(given))
		return 0;
	if (given && !ip_parse(yyjson_mut_get_str(given), gateway))
		return attribute_refuse(error, "Invalid input for gateway_ip.");
	if (!given)
		*gateway = ip_add(prefix->base, prefix->base.version == 4 && prefix->length < 32);
	if (gateway->version != prefix->base.version)
		return input_refuse(error,
				    "gateway_ip '%s' does not match "
				    "the ip_version '%d'",
				    yyjson_mut_get_str(given), prefix->base.version);
	if (gateway->version == 4 && prefix->length < 31 &&
	    (!ip_compare(gateway, &prefix->base) || !ip_compare(gateway, &last)))
		return input_refuse(error, "Gateway is not valid on subnet");
	ip_format(gateway, text);
	json_set_string(change->doc, object, "gateway_ip", text);
	return 0;
}

static int set_pools(struct change *change, yyjson_mut_val *object, const struct ip_prefix *prefix,
		     const struct ip *gateway, struct error *error)
{
	yyjson_mut_val *pools = yyjson_mut_obj_get(object, "allocation_pools");

	if (pools)
		return pools_check(pools, prefix, gateway, error);
	json_set(change->doc, object, "allocation_pools",
		 pools_standard(change->doc, prefix, gateway));
	return 0;
}

static int check_dhcp(yyjson_mut_val *object, const struct ip_prefix *prefix, struct error *error)
{
	if (!yyjson_mut_get_bool(yyjson_mut_obj_get(object, "enable_dhcp")) ||
	    prefix->length <= (prefix->base.version == 4 ? 30 : 126))
		return 0;
	return input_refuse(error, "Subnet has a prefix length that is "
				   "incompatible with DHCP service enabled");
}

static int find_network(struct change *change, const char *id, yyjson_val **network,
			struct error *error)
{
	int result = change_find(change, &resource_network, id, network, error);

	if (result || policy_owns(change->request, json_string(*network, "project_id")))
		return result;
	return error_fault(error, -EACCES, 403, "PolicyNotAuthorized",
			   "(rule:create_subnet) is disallowed by policy");
}

static int create(struct change *change, yyjson_mut_val *object, struct error *error)
{
	const char *network_id = json_member(object, "network_id");
	struct ip_prefix prefix;
	struct ip gateway;
	yyjson_val *network;
	int result = find_network(change, network_id, &network, error);

	if (!result)
		result = pool_allocate(change, object, error);
	if (!result)
		result = check_version(change, object, &prefix, error);
	if (!result)
		result = check_overlap(change, network_id, &prefix, error);
	if (!result)
		result = set_gateway(change, object, &prefix, &gateway, error);
	if (!result)
		result = set_pools(change, object, &prefix, &gateway, error);
	if (!result)
		result = check_dhcp(object, &prefix, error);
	if (!result)
		result = subnet_modes_check(value_freeze(change->request, object), error);
	if (!result)
		result = port_dhcp_join(change, network, object, error);
	if (!result)
		result = port_auto_join(change, network, value_freeze(change->request, object),
					error);
	if (!result)
		change_touch(change, &resource_network, network);
	return result;
}

static int update_pools(struct change *change, yyjson_mut_val *object, yyjson_mut_val *given,
			struct error *error)
{
	struct ip_prefix prefix;
	struct ip gateway = { 0 };

	if (!ip_prefix_parse(json_member(object, "cidr"), &prefix))
		return error_set(error, -EIO, "subnet has no prefix");
	if (yyjson_mut_obj_get(given, "gateway_ip") &&
	    set_gateway(change, object, &prefix, &gateway, error))
		return error->code;
	ip_parse(json_member(object, "gateway_ip"), &gateway);
	return pools_check(yyjson_mut_obj_get(object, "allocation_pools"), &prefix, &gateway,
			   error);
}

static int update(struct change *change, yyjson_val *old, yyjson_mut_val *object,
		  yyjson_mut_val *given, struct error *error)
{
	bool was = json_bool(old, "enable_dhcp", false);
	bool is = yyjson_mut_get_bool(yyjson_mut_obj_get(object, "enable_dhcp"));
	yyjson_val *network;
	int result = update_pools(change, object, given, error);

	if (!result && !is && yyjson_mut_obj_get(given, "enable_dhcp") &&
	    (json_string(old, "ipv6_ra_mode") || json_string(old, "ipv6_address_mode")))
		return input_refuse(error, "Cannot disable enable_dhcp with "
					   "ipv6 attributes set");

	if (!result)
		result = change_get(change, &resource_network, json_string(old, "network_id"),
				    &network, error);
	if (!result && is != was)
		result = is ? port_dhcp_join(change, network, object, error)
			    : port_dhcp_leave(change, network, object, error);
	if (!result)
		change_touch(change, &resource_network, network);
	return result;
}

/* Automatic addresses go with their subnet; a router's interface keeps it. */
static bool keeps_subnet(yyjson_val *port, const char *id, bool is_auto)
{
	if (is_auto && !json_is(port, "device_owner", "network:router_interface"))
		return false;
	return !json_is(port, "device_owner", "network:dhcp") && port_on_subnet(port, id);
}

static int refuse_in_use(struct change *change, yyjson_val *subnet, struct error *error)
{
	const char *id = json_string(subnet, "id");
	bool is_auto = subnet_is_auto(subnet);
	struct network_ports ports;
	int result = resource_range(change->view, change->request->arena, &resource_port, "network",
				    json_string(subnet, "network_id"), &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++)
		if (keeps_subnet(ports.items[i], id, is_auto))
			return error_fault(error, -EBUSY, 409, "SubnetInUse",
					   "Unable to complete operation on subnet %s: One or more "
					   "ports have an IP allocation from this subnet.",
					   id);
	return result;
}

static int remove_subnet(struct change *change, yyjson_val *old, struct error *error)
{
	const char *id = json_string(old, "id"), *network_id = json_string(old, "network_id");
	yyjson_val *network;
	int result = refuse_in_use(change, old, error);

	if (!result)
		result = change_get(change, &resource_network, network_id, &network, error);
	if (!result)
		result = port_dhcp_leave(change, network, yyjson_val_mut_copy(change->doc, old),
					 error);
	if (!result && subnet_is_auto(old))
		result = port_auto_leave(change, old, error);
	else if (!result)
		store_txn_compare_empty(change->txn, arena_printf(change->request->arena,
								  ADDRESS_PREFIX "%s/", id));
	if (result)
		return result;
	change_touch(change, &resource_network, network);
	return 0;
}

const struct resource resource_subnet = {
	.singular = "subnet",
	.plural = "subnets",
	.prefix = "/network/subnet/",
	.attributes = attributes,
	.missing_type = "SubnetNotFound",
	.missing_before = "Subnet ",
	.missing_after = " could not be found.",
	.create = create,
	.update = update,
	.remove = remove_subnet,
	.visible = visible,
	.matches = matches,
};
