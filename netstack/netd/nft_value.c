/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Types and literal values of the rule set's language. */
#include "netstack/netd/nft_internal.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/address.h"

/* 'number' is what nft(8) stores beside a set to know how to print it. */
static const struct {
	const char *name;
	unsigned size;
	uint32_t number;
} types[NFT_TYPE_COUNT] = {
	[NFT_TYPE_IFNAME] = { "ifname", IFNAMSIZ, 41 },
	[NFT_TYPE_ETHER] = { "ether_addr", MAC_SIZE, 9 },
	[NFT_TYPE_IPV4] = { "ipv4_addr", 4, 7 },
	[NFT_TYPE_IPV6] = { "ipv6_addr", 16, 8 },
	[NFT_TYPE_MARK] = { "mark", 4, 19 },
	[NFT_TYPE_INTEGER16] = { "integer16", 2, 4 },
	[NFT_TYPE_BYTE] = { NULL, 1, 4 },
	[NFT_TYPE_SHORT] = { NULL, 2, 13 },
	[NFT_TYPE_PROTOCOL] = { NULL, 1, 12 },
	[NFT_TYPE_ETHERTYPE] = { NULL, 2, 10 },
	[NFT_TYPE_PACKET] = { NULL, 1, 20 },
	[NFT_TYPE_VERDICT] = { "verdict", 0, NFT_DATA_VERDICT },
};

static const struct {
	const char *name;
	enum nft_type type;
	unsigned long value;
} names[] = {
	{ "icmp", NFT_TYPE_PROTOCOL, 1 },          { "tcp", NFT_TYPE_PROTOCOL, 6 },
	{ "udp", NFT_TYPE_PROTOCOL, 17 },          { "ipv6-icmp", NFT_TYPE_PROTOCOL, 58 },
	{ "ip", NFT_TYPE_ETHERTYPE, ETH_P_IP },    { "arp", NFT_TYPE_ETHERTYPE, ETH_P_ARP },
	{ "ip6", NFT_TYPE_ETHERTYPE, ETH_P_IPV6 }, { "other", NFT_TYPE_PACKET, PACKET_OTHERHOST },
};

unsigned nft_type_size(enum nft_type type)
{
	return types[type].size;
}

uint32_t nft_type_number(enum nft_type type)
{
	return types[type].number;
}

int nft_type_parse(const char *word, enum nft_type *type)
{
	for (unsigned i = 0; i < NFT_TYPE_COUNT; i++)
		if (types[i].name != NULL && strcmp(types[i].name, word) == 0) {
			*type = i;
			return 0;
		}
	return -EINVAL;
}

static int number_parse(enum nft_type type, const char *word, unsigned long *value)
{
	char *end;

	for (size_t i = 0; i < ARRAY_LENGTH(names); i++)
		if (names[i].type == type && strcmp(names[i].name, word) == 0) {
			*value = names[i].value;
			return 0;
		}
	*value = strtoul(word, &end, 0);
	return *word == '\0' || *end != '\0' || (*value >> (types[type].size * 8)) != 0 ? -EINVAL
											: 0;
}

static int number_value(enum nft_type type, const char *word, struct nft_value *value)
{
	unsigned long number;
	uint32_t host;
	uint16_t half;

	if (number_parse(type, word, &number) < 0)
		return -EINVAL;
	host = (uint32_t)number;
	half = (uint16_t)number;
	if (type == NFT_TYPE_SHORT || type == NFT_TYPE_ETHERTYPE)
		half = htons(half);
	if (value->size == 1)
		value->bytes[0] = (uint8_t)number;
	else if (value->size == 2)
		memcpy(value->bytes, &half, sizeof(half));
	else
		memcpy(value->bytes, &host, sizeof(host));
	return 0;
}

static int address_value(int family, const char *word, struct nft_value *value)
{
	struct address address;

	if (address_parse(word, &address) < 0 || address.family != family)
		return -EINVAL;
	address = address_network(&address);
	memcpy(value->bytes, address.bytes, value->size);
	value->prefix = address.prefix;
	return 0;
}

/* "name" or "prefix*", without quotes. */
static int ifname_value(const char *word, struct nft_value *value)
{
	size_t length = strlen(word);

	if (length == 0 || length >= IFNAMSIZ)
		return -EINVAL;
	if (word[length - 1] == '*')
		value->prefix = (unsigned)--length * 8;
	memcpy(value->bytes, word, length);
	return length > 0 ? 0 : -EINVAL;
}

int nft_value_parse(enum nft_type type, const char *word, struct nft_value *value)
{
	memset(value, 0, sizeof(*value));
	value->size = types[type].size;
	value->prefix = value->size * 8;
	switch (type) {
	case NFT_TYPE_IFNAME:
		return ifname_value(word, value);
	case NFT_TYPE_ETHER:
		return mac_parse(word, value->bytes);
	case NFT_TYPE_IPV4:
		return address_value(AF_INET, word, value);
	case NFT_TYPE_IPV6:
		return address_value(AF_INET6, word, value);
	case NFT_TYPE_VERDICT:
	case NFT_TYPE_COUNT:
		return -EINVAL;
	default:
		return number_value(type, word, value);
	}
}
