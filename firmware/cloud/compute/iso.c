/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small ISO 9660 image (ECMA-119) that holds the same tree three times over: plain names,
 * Rock Ridge names (SUSP and RRIP 1.09) for Linux, and a Joliet tree for the rest.
 *
 *	0-15 zero | 16 primary | 17 Joliet | 18 end | path tables: L, M of each tree |
 *	folders of the primary tree | folders of the Joliet tree | files
 */
#include "firmware/cloud/compute/iso.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/internal.h"

/* --- the tree */

static struct iso_node *node_find(struct iso_node *folder, const char *name, size_t length)
{
	for (struct iso_node *child = folder->children; child; child = child->next)
		if (strlen(child->name) == length && !memcmp(child->name, name, length))
			return child;
	return NULL;
}

/* "meta_data.json" -> "META_DATA.JSON;1"; folders have neither dot nor version. */
static const char *plain_name(struct arena *arena, const char *name, bool folder)
{
	char *plain = arena_printf(arena, folder ? "%.29s" : "%.27s;1", name);

	for (char *at = plain; at && *at && *at != ';'; at++)
		if (isalnum((unsigned char)*at))
			*at = (char)toupper((unsigned char)*at);
		else if (folder || *at != '.')
			*at = '_';
	return plain;
}

/* Children are kept in the order of their plain names, as the standard wants them. */
static struct iso_node *node_add(struct arena *arena, struct iso_node *parent, const char *name,
				 size_t length, bool folder)
{
	struct iso_node *node = arena_alloc(arena, sizeof(*node)), **at;

	if (!node)
		return NULL;
	node->name = arena_strndup(arena, name, length);
	if (!node->name)
		return NULL;
	node->plain = plain_name(arena, node->name, folder);
	node->parent = parent;
	node->folder = folder;
	if (!node->plain)
		return NULL;
	for (at = &parent->children; *at && strcmp((*at)->plain, node->plain) < 0;)
		at = &(*at)->next;
	node->next = *at;
	*at = node;
	return node;
}

static int tree_add(struct arena *arena, struct iso_node *root, const struct iso_file *file)
{
	const char *path = file->path, *slash;
	struct iso_node *folder = root, *child;

	for (; (slash = strchr(path, '/')); path = slash + 1) {
		child = node_find(folder, path, (size_t)(slash - path));
		if (!child)
			child = node_add(arena, folder, path, (size_t)(slash - path), true);
		if (!child)
			return -ENOMEM;
		folder = child;
	}
	child = node_add(arena, folder, path, strlen(path), false);
	if (!child)
		return -ENOMEM;
	child->data = file->data;
	child->size = file->size;
	return 0;
}

/* Folders level by level, which is the order of the path table. */
static int folders_list(struct iso *iso)
{
	iso->folders[0] = &iso->root;
	iso->folder_count = 1;
	for (size_t i = 0; i < iso->folder_count; i++)
		for (struct iso_node *child = iso->folders[i]->children; child;
		     child = child->next) {
			if (!child->folder)
				continue;
			if (iso->folder_count == ISO_FOLDERS_MAX)
				return -E2BIG;
			child->number = iso->folder_count;
			iso->folders[iso->folder_count++] = child;
		}
	return 0;
}

/* --- where everything goes */

static uint32_t sectors_of(size_t size)
{
	return (uint32_t)((size + ISO_SECTOR - 1) / ISO_SECTOR);
}

static uint32_t files_place(struct iso *iso, uint32_t at)
{
	for (size_t i = 0; i < iso->folder_count; i++)
		for (struct iso_node *child = iso->folders[i]->children; child;
		     child = child->next) {
			if (child->folder)
				continue;
			child->extent[ISO_PLAIN] = child->extent[ISO_JOLIET] = at;
			at += sectors_of(child->size);
		}
	return at;
}

static uint32_t layout(struct iso *iso)
{
	uint32_t at = ISO_TABLES + 4;

	for (enum iso_tree tree = 0; tree < ISO_TREES; tree++)
		for (size_t i = 0; i < iso->folder_count; i++) {
			struct iso_node *folder = iso->folders[i];

			folder->extent[tree] = at;
			folder->length[tree] = iso_folder_size(folder, tree);
			at += sectors_of(folder->length[tree]);
		}
	return files_place(iso, at);
}

/* --- descriptors and path tables */

static void text_field(unsigned char *at, size_t size, const char *text, enum iso_tree tree)
{
	size_t length = strlen(text);

	if (tree == ISO_PLAIN) {
		memset(at, ' ', size);
		memcpy(at, text, length < size ? length : size);
		return;
	}
	for (size_t i = 0; i + 1 < size; i += 2) {
		at[i] = 0;
		at[i + 1] = i / 2 < length ? (unsigned char)text[i / 2] : ' ';
	}
}

static void date_field(unsigned char *at)
{
	memcpy(at, "2000010100000000", 16);
	at[16] = 0;
}

static void descriptor_write(struct iso *iso, const char *label, enum iso_tree tree)
{
	unsigned char *at = iso->image + (16 + tree) * ISO_SECTOR;
	static const struct {
		size_t offset, size;
	} texts[] = { { 190, 128 }, { 318, 128 }, { 446, 128 }, { 574, 128 },
		      { 702, 37 },  { 739, 37 },  { 776, 37 } };

	at[0] = tree == ISO_PLAIN ? 1 : 2;
	memcpy(at + 1, "CD001\1", 6);
	text_field(at + 8, 32, "", tree);
	text_field(at + 40, 32, label, tree);
	iso_both32(at + 80, iso->sectors);
	if (tree == ISO_JOLIET)
		memcpy(at + 88, "%/E", 3); /* UCS-2 level 3 */
	iso_both16(at + 120, 1);
	iso_both16(at + 124, 1);
	iso_both16(at + 128, ISO_SECTOR);
	iso_both32(at + 132, iso->table_size[tree]);
	iso_little32(at + 140, ISO_TABLES + 2 * tree);
	iso_big32(at + 148, ISO_TABLES + 2 * tree + 1);
	iso_record(at + 156, &iso->root, tree, ISO_SELF, false);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		text_field(at + texts[i].offset, texts[i].size, "", tree);
	for (size_t offset = 813; offset < 881; offset += 17)
		date_field(at + offset);
	at[881] = 1;
}

static size_t table_entry(unsigned char *at, const struct iso_node *folder, enum iso_tree tree,
			  bool big)
{
	size_t length = folder->parent ? iso_name(at + 8, folder, tree) : 1;
	unsigned parent = (unsigned)(folder->parent ? folder->parent->number : 0) + 1;

	at[0] = (unsigned char)length;
	if (big)
		iso_big32(at + 2, folder->extent[tree]);
	else
		iso_little32(at + 2, folder->extent[tree]);
	at[big ? 7 : 6] = (unsigned char)parent;
	at[big ? 6 : 7] = (unsigned char)(parent >> 8);
	return 8 + length + (length & 1);
}

static int table_write(struct iso *iso, enum iso_tree tree)
{
	unsigned char *little = iso->image + (ISO_TABLES + 2 * tree) * ISO_SECTOR;
	unsigned char *big = little + ISO_SECTOR;
	size_t used = 0;

	for (size_t i = 0; i < iso->folder_count; i++) {
		if (used + 8 + 2 * ISO_NAME_MAX > ISO_SECTOR)
			return -E2BIG;
		table_entry(little + used, iso->folders[i], tree, false);
		used += table_entry(big + used, iso->folders[i], tree, true);
	}
	iso->table_size[tree] = (uint32_t)used;
	return 0;
}

static void files_write(struct iso *iso)
{
	for (size_t i = 0; i < iso->folder_count; i++) {
		for (enum iso_tree tree = 0; tree < ISO_TREES; tree++)
			iso_folder_write(iso->image, iso->folders[i], tree);
		for (struct iso_node *child = iso->folders[i]->children; child; child = child->next)
			if (!child->folder && child->size)
				memcpy(iso->image + (size_t)child->extent[0] * ISO_SECTOR,
				       child->data, child->size);
	}
}

int iso_write(struct arena *arena, const char *label, const struct iso_file *files, size_t count,
	      const void **image, size_t *size)
{
	struct iso *iso = arena_alloc(arena, sizeof(*iso));
	int result = 0;

	if (!iso)
		return -ENOMEM;
	iso->root = (struct iso_node){ .name = "", .plain = "", .folder = true };
	for (size_t i = 0; i < count && result == 0; i++)
		result = strlen(files[i].path) < ISO_NAME_MAX
				 ? tree_add(arena, &iso->root, &files[i])
				 : -ENAMETOOLONG;
	if (result == 0)
		result = folders_list(iso);
	if (result < 0)
		return result;
	iso->sectors = layout(iso);
	*size = (size_t)iso->sectors * ISO_SECTOR;
	iso->image = arena_alloc(arena, *size);
	if (!iso->image)
		return -ENOMEM;
	for (enum iso_tree tree = 0; tree < ISO_TREES && result == 0; tree++) {
		result = table_write(iso, tree);
		descriptor_write(iso, label, tree);
	}
	memcpy(iso->image + 18 * ISO_SECTOR, "\377CD001\1", 7);
	files_write(iso);
	*image = iso->image;
	return result;
}
