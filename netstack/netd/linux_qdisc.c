/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How fast a link is sent to: a token bucket (tbf) as its queue, which lets packets wait a little
 * and splits those that are larger than the bucket. Where the kernel has it, flows take turns in
 * what waits (fq_codel, RFC 8290), so that one that fills the queue does not delay the others. */
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/netd/linux.h"

#define BUCKET "tbf"
#define HANDLE 0x10000U /* 1: */
#define WAIT_PART 20    /* a packet waits for at most 1/20 s */
#define TURNS "fq_codel"
#define TURNS_FLOWS 64
#define TURNS_LEAST 64       /* packets */
#define TURNS_TARGET_US 5000 /* of waiting; longer where a frame alone takes longer */
#define TURNS_INTERVAL 20    /* of these; as by default */

struct queue {
	char kind[16];
	struct tc_tbf_qopt options; /* of a bucket */
};

static void queue_read(const struct nlmsghdr *header, void *context)
{
	const struct nlattr *table[TCA_MAX + 1], *options[TCA_TBF_MAX + 1];
	struct queue *queue = context;

	if (header->nlmsg_type != RTM_NEWQDISC ||
	    header->nlmsg_len < NLMSG_LENGTH(sizeof(struct tcmsg)))
		return;
	netlink_attributes(header, sizeof(struct tcmsg), table, TCA_MAX);
	netlink_get_string(table[TCA_KIND], queue->kind, sizeof(queue->kind));
	if (strcmp(queue->kind, BUCKET) != 0)
		return;
	netlink_nested(table[TCA_OPTIONS], options, TCA_TBF_MAX);
	if (options[TCA_TBF_PARMS] != NULL &&
	    netlink_size(options[TCA_TBF_PARMS]) >= sizeof(queue->options))
		memcpy(&queue->options, netlink_data(options[TCA_TBF_PARMS]),
		       sizeof(queue->options));
}

static struct tcmsg root_of(const struct backend_link *link)
{
	return (struct tcmsg){ .tcm_family = AF_UNSPEC,
			       .tcm_ifindex = (int)link->index,
			       .tcm_parent = TC_H_ROOT };
}

/* What is there; a kind of "" for what a link has of its own. */
static int queue_get(struct netlink *netlink, const struct backend_link *link, struct queue *queue,
		     struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct tcmsg root = root_of(link);

	memset(queue, 0, sizeof(*queue));
	netlink_begin(&request, RTM_GETQDISC, NLM_F_ACK | NLM_F_ECHO, &root, sizeof(root));
	return netlink_query(netlink, &request, queue_read, queue, error);
}

static int queue_remove(struct netlink *netlink, const struct backend_link *link,
			struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct tcmsg root = root_of(link);

	netlink_begin(&request, RTM_DELQDISC, 0, &root, sizeof(root));
	return netlink_send(netlink, &request, error);
}

static uint32_t clip(uint64_t value)
{
	return value > UINT32_MAX ? UINT32_MAX : (uint32_t)value;
}

static int bucket_set(struct netlink *netlink, const struct backend_link *link,
		      const struct tc_tbf_qopt *options, uint64_t rate, uint32_t burst,
		      struct error *error)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct tcmsg root = root_of(link);

	root.tcm_handle = HANDLE;
	netlink_begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &root, sizeof(root));
	netlink_put_string(&request, TCA_KIND, BUCKET);
	netlink_nest(&request, TCA_OPTIONS);
	netlink_put(&request, TCA_TBF_PARMS, options, sizeof(*options));
	netlink_put_u32(&request, TCA_TBF_BURST, burst);
	if (rate >= UINT32_MAX)
		netlink_put(&request, TCA_TBF_RATE64, &rate, sizeof(rate));
	netlink_nest_end(&request);
	return netlink_send(netlink, &request, error);
}

/* Below the bucket; a kernel that has none leaves it with its own, first come first served. */
static void turns_set(struct netlink *netlink, const struct backend_link *link,
		      const struct tc_tbf_qopt *options)
{
	CLEANUP_NETLINK struct netlink_request request = NETLINK_REQUEST_INIT;
	struct tcmsg below = root_of(link);
	uint32_t packets = options->limit / (link->mtu + 1);
	uint32_t frame = clip((uint64_t)link->mtu * 1500000 / (options->rate.rate + 1));
	uint32_t target = frame > TURNS_TARGET_US ? frame : TURNS_TARGET_US;

	below.tcm_parent = HANDLE | 1;
	netlink_begin(&request, RTM_NEWQDISC, NLM_F_CREATE | NLM_F_REPLACE, &below, sizeof(below));
	netlink_put_string(&request, TCA_KIND, TURNS);
	netlink_nest(&request, TCA_OPTIONS);
	netlink_put_u32(&request, TCA_FQ_CODEL_FLOWS, TURNS_FLOWS);
	netlink_put_u32(&request, TCA_FQ_CODEL_LIMIT,
			packets > TURNS_LEAST ? packets : TURNS_LEAST);
	netlink_put_u32(&request, TCA_FQ_CODEL_TARGET, target);
	netlink_put_u32(&request, TCA_FQ_CODEL_INTERVAL, clip((uint64_t)target * TURNS_INTERVAL));
	netlink_nest_end(&request);
	netlink_send(netlink, &request, NULL);
}

/* The queue's limit tells rate and burst: what is there is compared by it. */
static int bucket_ensure(struct netlink *netlink, const struct backend_link *link,
			 const struct backend_rate *wanted, const struct queue *there,
			 struct error *error)
{
	int result;

	uint64_t rate = (uint64_t)wanted->kbps * 1000 / 8;
	uint32_t burst = clip((uint64_t)wanted->burst * 1000 / 8);
	struct tc_tbf_qopt options = { .rate = { .linklayer = TC_LINKLAYER_ETHERNET,
						 .rate = clip(rate) } };

	/* A whole frame fits. */
	if (burst < link->mtu + 64)
		burst = link->mtu + 64;
	options.limit = clip(rate / WAIT_PART + burst);
	if (strcmp(there->kind, BUCKET) == 0 && there->options.rate.rate == options.rate.rate &&
	    there->options.limit == options.limit)
		return 0;
	result = bucket_set(netlink, link, &options, rate, burst, error);
	if (result == 0)
		turns_set(netlink, link, &options);
	return result;
}

int linux_bucket_set(struct netlink *netlink, const struct backend_link *link,
		     const struct backend_rate *rate, struct error *error)
{
	struct queue there;
	int result = queue_get(netlink, link, &there, error);

	if (result == 0 && rate->kbps != 0)
		result = bucket_ensure(netlink, link, rate, &there, error);
	else if (result == 0 && strcmp(there.kind, BUCKET) == 0)
		result = queue_remove(netlink, link, error);
	return result;
}

int linux_rate_set(struct backend *backend, const char *name, const struct backend_rate *rate,
		   struct error *error)
{
	struct netlink *netlink = &container_of(backend, struct linux_backend, backend)->route;
	struct backend_link link;
	int result = linux_link_find(netlink, name, &link, error);

	if (result == 0 && link.index == 0)
		return error_set(error, -ENODEV, "no link %s", name);
	if (result == 0)
		result = linux_bucket_set(netlink, &link, rate, error);
	if (result < 0)
		error_prefix(error, "rate of %s", name);
	return result;
}
