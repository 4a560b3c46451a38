/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of slots as a file, and the names of devices as QEMU lists them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "hypervisor/slots.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void table_check(const char *text)
{
	struct guest_slots slots, again;
	char printed[SLOTS_TEXT_MAX];

	slots_parse(&slots, text);
	slots_print(&slots, printed);
	slots_parse(&again, printed);
	for (unsigned i = 0; i < GUEST_SLOTS; i++)
		if (slots.slots[i].kind != again.slots[i].kind ||
		    strcmp(slots.slots[i].id, again.slots[i].id) != 0)
			abort();
}

static void name_check(const char *text)
{
	struct guest_slot slot = { 0 }, again = { 0 };
	char name[SLOT_NAME_SIZE];
	int number = slot_of_name(text, &slot);

	if (number < 0)
		return;
	slot_name((unsigned)number, &slot, name);
	if (slot_of_name(name, &again) != number || again.kind != slot.kind)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	table_check(text);
	name_check(text);
	free(text);
	return 0;
}
