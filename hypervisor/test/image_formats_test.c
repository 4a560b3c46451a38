/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Images as qemu-img makes them, sound and then spoiled. Skipped where there is no qemu-img. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/image_apart.h"

#define SIZE (40ULL << 20)

static char directory[] = "/tmp/image-formats-XXXXXX";

static bool shell(const char *format, const char *first, const char *second)
{
	const char *tool = getenv("CUMULET_QEMU_IMG");
	char command[512];
	int length = snprintf(command, sizeof(command), "cd %s && %s ", directory,
			      tool ? tool : "qemu-img");

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	snprintf(command + length, sizeof(command) - (size_t)length, format, first, second);
#pragma GCC diagnostic pop
	strncat(command, " >/dev/null 2>&1", sizeof(command) - strlen(command) - 1);
	return system(command) == 0;
}

static void make(const char *format, const char *options)
{
	if (!shell("create -f %s %s disk 40M", format, options))
		skip();
}

static int inspect(const char *claimed, struct image_facts *facts, struct error *error)
{
	struct image_facts apart = { 0 };
	struct image_source source;
	struct stat status;
	char path[64];
	int result;
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof(path), "%s/disk", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0 && fstat(fd, &status) == 0);
	source = image_source_file(fd, (uint64_t)status.st_size);
	result = image_inspect(&source, claimed, facts, error);
	assert_int_equal(image_inspect_apart(fd, claimed, &apart, error), result);
	if (result == 0) {
		assert_string_equal(apart.format, facts->format);
		assert_int_equal(apart.virtual_size, facts->virtual_size);
	}
	return result;
}

static void accepted(const char *claimed, const char *format)
{
	struct image_facts facts;
	struct error error = { 0 };

	if (inspect(claimed, &facts, &error))
		fail_msg("%s: %s", claimed, error.message);
	assert_string_equal(facts.format, format);
	assert_in_range(facts.virtual_size, SIZE, SIZE + (1 << 20)); /* vhd rounds to cylinders */
}

static void refused(const char *claimed, const char *reason)
{
	struct image_facts facts;
	struct error error = { 0 };

	assert_int_equal(inspect(claimed, &facts, &error), -EINVAL);
	if (strstr(error.message, reason) == NULL)
		fail_msg("%s: no '%s' in '%s'", claimed, reason, error.message);
}

static void poke(uint64_t offset, const void *bytes, size_t size)
{
	char path[64];
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof(path), "%s/disk", directory);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pwrite(fd, bytes, size, (off_t)offset), size);
}

/* Replaces the first occurrence within the first 4 MiB. */
static void replace(const void *old, const void *new, size_t size)
{
	char *data = malloc(4 << 20), path[64], *found;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "%s/disk", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = read(fd, data, 4 << 20);
	close(fd);
	found = got > 0 ? memmem(data, (size_t)got, old, size) : NULL;
	assert_non_null(found);
	poke((uint64_t)(found - data), new, size);
	free(data);
}

static void vmdk(void **state)
{
	(void)state;
	make("vmdk", "");
	accepted("vmdk", "vmdk");
	refused("raw", "does not match");
	refused("vhd", "does not match");
	replace("SPARSE", "FLAT  ", 6);
	refused("vmdk", "extent in another file");
	make("vmdk", "-o subformat=streamOptimized");
	accepted("vmdk", "vmdk");
	replace("streamOptimized", "vmfsSparse\"    ", 15);
	refused("vmdk", "is not one file");
	make("vmdk", "-o subformat=monolithicFlat");
	refused("vmdk", "without its data");
	make("vmdk", "");
	poke(12, "\0\0\0\0\0\0\0\0", 8); /* the descriptor would be followed */
	refused("vmdk", "damaged");
	poke(12, "\xff\xff\xff\xff\xff\xff\xff\x7f", 8);
	refused("vmdk", "damaged");
	make("vmdk", "");
	replace("parentCID=ffffffff", "parentCID=00000001", 18);
	refused("vmdk", "parent file");
	make("vmdk", "");
	replace("ddb.virtualHWVersion", "parentFileNameHint =", 20);
	refused("vmdk", "parent file");
}

static void vmdk_of_two_extents(void **state)
{
	(void)state;
	make("vmdk", "");
	replace("# The Disk Data Base", "RW 1 SPARSE \"/etc/x\"", 20);
	refused("vmdk", "descriptor of 2 extents");
}

static void vdi(void **state)
{
	(void)state;
	make("vdi", "");
	accepted("vdi", "vdi");
	poke(440, "parent", 6);
	refused("vdi", "parent file");
	make("vdi", "-o static=on");
	accepted("vdi", "vdi");
	poke(76, "\3", 1);
	refused("vdi", "needs another file");
	make("vdi", "");
	poke(368, "\0\0\0\0\0\1\0\0", 8);
	refused("vdi", "damaged");
	make("vdi", "");
	poke(384, "\xff\xff\xff\xff", 4);
	refused("vdi", "truncated");
}

static void vhd(void **state)
{
	(void)state;
	make("vpc", "");
	accepted("vhd", "vpc");
	poke(8, "x", 1); /* the checksum does not hold any more */
	refused("vhd", "damaged");
	make("vpc", "-o subformat=fixed");
	accepted("vhd", "vpc");
	make("vpc", "-o force_size=on");
	accepted("vhd", "vpc");
	poke(512 + 40, "parent", 6);
	refused("vhd", "parent file");
	make("raw", "");
	refused("vhd", "does not match");
}

static void vhdx(void **state)
{
	static const uint8_t size_id[] = { 0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
					   0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8 };
	static const uint8_t parent_id[] = { 0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
					     0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c };

	(void)state;
	make("vhdx", "");
	accepted("vhdx", "vhdx");
	replace(size_id, parent_id, sizeof(size_id));
	refused("vhdx", "parent file");
	make("vhdx", "");
	replace(size_id, "an unknown item!", sizeof(size_id));
	refused("vhdx", "damaged");
	make("vhdx", "");
	replace("metadata", "METADATA", 8);
	refused("vhdx", "damaged");
	make("vhdx", "");
	poke(192 * 1024 + 8, "\0\0\0\0", 4);
	refused("vhdx", "damaged");
}

static void qcow2_and_raw(void **state)
{
	(void)state;
	make("qcow2", "");
	accepted("qcow2", "qcow2");
	make("qcow2", "-o data_file=data,data_file_raw=on");
	refused("qcow2", "data-file");
	make("raw", "");
	accepted("raw", "raw");
	refused("iso", "does not match");
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL;
}

static int tear_down(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vmdk), cmocka_unit_test(vmdk_of_two_extents),
		cmocka_unit_test(vdi),  cmocka_unit_test(vhd),
		cmocka_unit_test(vhdx), cmocka_unit_test(qcow2_and_raw),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
