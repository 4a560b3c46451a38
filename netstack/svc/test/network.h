/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A network without a tap for tests: frames are put in by hand, those that come out are kept, and
 * the test turns the clock. */
#ifndef CUMULET_SVC_TEST_NETWORK_H
#define CUMULET_SVC_TEST_NETWORK_H

#include <stdio.h>
#include <string.h>

#include "netstack/svc/svc.h"

#define PORT_ID "11111111-0000-4000-8000-000000000001"
#define SVC_MAC "fa:16:3e:00:00:fe"

static struct svc svc;
static struct loop *loop;
static uint8_t sent[FRAME_MAX];
static size_t sent_size, sent_count;

static void keep_output(struct svc *from, const void *frame, size_t size)
{
	(void)from;
	memcpy(sent, frame, size);
	sent_size = size;
	sent_count++;
}

static void network_start(void)
{
	struct net_route host_route = { "10.9.0.0/16", "10.1.0.9" };
	struct net_subnet subnet = { .id = "aaaaaaaa-0000-4000-8000-000000000002",
				     .cidr = "10.1.0.0/24",
				     .gateway = "10.1.0.1",
				     .dhcp = true,
				     .dhcp_address = "10.1.0.2",
				     .routes = { &host_route, 1 } };
	struct net_network network = { .id = "aaaaaaaa-0000-4000-8000-000000000001",
				       .mtu = 1450,
				       .dns_domain = "cloud.test",
				       .dhcp_mac = SVC_MAC,
				       .subnets = { &subnet, 1 } };
	struct net_address fixed = { "10.1.0.11" };
	struct net_port port = { .id = PORT_ID,
				 .mac = "fa:16:3e:00:00:01",
				 .hostname = "one",
				 .addresses = { &fixed, 1 } };
	struct arena arena = ARENA_INIT;

	loop_new(&loop);
	loop_clock_fake(loop, 1000000);
	svc_init(&svc, loop);
	svc.output = keep_output;
	network.subnets.items = arena_memdup(&arena, &subnet, sizeof(subnet));
	((struct net_subnet *)network.subnets.items)->routes.items =
		arena_memdup(&arena, &host_route, sizeof(host_route));
	svc_network_set(&svc, &network, &arena, NULL);
	lease_set(&svc.leases, &port);
	sent_count = 0;
}

static inline void network_stop(void)
{
	svc_free(&svc);
	loop_free(loop);
}

static void checksum_put(uint8_t *ip)
{
	uint32_t sum = 0;

	ip[10] = ip[11] = 0;
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)(ip[i] << 8 | ip[i + 1]);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

/* A UDP datagram without checksum, in a frame from fa:16:3e:00:00:01. */
static inline size_t frame_udp(uint8_t *frame, const uint8_t to_mac[6], const uint8_t from[4],
			       const uint8_t to[4], unsigned from_port, unsigned to_port,
			       const void *payload, size_t size)
{
	static const uint8_t mac[6] = { 0xfa, 0x16, 0x3e, 0, 0, 1 };
	uint8_t *ip = frame + 14, *udp = frame + 34;

	memset(frame, 0, 42);
	memcpy(frame, to_mac, 6);
	memcpy(frame + 6, mac, 6);
	frame[12] = 8;
	ip[0] = 0x45;
	ip[2] = (uint8_t)((28 + size) >> 8);
	ip[3] = (uint8_t)(28 + size);
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, from, 4);
	memcpy(ip + 16, to, 4);
	checksum_put(ip);
	udp[0] = (uint8_t)(from_port >> 8);
	udp[1] = (uint8_t)from_port;
	udp[2] = (uint8_t)(to_port >> 8);
	udp[3] = (uint8_t)to_port;
	udp[4] = (uint8_t)((8 + size) >> 8);
	udp[5] = (uint8_t)(8 + size);
	memcpy(udp + 8, payload, size);
	return 42 + size;
}

#endif
