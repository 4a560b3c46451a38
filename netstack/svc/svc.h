/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The process of one tenant network: lwIP on the network's tap, with DHCP, DNS and the metadata
 * service on it. lwIP is one for the process, so there is one 'struct svc'.
 *
 * Interfaces: one for each subnet with DHCP, and one for 169.254.169.254, all on the same tap and
 * with the same MAC; one for what metadata6.h describes. A frame is given to the interface that it is meant for.
 */
#ifndef CUMULET_SVC_SVC_H
#define CUMULET_SVC_SVC_H

#include <lwip/netif.h>

#include "firmware/lib/loop.h"
#include "netstack/svc/lease.h"
#include "netstack/svc/metadata6.h"

#define FRAME_MAX 9216
#define DNS_PENDING_MOST 64

struct udp_pcb;
struct metadata;

struct svc_interface {
	struct netif netif;
	const struct net_subnet *subnet; /* in svc->network; NULL: the metadata address */
	struct address network;
};

/* Who asks a question, and where; by IPv6 svc answers at the MAC that asked. */
struct dns_peer {
	bool ipv6;
	uint16_t port;
	uint32_t client, local;
	uint8_t client6[16], local6[16], mac[MAC_SIZE];
};

/* A query that netd forwards. */
struct dns_pending {
	uint32_t token; /* 0: free */
	struct dns_peer peer;
	uint64_t deadline;
};

struct svc {
	struct loop *loop;
	struct channel netd, cloud; /* fd -1: not there */
	int tap;
	struct loop_fd tap_handle;
	struct loop_timer timer; /* lwIP's */
	uint64_t active;         /* when the last frame came */
	/* Sends a frame; writes to the tap, tests record. */
	void (*output)(struct svc *svc, const void *frame, size_t size);

	struct arena arena; /* of 'network' */
	struct net_network network;
	uint8_t mac[MAC_SIZE];
	struct svc_interface interfaces[NET_SUBNETS_MAX];
	size_t interface_count;
	struct svc_interface metadata_interface;
	struct metadata6 metadata6;
	struct lease_table leases;

	struct udp_pcb *dhcp, *dns;
	uint32_t dns_token;
	struct dns_pending pending[DNS_PENDING_MOST];
	struct metadata *metadata;

	bool advertises; /* some subnet wants it */
	struct loop_timer advertising;
	unsigned advertised; /* since the last change */
};

/* --- stack.c: lwIP and the tap --- */
int svc_init(struct svc *svc, struct loop *loop);
/* The network as it is now; takes over the arena that it was decoded in. */
int svc_network_set(struct svc *svc, const struct net_network *network, struct arena *arena,
		    struct error *error);
void svc_input(struct svc *svc, const uint8_t *frame, size_t size);
/* lwIP's clock runs for a while. */
void svc_stay_awake(struct svc *svc);
void svc_tap_set(struct svc *svc, int tap);
void svc_free(struct svc *svc);

/* --- messages.c: netd and cloud --- */
int svc_netd_attach(struct svc *svc, int fd);
void svc_cloud_attach(struct svc *svc, int fd);

/* --- ipv6_service.c --- */
/* All of IPv6: lwIP sees none of it. */
void ipv6_input(struct svc *svc, const uint8_t *frame, size_t size);
/* A network that advertises, or one of its routers, is another: guests are told. */
void ipv6_changed(struct svc *svc);
void ipv6_router_gone(struct svc *svc, const struct lease *router);
/* Sends a UDP payload that stands in the frame behind its headers (IPV6_UDP_HEADERS bytes). */
#define IPV6_UDP_HEADERS 62
struct frame6;
void ipv6_udp_send(struct svc *svc, const struct frame6 *asked, const uint8_t from[static 16],
		   uint16_t from_port, uint16_t to_port, uint8_t *data, size_t size);
/* --- ipv6_host.c: svc's own IPv6 addresses: neighbours, echo, DNS, metadata --- */
void ipv6_host_input(struct svc *svc, const struct frame6 *frame);

/* --- dhcp_service.c, dns_service.c, metadata.c --- */
int dhcp_service_start(struct svc *svc);
int dns_service_start(struct svc *svc);
void dns_service_ask(struct svc *svc, const struct dns_peer *peer, const uint8_t *data,
		     size_t size);
void dns_service_answer(struct svc *svc, const struct svc_dns *answer);
int metadata_start(struct svc *svc);
void metadata_reply(struct svc *svc, uint32_t serial, const struct svc_metadata *reply);
/* The link to cloud is gone: what waits for it is answered 503. */
void metadata_lost(struct svc *svc);
void metadata_free(struct svc *svc);

/* sandbox.c: only what a running svc does is left; it may not even open a file. */
int svc_sandbox(struct error *error);

#endif
