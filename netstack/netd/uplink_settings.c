/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three texts that say how the uplink is set: message, provisioning file, DHCP client. */
#include <stdio.h>
#include <string.h>

#include "netstack/netd/uplink.h"

static int host_copy(char *into, const char *text)
{
	struct address address;

	if (address_parse(text, &address) < 0 || !address_is_host(&address))
		return -EINVAL;
	snprintf(into, ADDRESS_SIZE, "%s", text);
	return 0;
}

static int dns_add(struct uplink_settings *settings, const char *text)
{
	if (settings->dns_count == NET_DNS_MAX)
		return 0;
	return host_copy(settings->dns[settings->dns_count], text) < 0 ? -EINVAL
								       : (settings->dns_count++, 0);
}

/* address/prefix,gateway,dns[,dns]... */
static int static_parse(char *text, struct uplink_settings *settings)
{
	char *rest = text, *part = strsep(&rest, ",");
	int result = address_parse(part, &settings->address);

	part = strsep(&rest, ",");
	if (result == 0 && part != NULL && *part != '\0')
		result = host_copy(settings->gateway, part);
	while (result == 0 && (part = strsep(&rest, ",")) != NULL)
		result = dns_add(settings, part);
	return result;
}

int uplink_settings_parse(const char *text, struct uplink_settings *settings)
{
	char copy[512];
	size_t length = strcspn(text, "\r\n");

	memset(settings, 0, sizeof(*settings));
	if (length >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (strcmp(copy, "dhcp") == 0) {
		settings->dhcp = true;
		return 0;
	}
	return static_parse(copy, settings);
}

static int ipv6_from(const struct net_uplink *message, struct uplink_settings *settings)
{
	const char *mode = message->ipv6_mode;

	if (*mode == '\0' || strcmp(mode, "slaac") == 0)
		return 0;
	settings->ipv6 = strcmp(mode, "off") == 0 ? UPLINK_IPV6_OFF : UPLINK_IPV6_STATIC;
	if (settings->ipv6 == UPLINK_IPV6_OFF)
		return 0;
	if (strcmp(mode, "static") != 0 ||
	    address_parse(message->ipv6_address, &settings->address6) < 0 ||
	    settings->address6.family != AF_INET6)
		return -EINVAL;
	return message->ipv6_gateway[0] != '\0'
		       ? host_copy(settings->gateway6, message->ipv6_gateway)
		       : 0;
}

int uplink_settings_from(const struct net_uplink *message, struct uplink_settings *settings)
{
	const struct net_address *dns = message->dns.items;
	int result = 0;

	memset(settings, 0, sizeof(*settings));
	snprintf(settings->link, sizeof(settings->link), "%s", message->link);
	for (size_t i = 0; result == 0 && i < message->dns.count; i++)
		result = dns_add(settings, dns[i].address);
	if (result == 0)
		result = ipv6_from(message, settings);
	if (strcmp(message->mode, "dhcp") == 0) {
		settings->dhcp = true;
		return result;
	}
	if (strcmp(message->mode, "static") != 0)
		return -EINVAL;
	if (result == 0)
		result = address_parse(message->address, &settings->address);
	if (result == 0 && message->gateway[0] != '\0')
		result = host_copy(settings->gateway, message->gateway);
	return result;
}

int uplink_lease_parse(const char *line, struct uplink_settings *lease)
{
	char event[16], link[16], address[CIDR_SIZE], routers[128], dns[256], *rest, *part;
	int result;

	memset(lease, 0, sizeof(*lease));
	if (sscanf(line, "%15s %15s %49s %127s %255s", event, link, address, routers, dns) != 5)
		return -EINVAL;
	snprintf(lease->link, sizeof(lease->link), "%s", link);
	lease->dhcp = true;
	result = address_parse(address, &lease->address);
	rest = routers;
	part = strsep(&rest, ",");
	if (result == 0 && strcmp(part, "-") != 0)
		result = host_copy(lease->gateway, part);
	for (rest = dns; result == 0 && (part = strsep(&rest, ",")) != NULL;)
		if (strcmp(part, "-") != 0)
			dns_add(lease, part);
	return result;
}
