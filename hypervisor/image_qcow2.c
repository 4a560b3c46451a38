/* SPDX-License-Identifier: GPL-2.0-or-later */
/* qcow2: docs/interop/qcow2.txt of QEMU. */
#include <stdlib.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_view.h"

/* Incompatible features (docs/interop/qcow2.txt). 'Corrupt' (bit 1) is not accepted; 'dirty' only
 * means that reference counts are stale, which reading does not use. */
#define QCOW2_DIRTY (UINT64_C(1) << 0)
#define QCOW2_DATA_FILE (UINT64_C(1) << 2)
#define QCOW2_COMPRESSION (UINT64_C(1) << 3)
#define QCOW2_EXTENDED_L2 (UINT64_C(1) << 4)
#define QCOW2_ACCEPTED (QCOW2_DIRTY | QCOW2_COMPRESSION | QCOW2_EXTENDED_L2)

#define QCOW2_EXTENSION_BACKING UINT32_C(0xe2792aca)
#define QCOW2_EXTENSION_DATA_FILE UINT32_C(0x44415441)

static int qcow2_features(struct image_view *view, struct error *error)
{
	uint64_t features = big64(view, 72);

	if (features & QCOW2_DATA_FILE)
		return error_set(error, -EINVAL, "fmt=qcow2 has data-file");
	if (features & ~QCOW2_ACCEPTED)
		return error_set(error, -EINVAL, "Image has unknown qcow2 features 0x%llx",
				 (unsigned long long)(features & ~QCOW2_ACCEPTED));
	return 0;
}

/* The chain ends with type 0; a backing format or data file without its feature bit is a lie. */
static int qcow2_extensions(struct image_view *view, uint64_t offset, uint64_t end,
			    struct error *error)
{
	while (offset + 8 <= end && offset + 8 <= view->size) {
		uint32_t type = big32(view, offset), length = big32(view, offset + 4);

		if (type == 0)
			return 0;
		if (type == QCOW2_EXTENSION_BACKING)
			return error_set(error, -EINVAL, "fmt=qcow2 names a backing format");
		if (type == QCOW2_EXTENSION_DATA_FILE)
			return error_set(error, -EINVAL, "fmt=qcow2 has data-file");
		offset += 8 + (((uint64_t)length + 7) & ~UINT64_C(7));
	}
	return 0;
}

static int header_inspect(struct image_view *view, uint64_t file_size, struct image_facts *facts,
			  struct error *error)
{
	uint32_t version = big32(view, 4), cluster_bits = big32(view, 20);
	uint32_t header_length = version >= 3 ? big32(view, 100) : 72;
	uint32_t encryption = big32(view, 32), l1_entries = big32(view, 36);
	uint64_t backing = big64(view, 8), l1_offset = big64(view, 40);
	int result = 0;

	facts->virtual_size = big64(view, 24);
	if (view->overrun || (version != 2 && version != 3))
		return error_set(error, -EINVAL, "Image is not a valid qcow2 of version 2 or 3");
	if (backing != 0)
		return error_set(error, -EINVAL, "Image has a backing file");
	if (encryption != 0)
		return error_set(error, -EINVAL, "Image is encrypted");
	if (cluster_bits < 9 || cluster_bits > 21 || header_length < 72 ||
	    header_length > UINT32_C(1) << cluster_bits)
		return error_set(error, -EINVAL, "Image has a damaged qcow2 header");
	if (l1_entries != 0 &&
	    (l1_offset > file_size || (uint64_t)l1_entries * 8 > file_size - l1_offset))
		return error_set(error, -EINVAL, "Image is truncated");
	if (version == 3)
		result = qcow2_features(view, error);
	if (result == 0)
		result = qcow2_extensions(view, header_length, UINT64_C(1) << cluster_bits, error);
	return result;
}

int image_qcow2_inspect(const struct image_source *source, struct image_facts *facts,
			struct error *error)
{
	CLEANUP_FREE uint8_t *piece = malloc(IMAGE_PIECE_MAX);
	struct image_view view;

	if (piece == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	view = view_read(source, 0, piece, IMAGE_PIECE_MAX);
	return header_inspect(&view, source->size, facts, error);
}
