/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address groups: a set of intervals for each and each family, found in by a search whose cost grows
 * with the logarithm of their number. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/address.h"
#include "netstack/netd/firewall.h"

/* By address, and of those that begin at the same one the largest first. */
static int compare(const void *one, const void *other)
{
	const struct address *a = one, *b = other;
	int order = memcmp(a->bytes, b->bytes, sizeof(a->bytes));

	return order != 0 ? order : (int)a->prefix - (int)b->prefix;
}

static size_t family_collect(const struct net_addresses *group, int family, struct address *list)
{
	const struct net_address *items = group->addresses.items;
	size_t count = 0;

	for (size_t i = 0; i < group->addresses.count; i++) {
		struct address address;

		if (address_parse(items[i].address, &address) == 0 && address.family == family)
			list[count++] = address_network(&address);
	}
	return count;
}

/* Intervals of a set are disjoint: what lies in another is left out. */
static size_t nested_remove(struct address *list, size_t count)
{
	size_t kept = 0;

	qsort(list, count, sizeof(*list), compare);
	for (size_t i = 0; i < count; i++)
		if (kept == 0 || !address_contains(&list[kept - 1], &list[i]))
			list[kept++] = list[i];
	return kept;
}

static int set_put(struct buffer *text, const struct net_addresses *group, int family,
		   struct address *list)
{
	size_t count = nested_remove(list, family_collect(group, family, list));
	char name[FIREWALL_NAME_SIZE], canonical[CIDR_SIZE];
	int result;

	firewall_name(name, family == AF_INET6 ? "a6" : "a4", group->id);
	result = buffer_printf(text,
			       "\tset %s {\n\t\ttype %s\n\t\tflags interval\n\t\telements = {\n",
			       name, family == AF_INET6 ? "ipv6_addr" : "ipv4_addr");
	for (size_t i = 0; result >= 0 && i < count; i++) {
		address_format(&list[i], canonical);
		result = buffer_printf(text, "\t\t\t%s,\n", canonical);
	}
	return result < 0 ? result : buffer_printf(text, "\t\t}\n\t}\n");
}

int firewall_addresses(const struct model *model, struct buffer *text)
{
	int result = 0;

	model_each(model, OBJECT_ADDRESSES, object)
	{
		const struct net_addresses *group = &((const struct addresses *)object)->desired;
		CLEANUP_FREE struct address *list =
			calloc(group->addresses.count + 1, sizeof(*list));

		if (list == NULL)
			return -ENOMEM;
		if (result >= 0 && !object->doomed)
			result = set_put(text, group, AF_INET, list);
		if (result >= 0 && !object->doomed)
			result = set_put(text, group, AF_INET6, list);
	}
	return result;
}
