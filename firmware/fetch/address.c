/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/fetch/address.h"

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

bool fetch_address_parse(const char *text, unsigned port, union fetch_address *address)
{
	memset(address, 0, sizeof(*address));
	if (inet_pton(AF_INET, text, &address->ipv4.sin_addr) == 1) {
		address->ipv4.sin_family = AF_INET;
		address->ipv4.sin_port = htons((uint16_t)port);
		return true;
	}
	if (inet_pton(AF_INET6, text, &address->ipv6.sin6_addr) != 1)
		return false;
	address->ipv6.sin6_family = AF_INET6;
	address->ipv6.sin6_port = htons((uint16_t)port);
	return true;
}

socklen_t fetch_address_size(const union fetch_address *address)
{
	return address->any.sa_family == AF_INET6 ? sizeof(address->ipv6) : sizeof(address->ipv4);
}

struct range {
	uint8_t prefix[16], bits;
};

static const struct range near4[] = {
	{ { 0 }, 8 },         /* this network: the kernel takes 0.0.0.0 for itself */
	{ { 127 }, 8 },       /* loopback */
	{ { 169, 254 }, 16 }, /* link-local, with the metadata service */
	{ { 224 }, 4 },       /* multicast */
	{ { 240 }, 4 },       /* reserved, broadcast */
};

static const struct range near6[] = {
	{ { 0 }, 127 },         /* none, loopback */
	{ { 0xfe, 0x80 }, 10 }, /* link-local */
	{ { 0xff }, 8 },        /* multicast */
};

/* IPv4 within IPv6, and where in it. */
static const struct {
	struct range range;
	unsigned at;
} mapped[] = {
	{ { { 0 }, 96 }, 12 },                                        /* compatible */
	{ { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff }, 96 }, 12 }, /* mapped */
	{ { { 0, 0x64, 0xff, 0x9b }, 96 }, 12 },                      /* RFC 6052 */
	{ { { 0x20, 0x02 }, 16 }, 2 },                                /* 6to4 */
};

static bool is_within(const uint8_t *bytes, const struct range *range)
{
	size_t whole = range->bits / 8;
	unsigned rest = range->bits % 8;

	return memcmp(bytes, range->prefix, whole) == 0 &&
	       (rest == 0 || (bytes[whole] ^ range->prefix[whole]) >> (8 - rest) == 0);
}

static bool is_near4(const uint8_t *bytes)
{
	for (size_t i = 0; i < ARRAY_LENGTH(near4); i++)
		if (is_within(bytes, &near4[i]))
			return true;
	return false;
}

static bool is_near6(const uint8_t *bytes)
{
	for (size_t i = 0; i < ARRAY_LENGTH(near6); i++)
		if (is_within(bytes, &near6[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LENGTH(mapped); i++)
		if (is_within(bytes, &mapped[i].range) && is_near4(bytes + mapped[i].at))
			return true;
	return false;
}

bool fetch_address_is_near(const union fetch_address *address)
{
	if (address->any.sa_family == AF_INET6)
		return is_near6(address->ipv6.sin6_addr.s6_addr);
	return is_near4((const uint8_t *)&address->ipv4.sin_addr);
}

/* What one sends to oneself comes from the address that it goes to; a datagram socket asks the
 * routes without a packet. */
bool fetch_address_is_own(const union fetch_address *address)
{
	CLEANUP_FD int fd = socket(address->any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	union fetch_address from = { 0 };
	socklen_t size = sizeof(from);

	if (fd < 0 || connect(fd, &address->any, fetch_address_size(address)) < 0 ||
	    getsockname(fd, &from.any, &size) < 0)
		return false; /* there is no way there, as connecting will tell */
	if (address->any.sa_family == AF_INET6)
		return memcmp(&from.ipv6.sin6_addr, &address->ipv6.sin6_addr, 16) == 0;
	return from.ipv4.sin_addr.s_addr == address->ipv4.sin_addr.s_addr;
}
