/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of a router's own space. Inbound, an address of its own outside becomes the one inside
 * that it stands for; outbound, the one inside its floating address, or else the router's. What
 * comes from inside to a floating address is sent back in (hairpin), and is given an address
 * outside, so that the answer comes back this way even from the same subnet.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "netstack/address.h"
#include "netstack/netd/firewall_internal.h"
#include "netstack/netd/router.h"

#define PORT_RULES_MAX 1024 /* a rule for each port, where a range moves */

static bool both_sound(const char *address, const char *fixed)
{
	struct address outside, inside;

	return address_parse(address, &outside) == 0 && outside.family == AF_INET &&
	       address_is_host(&outside) && address_parse(fixed, &inside) == 0 &&
	       inside.family == AF_INET && address_is_host(&inside);
}

static void translations(struct firewall_writer *writer, const struct net_router *router,
			 const char *name, bool inbound)
{
	const struct net_floating *items = router->floatings.items;

	firewall_put(writer, "\tmap %s { type ipv4_addr : ipv4_addr; elements = {", name);
	for (size_t i = 0; i < router->floatings.count; i++)
		if (both_sound(items[i].address, items[i].fixed))
			firewall_put(writer, " %s : %s,",
				     inbound ? items[i].address : items[i].fixed,
				     inbound ? items[i].fixed : items[i].address);
	firewall_put(writer, " } }\n");
}

static void forward_rule(struct firewall_writer *writer, const struct net_forward *forward,
			 uint32_t first, uint32_t last, uint32_t to)
{
	firewall_put(writer, "\t\tmeta protocol ip ip daddr %s meta l4proto %u th dport %u-%u ",
		     forward->address, forward->protocol, first, last);
	firewall_put(writer, to != 0 ? "dnat to %s:%u\n" : "dnat to %s\n", forward->fixed, to);
}

/* All to one port, each to its own number, or each to its own place in another range. */
static void forward_rules(struct firewall_writer *writer, const struct net_forward *forward)
{
	uint32_t count = forward->external_last - forward->external_first + 1;

	if (!both_sound(forward->address, forward->fixed) ||
	    forward->external_last < forward->external_first || forward->external_last > 65535 ||
	    forward->internal_last > 65535)
		return;
	if (forward->internal_first == forward->internal_last)
		forward_rule(writer, forward, forward->external_first, forward->external_last,
			     forward->internal_first);
	else if (forward->internal_first == forward->external_first)
		forward_rule(writer, forward, forward->external_first, forward->external_last, 0);
	else
		for (uint32_t i = 0; i < count && i < PORT_RULES_MAX; i++)
			forward_rule(writer, forward, forward->external_first + i,
				     forward->external_first + i, forward->internal_first + i);
}

static void inbound_chain(struct firewall_writer *writer, const struct net_router *router)
{
	const struct net_forward *forwards = router->forwards.items;

	firewall_put(writer, "\tchain inbound {\n"
			     "\t\ttype nat hook prerouting priority -100; policy accept;\n"
			     "\t\tmeta protocol ip dnat to ip daddr map @inside\n");
	for (size_t i = 0; i < router->forwards.count; i++)
		forward_rules(writer, &forwards[i]);
	firewall_put(writer, "\t}\n");
}

/* The router's own address: that of its gateway, or what its way out has. */
static void own_address(struct firewall_writer *writer, const struct router *router,
			const char *match)
{
	struct address external;
	char text[CIDR_SIZE];

	if (router_has_external(writer->firewall->model, router) &&
	    address_parse(router->desired.external_address, &external) == 0 &&
	    external.family == AF_INET) {
		external.prefix = 32;
		address_format(&external, text);
		firewall_put(writer, "\t\tmeta protocol ip %s snat to %s\n", match, text);
	} else {
		firewall_put(writer, "\t\tmeta protocol ip %s masquerade\n", match);
	}
}

#define HAIRPIN "iifname in* oifname in* ct status dnat"

int firewall_router(const struct model *model, const struct router *router, struct buffer *text)
{
	const struct firewall firewall = { .model = model };
	struct firewall_writer writer = { .firewall = &firewall, .text = text };

	firewall_put(&writer, "table inet cumulet {\n");
	translations(&writer, &router->desired, "inside", true);
	translations(&writer, &router->desired, "outside", false);
	inbound_chain(&writer, &router->desired);
	firewall_put(&writer, "\tchain nat {\n"
			      "\t\ttype nat hook postrouting priority 100; policy accept;\n"
			      "\t\tmeta protocol ip oifname up snat to ip saddr map @outside\n"
			      "\t\tmeta protocol ip " HAIRPIN " snat to ip saddr map @outside\n");
	own_address(&writer, router, HAIRPIN);
	if (router->desired.snat)
		own_address(&writer, router, "oifname up");
	firewall_put(&writer, "\t}\n}\n");
	if (writer.result == 0)
		writer.result = buffer_append(text, "", 1);
	return writer.result;
}
