/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/ra.h"

#include <string.h>

enum { SOLICITATION = 133, ADVERTISEMENT = 134 };
enum { OPTION_SOURCE = 1, OPTION_PREFIX = 3, OPTION_MTU = 5, OPTION_DNS = 25, OPTION_DOMAIN = 31 };

#define HEADER_SIZE 16
#define HOP_LIMIT 64
#define DNS_SECONDS RA_ROUTER_SECONDS

/* --- in --- */

bool ra_solicited(const uint8_t *message, size_t size, uint8_t hops, bool unspecified)
{
	size_t at = 8;

	if (size < at || hops != 255 || message[0] != SOLICITATION || message[1] != 0)
		return false;
	while (at < size) {
		size_t length = at + 1 < size ? (size_t)message[at + 1] * 8 : 0;

		if (length == 0 || length > size - at)
			return false;
		if (message[at] == OPTION_SOURCE && unspecified)
			return false;
		at += length;
	}
	return true;
}

/* --- out --- */

struct writer {
	uint8_t *data;
	size_t size;
};

static void put32(uint8_t *at, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(value >> (24 - 8 * i));
}

/* Zeros for an option of that many units of eight bytes; NULL when there is no room. */
static uint8_t *option(struct writer *writer, uint8_t type, size_t units)
{
	uint8_t *at = writer->data + writer->size;

	if (units > 255 || writer->size + units * 8 > RA_MESSAGE_MAX)
		return NULL;
	memset(at, 0, units * 8);
	at[0] = type;
	at[1] = (uint8_t)units;
	writer->size += units * 8;
	return at;
}

static void prefix_put(struct writer *writer, const struct ra_prefix *prefix)
{
	uint8_t *at = option(writer, OPTION_PREFIX, 4);

	if (at == NULL)
		return;
	at[2] = prefix->length;
	at[3] = (uint8_t)(0x80 | (prefix->autonomous ? 0x40 : 0)); /* on the link */
	put32(at + 4, RA_PREFIX_SECONDS);
	put32(at + 8, RA_PREFIX_SECONDS);
	memcpy(at + 16, prefix->base, 16);
}

static void dns_put(struct writer *writer, const struct ra *ra)
{
	uint8_t *at = ra->dns_count > 0 ? option(writer, OPTION_DNS, 1 + 2 * ra->dns_count) : NULL;

	if (at == NULL)
		return;
	put32(at + 4, DNS_SECONDS);
	memcpy(at + 8, ra->dns, ra->dns_count * 16);
}

/* The labels of the name, each behind its length, and the root's. */
static void domain_put(struct writer *writer, const char *name)
{
	size_t length = strlen(name);
	uint8_t *at = length > 0 && length < 254
			      ? option(writer, OPTION_DOMAIN, 1 + (length + 2 + 7) / 8)
			      : NULL;

	if (at == NULL)
		return;
	put32(at + 4, DNS_SECONDS);
	for (at += 8; *name != '\0';) {
		size_t label = strcspn(name, ".");

		*at++ = (uint8_t)(label > 63 ? 63 : label);
		memcpy(at, name, label > 63 ? 63 : label);
		at += label > 63 ? 63 : label;
		name += label + (name[label] == '.');
	}
}

size_t ra_build(const struct ra *ra, uint8_t message[static RA_MESSAGE_MAX])
{
	struct writer writer = { .data = message, .size = HEADER_SIZE };
	uint8_t *at;

	memset(message, 0, HEADER_SIZE);
	message[0] = ADVERTISEMENT;
	message[4] = HOP_LIMIT;
	message[5] = (uint8_t)((ra->managed ? 0x80 : 0) | (ra->other ? 0x40 : 0));
	message[6] = (uint8_t)(ra->lifetime >> 8);
	message[7] = (uint8_t)ra->lifetime;
	at = option(&writer, OPTION_SOURCE, 1);
	memcpy(at + 2, ra->mac, MAC_SIZE);
	at = ra->mtu >= 1280 ? option(&writer, OPTION_MTU, 1) : NULL;
	if (at != NULL)
		put32(at + 4, ra->mtu);
	for (size_t i = 0; i < ra->prefix_count; i++)
		prefix_put(&writer, &ra->prefixes[i]);
	dns_put(&writer, ra);
	domain_put(&writer, ra->domain);
	return writer.size;
}
