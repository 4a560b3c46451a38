/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/fetch/dns.h"

#include <errno.h>
#include <string.h>

#define HEADER_SIZE 12
#define LABEL_MAX 63
#define NAME_MAX_BYTES 255
#define CLASS_IN 1
#define FLAG_RESPONSE 0x80
#define FLAG_RECURSION 0x01
#define CODE_NO_NAME 3

static void put16(uint8_t *bytes, unsigned value)
{
	bytes[0] = (uint8_t)(value >> 8);
	bytes[1] = (uint8_t)value;
}

static unsigned get16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

/* "a.bc" as 1 a 2 b c 0; the bytes written. */
static ssize_t name_put(uint8_t *bytes, const char *name)
{
	size_t at = 0;

	if (strlen(name) + 2 > NAME_MAX_BYTES)
		return -EINVAL;
	while (*name) {
		size_t length = strcspn(name, ".");

		if (length == 0 || length > LABEL_MAX)
			return -EINVAL;
		bytes[at++] = (uint8_t)length;
		memcpy(bytes + at, name, length);
		at += length;
		name += length + (name[length] == '.');
	}
	bytes[at++] = 0;
	return at > 1 ? (ssize_t)at : -EINVAL;
}

ssize_t dns_question(uint8_t packet[static DNS_PACKET_MAX], uint16_t id, const char *name,
		     enum dns_type type)
{
	ssize_t length = name_put(packet + HEADER_SIZE, name);

	if (length < 0)
		return length;
	memset(packet, 0, HEADER_SIZE);
	put16(packet, id);
	packet[2] = FLAG_RECURSION;
	packet[5] = 1;
	put16(packet + HEADER_SIZE + length, type);
	put16(packet + HEADER_SIZE + length + 2, CLASS_IN);
	return HEADER_SIZE + length + 4;
}

/* Behind the name at 'at'; a pointer ends it. 0: it runs out of the packet. */
static size_t name_skip(const uint8_t *packet, size_t size, size_t at)
{
	while (at < size && packet[at] != 0) {
		if ((packet[at] & 0xc0) == 0xc0)
			return at + 2 <= size ? at + 2 : 0;
		if (packet[at] & 0xc0)
			return 0;
		at += (size_t)packet[at] + 1;
	}
	return at < size ? at + 1 : 0;
}

static void address_add(struct dns_addresses *addresses, const uint8_t *data, unsigned type)
{
	union fetch_address *address;

	if (addresses->count == DNS_ADDRESSES_MAX)
		return;
	address = &addresses->list[addresses->count++];
	memset(address, 0, sizeof(*address));
	address->any.sa_family = type == DNS_A ? AF_INET : AF_INET6;
	if (type == DNS_A)
		memcpy(&address->ipv4.sin_addr, data, 4);
	else
		memcpy(&address->ipv6.sin6_addr, data, 16);
}

/* One resource record; behind it, or 0. */
static size_t record_take(const uint8_t *packet, size_t size, size_t at, unsigned wanted,
			  struct dns_addresses *addresses)
{
	unsigned type, class, length;

	at = name_skip(packet, size, at);
	if (at == 0 || size - at < 10)
		return 0;
	type = get16(packet + at);
	class = get16(packet + at + 2);
	length = get16(packet + at + 8);
	at += 10;
	if (size - at < length)
		return 0;
	if (type == wanted && class == CLASS_IN && length == (type == DNS_A ? 4 : 16))
		address_add(addresses, packet + at, type);
	return at + length;
}

/* The question comes back as it was sent, but for the case of letters, which resolvers may change. */
static int question_check(const uint8_t *packet, size_t size, const uint8_t *question,
			  size_t question_size)
{
	if (size < question_size || memcmp(packet, question, 2) != 0 ||
	    !(packet[2] & FLAG_RESPONSE) || get16(packet + 4) != 1)
		return -EBADMSG;
	for (size_t i = HEADER_SIZE; i < question_size; i++)
		if ((packet[i] | 0x20) != (question[i] | 0x20))
			return -EBADMSG;
	return 0;
}

int dns_answer(const uint8_t *packet, size_t size, const uint8_t *question, size_t question_size,
	       struct dns_addresses *addresses)
{
	int result = question_check(packet, size, question, question_size);
	size_t at = question_size;
	unsigned code, count, wanted;

	if (result < 0)
		return result;
	code = packet[3] & 0x0f;
	if (code != 0)
		return code == CODE_NO_NAME ? -ENOENT : -EAGAIN;
	wanted = get16(question + question_size - 4);
	count = get16(packet + 6);
	/* A packet that was cut off still holds whole records. */
	for (unsigned i = 0; i < count && at < size; i++) {
		at = record_take(packet, size, at, wanted, addresses);
		if (at == 0)
			return -EBADMSG;
	}
	return 0;
}
