/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int prefix_parse(const char *text, unsigned most, unsigned *prefix)
{
	char *end;
	unsigned long value;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	value = strtoul(text, &end, 10);
	if (*end != '\0' || value > most)
		return -EINVAL;
	*prefix = (unsigned)value;
	return 0;
}

int address_parse(const char *text, struct address *address)
{
	char host[ADDRESS_SIZE];
	const char *slash = strchr(text, '/');
	size_t length = slash != NULL ? (size_t)(slash - text) : strlen(text);

	if (length >= sizeof(host))
		return -EINVAL;
	memcpy(host, text, length);
	host[length] = '\0';
	memset(address, 0, sizeof(*address));
	address->family = strchr(host, ':') != NULL ? AF_INET6 : AF_INET;
	address->prefix = address_size(address) * 8;
	if (inet_pton(address->family, host, address->bytes) != 1)
		return -EINVAL;
	return slash != NULL ? prefix_parse(slash + 1, address->prefix, &address->prefix) : 0;
}

void address_format(const struct address *address, char text[static CIDR_SIZE])
{
	char host[ADDRESS_SIZE] = "";

	inet_ntop(address->family, address->bytes, host, sizeof(host));
	if (address_is_host(address))
		snprintf(text, CIDR_SIZE, "%s", host);
	else
		snprintf(text, CIDR_SIZE, "%s/%u", host, address->prefix);
}

struct address address_network(const struct address *address)
{
	struct address network = *address;

	for (unsigned bit = address->prefix; bit < address_size(address) * 8; bit++)
		network.bytes[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
	return network;
}

bool address_contains(const struct address *network, const struct address *address)
{
	struct address own = address_network(network), other = *address;

	if (network->family != address->family || address->prefix < network->prefix)
		return false;
	other.prefix = network->prefix;
	other = address_network(&other);
	return memcmp(own.bytes, other.bytes, sizeof(own.bytes)) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
	return a->family == b->family && a->prefix == b->prefix &&
	       memcmp(a->bytes, b->bytes, address_size(a)) == 0;
}

static int nibble(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	digit |= 0x20;
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int mac_parse(const char *text, uint8_t mac[static MAC_SIZE])
{
	if (strlen(text) != MAC_SIZE * 3 - 1)
		return -EINVAL;
	for (unsigned i = 0; i < MAC_SIZE; i++) {
		int high = nibble(text[i * 3]), low = nibble(text[i * 3 + 1]);

		if (high < 0 || low < 0 || (i + 1 < MAC_SIZE && text[i * 3 + 2] != ':'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

void mac_format(const uint8_t mac[static MAC_SIZE], char text[static 18])
{
	snprintf(text, 18, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1], mac[2], mac[3], mac[4],
		 mac[5]);
}

struct address address_from_mac(const uint8_t mac[static MAC_SIZE])
{
	struct address address = { .family = AF_INET6, .prefix = 128 };
	uint8_t *b = address.bytes;

	b[0] = 0xfe;
	b[1] = 0x80;
	memcpy(b + 8, mac, 3);
	b[8] ^= 2;
	b[11] = 0xff;
	b[12] = 0xfe;
	memcpy(b + 13, mac + 3, 3);
	return address;
}
