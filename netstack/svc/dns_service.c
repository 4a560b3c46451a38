/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS on the network: own names are answered here, other queries go to the box's resolver. */
#include <lwip/udp.h>
#include <string.h>

#include "netstack/svc/dns.h"
#include "netstack/svc/frame6.h"
#include "netstack/svc/svc.h"

#define PORT_DNS 53
#define PENDING_MS 6000     /* a little longer than netd waits */
#define PENDING_OF_CLIENT 8 /* of DNS_PENDING_MOST */

static void reply6(struct svc *svc, const struct dns_peer *peer, const void *data, size_t size)
{
	struct frame6 asked = { .mac = peer->mac, .from = peer->client6 };
	uint8_t frame[IPV6_UDP_HEADERS + DNS_PACKET_MAX];

	memcpy(frame + IPV6_UDP_HEADERS, data, size);
	ipv6_udp_send(svc, &asked, peer->local6, PORT_DNS, peer->port, frame, size);
}

static void reply4(struct svc *svc, const struct dns_peer *peer, const void *data, size_t size)
{
	ip4_addr_t from = { .addr = peer->local }, to = { .addr = peer->client };
	struct netif *netif = ip4_route(&to);
	struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);

	if (packet == NULL)
		return;
	pbuf_take(packet, data, (u16_t)size);
	if (netif != NULL)
		udp_sendto_if_src(svc->dns, packet, &to, peer->port, netif, &from);
	pbuf_free(packet);
}

static void reply(struct svc *svc, const struct dns_peer *peer, const void *data, size_t size)
{
	if (peer->ipv6)
		reply6(svc, peer, data, size);
	else
		reply4(svc, peer, data, size);
}

/* --- forwarding --- */

static bool same_client(const struct dns_peer *a, const struct dns_peer *b)
{
	return a->ipv6 == b->ipv6 && a->client == b->client &&
	       memcmp(a->client6, b->client6, sizeof(a->client6)) == 0;
}

/* A free place; NULL when the client, or everybody, has too many. */
static struct dns_pending *pending_new(struct svc *svc, const struct dns_peer *peer)
{
	uint64_t now = loop_now(svc->loop);
	struct dns_pending *found = NULL;
	unsigned of_client = 0;

	for (size_t i = 0; i < DNS_PENDING_MOST; i++) {
		struct dns_pending *pending = &svc->pending[i];

		if (pending->token != 0 && pending->deadline <= now)
			pending->token = 0;
		if (pending->token == 0)
			found = pending;
		else
			of_client += same_client(&pending->peer, peer);
	}
	return of_client < PENDING_OF_CLIENT ? found : NULL;
}

static void forward(struct svc *svc, const struct dns_peer *peer, const uint8_t *data, size_t size)
{
	struct dns_pending *pending = pending_new(svc, peer);
	struct svc_dns query = { .packet = { data, size } };

	if (pending == NULL || !channel_is_open(&svc->netd))
		return;
	if (++svc->dns_token == 0)
		svc->dns_token = 1;
	*pending = (struct dns_pending){ .token = svc->dns_token,
					 .peer = *peer,
					 .deadline = loop_now(svc->loop) + PENDING_MS };
	query.token = pending->token;
	channel_send_struct(&svc->netd, SVC_DNS_QUERY, 0, svc_dns_fields, &query, -1);
}

void dns_service_answer(struct svc *svc, const struct svc_dns *answer)
{
	for (size_t i = 0; i < DNS_PENDING_MOST; i++) {
		struct dns_pending *pending = &svc->pending[i];

		if (answer->token == 0 || pending->token != answer->token)
			continue;
		pending->token = 0;
		if (answer->packet.size <= DNS_PACKET_MAX)
			reply(svc, &pending->peer, answer->packet.data, answer->packet.size);
		return;
	}
}

/* --- serving --- */

/* The prefixes whose names are the network's own. */
static size_t subnets_fill(const struct svc *svc, struct address list[static NET_SUBNETS_MAX])
{
	const struct net_subnet *subnets = svc->network.subnets.items;
	size_t count = 0;

	for (size_t i = 0; i < svc->network.subnets.count && count < NET_SUBNETS_MAX; i++)
		if (subnets[i].dhcp && address_parse(subnets[i].cidr, &list[count]) == 0)
			count++;
	return count;
}

void dns_service_ask(struct svc *svc, const struct dns_peer *peer, const uint8_t *data, size_t size)
{
	struct address subnets[NET_SUBNETS_MAX];
	struct dns_zone zone = { .leases = &svc->leases,
				 .domain = svc->network.dns_domain,
				 .subnets = subnets,
				 .subnet_count = subnets_fill(svc, subnets) };
	uint8_t answer[DNS_ANSWER_MAX];
	size_t answer_size;

	switch (dns_query(&zone, data, size, answer, &answer_size)) {
	case DNS_ANSWER:
		reply(svc, peer, answer, answer_size);
		break;
	case DNS_FORWARD:
		forward(svc, peer, data, size);
		break;
	case DNS_DROP:
		break;
	}
}

static void receive(void *argument, struct udp_pcb *pcb, struct pbuf *packet, const ip_addr_t *from,
		    u16_t port)
{
	uint8_t data[DNS_PACKET_MAX + 1];
	u16_t size = pbuf_copy_partial(packet, data, sizeof(data), 0);
	struct dns_peer peer = { .client = ip4_addr_get_u32(from),
				 .local = ip4_addr_get_u32(ip4_current_dest_addr()),
				 .port = port };

	(void)pcb;
	pbuf_free(packet);
	/* Port 53 would be another server: two must not answer each other for ever. */
	if (port != PORT_DNS)
		dns_service_ask(argument, &peer, data, size);
}

int dns_service_start(struct svc *svc)
{
	svc->dns = udp_new();
	if (svc->dns == NULL || udp_bind(svc->dns, IP_ADDR_ANY, PORT_DNS) != ERR_OK)
		return -ENOMEM;
	udp_recv(svc->dns, receive, svc);
	return 0;
}
