/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule sets as text: the subset of nft(8)'s language that netd writes, compiled into the
 * kernel's netlink messages (linux/netfilter/nf_tables.h), so that a person can read what netd means.
 * Words are separated by blanks; a rule is a line.
 *
 *	table <family> <name> { ... }   replaces the table as a whole
 *	change table <family> <name> { ... }   what is named in it, of a table that is there (below)
 *	delete table <family> <name>
 *	set <name> { type <type> [. <type>]...; [flags interval;] elements = { <key> [. <key>]..., ... } }
 *	             (of an interval set networks that do not overlap: <address>/<prefix>)
 *	map <name> { type <type> [. <type>]... : <type>; elements = { <key> : <value>, ... } }
 *	chain <name> { [type filter|nat hook <hook> priority <n>; policy accept|drop;] <rules> }
 *
 *	types     ifname ether_addr ipv4_addr ipv6_addr mark verdict integer16
 *	match     <field> [!=] <value>, <field> <a>-<b>, <field> <address>/<prefix>, <name>*,
 *	          <field> [. <field>]... [!=] @<set>, <field> [& <mask>] vmap @<map>,
 *	          ct state <state>[,<state>]..., ct status dnat
 *	statement accept, drop, return, jump <chain>, goto <chain>, masquerade, meta mark set <n>,
 *	          meta mark set meta mark | <n>, meta mark set <field> map @<map>,
 *	          ct zone set <field> map @<map>, snat to <address>, dnat to <address>[:<port>],
 *	          snat|dnat to <field> map @<map>, ip|ip6 dscp set <n>,
 *	          limit rate over <n> bytes/second burst <n> bytes
 *
 * In a table that is changed sets, maps and chains that are defined are new; besides
 *	add|remove set|map <name> { type ...; elements = { ... } }   elements (of a map: keys) alone
 *	flush set <name>             all of its elements
 *	refill chain <name> { ... }  its rules are these now
 *	delete set|map|chain <name>
 *
 * Where this differs from nft: 'integer16' stands for 'typeof ct zone', elements may be empty, and
 * nothing is implied. nft adds that 'tcp dport' means TCP; here only what is written is matched, so
 * rules say 'meta l4proto tcp th dport 22'.
 */
#ifndef CUMULET_NETD_NFT_TEXT_H
#define CUMULET_NETD_NFT_TEXT_H

#include "netstack/netd/netlink.h"

/* Appends one whole transaction (batch) to the request. -EINVAL names the line. */
int nft_compile(const char *text, struct netlink_request *request, struct error *error);

#endif
