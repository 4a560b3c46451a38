/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv6 packets in Ethernet frames, as far as svc answers them itself (RFC 8200, RFC 2464). */
#ifndef CUMULET_SVC_FRAME6_H
#define CUMULET_SVC_FRAME6_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME6_HEADERS 54 /* Ethernet and IPv6 */
#define FRAME6_TCP 6
#define FRAME6_UDP 17
#define FRAME6_ICMP 58

struct frame6 {
	const uint8_t *mac;       /* of the sender */
	const uint8_t *from, *to; /* 16 bytes each */
	uint8_t next;             /* of the payload: no extension headers are looked behind */
	uint8_t hops;
	const uint8_t *payload;
	size_t size;
};

/* Points into the frame. false: no IPv6 packet, or cut. */
bool frame6_parse(const uint8_t *data, size_t size, struct frame6 *frame);
/* Of UDP, TCP and ICMPv6, with the pseudo header; 0 over a payload whose checksum is right. */
uint16_t frame6_checksum(const struct frame6 *frame);
/* Writes the headers in front of a payload that stands at data + FRAME6_HEADERS, and its checksum
 * at that offset of the payload. Returns the frame's size. */
size_t frame6_build(uint8_t *data, const uint8_t to_mac[static 6], const struct frame6 *frame,
		    size_t checksum_at);
/* The MAC that a multicast address is sent to. */
void frame6_multicast(const uint8_t to[static 16], uint8_t mac[static 6]);

#endif
