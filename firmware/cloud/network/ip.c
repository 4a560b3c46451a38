/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/ip.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned ip_bits(const struct ip *ip)
{
	return ip->version == 4 ? 32 : 128;
}

bool ip_parse(const char *text, struct ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	if (!text)
		return false;
	if (inet_pton(AF_INET, text, ip->bytes + 12) == 1)
		ip->version = 4;
	else if (inet_pton(AF_INET6, text, ip->bytes) == 1)
		ip->version = 6;
	return ip->version != 0;
}

void ip_format(const struct ip *ip, char text[static IP_SIZE])
{
	text[0] = '\0';
	if (ip->version == 4)
		inet_ntop(AF_INET, ip->bytes + 12, text, IP_SIZE);
	else if (ip->version == 6)
		inet_ntop(AF_INET6, ip->bytes, text, IP_SIZE);
}

void ip_key(const struct ip *ip, char key[static IP_KEY_SIZE])
{
	for (size_t i = 0; i < sizeof(ip->bytes); i++)
		snprintf(key + 2 * i, 3, "%02x", ip->bytes[i]);
}

bool ip_from_key(const char *key, int version, struct ip *ip)
{
	memset(ip, 0, sizeof(*ip));
	for (size_t i = 0; i < sizeof(ip->bytes); i++) {
		unsigned byte;

		if (!key[2 * i] || sscanf(key + 2 * i, "%2x", &byte) != 1)
			return false;
		ip->bytes[i] = (uint8_t)byte;
	}
	ip->version = version;
	return true;
}

static void clear_host_bits(struct ip_prefix *prefix)
{
	unsigned keep = prefix->length + (prefix->base.version == 4 ? 96 : 0);

	for (unsigned bit = keep; bit < 128; bit++)
		prefix->base.bytes[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
}

bool ip_prefix_parse(const char *text, struct ip_prefix *prefix)
{
	char address[IP_CIDR_SIZE];
	char *slash, *end;
	unsigned long length;

	if (!text || strlen(text) >= sizeof(address))
		return false;
	strcpy(address, text);
	slash = strchr(address, '/');
	if (slash)
		*slash = '\0';
	if (!ip_parse(address, &prefix->base))
		return false;
	length = ip_bits(&prefix->base);
	if (slash) {
		if (!isdigit((unsigned char)slash[1]))
			return false;
		length = strtoul(slash + 1, &end, 10);
		if (*end || length > ip_bits(&prefix->base))
			return false;
	}
	prefix->length = (unsigned)length;
	clear_host_bits(prefix);
	return true;
}

void ip_prefix_format(const struct ip_prefix *prefix, char text[static IP_CIDR_SIZE])
{
	char address[IP_SIZE];

	ip_format(&prefix->base, address);
	snprintf(text, IP_CIDR_SIZE, "%s/%u", address, prefix->length);
}

bool ip_in(const struct ip *ip, const struct ip_prefix *prefix)
{
	struct ip_prefix masked = { .base = *ip, .length = prefix->length };

	if (ip->version != prefix->base.version)
		return false;
	clear_host_bits(&masked);
	return !memcmp(masked.base.bytes, prefix->base.bytes, sizeof(masked.base.bytes));
}

bool ip_prefix_overlap(const struct ip_prefix *one, const struct ip_prefix *other)
{
	return ip_in(&one->base, other) || ip_in(&other->base, one);
}

int ip_compare(const struct ip *one, const struct ip *other)
{
	return memcmp(one->bytes, other->bytes, sizeof(one->bytes));
}

struct ip ip_add(struct ip ip, int64_t offset)
{
	for (int i = 15; i >= 0 && offset; i--) {
		offset += ip.bytes[i];
		ip.bytes[i] = (uint8_t)(offset & 0xff);
		offset >>= 8;
	}
	return ip;
}

struct ip ip_last(const struct ip_prefix *prefix)
{
	struct ip last = prefix->base;

	for (unsigned bit = prefix->length + (last.version == 4 ? 96 : 0); bit < 128; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return last;
}

bool ip_from_mac(const struct ip_prefix *prefix, const char *mac, struct ip *ip)
{
	uint8_t *low = ip->bytes + 8;
	unsigned b[6];

	if (prefix->base.version != 6 || prefix->length != 64 || !mac ||
	    sscanf(mac, "%2x:%2x:%2x:%2x:%2x:%2x", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5]) != 6)
		return false;
	*ip = prefix->base;
	for (int i = 0; i < 3; i++) {
		low[i] = (uint8_t)b[i];
		low[i + 5] = (uint8_t)b[i + 3];
	}
	low[0] ^= 2;
	low[3] = 0xff;
	low[4] = 0xfe;
	return true;
}

bool mac_canonical(const char *text, char mac[static 18])
{
	unsigned b[6];
	char rest;

	if (!text || strlen(text) > 17)
		return false;
	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != 6 &&
	    sscanf(text, "%2x-%2x-%2x-%2x-%2x-%2x%c", &b[0], &b[1], &b[2], &b[3], &b[4], &b[5],
		   &rest) != 6)
		return false;
	if (b[0] & 1)
		return false;
	snprintf(mac, 18, "%02x:%02x:%02x:%02x:%02x:%02x", b[0] & 0xff, b[1] & 0xff, b[2] & 0xff,
		 b[3] & 0xff, b[4] & 0xff, b[5] & 0xff);
	return strcmp(mac, "00:00:00:00:00:00") != 0;
}
