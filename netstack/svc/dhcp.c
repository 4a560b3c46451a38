/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/dhcp.h"

#include <arpa/inet.h>
#include <string.h>

#define COOKIE 0x63825363
#define FLAG_BROADCAST 0x8000
#define IP_UDP_SIZE 28
#define MESSAGE_LEAST 300 /* BOOTP's size: shorter ones are dropped by some (RFC 1542, 2.1) */

struct header {
	uint8_t op, htype, hlen, hops;
	uint32_t xid;
	uint16_t secs, flags;
	uint32_t ciaddr, yiaddr, siaddr, giaddr;
	uint8_t chaddr[16], sname[64], file[128];
	uint32_t cookie;
} __attribute__((packed));

enum option {
	OPTION_PAD = 0,
	OPTION_MASK = 1,
	OPTION_ROUTER = 3,
	OPTION_DNS = 6,
	OPTION_HOSTNAME = 12,
	OPTION_DOMAIN = 15,
	OPTION_MTU = 26,
	OPTION_REQUESTED = 50,
	OPTION_LEASE = 51,
	OPTION_OVERLOAD = 52,
	OPTION_TYPE = 53,
	OPTION_SERVER = 54,
	OPTION_WANTED = 55,
	OPTION_MAX_SIZE = 57,
	OPTION_RENEW = 58,
	OPTION_REBIND = 59,
	OPTION_ROUTES = 121,
	OPTION_ROUTES_MS = 249, /* the same, before it had a number */
	OPTION_END = 255,
};

/* --- parsing --- */

static uint32_t read32(const uint8_t *data, size_t size)
{
	uint32_t value = 0;

	if (size == sizeof(value))
		memcpy(&value, data, sizeof(value));
	return value;
}

static void wanted_read(struct dhcp_message *message, const uint8_t *data, size_t size)
{
	message->wants_all = false;
	for (size_t i = 0; i < size; i++)
		message->wanted[data[i] / 8] |= (uint8_t)(1 << (data[i] % 8));
}

static void option_read(struct dhcp_message *message, uint8_t code, const uint8_t *data,
			size_t size, uint8_t *overload)
{
	switch (code) {
	case OPTION_TYPE:
		message->type = size == 1 && data[0] <= DHCP_INFORM ? data[0] : DHCP_NONE;
		break;
	case OPTION_REQUESTED:
		message->requested = read32(data, size);
		break;
	case OPTION_SERVER:
		message->server = read32(data, size);
		break;
	case OPTION_WANTED:
		wanted_read(message, data, size);
		break;
	case OPTION_MAX_SIZE:
		if (size == 2 && (data[0] << 8 | data[1]) >= 576)
			message->max_size = (uint16_t)(data[0] << 8 | data[1]);
		break;
	case OPTION_OVERLOAD:
		*overload = size == 1 ? data[0] : 0;
		break;
	}
}

/* Ends at the end option or at the end of the field; -EBADMSG when an option reaches beyond. */
static int options_read(struct dhcp_message *message, const uint8_t *data, size_t size,
			uint8_t *overload)
{
	for (size_t at = 0; at < size && data[at] != OPTION_END;) {
		size_t length;

		if (data[at] == OPTION_PAD) {
			at++;
			continue;
		}
		if (at + 2 > size)
			return -EBADMSG;
		length = data[at + 1];
		if (at + 2 + length > size)
			return -EBADMSG;
		option_read(message, data[at], data + at + 2, length, overload);
		at += 2 + length;
	}
	return 0;
}

static int header_read(struct dhcp_message *message, const struct header *header)
{
	if (header->op != 1 || header->htype != 1 || header->hlen != 6 ||
	    header->cookie != htonl(COOKIE))
		return -EBADMSG;
	message->xid = header->xid;
	message->flags = ntohs(header->flags);
	message->ciaddr = header->ciaddr;
	message->giaddr = header->giaddr;
	memcpy(message->chaddr, header->chaddr, sizeof(message->chaddr));
	message->wants_all = true;
	message->max_size = 576;
	return 0;
}

int dhcp_parse(const uint8_t *data, size_t size, struct dhcp_message *message)
{
	struct header header;
	uint8_t overload = 0, ignored;
	int result;

	memset(message, 0, sizeof(*message));
	if (size < sizeof(header))
		return -EBADMSG;
	memcpy(&header, data, sizeof(header));
	result = header_read(message, &header);
	if (result == 0)
		result = options_read(message, data + sizeof(header), size - sizeof(header),
				      &overload);
	if (result == 0 && overload & 1)
		result = options_read(message, header.file, sizeof(header.file), &ignored);
	if (result == 0 && overload & 2)
		result = options_read(message, header.sname, sizeof(header.sname), &ignored);
	return result < 0 || message->type == DHCP_NONE ? -EBADMSG : 0;
}

/* --- deciding --- */

static enum dhcp_type request_decide(const struct dhcp_message *message,
				     const struct dhcp_binding *binding)
{
	uint32_t asked = message->ciaddr != 0 ? message->ciaddr : message->requested;

	if (message->server != 0 && message->server != binding->server)
		return DHCP_NONE; /* the client took another server's offer */
	if (message->server != 0 && message->requested != 0)
		asked = message->requested;
	if (asked == 0)
		return DHCP_NONE;
	return asked == binding->address ? DHCP_ACK : DHCP_NAK;
}

enum dhcp_type dhcp_decide(const struct dhcp_message *message, const struct dhcp_binding *binding)
{
	if (binding == NULL || message->giaddr != 0)
		return DHCP_NONE; /* no relay belongs into a tenant's network */
	switch (message->type) {
	case DHCP_DISCOVER:
		return DHCP_OFFER;
	case DHCP_REQUEST:
		return request_decide(message, binding);
	case DHCP_INFORM:
		return message->ciaddr != 0 ? DHCP_ACK : DHCP_NONE;
	default:
		return DHCP_NONE;
	}
}

uint32_t dhcp_destination(enum dhcp_type type, const struct dhcp_message *message,
			  const struct dhcp_binding *binding)
{
	if (type == DHCP_NAK)
		return INADDR_BROADCAST;
	if (message->ciaddr != 0)
		return message->ciaddr;
	return message->flags & FLAG_BROADCAST ? INADDR_BROADCAST : binding->address;
}

/* --- building --- */

struct writer {
	uint8_t *data;
	size_t size, limit;
};

static void put(struct writer *writer, uint8_t code, const void *data, size_t size)
{
	if (size == 0 || size > 255 || writer->size + 2 + size + 1 > writer->limit)
		return;
	writer->data[writer->size++] = code;
	writer->data[writer->size++] = (uint8_t)size;
	memcpy(writer->data + writer->size, data, size);
	writer->size += size;
}

static void put32(struct writer *writer, uint8_t code, uint32_t value)
{
	put(writer, code, &value, sizeof(value));
}

static bool wants(const struct dhcp_message *message, uint8_t code)
{
	return message->wants_all || message->wanted[code / 8] & (1 << (code % 8));
}

/* Prefix length, as many bytes of the destination as it needs, gateway (RFC 3442). */
static void put_routes(struct writer *writer, uint8_t code, const struct dhcp_binding *binding)
{
	uint8_t data[255];
	size_t size = 0;

	for (unsigned i = 0; i < binding->route_count; i++) {
		const struct dhcp_route *route = &binding->routes[i];
		size_t bytes = (route->prefix + 7U) / 8;

		if (size + 1 + bytes + 4 > sizeof(data))
			break;
		data[size++] = route->prefix;
		memcpy(data + size, &route->destination, bytes);
		memcpy(data + size + bytes, &route->gateway, 4);
		size += bytes + 4;
	}
	put(writer, code, data, size);
}

static void put_configuration(struct writer *writer, const struct dhcp_message *message,
			      const struct dhcp_binding *binding)
{
	uint16_t mtu = htons(binding->mtu);

	put32(writer, OPTION_MASK, binding->mask);
	/* A client that takes routes ignores the router: the routes hold the default, too. */
	if (wants(message, OPTION_ROUTES))
		put_routes(writer, OPTION_ROUTES, binding);
	if (!message->wants_all && wants(message, OPTION_ROUTES_MS))
		put_routes(writer, OPTION_ROUTES_MS, binding);
	if (binding->router != 0)
		put32(writer, OPTION_ROUTER, binding->router);
	put(writer, OPTION_DNS, binding->dns, binding->dns_count * sizeof(uint32_t));
	if (binding->mtu != 0)
		put(writer, OPTION_MTU, &mtu, sizeof(mtu));
	put(writer, OPTION_HOSTNAME, binding->hostname, strlen(binding->hostname));
	put(writer, OPTION_DOMAIN, binding->domain, strlen(binding->domain));
}

static void put_lease(struct writer *writer)
{
	put32(writer, OPTION_LEASE, htonl(DHCP_LEASE_SECONDS));
	put32(writer, OPTION_RENEW, htonl(DHCP_LEASE_SECONDS / 2));
	put32(writer, OPTION_REBIND, htonl(DHCP_LEASE_SECONDS / 8 * 7));
}

static void header_build(struct header *header, enum dhcp_type type,
			 const struct dhcp_message *message, const struct dhcp_binding *binding)
{
	bool gives = type != DHCP_NAK && message->type != DHCP_INFORM;

	memset(header, 0, sizeof(*header));
	header->op = 2;
	header->htype = 1;
	header->hlen = 6;
	header->xid = message->xid;
	header->flags = htons(message->flags);
	header->ciaddr = type == DHCP_NAK ? 0 : message->ciaddr;
	header->yiaddr = gives ? binding->address : 0;
	memcpy(header->chaddr, message->chaddr, sizeof(header->chaddr));
	header->cookie = htonl(COOKIE);
}

size_t dhcp_build(enum dhcp_type type, const struct dhcp_message *message,
		  const struct dhcp_binding *binding, uint8_t answer[static DHCP_MESSAGE_MAX])
{
	size_t most = message->max_size - IP_UDP_SIZE;
	struct writer writer = { .data = answer, .size = sizeof(struct header) };
	struct header header;
	uint8_t code = (uint8_t)type;

	writer.limit = most < DHCP_MESSAGE_MAX ? most : DHCP_MESSAGE_MAX;
	memset(answer, 0, DHCP_MESSAGE_MAX);
	header_build(&header, type, message, binding);
	memcpy(answer, &header, sizeof(header));
	put(&writer, OPTION_TYPE, &code, 1);
	put32(&writer, OPTION_SERVER, binding->server);
	if (type != DHCP_NAK && message->type != DHCP_INFORM)
		put_lease(&writer);
	if (type != DHCP_NAK)
		put_configuration(&writer, message, binding);
	answer[writer.size++] = OPTION_END;
	return writer.size < MESSAGE_LEAST ? MESSAGE_LEAST : writer.size;
}
