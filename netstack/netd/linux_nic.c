/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The board's own links, and VLANs on them (802.1Q), as ports of bridges. */
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/netd/linux.h"

static struct netlink *home(struct backend *backend)
{
	return &container_of(backend, struct linux_backend, backend)->route;
}

int linux_nic_set(struct backend *backend, const char *name, const char *bridge,
		  struct error *error)
{
	struct netlink *netlink = home(backend);
	struct backend_link link;
	uint32_t master;
	int result = linux_bridge_index(netlink, bridge, &master, error);

	if (result == 0)
		result = linux_link_find(netlink, name, &link, error);
	if (result == 0 && link.index == 0)
		result = error_set(error, -ENODEV, "no link %s", name);
	return result < 0 ? result : linux_link_attach(netlink, &link, master, link.mtu, error);
}

/* --- VLANs --- */

struct found {
	uint32_t parent;
	uint16_t number;
};

static void found_read(const struct nlmsghdr *header, void *context)
{
	struct found *found = context;
	const struct nlattr *table[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct nlattr *data[IFLA_VLAN_MAX + 1];

	if (header->nlmsg_type != RTM_NEWLINK ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return;
	netlink_attributes(header, sizeof(struct ifinfomsg), table, IFLA_MAX);
	netlink_nested(table[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	netlink_nested(info[IFLA_INFO_DATA], data, IFLA_VLAN_MAX);
	found->parent = netlink_get_u32(table[IFLA_LINK]);
	if (data[IFLA_VLAN_ID] != NULL && netlink_size(data[IFLA_VLAN_ID]) == 2)
		memcpy(&found->number, netlink_data(data[IFLA_VLAN_ID]), 2);
}

static int other_remove(struct backend *backend, const struct backend_vlan *vlan, uint32_t parent,
			bool *there, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct found found = { .parent = 0 };
	int result;

	netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, vlan->name);
	result = netlink_query(home(backend), &request, found_read, &found, error);
	*there = result == 0 && found.parent == parent && found.number == vlan->number;
	if (result == -ENODEV)
		return 0;
	return result < 0 || *there ? result : linux_link_delete(backend, vlan->name, error);
}

static int make(struct netlink *netlink, const struct backend_vlan *vlan, uint32_t parent,
		struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	int result;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, vlan->name);
	netlink_put_u32(&request, IFLA_LINK, parent);
	netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_KIND, "vlan");
	netlink_nest(&request, IFLA_INFO_DATA);
	netlink_put_u16(&request, IFLA_VLAN_ID, vlan->number);
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	result = netlink_send(netlink, &request, error);
	if (result < 0)
		error_prefix(error, "make VLAN %u on %s", vlan->number, vlan->parent);
	return result;
}

static int parent_ready(struct backend *backend, const struct backend_vlan *vlan, uint32_t *index,
			struct error *error)
{
	struct backend_link link;
	int result = linux_link_up(backend, "", vlan->parent, error);

	if (result == 0)
		result = linux_link_find(home(backend), vlan->parent, &link, error);
	*index = link.index;
	return result;
}

int linux_vlan_set(struct backend *backend, const struct backend_vlan *vlan, struct error *error)
{
	struct netlink *netlink = home(backend);
	struct backend_link link;
	uint32_t master, parent;
	bool there;
	int result = linux_bridge_index(netlink, vlan->bridge, &master, error);

	if (result == 0)
		result = parent_ready(backend, vlan, &parent, error);
	if (result == 0)
		result = other_remove(backend, vlan, parent, &there, error);
	if (result == 0 && !there)
		result = make(netlink, vlan, parent, error);
	if (result == 0)
		result = linux_link_find(netlink, vlan->name, &link, error);
	return result < 0 ? result : linux_link_attach(netlink, &link, master, vlan->mtu, error);
}
