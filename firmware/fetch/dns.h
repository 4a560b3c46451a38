/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions to a resolver and its answers (RFC 1035, RFC 3596), as packets. */
#ifndef CUMULET_FETCH_DNS_H
#define CUMULET_FETCH_DNS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "firmware/fetch/address.h"

#define DNS_PACKET_MAX 1232
#define DNS_ADDRESSES_MAX 8

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

struct dns_addresses {
	union fetch_address list[DNS_ADDRESSES_MAX]; /* without a port */
	size_t count;
};

/* Bytes of the question; -EINVAL: the name can't be asked for. */
ssize_t dns_question(uint8_t packet[static DNS_PACKET_MAX], uint16_t id, const char *name,
		     enum dns_type type);
/*
 * Adds the addresses of this type that the answer gives, whatever names its aliases lead through.
 * 'question' is the packet that was sent: -EBADMSG when this is no answer to it, or malformed;
 * -ENOENT: there is no such name; -EAGAIN: the resolver can't tell. 0 with none added: the name has
 * no such address.
 */
int dns_answer(const uint8_t *packet, size_t size, const uint8_t *question, size_t question_size,
	       struct dns_addresses *addresses);

#endif
