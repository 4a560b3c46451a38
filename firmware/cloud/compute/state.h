/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The states of a server as Nova shows them, and what moves it from one to another: what callers
 * ask for (API events) and what vmm reports (enum guest_state). The tables in state.c are the
 * documentation; the README shows them as text.
 */
#ifndef CUMULET_COMPUTE_STATE_H
#define CUMULET_COMPUTE_STATE_H

#include <stdbool.h>

enum vm_state {
	VM_BUILDING,
	VM_ACTIVE,
	VM_STOPPED,
	VM_PAUSED,
	VM_SUSPENDED,
	VM_RESCUED,
	VM_RESIZED,
	VM_SHELVED,
	VM_SHELVED_OFFLOADED,
	VM_ERROR,
	VM_STATES
};

enum task_state {
	TASK_NONE,
	TASK_SPAWNING,
	TASK_POWERING_ON,
	TASK_POWERING_OFF,
	TASK_REBOOTING,
	TASK_REBOOTING_HARD,
	TASK_PAUSING,
	TASK_UNPAUSING,
	TASK_REBUILDING,
	TASK_RESIZE_FINISH,
	TASK_RESIZE_REVERTING,
	TASK_IMAGE_SNAPSHOT,
	TASK_IMAGE_BACKUP,
	TASK_SUSPENDING,
	TASK_RESUMING,
	TASK_RESCUING,
	TASK_UNRESCUING,
	TASK_SHELVING,
	TASK_SHELVING_IMAGE,
	TASK_SHELVING_OFFLOADING,
	TASK_UNSHELVING,
	TASK_DELETING,
	TASK_STATES
};

/* As libvirt and Nova number them. */
enum power_state {
	POWER_NOSTATE = 0,
	POWER_RUNNING = 1,
	POWER_PAUSED = 3,
	POWER_SHUTDOWN = 4,
	POWER_CRASHED = 6
};

enum server_event {
	EVENT_START,
	EVENT_STOP,
	EVENT_REBOOT_SOFT,
	EVENT_REBOOT_HARD,
	EVENT_PAUSE,
	EVENT_UNPAUSE,
	EVENT_REBUILD,
	EVENT_RESIZE,
	EVENT_REVERT_RESIZE,
	EVENT_SUSPEND,
	EVENT_RESUME,
	EVENT_RESCUE,
	EVENT_UNRESCUE,
	EVENT_SHELVE,
	EVENT_UNSHELVE,
	EVENT_DELETE,
	SERVER_EVENTS
};

/* What an API event asks for; found in one row of the table for each event. */
struct event_rule {
	const char *action;   /* in the conflict's text: "start" */
	const char *record;   /* the instance action: "start" */
	const char *event;    /* its event: "compute_start_instance" */
	unsigned vm_states;   /* bits of vm_state in which it is allowed */
	unsigned task_states; /* bits of task_state */
	enum task_state task; /* what the server does from then on */
	const char *power;    /* _power from then on; NULL: as it is */
	const char *counter;  /* counter that is raised, or NULL */
};
extern const struct event_rule event_rules[SERVER_EVENTS];

#define VM_KEEP VM_STATES
#define TASK_KEEP TASK_STATES

/* What a guest's state means for the server that is in a given task. */
struct guest_rule {
	unsigned vm_states;     /* bits of vm_state and */
	unsigned tasks;         /* of task_state for which this row counts */
	enum vm_state vm_state; /* VM_KEEP: as it is */
	enum power_state power_state;
	enum task_state next; /* TASK_NONE: the task is done; TASK_KEEP: it goes on */
	const char *power;    /* _power from then on; NULL: as it is */
	bool failed;          /* what was asked for was not done, and the report says why */
};
/* NULL: the report changes nothing. 'state' is an enum guest_state. */
const struct guest_rule *guest_rule_find(unsigned state, enum vm_state vm_state,
					 enum task_state task);

const char *vm_state_name(enum vm_state state);       /* "active" */
const char *task_state_name(enum task_state state);   /* "powering-off"; NULL: none */
enum vm_state vm_state_by_name(const char *name);     /* unknown ones read as VM_ERROR */
enum task_state task_state_by_name(const char *name); /* NULL: TASK_NONE */

/* What the API shows: "ACTIVE", "SHUTOFF", ... from the two names. */
const char *status_of(const char *vm_state, const char *task_state);
/* The vm_states (and tasks, if it is one that depends on them) that a status filter means. */
bool status_known(const char *status);

#endif
