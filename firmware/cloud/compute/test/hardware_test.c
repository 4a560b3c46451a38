/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Extra specs and image properties to hardware; rules and texts are Nova's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "firmware/cloud/compute/hardware.h"
#include "firmware/lib/cleanup.h"

static struct arena arena;
static struct hardware hardware;
static struct error error;

static int set_up(void **state)
{
	(void)state;
	arena = (struct arena)ARENA_INIT;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static int read_both(unsigned vcpus, const char *specs, const char *properties)
{
	char *flavor = arena_printf(&arena, "{\"vcpus\":%u,\"extra_specs\":%s}", vcpus, specs);

	error = (struct error){ 0 };
	return hardware_read(json_parse(&arena, flavor, strlen(flavor)),
			     json_parse(&arena, properties, strlen(properties)), &hardware, &error);
}

static void refused(unsigned vcpus, const char *specs, const char *properties, const char *reason)
{
	assert_int_equal(read_both(vcpus, specs, properties), -EINVAL);
	assert_string_equal(error.message, reason);
}

static void topology_is(unsigned sockets, unsigned cores, unsigned threads)
{
	assert_int_equal(hardware.guest.sockets, sockets);
	assert_int_equal(hardware.guest.cores, cores);
	assert_int_equal(hardware.guest.threads, threads);
}

static void nothing_asked_for_is_the_default(void **state)
{
	(void)state;
	assert_int_equal(hardware_read(NULL, NULL, &hardware, &error), 0);
	assert_int_equal(read_both(4, "{}", "{}"), 0);
	topology_is(4, 1, 1);
	assert_string_equal(hardware.machine, "");
	assert_string_equal(hardware.firmware, "");
	assert_string_equal(hardware.guest.watchdog, "");
	assert_false(hardware.guest.no_rng);
	assert_false(hardware.guest.secure_boot);
}

static void members_are_taken(void **state)
{
	(void)state;
	assert_int_equal(read_both(1,
				   "{\"hw:watchdog_action\":\"pause\",\"hw_rng:allowed\":\"False\","
				   "\"quota:cpu_quota\":\"20000\",\"quota:disk_read_bytes_sec\":"
				   "\"10737418240\",\"hw:machine_type\":\"microvm\"}",
				   "{\"hw_watchdog_action\":\"reset\",\"hw_disk_bus\":\"scsi\","
				   "\"hw_vif_model\":\"e1000e\",\"hw_firmware_type\":\"uefi\"}"),
			 0);
	assert_string_equal(hardware.guest.watchdog, "reset"); /* the image's is taken */
	assert_true(hardware.guest.no_rng);
	assert_int_equal(hardware.guest.cpu_quota, 20000);
	assert_int_equal(hardware.guest.throttle.read_bytes, 10737418240);
	assert_string_equal(hardware.machine, "microvm");
	assert_string_equal(hardware.disk_bus, "scsi");
	assert_string_equal(hardware.nic_model, "e1000e");
	assert_string_equal(hardware.firmware, "uefi");
	assert_int_equal(
		read_both(1, "{\"hw:watchdog_action\":\"disabled\",\"hw_rng:allowed\":\"True\"}",
			  "{}"),
		0);
	assert_string_equal(hardware.guest.watchdog, "");
	assert_false(hardware.guest.no_rng);
}

static void values_that_are_none_are_refused(void **state)
{
	(void)state;
	refused(1, "{}", "{\"hw_watchdog_action\":\"bark\"}",
		"Provided watchdog action (bark) is not supported.");
	refused(1, "{\"quota:cpu_quota\":\"-1\"}", "{}",
		"Invalid flavor extra spec. Error: invalid literal for int() with base 10: '-1'");
	refused(1, "{\"hw:cpu_cores\":\"99999999999999999999\"}", "{}",
		"Invalid flavor extra spec. Error: invalid literal for int() with base 10: "
		"'99999999999999999999'");
	refused(1, "{\"pci_passthrough:alias\":\"gpu:2\"}", "{}", "PCI alias gpu is not defined");
}

static void secure_boot_needs_one_answer(void **state)
{
	(void)state;
	refused(1, "{\"os:secure_boot\":\"required\"}", "{\"os_secure_boot\":\"disabled\"}",
		"Conflicting values for os_secure_boot found in the flavor (required) and the "
		"image (disabled).");
	refused(1, "{\"os:secure_boot\":\"yes\"}", "{}",
		"Invalid secure boot policy 'yes'. Allowed values: required, disabled, optional.");
	assert_int_equal(read_both(1, "{\"os:secure_boot\":\"required\"}", "{}"), 0);
	assert_true(hardware.guest.secure_boot); /* vmm refuses it: the guest has no UEFI */
	assert_int_equal(read_both(1, "{}", "{\"os_secure_boot\":\"optional\"}"), 0);
	assert_false(hardware.guest.secure_boot);
	assert_int_equal(read_both(1, "{}",
				   "{\"os_secure_boot\":\"optional\","
				   "\"hw_firmware_type\":\"uefi\"}"),
			 0);
	assert_true(hardware.guest.secure_boot);
}

static void topology_follows_preferences_and_bounds(void **state)
{
	(void)state;
	assert_int_equal(read_both(8, "{\"hw:cpu_cores\":\"4\"}", "{}"), 0);
	topology_is(2, 4, 1);
	assert_int_equal(read_both(8, "{\"hw:cpu_sockets\":\"2\"}", "{\"hw_cpu_threads\":\"2\"}"),
			 0);
	topology_is(4, 1, 2); /* the image's preference counts alone */
	assert_int_equal(read_both(8, "{\"hw:cpu_max_sockets\":\"2\"}", "{}"), 0);
	topology_is(2, 4, 1);
	/* A preference that the image's bounds rule out is dropped. */
	assert_int_equal(
		read_both(8, "{\"hw:cpu_sockets\":\"8\"}", "{\"hw_cpu_max_sockets\":\"1\"}"), 0);
	topology_is(1, 8, 1);
}

static void topologies_that_can_not_be_are_refused(void **state)
{
	(void)state;
	refused(8, "{\"hw:cpu_max_sockets\":\"2\"}", "{\"hw_cpu_max_sockets\":\"4\"}",
		"Image vCPU topology limits (sockets=4, cores=0, threads=0) exceeds the limits of "
		"the flavor (sockets=2, cores=0, threads=0)");
	refused(8, "{\"hw:cpu_max_sockets\":\"2\"}", "{\"hw_cpu_sockets\":\"4\"}",
		"Image vCPU topology (sockets=4, cores=0, threads=0) exceeds the limits of the "
		"flavor or image (sockets=2, cores=65536, threads=65536)");
	refused(8,
		"{\"hw:cpu_max_sockets\":\"2\",\"hw:cpu_max_cores\":\"2\","
		"\"hw:cpu_max_threads\":\"1\"}",
		"{}", "Requested vCPU limits 2:2:1 are impossible to satisfy for vcpus count 8");
}

static void servers_keep_what_counts(void **state)
{
	static const char image[] =
		"{\"id\":\"x\",\"hw_firmware_type\":\"uefi\",\"hw_cpu_cores\":\"2\","
		"\"os_secure_boot\":\"required\",\"owner\":\"somebody\"}";
	yyjson_mut_doc *doc = json_document(&arena);
	const char *kept;

	(void)state;
	kept = json_write(&arena, hardware_kept(doc, json_parse(&arena, image, strlen(image))));
	assert_string_equal(kept, "{\"hw_firmware_type\":\"uefi\",\"os_secure_boot\":\"required\","
				  "\"hw_cpu_cores\":\"2\"}");
}

#define HARDWARE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HARDWARE_TEST(nothing_asked_for_is_the_default),
		HARDWARE_TEST(members_are_taken),
		HARDWARE_TEST(values_that_are_none_are_refused),
		HARDWARE_TEST(secure_boot_needs_one_answer),
		HARDWARE_TEST(topology_follows_preferences_and_bounds),
		HARDWARE_TEST(topologies_that_can_not_be_are_refused),
		HARDWARE_TEST(servers_keep_what_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
