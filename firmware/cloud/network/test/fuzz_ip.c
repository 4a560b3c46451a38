/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses, prefixes and MACs: what is taken has a canonical form that reads as itself. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/network/ip.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ip_check(const struct ip *ip)
{
	char text[IP_SIZE], key[IP_KEY_SIZE];
	struct ip again;

	ip_format(ip, text);
	if (!ip_parse(text, &again) || ip_compare(ip, &again))
		abort();
	ip_key(ip, key);
	if (!ip_from_key(key, ip->version, &again) || ip_compare(ip, &again))
		abort();
}

static void prefix_check(const struct ip_prefix *prefix)
{
	char text[IP_CIDR_SIZE];
	struct ip_prefix again;
	struct ip last = ip_last(prefix);

	ip_prefix_format(prefix, text);
	if (!ip_prefix_parse(text, &again) || again.length != prefix->length ||
	    ip_compare(&again.base, &prefix->base))
		abort();
	if (!ip_in(&prefix->base, prefix) || !ip_in(&last, prefix) ||
	    !ip_prefix_overlap(prefix, &again))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), mac[18], again[18];
	struct ip_prefix prefix;
	struct ip ip;

	if (!text)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	if (ip_parse(text, &ip))
		ip_check(&ip);
	if (ip_prefix_parse(text, &prefix))
		prefix_check(&prefix);
	if (mac_canonical(text, mac) && (!mac_canonical(mac, again) || strcmp(mac, again)))
		abort();
	free(text);
	return 0;
}
