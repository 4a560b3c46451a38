/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What QEMU costs, out of the kernel's words; and the groups that hold guests to it, in a directory
 * that stands for the kernel's. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/cgroup.h"
#include "hypervisor/overhead.h"

#define MIB (1024 * 1024ull)

/* ---- the kernel's words ---- */

#define MAPPING(range, size, anonymous, swap)                                                      \
	range " rw-p 00000000 00:00 0 \n"                                                          \
	      "Size:           " size " kB\n"                                                      \
	      "KernelPageSize:        4 kB\n"                                                      \
	      "Rss:             123456 kB\n"                                                       \
	      "Anonymous:      " anonymous " kB\n"                                                 \
	      "Swap:           " swap " kB\n"                                                      \
	      "SwapPss:             99 kB\n"                                                       \
	      "VmFlags: rd wr mr mw me dc ac dd hg mg\n"
#define GUEST MAPPING("7ff93ca00000-7ff944a00000", "131072", "98304", "1024")
#define HEAP MAPPING("5581e0000000-5581e0200000", "2048", "1024", "512")
#define PROGRAM MAPPING("7ff949000000-7ff9491a7000", "1692", "0", "0")

static uint64_t parsed(const char *text, uint64_t ram)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	uint64_t bytes = overhead_parse(file, ram);

	fclose(file);
	return bytes;
}

static void all_but_the_guest_counts(void **state)
{
	(void)state;
	assert_int_equal(parsed(HEAP GUEST PROGRAM, 128 * MIB), 1536 * 1024);
	assert_int_equal(parsed(PROGRAM, 128 * MIB), 0);
	assert_int_equal(parsed("", 128 * MIB), 0);
	/* One that is as large as the guest's memory is the guest's, another is not. */
	assert_int_equal(parsed(GUEST GUEST, 128 * MIB), 99328 * 1024);
	assert_int_equal(parsed(HEAP GUEST, 64 * MIB), (1536 + 99328) * 1024);
}

static void own_process(void **state)
{
	(void)state;
	assert_true(overhead_read(getpid(), 128 * MIB) > 0);
	assert_int_equal(overhead_read(-1, 128 * MIB), 0);
}

/* ---- groups ---- */

static char root[64];

static int set_up(void **state)
{
	char path[96];

	(void)state;
	snprintf(root, sizeof(root), "/tmp/overhead-test-XXXXXX");
	if (mkdtemp(root) == NULL)
		return -1;
	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	close(open(path, O_WRONLY | O_CREAT, 0644));
	cgroup_root_set(root);
	return 0;
}

static int tear_down(void **state)
{
	char command[96];

	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", root);
	return system(command);
}

static unsigned long long number_of(const char *file)
{
	char path[160];
	unsigned long long number = 0;
	FILE *stream;

	snprintf(path, sizeof(path), "%s/%s", root, file);
	stream = fopen(path, "re");
	if (stream == NULL || fscanf(stream, "%llu", &number) != 1)
		fail_msg("%s", path);
	fclose(stream);
	return number;
}

/* All guests together leave the box what is reserved; each one has some of its own beyond its memory. */
static void guests_are_held_to_their_share(void **state)
{
	const struct guest guest = { .id = "one", .vcpus = 2, .memory_mib = 512 };
	char path[256];
	struct sysinfo info;

	(void)state;
	assert_int_equal(sysinfo(&info), 0);
	assert_true(cgroup_make(&guest, path));
	assert_int_equal(number_of("guests/memory.max"),
			 (uint64_t)info.totalram * info.mem_unit - HOST_RESERVED_MIB * MIB);
	assert_int_equal(number_of("guests/one/memory.max"), (512 + 256) * MIB);
	assert_int_equal(number_of("guests/one/cpu.weight"), 200);
}

static void without_controllers_there_are_none(void **state)
{
	const struct guest guest = { .id = "one", .vcpus = 1, .memory_mib = 16 };
	char path[256];

	(void)state;
	cgroup_root_set("/nowhere");
	assert_false(cgroup_make(&guest, path));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_but_the_guest_counts),
		cmocka_unit_test(own_process),
		cmocka_unit_test_setup_teardown(guests_are_held_to_their_share, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_controllers_there_are_none, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
