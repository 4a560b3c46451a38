/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the images back with a reader of its own: what isoinfo and mount do, in small. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/iso.h"

static uint32_t little32(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The Rock Ridge name of a record, "" when it has none. */
static void ridge_name(const unsigned char *record, char *name)
{
	size_t at = 33 + record[32] + !(record[32] & 1);

	*name = '\0';
	for (; at + 4 <= record[0] && record[at + 2]; at += record[at + 2])
		if (!memcmp(record + at, "NM", 2)) {
			memcpy(name, record + at + 5, record[at + 2] - 5u);
			name[record[at + 2] - 5] = '\0';
		}
}

static const unsigned char *folder_find(const unsigned char *image, const unsigned char *folder,
					const char *wanted)
{
	const unsigned char *at = image + (size_t)little32(folder + 2) * ISO_SECTOR;
	const unsigned char *end = at + little32(folder + 10);
	char name[256];

	while (at < end) {
		if (!at[0]) { /* the rest of the sector is empty */
			at = image + ((size_t)(at - image) / ISO_SECTOR + 1) * ISO_SECTOR;
			continue;
		}
		ridge_name(at, name);
		if (!strcmp(name, wanted))
			return at;
		at += at[0];
	}
	return NULL;
}

static void files_are_found_again(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	static const char large[5000] = { 'x', [4999] = 'y' };
	const struct iso_file files[] = {
		{ "openstack/latest/meta_data.json", "{\"a\":1}", 7 },
		{ "openstack/latest/user_data", large, sizeof(large) },
		{ "openstack/latest/empty", "", 0 },
	};
	const unsigned char *bytes, *at;
	const void *image;
	size_t size;

	(void)state;
	assert_int_equal(iso_write(&arena, "config-2", files, 3, &image, &size), 0);
	bytes = image;
	assert_memory_equal(bytes + 16 * ISO_SECTOR, "\1CD001\1", 7);
	assert_memory_equal(bytes + 16 * ISO_SECTOR + 40, "config-2   ", 11);
	assert_memory_equal(bytes + 17 * ISO_SECTOR, "\2CD001\1", 7);
	assert_memory_equal(bytes + 17 * ISO_SECTOR + 88, "%/E", 3);
	assert_memory_equal(bytes + 18 * ISO_SECTOR, "\377CD001\1", 7);
	assert_int_equal(little32(bytes + 16 * ISO_SECTOR + 80) * ISO_SECTOR, size);
	at = folder_find(bytes, bytes + 16 * ISO_SECTOR + 156, "openstack");
	assert_non_null(at);
	at = folder_find(bytes, at, "latest");
	assert_non_null(at);
	assert_null(folder_find(bytes, at, "nothing"));
	assert_non_null(folder_find(bytes, at, "empty"));
	at = folder_find(bytes, at, "user_data");
	assert_non_null(at);
	assert_int_equal(little32(at + 10), sizeof(large));
	assert_memory_equal(bytes + (size_t)little32(at + 2) * ISO_SECTOR, large, sizeof(large));
}

/* More records than one sector holds: none may cross its end. */
static void large_folders_span_sectors(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct iso_file files[60];
	const unsigned char *bytes;
	const void *image;
	size_t size;

	(void)state;
	for (size_t i = 0; i < 60; i++)
		files[i] = (struct iso_file){ arena_printf(&arena, "file-%02zu", i), "x", 1 };
	assert_int_equal(iso_write(&arena, "many", files, 60, &image, &size), 0);
	bytes = image;
	for (size_t i = 0; i < 60; i++)
		assert_non_null(folder_find(bytes, bytes + 16 * ISO_SECTOR + 156, files[i].path));
}

static void long_names_are_refused(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char path[200];
	struct iso_file file = { path, "x", 1 };
	const void *image;
	size_t size;

	(void)state;
	memset(path, 'a', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(iso_write(&arena, "long", &file, 1, &image, &size), -ENAMETOOLONG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_found_again),
		cmocka_unit_test(large_folders_span_sectors),
		cmocka_unit_test(long_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
