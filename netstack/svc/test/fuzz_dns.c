/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct lease lease = { .hostname = "one", .address_count = 1, .addresses = { 1 } };
	static const struct lease_table leases = { .items = &lease, .count = 1, .capacity = 1 };
	struct address subnet = { .family = AF_INET, .prefix = 8, .bytes = { 10 } };
	struct dns_zone zone = { &leases, "cloud.test", &subnet, 1 };
	uint8_t answer[DNS_ANSWER_MAX];
	size_t answer_size = 0;

	if (dns_query(&zone, data, size, answer, &answer_size) == DNS_ANSWER &&
	    answer_size > DNS_ANSWER_MAX)
		__builtin_trap();
	return 0;
}
