/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Directory records (ECMA-119 section 9.1) with their Rock Ridge fields (IEEE P1282). */
#include "firmware/cloud/compute/iso.h"

#include <string.h>

#define RECORD_FIXED 33
#define MODE_FOLDER 040555
#define MODE_FILE 0100444

void iso_little32(unsigned char *at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

void iso_big32(unsigned char *at, uint32_t value)
{
	for (size_t i = 0; i < 4; i++)
		at[3 - i] = (unsigned char)(value >> (8 * i));
}

void iso_both32(unsigned char *at, uint32_t value)
{
	iso_little32(at, value);
	iso_big32(at + 4, value);
}

void iso_both16(unsigned char *at, uint16_t value)
{
	at[0] = at[3] = (unsigned char)value;
	at[1] = at[2] = (unsigned char)(value >> 8);
}

size_t iso_name(unsigned char *at, const struct iso_node *node, enum iso_tree tree)
{
	size_t length = strlen(tree == ISO_PLAIN ? node->plain : node->name);

	if (tree == ISO_PLAIN) {
		memcpy(at, node->plain, length);
		return length;
	}
	for (size_t i = 0; i < length; i++) {
		at[2 * i] = 0;
		at[2 * i + 1] = (unsigned char)node->name[i];
	}
	return 2 * length;
}

static size_t ridge_head(unsigned char *at, const char *signature, size_t size)
{
	memcpy(at, signature, 2);
	at[2] = (unsigned char)size;
	at[3] = 1;
	return size;
}

/* The root's own record says that there are Rock Ridge fields, and of which kind. */
static size_t ridge_root(unsigned char *at)
{
	size_t used = ridge_head(at, "SP", 7);

	memcpy(at + 4, "\276\357\0", 3);
	ridge_head(at + used, "ER", 18);
	at[used + 4] = 10;
	at[used + 7] = 1;
	memcpy(at + used + 8, "RRIP_1991A", 10);
	return used + 18;
}

static size_t ridge_fields(unsigned char *at, const struct iso_node *node, enum iso_as as)
{
	size_t used = 0, length = strlen(node->name);

	if (as == ISO_SELF && !node->parent)
		used = ridge_root(at);
	ridge_head(at + used, "PX", 36);
	iso_both32(at + used + 4, node->folder ? MODE_FOLDER : MODE_FILE);
	iso_both32(at + used + 12, node->folder ? 2 : 1);
	used += 36;
	if (as != ISO_NAMED)
		return used;
	ridge_head(at + used, "NM", 5 + length);
	memcpy(at + used + 5, node->name, length);
	return used + 5 + length;
}

size_t iso_record(unsigned char *at, const struct iso_node *node, enum iso_tree tree,
		  enum iso_as as, bool ridge)
{
	unsigned char record[512] = { 0 };
	uint32_t length = node->folder ? node->length[tree] : (uint32_t)node->size;
	size_t name = 1, used;

	iso_both32(record + 2, node->extent[tree]);
	iso_both32(record + 10, length);
	memcpy(record + 18, "\144\1\1\0\0\0\0", 7); /* 2000-01-01 */
	record[25] = node->folder ? 2 : 0;
	iso_both16(record + 28, 1);
	if (as == ISO_NAMED)
		name = iso_name(record + RECORD_FIXED, node, tree);
	else
		record[RECORD_FIXED] = as == ISO_PARENT;
	record[32] = (unsigned char)name;
	used = RECORD_FIXED + name + !(name & 1);
	if (ridge)
		used += ridge_fields(record + used, node, as);
	used += used & 1;
	record[0] = (unsigned char)used;
	if (at)
		memcpy(at, record, used);
	return used;
}

/* Records do not cross the end of a sector. Returns where this one goes. */
static size_t record_place(size_t at, size_t size)
{
	size_t left = ISO_SECTOR - at % ISO_SECTOR;

	return size > left ? at + left : at;
}

/* Puts (or, without an image, only counts) the records of a folder. */
static size_t folder_records(unsigned char *at, const struct iso_node *folder, enum iso_tree tree)
{
	const struct iso_node *parent = folder->parent ? folder->parent : folder;
	bool ridge = tree == ISO_PLAIN;
	size_t used, size;

	used = iso_record(at, folder, tree, ISO_SELF, ridge);
	used += iso_record(at ? at + used : NULL, parent, tree, ISO_PARENT, ridge);
	for (const struct iso_node *child = folder->children; child; child = child->next) {
		size = iso_record(NULL, child, tree, ISO_NAMED, ridge);
		used = record_place(used, size);
		used += iso_record(at ? at + used : NULL, child, tree, ISO_NAMED, ridge);
	}
	return used;
}

uint32_t iso_folder_size(const struct iso_node *folder, enum iso_tree tree)
{
	size_t used = folder_records(NULL, folder, tree);

	return (uint32_t)((used + ISO_SECTOR - 1) / ISO_SECTOR * ISO_SECTOR);
}

void iso_folder_write(unsigned char *image, const struct iso_node *folder, enum iso_tree tree)
{
	folder_records(image + (size_t)folder->extent[tree] * ISO_SECTOR, folder, tree);
}
