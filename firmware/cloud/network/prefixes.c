/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/prefixes.h"

#include <stdlib.h>
#include <string.h>

static unsigned bits_of(const struct ip_prefix *prefix)
{
	return prefix->base.version == 4 ? 32 : 128;
}

static bool holds(const struct ip_prefix *outer, const struct ip_prefix *inner)
{
	return outer->length <= inner->length && ip_in(&inner->base, outer);
}

/* The lower or the upper half. */
static struct ip_prefix half(const struct ip_prefix *prefix, bool upper)
{
	struct ip_prefix part = { .base = prefix->base, .length = prefix->length + 1 };
	unsigned bit = prefix->length + (prefix->base.version == 4 ? 96 : 0);

	if (upper)
		part.base.bytes[bit / 8] |= (uint8_t)(0x80 >> (bit % 8));
	return part;
}

static int order(const void *a, const void *b)
{
	const struct ip_prefix *one = a, *other = b;
	int result = ip_compare(&one->base, &other->base);

	return result ? result : (int)one->length - (int)other->length;
}

static void remove_at(struct prefixes *set, size_t index)
{
	memmove(&set->items[index], &set->items[index + 1],
		(set->count - index - 1) * sizeof(*set->items));
	set->count--;
}

/* Two neighbours that are the halves of one become that one. */
static bool join(struct prefixes *set, size_t index)
{
	struct ip_prefix whole = set->items[index], upper;

	if (!whole.length || set->items[index + 1].length != whole.length)
		return false;
	whole.length--;
	if (!holds(&whole, &set->items[index + 1]))
		return false;
	upper = half(&whole, true);
	if (ip_compare(&upper.base, &set->items[index + 1].base))
		return false;
	set->items[index] = whole;
	remove_at(set, index + 1);
	return true;
}

void prefixes_compact(struct prefixes *set)
{
	qsort(set->items, set->count, sizeof(*set->items), order);
	for (size_t i = 0; i + 1 < set->count;) {
		if (holds(&set->items[i], &set->items[i + 1]))
			remove_at(set, i + 1);
		else if (join(set, i))
			i -= i > 0;
		else
			i++;
	}
}

bool prefixes_hold(const struct prefixes *set, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < set->count; i++)
		if (holds(&set->items[i], prefix))
			return true;
	return false;
}

bool prefixes_overlap(const struct prefixes *set, const struct ip_prefix *prefix)
{
	for (size_t i = 0; i < set->count; i++)
		if (ip_prefix_overlap(&set->items[i], prefix))
			return true;
	return false;
}

/* Free blocks of a prefix are what is left when it is halved until nothing taken is in a part. */
static void look(const struct ip_prefix *block, const struct prefixes *taken, unsigned length,
		 struct ip_prefix *best)
{
	struct ip_prefix part;

	if (block->length > length || prefixes_hold(taken, block))
		return;
	if (!prefixes_overlap(taken, block)) {
		if (!best->base.version || block->length > best->length)
			*best = *block;
		return;
	}
	part = half(block, false);
	look(&part, taken, length, best);
	part = half(block, true);
	look(&part, taken, length, best);
}

bool prefixes_find(const struct prefixes *set, const struct prefixes *taken, unsigned length,
		   struct ip_prefix *found)
{
	struct ip_prefix best = { .base.version = 0 };

	for (size_t i = 0; i < set->count; i++)
		look(&set->items[i], taken, length, &best);
	*found = best;
	found->length = length;
	return best.base.version != 0;
}

bool prefixes_remove(struct prefixes *set, size_t room, const struct ip_prefix *gone)
{
	for (size_t i = 0; i < set->count;) {
		struct ip_prefix block = set->items[i];

		if (!ip_prefix_overlap(&block, gone)) {
			i++;
			continue;
		}
		remove_at(set, i);
		/* What is beside it in the block: a half for each bit that it is longer. */
		while (block.length < gone->length && block.length < bits_of(gone)) {
			struct ip_prefix lower = half(&block, false), upper = half(&block, true);
			bool low = holds(&lower, gone);

			if (set->count == room)
				return false;
			set->items[set->count++] = low ? upper : lower;
			block = low ? lower : upper;
		}
	}
	prefixes_compact(set);
	return true;
}
