/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a guest's interfaces and volumes are plugged in: GUEST_SLOTS PCI Express root ports, one
 * device each. A device keeps its slot as long as it is wanted, so that the guest finds it at the
 * same address after a stop, and a suspended guest's memory fits its machine. The table stands
 * beside the disks, in /data/guests/<id>/slots, a line "<slot> nic|volume <id>" for each device,
 * written before QEMU is told to plug anything in.
 *
 * QEMU's names are made of it: the device is "nic3-<port>" or "volume3-<volume>" on the bus
 * "slot3", its back end "net3" or "volume3". What QEMU has is so told by its list of devices alone.
 */
#ifndef CUMULET_HYPERVISOR_SLOTS_H
#define CUMULET_HYPERVISOR_SLOTS_H

#include "hypervisor/message.h"

#define GUEST_SLOTS 16
#define SLOTS_TEXT_MAX 1024
#define SLOT_FULL "No more available PCI slots"

enum slot_kind { SLOT_EMPTY, SLOT_NIC, SLOT_VOLUME };

struct guest_slot {
	enum slot_kind kind;
	char id[UUID_SIZE];
};

struct guest_slots {
	struct guest_slot slots[GUEST_SLOTS];
};

/* The slot of a device; -1: none. */
int slots_find(const struct guest_slots *slots, enum slot_kind kind, const char *id);
/* Gives a device the lowest empty slot, or the one that it has; -1: all are taken. */
int slots_take(struct guest_slots *slots, enum slot_kind kind, const char *id);
/* Whether the guest is to have the device in this slot. */
bool slot_is_wanted(const struct guest_slot *slot, const struct guest *guest);
/* Empties the slots of what is not wanted, gives one to all that is. -ENOSPC with the reason. */
int slots_fit(struct guest_slots *slots, const struct guest *guest, struct error *error);

/* The file's text, and back: what can't be read of it is left out. */
void slots_print(const struct guest_slots *slots, char text[SLOTS_TEXT_MAX]);
void slots_parse(struct guest_slots *slots, const char *text);
int slots_load(struct guest_slots *slots, const char *path);
int slots_save(const struct guest_slots *slots, const char *path, const char *part);

#define SLOT_NAME_SIZE 48
/* "nic3-<id>", and back: the slot, or -1 for the name of something else. */
void slot_name(unsigned number, const struct guest_slot *slot, char name[SLOT_NAME_SIZE]);
int slot_of_name(const char *name, struct guest_slot *slot);

#endif
