/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VMDK as one file: a sparse extent whose embedded descriptor names nothing but itself
 * (monolithicSparse, streamOptimized). VMware's Virtual Disk Format 5.0. A descriptor without an
 * extent around it, and ESX's older COWD, are refused: their data is elsewhere.
 */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_view.h"

#define SECTOR 512
#define DESCRIPTOR_MAX (IMAGE_PIECE_MAX - 1)

struct descriptor {
	unsigned extents, creations, parents;
	uint64_t sectors; /* of the extent */
};

static int damaged(struct error *error)
{
	return error_set(error, -EINVAL, "Image has a damaged vmdk header");
}

static int kind_check(const char *value, struct error *error)
{
	static const char *const kinds[] = { "\"monolithicSparse\"", "\"streamOptimized\"" };

	for (size_t i = 0; i < ARRAY_LENGTH(kinds); i++)
		if (strcmp(value, kinds[i]) == 0)
			return 0;
	return error_set(error, -EINVAL, "Image is a vmdk of type %.40s, which is not one file",
			 value);
}

/* 'RW 2048 SPARSE "disk.vmdk"': where the name leads does not matter, as this file is it. */
static int extent_check(const char *line, struct descriptor *found, struct error *error)
{
	unsigned long long sectors = 0;
	char kind[16] = "";

	if (sscanf(line, "%*15s %llu %15s", &sectors, kind) != 2 || strcmp(kind, "SPARSE") != 0)
		return error_set(error, -EINVAL, "Image has a vmdk extent in another file");
	found->extents++;
	found->sectors = sectors;
	return 0;
}

static bool is_extent(const char *line)
{
	return strncmp(line, "RW ", 3) == 0 || strncmp(line, "RDONLY ", 7) == 0 ||
	       strncmp(line, "NOACCESS ", 9) == 0;
}

static char *trim(char *line)
{
	size_t length;

	line += strspn(line, " \t");
	length = strlen(line);
	while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
		line[--length] = '\0';
	return line;
}

static int line_check(char *line, struct descriptor *found, struct error *error)
{
	char *value = strchr(line, '=');

	if (is_extent(line))
		return extent_check(line, found, error);
	if (value == NULL)
		return 0;
	*value++ = '\0';
	line = trim(line);
	value = trim(value);
	if (strcasecmp(line, "parentFileNameHint") == 0)
		return error_set(error, -EINVAL, "Image has a parent file");
	if (strcasecmp(line, "parentCID") == 0 && strcasecmp(value, "ffffffff") != 0)
		return error_set(error, -EINVAL, "Image has a parent file");
	if (strcasecmp(line, "createType") != 0)
		return 0;
	found->creations++;
	return kind_check(value, error);
}

static int descriptor_check(char *text, uint64_t capacity, struct error *error)
{
	struct descriptor found = { 0 };
	char *rest = NULL;
	int result = 0;

	for (char *line = strtok_r(text, "\n", &rest); line != NULL && result == 0;
	     line = strtok_r(NULL, "\n", &rest))
		result = line_check(trim(line), &found, error);
	if (result < 0)
		return result;
	if (found.creations != 1 || found.extents != 1)
		return error_set(error, -EINVAL, "Image has a vmdk descriptor of %u extents",
				 found.extents);
	return found.sectors == capacity ? 0 : damaged(error);
}

static int descriptor_read(const struct image_source *source, uint64_t offset, uint64_t sectors,
			   uint64_t capacity, struct error *error)
{
	CLEANUP_FREE char *text = calloc(1, IMAGE_PIECE_MAX);
	uint64_t size = sectors * SECTOR;

	if (text == NULL)
		return error_set(error, -ENOMEM, "Out of memory");
	if (sectors == 0 || sectors > DESCRIPTOR_MAX / SECTOR || offset == 0 ||
	    offset > source->size / SECTOR)
		return damaged(error);
	if (view_read(source, offset * SECTOR, text, size).size != size)
		return error_set(error, -EINVAL, "Image is truncated");
	return descriptor_check(text, capacity, error);
}

int image_vmdk_inspect(const struct image_source *source, struct image_facts *facts,
		       struct error *error)
{
	uint8_t header[SECTOR];
	struct image_view view = view_read(source, 0, header, sizeof(header));
	uint32_t version = little32(&view, 4);
	uint64_t capacity = little64(&view, 12), grain = little64(&view, 20);
	uint64_t descriptor = little64(&view, 28), size = little64(&view, 36);

	if (!view_is(&view, 0, "KDMV", 4))
		return error_set(error, -EINVAL, "Image is a vmdk without its data");
	/* Without a capacity the descriptor would be followed to other files. */
	if (view.overrun || version < 1 || version > 3 || capacity == 0 ||
	    capacity > UINT64_MAX / SECTOR || grain < 1 || grain > 128 * 1024)
		return damaged(error);
	facts->virtual_size = capacity * SECTOR;
	return descriptor_read(source, descriptor, size, capacity, error);
}
