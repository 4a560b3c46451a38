/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * svc as a host of IPv6: its link-local address, that of metadata, and one in each IPv6 subnet with
 * DHCP. A question
 * is answered at the MAC that it came from, with one packet at most, so that svc needs to look
 * for no neighbour and keeps nothing of anybody.
 */
#include <string.h>

#include "netstack/svc/dns.h"
#include "netstack/svc/frame6.h"
#include "netstack/svc/svc.h"

enum { ECHO_REQUEST = 128, ECHO_REPLY = 129, SOLICITATION = 135, ADVERTISEMENT = 136 };

#define PORT_DNS 53
#define UDP_HEADER 8
#define ECHO_MOST 1452
#define SOLICITED_OVERRIDE 0x60
#define OVERRIDE 0x20

static const uint8_t all_nodes[16] = { 0xff, 2, [15] = 1 };
static const uint8_t unspecified[16];

static bool is_own(const struct svc *svc, const uint8_t *bytes)
{
	const struct net_subnet *subnets = svc->network.subnets.items;
	struct address own = address_from_mac(svc->mac);

	if (memcmp(own.bytes, bytes, 16) == 0 || memcmp(metadata6_address, bytes, 16) == 0)
		return true;
	for (size_t i = 0; i < svc->network.subnets.count; i++)
		if (subnets[i].dhcp && address_parse(subnets[i].dhcp_address, &own) == 0 &&
		    own.family == AF_INET6 && memcmp(own.bytes, bytes, 16) == 0)
			return true;
	return false;
}

/* RFC 4861, 7.1.1 and 7.2.4. One without an address asks whether it may have ours. */
static void neighbour_serve(struct svc *svc, const struct frame6 *asked)
{
	const uint8_t *target = asked->payload + 8;
	bool nameless = memcmp(asked->from, unspecified, 16) == 0;
	uint8_t data[FRAME6_HEADERS + 32] = { 0 }, *message = data + FRAME6_HEADERS;
	struct frame6 frame = { .mac = svc->mac,
				.from = target,
				.to = nameless ? all_nodes : asked->from,
				.next = FRAME6_ICMP,
				.hops = 255,
				.size = 32 };

	if (asked->size < 24 || asked->hops != 255 || asked->payload[1] != 0 ||
	    !is_own(svc, target))
		return;
	message[0] = ADVERTISEMENT;
	message[4] = nameless ? OVERRIDE : SOLICITED_OVERRIDE;
	memcpy(message + 8, target, 16);
	message[24] = 2; /* target's link-layer address, one unit of eight bytes */
	message[25] = 1;
	memcpy(message + 26, svc->mac, MAC_SIZE);
	svc->output(svc, data, frame6_build(data, asked->mac, &frame, 2));
}

static void echo_serve(struct svc *svc, const struct frame6 *asked)
{
	uint8_t data[FRAME6_HEADERS + ECHO_MOST];
	struct frame6 frame = { .mac = svc->mac,
				.from = asked->to,
				.to = asked->from,
				.next = FRAME6_ICMP,
				.hops = 64,
				.size = asked->size };

	if (asked->size < 8 || asked->size > ECHO_MOST)
		return;
	memcpy(data + FRAME6_HEADERS, asked->payload, asked->size);
	data[FRAME6_HEADERS] = ECHO_REPLY;
	svc->output(svc, data, frame6_build(data, asked->mac, &frame, 2));
}

/* Port 53 would be another server: two must not answer each other for ever. */
static void dns_serve(struct svc *svc, const struct frame6 *asked)
{
	const uint8_t *udp = asked->payload;
	struct dns_peer peer = { .ipv6 = true };
	size_t size = asked->size;

	if (size < UDP_HEADER || (size_t)(udp[4] << 8 | udp[5]) != size ||
	    (udp[2] << 8 | udp[3]) != PORT_DNS || size - UDP_HEADER > DNS_PACKET_MAX)
		return;
	peer.port = (uint16_t)(udp[0] << 8 | udp[1]);
	memcpy(peer.client6, asked->from, 16);
	memcpy(peer.local6, asked->to, 16);
	memcpy(peer.mac, asked->mac, MAC_SIZE);
	if (peer.port != PORT_DNS)
		dns_service_ask(svc, &peer, udp + UDP_HEADER, size - UDP_HEADER);
}

static bool is_unicast(const uint8_t *address)
{
	return address[0] != 0xff && memcmp(address, unspecified, 16) != 0;
}

void ipv6_host_input(struct svc *svc, const struct frame6 *frame)
{
	if (frame->size == 0 || frame6_checksum(frame) != 0)
		return;
	if (frame->next == FRAME6_ICMP && frame->payload[0] == SOLICITATION)
		neighbour_serve(svc, frame);
	else if (!is_unicast(frame->from) || !is_own(svc, frame->to))
		return;
	else if (frame->next == FRAME6_ICMP && frame->payload[0] == ECHO_REQUEST)
		echo_serve(svc, frame);
	else if (frame->next == FRAME6_UDP)
		dns_serve(svc, frame);
	else if (frame->next == FRAME6_TCP && memcmp(frame->to, metadata6_address, 16) == 0)
		metadata6_input(svc, frame);
}
