/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What netd asks of the machine. There are two of these: Linux (linux*.c, the only files that
 * talk to the kernel about links, routes and rules) and a fake that records what it was asked
 * (fake.c), for tests.
 *
 * Every function states what shall be, and does nothing when it is so already: asking again after
 * a crash of netd disturbs no traffic. A 'space' is a network namespace of netd's own, by name;
 * "" is the box's. All return 0 or a negative errno with the reason.
 */
#ifndef CUMULET_NETD_BACKEND_H
#define CUMULET_NETD_BACKEND_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "firmware/lib/error.h"
#include "netstack/address.h"

#define SPACE_SIZE 32

struct backend;

/* What is on the machine, as links() reports it. */
struct backend_link {
	char name[IFNAMSIZ];
	char kind[16]; /* "bridge", "tun", "veth", ...; "" for hardware */
	uint32_t index, master, mtu;
	uint16_t type; /* ARPHRD_* */
	uint8_t mac[MAC_SIZE];
	bool up, carrier;
};

struct backend_tap {
	char name[IFNAMSIZ];
	char bridge[IFNAMSIZ]; /* "": on none (yet) */
	uint32_t mtu;
	bool vnet_header; /* frames carry virtio_net_hdr (guests) */
};

struct backend_veth {
	char name[IFNAMSIZ];   /* the end in the box's own space */
	char bridge[IFNAMSIZ]; /* what that end is a port of; "": none */
	char space[SPACE_SIZE];
	char inner[IFNAMSIZ]; /* the end in 'space' */
	char mac[18];         /* of the inner end; "" for any */
	uint32_t mtu;
};

struct backend_vxlan {
	char name[IFNAMSIZ];
	char bridge[IFNAMSIZ]; /* what it is a port of */
	uint32_t vni, mtu;
	struct address local; /* this box's end */
	uint16_t port;        /* UDP, of both ends */
	bool learning;        /* where MACs are is learned from what arrives */
	bool suppress;        /* questions that the bridge's neighbours answer stay here */
};

struct backend_vlan {
	char name[IFNAMSIZ];
	char parent[IFNAMSIZ]; /* a NIC, or the tap of a guest */
	char bridge[IFNAMSIZ]; /* what it is a port of; "": none (yet) */
	uint16_t number;
	uint32_t mtu;
};

/* A MAC that is behind another box's end; with the address that it has, if that is known. */
struct backend_remote {
	uint8_t mac[MAC_SIZE];
	struct address peer;
	struct address address; /* family 0: none */
};

struct backend_route {
	struct address destination; /* a network; family 0 ends nothing: lists have counts */
	struct address gateway;     /* family 0: on the link itself */
	char link[IFNAMSIZ];        /* "": found through the gateway */
	char from[IFNAMSIZ];        /* only for packets that came in by this link; "": any */
	bool kept;                  /* the one that leads there stays as it is, if there is one */
};

/* What went through a link, as the box sees it. */
struct backend_counters {
	uint64_t received_bytes, received_packets, received_errors, received_dropped;
	uint64_t sent_bytes, sent_packets, sent_errors, sent_dropped;
};

/* kbit/s and kbit; kbps 0: as fast as it goes. */
struct backend_rate {
	uint32_t kbps, burst;
};

/* How a link of the box's own space has IPv6. */
struct backend_ipv6 {
	bool on;
	bool advertised;        /* addresses and routes of router advertisements (SLAAC) */
	struct address address; /* otherwise this one; family 0: none */
};

struct backend_ops {
	int (*links)(struct backend *backend, const char *space,
		     void (*visit)(const struct backend_link *link, void *context), void *context,
		     struct error *error);
	int (*link_delete)(struct backend *backend, const char *name, struct error *error);
	int (*link_up)(struct backend *backend, const char *space, const char *name,
		       struct error *error);
	int (*bridge_set)(struct backend *backend, const char *name, uint32_t mtu,
			  struct error *error);
	/* Makes the tap when 'fd' is not NULL (the descriptor is then the caller's; -EBUSY when
	 * another holds one), otherwise only moves one that is there (-ENODEV). It persists. A VLAN
	 * that has its name is none, and goes. */
	int (*tap_set)(struct backend *backend, const struct backend_tap *tap, int *fd,
		       struct error *error);
	int (*veth_set)(struct backend *backend, const struct backend_veth *veth,
			struct error *error);
	/* The board's own link is up and a port of the bridge, or of none (""); -ENODEV. */
	int (*nic_set)(struct backend *backend, const char *name, const char *bridge,
		       struct error *error);
	/* -ENODEV: no such parent. */
	int (*vlan_set)(struct backend *backend, const struct backend_vlan *vlan,
			struct error *error);
	/* One with another end, number or port is made anew. */
	int (*vxlan_set)(struct backend *backend, const struct backend_vxlan *vxlan,
			 struct error *error);
	/* What is sent to everybody goes to the ends in 'flood', and what is sent to the remotes
	 * to theirs; the bridge knows where they are and, for suppression, their addresses.
	 * Entries that were learned are left alone. */
	int (*remotes_set)(struct backend *backend, const struct backend_vxlan *vxlan,
			   const struct address *flood, size_t flood_count,
			   const struct backend_remote *list, size_t count, struct error *error);
	/* How fast the link is sent to; -ENODEV. */
	int (*rate_set)(struct backend *backend, const char *link, const struct backend_rate *rate,
			struct error *error);
	/* How fast goes on what the link sends; -ENODEV. What is too fast waits in the queue of
	 * 'shaper', a link of that name which is there as long as it is needed. Only where the
	 * back end has 'shaping'. */
	int (*sent_rate_set)(struct backend *backend, const char *link, const char *shaper,
			     const struct backend_rate *rate, struct error *error);
	/* Of a link in the box's own space; -ENODEV. */
	int (*counters)(struct backend *backend, const char *link,
			struct backend_counters *counters, struct error *error);
	/* A space has its loopback up and forwards. */
	int (*space_set)(struct backend *backend, const char *space, struct error *error);
	int (*space_delete)(struct backend *backend, const char *space, struct error *error);
	int (*spaces)(struct backend *backend, void (*visit)(const char *space, void *context),
		      void *context, struct error *error);
	/* The link has these addresses, and no others; in the box's own space: no other IPv4 ones. */
	int (*addresses_set)(struct backend *backend, const char *space, const char *link,
			     const struct address *list, size_t count, struct error *error);
	int (*addresses)(struct backend *backend, const char *space, const char *link,
			 void (*visit)(const struct address *address, void *context), void *context,
			 struct error *error);
	/* The space has exactly these routes of netd's. */
	int (*routes_set)(struct backend *backend, const char *space,
			  const struct backend_route *list, size_t count, struct error *error);
	/* A kernel without IPv6 has no more to do. */
	int (*ipv6_set)(struct backend *backend, const char *link, const struct backend_ipv6 *ipv6,
			struct error *error);
	/* The box answers ARP and neighbour solicitations on the link for these addresses, and for
	 * no others that are not its own. */
	int (*proxies_set)(struct backend *backend, const char *link, const struct address *list,
			   size_t count, struct error *error);
	/* Tells everybody on the link that these IPv4 addresses are found here now. */
	int (*announce)(struct backend *backend, const char *space, const char *link,
			const struct address *list, size_t count, struct error *error);
	/* Replaces the tables that the text defines, in one transaction. The text is nft(8)'s, in
	 * the subset that nft_text.h describes. With a 'change' (nft_change.h) only that is done,
	 * which leads there from what was set last. */
	int (*rules_set)(struct backend *backend, const char *space, const char *text,
			 const char *change, struct error *error);
	bool (*rules_present)(struct backend *backend); /* netd's bridge table is there */
	/* IPv4 forwarding in the box's own space, and bridge_conntrack or its stand-in. */
	int (*prepare)(struct backend *backend, struct error *error);
};

struct backend {
	const struct backend_ops *ops;
	/* Rules of the bridge family may use connection tracking (nf_conntrack_bridge). Without
	 * it frames of bridges are shown to the inet family (br_netfilter). */
	bool bridge_conntrack;
	/* What a link sends can be made to wait. Without it rules drop what is too fast. */
	bool shaping;
	/* All that is desired is known. Before that routes and proxies of a former netd that are
	 * not asked for are left alone. */
	bool settled;
};

/* Rules that are in force, as text; NULL: not known. What differs from them is changed. */
struct rules {
	char *text;
};

/* backend.c: makes these the rules of the space, which those in force were before. */
int rules_apply(struct backend *backend, const char *space, struct rules *rules, const char *text,
		struct error *error);
void rules_forget(struct rules *rules); /* what is in force is not known any more */

int linux_backend_new(struct backend **backend, struct error *error);
void linux_backend_free(struct backend *backend);

#endif
