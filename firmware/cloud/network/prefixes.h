/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of prefixes of one IP version: what a subnet pool has, and what of it is free. */
#ifndef CUMULET_NETWORK_PREFIXES_H
#define CUMULET_NETWORK_PREFIXES_H

#include <stddef.h>

#include "firmware/cloud/network/ip.h"

struct prefixes {
	struct ip_prefix *items;
	size_t count;
};

/* In order, without what lies in another, halves of one joined. */
void prefixes_compact(struct prefixes *set);
/* Some member holds all of the prefix; some member has addresses in common with it. */
bool prefixes_hold(const struct prefixes *set, const struct ip_prefix *prefix);
bool prefixes_overlap(const struct prefixes *set, const struct ip_prefix *prefix);
/* The first prefix of this length in the smallest free block that has room for it. */
bool prefixes_find(const struct prefixes *set, const struct prefixes *taken, unsigned length,
		   struct ip_prefix *found);
/* All of 'set' that lies in 'gone' is taken out; false: there is no room for the pieces. */
bool prefixes_remove(struct prefixes *set, size_t room, const struct ip_prefix *gone);

#endif
