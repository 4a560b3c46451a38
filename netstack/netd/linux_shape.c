/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast goes on what a link sends. A kernel queues only what it sends itself, so what comes in is
 * sent to a link of kind ifb, waits in that one's queue, and then comes in by its own link as if
 * nothing had happened: bridges and rules see no difference.
 *
 *	clsact on the link: every frame (u32 that matches all) -> mirred to the ifb -> its bucket
 */
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/tc_act/tc_mirred.h>
#include <stdio.h>

#include <arpa/inet.h>

#include "firmware/lib/cleanup.h"
#include "netstack/netd/linux.h"

#define KIND "ifb"
#define FILTER_HANDLE 0x80000800U /* of the first entry of the first table */
#define FILTER_PRIORITY 1U
#define PROBE "cf-probe"

static struct netlink *home(struct backend *backend)
{
	return &container_of(backend, struct linux_backend, backend)->route;
}

/* --- the link whose queue it is --- */

static int shaper_make(struct netlink *netlink, const char *name, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct ifinfomsg info = { .ifi_family = AF_UNSPEC };

	netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &info, sizeof(info));
	netlink_put_string(&request, IFLA_IFNAME, name);
	netlink_nest(&request, IFLA_LINKINFO);
	netlink_put_string(&request, IFLA_INFO_KIND, KIND);
	netlink_nest_end(&request);
	return netlink_send(netlink, &request, error);
}

static int shaper_ensure(struct netlink *netlink, const char *name, uint32_t mtu,
			 struct backend_link *shaper, struct error *error)
{
	int result = linux_link_find(netlink, name, shaper, error);

	if (result == 0 && shaper->index == 0) {
		result = shaper_make(netlink, name, error);
		if (result == 0)
			result = linux_link_find(netlink, name, shaper, error);
	}
	if (result == 0)
		result = linux_link_attach(netlink, shaper, 0, mtu, error);
	shaper->mtu = mtu;
	return result;
}

/* --- the way into it --- */

static struct tcmsg entry_of(const struct backend_link *link)
{
	return (struct tcmsg){ .tcm_family = AF_UNSPEC,
			       .tcm_ifindex = (int)link->index,
			       .tcm_handle = TC_H_MAKE(TC_H_CLSACT, 0),
			       .tcm_parent = TC_H_CLSACT };
}

static int entry_make(struct netlink *netlink, const struct backend_link *link, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct tcmsg entry = entry_of(link);
	int result;

	netlink_begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, &entry, sizeof(entry));
	netlink_put_string(&request, TCA_KIND, "clsact");
	result = netlink_send(netlink, &request, error);
	return result == -EEXIST ? 0 : result;
}

/* With it goes what is in it. */
static int entry_remove(struct netlink *netlink, const struct backend_link *link,
			struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct tcmsg entry = entry_of(link);
	int result;

	netlink_begin(&request, RTM_DELQDISC, 0, &entry, sizeof(entry));
	result = netlink_send(netlink, &request, error);
	return result == -ENOENT || result == -EINVAL ? 0 : result; /* there is none */
}

static void redirect_put(struct netlink_request *request, const struct backend_link *shaper)
{
	const struct tc_mirred redirect = { .action = TC_ACT_STOLEN,
					    .eaction = TCA_EGRESS_REDIR,
					    .ifindex = shaper->index };

	netlink_nest(request, TCA_U32_ACT);
	netlink_nest(request, 1);
	netlink_put_string(request, TCA_ACT_KIND, "mirred");
	netlink_nest(request, TCA_ACT_OPTIONS);
	netlink_put(request, TCA_MIRRED_PARMS, &redirect, sizeof(redirect));
	netlink_nest_end(request);
	netlink_nest_end(request);
	netlink_nest_end(request);
}

/* One that is there is replaced in place: no frame goes by it in between. */
static int redirect_set(struct netlink *netlink, const struct backend_link *link,
			const struct backend_link *shaper, struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	const struct tc_u32_sel everything = { .flags = TC_U32_TERMINAL };
	struct tcmsg filter = entry_of(link);

	filter.tcm_parent = TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS);
	filter.tcm_handle = FILTER_HANDLE;
	filter.tcm_info = TC_H_MAKE(FILTER_PRIORITY << 16, htons(ETH_P_ALL));
	netlink_begin(&request, RTM_NEWTFILTER, NLM_F_CREATE, &filter, sizeof(filter));
	netlink_put_string(&request, TCA_KIND, "u32");
	netlink_nest(&request, TCA_OPTIONS);
	netlink_put(&request, TCA_U32_SEL, &everything, sizeof(everything));
	redirect_put(&request, shaper);
	netlink_nest_end(&request);
	return netlink_send(netlink, &request, error);
}

/* --- the whole --- */

static int shape(struct netlink *netlink, const struct backend_link *link, const char *name,
		 const struct backend_rate *rate, struct error *error)
{
	struct backend_link shaper;
	int result = shaper_ensure(netlink, name, link->mtu, &shaper, error);

	if (result == 0)
		result = linux_bucket_set(netlink, &shaper, rate, error);
	if (result == 0)
		result = entry_make(netlink, link, error);
	return result < 0 ? result : redirect_set(netlink, link, &shaper, error);
}

/* First nothing is sent there any more. */
static int unshape(struct backend *backend, const struct backend_link *link, const char *name,
		   struct error *error)
{
	struct backend_link shaper;
	int result = linux_link_find(home(backend), name, &shaper, error);

	if (result < 0 || shaper.index == 0)
		return result;
	if (link->index != 0)
		result = entry_remove(home(backend), link, error);
	return result < 0 ? result : linux_link_delete(backend, name, error);
}

int linux_sent_rate_set(struct backend *backend, const char *name, const char *shaper,
			const struct backend_rate *rate, struct error *error)
{
	struct backend_link link;
	int result = linux_link_find(home(backend), name, &link, error);

	if (result == 0 && link.index != 0 && rate->kbps != 0)
		result = shape(home(backend), &link, shaper, rate, error);
	else if (result == 0)
		result = unshape(backend, &link, shaper, error);
	if (result < 0)
		error_prefix(error, "rate of what %s sends", name);
	else if (link.index == 0)
		result = error_set(error, -ENODEV, "no link %s", name);
	return result;
}

/* Found out by doing it to a link that carries nothing. */
bool linux_shaping_works(struct backend *backend, struct error *error)
{
	const struct backend_rate rate = { .kbps = 1000, .burst = 1000 };
	struct backend_link link;
	int result = shaper_ensure(home(backend), PROBE, 1500, &link, error);

	if (result == 0)
		result = linux_bucket_set(home(backend), &link, &rate, error);
	if (result == 0)
		result = entry_make(home(backend), &link, error);
	if (result == 0)
		result = redirect_set(home(backend), &link, &link, error);
	linux_link_delete(backend, PROBE, NULL);
	return result == 0;
}
