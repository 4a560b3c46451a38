/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a guest as a table: phase x event -> action, next phase. Nothing here touches the
 * machine; guest.c has one function for each action. README.md has the same table for readers.
 *
 * The WANT_* events are not sent by anybody: guest_reconcile() derives one from what is desired
 * and raises it whenever the desire or the phase has changed, so the same rows serve an API call,
 * a start of the box and a recovery.
 */
#ifndef CUMULET_HYPERVISOR_GUEST_TABLE_H
#define CUMULET_HYPERVISOR_GUEST_TABLE_H

enum guest_phase {
	PHASE_ABSENT,   /* no process; what comes next is not decided yet */
	PHASE_CLONING,  /* waits for base images, then for the guest's disks */
	PHASE_WIRING,   /* waits for the taps of its ports */
	PHASE_STARTING, /* QEMU was executed, QMP has not answered yet */
	PHASE_RUNNING,
	PHASE_PAUSED,
	PHASE_STOPPING,  /* the power button was pressed; deadline: the plug is pulled */
	PHASE_REBOOTING, /* the same, but it starts again */
	PHASE_SAVING,    /* QEMU writes its memory to the disk */
	PHASE_ENDING,    /* QEMU was told to end; leads to the instance's 'outcome' */
	PHASE_STOPPED,
	PHASE_SUSPENDED,
	PHASE_CRASHED,
	PHASE_FAILED,
	PHASE_GONE, /* nothing is left; the instance is freed */
	PHASE_COUNT,
	PHASE_OUTCOME = PHASE_COUNT, /* in the table alone: the phase that the ending leads to */
};

enum guest_event {
	EVENT_NONE,
	WANT_RUN,
	WANT_PAUSE,
	WANT_STOP,
	WANT_SUSPEND,
	WANT_REBOOT_SOFT,
	WANT_REBOOT_HARD,
	WANT_DELETE,
	EVENT_DISKS_READY,
	EVENT_TAPS_READY,
	EVENT_QMP_READY,
	EVENT_FAULT, /* an action could not be done; the instance's 'reason' says why */
	EVENT_OFF,   /* the guest has powered itself off */
	EVENT_PANIC,
	EVENT_SUSPENDED, /* its processors stand still */
	EVENT_RESUMED,
	EVENT_SAVED,
	EVENT_HUNG, /* QEMU does not answer */
	EVENT_EXIT, /* QEMU's process is gone */
	EVENT_DEADLINE,
	EVENT_COUNT,
};

enum guest_action {
	ACTION_NONE,
	ACTION_CLONE,  /* make the disks, asking for base images */
	ACTION_WIRE,   /* ask for the taps; sets the deadline */
	ACTION_START,  /* execute QEMU; sets the deadline */
	ACTION_SETTLE, /* the desire is met: acknowledge and report */
	ACTION_PAUSE,
	ACTION_RESUME,
	ACTION_SAVE,        /* write the memory to the disk; sets the deadline */
	ACTION_SAVE_FAIL,   /* that did not work: the guest goes on, and stays so */
	ACTION_GIVE_UP,     /* what was asked is not done: it stays as it is */
	ACTION_PRESS,       /* power button; sets the deadline to the guest's time-out */
	ACTION_END_STOP,    /* end QEMU, outcome stopped */
	ACTION_END_SUSPEND, /* the same, outcome suspended */
	ACTION_END_SELF,    /* the same, the guest wanted it */
	ACTION_END_RESTART, /* outcome absent: reconciling starts it again */
	ACTION_END_FAIL,
	ACTION_END_CRASH,
	ACTION_KILL,        /* no time left: SIGKILL, the outcome stays */
	ACTION_KILL_DELETE, /* SIGKILL, outcome absent: reconciling removes it */
	ACTION_CONCLUDE,    /* the process is gone: release what it held, report the outcome */
	ACTION_CRASH,       /* the process is gone without having been asked */
	ACTION_FAIL,        /* give up: release everything, report the reason */
	ACTION_ABANDON,     /* give up building because nobody wants it any more */
	ACTION_REMOVE,      /* delete disks and records */
	ACTION_COUNT,
};

struct guest_step {
	enum guest_action action;
	enum guest_phase next;
};

/* NULL: the event means nothing in this phase. */
const struct guest_step *guest_step(enum guest_phase phase, enum guest_event event);
const char *guest_phase_name(enum guest_phase phase);
const char *guest_event_name(enum guest_event event);

#endif
