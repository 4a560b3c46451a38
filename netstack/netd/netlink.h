/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink (RFC 3549) as far as netd needs it: requests are built in a buffer, sent, and their
 * acknowledgements read. The kernel answers while it is asked, so a request is one send and the
 * receives that follow; nothing here waits for anybody.
 */
#ifndef CUMULET_NETD_NETLINK_H
#define CUMULET_NETD_NETLINK_H

#include <linux/netlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/lib/buffer.h"
#include "firmware/lib/error.h"

#define NETLINK_NEST_MAX 8

/* Belongs to the network namespace that it was opened in. */
struct netlink {
	int fd; /* -1: closed */
	uint32_t serial;
};

/* protocol: NETLINK_ROUTE, NETLINK_NETFILTER; groups: multicast mask, 0 for none */
int netlink_open(struct netlink *netlink, int protocol, uint32_t groups, struct error *error);
void netlink_close(struct netlink *netlink);

/* One or several messages behind each other. Once memory is exhausted 'failed' stays set and
 * sending says -ENOMEM. */
struct netlink_request {
	struct buffer bytes;
	size_t message; /* offset of the present message */
	size_t nests[NETLINK_NEST_MAX];
	unsigned depth;
	bool failed;
};

#define NETLINK_REQUEST_INIT ((struct netlink_request){ 0 })

/* 'header' is the family's own behind nlmsghdr (ifinfomsg, nfgenmsg, ...). */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
		   const void *header, size_t size);
void netlink_put(struct netlink_request *request, uint16_t type, const void *data, size_t size);
void netlink_put_string(struct netlink_request *request, uint16_t type, const char *text);
void netlink_put_u8(struct netlink_request *request, uint16_t type, uint8_t value);
void netlink_put_u16(struct netlink_request *request, uint16_t type, uint16_t value);
void netlink_put_u32(struct netlink_request *request, uint16_t type, uint32_t value);
void netlink_put_be32(struct netlink_request *request, uint16_t type, uint32_t value);
void netlink_put_be64(struct netlink_request *request, uint16_t type, uint64_t value);
/* A family's header inside of an attribute (VETH_INFO_PEER). */
void netlink_put_header(struct netlink_request *request, const void *header, size_t size);
void netlink_nest(struct netlink_request *request, uint16_t type);
void netlink_nest_end(struct netlink_request *request);
void netlink_free(struct netlink_request *request);

static inline void cleanup_netlink(struct netlink_request *request)
{
	netlink_free(request);
}
#define CLEANUP_NETLINK __attribute__((cleanup(cleanup_netlink)))

/* Sends all messages and reads what comes back: 0, or the first error that the kernel reports,
 * with its own explanation where it gives one. */
int netlink_send(struct netlink *netlink, struct netlink_request *request, struct error *error);

/* The same for an nfnetlink batch, whose success is silent: all was taken unless an error comes. */
int netlink_batch(struct netlink *netlink, struct netlink_request *request, struct error *error);

/* Called for each message of an answer; 'header' is checked to be whole. */
typedef void netlink_reader(const struct nlmsghdr *header, void *context);
/* Sends one request (a dump, or a get) and hands each answer to 'reader'. */
int netlink_query(struct netlink *netlink, struct netlink_request *request, netlink_reader *reader,
		  void *context, struct error *error);
/* Reads the notifications that have come (of a socket with groups); -ENOBUFS: some are lost. */
int netlink_notifications(struct netlink *netlink, netlink_reader *reader, void *context);

/* The attributes behind a header of 'size' bytes, by type into table[0..most]; sizes are
 * checked, the last of a type counts. */
void netlink_attributes(const struct nlmsghdr *header, size_t size, const struct nlattr **table,
			unsigned most);
void netlink_nested(const struct nlattr *nest, const struct nlattr **table, unsigned most);
static inline const void *netlink_data(const struct nlattr *attribute)
{
	return (const char *)attribute + NLA_HDRLEN;
}
static inline size_t netlink_size(const struct nlattr *attribute)
{
	return attribute->nla_len - (size_t)NLA_HDRLEN;
}
/* 0 when the attribute is missing or too short. */
uint32_t netlink_get_u32(const struct nlattr *attribute);
/* "" when missing; never longer than 'size' - 1. */
void netlink_get_string(const struct nlattr *attribute, char *text, size_t size);

#endif
