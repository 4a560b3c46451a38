/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pieces of an image from a stranger, and numbers in them. What lies out of range reads as zero
 * and sets 'overrun', so that a parser looks once at the end of what it read.
 */
#ifndef CUMULET_HYPERVISOR_IMAGE_VIEW_H
#define CUMULET_HYPERVISOR_IMAGE_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "hypervisor/image_inspect.h"

#define IMAGE_PIECE_MAX 65536

struct image_view {
	const uint8_t *data;
	size_t size;
	bool overrun;
};

/* Reads a piece into 'buffer' (of IMAGE_PIECE_MAX bytes) as far as the file goes. */
static inline struct image_view view_read(const struct image_source *source, uint64_t offset,
					  void *buffer, size_t size)
{
	struct image_view view = { buffer, 0, false };

	if (size <= IMAGE_PIECE_MAX && offset < source->size)
		view.size = source->read(source, offset, buffer, size);
	return view;
}

static inline const uint8_t *view_at(struct image_view *view, uint64_t offset, size_t size)
{
	static const uint8_t zeros[16];

	if (offset > view->size || size > view->size - offset) {
		view->overrun = true;
		return zeros;
	}
	return view->data + offset;
}

/* At most 16 bytes. */
static inline bool view_is(struct image_view *view, uint64_t offset, const void *bytes, size_t size)
{
	return memcmp(view_at(view, offset, size), bytes, size) == 0;
}

static inline uint32_t big16(struct image_view *view, uint64_t offset)
{
	const uint8_t *p = view_at(view, offset, 2);

	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t big32(struct image_view *view, uint64_t offset)
{
	const uint8_t *p = view_at(view, offset, 4);

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t big64(struct image_view *view, uint64_t offset)
{
	return (uint64_t)big32(view, offset) << 32 | big32(view, offset + 4);
}

static inline uint32_t little16(struct image_view *view, uint64_t offset)
{
	const uint8_t *p = view_at(view, offset, 2);

	return (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t little32(struct image_view *view, uint64_t offset)
{
	return little16(view, offset + 2) << 16 | little16(view, offset);
}

static inline uint64_t little64(struct image_view *view, uint64_t offset)
{
	return (uint64_t)little32(view, offset + 4) << 32 | little32(view, offset);
}

/* The parsers of the formats: virtual_size is not yet rounded, nor held against a bound. */
typedef int image_parser(const struct image_source *source, struct image_facts *facts,
			 struct error *error);
image_parser image_qcow2_inspect, image_vmdk_inspect, image_vhd_inspect, image_vhdx_inspect,
	image_vdi_inspect;

#endif
