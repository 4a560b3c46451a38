/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/frame6.h"

#include <string.h>

static unsigned read16(const uint8_t *at)
{
	return (unsigned)(at[0] << 8 | at[1]);
}

static void put16(uint8_t *at, size_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

bool frame6_parse(const uint8_t *data, size_t size, struct frame6 *frame)
{
	if (size < FRAME6_HEADERS || read16(data + 12) != 0x86dd || data[14] >> 4 != 6)
		return false;
	frame->mac = data + 6;
	frame->next = data[20];
	frame->hops = data[21];
	frame->from = data + 22;
	frame->to = data + 38;
	frame->payload = data + FRAME6_HEADERS;
	frame->size = read16(data + 18);
	return frame->size <= size - FRAME6_HEADERS;
}

static uint32_t sum_add(uint32_t sum, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 1 < size; i += 2)
		sum += read16(data + i);
	return size % 2 != 0 ? sum + ((uint32_t)data[size - 1] << 8) : sum;
}

uint16_t frame6_checksum(const struct frame6 *frame)
{
	uint32_t sum = (uint32_t)frame->size + frame->next;

	sum = sum_add(sum, frame->from, 16);
	sum = sum_add(sum, frame->to, 16);
	sum = sum_add(sum, frame->payload, frame->size);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

size_t frame6_build(uint8_t *data, const uint8_t to_mac[static 6], const struct frame6 *frame,
		    size_t checksum_at)
{
	struct frame6 whole = *frame;
	uint16_t sum;

	memcpy(data, to_mac, 6);
	memcpy(data + 6, frame->mac, 6);
	put16(data + 12, 0x86dd);
	memset(data + 14, 0, 4);
	data[14] = 0x60;
	put16(data + 18, frame->size);
	data[20] = frame->next;
	data[21] = frame->hops;
	memcpy(data + 22, frame->from, 16);
	memcpy(data + 38, frame->to, 16);
	whole.payload = data + FRAME6_HEADERS;
	put16(data + FRAME6_HEADERS + checksum_at, 0);
	sum = frame6_checksum(&whole);
	put16(data + FRAME6_HEADERS + checksum_at, sum != 0 ? sum : 0xffff);
	return FRAME6_HEADERS + frame->size;
}

void frame6_multicast(const uint8_t to[static 16], uint8_t mac[static 6])
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, to + 12, 4);
}
