/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/svc/dhcp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t answer[DHCP_MESSAGE_MAX];
	struct dhcp_binding binding = { .address = 1,
					.server = 2,
					.router = 3,
					.dns_count = NET_DNS_MAX,
					.route_count = NET_ROUTES_MAX + 2,
					.domain = "cloud.test",
					.hostname = "one",
					.mtu = 1450 };
	struct dhcp_message message;
	enum dhcp_type type;

	for (unsigned i = 0; i < binding.route_count; i++)
		binding.routes[i].prefix = (uint8_t)i;
	if (dhcp_parse(data, size, &message) < 0)
		return 0;
	type = dhcp_decide(&message, &binding);
	if (type != DHCP_NONE && dhcp_build(type, &message, &binding, answer) > DHCP_MESSAGE_MAX)
		__builtin_trap();
	return 0;
}
