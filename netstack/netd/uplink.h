/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The box's own way out: one Ethernet link, with a static address or by DHCP; IPv6 by what routers
 * advertise (SLAAC), or static, too. What is desired comes
 * from cloud (NETD_UPLINK_SET), or before that from the provisioning file 'uplink':
 * "dhcp", or "address/prefix,gateway,dns[,dns]...".
 *
 * DHCP is busybox's udhcpc as a child that may do nothing but send and receive packets; its
 * script prints what it learned, and netd sets addresses and routes.
 *
 *	state      event                    next      what is done
 *	searching  a link is there          set up    link up, addresses or udhcpc
 *	set up     udhcpc: bound, renew     set up    addresses, default route, resolver
 *	set up     udhcpc: deconfig, ...    set up    nothing: what holds is kept
 *	set up     udhcpc dies              set up    started again after 2 s
 *	set up     the link goes away       searching udhcpc ended
 *	any        other settings           searching udhcpc ended
 *
 * The kernel's notifications about links and addresses lead to a look at what is, and to
 * 'changed' when that differs from before.
 */
#ifndef CUMULET_NETD_UPLINK_H
#define CUMULET_NETD_UPLINK_H

#include "firmware/lib/loop.h"
#include "netstack/netd/backend.h"
#include "netstack/netd/netlink.h"

#define UPLINK_PROVISION PATH_PROVISION "/uplink"

/* What is desired, without the message's lists. */
enum uplink_ipv6 { UPLINK_IPV6_SLAAC, UPLINK_IPV6_STATIC, UPLINK_IPV6_OFF };

struct uplink_settings {
	char link[16]; /* "": the first Ethernet link */
	bool dhcp;
	struct address address; /* with prefix; family 0: none */
	char gateway[ADDRESS_SIZE];
	char dns[NET_DNS_MAX][ADDRESS_SIZE];
	size_t dns_count;
	enum uplink_ipv6 ipv6;
	struct address address6; /* of UPLINK_IPV6_STATIC */
	char gateway6[ADDRESS_SIZE];
};

/* What the box passes on to a router: an address of its own outside, or a network behind it. */
struct uplink_external {
	struct address address; /* a host's: answered for on the uplink and announced there */
	struct address gateway; /* the router's end of the way, and the link to it */
	char link[IFNAMSIZ];
};

struct uplink {
	struct loop *loop;
	struct backend *backend;
	void (*changed)(struct uplink *uplink);
	struct uplink_settings desired;
	struct uplink_settings lease; /* what holds: the desired, or what DHCP gave */
	char link[16];                /* "": searching */
	bool carrier;
	uint32_t mtu;
	struct address addresses[NET_PORT_ADDRESSES_MAX]; /* as observed */
	size_t address_count;
	struct uplink_external *externals; /* owned */
	size_t external_count;
	struct netlink monitor;
	struct loop_fd monitor_handle;
	struct loop_timer look, restart;
	pid_t client; /* udhcpc; 0: none */
	struct loop_process client_process;
	struct loop_fd client_handle;
	int client_output; /* what its script prints; -1: none */
	char line[512];
	size_t line_length;
};

void uplink_init(struct uplink *uplink, struct loop *loop, struct backend *backend,
		 void (*changed)(struct uplink *uplink));
/* Begins to observe; settings may come before or after. */
int uplink_start(struct uplink *uplink, struct error *error);
void uplink_set(struct uplink *uplink, const struct uplink_settings *settings);
/* All that is passed on to routers; the list is copied. */
void uplink_externals(struct uplink *uplink, const struct uplink_external *list, size_t count);
/* What a former netd left of routes and proxies goes, if it is of no use. */
void uplink_settle(struct uplink *uplink);
/* Looks at the links and addresses now. */
void uplink_look(struct uplink *uplink);
void uplink_free(struct uplink *uplink);

/* -EINVAL; also from the provisioning file's first line. */
int uplink_settings_parse(const char *text, struct uplink_settings *settings);
int uplink_settings_from(const struct net_uplink *message, struct uplink_settings *settings);
/* A line of the DHCP client's script: "bound eth0 10.0.2.15/24 10.0.2.2 10.0.2.3 ...": what
 * happened, link, address, routers joined by commas or "-", resolvers joined likewise. */
int uplink_lease_parse(const char *line, struct uplink_settings *lease);
/* The address is the box's own. */
bool uplink_has(const struct uplink *uplink, const struct address *address);

/* udhcpc.c */
int udhcpc_start(struct uplink *uplink, struct error *error);
void udhcpc_stop(struct uplink *uplink);
/* uplink.c, for udhcpc.c: the script printed a line; the client died. */
void uplink_client_line(struct uplink *uplink, const char *line);
void uplink_client_lost(struct uplink *uplink);

#endif
