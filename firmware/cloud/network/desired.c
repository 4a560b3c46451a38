/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/desired.h"

#include <stdio.h>
#include <string.h>

#include "firmware/cloud/network/agents.h"
#include "firmware/cloud/network/floating.h"
#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/qos.h"
#include "firmware/cloud/network/router.h"
#include "firmware/cloud/network/rules.h"

/* Records are checked when they are written: what does not fit here is cut, never overrun. */
static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

#define COPY(array, text) copy(array, sizeof(array), text)

/* Room for the items of a JSON array, as a message list. */
static int list_for(struct arena *arena, struct message_list *list, yyjson_val *array, size_t size,
		    size_t most)
{
	list->count = yyjson_arr_size(array);
	if (list->count > most)
		list->count = most;
	list->items = arena_alloc(arena, list->count * size + 1);
	return list->items ? 0 : -ENOMEM;
}

static int fill_dns(struct arena *arena, yyjson_val *record, struct message_list *list)
{
	yyjson_val *array = yyjson_obj_get(record, "dns_nameservers");
	int result = list_for(arena, list, array, sizeof(struct net_address), NET_DNS_MAX);
	struct net_address *items = list->items;

	for (size_t i = 0; !result && i < list->count; i++)
		COPY(items[i].address, yyjson_get_str(yyjson_arr_get(array, i)));
	return result;
}

static int fill_routes(struct arena *arena, yyjson_val *array, struct message_list *list)
{
	int result = list_for(arena, list, array, sizeof(struct net_route), NET_ROUTES_MAX);
	struct net_route *items = list->items;

	for (size_t i = 0; !result && i < list->count; i++) {
		yyjson_val *route = yyjson_arr_get(array, i);

		COPY(items[i].destination, json_string(route, "destination"));
		COPY(items[i].nexthop, json_string(route, "nexthop"));
	}
	return result;
}

static int fill_subnet(struct arena *arena, yyjson_val *record, struct net_subnet *subnet)
{
	int result;

	COPY(subnet->id, json_string(record, "id"));
	COPY(subnet->cidr, json_string(record, "cidr"));
	COPY(subnet->gateway, json_string(record, "gateway_ip"));
	COPY(subnet->ra_mode, json_string(record, "ipv6_ra_mode"));
	COPY(subnet->address_mode, json_string(record, "ipv6_address_mode"));
	COPY(subnet->dhcp_address, json_string(record, "_dhcp_address"));
	subnet->dhcp = subnet->dhcp_address[0] != '\0';
	result = fill_dns(arena, record, &subnet->dns);
	return result ? result
		      : fill_routes(arena, yyjson_obj_get(record, "host_routes"), &subnet->routes);
}

static int fill_dhcp_mac(struct store_view *view, struct arena *arena, const char *network_id,
			 struct net_network *network, struct error *error)
{
	struct network_ports ports;
	int result =
		resource_range(view, arena, &resource_port, "network", network_id, &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++)
		if (json_is(ports.items[i], "device_owner", "network:dhcp"))
			COPY(network->dhcp_mac, json_string(ports.items[i], "mac_address"));
	return result;
}

/* Records end it with a dot, messages do not. */
static void fill_domain(char domain[static 256], const char *from)
{
	size_t length;

	copy(domain, 256, from);
	length = strlen(domain);
	if (length > 0 && domain[length - 1] == '.')
		domain[length - 1] = '\0';
}

int desired_network(struct store_view *view, struct arena *arena, yyjson_val *record,
		    struct net_network *network, struct error *error)
{
	const char *id = json_string(record, "id");
	bool served = agent_serves_network(view, arena, record);
	struct network_ports subnets;
	struct net_subnet *items;
	int result = resource_range(view, arena, &resource_subnet, "network", id, &subnets, error);

	if (result)
		return result;
	COPY(network->id, id);
	COPY(network->type, json_string(record, "provider:network_type"));
	COPY(network->physical, json_string(record, "provider:physical_network"));
	fill_domain(network->dns_domain, json_string(record, "dns_domain"));
	if (json_is(record, "provider:network_type", "vlan"))
		network->vlan = (uint32_t)json_integer(record, "provider:segmentation_id", 0);
	else
		network->vni = (uint32_t)json_integer(record, "provider:segmentation_id", 0);
	network->mtu = (uint32_t)json_integer(record, "mtu", 1450);
	network->admin_up = json_bool(record, "admin_state_up", true);
	network->external = json_bool(record, "router:external", false);
	network->subnets.count = subnets.count < NET_SUBNETS_MAX ? subnets.count : NET_SUBNETS_MAX;
	network->subnets.items = items = arena_alloc(arena, NET_SUBNETS_MAX * sizeof(*items));
	if (!items)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; !result && i < network->subnets.count; i++) {
		result = fill_subnet(arena, subnets.items[i], &items[i]);
		items[i].dhcp = items[i].dhcp && served;
	}
	if (!result)
		result = qos_desired(view, arena, json_string(record, "qos_policy_id"),
				     &network->qos, error);
	return result ? result : fill_dhcp_mac(view, arena, id, network, error);
}

static int fill_addresses(struct arena *arena, yyjson_val *record, struct message_list *list)
{
	yyjson_val *array = yyjson_obj_get(record, "fixed_ips");
	int result =
		list_for(arena, list, array, sizeof(struct net_address), NET_PORT_ADDRESSES_MAX);
	struct net_address *items = list->items;

	for (size_t i = 0; !result && i < list->count; i++)
		COPY(items[i].address, json_string(yyjson_arr_get(array, i), "ip_address"));
	return result;
}

static int fill_groups(struct arena *arena, yyjson_val *record, struct message_list *list)
{
	yyjson_val *array = yyjson_obj_get(record, "security_groups");
	int result = list_for(arena, list, array, sizeof(struct net_id), NET_PORT_GROUPS_MAX);
	struct net_id *items = list->items;

	for (size_t i = 0; !result && i < list->count; i++)
		COPY(items[i].id, yyjson_get_str(yyjson_arr_get(array, i)));
	return result;
}

static int fill_pairs(struct arena *arena, yyjson_val *record, struct message_list *list)
{
	yyjson_val *array = yyjson_obj_get(record, "allowed_address_pairs");
	int result = list_for(arena, list, array, sizeof(struct net_pair), NET_PORT_PAIRS_MAX);
	struct net_pair *items = list->items;

	for (size_t i = 0; !result && i < list->count; i++) {
		yyjson_val *pair = yyjson_arr_get(array, i);
		const char *mac = json_string(pair, "mac_address");

		COPY(items[i].mac, mac ? mac : json_string(record, "mac_address"));
		COPY(items[i].address, json_string(pair, "ip_address"));
	}
	return result;
}

int desired_port(struct store_view *view, struct arena *arena, yyjson_val *record,
		 struct net_port *port, struct error *error)
{
	int result;

	COPY(port->id, json_string(record, "id"));
	COPY(port->network_id, json_string(record, "network_id"));
	COPY(port->mac, json_string(record, "mac_address"));
	COPY(port->owner, json_string(record, "device_owner"));
	COPY(port->device_id, json_string(record, "device_id"));
	COPY(port->hostname, json_string(record, "dns_name"));
	port->hostname[strcspn(port->hostname, ".")] = '\0'; /* the domain is the network's */
	port->admin_up = json_bool(record, "admin_state_up", true);
	COPY(port->trunk_port, json_string(record, "_trunk_port"));
	port->trunk_vlan = (uint32_t)json_integer(record, "_trunk_vlan", 0);
	port->port_security = json_bool(record, "port_security_enabled", true);
	result = fill_addresses(arena, record, &port->addresses);
	if (!result)
		result = fill_groups(arena, record, &port->groups);
	if (!result)
		result = fill_pairs(arena, record, &port->pairs);
	return result ? result
		      : qos_desired(view, arena, json_string(record, "qos_policy_id"), &port->qos,
				    error);
}

static void fill_port_range(yyjson_val *record, struct net_rule *rule)
{
	yyjson_val *min = yyjson_obj_get(record, "port_range_min");
	yyjson_val *max = yyjson_obj_get(record, "port_range_max");
	/* ICMP's type and code may be 0: both are sent plus one. */
	uint32_t plus = rule->protocol == 1 + 1 || rule->protocol == 58 + 1;

	if (yyjson_is_int(min))
		rule->port_min = (uint32_t)yyjson_get_sint(min) + plus;
	if (yyjson_is_int(max))
		rule->port_max = (uint32_t)yyjson_get_sint(max) + plus;
}

static void fill_rule(yyjson_val *record, struct net_rule *rule)
{
	int protocol = rule_protocol_number(json_string(record, "protocol"));

	COPY(rule->id, json_string(record, "id"));
	rule->egress = json_is(record, "direction", "egress");
	rule->ipv6 = json_is(record, "ethertype", "IPv6");
	/* 'icmp' in a rule for IPv6 means ICMPv6, as in Neutron. */
	if (rule->ipv6 && protocol == 1)
		protocol = 58;
	rule->protocol = protocol < 0 ? 0 : (uint32_t)protocol + 1;
	fill_port_range(record, rule);
	COPY(rule->remote, json_string(record, "normalized_cidr"));
	COPY(rule->remote_group, json_string(record, "remote_group_id"));
	COPY(rule->remote_addresses, json_string(record, "remote_address_group_id"));
}

int desired_group(struct store_view *view, struct arena *arena, yyjson_val *record,
		  struct net_group *group, struct error *error)
{
	struct network_ports rules;
	struct net_rule *items;
	int result = resource_range(view, arena, &resource_rule, "group", json_string(record, "id"),
				    &rules, error);

	if (result)
		return result;
	COPY(group->id, json_string(record, "id"));
	group->stateful = json_bool(record, "stateful", true);
	group->rules.count = rules.count < NET_GROUP_RULES_MAX ? rules.count : NET_GROUP_RULES_MAX;
	group->rules.items = items = arena_alloc(arena, group->rules.count * sizeof(*items) + 1);
	if (!items)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < group->rules.count; i++)
		fill_rule(rules.items[i], &items[i]);
	return 0;
}

int desired_addresses(struct arena *arena, yyjson_val *record, struct net_addresses *group)
{
	yyjson_val *array = yyjson_obj_get(record, "addresses");
	int result = list_for(arena, &group->addresses, array, sizeof(struct net_address),
			      NET_ADDRESSES_MAX);
	struct net_address *items = group->addresses.items;

	COPY(group->id, json_string(record, "id"));
	for (size_t i = 0; !result && i < group->addresses.count; i++)
		COPY(items[i].address, yyjson_get_str(yyjson_arr_get(array, i)));
	return result;
}

/* An address with the length of its subnet's prefix; "" when the subnet has none. */
static void fill_interface_address(struct store_view *view, struct arena *arena,
				   yyjson_val *fixed_ip, char text[static CIDR_SIZE])
{
	const char *id = json_string(fixed_ip, "subnet_id");
	struct ip_prefix prefix;
	yyjson_val *subnet;

	text[0] = '\0';
	if (!id || resource_get(view, arena, &resource_subnet, id, &subnet, NULL) ||
	    !ip_prefix_parse(json_string(subnet, "cidr"), &prefix))
		return;
	snprintf(text, CIDR_SIZE, "%s/%u", json_string(fixed_ip, "ip_address"), prefix.length);
}

/* One for each address of the port; those without a prefix can't be wired. */
static size_t fill_interfaces(struct store_view *view, struct arena *arena, yyjson_val *port,
			      struct net_router_interface *items, size_t most)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *fixed_ip;
	size_t index, count, kept = 0;

	yyjson_arr_foreach (list, index, count, fixed_ip) {
		if (kept == most)
			break;
		COPY(items[kept].port_id, json_string(port, "id"));
		COPY(items[kept].network_id, json_string(port, "network_id"));
		COPY(items[kept].subnet_id, json_string(fixed_ip, "subnet_id"));
		COPY(items[kept].mac, json_string(port, "mac_address"));
		fill_interface_address(view, arena, fixed_ip, items[kept].address);
		kept += items[kept].address[0] != '\0';
	}
	return kept;
}

/* Of the gateway's addresses, the first of each version. */
static yyjson_val *first_address(yyjson_val *port, bool ipv6)
{
	yyjson_val *list = yyjson_obj_get(port, "fixed_ips"), *item;
	size_t index, count;

	yyjson_arr_foreach (list, index, count, item) {
		if ((strchr(json_string(item, "ip_address"), ':') != NULL) == ipv6)
			return item;
	}
	return NULL;
}

static void fill_gateway(struct store_view *view, struct arena *arena, yyjson_val *record,
			 struct net_router *router)
{
	yyjson_val *info = yyjson_obj_get(record, "external_gateway_info"), *port;
	const char *id = json_string(record, "_gateway_port");

	COPY(router->external_network, json_string(info, "network_id"));
	router->snat = json_bool(info, "enable_snat", true);
	if (!id || resource_get(view, arena, &resource_port, id, &port, NULL))
		return;
	COPY(router->external_mac, json_string(port, "mac_address"));
	fill_interface_address(view, arena, first_address(port, false), router->external_address);
	fill_interface_address(view, arena, first_address(port, true), router->external_address6);
}

/* Addresses outside have their own policy, or else that of their network. */
static int fill_outside_qos(struct store_view *view, struct arena *arena, const char *policy_id,
			    const char *network_id, struct net_qos *qos, struct error *error)
{
	if (!policy_id)
		policy_id = qos_network_policy(view, arena, network_id);
	return qos_desired(view, arena, policy_id, qos, error);
}

static int fill_floatings(struct store_view *view, struct arena *arena,
			  const struct network_ports *list, struct net_router *router,
			  struct error *error)
{
	struct net_floating *items = arena_alloc(arena, list->count * sizeof(*items) + 1);
	size_t count = 0;
	int result = items ? 0 : -ENOMEM;

	for (size_t i = 0; !result && i < list->count && count < NET_ROUTER_FLOATINGS_MAX; i++) {
		yyjson_val *record = list->items[i];

		memset(&items[count], 0, sizeof(items[count]));
		COPY(items[count].address, json_string(record, "floating_ip_address"));
		COPY(items[count].fixed, json_string(record, "fixed_ip_address"));
		result = fill_outside_qos(view, arena, json_string(record, "qos_policy_id"),
					  json_string(record, "floating_network_id"),
					  &items[count].qos, error);
		/* One that only has ports forwarded is there for its limits. */
		count += items[count].fixed[0] || items[count].qos.set;
	}
	router->floatings = (struct message_list){ items, count };
	return result;
}

static void fill_forward(yyjson_val *floating, yyjson_val *record, struct net_forward *forward)
{
	*forward = (struct net_forward){ 0 };
	COPY(forward->address, json_string(floating, "floating_ip_address"));
	COPY(forward->fixed, json_string(record, "internal_ip_address"));
	forward->protocol = (uint32_t)rule_protocol_number(json_string(record, "protocol"));
	sscanf(json_string(record, "external_port_range"), "%u:%u", &forward->external_first,
	       &forward->external_last);
	sscanf(json_string(record, "internal_port_range"), "%u:%u", &forward->internal_first,
	       &forward->internal_last);
}

static int fill_forwards(struct store_view *view, struct arena *arena,
			 const struct network_ports *list, struct net_router *router,
			 struct error *error)
{
	struct net_forward *items = arena_alloc(arena, NET_ROUTER_FORWARDS_MAX * sizeof(*items));
	struct network_ports forwards;
	size_t count = 0;
	int result = items ? 0 : error_set(error, -ENOMEM, "out of memory");

	for (size_t i = 0; !result && i < list->count; i++) {
		result = forwards_of(view, arena, json_string(list->items[i], "id"), &forwards,
				     error);
		for (size_t j = 0; !result && j < forwards.count && count < NET_ROUTER_FORWARDS_MAX;
		     j++)
			fill_forward(list->items[i], forwards.items[j], &items[count++]);
	}
	router->forwards = (struct message_list){ items, count };
	return result;
}

static int fill_outside(struct store_view *view, struct arena *arena, struct net_router *router,
			struct error *error)
{
	struct network_ports list;
	int result = resource_range(view, arena, &resource_floatingip, "router", router->id, &list,
				    error);

	if (!result)
		result = fill_floatings(view, arena, &list, router, error);
	return result ? result : fill_forwards(view, arena, &list, router, error);
}

int desired_router(struct store_view *view, struct arena *arena, yyjson_val *record,
		   struct net_router *router, struct error *error)
{
	struct network_ports ports;
	struct net_router_interface *items;
	size_t kept = 0;
	int result = router_interfaces(view, arena, json_string(record, "id"), &ports, error);

	if (result)
		return result;
	COPY(router->id, json_string(record, "id"));
	router->admin_up = json_bool(record, "admin_state_up", true) &&
			   agent_carries_router(view, arena, record);
	fill_gateway(view, arena, record, router);
	items = arena_alloc(arena, NET_ROUTER_INTERFACES_MAX * sizeof(*items));
	if (!items)
		return error_set(error, -ENOMEM, "out of memory");
	for (size_t i = 0; i < ports.count; i++)
		kept += fill_interfaces(view, arena, ports.items[i], items + kept,
					NET_ROUTER_INTERFACES_MAX - kept);
	router->interfaces = (struct message_list){ items, kept };
	result = fill_outside(view, arena, router, error);
	if (!result && router->external_network[0])
		result = fill_outside_qos(view, arena, json_string(record, "_qos_policy_id"),
					  router->external_network, &router->qos, error);
	return result ? result
		      : fill_routes(arena, yyjson_obj_get(record, "routes"), &router->routes);
}
