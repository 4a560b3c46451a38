/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a disk image from a stranger is, told from its first bytes alone, without trusting one of
 * them. Nothing is opened that the header names: an image that refers to another file (backing
 * file, external data file, extents) is refused, because whoever opens it would read a file of
 * the box in the guest's name. References: QEMU docs/interop/qcow2.txt, the VMDK, VDI and VHD
 * specifications of their makers, MS-VHDX.
 */
#ifndef CUMULET_HYPERVISOR_IMAGE_INSPECT_H
#define CUMULET_HYPERVISOR_IMAGE_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "firmware/lib/error.h"

/* Bytes of the image's start that the inspector wants; fewer are fine where the file is shorter. */
#define IMAGE_HEADER_SIZE 65536

struct image_facts {
	const char *format;    /* "raw", "qcow2", "vmdk", "vdi", "vpc", "vhdx", ... (static) */
	uint64_t virtual_size; /* bytes, a multiple of 512 */
};

/*
 * 'claimed' is the format that the image's record states; file_size that of the whole file.
 * -EINVAL with a reason that completes Nova's "Image <id> is unacceptable: " when the image is
 * not what it claims, refers to other files, or is of a kind that is not converted here.
 */
int image_inspect(const void *header, size_t size, uint64_t file_size, const char *claimed,
		  struct image_facts *facts, struct error *error);
/* The format that the first bytes show; "raw" when they show none. */
const char *image_format_detect(const void *header, size_t size);

#endif
