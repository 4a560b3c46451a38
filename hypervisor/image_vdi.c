/* SPDX-License-Identifier: GPL-2.0-or-later */
/* VirtualBox's VDI 1.1: a header, a map of blocks, blocks. */
#include "hypervisor/image_view.h"

#define HEADER_SIZE 512
#define VERSION 0x00010001
#define BLOCK_SIZE (1024 * 1024)

enum { OFFSET_VERSION = 68, OFFSET_TYPE = 76, OFFSET_MAP = 340, OFFSET_SECTOR = 360 };
enum { OFFSET_DISK = 368, OFFSET_BLOCK = 376, OFFSET_BLOCKS = 384, OFFSET_LINK = 424 };
enum { OFFSET_PARENT = 440 };
enum { TYPE_DYNAMIC = 1, TYPE_FIXED };

int image_vdi_inspect(const struct image_source *source, struct image_facts *facts,
		      struct error *error)
{
	static const uint8_t no_id[16];
	uint8_t header[HEADER_SIZE];
	struct image_view view = view_read(source, 0, header, sizeof(header));
	uint32_t type = little32(&view, OFFSET_TYPE), blocks = little32(&view, OFFSET_BLOCKS);
	uint64_t map = little32(&view, OFFSET_MAP);

	facts->virtual_size = little64(&view, OFFSET_DISK);
	if (!view_is(&view, OFFSET_LINK, no_id, 16) || !view_is(&view, OFFSET_PARENT, no_id, 16))
		return error_set(error, -EINVAL, "Image has a parent file");
	if (view.overrun || little32(&view, OFFSET_VERSION) != VERSION ||
	    little32(&view, OFFSET_SECTOR) != 512 || little32(&view, OFFSET_BLOCK) != BLOCK_SIZE ||
	    facts->virtual_size > (uint64_t)blocks * BLOCK_SIZE)
		return error_set(error, -EINVAL, "Image has a damaged vdi header");
	if (type != TYPE_DYNAMIC && type != TYPE_FIXED)
		return error_set(error, -EINVAL, "Image is a vdi that needs another file");
	if (map > source->size || (uint64_t)blocks * 4 > source->size - map)
		return error_set(error, -EINVAL, "Image is truncated");
	return 0;
}
