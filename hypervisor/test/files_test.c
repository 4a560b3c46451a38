/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmm writes into files and reads from them: overlays, records, logs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/console_log.h"
#include "hypervisor/guest.h"
#include "hypervisor/image_inspect.h"
#include "hypervisor/qcow2_overlay.h"

#define GUEST "11111111-2222-4333-8444-555555555555"

static char directory[] = "/tmp/vmm-files-XXXXXX";
static struct vmm vmm;

static int set_up(void **state)
{
	char path[VMM_PATH_SIZE];

	(void)state;
	log_level_set("*", "error");
	if (mkdtemp(directory) == NULL)
		return -1;
	vmm.options.run = vmm.options.guests = directory;
	path_format(path, "%s/guests", directory);
	return mkdir(path, 0700) < 0 || loop_new(&vmm.loop) < 0 || console_log_open(&vmm) < 0;
}

static int tear_down(void **state)
{
	char path[VMM_PATH_SIZE];

	(void)state;
	console_log_close(&vmm);
	loop_free(vmm.loop);
	path_format(path, "%s/guests", directory);
	return rmdir(path) < 0 || rmdir(directory) < 0;
}

/* ---- overlays ---- */

static void overlay_is_sound(void **state)
{
	static const uint64_t sizes[] = { 512, UINT64_C(1) << 30, UINT64_C(5) << 40 };
	char path[VMM_PATH_SIZE], command[VMM_PATH_SIZE + 64];
	struct image_source source;
	struct image_facts facts;

	(void)state;
	path_format(path, "%s/overlay", directory);
	for (size_t i = 0; i < ARRAY_LENGTH(sizes); i++) {
		CLEANUP_FD int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		struct stat status;

		assert_int_equal(qcow2_overlay_write(fd, sizes[i]), 0);
		assert_int_equal(fstat(fd, &status), 0);
		source = image_source_file(fd, (uint64_t)status.st_size);
		assert_int_equal(image_inspect(&source, "qcow2", &facts, NULL), 0);
		assert_int_equal(facts.virtual_size, sizes[i]);
		snprintf(command, sizeof(command), "qemu-img check -q %s", path);
		if (access("/usr/bin/qemu-img", X_OK) == 0)
			assert_int_equal(system(command), 0);
	}
	unlink(path);
}

/* ---- records ---- */

static void record_comes_back(void **state)
{
	struct guest_instance guest = { .vmm = &vmm, .id = GUEST }, again = guest;

	(void)state;
	guest.record = (struct guest_record){ .pid = 42,
					      .start_time = UINT64_C(1) << 40,
					      .slot = 3,
					      .generation = UINT64_MAX,
					      .held = true,
					      .reboots_soft = 1,
					      .reboots_hard = 2,
					      .ending = 4,
					      .state = GUEST_CRASHED,
					      .code = 500,
					      .self = true,
					      .started = 5,
					      .accelerator = "kvm",
					      .reason = "it said \"no\"\n\xff",
					      .ports = { "a", "b" },
					      .port_count = 2 };
	assert_int_equal(guest_record_save(&guest), 0);
	assert_int_equal(guest_record_load(&again, NULL), 0);
	assert_memory_equal(&again.record, &guest.record, sizeof(guest.record));
	guest_record_remove(&guest);
	assert_int_equal(guest_record_load(&again, NULL), -ENOENT);
}

static void start_time_tells_processes_apart(void **state)
{
	(void)state;
	assert_true(process_start_time(getpid()) > process_start_time(1));
	assert_int_equal(process_start_time(0x7ffffff), 0);
}

/* ---- logs ---- */

static void text_write(const char *path, const char *text, int flags)
{
	CLEANUP_FD int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void lines_expect(const char *path, uint32_t lines, const char *expected)
{
	CLEANUP_FREE char *text = NULL;
	size_t size;

	assert_int_equal(console_log_read(path, lines, &text, &size), 0);
	assert_int_equal(size, strlen(expected));
	assert_memory_equal(text, expected, size);
}

static void log_gives_its_last_lines(void **state)
{
	char path[VMM_PATH_SIZE], line[8];

	(void)state;
	path_format(path, "%s/log", directory);
	text_write(path, "one\ntwo\nthree\n", O_TRUNC);
	lines_expect(path, 0, "one\ntwo\nthree\n");
	lines_expect(path, 2, "two\nthree\n");
	lines_expect(path, 9, "one\ntwo\nthree\n");
	text_write(path, "four", O_APPEND);
	lines_expect(path, 2, "three\nfour");
	console_log_last_line(path, line, sizeof(line));
	assert_string_equal(line, "four");
	text_write(path, "\n\x1b[0mlonger\n\n", O_APPEND);
	console_log_last_line(path, line, sizeof(line));
	assert_string_equal(line, "?[0mlon");
	unlink(path);
	console_log_last_line(path, line, sizeof(line));
	assert_string_equal(line, "");
}

/* A guest writes for ever: the file stays small and keeps the latest. */
static void log_is_cut(void **state)
{
	struct guest_instance *guest = guest_new(&vmm, GUEST);
	char path[VMM_PATH_SIZE], block[4097];
	struct stat status;
	CLEANUP_FD int fd = -1;

	(void)state;
	guest_record_save(guest);
	guest_path(guest, "console.log", path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	console_log_watch(&vmm, path);
	memset(block, 'x', sizeof(block));
	block[4095] = '\n';
	for (int i = 0; i < 40; i++)
		assert_int_equal(write(fd, block, 4096), 4096);
	loop_once(vmm.loop, 0);
	assert_int_equal(fstat(fd, &status), 0);
	assert_int_equal(status.st_size, CONSOLE_LOG_KEPT);
	assert_int_equal(write(fd, "end\n", 4), 4);
	lines_expect(path, 1, "end\n");
	guest_record_remove(guest);
	guest_free(guest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(overlay_is_sound),
		cmocka_unit_test(record_comes_back),
		cmocka_unit_test(start_time_tells_processes_apart),
		cmocka_unit_test(log_gives_its_last_lines),
		cmocka_unit_test(log_is_cut),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
