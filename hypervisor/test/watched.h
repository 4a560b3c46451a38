/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tests that only look at the guest that runs; vmm_test.c has what they are about. */
#ifndef CUMULET_HYPERVISOR_TEST_WATCHED_H
#define CUMULET_HYPERVISOR_TEST_WATCHED_H

static void guest_shows_its_screen(void **state)
{
	struct harness *h = *state;
	struct timeval patience = { .tv_sec = PATIENCE_S };
	char greeting[13] = "";

	SKIP_UNLESS_POSSIBLE;
	for (int i = 0; i < 2; i++) {
		line_open(h, VMM_VNC_OPEN, GUEST);
		setsockopt(h->serial_fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		assert_int_equal(recv(h->serial_fd, greeting, 12, MSG_WAITALL), 12);
		assert_string_equal(greeting, "RFB 003.008\n");
	}
}

static void guest_is_measured(void **state)
{
	struct harness *h = *state;
	const struct vmm_diagnostics *found;
	const struct vmm_disk_counters *disks;
	const struct vmm_cpu_time *cpus;

	SKIP_UNLESS_POSSIBLE;
	found = diagnostics_of(h, GUEST);
	assert_int_equal(found->code, 0);
	assert_int_equal(found->cpus.count, 1);
	cpus = found->cpus.items;
	assert_true(cpus[0].time > 0);
	assert_int_equal(found->disks.count, 1);
	disks = found->disks.items;
	assert_string_equal(disks[0].name, "vda");
	assert_true(disks[0].read_requests > 0);
	assert_true(disks[0].read_bytes >= 512);
	assert_int_equal(found->memory_actual, 64 << 20);
	assert_true(found->memory_resident > 4 << 20);
	assert_int_equal(diagnostics_of(h, OTHER)->code, ESRCH);
}

#endif
