/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Router advertisements and DHCPv6 on the network. Both answer guests whose MAC and link-local
 * address came with the question, so whole frames go out, without lwIP.
 *
 *	event                                  advertisements
 *	a guest solicits                       one to it, of each router
 *	network or routers change, svc starts  three to all, 16 s apart (RFC 4861, 6.2.4)
 *	after those                            one to all in 200 to 600 s, for ever
 *	a router goes                          one to all, that it is no router any more
 */
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"
#include "netstack/svc/dhcp6.h"
#include "netstack/svc/frame6.h"
#include "netstack/svc/ra.h"
#include "netstack/svc/svc.h"

#define PORT_CLIENT 546
#define PORT_SERVER 547
#define UDP_HEADER 8
#define FIRST_MS 500
#define INITIAL_MS 16000
#define INITIAL_COUNT 3
#define PAUSE_LEAST_MS 200000
#define PAUSE_SPREAD_MS 400000

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t unspecified[16];

/* --- what the subnets say --- */

static bool mode_is(const char *mode, const char *name)
{
	return strcmp(mode, name) == 0;
}

static bool subnet_prefix(const struct net_subnet *subnet, struct address *prefix)
{
	return subnet->dhcp && address_parse(subnet->cidr, prefix) == 0 &&
	       prefix->family == AF_INET6;
}

static void dns_add(uint8_t list[NET_DNS_MAX][16], size_t *count, const char *text)
{
	struct address address;

	if (*count < NET_DNS_MAX && address_parse(text, &address) == 0 &&
	    address.family == AF_INET6)
		memcpy(list[(*count)++], address.bytes, 16);
}

/* The subnet's name servers; svc itself where it names none. */
static void subnet_dns(const struct net_subnet *subnet, uint8_t list[NET_DNS_MAX][16],
		       size_t *count)
{
	const struct net_address *dns = subnet->dns.items;

	for (size_t i = 0; i < subnet->dns.count; i++)
		dns_add(list, count, dns[i].address);
	if (subnet->dns.count == 0)
		dns_add(list, count, subnet->dhcp_address);
}

static bool lease_in(const struct lease *lease, const struct address *prefix)
{
	struct address address = { .family = AF_INET6, .prefix = 128 };

	for (unsigned i = 0; i < lease->ipv6_count; i++) {
		memcpy(address.bytes, lease->ipv6[i], sizeof(address.bytes));
		if (address_contains(prefix, &address))
			return true;
	}
	return false;
}

static bool has_router(const struct svc *svc, const struct address *prefix)
{
	for (size_t i = 0; i < svc->leases.count; i++)
		if (svc->leases.items[i].is_router && lease_in(&svc->leases.items[i], prefix))
			return true;
	return false;
}

/* --- advertisements --- */

static void ra_add(struct ra *ra, const struct net_subnet *subnet, const struct address *prefix)
{
	struct ra_prefix *added = &ra->prefixes[ra->prefix_count++];

	added->length = (uint8_t)prefix->prefix;
	added->autonomous = !mode_is(subnet->ra_mode, "dhcpv6-stateful");
	memcpy(added->base, address_network(prefix).bytes, sizeof(added->base));
	ra->managed |= mode_is(subnet->ra_mode, "dhcpv6-stateful");
	ra->other |= mode_is(subnet->ra_mode, "dhcpv6-stateless");
	subnet_dns(subnet, ra->dns, &ra->dns_count);
}

/* What a router (NULL: svc, for subnets that have none) says; false: nothing. */
static bool ra_fill(const struct svc *svc, const struct lease *router, struct ra *ra)
{
	const struct net_subnet *subnets = svc->network.subnets.items;
	struct address prefix;

	*ra = (struct ra){ .mac = router != NULL ? router->mac : svc->mac,
			   .lifetime = router != NULL ? RA_ROUTER_SECONDS : 0,
			   .mtu = svc->network.mtu,
			   .domain = svc->network.dns_domain };
	for (size_t i = 0; i < svc->network.subnets.count && i < NET_SUBNETS_MAX; i++)
		if (subnets[i].ra_mode[0] != '\0' && subnet_prefix(&subnets[i], &prefix) &&
		    (router != NULL ? lease_in(router, &prefix) : !has_router(svc, &prefix)))
			ra_add(ra, &subnets[i], &prefix);
	return ra->prefix_count > 0;
}

static void ra_send(struct svc *svc, const struct ra *ra, const uint8_t *to, const uint8_t *to_mac)
{
	static uint8_t data[FRAME6_HEADERS + RA_MESSAGE_MAX];
	struct address from = address_from_mac(ra->mac);
	struct frame6 frame = {
		.mac = svc->mac, .from = from.bytes, .to = to, .next = FRAME6_ICMP, .hops = 255
	};

	frame.size = ra_build(ra, data + FRAME6_HEADERS);
	svc->output(svc, data, frame6_build(data, to_mac, &frame, 2));
}

/* Each router's, and that of the subnets without one. */
static bool advertise(struct svc *svc, const uint8_t *to, const uint8_t *to_mac)
{
	bool any = false;
	struct ra ra;

	for (size_t i = 0; i <= svc->leases.count; i++) {
		const struct lease *router = i < svc->leases.count ? &svc->leases.items[i] : NULL;

		if ((router != NULL && !router->is_router) || !ra_fill(svc, router, &ra))
			continue;
		ra_send(svc, &ra, to, to_mac);
		any = true;
	}
	return any;
}

static bool advertise_to_all(struct svc *svc)
{
	uint8_t mac[MAC_SIZE];

	frame6_multicast(all_nodes, mac);
	return advertise(svc, all_nodes, mac);
}

static void advertise_again(struct loop_timer *timer)
{
	struct svc *svc = container_of(timer, struct svc, advertising);
	uint32_t spread;

	if (!advertise_to_all(svc))
		return; /* the next change starts it again */
	random_bytes(&spread, sizeof(spread));
	svc->advertised++;
	loop_timer_start(svc->loop, timer,
			 svc->advertised < INITIAL_COUNT
				 ? INITIAL_MS
				 : PAUSE_LEAST_MS + spread % PAUSE_SPREAD_MS,
			 advertise_again);
}

void ipv6_changed(struct svc *svc)
{
	svc->advertised = 0;
	loop_timer_start(svc->loop, &svc->advertising, FIRST_MS, advertise_again);
}

void ipv6_router_gone(struct svc *svc, const struct lease *router)
{
	uint8_t mac[MAC_SIZE];
	struct ra ra;

	if (!ra_fill(svc, router, &ra))
		return;
	frame6_multicast(all_nodes, mac);
	ra.lifetime = 0;
	ra_send(svc, &ra, all_nodes, mac);
}

/* A sender without an address is answered at its MAC (RFC 6085), not all the others with it. */
static void solicitation_serve(struct svc *svc, const struct frame6 *frame)
{
	struct lease *lease = lease_by_mac(&svc->leases, frame->mac);
	bool nameless = memcmp(frame->from, unspecified, sizeof(unspecified)) == 0;

	if (lease == NULL || lease->is_router ||
	    !ra_solicited(frame->payload, frame->size, frame->hops, nameless) ||
	    !lease_admit(lease, loop_now(svc->loop)))
		return;
	advertise(svc, nameless ? all_nodes : frame->from, frame->mac);
}

/* --- DHCPv6 --- */

static void binding_addresses(const struct lease *lease, const struct address *prefix,
			      uint8_t list[LEASE_IPV6][16], struct dhcp6_binding *binding)
{
	struct address address = { .family = AF_INET6, .prefix = 128 };

	for (unsigned i = 0; i < lease->ipv6_count; i++) {
		memcpy(address.bytes, lease->ipv6[i], sizeof(address.bytes));
		if (binding->address_count < LEASE_IPV6 && address_contains(prefix, &address))
			memcpy(list[binding->address_count++], lease->ipv6[i], 16);
	}
}

/* false: no subnet of the network is served by DHCPv6. */
static bool binding_fill(const struct svc *svc, const struct lease *lease,
			 uint8_t list[LEASE_IPV6][16], struct dhcp6_binding *binding)
{
	const struct net_subnet *subnets = svc->network.subnets.items;
	bool any = false;

	memset(binding, 0, sizeof(*binding));
	memcpy(binding->server_mac, svc->mac, MAC_SIZE);
	binding->domain = svc->network.dns_domain;
	binding->addresses = list;
	for (size_t i = 0; i < svc->network.subnets.count && i < NET_SUBNETS_MAX; i++) {
		struct address *prefix = &binding->links[binding->link_count];

		if (!subnet_prefix(&subnets[i], prefix))
			continue;
		binding->link_count++;
		if (mode_is(subnets[i].address_mode, "dhcpv6-stateful"))
			binding_addresses(lease, prefix, list, binding);
		else if (!mode_is(subnets[i].address_mode, "dhcpv6-stateless"))
			continue;
		subnet_dns(&subnets[i], binding->dns, &binding->dns_count);
		any = true;
	}
	return any;
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

void ipv6_udp_send(struct svc *svc, const struct frame6 *asked, const uint8_t from[static 16],
		   uint16_t from_port, uint16_t to_port, uint8_t *data, size_t size)
{
	struct frame6 frame = { .mac = svc->mac,
				.from = from,
				.to = asked->from,
				.next = FRAME6_UDP,
				.hops = 64,
				.size = UDP_HEADER + size };
	uint8_t *udp = data + FRAME6_HEADERS;

	put16(udp, from_port);
	put16(udp + 2, to_port);
	put16(udp + 4, frame.size);
	svc->output(svc, data, frame6_build(data, asked->mac, &frame, 6));
}

static void dhcp6_serve(struct svc *svc, const struct frame6 *frame)
{
	static uint8_t data[IPV6_UDP_HEADERS + DHCP6_MESSAGE_MAX];
	struct address own = address_from_mac(svc->mac);
	struct lease *lease = lease_by_mac(&svc->leases, frame->mac);
	uint8_t addresses[LEASE_IPV6][16];
	struct dhcp6_binding binding;
	struct dhcp6_message message;
	enum dhcp6_type type;

	if (lease == NULL || !binding_fill(svc, lease, addresses, &binding) ||
	    dhcp6_parse(frame->payload + UDP_HEADER, frame->size - UDP_HEADER, &message) < 0 ||
	    !lease_admit(lease, loop_now(svc->loop)))
		return;
	type = dhcp6_decide(&message, &binding);
	if (type == DHCP6_NONE)
		return;
	ipv6_udp_send(svc, frame, own.bytes, PORT_SERVER, PORT_CLIENT, data,
		      dhcp6_build(type, &message, &binding, data + IPV6_UDP_HEADERS));
	log_debug("dhcp6", "answered", "port=%s asked=%d answer=%d", lease->id, message.type, type);
}

/* --- frames --- */

static bool is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

static bool is_dhcp6(const struct frame6 *frame)
{
	const uint8_t *udp = frame->payload;

	return frame->next == FRAME6_UDP && frame->size >= UDP_HEADER &&
	       (udp[2] << 8 | udp[3]) == PORT_SERVER;
}

static bool is_sound_dhcp6(const struct frame6 *frame)
{
	const uint8_t *udp = frame->payload;

	return (udp[0] << 8 | udp[1]) == PORT_CLIENT && is_link_local(frame->from) &&
	       (size_t)(udp[4] << 8 | udp[5]) == frame->size && frame6_checksum(frame) == 0;
}

void ipv6_input(struct svc *svc, const uint8_t *data, size_t size)
{
	struct frame6 frame;

	if (!frame6_parse(data, size, &frame))
		return;
	if (is_dhcp6(&frame)) {
		if (is_sound_dhcp6(&frame))
			dhcp6_serve(svc, &frame);
		return;
	}
	if (frame.next == FRAME6_ICMP && frame.size > 0 && frame.payload[0] == 133) {
		if (frame6_checksum(&frame) == 0)
			solicitation_serve(svc, &frame);
		return;
	}
	ipv6_host_input(svc, &frame);
}
