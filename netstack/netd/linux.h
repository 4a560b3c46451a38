/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the Linux back end share; backend.h says what each function does. */
#ifndef CUMULET_NETD_LINUX_H
#define CUMULET_NETD_LINUX_H

#include "netstack/netd/backend.h"
#include "netstack/netd/netlink.h"

#define LINUX_SPACES "/run/cumulet/netns" /* one bind-mounted namespace for each router */

struct linux_backend {
	struct backend backend;
	struct netlink route; /* in the box's own space */
	int home;             /* namespace descriptor of the box's own space */
};

/* linux_space.c. A socket belongs to the space in which it was opened. */
int linux_netlink_open(struct backend *backend, const char *space, int protocol,
		       struct netlink *netlink, struct error *error);
/* A socket of that space; negative upon failure. */
int linux_socket_open(struct backend *backend, const char *space, int domain, int type,
		      struct error *error);
int linux_space_set(struct backend *backend, const char *space, struct error *error);
int linux_space_delete(struct backend *backend, const char *space, struct error *error);
int linux_spaces(struct backend *backend, void (*visit)(const char *space, void *context),
		 void *context, struct error *error);
int linux_space_open(const char *space, struct error *error); /* descriptor */
int linux_sysctl(const char *path, const char *value, struct error *error);

/* linux_link.c */
int linux_links(struct backend *backend, const char *space,
		void (*visit)(const struct backend_link *link, void *context), void *context,
		struct error *error);
/* index 0: there is none */
int linux_link_find(struct netlink *netlink, const char *name, struct backend_link *link,
		    struct error *error);
int linux_link_delete(struct backend *backend, const char *name, struct error *error);
int linux_link_up(struct backend *backend, const char *space, const char *name,
		  struct error *error);
int linux_bridge_set(struct backend *backend, const char *name, uint32_t mtu, struct error *error);
int linux_counters(struct backend *backend, const char *name, struct backend_counters *counters,
		   struct error *error);
int linux_tap_set(struct backend *backend, const struct backend_tap *tap, int *fd,
		  struct error *error);
int linux_veth_set(struct backend *backend, const struct backend_veth *veth, struct error *error);

/* Makes 'link' a port of the bridge (master 0: of none), with this MTU, and brings it up. */
int linux_link_attach(struct netlink *netlink, const struct backend_link *link, uint32_t master,
		      uint32_t mtu, struct error *error);
/* The index of a bridge; "": 0. -ENODEV. */
int linux_bridge_index(struct netlink *netlink, const char *bridge, uint32_t *index,
		       struct error *error);

/* linux_nic.c */
int linux_nic_set(struct backend *backend, const char *name, const char *bridge,
		  struct error *error);
int linux_vlan_set(struct backend *backend, const struct backend_vlan *vlan, struct error *error);

/* linux_vxlan.c, linux_remote.c */
int linux_vxlan_set(struct backend *backend, const struct backend_vxlan *vxlan,
		    struct error *error);
int linux_remotes_set(struct backend *backend, const struct backend_vxlan *vxlan,
		      const struct address *flood, size_t flood_count,
		      const struct backend_remote *list, size_t count, struct error *error);
/* linux_qdisc.c */
int linux_rate_set(struct backend *backend, const char *name, const struct backend_rate *rate,
		   struct error *error);
/* What the link's queue is; 0 kbit/s: what it has of its own. */
int linux_bucket_set(struct netlink *netlink, const struct backend_link *link,
		     const struct backend_rate *rate, struct error *error);

/* linux_shape.c */
int linux_sent_rate_set(struct backend *backend, const char *name, const char *shaper,
			const struct backend_rate *rate, struct error *error);
/* The kernel has all that the above takes; otherwise 'error' says what is missing. */
bool linux_shaping_works(struct backend *backend, struct error *error);

/* linux_route.c */
int linux_addresses(struct backend *backend, const char *space, const char *link,
		    void (*visit)(const struct address *address, void *context), void *context,
		    struct error *error);
int linux_addresses_set(struct backend *backend, const char *space, const char *link,
			const struct address *list, size_t count, struct error *error);
int linux_ipv6_set(struct backend *backend, const char *link, const struct backend_ipv6 *ipv6,
		   struct error *error);
int linux_routes_set(struct backend *backend, const char *space, const struct backend_route *list,
		     size_t count, struct error *error);

/* linux_neighbour.c */
int linux_proxies_set(struct backend *backend, const char *link, const struct address *list,
		      size_t count, struct error *error);
int linux_announce(struct backend *backend, const char *space, const char *link,
		   const struct address *list, size_t count, struct error *error);

/* linux_nft.c */
int linux_rules_set(struct backend *backend, const char *space, const char *text,
		    const char *change, struct error *error);
bool linux_rules_present(struct backend *backend);

#endif
