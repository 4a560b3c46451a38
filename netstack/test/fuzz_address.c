/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and MACs as texts: what is taken can be written, and read again to the same. */
#include <stdlib.h>
#include <string.h>

#include "netstack/address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void address_check(const struct address *address)
{
	struct address again, network = address_network(address);
	char text[CIDR_SIZE];

	if (address->prefix > address_size(address) * 8 || !address_contains(&network, address))
		abort();
	address_format(address, text);
	if (address_parse(text, &again) < 0 || !address_equal(address, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct address address;
	uint8_t mac[MAC_SIZE];
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (address_parse(text, &address) == 0)
		address_check(&address);
	if (mac_parse(text, mac) == 0 && strlen(text) != 17)
		abort();
	free(text);
	return 0;
}
