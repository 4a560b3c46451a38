/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VHDX: MS-VHDX. The region table leads to the metadata, and that has size and parent. */
#include <stdlib.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_view.h"

#define REGION_TABLE (192 * 1024)
#define ENTRIES_MAX 2047
#define ENTRY_SIZE 32
#define HAS_PARENT 2

static const uint8_t metadata_region[16] = { 0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
					     0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e };
static const uint8_t file_parameters[16] = { 0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
					     0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b };
static const uint8_t virtual_disk_size[16] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
					       0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
static const uint8_t parent_locator[16] = { 0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
					    0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c };

static int damaged(struct error *error)
{
	return error_set(error, -EINVAL, "Image has a damaged vhdx header");
}

/* Where in a table of 'count' entries behind 'first' the one with this id stands; 0: nowhere. */
static uint64_t entry_find(struct image_view *view, uint64_t first, uint32_t count,
			   const uint8_t id[16])
{
	for (uint32_t i = 0; i < count && i < ENTRIES_MAX; i++)
		if (view_is(view, first + (uint64_t)i * ENTRY_SIZE, id, 16))
			return first + (uint64_t)i * ENTRY_SIZE;
	return 0;
}

static uint64_t metadata_find(const struct image_source *source, void *piece)
{
	struct image_view view = view_read(source, REGION_TABLE, piece, IMAGE_PIECE_MAX);
	uint64_t entry;

	if (!view_is(&view, 0, "regi", 4))
		return 0;
	entry = entry_find(&view, 16, little32(&view, 8), metadata_region);
	return entry != 0 ? little64(&view, entry + 16) : 0;
}

/* The item's bytes, which lie behind the table. */
static bool item_read(const struct image_source *source, uint64_t region, struct image_view *table,
		      const uint8_t id[16], void *bytes, struct image_view *item)
{
	uint64_t entry = entry_find(table, 32, little16(table, 10), id);
	uint64_t offset = entry != 0 ? little32(table, entry + 16) : 0;

	*item = view_read(source, region + offset, bytes, 8);
	return offset != 0 && item->size == 8;
}

static int metadata_inspect(const struct image_source *source, uint64_t region,
			    struct image_view *table, struct image_facts *facts,
			    struct error *error)
{
	struct image_view item;
	uint8_t bytes[8];

	if (!view_is(table, 0, "metadata", 8))
		return damaged(error);
	if (entry_find(table, 32, little16(table, 10), parent_locator) != 0)
		return error_set(error, -EINVAL, "Image has a parent file");
	if (!item_read(source, region, table, file_parameters, bytes, &item))
		return damaged(error);
	if (little32(&item, 4) & HAS_PARENT)
		return error_set(error, -EINVAL, "Image has a parent file");
	if (!item_read(source, region, table, virtual_disk_size, bytes, &item))
		return damaged(error);
	facts->virtual_size = little64(&item, 0);
	return 0;
}

int image_vhdx_inspect(const struct image_source *source, struct image_facts *facts,
		       struct error *error)
{
	CLEANUP_FREE uint8_t *piece = malloc(IMAGE_PIECE_MAX);
	struct image_view table;
	uint64_t region;

	if (piece == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	region = metadata_find(source, piece);
	if (region == 0 || region > source->size)
		return damaged(error);
	table = view_read(source, region, piece, IMAGE_PIECE_MAX);
	return metadata_inspect(source, region, &table, facts, error);
}
