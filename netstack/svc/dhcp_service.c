/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DHCP on the network. Requests come through lwIP; answers are built as whole frames, because
 * their receiver has no address yet that ARP could find.
 */
#include <lwip/udp.h>
#include <string.h>

#include "firmware/lib/log.h"
#include "netstack/svc/dhcp.h"
#include "netstack/svc/svc.h"

#define PORT_SERVER 67
#define PORT_CLIENT 68
#define HEADERS_SIZE 42 /* Ethernet, IPv4, UDP */
#define METADATA_ADDRESS PP_HTONL(0xa9fea9feUL)

static uint32_t host_address(const char *text)
{
	struct address address;
	uint32_t value = 0;

	if (address_parse(text, &address) == 0 && address.family == AF_INET)
		memcpy(&value, address.bytes, sizeof(value));
	return value;
}

/* --- what a port gets --- */

static void route_add(struct dhcp_binding *binding, uint32_t destination, unsigned prefix,
		      uint32_t gateway)
{
	struct dhcp_route *route = &binding->routes[binding->route_count];

	if (gateway == 0 || binding->route_count == sizeof(binding->routes) / sizeof(*route))
		return;
	route->destination = destination;
	route->prefix = (uint8_t)prefix;
	route->gateway = gateway;
	binding->route_count++;
}

static void routes_fill(struct dhcp_binding *binding, const struct net_subnet *subnet)
{
	const struct net_route *routes = subnet->routes.items;
	struct address destination;
	uint32_t network;

	/* Metadata is reached through svc itself, router or not. */
	route_add(binding, METADATA_ADDRESS, 32, binding->server);
	for (size_t i = 0; i < subnet->routes.count; i++) {
		if (address_parse(routes[i].destination, &destination) < 0 ||
		    destination.family != AF_INET)
			continue;
		destination = address_network(&destination);
		memcpy(&network, destination.bytes, sizeof(network));
		route_add(binding, network, destination.prefix, host_address(routes[i].nexthop));
	}
	route_add(binding, 0, 0, binding->router);
}

static void dns_fill(struct dhcp_binding *binding, const struct net_subnet *subnet)
{
	const struct net_address *dns = subnet->dns.items;
	uint32_t address;

	for (size_t i = 0; i < subnet->dns.count; i++) {
		address = host_address(dns[i].address);
		if (address != 0 && binding->dns_count < NET_DNS_MAX)
			binding->dns[binding->dns_count++] = address;
	}
	if (subnet->dns.count == 0)
		binding->dns[binding->dns_count++] = binding->server;
}

static void binding_fill(const struct svc *svc, const struct svc_interface *interface,
			 const struct lease *lease, uint32_t address, struct dhcp_binding *binding)
{
	memset(binding, 0, sizeof(*binding));
	binding->address = address;
	binding->mask = netif_ip4_netmask(&interface->netif)->addr;
	binding->server = netif_ip4_addr(&interface->netif)->addr;
	binding->router = host_address(interface->subnet->gateway);
	binding->hostname = lease->hostname;
	binding->domain = svc->network.dns_domain;
	binding->mtu = (uint16_t)svc->network.mtu;
	dns_fill(binding, interface->subnet);
	routes_fill(binding, interface->subnet);
}

/* The port's first address that is in a subnet with DHCP. */
static bool binding_find(const struct svc *svc, const struct lease *lease,
			 struct dhcp_binding *binding)
{
	for (unsigned i = 0; lease != NULL && i < lease->address_count; i++) {
		struct address address = { .family = AF_INET, .prefix = 32 };

		memcpy(address.bytes, &lease->addresses[i], sizeof(uint32_t));
		for (size_t j = 0; j < svc->interface_count; j++)
			if (address_contains(&svc->interfaces[j].network, &address)) {
				binding_fill(svc, &svc->interfaces[j], lease, lease->addresses[i],
					     binding);
				return true;
			}
	}
	return false;
}

/* --- frames --- */

static uint16_t sum_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < size; i++)
		sum += i % 2 == 0 ? (uint32_t)data[i] << 8 : data[i];
	return sum;
}

static void put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void ip_header(uint8_t *ip, size_t payload, uint32_t from, uint32_t to)
{
	memset(ip, 0, 20);
	ip[0] = 0x45;
	put16(ip + 2, (unsigned)(28 + payload));
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, &from, sizeof(from));
	memcpy(ip + 16, &to, sizeof(to));
	put16(ip + 10, sum_fold(sum_add(0, ip, 20)));
}

/* The payload follows. The checksum covers the addresses, protocol and length as well. */
static void udp_header(uint8_t *udp, size_t payload, const uint8_t *ip)
{
	uint32_t sum = 17 + (uint32_t)(8 + payload);
	uint16_t folded;

	put16(udp, PORT_SERVER);
	put16(udp + 2, PORT_CLIENT);
	put16(udp + 4, (unsigned)(8 + payload));
	put16(udp + 6, 0);
	sum = sum_add(sum, ip + 12, 8);
	folded = sum_fold(sum_add(sum, udp, 8 + payload));
	put16(udp + 6, folded != 0 ? folded : 0xffff);
}

static void answer_send(struct svc *svc, const struct dhcp_message *message, uint32_t from,
			uint32_t to, uint8_t *frame, size_t payload)
{
	if (to == IPADDR_BROADCAST)
		memset(frame, 0xff, MAC_SIZE);
	else
		memcpy(frame, message->chaddr, MAC_SIZE);
	memcpy(frame + MAC_SIZE, svc->mac, MAC_SIZE);
	put16(frame + 12, 0x0800);
	ip_header(frame + 14, payload, from, to);
	udp_header(frame + 34, payload, frame + 14);
	svc->output(svc, frame, HEADERS_SIZE + payload);
}

/* --- serving --- */

static void message_serve(struct svc *svc, const struct dhcp_message *message)
{
	static uint8_t frame[HEADERS_SIZE + DHCP_MESSAGE_MAX];
	struct lease *lease = lease_by_mac(&svc->leases, message->chaddr);
	struct dhcp_binding binding;
	enum dhcp_type type;
	size_t size;

	if (lease == NULL || !binding_find(svc, lease, &binding) ||
	    !lease_admit(lease, loop_now(svc->loop)))
		return;
	if (message->type == DHCP_DECLINE)
		log_warning("dhcp", "address declined", "port=%s", lease->id);
	type = dhcp_decide(message, &binding);
	if (type == DHCP_NONE)
		return;
	size = dhcp_build(type, message, &binding, frame + HEADERS_SIZE);
	answer_send(svc, message, binding.server, dhcp_destination(type, message, &binding), frame,
		    size);
	log_debug("dhcp", "answered", "port=%s asked=%d answer=%d", lease->id, message->type, type);
}

static void receive(void *argument, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *from,
		    u16_t port)
{
	uint8_t data[DHCP_MESSAGE_MAX];
	struct dhcp_message message;
	u16_t size = pbuf_copy_partial(packet, data, sizeof(data), 0);

	(void)pcb;
	(void)from;
	pbuf_free(packet);
	if (port == PORT_CLIENT && dhcp_parse(data, size, &message) == 0)
		message_serve(argument, &message);
}

int dhcp_service_start(struct svc *svc)
{
	svc->dhcp = udp_new();
	if (svc->dhcp == NULL || udp_bind(svc->dhcp, IP_ADDR_ANY, PORT_SERVER) != ERR_OK)
		return -ENOMEM;
	udp_recv(svc->dhcp, receive, svc);
	return 0;
}
