/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/dns.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define HEADER_SIZE 12
#define NAME_MAX_SIZE 255
#define TTL_SECONDS 60

enum { TYPE_A = 1, TYPE_PTR = 12, TYPE_AAAA = 28, TYPE_ANY = 255, CLASS_IN = 1 };
enum { CODE_OK = 0, CODE_FORMAT = 1, CODE_NO_NAME = 3, CODE_NOT_IMPLEMENTED = 4, CODE_REFUSED = 5 };

struct question {
	char name[NAME_MAX_SIZE + 1]; /* labels joined by dots, no final one; NULs are refused */
	size_t end;                   /* offset behind the question */
	uint16_t type, class;
	bool recursion;
};

static uint16_t read16(const uint8_t *data)
{
	return (uint16_t)(data[0] << 8 | data[1]);
}

/* --- parsing --- */

/* A question's name is never compressed: nothing stands before it. */
static int name_read(const uint8_t *packet, size_t size, size_t *at, char *name)
{
	size_t length = 0;

	while (*at < size && packet[*at] != 0) {
		size_t label = packet[*at];

		if (label > 63 || *at + 1 + label >= size || length + label + 1 > NAME_MAX_SIZE ||
		    memchr(packet + *at + 1, '\0', label) != NULL)
			return -EBADMSG;
		if (length > 0)
			name[length++] = '.';
		memcpy(name + length, packet + *at + 1, label);
		length += label;
		*at += 1 + label;
	}
	name[length] = '\0';
	return (*at)++ < size ? 0 : -EBADMSG;
}

static int question_read(const uint8_t *packet, size_t size, struct question *question)
{
	size_t at = HEADER_SIZE;

	if (read16(packet + 4) != 1 || name_read(packet, size, &at, question->name) < 0 ||
	    at + 4 > size)
		return -EBADMSG;
	question->type = read16(packet + at);
	question->class = read16(packet + at + 2);
	question->end = at + 4;
	question->recursion = packet[2] & 1;
	return 0;
}

/* --- answering --- */

struct writer {
	uint8_t *data;
	size_t size;
	uint16_t answers;
};

static void put16(struct writer *writer, uint16_t value)
{
	writer->data[writer->size++] = (uint8_t)(value >> 8);
	writer->data[writer->size++] = (uint8_t)value;
}

/* Name: a pointer to the question's. */
static bool record(struct writer *writer, uint16_t type, size_t size)
{
	if (writer->size + 12 + size > DNS_ANSWER_MAX)
		return false;
	put16(writer, 0xc000 | HEADER_SIZE);
	put16(writer, type);
	put16(writer, CLASS_IN);
	put16(writer, 0);
	put16(writer, TTL_SECONDS);
	put16(writer, (uint16_t)size);
	writer->answers++;
	return true;
}

static void put_address(struct writer *writer, uint16_t type, const void *address, size_t size)
{
	if (!record(writer, type, size))
		return;
	memcpy(writer->data + writer->size, address, size);
	writer->size += size;
}

static void put_pointer(struct writer *writer, const char *name)
{
	size_t length = strlen(name);

	if (length + 2 > NAME_MAX_SIZE || !record(writer, TYPE_PTR, length + 2))
		return;
	while (*name != '\0') {
		size_t label = strcspn(name, ".");

		writer->data[writer->size++] = (uint8_t)label;
		memcpy(writer->data + writer->size, name, label);
		writer->size += label;
		name += label + (name[label] == '.');
	}
	writer->data[writer->size++] = 0;
}

static void answer_begin(struct writer *writer, const uint8_t *packet, size_t end)
{
	memcpy(writer->data, packet, end);
	writer->size = end;
}

/* Header: an authoritative answer, recursion available; the counts of what is in it. */
static enum dns_verdict answer_end(struct writer *writer, unsigned code, size_t *size)
{
	uint8_t *header = writer->data;

	header[2] = (uint8_t)(0x80 | (header[2] & 0x79) | 0x04);
	header[3] = (uint8_t)(0x80 | code);
	header[6] = (uint8_t)(writer->answers >> 8);
	header[7] = (uint8_t)writer->answers;
	memset(header + 8, 0, 4);
	*size = writer->size;
	return DNS_ANSWER;
}

static enum dns_verdict answer_code(struct writer *writer, const uint8_t *packet, size_t end,
				    unsigned code, size_t *size)
{
	answer_begin(writer, packet, end);
	return answer_end(writer, code, size);
}

/* --- what is ours --- */

/* "a.b.c.d.in-addr.arpa", d the first byte */
static bool reverse4_parse(const char *name, struct address *address)
{
	unsigned a, b, c, d;
	int end = 0;

	if (sscanf(name, "%3u.%3u.%3u.%3u.%n", &a, &b, &c, &d, &end) != 4 || end == 0 ||
	    strcasecmp(name + end, "in-addr.arpa") != 0 || (a | b | c | d) > 255)
		return false;
	*address = (struct address){ .family = AF_INET,
				     .prefix = 32,
				     .bytes = { (uint8_t)d, (uint8_t)c, (uint8_t)b, (uint8_t)a } };
	return true;
}

static int nibble_of(char digit)
{
	const char *digits = "0123456789abcdef";
	const char *found = digit != '\0' ? strchr(digits, digit | 0x20) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* 32 nibbles, the last one first, and "ip6.arpa" (RFC 3596, 2.5) */
static bool reverse6_parse(const char *name, struct address *address)
{
	*address = (struct address){ .family = AF_INET6, .prefix = 128 };
	if (strlen(name) != 72 || strcasecmp(name + 64, "ip6.arpa") != 0)
		return false;
	for (int i = 0; i < 32; i++) {
		int nibble = nibble_of(name[i * 2]);

		if (nibble < 0 || name[i * 2 + 1] != '.')
			return false;
		address->bytes[15 - i / 2] |= (uint8_t)(i % 2 == 0 ? nibble : nibble << 4);
	}
	return true;
}

static bool in_network(const struct dns_zone *zone, const struct address *address)
{
	for (size_t i = 0; i < zone->subnet_count; i++)
		if (address_contains(&zone->subnets[i], address))
			return true;
	return false;
}

static const struct lease *lease_of(const struct dns_zone *zone, const struct address *address)
{
	uint32_t ipv4;

	if (address->family == AF_INET6)
		return lease_by_ipv6(zone->leases, address->bytes);
	memcpy(&ipv4, address->bytes, sizeof(ipv4));
	return lease_by_address(zone->leases, ipv4);
}

/* The part of the name before the domain; the whole of a name of one label. false: not ours. */
static bool host_part(const struct dns_zone *zone, const char *name, size_t *length)
{
	size_t whole = strlen(name), domain = strlen(zone->domain);

	*length = strcspn(name, ".");
	if (*length == whole)
		return true;
	if (domain == 0 || whole < domain || strcasecmp(name + whole - domain, zone->domain) != 0)
		return false;
	if (whole == domain) {
		*length = 0;
		return true;
	}
	*length = whole - domain - 1;
	return name[*length] == '.';
}

static enum dns_verdict reverse_answer(const struct dns_zone *zone, const struct question *question,
				       const struct address *address, struct writer *writer,
				       size_t *size)
{
	const struct lease *lease = lease_of(zone, address);
	char name[NAME_MAX_SIZE + 1];

	if (lease == NULL || lease->hostname[0] == '\0')
		return answer_end(writer, CODE_NO_NAME, size);
	snprintf(name, sizeof(name), "%s%s%.180s", lease->hostname,
		 zone->domain[0] != '\0' ? "." : "", zone->domain);
	if (question->type == TYPE_PTR || question->type == TYPE_ANY)
		put_pointer(writer, name);
	return answer_end(writer, CODE_OK, size);
}

static enum dns_verdict host_answer(const struct dns_zone *zone, const struct question *question,
				    size_t length, struct writer *writer, size_t *size)
{
	const struct lease *lease = lease_by_name(zone->leases, question->name, length);

	if (lease == NULL)
		return answer_end(writer, length == 0 ? CODE_OK : CODE_NO_NAME, size);
	if (question->type == TYPE_A || question->type == TYPE_ANY)
		for (unsigned i = 0; i < lease->address_count; i++)
			put_address(writer, TYPE_A, &lease->addresses[i], sizeof(uint32_t));
	if (question->type == TYPE_AAAA || question->type == TYPE_ANY)
		for (unsigned i = 0; i < lease->ipv6_count; i++)
			put_address(writer, TYPE_AAAA, lease->ipv6[i], sizeof(lease->ipv6[i]));
	return answer_end(writer, CODE_OK, size);
}

enum dns_verdict dns_query(const struct dns_zone *zone, const uint8_t *packet, size_t size,
			   uint8_t answer[static DNS_ANSWER_MAX], size_t *answer_size)
{
	struct writer writer = { .data = answer };
	struct question question;
	struct address address;
	size_t length;

	if (size < HEADER_SIZE || size > DNS_PACKET_MAX || packet[2] & 0x80)
		return DNS_DROP; /* an answer is never answered */
	if ((packet[2] & 0x78) != 0 || question_read(packet, size, &question) < 0) {
		uint8_t header[HEADER_SIZE];

		memcpy(header, packet, sizeof(header));
		memset(header + 4, 0, 8);
		return answer_code(&writer, header, HEADER_SIZE,
				   packet[2] & 0x78 ? CODE_NOT_IMPLEMENTED : CODE_FORMAT,
				   answer_size);
	}
	answer_begin(&writer, packet, question.end);
	if (question.class == CLASS_IN &&
	    (reverse4_parse(question.name, &address) || reverse6_parse(question.name, &address)) &&
	    in_network(zone, &address))
		return reverse_answer(zone, &question, &address, &writer, answer_size);
	if (question.class == CLASS_IN && question.name[0] != '\0' &&
	    host_part(zone, question.name, &length))
		return host_answer(zone, &question, length, &writer, answer_size);
	return question.recursion ? DNS_FORWARD : answer_end(&writer, CODE_REFUSED, answer_size);
}
