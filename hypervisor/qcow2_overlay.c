/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/qcow2_overlay.h"

#include <endian.h>
#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#define CLUSTER_BITS 16
#define CLUSTER (UINT64_C(1) << CLUSTER_BITS)
#define L1_COVERS (CLUSTER * (CLUSTER / 8)) /* bytes of the disk that one L1 entry stands for */

/* Clusters of the file: header, reference count table, one block of counts, L1 table. */
enum { AT_HEADER, AT_COUNT_TABLE, AT_COUNTS, AT_L1 };

struct qcow2_header {
	uint32_t magic, version;
	uint64_t backing_offset;
	uint32_t backing_size, cluster_bits;
	uint64_t size;
	uint32_t crypt_method, l1_entries;
	uint64_t l1_offset, count_table_offset;
	uint32_t count_table_clusters, snapshots;
	uint64_t snapshots_offset;
	uint64_t incompatible, compatible, autoclear;
	uint32_t count_order, header_length;
	uint64_t end_of_extensions;
} __attribute__((packed));

static int put(int fd, const void *data, size_t size, uint64_t offset)
{
	ssize_t written = pwrite(fd, data, size, (off_t)offset);

	if (written < 0)
		return -errno;
	return (size_t)written == size ? 0 : -ENOSPC;
}

static int header_put(int fd, uint64_t virtual_size, uint64_t l1_entries)
{
	struct qcow2_header header = {
		.magic = htobe32(0x514649fb),
		.version = htobe32(3),
		.cluster_bits = htobe32(CLUSTER_BITS),
		.size = htobe64(virtual_size),
		.l1_entries = htobe32((uint32_t)l1_entries),
		.l1_offset = htobe64(AT_L1 * CLUSTER),
		.count_table_offset = htobe64(AT_COUNT_TABLE * CLUSTER),
		.count_table_clusters = htobe32(1),
		.count_order = htobe32(4),
		.header_length = htobe32(offsetof(struct qcow2_header, end_of_extensions)),
	};

	return put(fd, &header, sizeof(header), 0);
}

/* Each cluster that is in use has a count of 1, two bytes each. */
static int counts_put(int fd, uint64_t clusters)
{
	uint64_t block = htobe64(AT_COUNTS * CLUSTER);
	uint16_t one = htobe16(1);
	int result = put(fd, &block, sizeof(block), AT_COUNT_TABLE * CLUSTER);

	for (uint64_t i = 0; i < clusters && result == 0; i++)
		result = put(fd, &one, sizeof(one), AT_COUNTS * CLUSTER + i * sizeof(one));
	return result;
}

int qcow2_overlay_write(int fd, uint64_t virtual_size)
{
	uint64_t l1_entries = (virtual_size + L1_COVERS - 1) / L1_COVERS;
	uint64_t clusters = AT_L1 + (l1_entries * 8 + CLUSTER - 1) / CLUSTER;
	int result;

	if (virtual_size == 0 || clusters > CLUSTER / sizeof(uint16_t))
		return -EINVAL;
	result = header_put(fd, virtual_size, l1_entries);
	if (result == 0)
		result = counts_put(fd, clusters);
	if (result == 0 && ftruncate(fd, (off_t)(clusters * CLUSTER)) < 0)
		result = -errno;
	return result;
}

static int header_get(int fd, struct qcow2_header *header)
{
	ssize_t got = pread(fd, header, sizeof(*header), 0);

	if (got < 0)
		return -errno;
	if (got != sizeof(*header) || header->magic != htobe32(0x514649fb) ||
	    header->cluster_bits != htobe32(CLUSTER_BITS) ||
	    header->l1_offset != htobe64(AT_L1 * CLUSTER))
		return -EBADMSG;
	return 0;
}

int qcow2_overlay_size(int fd, uint64_t *virtual_size)
{
	struct qcow2_header header;
	int result = header_get(fd, &header);

	*virtual_size = result < 0 ? 0 : be64toh(header.size);
	return result;
}

int qcow2_overlay_grow(int fd, uint64_t virtual_size)
{
	uint64_t l1_entries = (virtual_size + L1_COVERS - 1) / L1_COVERS;
	struct qcow2_header header;
	int result = header_get(fd, &header);

	if (result < 0 || virtual_size <= be64toh(header.size))
		return result;
	/* Clusters that the table was given when it was made, and no more. */
	if (l1_entries * 8 > (be32toh(header.l1_entries) * 8ull + CLUSTER - 1) / CLUSTER * CLUSTER)
		return -EFBIG;
	header.size = htobe64(virtual_size);
	header.l1_entries = htobe32((uint32_t)l1_entries);
	result = put(fd, &header, sizeof(header), 0);
	return result == 0 && fdatasync(fd) < 0 ? -errno : result;
}
