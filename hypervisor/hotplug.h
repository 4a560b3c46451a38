/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and volumes of guests that run. There is no list of what was plugged in: each look asks
 * QEMU for its devices, compares them with what is desired, and tells it what is missing or too
 * many, until nothing is left to say. So the same code serves an attachment, a detachment, a vmm
 * that was killed half-way, and a device that goes long after it was asked to.
 *
 *	device   wanted
 *	yes      yes     nothing
 *	no       yes     interface: its tap is asked for (10 s); back end and device are added.
 *	                 An attempt that fails is not repeated for the same generation: stuck
 *	yes      no      the guest is asked to let go, again every 5 s while it has time for it
 *	                 (-u, 160 s as in Nova's eight attempts of 20 s), then it is stuck
 *	no       no      back end and descriptors go, netd is told that the tap is free
 *
 * What is stuck is reported with the generation, and tried again with the next one. Nothing here
 * waits: a guest that never answers holds up neither its own power nor any other guest.
 */
#ifndef CUMULET_HYPERVISOR_HOTPLUG_H
#define CUMULET_HYPERVISOR_HOTPLUG_H

#include "hypervisor/qmp.h"
#include "hypervisor/slots.h"

struct guest_instance;

struct hotplug {
	struct guest_slots slots; /* as in the file, and as QEMU says */
	bool dirty;               /* there is something to look at */
	unsigned look;            /* id of the question under way; 0: none */
	unsigned first, last;     /* ids of the commands under way; 0: none */
	bool plugging;            /* these add something: what goes wrong is told */
	bool wiring, wired;       /* taps are asked for; they are all there */
	uint64_t wiring_since;    /* ms of the loop */
	uint64_t generation;      /* that the following is about */
	bool tried[GUEST_SLOTS];
	uint64_t asked_first[GUEST_SLOTS], asked_last[GUEST_SLOTS]; /* to go; 0: not */
	char stuck[GUEST_STUCK_SIZE], fault[256];
	struct loop_timer timer;
};

/* The desire, the phase or the connection changed. */
void hotplug_look(struct guest_instance *guest);
/* QEMU is there, maybe one that an earlier vmm started. */
void hotplug_on_ready(struct guest_instance *guest);
void hotplug_on_answer(struct guest_instance *guest, const struct qmp_message *answer);
void hotplug_on_event(struct guest_instance *guest, const struct qmp_message *event);
/* The connection or the process is gone: nothing is under way any more. */
void hotplug_on_lost(struct guest_instance *guest);
/* QEMU is started with all that is desired: gives each device its slot, and writes it down.
 * *moved: not as it was, so that a memory of before does not fit. */
int hotplug_slots_fit(struct guest_instance *guest, bool *moved, struct error *error);

#endif
