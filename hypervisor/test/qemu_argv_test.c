/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command lines against stored text: test/argv/<name>.txt. After a change that is meant, run with
 * CUMULET_GOLDEN=write and read the difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hypervisor/qemu_argv.h"

#define PORT "eeeeeeee-2222-4333-8444-555555555555"
#define VOLUME "ffffffff-2222-4333-8444-555555555555"

static struct guest guest;
static struct qemu_plan plan;

static int set_up(void **state)
{
	(void)state;
	guest = (struct guest){
		.id = "11111111-2222-4333-8444-555555555555",
		.name = "web,server\n1",
		.vcpus = 2,
		.memory_mib = 512,
		.machine = "q35",
		.firmware = "bios",
	};
	plan = (struct qemu_plan){
		.guest = &guest,
		.binary = "/usr/bin/qemu-system-x86_64",
		.share = "/usr/share/qemu",
		.arch = "x86_64",
		.kvm = true,
		.io_uring = true,
		.qmp_fd = 10,
		.serial_fd = 11,
		.log_fd = 12,
		.agent_fd = -1,
		.memory_fd = -1,
		.code_fd = -1,
		.nvram_fd = -1,
		.disks = { { .fd = 20,
			     .backing_fd = -1,
			     .direct = true,
			     .bus = "virtio",
			     .serial = "dddddddd-2222-4333-8444-555555555555" } },
		.disk_count = 1,
	};
	return 0;
}

/* An argument that begins with a dash begins a line. */
static void line_print(char *out, size_t size, char **argv)
{
	size_t at = 0;

	for (size_t i = 0; argv[i] != NULL; i++)
		at += (size_t)snprintf(out + at, size - at, "%s%s",
				       i == 0              ? ""
				       : argv[i][0] == '-' ? "\n"
							   : " ",
				       argv[i]);
	snprintf(out + at, size - at, "\n");
}

static void golden_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void golden_check(const char *name)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char path[128], got[16384], stored[16384] = "";
	struct error error;
	char **argv;
	FILE *file;

	assert_int_equal(qemu_argv(&arena, &plan, &argv, &error), 0);
	line_print(got, sizeof(got), argv);
	snprintf(path, sizeof(path), "hypervisor/test/argv/%s.txt", name);
	if (getenv("CUMULET_GOLDEN") != NULL)
		golden_write(path, got);
	file = fopen(path, "r");
	assert_non_null(file);
	stored[fread(stored, 1, sizeof(stored) - 1, file)] = '\0';
	fclose(file);
	assert_string_equal(got, stored);
}

static void q35_with_kvm(void **state)
{
	(void)state;
	plan.nics[0] = (struct qemu_nic){ .tap_fd = 30,
					  .vhost_fd = 31,
					  .mac = "fa:16:3e:00:00:01",
					  .port_id = PORT,
					  .mtu = 1450 };
	plan.nic_count = 1;
	golden_check("q35-kvm");
}

static void q35_with_overlay_and_config_drive(void **state)
{
	(void)state;
	plan.kvm = plan.io_uring = false;
	plan.disks[0].backing_fd = 21;
	plan.disks[1] = (struct qemu_disk){
		.fd = 22, .backing_fd = -1, .bus = "sata", .serial = "second", .boot_index = 1
	};
	plan.disks[2] = (struct qemu_disk){
		.fd = 23, .backing_fd = -1, .read_only = true, .bus = "", .serial = "config"
	};
	plan.disks[3] = (struct qemu_disk){
		.fd = 24, .backing_fd = -1, .attached = true, .slot = 5, .bus = "", .serial = VOLUME
	};
	plan.disk_count = 4;
	plan.nics[0] = (struct qemu_nic){
		.tap_fd = 30, .vhost_fd = -1, .mac = "fa:16:3e:00:00:01", .port_id = PORT
	};
	plan.nic_count = 1;
	golden_check("q35-tcg-overlay");
}

static void microvm(void **state)
{
	(void)state;
	snprintf(guest.machine, sizeof(guest.machine), "microvm");
	plan.nics[0] = (struct qemu_nic){ .tap_fd = 30,
					  .vhost_fd = -1,
					  .mac = "fa:16:3e:00:00:01",
					  .port_id = PORT,
					  .mtu = 1450 };
	plan.nic_count = 1;
	golden_check("microvm");
}

static void uefi_with_all_that_may_be_asked_for(void **state)
{
	(void)state;
	snprintf(guest.firmware, sizeof(guest.firmware), "uefi");
	guest.vcpus = 8;
	guest.hardware = (struct guest_hardware){
		.secure_boot = true,
		.sockets = 1,
		.cores = 4,
		.threads = 2,
		.watchdog = "reset",
		.rng_bytes = 1024,
		.rng_period = 500,
		.throttle = { .total_bytes = 1 << 20, .write_requests = 100 },
	};
	plan.agent_fd = 13;
	plan.code_fd = 40;
	plan.nvram_fd = 41;
	plan.disks[0].bus = "scsi";
	plan.nics[0] = (struct qemu_nic){ .tap_fd = 30,
					  .vhost_fd = 31,
					  .mac = "fa:16:3e:00:00:01",
					  .port_id = PORT,
					  .mtu = 1450,
					  .model = "e1000e" };
	plan.nic_count = 1;
	golden_check("q35-uefi");
}

/* A product that is not the number of processors is none. */
static void processors_in_no_order_are_sockets(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char **argv;

	(void)state;
	guest.hardware.sockets = guest.hardware.cores = guest.hardware.threads = 1u << 31;
	assert_int_equal(qemu_argv(&arena, &plan, &argv, NULL), 0);
	for (; *argv != NULL && strcmp(*argv, "-smp") != 0; argv++)
		;
	assert_non_null(*argv);
	assert_string_equal(argv[1], "cpus=2,sockets=2,cores=1,threads=1");
}

static void virt(void **state)
{
	(void)state;
	plan.arch = "aarch64";
	plan.binary = "/usr/bin/qemu-system-aarch64";
	golden_check("virt");
}

static void refused(const char *reason)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct error error;
	char **argv;

	assert_int_equal(qemu_argv(&arena, &plan, &argv, &error), -EINVAL);
	assert_string_equal(error.message, reason);
}

static void what_can_not_be_expressed_is_refused(void **state)
{
	(void)state;
	snprintf(guest.machine, sizeof(guest.machine), "pc");
	refused("Machine type pc is not supported on x86_64");
	snprintf(guest.machine, sizeof(guest.machine), "microvm");
	plan.disks[0].bus = "sata";
	refused("Requested hardware 'sata' is not supported by the 'qemu' virt driver");
	plan.disks[0].bus = "virtio";
	snprintf(guest.hardware.watchdog, sizeof(guest.hardware.watchdog), "reset");
	refused("Requested hardware 'i6300esb' is not supported by the 'qemu' virt driver");
	plan.code_fd = plan.nvram_fd = 40;
	refused("UEFI is not supported");
	snprintf(guest.machine, sizeof(guest.machine), "q35");
	snprintf(guest.hardware.watchdog, sizeof(guest.hardware.watchdog), "none,panic=x");
	refused("Provided watchdog action (none,panic=x) is not supported.");
	guest.hardware.watchdog[0] = '\0';
	plan.nics[0] = (struct qemu_nic){ .tap_fd = 30, .vhost_fd = -1, .model = "rtl8139" };
	plan.nic_count = 1;
	refused("Requested hardware 'rtl8139' is not supported by the 'qemu' virt driver");
}

/* No name that a user chose may become an option of its own. */
static void a_name_stays_a_name(void **state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char **argv;

	(void)state;
	snprintf(guest.name, sizeof(guest.name), "x,process=y,,z");
	assert_int_equal(qemu_argv(&arena, &plan, &argv, NULL), 0);
	assert_string_equal(argv[1], "-name");
	assert_string_equal(argv[2], "guest=x,,process=y,,,,z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(q35_with_kvm, set_up),
		cmocka_unit_test_setup(q35_with_overlay_and_config_drive, set_up),
		cmocka_unit_test_setup(microvm, set_up),
		cmocka_unit_test_setup(uefi_with_all_that_may_be_asked_for, set_up),
		cmocka_unit_test_setup(processors_in_no_order_are_sockets, set_up),
		cmocka_unit_test_setup(virt, set_up),
		cmocka_unit_test_setup(what_can_not_be_expressed_is_refused, set_up),
		cmocka_unit_test_setup(a_name_stays_a_name, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
