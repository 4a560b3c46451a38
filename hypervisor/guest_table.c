/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/guest_table.h"

#include <stdbool.h>
#include <stddef.h>

struct guest_row {
	bool known;
	struct guest_step step;
};

#define GO(action, next)                                                                           \
	{                                                                                          \
		true,                                                                              \
		{                                                                                  \
			ACTION_##action, PHASE_##next                                              \
		}                                                                                  \
	}

/* Whatever wants a guest that has no process to run begins with its disks: where they are there
 * already, that step is over at once. */
#define ROWS_WITHOUT_PROCESS                                                                       \
	[WANT_RUN] = GO(CLONE, CLONING), [WANT_PAUSE] = GO(CLONE, CLONING),                        \
	[WANT_REBOOT_SOFT] = GO(CLONE, CLONING), [WANT_REBOOT_HARD] = GO(CLONE, CLONING),          \
	[WANT_STOP] = GO(SETTLE, STOPPED), [WANT_SUSPEND] = GO(SETTLE, SUSPENDED),                 \
	[WANT_DELETE] = GO(REMOVE, GONE)

static const struct guest_row table[PHASE_COUNT][EVENT_COUNT] = {
	[PHASE_ABSENT] = { ROWS_WITHOUT_PROCESS },
	[PHASE_CLONING] = {
		[EVENT_DISKS_READY] = GO(WIRE, WIRING),
		[EVENT_FAULT] = GO(FAIL, FAILED),
		[WANT_STOP] = GO(ABANDON, STOPPED),
		[WANT_DELETE] = GO(REMOVE, GONE),
	},
	[PHASE_WIRING] = {
		[EVENT_TAPS_READY] = GO(START, STARTING),
		[EVENT_FAULT] = GO(FAIL, FAILED),
		[EVENT_DEADLINE] = GO(FAIL, FAILED),
		[WANT_STOP] = GO(ABANDON, STOPPED),
		[WANT_DELETE] = GO(REMOVE, GONE),
	},
	[PHASE_STARTING] = {
		[EVENT_QMP_READY] = GO(SETTLE, RUNNING),
		[EVENT_RESUMED] = GO(SETTLE, RUNNING), /* its memory is back */
		[EVENT_SUSPENDED] = GO(SETTLE, PAUSED), /* found again */
		[EVENT_OFF] = GO(END_SELF, ENDING),
		[EVENT_PANIC] = GO(END_CRASH, ENDING),
		[EVENT_FAULT] = GO(END_FAIL, ENDING),
		[EVENT_DEADLINE] = GO(END_FAIL, ENDING),
		[EVENT_EXIT] = GO(FAIL, FAILED),
		[WANT_STOP] = GO(END_STOP, ENDING),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
	},
	[PHASE_RUNNING] = {
		[WANT_RUN] = GO(SETTLE, RUNNING),
		[WANT_PAUSE] = GO(PAUSE, RUNNING),
		[WANT_SUSPEND] = GO(SAVE, SAVING),
		[WANT_STOP] = GO(PRESS, STOPPING),
		[WANT_REBOOT_SOFT] = GO(PRESS, REBOOTING),
		[WANT_REBOOT_HARD] = GO(END_RESTART, ENDING),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
		[EVENT_SUSPENDED] = GO(SETTLE, PAUSED),
		[EVENT_HUNG] = GO(GIVE_UP, RUNNING),
		[EVENT_OFF] = GO(END_SELF, ENDING),
		[EVENT_PANIC] = GO(END_CRASH, ENDING),
		[EVENT_EXIT] = GO(CRASH, CRASHED),
	},
	[PHASE_PAUSED] = {
		[WANT_RUN] = GO(RESUME, PAUSED),
		[WANT_PAUSE] = GO(SETTLE, PAUSED),
		[WANT_SUSPEND] = GO(SAVE, SAVING),
		/* It can't react to a power button. */
		[WANT_STOP] = GO(END_STOP, ENDING),
		[WANT_REBOOT_SOFT] = GO(END_RESTART, ENDING),
		[WANT_REBOOT_HARD] = GO(END_RESTART, ENDING),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
		[EVENT_RESUMED] = GO(SETTLE, RUNNING),
		[EVENT_HUNG] = GO(GIVE_UP, PAUSED),
		[EVENT_OFF] = GO(END_SELF, ENDING),
		[EVENT_PANIC] = GO(END_CRASH, ENDING),
		[EVENT_EXIT] = GO(CRASH, CRASHED),
	},
	[PHASE_STOPPING] = {
		[EVENT_OFF] = GO(END_STOP, ENDING),
		[EVENT_PANIC] = GO(END_STOP, ENDING),
		[EVENT_DEADLINE] = GO(END_STOP, ENDING),
		[EVENT_EXIT] = GO(CONCLUDE, STOPPED),
		/* Changed its mind: the guest is on its way down, so it comes up again. */
		[WANT_RUN] = GO(NONE, REBOOTING),
		[WANT_PAUSE] = GO(NONE, REBOOTING),
		[WANT_REBOOT_SOFT] = GO(NONE, REBOOTING),
		[WANT_REBOOT_HARD] = GO(END_RESTART, ENDING),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
	},
	[PHASE_REBOOTING] = {
		[EVENT_OFF] = GO(END_RESTART, ENDING),
		[EVENT_PANIC] = GO(END_RESTART, ENDING),
		[EVENT_DEADLINE] = GO(END_RESTART, ENDING),
		[EVENT_EXIT] = GO(CONCLUDE, ABSENT),
		[WANT_STOP] = GO(NONE, STOPPING),
		[WANT_REBOOT_HARD] = GO(END_RESTART, ENDING),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
	},
	[PHASE_SAVING] = {
		[EVENT_SAVED] = GO(END_SUSPEND, ENDING),
		[EVENT_FAULT] = GO(SAVE_FAIL, RUNNING),
		[EVENT_DEADLINE] = GO(SAVE_FAIL, RUNNING),
		[EVENT_OFF] = GO(END_SELF, ENDING),
		[EVENT_PANIC] = GO(END_CRASH, ENDING),
		[EVENT_EXIT] = GO(CRASH, CRASHED),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
	},
	[PHASE_ENDING] = {
		[EVENT_EXIT] = GO(CONCLUDE, OUTCOME),
		[EVENT_DEADLINE] = GO(KILL, ENDING),
		[WANT_DELETE] = GO(KILL_DELETE, ENDING),
	},
	[PHASE_STOPPED] = { ROWS_WITHOUT_PROCESS },
	[PHASE_SUSPENDED] = { ROWS_WITHOUT_PROCESS },
	/* It died before the wish came: whoever wishes that it goes on has to hear of it first. */
	[PHASE_CRASHED] = {
		[WANT_RUN] = GO(SETTLE, CRASHED),
		[WANT_PAUSE] = GO(SETTLE, CRASHED),
		[WANT_SUSPEND] = GO(SETTLE, CRASHED),
		[WANT_STOP] = GO(SETTLE, STOPPED),
		[WANT_REBOOT_SOFT] = GO(CLONE, CLONING),
		[WANT_REBOOT_HARD] = GO(CLONE, CLONING),
		[WANT_DELETE] = GO(REMOVE, GONE),
	},
	[PHASE_FAILED] = { ROWS_WITHOUT_PROCESS },
};

const struct guest_step *guest_step(enum guest_phase phase, enum guest_event event)
{
	if (phase >= PHASE_COUNT || event >= EVENT_COUNT || !table[phase][event].known)
		return NULL;
	return &table[phase][event].step;
}

const char *guest_phase_name(enum guest_phase phase)
{
	static const char *const names[PHASE_COUNT] = {
		[PHASE_ABSENT] = "absent",     [PHASE_CLONING] = "cloning",
		[PHASE_WIRING] = "wiring",     [PHASE_STARTING] = "starting",
		[PHASE_RUNNING] = "running",   [PHASE_PAUSED] = "paused",
		[PHASE_STOPPING] = "stopping", [PHASE_REBOOTING] = "rebooting",
		[PHASE_ENDING] = "ending",     [PHASE_STOPPED] = "stopped",
		[PHASE_SAVING] = "saving",     [PHASE_SUSPENDED] = "suspended",
		[PHASE_CRASHED] = "crashed",   [PHASE_FAILED] = "failed",
		[PHASE_GONE] = "gone",
	};

	return phase < PHASE_COUNT ? names[phase] : "?";
}

const char *guest_event_name(enum guest_event event)
{
	static const char *const names[EVENT_COUNT] = {
		[EVENT_NONE] = "none",
		[WANT_RUN] = "want-run",
		[WANT_PAUSE] = "want-pause",
		[WANT_STOP] = "want-stop",
		[WANT_SUSPEND] = "want-suspend",
		[WANT_REBOOT_SOFT] = "want-reboot-soft",
		[WANT_REBOOT_HARD] = "want-reboot-hard",
		[WANT_DELETE] = "want-delete",
		[EVENT_DISKS_READY] = "disks-ready",
		[EVENT_TAPS_READY] = "taps-ready",
		[EVENT_QMP_READY] = "qmp-ready",
		[EVENT_FAULT] = "fault",
		[EVENT_OFF] = "off",
		[EVENT_PANIC] = "panic",
		[EVENT_SUSPENDED] = "suspended",
		[EVENT_RESUMED] = "resumed",
		[EVENT_SAVED] = "saved",
		[EVENT_HUNG] = "hung",
		[EVENT_EXIT] = "exit",
		[EVENT_DEADLINE] = "deadline",
	};

	return event < EVENT_COUNT ? names[event] : "?";
}
