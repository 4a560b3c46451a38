/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/netlink.h"

#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

#define RECEIVE_SIZE (64 * 1024)
#define SOCKET_BUFFER (16 * 1024 * 1024)

int netlink_open(struct netlink *netlink, int protocol, uint32_t groups, struct error *error)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = groups };
	int one = 1, size = SOCKET_BUFFER, result;

	netlink->serial = 0;
	netlink->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	if (netlink->fd < 0)
		return error_errno(error, "netlink socket");
	/* A rule set is one message batch: it has to fit. */
	setsockopt(netlink->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	setsockopt(netlink->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_EXT_ACK, &one, sizeof(one));
	setsockopt(netlink->fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	if (bind(netlink->fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	result = error_errno(error, "bind netlink socket");
	netlink_close(netlink);
	return result;
}

void netlink_close(struct netlink *netlink)
{
	if (netlink->fd >= 0)
		close(netlink->fd);
	netlink->fd = -1;
}

/* --- building --- */

static void *append(struct netlink_request *request, size_t size)
{
	char *place = buffer_reserve(&request->bytes, NLMSG_ALIGN(size));

	if (place == NULL) {
		request->failed = true;
		return NULL;
	}
	memset(place, 0, NLMSG_ALIGN(size));
	buffer_commit(&request->bytes, NLMSG_ALIGN(size));
	return place;
}

static struct nlmsghdr *present(struct netlink_request *request)
{
	return (void *)(buffer_head(&request->bytes) + request->message);
}

static void lengthen(struct netlink_request *request)
{
	present(request)->nlmsg_len = (uint32_t)(request->bytes.length - request->message);
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags,
		   const void *header, size_t size)
{
	struct nlmsghdr *message;

	request->message = request->bytes.length;
	request->depth = 0;
	message = append(request, NLMSG_HDRLEN + size);
	if (message == NULL)
		return;
	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(NLMSG_DATA(message), header, size);
	lengthen(request);
}

void netlink_put(struct netlink_request *request, uint16_t type, const void *data, size_t size)
{
	struct nlattr *attribute = append(request, NLA_HDRLEN + size);

	if (attribute == NULL)
		return;
	attribute->nla_type = type;
	attribute->nla_len = (uint16_t)(NLA_HDRLEN + size);
	if (size > 0)
		memcpy(attribute + 1, data, size);
	lengthen(request);
}

void netlink_put_header(struct netlink_request *request, const void *header, size_t size)
{
	void *place = append(request, size);

	if (place == NULL)
		return;
	memcpy(place, header, size);
	lengthen(request);
}

void netlink_put_string(struct netlink_request *request, uint16_t type, const char *text)
{
	netlink_put(request, type, text, strlen(text) + 1);
}

void netlink_put_u8(struct netlink_request *request, uint16_t type, uint8_t value)
{
	netlink_put(request, type, &value, sizeof(value));
}

void netlink_put_u16(struct netlink_request *request, uint16_t type, uint16_t value)
{
	netlink_put(request, type, &value, sizeof(value));
}

void netlink_put_u32(struct netlink_request *request, uint16_t type, uint32_t value)
{
	netlink_put(request, type, &value, sizeof(value));
}

void netlink_put_be32(struct netlink_request *request, uint16_t type, uint32_t value)
{
	netlink_put_u32(request, type, htonl(value));
}

void netlink_put_be64(struct netlink_request *request, uint16_t type, uint64_t value)
{
	value = htobe64(value);
	netlink_put(request, type, &value, sizeof(value));
}

void netlink_nest(struct netlink_request *request, uint16_t type)
{
	if (request->depth == NETLINK_NEST_MAX) {
		request->failed = true;
		return;
	}
	request->nests[request->depth++] = request->bytes.length;
	netlink_put(request, type | NLA_F_NESTED, NULL, 0);
}

void netlink_nest_end(struct netlink_request *request)
{
	struct nlattr *attribute;
	size_t start, length;

	if (request->failed || request->depth == 0)
		return;
	start = request->nests[--request->depth];
	length = request->bytes.length - start;
	attribute = (void *)(buffer_head(&request->bytes) + start);
	if (length > UINT16_MAX)
		request->failed = true;
	attribute->nla_len = (uint16_t)length;
}

void netlink_free(struct netlink_request *request)
{
	buffer_free(&request->bytes);
}

/* --- sending --- */

struct answer {
	netlink_reader *reader;
	void *context;
	struct error *error;
	int result;
	bool done;
};

static int transmit(struct netlink *netlink, struct netlink_request *request, struct error *error)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct nlmsghdr *message = (void *)buffer_head(&request->bytes);

	if (request->failed)
		return error_set(error, -ENOMEM, "netlink request does not fit");
	for (size_t left = request->bytes.length; left >= sizeof(*message);) {
		message->nlmsg_seq = ++netlink->serial;
		left -= NLMSG_ALIGN(message->nlmsg_len);
		message = (void *)((char *)message + NLMSG_ALIGN(message->nlmsg_len));
	}
	if (sendto(netlink->fd, buffer_head(&request->bytes), request->bytes.length, 0,
		   (struct sockaddr *)&kernel, sizeof(kernel)) < 0)
		return error_errno(error, "send netlink request");
	return 0;
}

/* The kernel's own words follow the error, when it was asked for them (NETLINK_EXT_ACK). */
static const char *explanation(const struct nlmsghdr *header, char *text, size_t size)
{
	const struct nlattr *table[NLMSGERR_ATTR_MAX + 1];

	text[0] = '\0';
	if (header->nlmsg_flags & NLM_F_ACK_TLVS) {
		netlink_attributes(header, sizeof(struct nlmsgerr), table, NLMSGERR_ATTR_MAX);
		netlink_get_string(table[NLMSGERR_ATTR_MSG], text, size);
	}
	return text;
}

static void acknowledge(const struct nlmsghdr *header, struct answer *answer)
{
	const struct nlmsgerr *report = NLMSG_DATA(header);
	char text[256];

	if (header->nlmsg_len < NLMSG_LENGTH(sizeof(*report)))
		return;
	answer->done = true;
	if (report->error == 0 || answer->result < 0)
		return;
	explanation(header, text, sizeof(text));
	answer->result = error_set(answer->error, report->error, "%s%s%s (request %u of type 0x%x)",
				   strerror(-report->error), text[0] != '\0' ? ": " : "", text,
				   report->msg.nlmsg_seq, report->msg.nlmsg_type);
}

static void datagram_read(const char *data, size_t size, struct answer *answer)
{
	const struct nlmsghdr *header = (const void *)data;

	for (; NLMSG_OK(header, size); header = NLMSG_NEXT(header, size)) {
		if (header->nlmsg_type == NLMSG_DONE)
			answer->done = true;
		else if (header->nlmsg_type == NLMSG_ERROR)
			acknowledge(header, answer);
		else if (answer->reader != NULL)
			answer->reader(header, answer->context);
	}
}

/* Reads until nothing is there: answers are queued before sendto() returns. */
static int receive(struct netlink *netlink, struct answer *answer)
{
	CLEANUP_FREE char *data = malloc(RECEIVE_SIZE);
	ssize_t size;

	if (data == NULL)
		return -ENOMEM;
	while ((size = recv(netlink->fd, data, RECEIVE_SIZE, 0)) > 0)
		datagram_read(data, (size_t)size, answer);
	if (size < 0 && errno != EAGAIN)
		return error_errno(answer->error, "receive from netlink");
	return answer->result;
}

int netlink_query(struct netlink *netlink, struct netlink_request *request, netlink_reader *reader,
		  void *context, struct error *error)
{
	struct answer answer = { .reader = reader, .context = context, .error = error };
	int result = transmit(netlink, request, error);

	if (result < 0)
		return result;
	result = receive(netlink, &answer);
	if (result == 0 && !answer.done)
		return error_set(error, -EIO, "the kernel did not answer");
	return result;
}

int netlink_send(struct netlink *netlink, struct netlink_request *request, struct error *error)
{
	present(request)->nlmsg_flags |= NLM_F_ACK;
	return netlink_query(netlink, request, NULL, NULL, error);
}

int netlink_batch(struct netlink *netlink, struct netlink_request *request, struct error *error)
{
	struct answer answer = { .error = error };
	int result = transmit(netlink, request, error);

	return result < 0 ? result : receive(netlink, &answer);
}

int netlink_notifications(struct netlink *netlink, netlink_reader *reader, void *context)
{
	struct answer answer = { .reader = reader, .context = context };

	return receive(netlink, &answer);
}

/* --- reading --- */

static void attributes_read(const char *data, size_t size, const struct nlattr **table,
			    unsigned most)
{
	memset(table, 0, (most + 1) * sizeof(*table));
	while (size >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const void *)data;
		size_t length = attribute->nla_len, step = NLA_ALIGN(length);
		unsigned type = attribute->nla_type & NLA_TYPE_MASK;

		if (length < NLA_HDRLEN || length > size)
			return;
		if (type <= most)
			table[type] = attribute;
		data += step;
		size = step < size ? size - step : 0;
	}
}

void netlink_attributes(const struct nlmsghdr *header, size_t size, const struct nlattr **table,
			unsigned most)
{
	size_t offset = NLMSG_HDRLEN + NLMSG_ALIGN(size);

	if (header->nlmsg_len < offset)
		offset = header->nlmsg_len;
	attributes_read((const char *)header + offset, header->nlmsg_len - offset, table, most);
}

void netlink_nested(const struct nlattr *nest, const struct nlattr **table, unsigned most)
{
	if (nest == NULL)
		memset(table, 0, (most + 1) * sizeof(*table));
	else
		attributes_read(netlink_data(nest), netlink_size(nest), table, most);
}

uint32_t netlink_get_u32(const struct nlattr *attribute)
{
	uint32_t value = 0;

	if (attribute != NULL && netlink_size(attribute) >= sizeof(value))
		memcpy(&value, netlink_data(attribute), sizeof(value));
	return value;
}

void netlink_get_string(const struct nlattr *attribute, char *text, size_t size)
{
	size_t length = attribute != NULL ? netlink_size(attribute) : 0;

	if (length >= size)
		length = size - 1;
	if (length > 0)
		memcpy(text, netlink_data(attribute), length);
	text[length] = '\0';
}
