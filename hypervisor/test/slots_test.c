/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which device is in which slot, and the file and the names that say so. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "hypervisor/slots.h"

#define FIRST "11111111-2222-4333-8444-555555555555"
#define SECOND "22222222-2222-4333-8444-555555555555"
#define VOLUME "33333333-2222-4333-8444-555555555555"

static void devices_keep_their_slots(void **state)
{
	struct guest_nic nics[] = { { .port_id = FIRST }, { .port_id = SECOND } };
	struct guest_disk disks[] = { { .id = FIRST }, { .id = VOLUME, .attached = true } };
	struct guest guest = { .nics = { nics, 2 }, .disks = { disks, 2 } };
	struct guest_slots slots = { 0 };

	(void)state;
	assert_int_equal(slots_fit(&slots, &guest, NULL), 0);
	assert_int_equal(slots_find(&slots, SLOT_NIC, SECOND), 1);
	assert_int_equal(slots_find(&slots, SLOT_VOLUME, VOLUME), 2);
	assert_int_equal(slots_find(&slots, SLOT_VOLUME, FIRST), -1); /* its own disk */
	guest.nics = (struct message_list){ nics + 1, 1 };
	assert_int_equal(slots_fit(&slots, &guest, NULL), 0);
	assert_int_equal(slots_find(&slots, SLOT_NIC, FIRST), -1);
	assert_int_equal(slots_find(&slots, SLOT_NIC, SECOND), 1);
	assert_int_equal(slots_take(&slots, SLOT_NIC, FIRST), 0);
}

static void more_than_there_are_is_refused(void **state)
{
	struct guest_nic nics[GUEST_NICS_MAX] = { 0 };
	struct guest_disk volume = { .id = VOLUME, .attached = true };
	struct guest guest = { .nics = { nics, GUEST_NICS_MAX }, .disks = { &volume, 1 } };
	struct guest_slots slots = { 0 };
	struct error error;

	(void)state;
	for (unsigned i = 0; i < GUEST_NICS_MAX; i++)
		snprintf(nics[i].port_id, UUID_SIZE, "%08x-2222-4333-8444-555555555555", i);
	assert_int_equal(slots_fit(&slots, &guest, &error), -ENOSPC);
	assert_string_equal(error.message, "No more available PCI slots");
}

static void the_file_tells_it_again(void **state)
{
	struct guest_slots slots = { 0 }, again;
	char text[SLOTS_TEXT_MAX];

	(void)state;
	for (unsigned i = 0; i < GUEST_SLOTS; i++) {
		slots.slots[i].kind = i % 2 ? SLOT_VOLUME : SLOT_NIC;
		snprintf(slots.slots[i].id, UUID_SIZE, "%08x-2222-4333-8444-555555555555", i);
	}
	slots.slots[3] = (struct guest_slot){ 0 };
	slots_print(&slots, text);
	slots_parse(&again, text);
	assert_memory_equal(&slots, &again, sizeof(slots));
}

/* Whatever stands in the file, what does not belong is left out. */
static void a_damaged_file_gives_what_it_can(void **state)
{
	struct guest_slots slots;

	(void)state;
	slots_parse(&slots, "16 nic " FIRST "\n-1 nic " FIRST "\n1 bus " FIRST "\n2 nic x\n"
			    "nonsense\n\n4 volume " VOLUME "\n5 nic " SECOND);
	for (int i = 0; i < GUEST_SLOTS; i++)
		assert_int_equal(slots.slots[i].kind, i == 4   ? SLOT_VOLUME
						      : i == 5 ? SLOT_NIC
							       : SLOT_EMPTY);
}

static void names_tell_the_slot(void **state)
{
	struct guest_slot slot = { SLOT_VOLUME, VOLUME }, again = { 0 };
	char name[SLOT_NAME_SIZE];
	static const char *const others[] = {
		"",      "nic",  "slot3", "nic16-" FIRST, "nic1_" FIRST, "nic-1-" FIRST,
		"nic1-", "scsi", "disk0"
	};

	(void)state;
	slot_name(15, &slot, name);
	assert_string_equal(name, "volume15-" VOLUME);
	assert_int_equal(slot_of_name(name, &again), 15);
	assert_memory_equal(&slot, &again, sizeof(slot));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_int_equal(slot_of_name(others[i], &again), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(devices_keep_their_slots),
		cmocka_unit_test(more_than_there_are_is_refused),
		cmocka_unit_test(the_file_tells_it_again),
		cmocka_unit_test(a_damaged_file_gives_what_it_can),
		cmocka_unit_test(names_tell_the_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
