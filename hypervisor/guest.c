/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/base.h"
#include "hypervisor/disk.h"

struct guest_instance *guest_new(struct vmm *vmm, const char *id)
{
	struct guest_instance *guest = calloc(1, sizeof(*guest));

	if (guest == NULL)
		return NULL;
	guest->vmm = vmm;
	guest->phase = PHASE_ABSENT;
	guest->status_fd = -1;
	guest->qmp.fd = -1;
	snprintf(guest->id, sizeof(guest->id), "%s", id);
	guest->next = vmm->guests;
	vmm->guests = guest;
	return guest;
}

/* Lets go of everything in memory; a QEMU that runs goes on. */
void guest_free(struct guest_instance *guest)
{
	struct guest_instance **link = &guest->vmm->guests;

	while (*link != NULL && *link != guest)
		link = &(*link)->next;
	if (*link != NULL)
		*link = guest->next;
	loop_task_cancel(&guest->reconcile);
	loop_timer_stop(&guest->deadline);
	loop_timer_stop(&guest->press);
	tap_set_release(&guest->taps);
	guest_process_release(guest);
	arena_free(&guest->arena);
	free(guest);
}

/* ---- what is wanted ---- */

enum guest_event guest_power_want(const struct guest_instance *guest)
{
	const struct guest *desired = &guest->desired;

	switch ((enum guest_power)desired->power) {
	case GUEST_RUN:
		if (desired->reboots_hard > guest->record.reboots_hard)
			return WANT_REBOOT_HARD;
		if (desired->reboots_soft > guest->record.reboots_soft)
			return WANT_REBOOT_SOFT;
		return WANT_RUN;
	case GUEST_PAUSE:
		return WANT_PAUSE;
	case GUEST_STOP:
		return WANT_STOP;
	case GUEST_SUSPEND:
		return WANT_SUSPEND;
	}
	return EVENT_NONE;
}

enum guest_event guest_want(const struct guest_instance *guest)
{
	if (guest->vmm->host.probing)
		return EVENT_NONE;
	if (guest->deleting)
		return WANT_DELETE;
	if (guest->vmm->stopping)
		return WANT_STOP;
	if (!guest->has_desired)
		return EVENT_NONE;
	/* It stopped by itself, crashed or can't be built: it stays so until cloud wants anew. */
	if (guest->record.held && guest->desired.generation <= guest->record.generation)
		return EVENT_NONE;
	return guest_power_want(guest);
}

static void on_reconcile(struct loop_task *task)
{
	struct guest_instance *guest = container_of(task, struct guest_instance, reconcile);
	enum guest_event event = guest_want(guest);

	/* Before what may free the guest. */
	hotplug_look(guest);
	if (event != EVENT_NONE)
		guest_dispatch(guest, event);
}

void guest_reconcile_soon(struct guest_instance *guest)
{
	loop_task_queue(guest->vmm->loop, &guest->reconcile, on_reconcile);
}

/* ---- what happens ---- */

/* An action may raise the next event itself; it sees the new phase already. */
void guest_dispatch(struct guest_instance *guest, enum guest_event event)
{
	const struct guest_step *step = guest_step(guest->phase, event);
	enum guest_phase from = guest->phase;

	if (step == NULL) {
		log_debug("guest", "event without meaning", "id=%s phase=%s event=%s", guest->id,
			  guest_phase_name(from), guest_event_name(event));
		return;
	}
	guest->phase = step->next == PHASE_OUTCOME ? guest->outcome : step->next;
	if (from != guest->phase) {
		log_debug("guest", "phase changes", "id=%s from=%s to=%s event=%s", guest->id,
			  guest_phase_name(from), guest_phase_name(guest->phase),
			  guest_event_name(event));
		guest_reconcile_soon(guest);
	}
	guest_actions[step->action](guest); /* frees the guest when the phase is gone */
}

/* ---- cloning ---- */

static enum base_state disk_need(struct guest_instance *guest, const struct guest_disk *disk)
{
	enum base_state state = BASE_READY;

	if (disk->attached)
		return BASE_READY; /* a volume is made by others */
	if (disk_exists(guest->vmm, guest->id, disk))
		return disk_grow(guest->vmm, guest->id, disk, &guest->fault) < 0 ? BASE_FAILED
										 : BASE_READY;
	if (disk->image_id[0] != '\0')
		state = base_need(guest->vmm, disk, &guest->fault);
	if (state == BASE_READY && disk_make(guest->vmm, guest->id, disk, &guest->fault) < 0)
		return BASE_FAILED;
	return state;
}

void guest_clone(struct guest_instance *guest)
{
	const struct guest_disk *disks = guest->desired.disks.items;
	bool pending = false;

	for (size_t i = 0; i < guest->desired.disks.count; i++) {
		enum base_state state = disk_need(guest, &disks[i]);

		if (state == BASE_FAILED) {
			guest_dispatch(guest, EVENT_FAULT);
			return;
		}
		pending = pending || state == BASE_PENDING;
	}
	if (pending)
		return;
	if (disk_config_drive_write(guest->vmm, &guest->desired, &guest->fault) < 0)
		guest_dispatch(guest, EVENT_FAULT);
	else
		guest_dispatch(guest, EVENT_DISKS_READY);
}
