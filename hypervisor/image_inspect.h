/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a disk image from a stranger is, told from a few pieces of it, without trusting a byte.
 * Nothing is opened that a header names: an image that refers to another file (backing file,
 * parent, external data file, extents) is refused, because whoever opens it would read a file of
 * the box in the guest's name. References: QEMU docs/interop/qcow2.txt, the VMDK, VDI and VHD
 * specifications of their makers, MS-VHDX.
 */
#ifndef CUMULET_HYPERVISOR_IMAGE_INSPECT_H
#define CUMULET_HYPERVISOR_IMAGE_INSPECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/lib/error.h"

/* The bytes of an image. read() gives how many it put into the buffer: fewer at the end of the
 * file, or when it can't be read. */
struct image_source {
	uint64_t size; /* of the whole file */
	size_t (*read)(const struct image_source *source, uint64_t offset, void *buffer,
		       size_t size);
	int fd;           /* of image_source_file() */
	const void *data; /* of image_source_memory() */
	size_t data_size;
};

struct image_source image_source_file(int fd, uint64_t size);
/* Of the file's 'size' bytes the first 'data_size' are in memory; the others can't be read. */
struct image_source image_source_memory(const void *data, size_t data_size, uint64_t size);

struct image_facts {
	const char *format;    /* "raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx", ... (static) */
	uint64_t virtual_size; /* bytes, a multiple of 512 */
};

/*
 * 'claimed' is the format that the image's record states. -EINVAL with a reason that completes
 * Nova's "Image <id> is unacceptable: " when the image is not what it claims, refers to other
 * files, or is of a kind that is not converted here.
 */
int image_inspect(const struct image_source *source, const char *claimed, struct image_facts *facts,
		  struct error *error);
/* A format of image_facts by its name, and whether a size may be one of theirs: for facts that come
 * from another process. NULL: there is none of that name. */
const char *image_format_known(const char *name);
bool image_size_is_sound(uint64_t virtual_size);
/* The format that the first bytes show; "raw" when they show none. */
const char *image_format_detect(const void *header, size_t size);

#endif
