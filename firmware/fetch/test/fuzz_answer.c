/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a resolver answers with. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/fetch/dns.h"
#include "firmware/lib/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct dns_addresses addresses = { 0 };
	uint8_t question[DNS_PACKET_MAX];
	size_t question_size = (size_t)dns_question(question, 0x1234, "example.com", DNS_A);
	CLEANUP_FREE uint8_t *packet = malloc(question_size + size + 1);

	/* As it comes, and behind the question as it was asked: few get that far by chance. */
	dns_answer(bytes, size, question, question_size, &addresses);
	memcpy(packet, question, question_size);
	packet[2] |= 0x80;
	if (size > 0)
		packet[7] = bytes[0];
	if (size > 1)
		memcpy(packet + question_size, bytes + 1, size - 1);
	dns_answer(packet, question_size + (size ? size - 1 : 0), question, question_size,
		   &addresses);
	assert(addresses.count <= DNS_ADDRESSES_MAX);
	return 0;
}
