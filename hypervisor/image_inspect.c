/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/image_inspect.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_view.h"

#define SECTOR 512
#define VIRTUAL_SIZE_MAX (UINT64_C(1) << 46) /* 64 TiB, more than any board has */

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

/* ---- raw ---- */

/* What claims to be raw must not look like anything else: a guest could write a qcow2 header
 * into its disk, snapshot it, and have a file of the box read back as the backing file. */
static int raw_inspect(const struct image_source *source, struct image_facts *facts,
		       struct error *error)
{
	if (source->size == 0)
		return error_set(error, -EINVAL, "Image is empty");
	facts->virtual_size = source->size;
	return 0;
}

/* The first volume descriptor of ISO 9660 (ECMA-119, 8.1) stands in sector 16. */
static int iso_inspect(const struct image_source *source, struct image_facts *facts,
		       struct error *error)
{
	char mark[5];

	if (source->read(source, 16 * 2048 + 1, mark, sizeof(mark)) != sizeof(mark) ||
	    memcmp(mark, "CD001", sizeof(mark)) != 0)
		return error_set(error, -EINVAL, "Image content does not match disk_format");
	return raw_inspect(source, facts, error);
}

/* ---- the table ---- */

static const struct kind {
	const char *claimed, *format;
	image_parser *inspect; /* NULL: not converted here */
} kinds[] = {
	{ "raw", "raw", raw_inspect },          { "iso", "raw", iso_inspect },
	{ "ami", "raw", raw_inspect },          { "aki", "raw", raw_inspect },
	{ "ari", "raw", raw_inspect },          { "qcow2", "qcow2", image_qcow2_inspect },
	{ "vhd", "vpc", image_vhd_inspect },    { "vmdk", "vmdk", image_vmdk_inspect },
	{ "vhdx", "vhdx", image_vhdx_inspect }, { "vdi", "vdi", image_vdi_inspect },
	{ "ploop", "parallels", NULL },
};

static const struct kind *kind_of_claim(const char *claimed)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (strcmp(kinds[i].claimed, claimed) == 0)
			return &kinds[i];
	return NULL;
}

const char *image_format_known(const char *name)
{
	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (strcmp(kinds[i].format, name) == 0)
			return kinds[i].format;
	return NULL;
}

bool image_size_is_sound(uint64_t virtual_size)
{
	return virtual_size > 0 && virtual_size <= VIRTUAL_SIZE_MAX && virtual_size % SECTOR == 0;
}

/* A fixed VHD begins with the guest's own bytes, and says what it is at its end alone. */
static bool may_be(const struct kind *kind, const char *found)
{
	return strcmp(kind->format, found) == 0 ||
	       (strcmp(kind->format, "vpc") == 0 && strcmp(found, "raw") == 0);
}

int image_inspect(const struct image_source *source, const char *claimed, struct image_facts *facts,
		  struct error *error)
{
	const struct kind *kind = kind_of_claim(claimed);
	char header[512];
	size_t size = source->read(source, 0, header, sizeof(header));
	int result;

	*facts = (struct image_facts){ .format = image_format_detect(header, size) };
	if (kind == NULL)
		return error_set(error, -EINVAL, "Image not in a supported format");
	if (!may_be(kind, facts->format))
		return error_set(error, -EINVAL, "Image content does not match disk_format");
	if (kind->inspect == NULL)
		return error_set(error, -EINVAL,
				 "Format %s is not converted on this host; convert the image to "
				 "qcow2 or raw first",
				 claimed);
	facts->format = kind->format;
	result = kind->inspect(source, facts, error);
	if (result < 0)
		return result;
	facts->virtual_size = (facts->virtual_size + SECTOR - 1) / SECTOR * SECTOR;
	if (!image_size_is_sound(facts->virtual_size))
		return error_set(error, -EINVAL, "Image has an unreasonable virtual size");
	return 0;
}

/* ---- where the bytes are ---- */

static size_t file_read(const struct image_source *source, uint64_t offset, void *buffer,
			size_t size)
{
	size_t done = 0;

	while (done < size && offset <= INT64_MAX - size) {
		ssize_t got = pread(source->fd, (char *)buffer + done, size - done,
				    (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			break;
		done += (size_t)got;
	}
	return done;
}

static size_t memory_read(const struct image_source *source, uint64_t offset, void *buffer,
			  size_t size)
{
	if (offset >= source->data_size)
		return 0;
	if (size > source->data_size - offset)
		size = source->data_size - offset;
	memcpy(buffer, (const char *)source->data + offset, size);
	return size;
}

struct image_source image_source_file(int fd, uint64_t size)
{
	return (struct image_source){ .size = size, .read = file_read, .fd = fd };
}

struct image_source image_source_memory(const void *data, size_t data_size, uint64_t size)
{
	return (struct image_source){
		.size = size, .read = memory_read, .fd = -1, .data = data, .data_size = data_size
	};
}
