/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security groups: a chain for each direction of each group, a set of each group's members. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/address.h"
#include "netstack/netd/firewall.h"

void firewall_name(char name[static FIREWALL_NAME_SIZE], const char *prefix, const char *id)
{
	snprintf(name, FIREWALL_NAME_SIZE, "%s-%s", prefix, id);
}

/* --- members --- */

static bool port_in_group(const struct net_port *port, const char *group)
{
	const struct net_id *groups = port->groups.items;

	for (size_t i = 0; i < port->groups.count; i++)
		if (strcmp(groups[i].id, group) == 0)
			return true;
	return false;
}

static int member_put(struct buffer *text, const char *value, int family)
{
	char canonical[CIDR_SIZE];
	struct address address;

	if (address_parse(value, &address) < 0 || address.family != family ||
	    !address_is_host(&address))
		return 0;
	address_format(&address, canonical);
	return buffer_printf(text, "\t\t\t%s,\n", canonical);
}

static int port_members(struct buffer *text, const struct net_port *port, int family)
{
	const struct net_address *addresses = port->addresses.items;
	const struct net_pair *pairs = port->pairs.items;
	int result = 0;

	for (size_t i = 0; result >= 0 && i < port->addresses.count; i++)
		result = member_put(text, addresses[i].address, family);
	for (size_t i = 0; result >= 0 && i < port->pairs.count; i++)
		result = member_put(text, pairs[i].address, family);
	return result;
}

static int members_put(const struct model *model, const struct net_group *group, int family,
		       struct buffer *text)
{
	bool ipv6 = family == AF_INET6;
	char name[FIREWALL_NAME_SIZE];
	int result;

	firewall_name(name, ipv6 ? "m6" : "m4", group->id);
	result = buffer_printf(text, "\tset %s {\n\t\ttype %s\n\t\telements = {\n", name,
			       ipv6 ? "ipv6_addr" : "ipv4_addr");
	model_each(model, OBJECT_PORT, object)
	{
		const struct port *port = (const struct port *)object;

		if (result >= 0 && !object->doomed && port_in_group(&port->desired, group->id))
			result = port_members(text, &port->desired, family);
	}
	return result < 0 ? result : buffer_printf(text, "\t\t}\n\t}\n");
}

/* --- rules --- */

static int protocol_put(struct buffer *text, const struct net_rule *rule, uint32_t *protocol)
{
	*protocol = rule->protocol - 1;
	/* 'icmp' of an IPv6 rule is ICMPv6, as in Neutron. */
	if (rule->ipv6 && *protocol == IPPROTO_ICMP)
		*protocol = IPPROTO_ICMPV6;
	return buffer_printf(text, " meta l4proto %u", *protocol);
}

static bool has_ports(uint32_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

static int icmp_put(struct buffer *text, const struct net_rule *rule)
{
	const char *name = rule->ipv6 ? "icmpv6" : "icmp";
	int result = 0;

	if (rule->port_min > 0)
		result = buffer_printf(text, " %s type %u", name, rule->port_min - 1);
	if (result >= 0 && rule->port_max > 0)
		result = buffer_printf(text, " %s code %u", name, rule->port_max - 1);
	return result;
}

static int ports_put(struct buffer *text, const struct net_rule *rule, uint32_t protocol)
{
	uint32_t low = rule->port_min, high = rule->port_max > 0 ? rule->port_max : low;

	if (protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6)
		return icmp_put(text, rule);
	if (!has_ports(protocol) || (low == 0 && high == 0))
		return 0;
	return buffer_printf(text, " th dport %u-%u", low, high);
}

static int remote_put(struct buffer *text, const struct net_rule *rule)
{
	const char *field = rule->egress ? "daddr" : "saddr", *header = rule->ipv6 ? "ip6" : "ip";
	char name[FIREWALL_NAME_SIZE], canonical[CIDR_SIZE];
	struct address address;

	if (rule->remote_group[0] != '\0') {
		firewall_name(name, rule->ipv6 ? "m6" : "m4", rule->remote_group);
		return buffer_printf(text, " %s %s @%s", header, field, name);
	}
	if (rule->remote_addresses[0] != '\0') {
		firewall_name(name, rule->ipv6 ? "a6" : "a4", rule->remote_addresses);
		return buffer_printf(text, " %s %s @%s", header, field, name);
	}
	if (rule->remote[0] == '\0' || address_parse(rule->remote, &address) < 0 ||
	    address.prefix == 0)
		return 0;
	address_format(&address, canonical);
	return buffer_printf(text, " %s %s %s", header, field, canonical);
}

/* What can't be meant as written allows nothing. */
static bool rule_is_sound(const struct model *model, const struct net_rule *rule)
{
	struct address address;

	if (rule->protocol > 256 || rule->port_min > 65535 || rule->port_max > 65535)
		return false;
	if (rule->remote_group[0] != '\0')
		return model_group(model, rule->remote_group) != NULL;
	if (rule->remote_addresses[0] != '\0')
		return model_addresses(model, rule->remote_addresses) != NULL;
	if (rule->remote[0] == '\0')
		return true;
	return address_parse(rule->remote, &address) == 0 &&
	       (address.family == AF_INET6) == rule->ipv6;
}

static int rule_put(struct buffer *text, const struct net_rule *rule)
{
	uint32_t protocol = 0;
	int result = buffer_printf(text, "\t\tmeta protocol %s", rule->ipv6 ? "ip6" : "ip");

	if (result >= 0 && rule->protocol > 0)
		result = protocol_put(text, rule, &protocol);
	if (result >= 0 && rule->protocol > 0)
		result = ports_put(text, rule, protocol);
	if (result >= 0)
		result = remote_put(text, rule);
	return result < 0 ? result : buffer_printf(text, " accept\n");
}

static int chain_put(const struct model *model, const struct net_group *group, bool egress,
		     struct buffer *text)
{
	const struct net_rule *rules = group->rules.items;
	char name[FIREWALL_NAME_SIZE];
	int result;

	firewall_name(name, egress ? "ge" : "gi", group->id);
	result = buffer_printf(text, "\tchain %s {\n", name);
	for (size_t i = 0; result >= 0 && i < group->rules.count; i++)
		if (rules[i].egress == egress && rule_is_sound(model, &rules[i]))
			result = rule_put(text, &rules[i]);
	return result < 0 ? result : buffer_printf(text, "\t}\n");
}

int firewall_groups(const struct model *model, struct buffer *text)
{
	int result = firewall_addresses(model, text);

	model_each(model, OBJECT_GROUP, object)
	{
		const struct net_group *group = &((const struct group *)object)->desired;

		if (object->doomed)
			continue;
		if (result >= 0)
			result = members_put(model, group, AF_INET, text);
		if (result >= 0)
			result = members_put(model, group, AF_INET6, text);
		if (result >= 0)
			result = chain_put(model, group, true, text);
		if (result >= 0)
			result = chain_put(model, group, false, text);
	}
	return result;
}
