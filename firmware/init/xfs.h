/* SPDX-License-Identifier: GPL-2.0-or-later */
/* As much of XFS's superblock as tells whether there is one and how large it is ("XFS Algorithms
 * & Data Structures", chapter 13.1). */
#ifndef CUMULET_INIT_XFS_H
#define CUMULET_INIT_XFS_H

#include <stdint.h>

#include "firmware/lib/error.h"

struct xfs_super {
	uint32_t block_size;
	uint64_t blocks;
	uint8_t inode_percent;
};

/* What is at the start of 'fd': 0 for XFS; -ENODATA for zeros or for an XFS whose making was
 * interrupted; -EMEDIUMTYPE for anything else. */
int xfs_probe(int fd, struct xfs_super *super, struct error *error);
/* Grows the file system that is mounted on 'path' to what its device of 'bytes' holds; 0 if there
 * is nothing to do. */
int xfs_grow(const char *path, const struct xfs_super *super, uint64_t bytes);

#endif
