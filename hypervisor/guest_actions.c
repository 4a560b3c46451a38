/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/disk.h"
#include "hypervisor/guest.h"

#define TAPS_TIMEOUT_MS 10000
#define START_TIMEOUT_MS 60000
#define END_TIMEOUT_MS 5000
#define STOPPING_TIMEOUT_MS 60000
#define SAVE_TIMEOUT_MS 300000
#define PRESS_AGAIN_MS 5000 /* a guest that is still booting misses the first press */

/* ---- deadlines ---- */

static void on_deadline(struct loop_timer *timer)
{
	struct guest_instance *guest = container_of(timer, struct guest_instance, deadline);

	guest_dispatch(guest, EVENT_DEADLINE);
}

static void deadline_set(struct guest_instance *guest, uint64_t delay_ms)
{
	loop_timer_stop(&guest->deadline);
	loop_timer_start(guest->vmm->loop, &guest->deadline, delay_ms, on_deadline);
}

static void deadlines_clear(struct guest_instance *guest)
{
	loop_timer_stop(&guest->deadline);
	loop_timer_stop(&guest->press);
}

/* ---- settling ---- */

/* Only then is the desire acknowledged: it may have changed again on the way here. */
static bool desire_is_met(const struct guest_instance *guest, enum guest_state state)
{
	switch (guest_power_want(guest)) {
	case WANT_RUN:
		return state == GUEST_RUNNING;
	case WANT_PAUSE:
		return state == GUEST_PAUSED;
	case WANT_STOP:
		return state == GUEST_STOPPED;
	case WANT_SUSPEND:
		return state == GUEST_SUSPENDED;
	default:
		return false;
	}
}

/* 'held' keeps it as it is until the generation grows. */
static void settle(struct guest_instance *guest, enum guest_state state, bool self, bool held)
{
	struct guest_record *record = &guest->record;

	deadlines_clear(guest);
	/* Stopped by wish, its memory is of no use any more. The end of the box is no wish. */
	if (state == GUEST_STOPPED && !guest->vmm->stopping)
		guest_memory_drop(guest);
	record->state = state;
	record->self = self;
	record->held = held;
	if (guest->has_desired && ((held && record->ending == 0) || desire_is_met(guest, state)))
		record->generation = guest->desired.generation;
	record->ending = 0;
	if (state != GUEST_CRASHED && state != GUEST_FAILED && (self || !held)) {
		record->code = 0;
		record->reason[0] = '\0';
	}
	guest_record_save(guest);
	guest_report(guest);
}

static uint32_t fault_code(const struct error *fault)
{
	return fault->code == -EINVAL || fault->code == -ENOENT ? 400 : 500;
}

static void reason_set(struct guest_instance *guest)
{
	guest->record.code = fault_code(&guest->fault);
	snprintf(guest->record.reason, sizeof(guest->record.reason), "%.511s",
		 guest->fault.message);
}

static void act_none(struct guest_instance *guest)
{
	(void)guest;
}

static void act_settle(struct guest_instance *guest)
{
	static const enum guest_state states[PHASE_COUNT] = {
		[PHASE_RUNNING] = GUEST_RUNNING, [PHASE_PAUSED] = GUEST_PAUSED,
		[PHASE_STOPPED] = GUEST_STOPPED, [PHASE_SUSPENDED] = GUEST_SUSPENDED,
		[PHASE_CRASHED] = GUEST_CRASHED,
	};
	bool crashed = guest->phase == PHASE_CRASHED;
	bool unasked = guest->phase == PHASE_PAUSED && !guest->pausing && guest->has_desired &&
		       guest->desired.power != GUEST_PAUSE;

	/* It was off already when it was to be suspended. */
	if (guest->phase == PHASE_SUSPENDED && !guest_memory_exists(guest)) {
		guest->phase = PHASE_STOPPED;
		settle(guest, GUEST_STOPPED, true, true);
		return;
	}
	/* QEMU stands still by itself when it can't write to a disk that is full. Going on at once
	 * would only fail again. */
	if (guest->phase != PHASE_RUNNING)
		guest->pausing = false; /* until then it may still come */
	settle(guest, states[guest->phase], unasked || crashed, unasked || crashed);
}

/* ---- building ---- */

static void act_clone(struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];
	struct stat status;

	path_format(path, "%s/%s", guest->vmm->options.guests, guest->id);
	guest->fresh = stat(path, &status) < 0 && errno == ENOENT;
	guest->fault = (struct error){ 0 };
	guest->wanted = loop_now(guest->vmm->loop);
	guest_report(guest);
	guest_clone(guest);
}

static void on_taps_ready(struct tap_set *set)
{
	guest_dispatch(container_of(set, struct guest_instance, taps), EVENT_TAPS_READY);
}

static void on_taps_fault(struct tap_set *set, const char *reason)
{
	struct guest_instance *guest = container_of(set, struct guest_instance, taps);

	error_set(&guest->fault, -EIO, "Virtual Interface creation failed: %s", reason);
	guest_dispatch(guest, EVENT_FAULT);
}

static void act_wire(struct guest_instance *guest)
{
	struct guest_record *record = &guest->record;
	const struct guest_nic *nics = guest->desired.nics.items;

	disks_prune(guest->vmm, &guest->desired);
	error_set(&guest->fault, -ETIMEDOUT, "Virtual Interface creation failed");
	record->port_count = 0;
	for (size_t i = 0; i < guest->desired.nics.count; i++)
		snprintf(record->ports[record->port_count++], UUID_SIZE, "%s", nics[i].port_id);
	deadline_set(guest, TAPS_TIMEOUT_MS);
	tap_set_open(&guest->taps, guest->vmm, &guest->desired, on_taps_ready, on_taps_fault);
}

static void act_start(struct guest_instance *guest)
{
	struct guest_record *record = &guest->record;

	error_set(&guest->fault, -ETIMEDOUT, "QEMU did not answer");
	guest->rebooting = guest_power_want(guest) != WANT_RUN;
	record->reboots_soft = guest->desired.reboots_soft;
	record->reboots_hard = guest->desired.reboots_hard;
	record->interrupts = guest->desired.interrupts;
	record->memory_mib = guest->desired.memory_mib;
	record->ending = 0;
	record->devices = 0;
	record->stuck[0] = record->stuck_reason[0] = '\0';
	deadline_set(guest, START_TIMEOUT_MS);
	if (guest_process_start(guest, &guest->fault) < 0)
		guest_dispatch(guest, EVENT_FAULT);
}

/* ---- running ---- */

static void act_pause(struct guest_instance *guest)
{
	guest->pausing = true;
	qmp_send(&guest->qmp, "stop");
}

static void act_resume(struct guest_instance *guest)
{
	qmp_send(&guest->qmp, "cont");
}

/* QEMU may still do it when it comes round; that is then a change like any other. */
static void act_give_up(struct guest_instance *guest)
{
	enum guest_state state = guest->phase == PHASE_PAUSED ? GUEST_PAUSED : GUEST_RUNNING;

	if (!guest->has_desired || desire_is_met(guest, state))
		return;
	error_set(&guest->fault, -ETIMEDOUT, "QEMU does not answer");
	reason_set(guest);
	settle(guest, state, false, true);
}

static void act_save(struct guest_instance *guest)
{
	deadline_set(guest, SAVE_TIMEOUT_MS);
	if (guest_memory_save(guest) < 0)
		guest_dispatch(guest, EVENT_FAULT);
}

static void act_save_fail(struct guest_instance *guest)
{
	log_warning("guest", "guest not suspended", "id=%s reason=%s", guest->id,
		    log_quote(guest->fault.message));
	guest->save_first = 0;
	qmp_send(&guest->qmp, "migrate_cancel");
	qmp_send(&guest->qmp, "cont");
	reason_set(guest);
	settle(guest, GUEST_RUNNING, false, true);
}

static void press(struct loop_timer *timer)
{
	struct guest_instance *guest = container_of(timer, struct guest_instance, press);

	qmp_send(&guest->qmp, "system_powerdown");
	loop_timer_start(guest->vmm->loop, &guest->press, PRESS_AGAIN_MS, press);
}

/* A guest that cloud has not named yet, or a box that goes down, can't wait for ever. */
static uint64_t press_timeout_ms(const struct guest_instance *guest)
{
	uint64_t timeout = (uint64_t)guest->desired.stop_timeout * 1000;

	if (!guest->has_desired || (guest->vmm->stopping && timeout > STOPPING_TIMEOUT_MS))
		return STOPPING_TIMEOUT_MS;
	return timeout;
}

static void act_press(struct guest_instance *guest)
{
	deadline_set(guest, press_timeout_ms(guest));
	loop_timer_stop(&guest->press);
	press(&guest->press);
}

/* ---- ending ---- */

static void end(struct guest_instance *guest, enum guest_phase outcome, int signal_number,
		uint64_t patience_ms)
{
	deadlines_clear(guest);
	guest->outcome = outcome;
	guest->record.ending = (uint32_t)outcome + 1;
	if (guest->has_desired)
		guest->record.generation = guest->desired.generation;
	guest_record_save(guest);
	if (guest->record.pid == 0) {
		guest_dispatch(guest, EVENT_EXIT);
		return;
	}
	guest_process_signal(guest, signal_number);
	deadline_set(guest, patience_ms);
}

/* SIGTERM lets QEMU write out what it holds. */
static void act_end_stop(struct guest_instance *guest)
{
	end(guest, PHASE_STOPPED, SIGTERM, END_TIMEOUT_MS);
}

/* Without the file it would be a stop that nobody asked for. */
static void act_end_suspend(struct guest_instance *guest)
{
	int result = guest_memory_keep(guest);

	if (result < 0)
		log_error("guest", "memory not kept", "id=%s errno=%d", guest->id, -result);
	end(guest, PHASE_SUSPENDED, SIGTERM, END_TIMEOUT_MS);
}

static void act_end_self(struct guest_instance *guest)
{
	guest->record.self = true;
	guest->record.held = true;
	end(guest, PHASE_STOPPED, SIGTERM, END_TIMEOUT_MS);
}

static void act_end_restart(struct guest_instance *guest)
{
	end(guest, PHASE_ABSENT, SIGTERM, END_TIMEOUT_MS);
}

static void act_end_fail(struct guest_instance *guest)
{
	end(guest, PHASE_FAILED, SIGTERM, END_TIMEOUT_MS);
}

static void act_end_crash(struct guest_instance *guest)
{
	error_set(&guest->fault, -EIO, "The guest's operating system panicked");
	end(guest, PHASE_CRASHED, SIGTERM, END_TIMEOUT_MS);
}

static void act_kill(struct guest_instance *guest)
{
	guest_process_signal(guest, SIGKILL);
}

static void act_kill_delete(struct guest_instance *guest)
{
	end(guest, PHASE_ABSENT, SIGKILL, END_TIMEOUT_MS);
}

/* What a process held: sockets, group, taps. The record stays. */
static void release(struct guest_instance *guest)
{
	struct guest_record *record = &guest->record;

	deadlines_clear(guest);
	tap_set_release(&guest->taps);
	guest_process_release(guest);
	for (size_t i = 0; i < record->port_count; i++)
		tap_close(guest->vmm, record->ports[i]);
	record->port_count = 0;
	record->pid = 0;
	record->started = 0;
	cgroup_remove(guest->id);
}

static void act_crash(struct guest_instance *guest)
{
	release(guest);
	reason_set(guest);
	guest->record.code = 500;
	log_error("guest", "guest crashed", "id=%s reason=%s", guest->id,
		  log_quote(guest->record.reason));
	settle(guest, GUEST_CRASHED, true, true);
}

/* Disks go with a guest that never ran; those of a guest that did are not ours to remove. */
static void act_fail(struct guest_instance *guest)
{
	release(guest);
	if (guest->fresh)
		disks_remove(guest->vmm, guest->id);
	reason_set(guest);
	log_warning("guest", "guest failed", "id=%s reason=%s", guest->id,
		    log_quote(guest->record.reason));
	settle(guest, GUEST_FAILED, false, true);
}

static void act_conclude(struct guest_instance *guest)
{
	bool self = guest->record.self && guest->record.held;

	switch (guest->phase) {
	case PHASE_CRASHED:
		act_crash(guest);
		break;
	case PHASE_FAILED:
		act_fail(guest);
		break;
	case PHASE_STOPPED:
		release(guest);
		if (self)
			guest->fault = (struct error){ 0 };
		settle(guest, GUEST_STOPPED, self, self);
		break;
	case PHASE_SUSPENDED:
		release(guest);
		act_settle(guest);
		break;
	default: /* absent: it starts again or is removed, as the desire says */
		release(guest);
		guest->record.ending = 0;
		guest_record_save(guest);
	}
}

static void act_abandon(struct guest_instance *guest)
{
	release(guest);
	if (guest->fresh)
		disks_remove(guest->vmm, guest->id);
	settle(guest, GUEST_STOPPED, false, false);
}

static void act_remove(struct guest_instance *guest)
{
	release(guest);
	disks_remove(guest->vmm, guest->id);
	guest_record_remove(guest);
	log_info("guest", "guest removed", "id=%s", guest->id);
	guest->record.state = GUEST_GONE;
	guest_report(guest);
	guest_free(guest);
}

const guest_action_function guest_actions[ACTION_COUNT] = {
	[ACTION_NONE] = act_none,
	[ACTION_CLONE] = act_clone,
	[ACTION_WIRE] = act_wire,
	[ACTION_START] = act_start,
	[ACTION_SETTLE] = act_settle,
	[ACTION_PAUSE] = act_pause,
	[ACTION_RESUME] = act_resume,
	[ACTION_SAVE] = act_save,
	[ACTION_SAVE_FAIL] = act_save_fail,
	[ACTION_PRESS] = act_press,
	[ACTION_GIVE_UP] = act_give_up,
	[ACTION_END_STOP] = act_end_stop,
	[ACTION_END_SUSPEND] = act_end_suspend,
	[ACTION_END_SELF] = act_end_self,
	[ACTION_END_RESTART] = act_end_restart,
	[ACTION_END_FAIL] = act_end_fail,
	[ACTION_END_CRASH] = act_end_crash,
	[ACTION_KILL] = act_kill,
	[ACTION_KILL_DELETE] = act_kill_delete,
	[ACTION_CONCLUDE] = act_conclude,
	[ACTION_CRASH] = act_crash,
	[ACTION_FAIL] = act_fail,
	[ACTION_ABANDON] = act_abandon,
	[ACTION_REMOVE] = act_remove,
};
