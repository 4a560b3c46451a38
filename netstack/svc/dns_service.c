/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS on the network: own names are answered here, other queries go to the box's resolver. */
#include <lwip/udp.h>
#include <string.h>

#include "netstack/svc/dns.h"
#include "netstack/svc/svc.h"

#define PORT_DNS 53
#define PENDING_MS 6000     /* a little longer than netd waits */
#define PENDING_OF_CLIENT 8 /* of DNS_PENDING_MOST */

static void reply(struct svc *svc, uint32_t local, uint32_t client, uint16_t port, const void *data,
		  size_t size)
{
	ip4_addr_t from = { .addr = local }, to = { .addr = client };
	struct netif *netif = ip4_route(&to);
	struct pbuf *packet = pbuf_alloc(PBUF_TRANSPORT, (u16_t)size, PBUF_RAM);

	if (packet == NULL)
		return;
	pbuf_take(packet, data, (u16_t)size);
	if (netif != NULL)
		udp_sendto_if_src(svc->dns, packet, &to, port, netif, &from);
	pbuf_free(packet);
}

/* --- forwarding --- */

/* A free place; NULL when the client, or everybody, has too many. */
static struct dns_pending *pending_new(struct svc *svc, uint32_t client)
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
			of_client += pending->client == client;
	}
	return of_client < PENDING_OF_CLIENT ? found : NULL;
}

static void forward(struct svc *svc, uint32_t local, uint32_t client, uint16_t port,
		    const uint8_t *data, size_t size)
{
	struct dns_pending *pending = pending_new(svc, client);
	struct svc_dns query = { .packet = { data, size } };

	if (pending == NULL || !channel_is_open(&svc->netd))
		return;
	if (++svc->dns_token == 0)
		svc->dns_token = 1;
	*pending = (struct dns_pending){ .token = svc->dns_token,
					 .client = client,
					 .local = local,
					 .client_port = port,
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
			reply(svc, pending->local, pending->client, pending->client_port,
			      answer->packet.data, answer->packet.size);
		return;
	}
}

/* --- serving --- */

static void serve(struct svc *svc, uint32_t local, uint32_t client, uint16_t port,
		  const uint8_t *data, size_t size)
{
	struct address subnets[NET_SUBNETS_MAX];
	struct dns_zone zone = { .leases = &svc->leases,
				 .domain = svc->network.dns_domain,
				 .subnets = subnets,
				 .subnet_count = svc->interface_count };
	uint8_t answer[DNS_ANSWER_MAX];
	size_t answer_size;

	for (size_t i = 0; i < svc->interface_count; i++)
		subnets[i] = svc->interfaces[i].network;
	switch (dns_query(&zone, data, size, answer, &answer_size)) {
	case DNS_ANSWER:
		reply(svc, local, client, port, answer, answer_size);
		break;
	case DNS_FORWARD:
		forward(svc, local, client, port, data, size);
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
	uint32_t local = ip4_addr_get_u32(ip4_current_dest_addr());

	(void)pcb;
	pbuf_free(packet);
	/* Port 53 would be another server: two must not answer each other for ever. */
	if (port != PORT_DNS)
		serve(argument, local, ip4_addr_get_u32(from), port, data, size);
}

int dns_service_start(struct svc *svc)
{
	svc->dns = udp_new();
	if (svc->dns == NULL || udp_bind(svc->dns, IP_ADDR_ANY, PORT_DNS) != ERR_OK)
		return -ENOMEM;
	udp_recv(svc->dns, receive, svc);
	return 0;
}
