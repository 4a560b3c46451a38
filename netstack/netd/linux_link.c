/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links by rtnetlink: bridges, taps, veth pairs. */
#include "netstack/netd/linux.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

#ifndef IFF_LOWER_UP
#define IFF_LOWER_UP (1 << 16) /* <linux/if.h>, which does not go together with <net/if.h> */
#endif

static struct netlink *home(struct backend *backend)
{
	return &container_of(backend, struct linux_backend, backend)->route;
}

/* --- what is there --- */

static void link_read(const struct nlmsghdr *header, struct backend_link *link)
{
	const struct ifinfomsg *info = NLMSG_DATA(header);
	const struct nlattr *table[IFLA_MAX + 1], *kinds[IFLA_INFO_MAX + 1];

	memset(link, 0, sizeof(*link));
	if (header->nlmsg_type != RTM_NEWLINK || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)))
		return;
	netlink_attributes(header, sizeof(*info), table, IFLA_MAX);
	netlink_nested(table[IFLA_LINKINFO], kinds, IFLA_INFO_MAX);
	netlink_get_string(table[IFLA_IFNAME], link->name, sizeof(link->name));
	netlink_get_string(kinds[IFLA_INFO_KIND], link->kind, sizeof(link->kind));
	link->index = (uint32_t)info->ifi_index;
	link->master = netlink_get_u32(table[IFLA_MASTER]);
	link->mtu = netlink_get_u32(table[IFLA_MTU]);
	link->type = info->ifi_type;
	link->up = (info->ifi_flags & IFF_UP) != 0;
	link->carrier = (info->ifi_flags & IFF_LOWER_UP) != 0;
	if (table[IFLA_ADDRESS] != NULL && netlink_size(table[IFLA_ADDRESS]) == MAC_SIZE)
		memcpy(link->mac, netlink_data(table[IFLA_ADDRESS]), MAC_SIZE);
}

struct links_visit {
	void (*visit)(const struct backend_link *link, void *context);
	void *context;
};

static void links_reader(const struct nlmsghdr *header, void *context)
{
	const struct links_visit *visit = context;
	struct backend_link link;

	link_read(header, &link);
	if (link.index != 0)
		visit->visit(&link, visit->context);
}

int linux_links(struct backend *backend, const char *space,
		void (*visit)(const struct backend_link *link, void *context), void *context,
		struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct links_visit visitor = { .visit = visit, .context = context };
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct netlink netlink;
	int result = linux_netlink_open(backend, space, NETLINK_ROUTE, &netlink, error);

	if (result < 0)
		return result;
	netlink_begin(&request, RTM_GETLINK, NLM_F_DUMP, &info, sizeof(info));
	result = netlink_query(&netlink, &request, links_reader, &visitor, error);
	netlink_close(&netlink);
	return result;
}

static void find_reader(const struct nlmsghdr *header, void *context)
{
	link_read(header, context);
}

int linux_link_find(struct netlink *netlink, const char *name, struct backend_link *link,
		    struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct error local;
	int result;

	memset(link, 0, sizeof(*link));
	netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, name);
	result = netlink_query(netlink, &request, find_reader, link, &local);
	if (result == -ENODEV)
		return 0;
	return result < 0 ? error_set(error, result, "find link %s: %s", name, local.message) : 0;
}

static void counters_reader(const struct nlmsghdr *header, void *context)
{
	const struct nlattr *table[IFLA_MAX + 1];
	struct backend_counters *counters = context;
	struct rtnl_link_stats64 stats;

	if (header->nlmsg_type != RTM_NEWLINK ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return;
	netlink_attributes(header, sizeof(struct ifinfomsg), table, IFLA_MAX);
	/* Later kernels have more of them, at the end. */
	if (table[IFLA_STATS64] == NULL ||
	    netlink_size(table[IFLA_STATS64]) < offsetof(struct rtnl_link_stats64, multicast))
		return;
	memcpy(&stats, netlink_data(table[IFLA_STATS64]),
	       offsetof(struct rtnl_link_stats64, multicast));
	*counters = (struct backend_counters){
		.received_bytes = stats.rx_bytes,
		.received_packets = stats.rx_packets,
		.received_errors = stats.rx_errors,
		.received_dropped = stats.rx_dropped,
		.sent_bytes = stats.tx_bytes,
		.sent_packets = stats.tx_packets,
		.sent_errors = stats.tx_errors,
		.sent_dropped = stats.tx_dropped,
	};
}

int linux_counters(struct backend *backend, const char *name, struct backend_counters *counters,
		   struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	memset(counters, 0, sizeof(*counters));
	netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, name);
	return netlink_query(home(backend), &request, counters_reader, counters, error);
}

/* --- making it so --- */

/* One RTM_NEWLINK on a link that is there; the caller puts what changes. */
static void change_begin(struct netlink_request *request, const struct backend_link *link, bool up)
{
	struct ifinfomsg info = {
		.ifi_family = AF_UNSPEC,
		.ifi_index = (int)link->index,
		.ifi_flags = up ? IFF_UP : 0,
		.ifi_change = up ? IFF_UP : 0,
	};

	netlink_begin(request, RTM_NEWLINK, 0, &info, sizeof(info));
}

/* Bridges and their ports have no IPv6 address of their own: nothing of the host answers there.
 * Sent on its own, so that a kernel without IPv6 only refuses this. */
static void address_generation_off(struct netlink *netlink, const struct backend_link *link)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;

	change_begin(&request, link, false);
	netlink_nest(&request, IFLA_AF_SPEC);
	netlink_nest(&request, AF_INET6);
	netlink_put_u8(&request, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	netlink_send(netlink, &request, NULL);
}

static int send_named(struct netlink *netlink, struct netlink_request *request, const char *what,
		      const char *name, struct error *error)
{
	int result = netlink_send(netlink, request, error);

	if (result < 0)
		error_prefix(error, "%s %s", what, name);
	return result;
}

int linux_link_delete(struct backend *backend, const char *name, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	int result;

	netlink_begin(&request, RTM_DELLINK, 0, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, name);
	result = netlink_send(home(backend), &request, error);
	return result == -ENODEV ? 0 : result;
}

static int up_in(struct netlink *netlink, const char *name, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct backend_link link;
	int result = linux_link_find(netlink, name, &link, error);

	if (result < 0)
		return result;
	if (link.index == 0)
		return error_set(error, -ENODEV, "no link %s", name);
	if (link.up)
		return 0;
	change_begin(&request, &link, true);
	return send_named(netlink, &request, "bring up", name, error);
}

int linux_link_up(struct backend *backend, const char *space, const char *name, struct error *error)
{
	struct netlink netlink;
	int result = linux_netlink_open(backend, space, NETLINK_ROUTE, &netlink, error);

	if (result == 0)
		result = up_in(&netlink, name, error);
	netlink_close(&netlink);
	return result;
}

static int bridge_make(struct netlink *netlink, const char *name, uint32_t mtu, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, name);
	netlink_put_u32(&request, IFLA_MTU, mtu);
	netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_KIND, "bridge");
	netlink_nest(&request, IFLA_INFO_DATA);
	/* No spanning tree, so no waiting for it; nobody asks for multicast groups. */
	netlink_put_u32(&request, IFLA_BR_FORWARD_DELAY, 0);
	netlink_put_u32(&request, IFLA_BR_STP_STATE, 0);
	netlink_put_u8(&request, IFLA_BR_MCAST_SNOOPING, 0);
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	return send_named(netlink, &request, "make bridge", name, error);
}

int linux_link_attach(struct netlink *netlink, const struct backend_link *link, uint32_t master,
		      uint32_t mtu, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;

	if (link->master == master && link->mtu == mtu && link->up)
		return 0;
	address_generation_off(netlink, link);
	change_begin(&request, link, true);
	if (link->master != master)
		netlink_put_u32(&request, IFLA_MASTER, master);
	if (link->mtu != mtu && mtu != 0)
		netlink_put_u32(&request, IFLA_MTU, mtu);
	return send_named(netlink, &request, "attach", link->name, error);
}

int linux_bridge_set(struct backend *backend, const char *name, uint32_t mtu, struct error *error)
{
	struct netlink *netlink = home(backend);
	struct backend_link link;
	int result = linux_link_find(netlink, name, &link, error);

	if (result == 0 && link.index == 0) {
		result = bridge_make(netlink, name, mtu, error);
		if (result == 0)
			result = linux_link_find(netlink, name, &link, error);
	}
	return result < 0 ? result : linux_link_attach(netlink, &link, 0, mtu, error);
}

int linux_bridge_index(struct netlink *netlink, const char *bridge, uint32_t *index,
		       struct error *error)
{
	struct backend_link link = { .index = 0 };
	int result = *bridge != '\0' ? linux_link_find(netlink, bridge, &link, error) : 0;

	if (result == 0 && *bridge != '\0' && link.index == 0)
		result = error_set(error, -ENODEV, "no bridge %s", bridge);
	*index = link.index;
	return result;
}

static int tap_open(const struct backend_tap *tap, struct error *error)
{
	CLEANUP_FD int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	struct ifreq request = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	if (fd < 0)
		return error_errno(error, "/dev/net/tun");
	if (tap->vnet_header)
		request.ifr_flags |= IFF_VNET_HDR;
	memcpy(request.ifr_name, tap->name, sizeof(request.ifr_name));
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return error_errno(error, "open tap %s", tap->name);
	if (ioctl(fd, TUNSETPERSIST, 1) < 0)
		return error_errno(error, "keep tap %s", tap->name);
	return fd_take(&fd);
}

static bool is_vlan(const struct backend_link *link)
{
	return strcmp(link->kind, "vlan") == 0;
}

/* The port was a trunk's subport until now. */
static int vlan_remove(struct backend *backend, const char *name, struct error *error)
{
	struct backend_link link;
	int result = linux_link_find(home(backend), name, &link, error);

	return result == 0 && is_vlan(&link) ? linux_link_delete(backend, name, error) : result;
}

static int tap_attach(struct backend *backend, const struct backend_tap *tap, struct error *error)
{
	struct netlink *netlink = home(backend);
	struct backend_link link;
	uint32_t master;
	int result = linux_bridge_index(netlink, tap->bridge, &master, error);

	if (result == 0)
		result = linux_link_find(netlink, tap->name, &link, error);
	if (result < 0)
		return result;
	if (is_vlan(&link))
		result = linux_link_delete(backend, tap->name, error);
	if (result < 0)
		return result;
	if (link.index == 0 || is_vlan(&link))
		return error_set(error, -ENODEV, "no tap %s", tap->name);
	return linux_link_attach(netlink, &link, master, tap->mtu, error);
}

int linux_tap_set(struct backend *backend, const struct backend_tap *tap, int *fd,
		  struct error *error)
{
	CLEANUP_FD int own = -1;
	int result;

	if (fd != NULL) {
		result = vlan_remove(backend, tap->name, error);
		if (result < 0)
			return result;
		own = tap_open(tap, error);
		if (own < 0)
			return own;
	}
	result = tap_attach(backend, tap, error);
	if (result == 0 && fd != NULL)
		*fd = fd_take(&own);
	return result;
}

static int veth_make(struct netlink *netlink, const struct backend_veth *veth, int space,
		     struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	uint8_t mac[MAC_SIZE];

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, veth->name);
	netlink_put_u32(&request, IFLA_MTU, veth->mtu);
	netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_KIND, "veth");
	netlink_nest(&request, IFLA_INFO_DATA);
	netlink_nest(&request, VETH_INFO_PEER);
	netlink_put_header(&request, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, veth->inner);
	netlink_put_u32(&request, IFLA_MTU, veth->mtu);
	netlink_put_u32(&request, IFLA_NET_NS_FD, (uint32_t)space);
	if (mac_parse(veth->mac, mac) == 0)
		netlink_put(&request, IFLA_ADDRESS, mac, sizeof(mac));
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	return send_named(netlink, &request, "make pair", veth->name, error);
}

/* The inner end: there, up, with its MAC and MTU. -ENODEV when it is in another space. */
static int inner_set(struct backend *backend, const struct backend_veth *veth, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	uint8_t mac[MAC_SIZE];
	struct backend_link link;
	struct netlink netlink;
	int result = linux_netlink_open(backend, veth->space, NETLINK_ROUTE, &netlink, error);

	if (result == 0)
		result = linux_link_find(&netlink, veth->inner, &link, error);
	if (result == 0 && link.index == 0)
		result = -ENODEV;
	if (result == 0) {
		change_begin(&request, &link, true);
		netlink_put_u32(&request, IFLA_MTU, veth->mtu);
		if (mac_parse(veth->mac, mac) == 0 && memcmp(mac, link.mac, sizeof(mac)) != 0)
			netlink_put(&request, IFLA_ADDRESS, mac, sizeof(mac));
		result = send_named(&netlink, &request, "set", veth->inner, error);
	}
	netlink_close(&netlink);
	return result;
}

static int veth_ensure(struct backend *backend, const struct backend_veth *veth,
		       struct error *error)
{
	CLEANUP_FD int space = -1;
	struct backend_link link;
	int result = linux_link_find(home(backend), veth->name, &link, error);

	if (result < 0)
		return result;
	if (link.index != 0) {
		result = inner_set(backend, veth, error);
		if (result != -ENODEV)
			return result;
		/* Its other end went somewhere else: made anew. */
		result = linux_link_delete(backend, veth->name, error);
		if (result < 0)
			return result;
	}
	space = linux_space_open(veth->space, error);
	if (space < 0)
		return space;
	result = veth_make(home(backend), veth, space, error);
	return result < 0 ? result : inner_set(backend, veth, error);
}

int linux_veth_set(struct backend *backend, const struct backend_veth *veth, struct error *error)
{
	struct backend_link link;
	uint32_t master;
	int result = linux_bridge_index(home(backend), veth->bridge, &master, error);

	if (result == 0)
		result = veth_ensure(backend, veth, error);
	if (result == 0)
		result = linux_link_find(home(backend), veth->name, &link, error);
	return result < 0 ? result
			  : linux_link_attach(home(backend), &link, master, veth->mtu, error);
}
