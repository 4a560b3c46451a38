/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What guests cost the box beyond what they ask for: learned, and reserved. */
#include <string.h>

#include "firmware/cloud/placement/internal.h"

#define KINDS_MAX 256
#define MIB (1024 * 1024ULL)
/* Of a kind that has not run yet. Emulation keeps up to 64 MiB of translated code. */
#define UNSEEN_EMULATED 96
#define UNSEEN 48
/* The kernel's part: stacks of threads, buffers, and page tables (8 bytes for each page of 4 KiB, once
 * for the process and once for the guest). */
#define KERNEL_MIB 1
#define TABLES_SHARE 256

struct learned_list {
	struct arena *arena;
	struct placement_overhead items[KINDS_MAX];
	size_t count;
};

static int learned_one(const struct store_record *record, void *context)
{
	struct learned_list *list = context;
	yyjson_val *value = json_parse(list->arena, record->value, record->size);
	struct placement_overhead *item = &list->items[list->count];

	*item = (struct placement_overhead){ json_string(value, "kind"),
					     json_integer(value, "highest_mib", 0) };
	list->count += item->kind != NULL;
	return 0;
}

int overheads_read(struct store_view *view, struct arena *arena,
		   struct placement_provider *provider, struct error *error)
{
	struct learned_list list = { .arena = arena };
	int64_t result = store_range(view, arena, OVERHEAD_PREFIX, NULL, KINDS_MAX, learned_one,
				     &list, error);

	provider->overheads = arena_memdup(arena, list.items, list.count * sizeof(*list.items));
	provider->overhead_count = provider->overheads ? list.count : 0;
	return result < 0 ? (int)result : 0;
}

/* A quarter more than was ever seen: guests that are there already go on growing. */
static int64_t process_mib(const struct placement_provider *provider, const char *kind)
{
	for (size_t i = 0; i < provider->overhead_count; i++)
		if (!strcmp(provider->overheads[i].kind, kind))
			return (provider->overheads[i].highest * 5 + 3) / 4;
	return strncmp(kind, "kvm", 3) ? UNSEEN_EMULATED : UNSEEN;
}

int64_t overhead_of(const struct placement_provider *provider, const char *kind, int64_t memory)
{
	if (!kind || memory <= 0)
		return 0;
	return process_mib(provider, kind) + KERNEL_MIB + memory / TABLES_SHARE;
}

void overhead_add(struct placement_provider *provider, int64_t mib)
{
	struct placement_inventory *inventory = &provider->inventory[RESOURCE_MEMORY_MB];

	provider->overhead += mib;
	inventory->reserved = HOST_RESERVED_MIB + provider->overhead;
	if (inventory->reserved > inventory->total)
		inventory->reserved = inventory->total;
}

int placement_overhead_learn(struct store_view *view, struct arena *arena, struct store_txn *txn,
			     const char *kind, uint64_t bytes)
{
	const char *key = arena_printf(arena, OVERHEAD_PREFIX "%s", kind);
	int64_t highest = (int64_t)((bytes + MIB - 1) / MIB);
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	struct store_record before = { 0 };
	int result = store_get(view, arena, key, &before, NULL);

	if (result < 0 && result != -ENOENT)
		return result;
	if (result == 0 &&
	    json_integer(json_parse(arena, before.value, before.size), "highest_mib", 0) >= highest)
		return 0;
	if (result == -ENOENT && store_count(view, OVERHEAD_PREFIX) >= KINDS_MAX)
		return 0;
	json_set_string(doc, record, "kind", kind);
	json_set_integer(doc, record, "highest_mib", highest);
	store_txn_compare(txn, key, before.revision);
	store_txn_put(txn, key, json_write(arena, record));
	return 1;
}
