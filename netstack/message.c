/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/message.h"

static const struct field net_address_fields[] = {
	FIELD(1, FIELD_STRING, struct net_address, address, true),
	FIELD_END,
};

static const struct field net_route_fields[] = {
	FIELD(1, FIELD_STRING, struct net_route, destination, false),
	FIELD(2, FIELD_STRING, struct net_route, nexthop, false),
	FIELD_END,
};

const struct field net_id_fields[] = {
	FIELD(1, FIELD_STRING, struct net_id, id, true),
	FIELD_END,
};

static const struct field net_subnet_fields[] = {
	FIELD(1, FIELD_STRING, struct net_subnet, id, true),
	FIELD(2, FIELD_STRING, struct net_subnet, cidr, true),
	FIELD(3, FIELD_STRING, struct net_subnet, gateway, false),
	FIELD(4, FIELD_BOOL, struct net_subnet, dhcp, false),
	FIELD(5, FIELD_STRING, struct net_subnet, dhcp_address, false),
	FIELD_LISTED(6, struct net_subnet, dns, struct net_address, net_address_fields,
		     NET_DNS_MAX),
	FIELD_LISTED(7, struct net_subnet, routes, struct net_route, net_route_fields,
		     NET_ROUTES_MAX),
	FIELD(8, FIELD_STRING, struct net_subnet, ra_mode, false),
	FIELD(9, FIELD_STRING, struct net_subnet, address_mode, false),
	FIELD_END,
};

static const struct field net_qos_fields[] = {
	FIELD(1, FIELD_BOOL, struct net_qos, set, false),
	FIELD(2, FIELD_U32, struct net_qos, egress_kbps, false),
	FIELD(3, FIELD_U32, struct net_qos, egress_burst, false),
	FIELD(4, FIELD_U32, struct net_qos, ingress_kbps, false),
	FIELD(5, FIELD_U32, struct net_qos, ingress_burst, false),
	FIELD(6, FIELD_U32, struct net_qos, dscp, false),
	FIELD_END,
};

const struct field net_network_fields[] = {
	FIELD(1, FIELD_STRING, struct net_network, id, true),
	FIELD(2, FIELD_STRING, struct net_network, type, true),
	FIELD(3, FIELD_U32, struct net_network, vni, false),
	FIELD(4, FIELD_STRING, struct net_network, physical, false),
	FIELD(5, FIELD_U32, struct net_network, mtu, false),
	FIELD(6, FIELD_BOOL, struct net_network, admin_up, false),
	FIELD(7, FIELD_BOOL, struct net_network, external, false),
	FIELD(8, FIELD_STRING, struct net_network, dns_domain, false),
	FIELD(9, FIELD_STRING, struct net_network, dhcp_mac, false),
	FIELD_LISTED(10, struct net_network, subnets, struct net_subnet, net_subnet_fields,
		     NET_SUBNETS_MAX),
	FIELD_NESTED(11, struct net_network, qos, net_qos_fields, false),
	FIELD(20, FIELD_U32, struct net_network, vlan, false),
	FIELD_END,
};

static const struct field net_pair_fields[] = {
	FIELD(1, FIELD_STRING, struct net_pair, mac, false),
	FIELD(2, FIELD_STRING, struct net_pair, address, false),
	FIELD_END,
};

const struct field net_port_fields[] = {
	FIELD(1, FIELD_STRING, struct net_port, id, true),
	FIELD(2, FIELD_STRING, struct net_port, network_id, true),
	FIELD(3, FIELD_STRING, struct net_port, mac, true),
	FIELD(4, FIELD_STRING, struct net_port, owner, false),
	FIELD(5, FIELD_STRING, struct net_port, device_id, false),
	FIELD(6, FIELD_STRING, struct net_port, hostname, false),
	FIELD(7, FIELD_BOOL, struct net_port, admin_up, false),
	FIELD(8, FIELD_BOOL, struct net_port, port_security, false),
	FIELD_LISTED(9, struct net_port, addresses, struct net_address, net_address_fields,
		     NET_PORT_ADDRESSES_MAX),
	FIELD_LISTED(10, struct net_port, groups, struct net_id, net_id_fields,
		     NET_PORT_GROUPS_MAX),
	FIELD_LISTED(11, struct net_port, pairs, struct net_pair, net_pair_fields,
		     NET_PORT_PAIRS_MAX),
	FIELD_NESTED(12, struct net_port, qos, net_qos_fields, false),
	FIELD(21, FIELD_STRING, struct net_port, trunk_port, false),
	FIELD(22, FIELD_U32, struct net_port, trunk_vlan, false),
	FIELD_END,
};

static const struct field net_rule_fields[] = {
	FIELD(1, FIELD_STRING, struct net_rule, id, true),
	FIELD(2, FIELD_BOOL, struct net_rule, egress, false),
	FIELD(3, FIELD_BOOL, struct net_rule, ipv6, false),
	FIELD(4, FIELD_U32, struct net_rule, protocol, false),
	FIELD(5, FIELD_U32, struct net_rule, port_min, false),
	FIELD(6, FIELD_U32, struct net_rule, port_max, false),
	FIELD(7, FIELD_STRING, struct net_rule, remote, false),
	FIELD(8, FIELD_STRING, struct net_rule, remote_group, false),
	FIELD(9, FIELD_STRING, struct net_rule, remote_addresses, false),
	FIELD_END,
};

const struct field net_group_fields[] = {
	FIELD(1, FIELD_STRING, struct net_group, id, true),
	FIELD(2, FIELD_BOOL, struct net_group, stateful, false),
	FIELD_LISTED(3, struct net_group, rules, struct net_rule, net_rule_fields,
		     NET_GROUP_RULES_MAX),
	FIELD_END,
};

const struct field net_addresses_fields[] = {
	FIELD(1, FIELD_STRING, struct net_addresses, id, true),
	FIELD_LISTED(2, struct net_addresses, addresses, struct net_address, net_address_fields,
		     NET_ADDRESSES_MAX),
	FIELD_END,
};

static const struct field net_router_interface_fields[] = {
	FIELD(1, FIELD_STRING, struct net_router_interface, port_id, true),
	FIELD(2, FIELD_STRING, struct net_router_interface, network_id, true),
	FIELD(3, FIELD_STRING, struct net_router_interface, subnet_id, false),
	FIELD(4, FIELD_STRING, struct net_router_interface, mac, false),
	FIELD(5, FIELD_STRING, struct net_router_interface, address, true),
	FIELD_END,
};

static const struct field net_floating_fields[] = {
	FIELD(1, FIELD_STRING, struct net_floating, address, true),
	FIELD(2, FIELD_STRING, struct net_floating, fixed, false),
	FIELD_NESTED(3, struct net_floating, qos, net_qos_fields, false),
	FIELD_END,
};

static const struct field net_forward_fields[] = {
	FIELD(1, FIELD_STRING, struct net_forward, address, true),
	FIELD(2, FIELD_STRING, struct net_forward, fixed, true),
	FIELD(3, FIELD_U32, struct net_forward, protocol, true),
	FIELD(4, FIELD_U32, struct net_forward, external_first, true),
	FIELD(5, FIELD_U32, struct net_forward, external_last, true),
	FIELD(6, FIELD_U32, struct net_forward, internal_first, true),
	FIELD(7, FIELD_U32, struct net_forward, internal_last, true),
	FIELD_END,
};

const struct field net_router_fields[] = {
	FIELD(1, FIELD_STRING, struct net_router, id, true),
	FIELD(2, FIELD_BOOL, struct net_router, admin_up, false),
	FIELD(3, FIELD_BOOL, struct net_router, snat, false),
	FIELD(4, FIELD_STRING, struct net_router, external_network, false),
	FIELD(5, FIELD_STRING, struct net_router, external_address, false),
	FIELD(6, FIELD_STRING, struct net_router, external_mac, false),
	FIELD_LISTED(7, struct net_router, interfaces, struct net_router_interface,
		     net_router_interface_fields, NET_ROUTER_INTERFACES_MAX),
	FIELD_LISTED(8, struct net_router, routes, struct net_route, net_route_fields,
		     NET_ROUTES_MAX),
	FIELD(9, FIELD_STRING, struct net_router, external_address6, false),
	FIELD_LISTED(16, struct net_router, floatings, struct net_floating, net_floating_fields,
		     NET_ROUTER_FLOATINGS_MAX),
	FIELD_LISTED(17, struct net_router, forwards, struct net_forward, net_forward_fields,
		     NET_ROUTER_FORWARDS_MAX),
	FIELD_NESTED(18, struct net_router, qos, net_qos_fields, false),
	FIELD_END,
};

const struct field net_uplink_fields[] = {
	FIELD(1, FIELD_STRING, struct net_uplink, link, false),
	FIELD(2, FIELD_STRING, struct net_uplink, mode, true),
	FIELD(3, FIELD_STRING, struct net_uplink, address, false),
	FIELD(4, FIELD_STRING, struct net_uplink, gateway, false),
	FIELD_LISTED(5, struct net_uplink, dns, struct net_address, net_address_fields,
		     NET_DNS_MAX),
	FIELD(6, FIELD_STRING, struct net_uplink, ipv6_mode, false),
	FIELD(7, FIELD_STRING, struct net_uplink, ipv6_address, false),
	FIELD(8, FIELD_STRING, struct net_uplink, ipv6_gateway, false),
	FIELD_END,
};

const struct field net_peers_fields[] = {
	FIELD(1, FIELD_STRING, struct net_peers, endpoint, false),
	FIELD(2, FIELD_U32, struct net_peers, port, false),
	FIELD(3, FIELD_BOOL, struct net_peers, learning, false),
	FIELD_LISTED(4, struct net_peers, peers, struct net_address, net_address_fields,
		     NET_PEERS_MAX),
	FIELD_END,
};

static const struct field net_remote_fields[] = {
	FIELD(1, FIELD_STRING, struct net_remote, mac, true),
	FIELD(2, FIELD_STRING, struct net_remote, peer, true),
	FIELD(3, FIELD_STRING, struct net_remote, address, false),
	FIELD_END,
};

const struct field net_remotes_fields[] = {
	FIELD(1, FIELD_U32, struct net_remotes, vni, true),
	FIELD_LISTED(2, struct net_remotes, remotes, struct net_remote, net_remote_fields,
		     NET_REMOTES_MAX),
	FIELD_END,
};

static const struct field net_physical_fields[] = {
	FIELD(1, FIELD_STRING, struct net_physical, name, true),
	FIELD(2, FIELD_STRING, struct net_physical, link, true),
	FIELD_END,
};

const struct field net_physicals_fields[] = {
	FIELD_LISTED(1, struct net_physicals, physicals, struct net_physical, net_physical_fields,
		     NET_PHYSICALS_MAX),
	FIELD_END,
};

const struct field net_uplink_state_fields[] = {
	FIELD(1, FIELD_STRING, struct net_uplink_state, link, false),
	FIELD(2, FIELD_BOOL, struct net_uplink_state, carrier, false),
	FIELD_LISTED(3, struct net_uplink_state, addresses, struct net_address, net_address_fields,
		     NET_PORT_ADDRESSES_MAX),
	FIELD(4, FIELD_STRING, struct net_uplink_state, gateway, false),
	FIELD_LISTED(5, struct net_uplink_state, dns, struct net_address, net_address_fields,
		     NET_DNS_MAX),
	FIELD(6, FIELD_U32, struct net_uplink_state, mtu, false),
	FIELD_END,
};

const struct field net_port_state_fields[] = {
	FIELD(1, FIELD_STRING, struct net_port_state, id, true),
	FIELD(2, FIELD_BOOL, struct net_port_state, up, false),
	FIELD(3, FIELD_STRING, struct net_port_state, reason, false),
	FIELD_END,
};

const struct field net_counters_fields[] = {
	FIELD(1, FIELD_U32, struct net_counters, code, false),
	FIELD(2, FIELD_U64, struct net_counters, received_bytes, false),
	FIELD(3, FIELD_U64, struct net_counters, received_packets, false),
	FIELD(4, FIELD_U64, struct net_counters, received_errors, false),
	FIELD(5, FIELD_U64, struct net_counters, received_dropped, false),
	FIELD(6, FIELD_U64, struct net_counters, sent_bytes, false),
	FIELD(7, FIELD_U64, struct net_counters, sent_packets, false),
	FIELD(8, FIELD_U64, struct net_counters, sent_errors, false),
	FIELD(9, FIELD_U64, struct net_counters, sent_dropped, false),
	FIELD_END,
};

const struct field net_reply_fields[] = {
	FIELD(1, FIELD_U32, struct net_reply, code, false),
	FIELD(2, FIELD_STRING, struct net_reply, reason, false),
	FIELD_END,
};

const struct field svc_dns_fields[] = {
	FIELD(1, FIELD_U32, struct svc_dns, token, false),
	FIELD(2, FIELD_BYTES, struct svc_dns, packet, true),
	FIELD_END,
};

const struct field svc_metadata_get_fields[] = {
	FIELD(1, FIELD_STRING, struct svc_metadata_get, network_id, false),
	FIELD(2, FIELD_STRING, struct svc_metadata_get, address, true),
	FIELD(3, FIELD_STRING, struct svc_metadata_get, method, false),
	FIELD(4, FIELD_STRING, struct svc_metadata_get, path, true),
	FIELD(5, FIELD_STRING, struct svc_metadata_get, mac, false),
	FIELD_END,
};

const struct field svc_metadata_fields[] = {
	FIELD(1, FIELD_U32, struct svc_metadata, status, true),
	FIELD(2, FIELD_STRING, struct svc_metadata, content_type, false),
	FIELD(3, FIELD_BYTES, struct svc_metadata, body, false),
	FIELD_END,
};
