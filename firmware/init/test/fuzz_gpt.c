/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk of 32 MiB whose first sectors are the input. Checksums are made right
 * before, or the fuzzer would never get behind them. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "firmware/init/gpt.h"

#define DISK_SIZE (32 << 20)
#define HEAD_SIZE (34 * 512)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void put_u32(uint8_t *at, uint32_t value)
{
	memcpy(at, &value, sizeof(value));
}

static void checksums_repair(uint8_t *head)
{
	uint8_t *header = head + 512;
	uint32_t count;

	memcpy(&count, header + 80, sizeof(count));
	if (count <= 128)
		put_u32(header + 88, gpt_crc32(head + 1024, count * 128));
	put_u32(header + 16, 0);
	put_u32(header + 16, gpt_crc32(header, 92));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t head[HEAD_SIZE];
	static int fd = -1;
	struct gpt_partition partition;
	struct error error;

	if (fd < 0)
		fd = memfd_create("disk", MFD_CLOEXEC);
	memset(head, 0, sizeof(head));
	memcpy(head, data, size < sizeof(head) ? size : sizeof(head));
	checksums_repair(head);
	if (ftruncate(fd, 0) < 0 || ftruncate(fd, DISK_SIZE) < 0 ||
	    pwrite(fd, head, sizeof(head), 0) != sizeof(head))
		abort();
	if (gpt_extend(fd, DISK_SIZE / 512, 512, "data", &partition, &error) < 0)
		return 0;
	if (partition.first > partition.last || partition.last >= DISK_SIZE / 512 - 33)
		abort();
	/* What was written is found again, and nothing is left to do. */
	if (gpt_extend(fd, DISK_SIZE / 512, 512, "data", &partition, &error) < 0 ||
	    partition.created || partition.grown)
		abort();
	return 0;
}
