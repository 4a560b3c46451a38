/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "hypervisor/image_inspect.h"

#define FILE_SIZE (16 * 65536)

static uint8_t header[65536];

static void put32(size_t offset, uint32_t value)
{
	value = htobe32(value);
	memcpy(header + offset, &value, sizeof(value));
}

static void put64(size_t offset, uint64_t value)
{
	value = htobe64(value);
	memcpy(header + offset, &value, sizeof(value));
}

/* A sound qcow2 of version 3, to be spoiled. */
static int set_up(void **state)
{
	(void)state;
	memset(header, 0, sizeof(header));
	put32(0, 0x514649fb);
	put32(4, 3);
	put32(20, 16);
	put64(24, 1 << 30);
	put32(36, 2);
	put64(40, 3 * 65536);
	put64(48, 65536);
	put32(56, 1);
	put32(96, 4);
	put32(100, 104);
	return 0;
}

static void accepted(const char *claimed, uint64_t virtual_size)
{
	struct image_facts facts;
	struct error error = { 0 };
	const struct image_source source = image_source_memory(header, sizeof(header), FILE_SIZE);

	assert_int_equal(image_inspect(&source, claimed, &facts, &error), 0);
	assert_int_equal(facts.virtual_size, virtual_size);
}

static void refused(const char *claimed, const char *reason)
{
	struct image_facts facts;
	struct error error = { 0 };
	const struct image_source source = image_source_memory(header, sizeof(header), FILE_SIZE);

	assert_int_equal(image_inspect(&source, claimed, &facts, &error), -EINVAL);
	assert_string_equal(error.message, reason);
}

static void sound_qcow2(void **state)
{
	(void)state;
	accepted("qcow2", 1 << 30);
	put32(4, 2);
	accepted("qcow2", 1 << 30);
	put64(24, (1 << 30) + 1);
	accepted("qcow2", (1 << 30) + 512);
}

static void qcow2_that_reaches_out(void **state)
{
	(void)state;
	put64(8, 0x200);
	refused("qcow2", "Image has a backing file");
	put64(8, 0);
	put64(72, 4);
	refused("qcow2", "fmt=qcow2 has data-file");
	put64(72, 0);
	put32(104, 0x44415441);
	put32(108, 8);
	refused("qcow2", "fmt=qcow2 has data-file");
	put32(104, 0x6803f857); /* feature names: harmless, but what follows is not */
	put32(108, 44);
	put32(104 + 8 + 48, 0xe2792aca);
	put32(104 + 8 + 52, 5);
	refused("qcow2", "fmt=qcow2 names a backing format");
}

static void qcow2_that_is_strange(void **state)
{
	(void)state;
	put64(72, 2);
	refused("qcow2", "Image has unknown qcow2 features 0x2");
	put64(72, 1 << 4 | 1 << 3 | 1);
	accepted("qcow2", 1 << 30);
	put32(32, 2);
	refused("qcow2", "Image is encrypted");
	put32(32, 0);
	put32(20, 40);
	refused("qcow2", "Image has a damaged qcow2 header");
	put32(20, 16);
	put32(36, 0x7fffffff);
	refused("qcow2", "Image is truncated");
	put32(36, 2);
	put64(24, UINT64_MAX - 600);
	refused("qcow2", "Image has an unreasonable virtual size");
	put64(24, 0);
	refused("qcow2", "Image has an unreasonable virtual size");
	put32(4, 4);
	refused("qcow2", "Image is not a valid qcow2 of version 2 or 3");
}

static void short_files(void **state)
{
	struct image_source source;
	struct image_facts facts;

	(void)state;
	for (size_t size = 0; size < 104; size++) {
		source = image_source_memory(header, size, size);
		assert_int_equal(image_inspect(&source, "qcow2", &facts, NULL), -EINVAL);
	}
	source = image_source_memory(header, 0, 0);
	assert_int_equal(image_inspect(&source, "raw", &facts, NULL), -EINVAL);
}

static void raw_that_is_something_else(void **state)
{
	static const struct {
		size_t offset;
		const char *bytes;
		const char *format;
	} marks[] = {
		{ 0, "QFI\xfb", "qcow2" },
		{ 0, "KDMV", "vmdk" },
		{ 0, "# Disk DescriptorFile", "vmdk" },
		{ 0, "vhdxfile", "vhdx" },
		{ 0, "conectix", "vpc" },
		{ 64, "\x7f\x10\xda\xbe", "vdi" },
		{ 0, "LUKS\xba\xbe", "luks" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		memset(header, 0, sizeof(header));
		memcpy(header + marks[i].offset, marks[i].bytes, strlen(marks[i].bytes));
		assert_string_equal(image_format_detect(header, sizeof(header)), marks[i].format);
		refused("raw", "Image content does not match disk_format");
	}
	memset(header, 0, sizeof(header));
	accepted("raw", FILE_SIZE);
	refused("iso", "Image content does not match disk_format");
	memcpy(header + 32769, "CD001", 5);
	accepted("iso", FILE_SIZE);
	refused("qcow2", "Image content does not match disk_format");
	refused("floppy", "Image not in a supported format");
}

static void kinds_that_are_not_converted(void **state)
{
	(void)state;
	memset(header, 0, sizeof(header));
	memcpy(header, "WithoutFreeSpace", 16);
	refused("ploop", "Format ploop is not converted on this host; convert the image to qcow2 "
			 "or raw first");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(sound_qcow2, set_up),
		cmocka_unit_test_setup(qcow2_that_reaches_out, set_up),
		cmocka_unit_test_setup(qcow2_that_is_strange, set_up),
		cmocka_unit_test_setup(short_files, set_up),
		cmocka_unit_test_setup(raw_that_is_something_else, set_up),
		cmocka_unit_test_setup(kinds_that_are_not_converted, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
