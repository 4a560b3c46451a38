/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the two halves of the ISO 9660 writer: layout (iso.c) and records (iso_record.c). */
#ifndef CUMULET_COMPUTE_ISO_H
#define CUMULET_COMPUTE_ISO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ISO_SECTOR 2048
#define ISO_TABLES 19 /* first sector of the path tables */
#define ISO_FOLDERS_MAX 32
#define ISO_NAME_MAX 64

enum iso_tree { ISO_PLAIN, ISO_JOLIET, ISO_TREES };

struct iso_node {
	const char *name, *plain;
	struct iso_node *parent, *children, *next;
	bool folder;
	size_t number;    /* folders: position in the path table */
	const void *data; /* files */
	size_t size;
	uint32_t extent[ISO_TREES]; /* first sector */
	uint32_t length[ISO_TREES]; /* folders: bytes */
};

struct iso {
	struct iso_node root;
	struct iso_node *folders[ISO_FOLDERS_MAX];
	size_t folder_count;
	uint32_t sectors, table_size[ISO_TREES];
	unsigned char *image;
};

/* Numbers as the standard writes them: little-endian, big-endian, or one behind the other. */
void iso_little32(unsigned char *at, uint32_t value);
void iso_big32(unsigned char *at, uint32_t value);
void iso_both32(unsigned char *at, uint32_t value);
void iso_both16(unsigned char *at, uint16_t value);

/* The name in a tree's own letters; returns its bytes. */
size_t iso_name(unsigned char *at, const struct iso_node *node, enum iso_tree tree);

enum iso_as { ISO_NAMED, ISO_SELF, ISO_PARENT };
/* One directory record; at NULL: only its size. 'ridge': with Rock Ridge fields. */
size_t iso_record(unsigned char *at, const struct iso_node *node, enum iso_tree tree,
		  enum iso_as as, bool ridge);

uint32_t iso_folder_size(const struct iso_node *folder, enum iso_tree tree);
void iso_folder_write(unsigned char *image, const struct iso_node *folder, enum iso_tree tree);

#endif
