/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a guest may send at all: only in its own name. */
#include "netstack/address.h"
#include "netstack/netd/firewall_internal.h"
#include "netstack/netd/names.h"
#include "netstack/netd/physical.h"

/* Called for each address that a port may use, with the MAC that goes with it. */
typedef void identity_visit(struct firewall_writer *writer, const char *tap, const char *mac,
			    const struct address *address);

static void pairs_visit(struct firewall_writer *writer, const struct net_port *port,
			const char *tap, identity_visit *visit)
{
	const struct net_pair *pairs = port->pairs.items;
	uint8_t mac[MAC_SIZE];

	for (size_t i = 0; i < port->pairs.count; i++) {
		const char *text = pairs[i].mac[0] != '\0' ? pairs[i].mac : port->mac;
		struct address address;

		if (mac_parse(text, mac) == 0 && address_parse(pairs[i].address, &address) == 0)
			visit(writer, tap, text, &address);
	}
}

static void identities_visit(struct firewall_writer *writer, identity_visit *visit)
{
	firewall_each_guest(writer, port)
	{
		const struct net_address *addresses = port->desired.addresses.items;
		struct address address;
		char tap[IFNAMSIZ];
		uint8_t mac[MAC_SIZE];

		if (!port->desired.port_security || mac_parse(port->desired.mac, mac) < 0)
			continue;
		name_link(tap, "ct", port->desired.id);
		for (size_t i = 0; i < port->desired.addresses.count; i++)
			if (address_parse(addresses[i].address, &address) == 0)
				visit(writer, tap, port->desired.mac, &address);
		address = address_from_mac(mac);
		visit(writer, tap, port->desired.mac, &address);
		pairs_visit(writer, &port->desired, tap, visit);
	}
}

static void mac_put(struct firewall_writer *writer, const char *tap, const char *mac,
		    const struct address *address)
{
	(void)address;
	firewall_put(writer, "\t\t\t%s . %s,\n", tap, mac);
}

static void identity_put(struct firewall_writer *writer, const char *tap, const char *mac,
			 const struct address *address, int family)
{
	char text[CIDR_SIZE];

	if (address->family != family || !address_is_host(address))
		return;
	address_format(address, text);
	firewall_put(writer, "\t\t\t%s . %s . %s,\n", tap, mac, text);
}

static void identity4_put(struct firewall_writer *writer, const char *tap, const char *mac,
			  const struct address *address)
{
	identity_put(writer, tap, mac, address, AF_INET);
}

static void identity6_put(struct firewall_writer *writer, const char *tap, const char *mac,
			  const struct address *address)
{
	identity_put(writer, tap, mac, address, AF_INET6);
}

/* Pairs that are whole networks are rare: a rule each. */
static void network_put(struct firewall_writer *writer, const char *tap, const char *mac,
			const struct address *address, int family, const char *field)
{
	char text[CIDR_SIZE];

	if (address->family != family || address_is_host(address))
		return;
	address_format(address, text);
	firewall_put(writer, "\t\tiifname %s ether saddr %s", tap, mac);
	if (address->prefix > 0)
		firewall_put(writer, " %s %s", field, text);
	firewall_put(writer, " accept\n");
}

static void network_arp_put(struct firewall_writer *writer, const char *tap, const char *mac,
			    const struct address *address)
{
	network_put(writer, tap, mac, address, AF_INET, "arp saddr ip");
}

static void network4_put(struct firewall_writer *writer, const char *tap, const char *mac,
			 const struct address *address)
{
	network_put(writer, tap, mac, address, AF_INET, "ip saddr");
}

static void network6_put(struct firewall_writer *writer, const char *tap, const char *mac,
			 const struct address *address)
{
	network_put(writer, tap, mac, address, AF_INET6, "ip6 saddr");
}

static void set_put(struct firewall_writer *writer, const char *name, const char *type,
		    identity_visit *visit)
{
	firewall_put(writer, "\tset %s {\n\t\ttype %s\n\t\telements = {\n", name, type);
	identities_visit(writer, visit);
	firewall_put(writer, "\t\t}\n\t}\n");
}

static void guests_put(struct firewall_writer *writer)
{
	char tap[IFNAMSIZ];

	firewall_put(writer, "\tmap guests {\n\t\ttype ifname : verdict\n\t\telements = {\n");
	firewall_each_guest(writer, port)
	{
		name_link(tap, "ct", port->desired.id);
		if (port->desired.admin_up)
			firewall_put(writer, "\t\t\t%s : %s,\n", tap,
				     port->desired.port_security ? "goto guest" : "accept");
	}
	firewall_put(writer, "\t\t}\n\t}\n\tset taps {\n\t\ttype ifname\n\t\telements = {\n");
	firewall_each_guest(writer, port)
	{
		name_link(tap, "ct", port->desired.id);
		if (port->desired.admin_up)
			firewall_put(writer, "\t\t\t%s,\n", tap);
	}
	firewall_put(writer, "\t\t}\n\t}\n\tset secured {\n\t\ttype ifname\n\t\telements = {\n");
	firewall_each_guest(writer, port)
	{
		name_link(tap, "ct", port->desired.id);
		if (port->desired.port_security)
			firewall_put(writer, "\t\t\t%s,\n", tap);
	}
	firewall_put(writer, "\t\t}\n\t}\n");
}

/* Sender's address 0.0.0.0: a probe whether an address is free (RFC 5227). */
static void arp_put(struct firewall_writer *writer)
{
	firewall_put(writer, "\tchain guest-arp {\n"
			     "\t\tarp htype != 1 drop\n"
			     "\t\tarp ptype != ip drop\n"
			     "\t\tarp hlen != 6 drop\n"
			     "\t\tarp plen != 4 drop\n"
			     "\t\tiifname . arp saddr ether . arp saddr ip @allowed4 accept\n"
			     "\t\tiifname . arp saddr ether != @macs drop\n"
			     "\t\tarp saddr ip 0.0.0.0 accept\n");
	identities_visit(writer, network_arp_put);
	firewall_put(writer, "\t\tdrop\n\t}\n");
}

static void ip4_put(struct firewall_writer *writer)
{
	firewall_put(writer,
		     "\tchain guest-ip4 {\n"
		     "\t\tmeta l4proto udp th sport 67 th dport 68 drop\n"
		     "\t\tiifname . ether saddr . ip saddr @allowed4 accept\n"
		     "\t\tip saddr 0.0.0.0 meta l4proto udp th sport 68 th dport 67 accept\n");
	identities_visit(writer, network4_put);
	firewall_put(writer, "\t\tdrop\n\t}\n");
}

static void advertised_put(struct firewall_writer *writer, const char *tap, const char *mac,
			   const struct address *address)
{
	char text[CIDR_SIZE];

	if (address->family != AF_INET6 || address_is_host(address) || address->prefix == 0)
		return;
	address_format(address, text);
	firewall_put(writer, "\t\tiifname %s ether saddr %s icmpv6 taddr %s return\n", tap, mac,
		     text);
}

/* ICMPv6: 134 router advertisement, 137 redirect (RA guard, RFC 6105); 136 neighbour
 * advertisement, from and of own addresses; from :: only listener reports (131, 143) and the
 * question whether somebody has an own address (135, RFC 4862, 5.4). */
static void ip6_put(struct firewall_writer *writer)
{
	firewall_put(writer, "\tchain guest-na {\n"
			     "\t\tiifname . ether saddr . icmpv6 taddr @allowed6 return\n");
	identities_visit(writer, advertised_put);
	firewall_put(writer, "\t\tdrop\n\t}\n"
			     "\tchain guest-ip6 {\n"
			     "\t\tmeta l4proto ipv6-icmp icmpv6 type 134 drop\n"
			     "\t\tmeta l4proto ipv6-icmp icmpv6 type 137 drop\n"
			     "\t\tmeta l4proto udp th sport 547 th dport 546 drop\n"
			     "\t\tmeta l4proto ipv6-icmp icmpv6 type 136 jump guest-na\n"
			     "\t\tiifname . ether saddr . ip6 saddr @allowed6 accept\n"
			     "\t\tip6 saddr :: meta l4proto ipv6-icmp icmpv6 type 135 "
			     "iifname . ether saddr . icmpv6 taddr @allowed6 accept\n"
			     "\t\tip6 saddr :: meta l4proto ipv6-icmp icmpv6 type 131 accept\n"
			     "\t\tip6 saddr :: meta l4proto ipv6-icmp icmpv6 type 143 accept\n");
	identities_visit(writer, network6_put);
	firewall_put(writer, "\t\tdrop\n\t}\n");
}

/* What leads out of the box: tunnels, VLAN links, and NICs on bridges. */
static void beyond_put(struct firewall_writer *writer)
{
	const struct physicals *physicals = writer->firewall->physicals;

	firewall_put(writer, "\tset beyond {\n\t\ttype ifname\n\t\telements = {\n");
	for (size_t i = 0; physicals != NULL && i < physicals->count; i++)
		firewall_put(writer, "\t\t\t%s,\n", physicals->items[i].link);
	model_each(writer->firewall->model, OBJECT_NETWORK, object)
	{
		const struct net_network *network = &((const struct network *)object)->desired;
		char name[IFNAMSIZ];

		if (network->vni != 0)
			name_tunnel(name, network);
		else
			name_link(name, "cl", network->id);
		firewall_put(writer, "\t\t\t%s,\n", name);
	}
	firewall_put(writer, "\t\t}\n\t}\n"
			     "\tchain beyond {\n"
			     "\t\ttype filter hook forward priority -195; policy accept;\n"
			     "\t\tiifname @beyond oifname cs* drop\n"
			     "\t\tiifname cs* oifname @beyond ether type ip6 "
			     "meta l4proto ipv6-icmp icmpv6 type 134 accept\n"
			     "\t\tiifname cs* oifname @beyond drop\n"
			     "\t\toifname cv* ether type ip meta l4proto udp th dport 67 drop\n"
			     "\t\toifname cv* ether type ip6 meta l4proto udp th dport 547 drop\n"
			     "\t}\n");
}

static void hooks_put(struct firewall_writer *writer)
{
	/* The type is read from the frame itself: a tagged frame is none of the three. */
	firewall_put(writer, "\tchain guest {\n"
			     "\t\tiifname . ether saddr != @macs drop\n"
			     "\t\tether type arp goto guest-arp\n"
			     "\t\tether type ip goto guest-ip4\n"
			     "\t\tether type ip6 goto guest-ip6\n"
			     "\t\tdrop\n\t}\n"
			     "\tchain tap {\n"
			     "\t\tiifname vmap @guests\n"
			     "\t\tdrop\n\t}\n"
			     "\tchain spoof {\n"
			     "\t\ttype filter hook prerouting priority -300; policy accept;\n"
			     "\t\tiifname ct* goto tap\n\t}\n"
			     "\tchain host {\n"
			     "\t\ttype filter hook input priority 0; policy accept;\n"
			     "\t\tiifname ct* drop\n"
			     "\t\tiifname cs* drop\n"
			     "\t\tiifname cu* drop\n"
			     "\t\tiifname @beyond drop\n"
			     "\t\tiifname ci* drop\n\t}\n"
			     "\tchain deliver {\n"
			     "\t\ttype filter hook forward priority -190; policy accept;\n"
			     "\t\toifname ct* oifname != @taps drop\n"
			     "\t\tmeta pkttype other oifname @secured "
			     "oifname . ether daddr != @macs drop\n\t}\n");
}

void firewall_spoof(struct firewall_writer *writer)
{
	guests_put(writer);
	set_put(writer, "macs", "ifname . ether_addr", mac_put);
	set_put(writer, "allowed4", "ifname . ether_addr . ipv4_addr", identity4_put);
	set_put(writer, "allowed6", "ifname . ether_addr . ipv6_addr", identity6_put);
	arp_put(writer);
	ip4_put(writer);
	ip6_put(writer);
	beyond_put(writer);
	hooks_put(writer);
}
