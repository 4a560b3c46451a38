/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/xfs.h"

#include <endian.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "firmware/init/gpt.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

/* Offsets in the superblock, which is big-endian. */
enum { SUPER_BLOCK_SIZE = 4, SUPER_BLOCKS = 8, SUPER_IN_PROGRESS = 126, SUPER_INODE_PERCENT = 127 };

/* Of the kernel's xfs_fs.h, which libc's headers do not carry. */
struct xfs_growfs_data {
	uint64_t newblocks;
	uint32_t imaxpct;
};
#define XFS_IOC_FSGROWFSDATA _IOW('X', 110, struct xfs_growfs_data)

static int head_judge(const uint8_t *head, size_t size, struct error *error)
{
	size_t used = 0;

	if (memcmp(head, "XFSB", 4) == 0)
		return head[SUPER_IN_PROGRESS] == 0 ? 0 : -ENODATA;
	while (used < size && head[used] == 0)
		used++;
	if (used == size)
		return -ENODATA;
	return error_set(error, -EMEDIUMTYPE, "the partition holds something that is not XFS");
}

int xfs_probe(int fd, struct xfs_super *super, struct error *error)
{
	static uint8_t head[GPT_WIPE_BYTES];
	ssize_t size = pread(fd, head, sizeof(head), 0);
	int result;

	if (size < 0)
		return error_errno(error, "read the data partition");
	if (size < 512)
		return error_set(error, -EIO, "the data partition is too short");
	result = head_judge(head, (size_t)size, error);
	if (result < 0)
		return result;
	memcpy(&super->block_size, head + SUPER_BLOCK_SIZE, sizeof(super->block_size));
	memcpy(&super->blocks, head + SUPER_BLOCKS, sizeof(super->blocks));
	super->block_size = be32toh(super->block_size);
	super->blocks = be64toh(super->blocks);
	super->inode_percent = head[SUPER_INODE_PERCENT];
	return 0;
}

int xfs_grow(const char *path, const struct xfs_super *super, uint64_t bytes)
{
	struct xfs_growfs_data data = { .imaxpct = super->inode_percent };
	CLEANUP_FD int fd = -1;

	if (super->block_size == 0 || bytes / super->block_size <= super->blocks)
		return 0;
	data.newblocks = bytes / super->block_size;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, XFS_IOC_FSGROWFSDATA, &data) < 0)
		return -errno;
	log_info("data", "file system grown", "blocks=%lu", data.newblocks);
	return 0;
}
