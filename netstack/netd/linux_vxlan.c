/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VXLAN links (RFC 7348) by rtnetlink. */
#include "netstack/netd/linux.h"

#include <arpa/inet.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

/* --- what is there --- */

struct found {
	uint32_t vni;
	uint16_t port;
	struct address local;
	bool learning;
};

static void local_read(const struct nlattr *const *data, struct address *local)
{
	const struct nlattr *four = data[IFLA_VXLAN_LOCAL], *six = data[IFLA_VXLAN_LOCAL6];
	const struct nlattr *one = six != NULL ? six : four;

	memset(local, 0, sizeof(*local));
	if (one == NULL)
		return;
	local->family = six != NULL ? AF_INET6 : AF_INET;
	local->prefix = address_size(local) * 8;
	if (netlink_size(one) == address_size(local))
		memcpy(local->bytes, netlink_data(one), address_size(local));
}

static void found_read(const struct nlmsghdr *header, void *context)
{
	struct found *found = context;
	const struct nlattr *table[IFLA_MAX + 1], *info[IFLA_INFO_MAX + 1];
	const struct nlattr *data[IFLA_VXLAN_MAX + 1];

	if (header->nlmsg_type != RTM_NEWLINK ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(struct ifinfomsg)))
		return;
	netlink_attributes(header, sizeof(struct ifinfomsg), table, IFLA_MAX);
	netlink_nested(table[IFLA_LINKINFO], info, IFLA_INFO_MAX);
	netlink_nested(info[IFLA_INFO_DATA], data, IFLA_VXLAN_MAX);
	found->vni = netlink_get_u32(data[IFLA_VXLAN_ID]);
	local_read(data, &found->local);
	if (data[IFLA_VXLAN_PORT] != NULL && netlink_size(data[IFLA_VXLAN_PORT]) == 2) {
		memcpy(&found->port, netlink_data(data[IFLA_VXLAN_PORT]), 2);
		found->port = ntohs(found->port);
	}
	if (data[IFLA_VXLAN_LEARNING] != NULL && netlink_size(data[IFLA_VXLAN_LEARNING]) == 1)
		found->learning = *(const uint8_t *)netlink_data(data[IFLA_VXLAN_LEARNING]) != 0;
}

static bool is_as_wanted(const struct found *found, const struct backend_vxlan *vxlan)
{
	return found->vni == vxlan->vni && found->port == vxlan->port &&
	       found->learning == vxlan->learning && address_equal(&found->local, &vxlan->local);
}

/* Removes a link of this name that is not like the wanted one; *there: one is left. */
static int other_remove(struct backend *backend, struct netlink *netlink,
			const struct backend_vxlan *vxlan, bool *there, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	struct found found = { .vni = 0 };
	int result;

	netlink_begin(&request, RTM_GETLINK, NLM_F_ACK, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, vxlan->name);
	result = netlink_query(netlink, &request, found_read, &found, error);
	*there = result == 0 && is_as_wanted(&found, vxlan);
	if (result == -ENODEV)
		return 0;
	return result < 0 || *there ? result : linux_link_delete(backend, vxlan->name, error);
}

/* --- making it so --- */

static void data_put(struct netlink_request *request, const struct backend_vxlan *vxlan)
{
	bool six = vxlan->local.family == AF_INET6;

	netlink_put_u32(request, IFLA_VXLAN_ID, vxlan->vni);
	netlink_put(request, six ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, vxlan->local.bytes,
		    address_size(&vxlan->local));
	netlink_put_u16(request, IFLA_VXLAN_PORT, htons(vxlan->port));
	netlink_put_u8(request, IFLA_VXLAN_LEARNING, vxlan->learning);
}

static int make(struct netlink *netlink, const struct backend_vxlan *vxlan, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };
	int result;

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, vxlan->name);
	netlink_put_u32(&request, IFLA_MTU, vxlan->mtu);
	netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_KIND, "vxlan");
	netlink_nest(&request, IFLA_INFO_DATA);
	data_put(&request, vxlan);
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	result = netlink_send(netlink, &request, error);
	if (result < 0)
		error_prefix(error, "make tunnel %s", vxlan->name);
	return result;
}

/* As a port of its bridge: does that answer for what is behind it? */
static int suppression_set(struct netlink *netlink, uint32_t index, bool on, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC, .ifi_index = (int)index };
	int result;

	netlink_begin(&request, RTM_NEWLINK, 0, &info, sizeof(info));
	netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_SLAVE_KIND, "bridge");
	netlink_nest(&request, IFLA_INFO_SLAVE_DATA);
	netlink_put_u8(&request, IFLA_BRPORT_NEIGH_SUPPRESS, on);
	netlink_nest_end(&request);
	netlink_nest_end(&request);
	result = netlink_send(netlink, &request, error);
	if (result < 0)
		error_prefix(error, "suppression of neighbour discovery");
	return result;
}

int linux_vxlan_set(struct backend *backend, const struct backend_vxlan *vxlan, struct error *error)
{
	struct netlink *netlink = &container_of(backend, struct linux_backend, backend)->route;
	struct backend_link link;
	uint32_t master;
	bool there;
	int result = linux_bridge_index(netlink, vxlan->bridge, &master, error);

	if (result == 0)
		result = other_remove(backend, netlink, vxlan, &there, error);
	if (result == 0 && !there)
		result = make(netlink, vxlan, error);
	if (result == 0)
		result = linux_link_find(netlink, vxlan->name, &link, error);
	if (result == 0)
		result = linux_link_attach(netlink, &link, master, vxlan->mtu, error);
	return result < 0 ? result : suppression_set(netlink, link.index, vxlan->suppress, error);
}
