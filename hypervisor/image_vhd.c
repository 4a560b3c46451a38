/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VHD, which QEMU calls vpc: Microsoft's Virtual Hard Disk Image Format Specification 1.0. A
 * footer at the end of the file, of which a dynamic disk has a copy at its start.
 */
#include "firmware/lib/cleanup.h"
#include "hypervisor/image_view.h"

#define SECTOR 512
#define HEADER_SIZE 1024
#define GEOMETRY_MAX (UINT64_C(65535) * 16 * 255)

enum { OFFSET_HEADER = 16, OFFSET_CREATOR = 28, OFFSET_SIZE = 48, OFFSET_CYLINDERS = 56 };
enum { OFFSET_HEADS = 58, OFFSET_TYPE = 60, OFFSET_CHECKSUM = 64 };
enum { HEADER_TABLE = 16, HEADER_ENTRIES = 28, HEADER_BLOCK = 32, HEADER_PARENT = 40 };
enum { TYPE_FIXED = 2, TYPE_DYNAMIC, TYPE_DIFFERENCING };

static int damaged(struct error *error)
{
	return error_set(error, -EINVAL, "Image has a damaged vhd footer");
}

static bool checksum_holds(struct image_view *view, uint64_t at, size_t size)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < size; i++)
		if (i < at || i >= at + 4)
			sum += *view_at(view, i, 1);
	return ~sum == big32(view, at);
}

/* Some makers' sizes are those of the geometry: QEMU's own rule, so that both see one disk. */
static uint64_t disk_size(struct image_view *view)
{
	static const char *const exact[] = { "win ", "qem2", "d2v ", "tap\0", "CTXS" };
	uint64_t sectors = (uint64_t)big16(view, OFFSET_CYLINDERS) *
			   *view_at(view, OFFSET_HEADS, 1) * *view_at(view, OFFSET_HEADS + 1, 1);

	for (size_t i = 0; i < ARRAY_LENGTH(exact); i++)
		if (view_is(view, OFFSET_CREATOR, exact[i], 4))
			return big64(view, OFFSET_SIZE);
	return sectors >= GEOMETRY_MAX ? big64(view, OFFSET_SIZE) : sectors * SECTOR;
}

static int dynamic_check(const struct image_source *source, uint64_t at, uint64_t size,
			 struct error *error)
{
	static const uint8_t no_id[16];
	uint8_t header[HEADER_SIZE];
	struct image_view view = view_read(source, at, header, sizeof(header));
	uint64_t table = big64(&view, HEADER_TABLE), entries = big32(&view, HEADER_ENTRIES);
	uint64_t block = big32(&view, HEADER_BLOCK);

	if (!view_is(&view, 0, "cxsparse", 8) || view.overrun || block < SECTOR ||
	    (block & (block - 1)) != 0 || entries > UINT64_MAX / block || entries * block < size)
		return damaged(error);
	if (!view_is(&view, HEADER_PARENT, no_id, 16))
		return error_set(error, -EINVAL, "Image has a parent file");
	if (table > source->size || entries * 4 > source->size - table)
		return error_set(error, -EINVAL, "Image is truncated");
	return 0;
}

int image_vhd_inspect(const struct image_source *source, struct image_facts *facts,
		      struct error *error)
{
	uint8_t footer[SECTOR];
	struct image_view view = view_read(source, 0, footer, sizeof(footer));
	bool fixed = !view_is(&view, 0, "conectix", 8);

	if (fixed && source->size > SECTOR)
		view = view_read(source, source->size - SECTOR, footer, sizeof(footer));
	if (!view_is(&view, 0, "conectix", 8))
		return error_set(error, -EINVAL, "Image content does not match disk_format");
	if (view.size != SECTOR || !checksum_holds(&view, OFFSET_CHECKSUM, SECTOR))
		return damaged(error);
	facts->virtual_size = disk_size(&view);
	switch (big32(&view, OFFSET_TYPE)) {
	case TYPE_FIXED:
		return fixed && facts->virtual_size <= source->size - SECTOR
			       ? 0
			       : error_set(error, -EINVAL, "Image is truncated");
	case TYPE_DYNAMIC:
		return fixed ? damaged(error)
			     : dynamic_check(source, big64(&view, OFFSET_HEADER),
					     facts->virtual_size, error);
	case TYPE_DIFFERENCING:
		return error_set(error, -EINVAL, "Image has a parent file");
	}
	return damaged(error);
}
