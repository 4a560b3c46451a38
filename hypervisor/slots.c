/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/slots.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/error.h"

static const char *const kind_names[] = { [SLOT_NIC] = "nic", [SLOT_VOLUME] = "volume" };

int slots_find(const struct guest_slots *slots, enum slot_kind kind, const char *id)
{
	for (int i = 0; i < GUEST_SLOTS; i++)
		if (slots->slots[i].kind == kind && strcmp(slots->slots[i].id, id) == 0)
			return i;
	return -1;
}

int slots_take(struct guest_slots *slots, enum slot_kind kind, const char *id)
{
	int number = slots_find(slots, kind, id);

	for (int i = 0; i < GUEST_SLOTS && number < 0; i++) {
		struct guest_slot *slot = &slots->slots[i];

		if (slot->kind != SLOT_EMPTY)
			continue;
		slot->kind = kind;
		snprintf(slot->id, sizeof(slot->id), "%s", id);
		number = i;
	}
	return number;
}

static bool volume_is_wanted(const struct guest *guest, const char *id)
{
	const struct guest_disk *disks = guest->disks.items;

	for (size_t i = 0; i < guest->disks.count; i++)
		if (disks[i].attached && strcmp(disks[i].id, id) == 0)
			return true;
	return false;
}

static bool nic_is_wanted(const struct guest *guest, const char *id)
{
	const struct guest_nic *nics = guest->nics.items;

	for (size_t i = 0; i < guest->nics.count; i++)
		if (strcmp(nics[i].port_id, id) == 0)
			return true;
	return false;
}

bool slot_is_wanted(const struct guest_slot *slot, const struct guest *guest)
{
	if (slot->kind == SLOT_NIC)
		return nic_is_wanted(guest, slot->id);
	return slot->kind == SLOT_VOLUME && volume_is_wanted(guest, slot->id);
}

int slots_fit(struct guest_slots *slots, const struct guest *guest, struct error *error)
{
	const struct guest_nic *nics = guest->nics.items;
	const struct guest_disk *disks = guest->disks.items;
	bool full = false;

	for (size_t i = 0; i < GUEST_SLOTS; i++)
		if (!slot_is_wanted(&slots->slots[i], guest))
			slots->slots[i] = (struct guest_slot){ 0 };
	for (size_t i = 0; i < guest->nics.count; i++)
		full |= slots_take(slots, SLOT_NIC, nics[i].port_id) < 0;
	for (size_t i = 0; i < guest->disks.count; i++)
		full |= disks[i].attached && slots_take(slots, SLOT_VOLUME, disks[i].id) < 0;
	return full ? error_set(error, -ENOSPC, SLOT_FULL) : 0;
}

/* ---- text ---- */

void slots_print(const struct guest_slots *slots, char text[SLOTS_TEXT_MAX])
{
	size_t at = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < GUEST_SLOTS; i++)
		if (slots->slots[i].kind != SLOT_EMPTY)
			at += (size_t)snprintf(text + at, SLOTS_TEXT_MAX - at, "%u %s %s\n", i,
					       kind_names[slots->slots[i].kind],
					       slots->slots[i].id);
}

static void slot_set(struct guest_slots *slots, unsigned number, const char *kind, const char *id)
{
	for (int i = SLOT_NIC; i <= SLOT_VOLUME; i++) {
		if (number >= GUEST_SLOTS || strcmp(kind, kind_names[i]) != 0)
			continue;
		slots->slots[number].kind = (enum slot_kind)i;
		snprintf(slots->slots[number].id, UUID_SIZE, "%s", id);
	}
}

void slots_parse(struct guest_slots *slots, const char *text)
{
	char kind[8], id[UUID_SIZE];
	unsigned number;

	*slots = (struct guest_slots){ 0 };
	for (; text != NULL; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (sscanf(text, "%3u %7s %36s", &number, kind, id) == 3 && uuid_valid(id))
			slot_set(slots, number, kind, id);
	}
}

int slots_load(struct guest_slots *slots, const char *path)
{
	char text[SLOTS_TEXT_MAX];
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	*slots = (struct guest_slots){ 0 };
	if (size < 0)
		return -errno;
	text[size] = '\0';
	slots_parse(slots, text);
	return 0;
}

int slots_save(const struct guest_slots *slots, const char *path, const char *part)
{
	char text[SLOTS_TEXT_MAX];
	CLEANUP_FD int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	slots_print(slots, text);
	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ||
	    rename(part, path) < 0)
		return errno != 0 ? -errno : -EIO;
	return 0;
}

/* ---- QEMU's names ---- */

void slot_name(unsigned number, const struct guest_slot *slot, char name[SLOT_NAME_SIZE])
{
	snprintf(name, SLOT_NAME_SIZE, "%s%u-%s", kind_names[slot->kind], number, slot->id);
}

int slot_of_name(const char *name, struct guest_slot *slot)
{
	for (int i = SLOT_NIC; i <= SLOT_VOLUME; i++) {
		size_t length = strlen(kind_names[i]);
		unsigned number;
		char dash;

		if (strncmp(name, kind_names[i], length) != 0 ||
		    sscanf(name + length, "%2u%c%36s", &number, &dash, slot->id) != 3 ||
		    dash != '-' || number >= GUEST_SLOTS || !uuid_valid(slot->id))
			continue;
		slot->kind = (enum slot_kind)i;
		return (int)number;
	}
	return -1;
}
