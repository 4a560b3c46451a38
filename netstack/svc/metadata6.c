/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/metadata6.h"

#include <lwip/inet_chksum.h>
#include <lwip/ip.h>
#include <lwip/pbuf.h>
#include <netif/ethernet.h>
#include <string.h>

#include "netstack/svc/frame6.h"
#include "netstack/svc/svc.h"

#define STAND_INS 0x00000100UL /* 0.0.1.0/24 */
#define OWN 0x000001feUL
#define METADATA_ADDRESS 0xa9fea9feUL
#define PEERS_OF_GUEST 4 /* addresses of one MAC that are known at once */
#define IP4_HEADER 20
#define IP6_LONGER 20 /* by so much IPv6's header is */
#define TCP_HEADER 20
#define TCP_CHECKSUM 16
#define PROTOCOL_TCP 6

const uint8_t metadata6_address[16] = { 0xfe, 0x80, [12] = 0xa9, 0xfe, 0xa9, 0xfe };

static struct svc *svc_of(struct netif *netif)
{
	return netif->state;
}

/* --- who stands for whom --- */

static bool is_peer(const struct metadata6_peer *peer, const struct frame6 *frame)
{
	return peer->used != 0 && memcmp(peer->mac, frame->mac, MAC_SIZE) == 0 &&
	       memcmp(peer->address, frame->from, sizeof(peer->address)) == 0;
}

/* The guest's own oldest when it has enough of them, else a free place, else the oldest of all. */
static struct metadata6_peer *peer_place(struct metadata6 *metadata6, const uint8_t *mac)
{
	struct metadata6_peer *oldest = &metadata6->peers[0], *own = NULL;
	unsigned of_guest = 0;

	for (size_t i = 0; i < METADATA6_PEERS; i++) {
		struct metadata6_peer *each = &metadata6->peers[i];

		if (each->used < oldest->used)
			oldest = each;
		if (each->used == 0 || memcmp(each->mac, mac, MAC_SIZE) != 0)
			continue;
		of_guest++;
		if (own == NULL || each->used < own->used)
			own = each;
	}
	return of_guest >= PEERS_OF_GUEST ? own : oldest;
}

static struct metadata6_peer *peer_for(struct metadata6 *metadata6, const struct frame6 *frame)
{
	struct metadata6_peer *peer = NULL;

	for (size_t i = 0; peer == NULL && i < METADATA6_PEERS; i++)
		if (is_peer(&metadata6->peers[i], frame))
			peer = &metadata6->peers[i];
	if (peer == NULL) {
		peer = peer_place(metadata6, frame->mac);
		memcpy(peer->address, frame->from, sizeof(peer->address));
		memcpy(peer->mac, frame->mac, sizeof(peer->mac));
	}
	peer->used = ++metadata6->turn;
	return peer;
}

bool metadata6_stands_in(uint32_t address)
{
	return (lwip_ntohl(address) & ~0xffUL) == STAND_INS;
}

const struct metadata6_peer *metadata6_peer(const struct svc *svc, uint32_t address)
{
	uint32_t place = lwip_ntohl(address) - STAND_INS - 1;

	return place < METADATA6_PEERS && svc->metadata6.peers[place].used != 0
		       ? &svc->metadata6.peers[place]
		       : NULL;
}

/* --- out --- */

/* 'packet' begins with lwIP's IPv4 header, which has no options. */
static err_t output(struct netif *netif, struct pbuf *packet, const ip4_addr_t *to)
{
	static uint8_t data[FRAME_MAX];
	struct svc *svc = svc_of(netif);
	const struct metadata6_peer *peer = metadata6_peer(svc, to->addr);
	struct frame6 frame = {
		.mac = svc->mac, .from = metadata6_address, .next = PROTOCOL_TCP, .hops = 64
	};

	if (peer == NULL || packet->tot_len < IP4_HEADER + TCP_HEADER ||
	    packet->tot_len > FRAME_MAX - FRAME6_HEADERS || pbuf_get_at(packet, 9) != PROTOCOL_TCP)
		return ERR_RTE;
	frame.to = peer->address;
	frame.size = packet->tot_len - IP4_HEADER;
	pbuf_copy_partial(packet, data + FRAME6_HEADERS, (u16_t)frame.size, IP4_HEADER);
	svc->output(svc, data, frame6_build(data, peer->mac, &frame, TCP_CHECKSUM));
	return ERR_OK;
}

/* --- the interface --- */

static err_t interface_init(struct netif *netif)
{
	unsigned mtu = svc_of(netif)->network.mtu;

	netif->name[0] = 't';
	netif->name[1] = '6';
	netif->output = output;
	netif->mtu = mtu >= 1280 && mtu <= FRAME_MAX - SIZEOF_ETH_HDR ? (u16_t)(mtu - IP6_LONGER)
								      : 1280 - IP6_LONGER;
	netif->flags = NETIF_FLAG_LINK_UP;
	return ERR_OK;
}

void metadata6_up(struct svc *svc)
{
	ip4_addr_t own = { .addr = PP_HTONL(OWN) }, mask = { .addr = PP_HTONL(0xffffff00UL) };
	ip4_addr_t none = { .addr = 0 };

	netif_add(&svc->metadata6.netif, &own, &mask, &none, svc, interface_init, ip_input);
	netif_set_up(&svc->metadata6.netif);
}

void metadata6_down(struct svc *svc)
{
	if (svc->metadata6.netif.state != NULL)
		netif_remove(&svc->metadata6.netif);
	svc->metadata6.netif.state = NULL;
}

/* --- in --- */

static void header_build(uint8_t header[static IP4_HEADER], size_t size, uint32_t from)
{
	uint32_t to = PP_HTONL(METADATA_ADDRESS);
	u16_t sum;

	memset(header, 0, IP4_HEADER);
	header[0] = 0x45;
	header[2] = (uint8_t)((IP4_HEADER + size) >> 8);
	header[3] = (uint8_t)(IP4_HEADER + size);
	header[6] = 0x40; /* never in parts */
	header[8] = 64;
	header[9] = PROTOCOL_TCP;
	memcpy(header + 12, &from, 4);
	memcpy(header + 16, &to, 4);
	sum = inet_chksum(header, IP4_HEADER);
	memcpy(header + 10, &sum, sizeof(sum));
}

/* TCP's checksum covers the addresses. */
static void checksum_renew(struct pbuf *segment, uint32_t from)
{
	ip4_addr_t source = { .addr = from }, own = { .addr = PP_HTONL(METADATA_ADDRESS) };
	u16_t sum = 0;

	pbuf_take_at(segment, &sum, sizeof(sum), TCP_CHECKSUM);
	sum = inet_chksum_pseudo(segment, PROTOCOL_TCP, segment->tot_len, &source, &own);
	pbuf_take_at(segment, &sum, sizeof(sum), TCP_CHECKSUM);
}

static struct pbuf *packet_build(const struct frame6 *frame, uint32_t from)
{
	struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)(IP4_HEADER + frame->size), PBUF_POOL);
	uint8_t header[IP4_HEADER];

	if (packet == NULL)
		return NULL;
	header_build(header, frame->size, from);
	pbuf_take(packet, header, sizeof(header));
	pbuf_take_at(packet, frame->payload, (u16_t)frame->size, IP4_HEADER);
	pbuf_remove_header(packet, IP4_HEADER);
	checksum_renew(packet, from);
	pbuf_add_header_force(packet, IP4_HEADER);
	return packet;
}

void metadata6_input(struct svc *svc, const struct frame6 *frame)
{
	struct netif *netif = &svc->metadata6.netif;
	const struct metadata6_peer *peer;
	struct pbuf *packet;
	uint32_t from;

	if (netif->state == NULL || frame->size < TCP_HEADER ||
	    frame->size > FRAME_MAX - FRAME6_HEADERS)
		return;
	peer = peer_for(&svc->metadata6, frame);
	from = lwip_htonl((uint32_t)(STAND_INS + 1 + (size_t)(peer - svc->metadata6.peers)));
	packet = packet_build(frame, from);
	if (packet == NULL)
		return;
	svc_stay_awake(svc);
	if (netif->input(packet, netif) != ERR_OK)
		pbuf_free(packet);
}
