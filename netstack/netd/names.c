/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

#define ID_DIGITS 11

static void digits(const char *id, char *text)
{
	size_t count = 0;

	for (; *id != '\0' && count < ID_DIGITS; id++)
		if (*id != '-')
			text[count++] = (char)tolower(*id);
	text[count] = '\0';
}

void name_link(char name[static IFNAMSIZ], const char *prefix, const char *id)
{
	char text[ID_DIGITS + 1];

	digits(id, text);
	snprintf(name, IFNAMSIZ, "%.3s%s", prefix, text);
}

void name_bridge(char name[static IFNAMSIZ], const struct net_network *network)
{
	if (network->vni != 0)
		snprintf(name, IFNAMSIZ, "cbr%u", network->vni);
	else
		name_link(name, "cbx", network->id);
}

void name_tunnel(char name[static IFNAMSIZ], const struct net_network *network)
{
	snprintf(name, IFNAMSIZ, "cv%u", network->vni);
}

void name_space(char *name, size_t size, const char *router_id)
{
	snprintf(name, size, "cr-%.12s", router_id);
}

static bool has_number(const char *link, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(link, prefix, length) == 0 && link[length] != '\0' &&
	       link[length + strspn(link + length, "0123456789")] == '\0';
}

bool name_is_ours(const char *link)
{
	static const char *const hex_prefixes[] = { "cbx", "cf", "cl", "ct", "cs", "ci", "cu" };

	if (has_number(link, "cbr") || has_number(link, "cv"))
		return true;
	for (size_t i = 0; i < ARRAY_LENGTH(hex_prefixes); i++) {
		size_t length = strlen(hex_prefixes[i]);

		if (strncmp(link, hex_prefixes[i], length) == 0)
			return strspn(link + length, "0123456789abcdef") == ID_DIGITS &&
			       link[length + ID_DIGITS] == '\0';
	}
	return false;
}
