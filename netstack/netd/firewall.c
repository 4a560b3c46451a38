/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/firewall.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "firmware/lib/role.h"
#include "netstack/address.h"
#include "netstack/netd/firewall_internal.h"
#include "netstack/netd/overlay.h"
#include "netstack/netd/uplink.h"

#define LINE_MAX_SIZE 2048

void firewall_put(struct firewall_writer *writer, const char *format, ...)
{
	char line[LINE_MAX_SIZE];
	va_list arguments;
	int length;

	if (writer->result < 0)
		return;
	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	writer->result = length < (int)sizeof(line)
				 ? buffer_append(writer->text, line, (size_t)length)
				 : -ENOBUFS;
}

bool firewall_port_is_guest(const struct net_port *port)
{
	return strncmp(port->owner, "network:", 8) != 0;
}

const struct port *firewall_guest_next(const struct firewall_writer *writer,
				       const struct port *port)
{
	const struct object *object =
		port != NULL ? port->object.next : writer->firewall->model->objects[OBJECT_PORT];

	while (object != NULL &&
	       (object->doomed || !firewall_port_is_guest(&((const struct port *)object)->desired)))
		object = object->next;
	return (const struct port *)object;
}

static void bridge_table(struct firewall_writer *writer)
{
	firewall_put(writer, "table bridge cumulet {\n");
	firewall_spoof(writer);
	if (writer->firewall->bridge_conntrack)
		firewall_ports(writer);
	else
		firewall_marks(writer);
	firewall_put(writer, "}\n");
}

/* Addresses that routers have outside, and networks behind those that do not translate. */
static void external_accept(struct firewall_writer *writer)
{
	const struct uplink_external *items = writer->firewall->externals;
	char text[CIDR_SIZE];

	for (size_t i = 0; i < writer->firewall->external_count; i++) {
		if (address_is_host(&items[i].address))
			continue;
		address_format(&items[i].address, text);
		firewall_put(writer,
			     items[i].address.family == AF_INET6
				     ? "\t\toifname %s meta protocol ip6 ip6 daddr %s accept\n"
				     : "\t\toifname %s meta protocol ip ip daddr %s accept\n",
			     items[i].link, text);
	}
	firewall_put(writer, "\t\toifname cu* meta protocol ip ip daddr @externals accept\n"
			     "\t\toifname cu* meta protocol ip6 ip6 daddr @externals6 accept\n");
}

static void external_set(struct firewall_writer *writer, const char *name, int family)
{
	const struct uplink_external *items = writer->firewall->externals;
	char text[CIDR_SIZE];

	firewall_put(writer, "\tset %s { type %s; elements = {", name,
		     family == AF_INET6 ? "ipv6_addr" : "ipv4_addr");
	for (size_t i = 0; i < writer->firewall->external_count; i++) {
		if (!address_is_host(&items[i].address) || items[i].address.family != family)
			continue;
		address_format(&items[i].address, text);
		firewall_put(writer, " %s,", text);
	}
	firewall_put(writer, " } }\n");
}

static void peers_set(struct firewall_writer *writer, int family)
{
	const struct overlay *overlay = writer->firewall->overlay;
	char text[CIDR_SIZE];

	firewall_put(writer, "\tset peers%d { type ipv%d_addr; elements = {",
		     family == AF_INET6 ? 6 : 4, family == AF_INET6 ? 6 : 4);
	for (size_t i = 0; i < overlay->count; i++) {
		if (overlay->peers[i].family != family)
			continue;
		address_format(&overlay->peers[i], text);
		firewall_put(writer, " %s,", text);
	}
	firewall_put(writer, " } }\n");
}

/* Tunnels are the peers' alone. A tenant's packet that is sent to a peer's end would come there
 * under this box's own address, as if it were a tunnel's: it is not let out. */
static void tunnels_put(struct firewall_writer *writer)
{
	const struct overlay *overlay = writer->firewall->overlay;

	if (overlay == NULL || overlay->local.family == 0)
		return;
	peers_set(writer, AF_INET);
	peers_set(writer, AF_INET6);
	firewall_put(writer,
		     "\tchain tunnels-in {\n"
		     "\t\ttype filter hook input priority -10; policy accept;\n"
		     "\t\tmeta l4proto udp th dport %u meta protocol ip ip saddr != @peers4 drop\n"
		     "\t\tmeta l4proto udp th dport %u meta protocol ip6 ip6 saddr != @peers6 "
		     "drop\n\t}\n"
		     "\tchain tunnels-out {\n"
		     "\t\ttype filter hook forward priority 15; policy accept;\n"
		     "\t\tiifname cu* meta l4proto udp th dport %u meta protocol ip "
		     "ip daddr @peers4 drop\n"
		     "\t\tiifname cu* meta l4proto udp th dport %u meta protocol ip6 "
		     "ip6 daddr @peers6 drop\n\t}\n",
		     overlay->port, overlay->port, overlay->port, overlay->port);
}

/* Nothing of a tenant reaches the box itself; routers reach the uplink and nothing else. Bridged
 * frames are seen here only when br_netfilter shows them: they are egress's and ingress's. */
static void box_filter(struct firewall_writer *writer)
{
	const char *uplink = writer->firewall->uplink;

	firewall_put(writer, "\tchain input {\n"
			     "\t\ttype filter hook input priority 0; policy accept;\n"
			     /* which of the two ends of the link has which MAC */
			     "\t\tiifname cu* meta l4proto ipv6-icmp icmpv6 type 135-136 accept\n"
			     "\t\tiifname cu* drop\n"
			     "\t\tiifname cb* drop\n"
			     "\t}\n"
			     "\tchain forward {\n"
			     "\t\ttype filter hook forward priority 20; policy drop;\n"
			     "\t\tiifname cb* oifname cb* accept\n");
	if (*uplink != '\0')
		firewall_put(writer, "\t\tiifname cu* oifname %s accept\n", uplink);
	external_accept(writer);
	firewall_put(writer, "\t\toifname cu* ct state established,related accept\n\t}\n");
}

/* What fetches images from the web, at a stranger's wish, gets to the web: by TCP, and to resolvers. It
 * looks at addresses itself (firmware/fetch/address.c); this holds whatever becomes of it. Nothing that
 * the box has on loopback alone, nor the links to routers; its address outside an operator may name. */
static void box_fetch(struct firewall_writer *writer)
{
	firewall_put(writer,
		     "\tchain fetch {\n"
		     "\t\tmeta protocol ip ip daddr 127.0.0.0/8 drop\n"
		     "\t\tmeta protocol ip6 ip6 daddr ::1 drop\n"
		     "\t\tmeta l4proto udp th dport 53 accept\n"
		     "\t\tmeta protocol ip ip daddr %s drop\n"
		     "\t\tmeta protocol ip ip daddr 169.254.0.0/16 drop\n"
		     "\t\tmeta protocol ip6 ip6 daddr fe80::/10 drop\n"
		     "\t\tmeta l4proto tcp accept\n"
		     "\t\tdrop\n\t}\n"
		     "\tchain output {\n"
		     "\t\ttype filter hook output priority 0; policy accept;\n"
		     "\t\tmeta skuid 0x%x goto fetch\n\t}\n",
		     TRANSFER_NETWORK, UID_FETCH);
}

static void box_nat(struct firewall_writer *writer)
{
	const char *uplink = writer->firewall->uplink;

	firewall_put(writer, "\tchain nat {\n"
			     "\t\ttype nat hook postrouting priority 100; policy accept;\n");
	if (*uplink != '\0')
		firewall_put(writer, "\t\tip saddr %s oifname %s masquerade\n", TRANSFER_NETWORK,
			     uplink);
	firewall_put(writer, "\t}\n");
}

int firewall_box(const struct firewall *firewall, struct buffer *text)
{
	struct firewall_writer writer = { .firewall = firewall, .text = text };

	bridge_table(&writer);
	firewall_put(&writer, "table inet cumulet {\n");
	if (!firewall->bridge_conntrack)
		firewall_ports(&writer);
	tunnels_put(&writer);
	external_set(&writer, "externals", AF_INET);
	external_set(&writer, "externals6", AF_INET6);
	box_filter(&writer);
	box_fetch(&writer);
	box_nat(&writer);
	firewall_put(&writer, "}\n");
	if (writer.result == 0)
		writer.result = buffer_append(text, "", 1);
	return writer.result;
}
