/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, routes and routing rules by rtnetlink: compared with what is there, then changed. */
#include "netstack/netd/linux.h"

#include <fcntl.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

#define LINK_LOCAL(address) ((address)->bytes[0] == 0xfe && ((address)->bytes[1] & 0xc0) == 0x80)
#define PROTOCOL 0xc1    /* marks routes and rules as netd's own (rtm_protocol) */
#define TABLE_FIRST 1000 /* routes for packets from one link: table = first + its index */
#define RULE_PRIORITY 1000
#define ADDRESSES_GONE_MAX 512 /* in one pass: a router's floating IPs, and more */
#define INSTALLED_MAX 2048     /* of the box's space: an address of each router's */

/* --- addresses --- */

struct addresses_visit {
	uint32_t index;
	void (*visit)(const struct address *address, void *context);
	void *context;
};

static bool address_read(const struct nlmsghdr *header, uint32_t index, struct address *address)
{
	const struct ifaddrmsg *info = NLMSG_DATA(header);
	const struct nlattr *table[IFA_MAX + 1], *value;

	if (header->nlmsg_type != RTM_NEWADDR || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->ifa_index != index || info->ifa_scope == RT_SCOPE_LINK ||
	    (info->ifa_family != AF_INET && info->ifa_family != AF_INET6))
		return false;
	netlink_attributes(header, sizeof(*info), table, IFA_MAX);
	value = table[IFA_LOCAL] != NULL ? table[IFA_LOCAL] : table[IFA_ADDRESS];
	memset(address, 0, sizeof(*address));
	address->family = info->ifa_family;
	address->prefix = info->ifa_prefixlen;
	if (value == NULL || netlink_size(value) < address_size(address))
		return false;
	memcpy(address->bytes, netlink_data(value), address_size(address));
	return true;
}

static void addresses_reader(const struct nlmsghdr *header, void *context)
{
	const struct addresses_visit *visit = context;
	struct address address;

	if (address_read(header, visit->index, &address))
		visit->visit(&address, visit->context);
}

static int addresses_in(struct netlink *netlink, const char *name, struct addresses_visit *visit,
			struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifaddrmsg info = { .ifa_family = AF_UNSPEC };
	struct backend_link link;
	int result = linux_link_find(netlink, name, &link, error);

	if (result < 0)
		return result;
	if (link.index == 0)
		return error_set(error, -ENODEV, "no link %s", name);
	visit->index = link.index;
	netlink_begin(&request, RTM_GETADDR, NLM_F_DUMP, &info, sizeof(info));
	return netlink_query(netlink, &request, addresses_reader, visit, error);
}

int linux_addresses(struct backend *backend, const char *space, const char *link,
		    void (*visit)(const struct address *address, void *context), void *context,
		    struct error *error)
{
	struct addresses_visit visitor = { .visit = visit, .context = context };
	struct netlink netlink;
	int result = linux_netlink_open(backend, space, NETLINK_ROUTE, &netlink, error);

	if (result == 0)
		result = addresses_in(&netlink, link, &visitor, error);
	netlink_close(&netlink);
	return result;
}

static int address_change(struct netlink *netlink, uint16_t type, uint32_t index,
			  const struct address *address, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifaddrmsg info = {
		.ifa_family = (uint8_t)address->family,
		.ifa_prefixlen = (uint8_t)address->prefix,
		.ifa_index = index,
		/* Those of transfer links are given by us on both ends: nothing to detect. */
		.ifa_flags = address->family == AF_INET6 && LINK_LOCAL(address) ? IFA_F_NODAD : 0,
	};
	uint16_t flags = type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	char text[CIDR_SIZE];
	int result;

	netlink_begin(&request, type, flags, &info, sizeof(info));
	netlink_put(&request, IFA_LOCAL, address->bytes, address_size(address));
	netlink_put(&request, IFA_ADDRESS, address->bytes, address_size(address));
	result = netlink_send(netlink, &request, error);
	if (result < 0 && result != -EEXIST && result != -EADDRNOTAVAIL) {
		address_format(address, text);
		error_prefix(error, "address %s", text);
		return result;
	}
	return 0;
}

struct addresses_diff {
	const struct address *list;
	size_t count;
	int family; /* the others are not looked at; 0: all are */
	struct address gone[ADDRESSES_GONE_MAX];
	size_t gone_count;
};

static void address_compare(const struct address *address, void *context)
{
	struct addresses_diff *diff = context;

	if (diff->family != 0 && address->family != diff->family)
		return;
	for (size_t i = 0; i < diff->count; i++)
		if (address_equal(&diff->list[i], address))
			return;
	if (diff->gone_count < ARRAY_LENGTH(diff->gone))
		diff->gone[diff->gone_count++] = *address;
}

static int addresses_apply(struct netlink *netlink, const char *link, struct addresses_diff *diff,
			   struct error *error)
{
	struct addresses_visit visitor = { .visit = address_compare, .context = diff };
	int result = addresses_in(netlink, link, &visitor, error);

	/* The new ones first, so that routes through them stay; and again, because one that came
	 * second into a network went with the first. */
	for (size_t i = 0; result == 0 && i < diff->count; i++)
		result = address_change(netlink, RTM_NEWADDR, visitor.index, &diff->list[i], error);
	for (size_t i = 0; result == 0 && i < diff->gone_count; i++)
		result = address_change(netlink, RTM_DELADDR, visitor.index, &diff->gone[i], error);
	for (size_t i = 0; result == 0 && diff->gone_count > 0 && i < diff->count; i++)
		result = address_change(netlink, RTM_NEWADDR, visitor.index, &diff->list[i], error);
	return result;
}

int linux_addresses_set(struct backend *backend, const char *space, const char *link,
			const struct address *list, size_t count, struct error *error)
{
	struct addresses_diff diff = { .list = list,
				       .count = count,
				       .family = *space == '\0' ? AF_INET : 0 };
	struct netlink netlink;
	int result = linux_netlink_open(backend, space, NETLINK_ROUTE, &netlink, error);

	if (result == 0)
		result = addresses_apply(&netlink, link, &diff, error);
	netlink_close(&netlink);
	return result;
}

/* Changes a setting of the link's; true: it was another before. */
static bool ipv6_setting(const char *link, const char *name, const char *value)
{
	char path[128], before[8] = "";
	int fd;

	snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s/%s", link, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (read(fd, before, sizeof(before) - 1) > 0)
		before[strcspn(before, "\n")] = '\0';
	close(fd);
	if (strcmp(before, value) == 0)
		return false;
	linux_sysctl(path + strlen("/proc/sys/"), value, NULL);
	return true;
}

int linux_ipv6_set(struct backend *backend, const char *link, const struct backend_ipv6 *ipv6,
		   struct error *error)
{
	struct addresses_diff diff = { .list = &ipv6->address,
				       .count = ipv6->address.family != 0,
				       .family = AF_INET6 };
	struct netlink *netlink = &container_of(backend, struct linux_backend, backend)->route;

	/* It forwards, and takes advertisements all the same (2). */
	bool other = ipv6_setting(link, "accept_ra", ipv6->advertised ? "2" : "0");

	ipv6_setting(link, "autoconf", ipv6->advertised ? "1" : "0");
	ipv6_setting(link, "proxy_ndp", "1");
	/* Off and on again forgets what the former way has brought. */
	if (!ipv6->on || other)
		ipv6_setting(link, "disable_ipv6", "1");
	if (ipv6->on)
		ipv6_setting(link, "disable_ipv6", "0");
	return ipv6->on && !ipv6->advertised && access("/proc/sys/net/ipv6", F_OK) == 0
		       ? addresses_apply(netlink, link, &diff, error)
		       : 0;
}

/* --- routes --- */

/* A route as it is on the machine: what has to be told to remove it. */
struct installed {
	struct address destination;
	uint32_t table;
	bool wanted;
};

struct routes {
	struct netlink netlink;
	struct installed items[INSTALLED_MAX];
	size_t count;
	uint32_t rules[NET_ROUTER_INTERFACES_MAX]; /* tables that have a rule */
	size_t rule_count;
};

static void route_reader(const struct nlmsghdr *header, void *context)
{
	struct routes *routes = context;
	const struct rtmsg *info = NLMSG_DATA(header);
	const struct nlattr *table[RTA_MAX + 1];
	struct installed *item;

	if (header->nlmsg_type != RTM_NEWROUTE || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    info->rtm_protocol != PROTOCOL || routes->count == ARRAY_LENGTH(routes->items))
		return;
	netlink_attributes(header, sizeof(*info), table, RTA_MAX);
	item = &routes->items[routes->count++];
	memset(item, 0, sizeof(*item));
	item->table = netlink_get_u32(table[RTA_TABLE]);
	item->destination.family = info->rtm_family;
	item->destination.prefix = info->rtm_dst_len;
	if (table[RTA_DST] != NULL &&
	    netlink_size(table[RTA_DST]) >= address_size(&item->destination))
		memcpy(item->destination.bytes, netlink_data(table[RTA_DST]),
		       address_size(&item->destination));
}

static void rule_reader(const struct nlmsghdr *header, void *context)
{
	struct routes *routes = context;
	const struct nlattr *table[FRA_MAX + 1];
	uint32_t number;

	if (header->nlmsg_type != RTM_NEWRULE)
		return;
	netlink_attributes(header, sizeof(struct fib_rule_hdr), table, FRA_MAX);
	number = netlink_get_u32(table[FRA_TABLE]);
	if (number > TABLE_FIRST && routes->rule_count < ARRAY_LENGTH(routes->rules))
		routes->rules[routes->rule_count++] = number;
}

static int routes_dump(struct routes *routes, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request route = NETLINK_REQUEST_INIT;
	CLEANUP_NETLINK struct netlink_request rule = NETLINK_REQUEST_INIT;
	struct rtmsg info = { .rtm_family = AF_UNSPEC };
	struct fib_rule_hdr header = { .family = AF_INET };
	int result;

	netlink_begin(&route, RTM_GETROUTE, NLM_F_DUMP, &info, sizeof(info));
	netlink_begin(&rule, RTM_GETRULE, NLM_F_DUMP, &header, sizeof(header));
	result = netlink_query(&routes->netlink, &route, route_reader, routes, error);
	return result < 0 ? result
			  : netlink_query(&routes->netlink, &rule, rule_reader, routes, error);
}

static int rule_change(struct routes *routes, uint16_t type, const char *from, uint32_t table,
		       struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct fib_rule_hdr header = { .family = AF_INET, .action = FR_ACT_TO_TBL };

	netlink_begin(&request, type, type == RTM_NEWRULE ? NLM_F_CREATE : 0, &header,
		      sizeof(header));
	netlink_put_u32(&request, FRA_TABLE, table);
	netlink_put_u32(&request, FRA_PRIORITY, RULE_PRIORITY);
	netlink_put_u8(&request, FRA_PROTOCOL, PROTOCOL);
	if (from != NULL)
		netlink_put_string(&request, FRA_IIFNAME, from);
	return netlink_send(&routes->netlink, &request, error);
}

static int rule_ensure(struct routes *routes, const char *from, uint32_t table, struct error *error)
{
	for (size_t i = 0; i < routes->rule_count; i++)
		if (routes->rules[i] == table)
			return 0;
	return rule_change(routes, RTM_NEWRULE, from, table, error);
}

static int route_change(struct routes *routes, uint16_t type, const struct backend_route *route,
			uint32_t table, uint32_t link, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	const struct address *destination = &route->destination;
	struct rtmsg info = {
		.rtm_family = (uint8_t)destination->family,
		.rtm_dst_len = (uint8_t)destination->prefix,
		.rtm_protocol = PROTOCOL,
		.rtm_scope = route->gateway.family != 0 ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
		.rtm_type = RTN_UNICAST,
	};
	uint16_t flags = type == RTM_NEWROUTE ? NLM_F_CREATE | NLM_F_REPLACE : 0;
	char text[CIDR_SIZE];
	int result;

	if (type == RTM_DELROUTE)
		info.rtm_scope = RT_SCOPE_NOWHERE;
	netlink_begin(&request, type, flags, &info, sizeof(info));
	netlink_put_u32(&request, RTA_TABLE, table);
	if (destination->prefix > 0)
		netlink_put(&request, RTA_DST, destination->bytes, address_size(destination));
	if (route->gateway.family != 0)
		netlink_put(&request, RTA_GATEWAY, route->gateway.bytes,
			    address_size(&route->gateway));
	if (link != 0)
		netlink_put_u32(&request, RTA_OIF, link);
	result = netlink_send(&routes->netlink, &request, error);
	address_format(destination, text);
	if (result < 0)
		error_prefix(error, "route to %s", text);
	return result;
}

static void installed_keep(struct routes *routes, const struct address *destination, uint32_t table)
{
	for (size_t i = 0; i < routes->count; i++)
		if (routes->items[i].table == table &&
		    address_equal(&routes->items[i].destination, destination))
			routes->items[i].wanted = true;
}

static int link_index(struct routes *routes, const char *name, uint32_t *index, struct error *error)
{
	struct backend_link link = { .index = 0 };
	int result = *name != '\0' ? linux_link_find(&routes->netlink, name, &link, error) : 0;

	if (result == 0 && *name != '\0' && link.index == 0)
		result = error_set(error, -ENODEV, "no link %s", name);
	*index = link.index;
	return result;
}

static int route_ensure(struct routes *routes, const struct backend_route *route,
			struct error *error)
{
	uint32_t link, from, table;
	int result;

	if (route->kept) {
		installed_keep(routes, &route->destination, RT_TABLE_MAIN);
		return 0;
	}
	result = link_index(routes, route->link, &link, error);
	if (result == 0)
		result = link_index(routes, route->from, &from, error);
	if (result < 0)
		return result;
	table = from != 0 ? TABLE_FIRST + from : RT_TABLE_MAIN;
	if (from != 0)
		result = rule_ensure(routes, route->from, table, error);
	installed_keep(routes, &route->destination, table);
	return result < 0 ? result : route_change(routes, RTM_NEWROUTE, route, table, link, error);
}

static int routes_remove(struct routes *routes, struct error *error)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < routes->count; i++) {
		const struct installed *item = &routes->items[i];
		struct backend_route route = { .destination = item->destination };

		if (!item->wanted)
			result = route_change(routes, RTM_DELROUTE, &route, item->table, 0, error);
		if (result == 0 && !item->wanted && item->table > TABLE_FIRST)
			rule_change(routes, RTM_DELRULE, NULL, item->table, NULL);
		if (result == -ESRCH)
			result = 0; /* it went with its link */
	}
	return result;
}

int linux_routes_set(struct backend *backend, const char *space, const struct backend_route *list,
		     size_t count, struct error *error)
{
	CLEANUP_FREE struct routes *routes = calloc(1, sizeof(*routes));
	int result;

	if (routes == NULL)
		return error_set(error, -ENOMEM, "no memory");
	result = linux_netlink_open(backend, space, NETLINK_ROUTE, &routes->netlink, error);
	if (result == 0)
		result = routes_dump(routes, error);
	for (size_t i = 0; result == 0 && i < count; i++)
		result = route_ensure(routes, &list[i], error);
	if (result == 0 && backend->settled)
		result = routes_remove(routes, error);
	netlink_close(&routes->netlink);
	return result;
}
