/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/image_inspect.h"

#include <stdbool.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

#define SECTOR 512
#define VIRTUAL_SIZE_MAX (UINT64_C(1) << 46) /* 64 TiB, more than any board has */

/* ---- bounds-checked access: out of range reads as zero and sets 'overrun' ---- */

struct view {
	const uint8_t *data;
	size_t size;
	bool overrun;
};

static const uint8_t *view_at(struct view *view, uint64_t offset, size_t size)
{
	static const uint8_t zeros[8];

	if (offset > view->size || size > view->size - offset) {
		view->overrun = true;
		return zeros;
	}
	return view->data + offset;
}

static uint32_t big32(struct view *view, uint64_t offset)
{
	const uint8_t *p = view_at(view, offset, 4);

	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static uint64_t big64(struct view *view, uint64_t offset)
{
	return (uint64_t)big32(view, offset) << 32 | big32(view, offset + 4);
}

/* ---- which format ---- */

static const struct magic {
	const char *format;
	size_t offset, size;
	const char *bytes;
} magics[] = {
	{ "qcow2", 0, 4, "QFI\xfb" },
	{ "qed", 0, 4, "QED\0" },
	{ "vmdk", 0, 4, "KDMV" },
	{ "vmdk", 0, 4, "COWD" },
	{ "vmdk", 0, 21, "# Disk DescriptorFile" },
	{ "vhdx", 0, 8, "vhdxfile" },
	{ "vpc", 0, 8, "conectix" },
	{ "vdi", 64, 4, "\x7f\x10\xda\xbe" },
	{ "luks", 0, 6, "LUKS\xba\xbe" },
	{ "parallels", 0, 16, "WithoutFreeSpace" },
	{ "parallels", 0, 16, "WithouFreSpacExt" },
	{ "bochs", 0, 18, "Bochs Virtual HD I" },
	{ "cloop", 0, 16, "#!/bin/sh\n#V2.0 " },
};

const char *image_format_detect(const void *header, size_t size)
{
	for (size_t i = 0; i < ARRAY_LENGTH(magics); i++) {
		const struct magic *magic = &magics[i];

		if (size >= magic->offset + magic->size &&
		    memcmp((const char *)header + magic->offset, magic->bytes, magic->size) == 0)
			return magic->format;
	}
	return "raw";
}

/* ---- qcow2 ---- */

/* Incompatible features (docs/interop/qcow2.txt). 'Corrupt' (bit 1) is not accepted; 'dirty' only
 * means that reference counts are stale, which reading does not use. */
#define QCOW2_DIRTY (UINT64_C(1) << 0)
#define QCOW2_DATA_FILE (UINT64_C(1) << 2)
#define QCOW2_COMPRESSION (UINT64_C(1) << 3)
#define QCOW2_EXTENDED_L2 (UINT64_C(1) << 4)
#define QCOW2_ACCEPTED (QCOW2_DIRTY | QCOW2_COMPRESSION | QCOW2_EXTENDED_L2)

#define QCOW2_EXTENSION_BACKING UINT32_C(0xe2792aca)
#define QCOW2_EXTENSION_DATA_FILE UINT32_C(0x44415441)

static int qcow2_features(struct view *view, struct error *error)
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
static int qcow2_extensions(struct view *view, uint64_t offset, uint64_t end, struct error *error)
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

static int qcow2_inspect(struct view *view, uint64_t file_size, struct image_facts *facts,
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

/* ---- raw ---- */

/* What claims to be raw must not look like anything else: a guest could write a qcow2 header
 * into its disk, snapshot it, and have a file of the box read back as the backing file. */
static int raw_inspect(uint64_t file_size, struct image_facts *facts, struct error *error)
{
	if (file_size == 0)
		return error_set(error, -EINVAL, "Image is empty");
	facts->virtual_size = file_size;
	return 0;
}

/* ---- the table ---- */

static const struct alias {
	const char *claimed, *format;
} aliases[] = {
	{ "raw", "raw" },   { "iso", "raw" }, { "ami", "raw" },         { "aki", "raw" },
	{ "ari", "raw" },   { "vhd", "vpc" }, { "qcow2", "qcow2" },     { "vmdk", "vmdk" },
	{ "vhdx", "vhdx" }, { "vdi", "vdi" }, { "ploop", "parallels" },
};

static const char *format_of_claim(const char *claimed)
{
	for (size_t i = 0; i < ARRAY_LENGTH(aliases); i++)
		if (strcmp(aliases[i].claimed, claimed) == 0)
			return aliases[i].format;
	return NULL;
}

int image_inspect(const void *header, size_t size, uint64_t file_size, const char *claimed,
		  struct image_facts *facts, struct error *error)
{
	struct view view = { header, size, false };
	const char *format = format_of_claim(claimed), *found = image_format_detect(header, size);
	int result;

	*facts = (struct image_facts){ .format = found };
	if (format == NULL)
		return error_set(error, -EINVAL, "Image not in a supported format");
	if (strcmp(format, found) != 0)
		return error_set(error, -EINVAL, "Image content does not match disk_format");
	if (strcmp(format, "qcow2") == 0)
		result = qcow2_inspect(&view, file_size, facts, error);
	else if (strcmp(format, "raw") == 0)
		result = raw_inspect(file_size, facts, error);
	else
		return error_set(error, -EINVAL,
				 "Format %s is not converted on this host; convert the image to "
				 "qcow2 or raw first",
				 claimed);
	if (result < 0)
		return result;
	facts->virtual_size = (facts->virtual_size + SECTOR - 1) / SECTOR * SECTOR;
	if (facts->virtual_size == 0 || facts->virtual_size > VIRTUAL_SIZE_MAX)
		return error_set(error, -EINVAL, "Image has an unreasonable virtual size");
	return 0;
}
