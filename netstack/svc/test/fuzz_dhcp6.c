/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/dhcp6.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t answer[DHCP6_MESSAGE_MAX];
	static const uint8_t addresses[8][16] = { { 1 }, { 2 }, { 3 }, { 4 } };
	struct dhcp6_binding binding = { .addresses = addresses,
					 .address_count = 8,
					 .dns_count = NET_DNS_MAX,
					 .domain = "cloud.test" };
	struct dhcp6_message message;
	enum dhcp6_type type;

	if (dhcp6_parse(data, size, &message) < 0)
		return 0;
	type = dhcp6_decide(&message, &binding);
	if (type != DHCP6_NONE && dhcp6_build(type, &message, &binding, answer) > DHCP6_MESSAGE_MAX)
		__builtin_trap();
	return 0;
}
