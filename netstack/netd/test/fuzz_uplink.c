/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a DHCP server outside gives, as its client hands it on; settings as a file and a message have them. */
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/test/fuzz_fill.h"
#include "netstack/netd/uplink.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void settings_check(const struct uplink_settings *settings)
{
	struct address address;

	if (settings->dns_count > NET_DNS_MAX ||
	    memchr(settings->link, '\0', sizeof(settings->link)) == NULL)
		abort();
	if (settings->gateway[0] != '\0' && address_parse(settings->gateway, &address) < 0)
		abort();
	for (size_t i = 0; i < settings->dns_count; i++)
		if (address_parse(settings->dns[i], &address) < 0 || !address_is_host(&address))
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = { data, data + size };
	struct arena arena = ARENA_INIT;
	struct net_uplink message = { 0 };
	struct uplink_settings settings;
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (uplink_lease_parse(text, &settings) == 0)
		settings_check(&settings);
	if (uplink_settings_parse(text, &settings) == 0)
		settings_check(&settings);
	fuzz_fill(&input, &arena, net_uplink_fields, &message);
	if (uplink_settings_from(&message, &settings) == 0)
		settings_check(&settings);
	arena_free(&arena);
	free(text);
	return 0;
}
