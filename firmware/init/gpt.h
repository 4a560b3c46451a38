/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GUID partition tables (UEFI specification 2.10, chapter 5.3), as little of them as the box
 * needs: the last partition is made or grown to the end of the disk. The disk's content is not
 * trusted: sizes are bounded before anything is computed with them.
 */
#ifndef CUMULET_INIT_GPT_H
#define CUMULET_INIT_GPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "firmware/lib/error.h"

struct gpt_partition {
	unsigned number;      /* from 1 */
	uint64_t first, last; /* sectors, both inclusive */
	bool created, grown;  /* what gpt_extend() did */
};

/*
 * Makes sure that the disk behind 'fd' (sectors * sector_size bytes) ends with a partition named
 * 'name': one of that name which is the last is grown, else it is created in the room behind
 * the last one, and its first GPT_WIPE_BYTES are zero then. Partitions start and end at multiples of
 * 1 MiB. A table that is fine is not written. The backup is written and synced before the primary, so that a power cut at any
 * instant leaves one that is whole.
 *
 * -EBADMSG: no valid table; -ENOSPC: less than GPT_LEAST bytes behind the last partition;
 * -EEXIST: the name is taken by one that is not the last; -EIO and others from reading, writing.
 */
#define GPT_LEAST (UINT64_C(16) << 20)
#define GPT_WIPE_BYTES (64 * 1024)
int gpt_extend(int fd, uint64_t sectors, unsigned sector_size, const char *name,
	       struct gpt_partition *partition, struct error *error);

uint32_t gpt_crc32(const void *data, size_t size);

#endif
