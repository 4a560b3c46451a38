/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Security groups at the ports. Each guest's port has two chains, e-<id> and i-<id>, that walk the
 * chains of its groups; what none of them accepts is dropped. They are found by the link's name
 * (bridge family) or by the packet's mark (inet family), see firewall.h.
 */
#include <string.h>

#include "netstack/netd/firewall_internal.h"
#include "netstack/netd/names.h"
#include "netstack/netd/physical.h"

static bool bridge_family(const struct firewall_writer *writer)
{
	return writer->firewall->bridge_conntrack;
}

/* --- dispatch --- */

static void verdict_put(struct firewall_writer *writer, const struct net_port *port,
			const char *prefix, unsigned number, unsigned shift)
{
	char tap[IFNAMSIZ], chain[FIREWALL_NAME_SIZE];

	name_link(tap, "ct", port->id);
	firewall_name(chain, prefix, port->id);
	if (bridge_family(writer))
		firewall_put(writer, "\t\t\t%s : ", tap);
	else
		firewall_put(writer, "\t\t\t0x%x : ", number << shift);
	if (port->port_security)
		firewall_put(writer, "goto %s,\n", chain);
	else
		firewall_put(writer, "accept,\n");
}

static void dispatch_put(struct firewall_writer *writer, const char *map, const char *prefix,
			 unsigned shift)
{
	firewall_put(writer, "\tmap %s {\n\t\ttype %s : verdict\n\t\telements = {\n", map,
		     bridge_family(writer) ? "ifname" : "mark");
	firewall_each_guest(writer, port)
		verdict_put(writer, &port->desired, prefix, port->number, shift);
	firewall_put(writer, "\t\t}\n\t}\n");
}

/* Links without a number: routers and svc's, which has a fixed one. */
static void number_put(struct firewall_writer *writer, unsigned shift)
{
	char name[IFNAMSIZ];

	firewall_each_guest(writer, port)
	{
		name_link(name, "ct", port->desired.id);
		firewall_put(writer, "\t\t\t%s : 0x%x,\n", name, (unsigned)port->number << shift);
	}
	model_each(writer->firewall->model, OBJECT_NETWORK, object)
	{
		name_link(name, "cs", ((struct network *)object)->desired.id);
		firewall_put(writer, "\t\t\t%s : 0x%x,\n", name, FIREWALL_SVC_NUMBER << shift);
	}
}

static void receiver_put(struct firewall_writer *writer, const char *link, unsigned number)
{
	firewall_put(writer, "\tchain to-%s {\n\t\tmeta mark set meta mark | 0x%x\n\t}\n", link,
		     number);
}

static void receivers_put(struct firewall_writer *writer)
{
	char name[IFNAMSIZ];

	firewall_each_guest(writer, port)
	{
		name_link(name, "ct", port->desired.id);
		receiver_put(writer, name, port->number);
	}
	receiver_put(writer, "svc", FIREWALL_SVC_NUMBER);
	firewall_put(writer, "\tmap receivers {\n\t\ttype ifname : verdict\n\t\telements = {\n");
	firewall_each_guest(writer, port)
	{
		name_link(name, "ct", port->desired.id);
		firewall_put(writer, "\t\t\t%s : jump to-%s,\n", name, name);
	}
	firewall_put(writer, "\t\t}\n\t}\n");
}

void firewall_marks(struct firewall_writer *writer)
{
	firewall_put(writer, "\tmap senders {\n\t\ttype ifname : mark\n\t\telements = {\n");
	number_put(writer, 16);
	firewall_put(writer, "\t\t}\n\t}\n");
	receivers_put(writer);
	firewall_put(writer, "\tchain sender {\n"
			     "\t\ttype filter hook prerouting priority -310; policy accept;\n"
			     "\t\tmeta mark set 0\n"
			     "\t\tmeta mark set iifname map @senders\n\t}\n"
			     "\tchain receiver {\n"
			     "\t\ttype filter hook forward priority -200; policy accept;\n"
			     "\t\tiifname c* oifname cs* jump to-svc\n"
			     "\t\toifname vmap @receivers\n\t}\n");
}

/* --- zones --- */

/* Tenants' addresses overlap: each network's connections are in a zone of their own. */
static unsigned zone(const struct net_network *network)
{
	uint32_t hash = 2166136261U; /* FNV-1a of the id: not all networks have a number */

	if (network->vni != 0)
		return network->vni & 0xffff;
	for (const char *id = network->id; *id != '\0'; id++)
		hash = (hash ^ (uint8_t)*id) * 16777619U;
	return (hash & 0xffff) | 1;
}

static void zone_ports_put(struct firewall_writer *writer, const struct net_network *network)
{
	char name[IFNAMSIZ];

	name_link(name, "cs", network->id);
	firewall_put(writer, "\t\t\t%s : %u,\n", name, zone(network));
	if (network->vni != 0)
		name_tunnel(name, network);
	else
		physical_port(writer->firewall->physicals, network, name);
	if (name[0] != '\0')
		firewall_put(writer, "\t\t\t%s : %u,\n", name, zone(network));
	firewall_each_guest(writer, port)
	{
		if (strcmp(port->desired.network_id, network->id) != 0)
			continue;
		name_link(name, "ct", port->desired.id);
		firewall_put(writer, "\t\t\t%s : %u,\n", name, zone(network));
	}
	model_each(writer->firewall->model, OBJECT_ROUTER, object)
	{
		const struct net_router *router = &((struct router *)object)->desired;
		const struct net_router_interface *interfaces = router->interfaces.items;

		name_link(name, "cu", router->id);
		if (strcmp(router->external_network, network->id) == 0)
			firewall_put(writer, "\t\t\t%s : %u,\n", name, zone(network));
		for (size_t i = 0; i < router->interfaces.count; i++) {
			name_link(name, "ci", interfaces[i].port_id);
			if (i > 0 && strcmp(interfaces[i].port_id, interfaces[i - 1].port_id) == 0)
				continue; /* its next address */
			if (strcmp(interfaces[i].network_id, network->id) == 0)
				firewall_put(writer, "\t\t\t%s : %u,\n", name, zone(network));
		}
	}
}

static void zones_put(struct firewall_writer *writer)
{
	char bridge[IFNAMSIZ];

	firewall_put(writer, "\tmap zones {\n\t\ttype ifname : integer16\n\t\telements = {\n");
	model_each(writer->firewall->model, OBJECT_NETWORK, object)
	{
		const struct net_network *network = &((struct network *)object)->desired;

		if (object->doomed)
			continue;
		name_bridge(bridge, network);
		if (bridge_family(writer))
			zone_ports_put(writer, network);
		else
			firewall_put(writer, "\t\t\t%s : %u,\n", bridge, zone(network));
	}
	firewall_put(writer, "\t\t}\n\t}\n"
			     "\tchain zone {\n"
			     "\t\ttype filter hook prerouting priority -305; policy accept;\n"
			     "\t\tct zone set iifname map @zones\n\t}\n");
}

/* --- the ports' chains --- */

/* Connections are tracked unless all of the port's groups are stateless. */
static bool port_is_stateful(const struct firewall_writer *writer, const struct net_port *port)
{
	const struct net_id *groups = port->groups.items;
	bool stateless = false;

	for (size_t i = 0; i < port->groups.count; i++) {
		const struct group *group = model_group(writer->firewall->model, groups[i].id);

		if (group != NULL && group->desired.stateful)
			return true;
		stateless |= group != NULL;
	}
	return !stateless;
}

static void chain_put(struct firewall_writer *writer, const struct net_port *port,
		      const char *prefix, const char *group_prefix)
{
	const struct net_id *groups = port->groups.items;
	char name[FIREWALL_NAME_SIZE];

	firewall_name(name, prefix, port->id);
	firewall_put(writer, "\tchain %s {\n\t\tjump common\n", name);
	if (port_is_stateful(writer, port))
		firewall_put(writer, "\t\tjump tracked\n");
	for (size_t i = 0; i < port->groups.count; i++) {
		if (model_group(writer->firewall->model, groups[i].id) == NULL)
			continue;
		firewall_name(name, group_prefix, groups[i].id);
		firewall_put(writer, "\t\tjump %s\n", name);
	}
	firewall_put(writer, "\t\tdrop\n\t}\n");
}

/* What every network needs to work: ARP, neighbour discovery and multicast listeners (who may
 * say what in them is the spoof chain's matter). */
static void common_put(struct firewall_writer *writer)
{
	firewall_put(writer, "\tchain common {\n"
			     "\t\tmeta protocol arp accept\n"
			     "\t\tmeta l4proto ipv6-icmp icmpv6 type 130-136 accept\n"
			     "\t\tmeta l4proto ipv6-icmp icmpv6 type 143 accept\n\t}\n"
			     "\tchain tracked {\n"
			     "\t\tct state established,related accept\n"
			     "\t\tct state invalid drop\n\t}\n");
}

static void hooks_put(struct firewall_writer *writer)
{
	bool bridge = bridge_family(writer);

	firewall_put(writer,
		     "\tchain egress {\n"
		     "\t\ttype filter hook forward priority 0; policy accept;\n"
		     "\t\t%s accept\n"
		     "\t\t%s vmap @egress\n\t}\n",
		     bridge ? "oifname cs*" : "meta mark & 0xffff 0xffff",
		     bridge ? "iifname" : "meta mark & 0xffff0000");
	firewall_put(writer,
		     "\tchain ingress {\n"
		     "\t\ttype filter hook forward priority 10; policy accept;\n"
		     "\t\t%s accept\n"
		     "\t\t%s vmap @ingress\n\t}\n",
		     bridge ? "iifname cs*" : "meta mark & 0xffff0000 0xffff0000",
		     bridge ? "oifname" : "meta mark & 0xffff");
}

void firewall_ports(struct firewall_writer *writer)
{
	int result = firewall_groups(writer->firewall->model, writer->text);

	if (result < 0)
		writer->result = result;
	dispatch_put(writer, "egress", "e", 16);
	dispatch_put(writer, "ingress", "i", 0);
	zones_put(writer);
	common_put(writer);
	firewall_each_guest(writer, port)
	{
		chain_put(writer, &port->desired, "e", "ge");
		chain_put(writer, &port->desired, "i", "gi");
	}
	hooks_put(writer);
}
