/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On files that stand for disks; the tables to start from are made here, by hand. */
#include "firmware/init/gpt.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/init/xfs.h"
#include "firmware/lib/cleanup.h"

#define MIB (UINT64_C(1) << 20)
#define ENTRIES_SIZE (128 * 128)

static int fd;
static unsigned sector = 512;
static struct gpt_partition partition;
static struct error error;

static void put(uint8_t *at, uint64_t value, size_t size)
{
	for (size_t i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

static uint64_t get(const uint8_t *at, size_t size)
{
	uint64_t value = 0;

	for (size_t i = size; i-- > 0;)
		value = value << 8 | at[i];
	return value;
}

static void entry_put(uint8_t *entries, int number, uint64_t first, uint64_t last, const char *name)
{
	uint8_t *entry = entries + (number - 1) * 128;

	memset(entry, 0xee, 32);
	put(entry + 32, first, 8);
	put(entry + 40, last, 8);
	for (size_t i = 0; name[i] != '\0'; i++)
		entry[56 + 2 * i] = (uint8_t)name[i];
}

/* One copy of the table, its header at 'lba'. */
static void table_put(const uint8_t *entries, uint64_t lba, uint64_t other, uint64_t entries_lba,
		      uint64_t last_usable)
{
	uint8_t header[92] = "EFI PART";

	put(header + 8, 0x10000, 4);
	put(header + 12, sizeof(header), 4);
	put(header + 24, lba, 8);
	put(header + 32, other, 8);
	put(header + 40, 2048 * 512 / sector, 8);
	put(header + 48, last_usable, 8);
	put(header + 72, entries_lba, 8);
	put(header + 80, 128, 4);
	put(header + 84, 128, 4);
	put(header + 88, gpt_crc32(entries, ENTRIES_SIZE), 4);
	put(header + 16, gpt_crc32(header, sizeof(header)), 4);
	assert_int_equal(pwrite(fd, header, sizeof(header), (off_t)(lba * sector)), 92);
	assert_int_equal(pwrite(fd, entries, ENTRIES_SIZE, (off_t)(entries_lba * sector)),
			 ENTRIES_SIZE);
}

/* A table for 'mib' MiB with one partition 'root' of 8 MiB at 1 MiB, and 'data' behind it when
 * 'data_mib' is not 0. */
static void disk_make(uint64_t mib, uint64_t data_mib)
{
	uint8_t entries[ENTRIES_SIZE] = { 0 }, mbr[512] = { 0 };
	uint64_t sectors = mib * MIB / sector, per_mib = MIB / sector;
	uint64_t table = ENTRIES_SIZE / sector;

	entry_put(entries, 1, per_mib, 9 * per_mib - 1, "root");
	if (data_mib > 0)
		entry_put(entries, 2, 9 * per_mib, (9 + data_mib) * per_mib - 1, "data");
	mbr[446 + 4] = 0xee;
	mbr[510] = 0x55;
	mbr[511] = 0xaa;
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(ftruncate(fd, (off_t)(mib * MIB)), 0);
	assert_int_equal(pwrite(fd, mbr, sizeof(mbr), 0), sizeof(mbr));
	table_put(entries, 1, sectors - 1, 2, sectors - 2 - table);
	table_put(entries, sectors - 1, 1, sectors - 1 - table, sectors - 2 - table);
}

static void disk_resize(uint64_t mib)
{
	assert_int_equal(ftruncate(fd, (off_t)(mib * MIB)), 0);
}

static int extend(void)
{
	struct stat status;

	fstat(fd, &status);
	return gpt_extend(fd, (uint64_t)status.st_size / sector, sector, "data", &partition,
			  &error);
}

/* Both copies are valid, agree, and point at each other. */
static void assert_sound(void)
{
	uint8_t one[92], other[92], entries[ENTRIES_SIZE];
	uint64_t last;
	struct stat status;

	fstat(fd, &status);
	last = (uint64_t)status.st_size / sector - 1;
	assert_int_equal(pread(fd, one, 92, sector), 92);
	assert_int_equal(pread(fd, other, 92, (off_t)(last * sector)), 92);
	assert_int_equal(get(one + 32, 8), last);
	assert_int_equal(get(other + 24, 8), last);
	assert_int_equal(get(other + 32, 8), 1);
	assert_int_equal(get(one + 48, 8), get(other + 48, 8));
	for (uint8_t *header = one; header != NULL; header = header == one ? other : NULL) {
		uint32_t crc = (uint32_t)get(header + 16, 4);
		uint64_t at = get(header + 72, 8) * sector;

		put(header + 16, 0, 4);
		assert_int_equal(crc, gpt_crc32(header, 92));
		assert_int_equal(pread(fd, entries, sizeof(entries), (off_t)at), sizeof(entries));
		assert_int_equal(get(header + 88, 4), gpt_crc32(entries, sizeof(entries)));
	}
}

static int set_up(void **state)
{
	char path[] = "/tmp/gpt_test.XXXXXX";

	(void)state;
	sector = 512;
	fd = mkstemp(path);
	unlink(path);
	return fd < 0;
}

static int tear_down(void **state)
{
	(void)state;
	return close(fd);
}

static void the_checksum_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(gpt_crc32("123456789", 9), 0xcbf43926);
	assert_int_equal(gpt_crc32("", 0), 0);
}

static void a_missing_partition_is_made(void **state)
{
	uint8_t rubbish[4096], head[GPT_WIPE_BYTES];

	(void)state;
	disk_make(16, 0);
	disk_resize(64);
	memset(rubbish, 0xaa, sizeof(rubbish));
	assert_int_equal(pwrite(fd, rubbish, sizeof(rubbish), 9 * MIB), sizeof(rubbish));
	assert_int_equal(extend(), 0);
	assert_true(partition.created);
	assert_int_equal(partition.number, 2);
	assert_int_equal(partition.first, 9 * 2048);
	assert_int_equal(partition.last, 63 * 2048 - 1);
	assert_sound();
	assert_int_equal(pread(fd, head, sizeof(head), 9 * MIB), sizeof(head));
	for (size_t i = 0; i < sizeof(head); i++)
		assert_int_equal(head[i], 0);
	/* Once more: nothing to do. */
	assert_int_equal(extend(), 0);
	assert_false(partition.created || partition.grown);
	assert_int_equal(partition.last, 63 * 2048 - 1);
}

static void the_last_partition_grows(void **state)
{
	char kept[4];

	(void)state;
	disk_make(32, 20);
	disk_resize(100);
	assert_int_equal(pwrite(fd, "kept", 4, 9 * MIB), 4);
	assert_int_equal(extend(), 0);
	assert_true(partition.grown && !partition.created);
	assert_int_equal(partition.first, 9 * 2048);
	assert_int_equal(partition.last, 99 * 2048 - 1);
	assert_sound();
	assert_int_equal(pread(fd, kept, 4, 9 * MIB), 4);
	assert_memory_equal(kept, "kept", 4);
}

static void large_sectors(void **state)
{
	(void)state;
	sector = 4096;
	disk_make(32, 20);
	disk_resize(48);
	assert_int_equal(extend(), 0);
	assert_int_equal(partition.last, 47 * 256 - 1);
	assert_sound();
}

static void the_mbr_covers_the_disk(void **state)
{
	uint8_t mbr[512];

	(void)state;
	disk_make(32, 0);
	disk_resize(64);
	assert_int_equal(extend(), 0);
	assert_int_equal(pread(fd, mbr, sizeof(mbr), 0), sizeof(mbr));
	assert_int_equal(get(mbr + 446 + 12, 4), 64 * 2048 - 1);
}

/* A power cut in the middle of the primary: the backup at the end is whole. */
static void the_backup_repairs_the_primary(void **state)
{
	(void)state;
	disk_make(32, 0);
	disk_resize(64);
	assert_int_equal(extend(), 0);
	assert_int_equal(pwrite(fd, "rubbish", 7, 512 * 2 + 256), 7);
	assert_int_equal(extend(), 0);
	assert_int_equal(partition.number, 2);
	assert_false(partition.created || partition.grown);
	assert_sound();
	assert_int_equal(pwrite(fd, "rubbish", 7, 512), 7);
	assert_int_equal(extend(), 0);
	assert_sound();
}

static void bad_tables_are_refused(void **state)
{
	(void)state;
	assert_int_equal(ftruncate(fd, 64 * MIB), 0);
	assert_int_equal(extend(), -EBADMSG);
	disk_make(32, 0);
	/* Smaller than its partitions. */
	disk_resize(8);
	assert_int_equal(extend(), -EBADMSG);
	disk_resize(0);
	assert_int_equal(extend(), -EINVAL);
}

static void no_room(void **state)
{
	(void)state;
	disk_make(20, 0);
	assert_int_equal(extend(), -ENOSPC);
	disk_resize(26);
	assert_int_equal(extend(), 0);
}

static void a_name_in_the_middle(void **state)
{
	uint8_t entries[ENTRIES_SIZE] = { 0 };

	(void)state;
	disk_make(64, 0);
	entry_put(entries, 1, 2048, 4095, "data");
	entry_put(entries, 2, 4096, 8191, "root");
	table_put(entries, 1, 64 * 2048 - 1, 2, 64 * 2048 - 34);
	assert_int_equal(extend(), -EEXIST);
}

/* ---- what lies on the partition ---- */

static void xfs_is_told_from_others(void **state)
{
	struct xfs_super super;
	uint8_t head[512] = "XFSB\0\0\x10\0\0\0\0\0\0\1\0";

	(void)state;
	head[127] = 25;
	assert_int_equal(ftruncate(fd, MIB), 0);
	assert_int_equal(xfs_probe(fd, &super, &error), -ENODATA);
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(xfs_probe(fd, &super, &error), 0);
	assert_int_equal(super.block_size, 4096);
	assert_int_equal(super.blocks, 65536);
	assert_int_equal(super.inode_percent, 25);
	head[126] = 1; /* mkfs was interrupted */
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(xfs_probe(fd, &super, &error), -ENODATA);
	memset(head, 0, sizeof(head));
	assert_int_equal(pwrite(fd, head, sizeof(head), 0), sizeof(head));
	assert_int_equal(pwrite(fd, "\x53\xef", 2, 1024 + 56), 2); /* ext4's magic */
	assert_int_equal(xfs_probe(fd, &super, &error), -EMEDIUMTYPE);
}

#define GPT_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		GPT_TEST(the_checksum_is_the_usual_one), GPT_TEST(a_missing_partition_is_made),
		GPT_TEST(the_last_partition_grows),      GPT_TEST(large_sectors),
		GPT_TEST(the_mbr_covers_the_disk),       GPT_TEST(the_backup_repairs_the_primary),
		GPT_TEST(bad_tables_are_refused),        GPT_TEST(no_room),
		GPT_TEST(a_name_in_the_middle),          GPT_TEST(xfs_is_told_from_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
