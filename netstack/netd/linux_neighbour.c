/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses that the box answers for without having them: proxy entries of the neighbour table
 * (proxy ARP, RFC 1027), and gratuitous ARP (RFC 5227) that tells the others where they are now. */
#include "netstack/netd/linux.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <linux/rtnetlink.h>
#include <net/ethernet.h>
#include <net/if_arp.h>
#include <netinet/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

/* --- proxy entries --- */

struct proxies {
	const struct address *list;
	bool *there; /* of each of the list */
	size_t count;
	uint32_t index;
	struct netlink_request removal; /* of those that are not in the list */
};

static void proxy_put(struct netlink_request *request, uint16_t type, uint32_t index,
		      const struct address *address)
{
	struct ndmsg info = {
		.ndm_family = (uint8_t)address->family,
		.ndm_ifindex = (int)index,
		.ndm_state = NUD_PERMANENT,
		.ndm_flags = NTF_PROXY,
	};

	netlink_begin(request, type,
		      type == RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK : NLM_F_ACK,
		      &info, sizeof(info));
	netlink_put(request, NDA_DST, address->bytes, address_size(address));
}

static void proxy_compare(const struct nlmsghdr *header, void *context)
{
	const struct ndmsg *info = NLMSG_DATA(header);
	const struct nlattr *table[NDA_MAX + 1];
	struct proxies *proxies = context;
	struct address there = { .family = 0 };

	if (header->nlmsg_type != RTM_NEWNEIGH || header->nlmsg_len < NLMSG_LENGTH(sizeof(*info)) ||
	    (uint32_t)info->ndm_ifindex != proxies->index || !(info->ndm_flags & NTF_PROXY))
		return;
	netlink_attributes(header, sizeof(*info), table, NDA_MAX);
	if (table[NDA_DST] == NULL || (info->ndm_family != AF_INET && info->ndm_family != AF_INET6))
		return;
	there.family = info->ndm_family;
	there.prefix = address_size(&there) * 8;
	if (netlink_size(table[NDA_DST]) != address_size(&there))
		return;
	memcpy(there.bytes, netlink_data(table[NDA_DST]), address_size(&there));
	for (size_t i = 0; i < proxies->count; i++)
		if (address_equal(&proxies->list[i], &there)) {
			proxies->there[i] = true;
			return;
		}
	proxy_put(&proxies->removal, RTM_DELNEIGH, proxies->index, &there);
}

static int proxies_apply(struct netlink *netlink, struct proxies *proxies, bool settled,
			 struct error *error)
{
	CLEANUP_NETLINK struct netlink_request dump = NETLINK_REQUEST_INIT;
	CLEANUP_NETLINK struct netlink_request addition = NETLINK_REQUEST_INIT;
	struct ndmsg info = { .ndm_family = AF_UNSPEC, .ndm_flags = NTF_PROXY };
	int result;

	netlink_begin(&dump, RTM_GETNEIGH, NLM_F_DUMP, &info, sizeof(info));
	result = netlink_query(netlink, &dump, proxy_compare, proxies, error);
	for (size_t i = 0; i < proxies->count; i++)
		if (!proxies->there[i])
			proxy_put(&addition, RTM_NEWNEIGH, proxies->index, &proxies->list[i]);
	if (result == 0 && addition.bytes.length > 0)
		result = netlink_send(netlink, &addition, error);
	if (result == 0 && settled && proxies->removal.bytes.length > 0)
		result = netlink_send(netlink, &proxies->removal, error);
	return result;
}

/* An answer in another's name is delayed by up to 0.8 s, unless told not to be. */
static void answer_at_once(const char *link)
{
	static const char *const versions[] = { "ipv4", "ipv6" };
	char name[64];

	for (size_t i = 0; i < ARRAY_LENGTH(versions); i++) {
		snprintf(name, sizeof(name), "net/%s/neigh/%s/proxy_delay", versions[i], link);
		linux_sysctl(name, "0", NULL);
	}
}

int linux_proxies_set(struct backend *backend, const char *link, const struct address *list,
		      size_t count, struct error *error)
{
	struct netlink *netlink = &container_of(backend, struct linux_backend, backend)->route;
	CLEANUP_FREE bool *there = calloc(count + 1, sizeof(*there));
	struct proxies proxies = { .list = list, .there = there, .count = count };
	struct backend_link found;
	int result = there == NULL ? error_set(error, -ENOMEM, "no memory")
				   : linux_link_find(netlink, link, &found, error);

	if (result < 0)
		return result;
	if (found.index == 0)
		return error_set(error, -ENODEV, "no link %s", link);
	proxies.index = found.index;
	answer_at_once(link);
	result = proxies_apply(netlink, &proxies, backend->settled, error);
	netlink_free(&proxies.removal);
	return result;
}

/* --- gratuitous ARP --- */

static void announcement_fill(struct ether_arp *arp, const uint8_t *mac,
			      const struct address *address)
{
	memset(arp, 0, sizeof(*arp));
	arp->arp_hrd = htons(ARPHRD_ETHER);
	arp->arp_pro = htons(ETHERTYPE_IP);
	arp->arp_hln = MAC_SIZE;
	arp->arp_pln = 4;
	arp->arp_op = htons(ARPOP_REQUEST);
	memcpy(arp->arp_sha, mac, MAC_SIZE);
	memcpy(arp->arp_spa, address->bytes, 4);
	memcpy(arp->arp_tpa, address->bytes, 4);
}

static int announce_all(int fd, struct sockaddr_ll *to, const struct backend_link *link,
			const struct address *list, size_t count, struct error *error)
{
	struct ether_arp arp;

	to->sll_ifindex = (int)link->index;
	memset(to->sll_addr, 0xff, MAC_SIZE);
	for (size_t i = 0; i < count; i++) {
		if (list[i].family != AF_INET)
			continue;
		announcement_fill(&arp, link->mac, &list[i]);
		if (sendto(fd, &arp, sizeof(arp), 0, (struct sockaddr *)to, sizeof(*to)) < 0)
			return error_errno(error, "gratuitous ARP on %s", link->name);
	}
	return 0;
}

int linux_announce(struct backend *backend, const char *space, const char *link,
		   const struct address *list, size_t count, struct error *error)
{
	CLEANUP_FD int fd = linux_socket_open(backend, space, AF_PACKET, SOCK_DGRAM, error);
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETHERTYPE_ARP),
				  .sll_halen = MAC_SIZE };
	struct backend_link found;
	struct netlink netlink;
	int result =
		fd < 0 ? fd : linux_netlink_open(backend, space, NETLINK_ROUTE, &netlink, error);

	if (result < 0)
		return result;
	result = linux_link_find(&netlink, link, &found, error);
	netlink_close(&netlink);
	if (result == 0 && found.index == 0)
		result = error_set(error, -ENODEV, "no link %s", link);
	return result < 0 ? result : announce_all(fd, &to, &found, list, count, error);
}
