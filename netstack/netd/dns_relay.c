/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/dns_relay.h"

#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define DNS_HEADER_SIZE 12

void dns_relay_init(struct dns_relay *relay, struct loop *loop,
		    void (*answer)(struct dns_relay *, uint32_t, const struct svc_dns *))
{
	memset(relay, 0, sizeof(*relay));
	relay->loop = loop;
	relay->answer = answer;
	relay->port = 53;
	for (size_t i = 0; i < DNS_RELAY_MOST; i++) {
		relay->queries[i].fd = -1;
		relay->queries[i].relay = relay;
	}
}

void dns_relay_resolver(struct dns_relay *relay, const char *address)
{
	if (address_parse(address, &relay->resolver) < 0)
		relay->resolver.family = 0;
}

static void query_end(struct dns_query *query)
{
	loop_fd_stop(&query->handle);
	loop_timer_stop(&query->timer);
	close(query->fd);
	query->fd = -1;
}

static void query_expired(struct loop_timer *timer)
{
	query_end(container_of(timer, struct dns_query, timer));
}

/* The socket is connected: only the resolver's packets arrive. */
static void answer_read(struct loop_fd *handle, unsigned events)
{
	struct dns_query *query = container_of(handle, struct dns_query, handle);
	uint8_t packet[DNS_PACKET_MAX];
	struct svc_dns answer = { .token = query->token, .packet = { .data = packet } };
	ssize_t size = recv(query->fd, packet, sizeof(packet), 0);

	(void)events;
	if (size < DNS_HEADER_SIZE) {
		if (size < 0 && errno != EAGAIN)
			query_end(query);
		return;
	}
	if (memcmp(packet, &query->own_id, sizeof(query->own_id)) != 0)
		return;
	memcpy(packet, &query->id, sizeof(query->id));
	answer.packet.size = (size_t)size;
	query_end(query);
	query->relay->answer(query->relay, query->svc_serial, &answer);
}

static int resolver_connect(const struct dns_relay *relay)
{
	const struct address *resolver = &relay->resolver;
	struct sockaddr_in ipv4 = { .sin_family = AF_INET, .sin_port = htons(relay->port) };
	struct sockaddr_in6 ipv6 = { .sin6_family = AF_INET6, .sin6_port = htons(relay->port) };
	bool is_ipv6 = resolver->family == AF_INET6;
	CLEANUP_FD int fd = socket(resolver->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	memcpy(&ipv4.sin_addr, resolver->bytes, sizeof(ipv4.sin_addr));
	memcpy(&ipv6.sin6_addr, resolver->bytes, sizeof(ipv6.sin6_addr));
	if (fd < 0 || connect(fd, is_ipv6 ? (void *)&ipv6 : (void *)&ipv4,
			      is_ipv6 ? sizeof(ipv6) : sizeof(ipv4)) < 0)
		return -errno;
	return fd_take(&fd);
}

static struct dns_query *query_free(struct dns_relay *relay)
{
	for (size_t i = 0; i < DNS_RELAY_MOST; i++)
		if (relay->queries[i].fd < 0)
			return &relay->queries[i];
	return NULL;
}

static int query_send(struct dns_query *query, const struct message_bytes *packet)
{
	uint8_t copy[DNS_PACKET_MAX];

	random_bytes(&query->own_id, sizeof(query->own_id));
	memcpy(&query->id, packet->data, sizeof(query->id));
	memcpy(copy, packet->data, packet->size);
	memcpy(copy, &query->own_id, sizeof(query->own_id));
	return send(query->fd, copy, packet->size, 0) < 0 ? -errno : 0;
}

void dns_relay_query(struct dns_relay *relay, uint32_t svc_serial, const struct svc_dns *request)
{
	struct dns_query *query = query_free(relay);

	if (query == NULL || relay->resolver.family == 0 ||
	    request->packet.size < DNS_HEADER_SIZE || request->packet.size > DNS_PACKET_MAX)
		return;
	query->fd = resolver_connect(relay);
	if (query->fd < 0) {
		log_debug("dns", "no way to the resolver", "errno=%d", -query->fd);
		query->fd = -1;
		return;
	}
	query->token = request->token;
	query->svc_serial = svc_serial;
	loop_fd_start(relay->loop, &query->handle, query->fd, LOOP_READ, answer_read);
	loop_timer_start(relay->loop, &query->timer, DNS_RELAY_TIMEOUT_MS, query_expired);
	if (query_send(query, &request->packet) < 0)
		query_end(query);
}

void dns_relay_free(struct dns_relay *relay)
{
	for (size_t i = 0; i < DNS_RELAY_MOST; i++)
		if (relay->queries[i].fd >= 0)
			query_end(&relay->queries[i]);
}
