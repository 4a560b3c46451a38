/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/guest.h"

#define MIB (1u << 20)

bool guest_is_settled(const struct guest_instance *guest)
{
	switch (guest->phase) {
	case PHASE_RUNNING:
	case PHASE_PAUSED:
	case PHASE_STOPPED:
	case PHASE_SUSPENDED:
	case PHASE_CRASHED:
	case PHASE_FAILED:
	case PHASE_GONE:
		return guest->record.state != 0;
	default:
		return false;
	}
}

/* Between two settled states cloud hears nothing, so that a reboot is over when it does; but for
 * the very first: building is a state of its own. */
static bool is_building(const struct guest_instance *guest)
{
	return guest->record.state == 0 &&
	       (guest->phase == PHASE_CLONING || guest->phase == PHASE_WIRING ||
		guest->phase == PHASE_STARTING);
}

static void guest_status_of(const struct guest_instance *guest, struct guest_status *status)
{
	const struct guest_record *record = &guest->record;

	*status = (struct guest_status){
		.generation = record->generation,
		.state = record->state,
		.code = record->code,
		.self = record->self,
		.pid = (uint32_t)record->pid,
		.started = record->started,
	};
	snprintf(status->id, sizeof(status->id), "%s", guest->id);
	if (is_building(guest)) {
		status->state = GUEST_BUILDING;
		status->generation = guest->desired.generation;
	}
	snprintf(status->reason, sizeof(status->reason), "%s", record->reason);
	if (record->pid == 0) {
		/* It has none, and gets those that are desired when it starts. */
		status->devices = guest->has_desired ? guest->desired.generation : 0;
	} else {
		status->devices = record->devices;
		snprintf(status->stuck, sizeof(status->stuck), "%s", record->stuck);
		snprintf(status->stuck_reason, sizeof(status->stuck_reason), "%s",
			 record->stuck_reason);
		snprintf(status->accelerator, sizeof(status->accelerator), "%s",
			 record->accelerator);
		status->overhead = guest->overhead;
	}
}

static bool is_news(const struct guest_status *old, const struct guest_status *new)
{
	return old->generation != new->generation || old->state != new->state ||
	       old->pid != new->pid || old->self != new->self ||
	       strcmp(old->reason, new->reason) != 0 || old->devices != new->devices ||
	       strcmp(old->stuck, new->stuck) != 0 || new->overhead / MIB > old->overhead / MIB;
}

/* While the box goes down nothing is told: what is desired has not changed, and the guest starts
 * again with the box. */
void guest_report(struct guest_instance *guest)
{
	struct vmm *vmm = guest->vmm;
	struct guest_status status;

	if (vmm->stopping || (!guest_is_settled(guest) && !is_building(guest)))
		return;
	guest_status_of(guest, &status);
	if (!is_news(&guest->reported, &status))
		return;
	log_info("guest", "guest state", "id=%s state=%u generation=%llu pid=%u", guest->id,
		 status.state, (unsigned long long)status.generation, status.pid);
	if (channel_send_struct(&vmm->cloud, VMM_GUEST_STATE, 0, guest_status_fields, &status, -1) >
	    0)
		guest->reported = status;
}
