/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/state.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/message.h"

#define VM(state) (1u << VM_##state)
#define TASK(state) (1u << TASK_##state)
#define VM_ANY ((1u << VM_STATES) - 1)
#define TASK_ANY ((1u << TASK_STATES) - 1)

/* A hard reboot may interrupt what is stuck, but not what starts or ends the guest's life. */
#define TASK_REBOOTABLE                                                                            \
	(TASK(NONE) | TASK(REBOOTING) | TASK(REBOOTING_HARD) | TASK(PAUSING) | TASK(UNPAUSING) |   \
	 TASK(SUSPENDING) | TASK(RESUMING))

const struct event_rule event_rules[SERVER_EVENTS] = {
	[EVENT_START] = { "start", "start", "compute_start_instance", VM(STOPPED), TASK(NONE),
			  TASK_POWERING_ON, "run", NULL },
	[EVENT_STOP] = { "stop", "stop", "compute_stop_instance", VM(ACTIVE) | VM(ERROR),
			 TASK(NONE), TASK_POWERING_OFF, "stop", NULL },
	[EVENT_REBOOT_SOFT] = { "reboot", "reboot", "compute_reboot_instance", VM(ACTIVE),
				TASK(NONE), TASK_REBOOTING, "run", "_reboots_soft" },
	[EVENT_REBOOT_HARD] = { "reboot", "reboot", "compute_reboot_instance",
				VM(ACTIVE) | VM(STOPPED) | VM(PAUSED) | VM(SUSPENDED) | VM(ERROR),
				TASK_REBOOTABLE, TASK_REBOOTING_HARD, "run", "_reboots_hard" },
	[EVENT_PAUSE] = { "pause", "pause", "compute_pause_instance", VM(ACTIVE), TASK(NONE),
			  TASK_PAUSING, "pause", NULL },
	[EVENT_UNPAUSE] = { "unpause", "unpause", "compute_unpause_instance", VM(PAUSED),
			    TASK(NONE), TASK_UNPAUSING, "run", NULL },
	[EVENT_REBUILD] = { "rebuild", "rebuild", "compute_rebuild_instance",
			    VM(ACTIVE) | VM(STOPPED) | VM(ERROR), TASK(NONE), TASK_REBUILDING,
			    "run", "_reboots_hard" },
	[EVENT_RESIZE] = { "resize", "resize", "compute_prep_resize", VM(ACTIVE) | VM(STOPPED),
			   TASK(NONE), TASK_RESIZE_FINISH, NULL, "_reboots_soft" },
	[EVENT_REVERT_RESIZE] = { "revertResize", "revertResize", "compute_revert_resize",
				  VM(RESIZED), TASK(NONE), TASK_RESIZE_REVERTING, NULL,
				  "_reboots_soft" },
	[EVENT_SUSPEND] = { "suspend", "suspend", "compute_suspend_instance", VM(ACTIVE),
			    TASK(NONE), TASK_SUSPENDING, "suspend", NULL },
	[EVENT_RESUME] = { "resume", "resume", "compute_resume_instance", VM(SUSPENDED), TASK(NONE),
			   TASK_RESUMING, "run", NULL },
	[EVENT_RESCUE] = { "rescue", "rescue", "compute_rescue_instance",
			   VM(ACTIVE) | VM(STOPPED) | VM(ERROR), TASK(NONE), TASK_RESCUING, "run",
			   "_reboots_hard" },
	[EVENT_UNRESCUE] = { "unrescue", "unrescue", "compute_unrescue_instance", VM(RESCUED),
			     TASK(NONE), TASK_UNRESCUING, "run", "_reboots_hard" },
	[EVENT_SHELVE] = { "shelve", "shelve", "compute_shelve_instance",
			   VM(ACTIVE) | VM(STOPPED) | VM(PAUSED) | VM(SUSPENDED), TASK(NONE),
			   TASK_SHELVING, "stop", NULL },
	[EVENT_UNSHELVE] = { "unshelve", "unshelve", "compute_unshelve_instance",
			     VM(SHELVED_OFFLOADED), TASK(NONE), TASK_UNSHELVING, "run", NULL },
	[EVENT_DELETE] = { "delete", "delete", "compute_terminate_instance", VM_ANY, TASK_ANY,
			   TASK_DELETING, "stop", NULL },
};

/* Tasks that end when the guest runs. */
#define TASK_UNTIL_RUNNING                                                                         \
	(TASK(NONE) | TASK(SPAWNING) | TASK(POWERING_ON) | TASK(REBOOTING) |                       \
	 TASK(REBOOTING_HARD) | TASK(UNPAUSING) | TASK(REBUILDING) | TASK(RESIZE_REVERTING) |      \
	 TASK(UNRESCUING) | TASK(UNSHELVING) | TASK(RESUMING))
/* Tasks in which a stopped guest is not the end of the story: it is started next. */
#define TASK_STARTING                                                                              \
	(TASK(POWERING_ON) | TASK(REBOOTING) | TASK(REBOOTING_HARD) | TASK(REBUILDING) |           \
	 TASK(RESCUING) | TASK(UNRESCUING) | TASK(UNSHELVING) | TASK(RESUMING))
/* Tasks that do not depend on the guest: its disk is copied. */
#define TASK_COPYING (TASK(IMAGE_SNAPSHOT) | TASK(IMAGE_BACKUP))
/* The guest is down for good, and then it goes. */
#define TASK_SHELVED (TASK(SHELVING_IMAGE) | TASK(SHELVING_OFFLOADING))
#define TASK_ENDING (TASK(DELETING) | TASK_SHELVED)

static const struct guest_rule rules_running[] = {
	{ VM(RESIZED) | VM(RESCUED), TASK(NONE), VM_KEEP, POWER_RUNNING, TASK_NONE, NULL, false },
	{ VM_ANY, TASK(RESIZE_FINISH), VM_RESIZED, POWER_RUNNING, TASK_NONE, NULL, false },
	{ VM_ANY, TASK(RESCUING), VM_RESCUED, POWER_RUNNING, TASK_NONE, NULL, false },
	/* Its memory could not be written, or QEMU does not answer: it goes on. */
	{ VM_ANY, TASK(SUSPENDING) | TASK(PAUSING), VM_ACTIVE, POWER_RUNNING, TASK_NONE, "run",
	  true },
	{ VM_ANY, TASK_UNTIL_RUNNING, VM_ACTIVE, POWER_RUNNING, TASK_NONE, NULL, false },
	{ 0 },
};
static const struct guest_rule rules_stopped[] = {
	{ VM(RESIZED) | VM(RESCUED), TASK(NONE), VM_KEEP, POWER_SHUTDOWN, TASK_NONE, "stop",
	  false },
	{ VM_ANY, TASK(RESIZE_FINISH), VM_RESIZED, POWER_SHUTDOWN, TASK_NONE, "stop", false },
	{ VM_ANY, TASK(SHELVING), VM_KEEP, POWER_SHUTDOWN, TASK_SHELVING_IMAGE, "stop", false },
	{ VM_ANY, TASK_COPYING, VM_STOPPED, POWER_SHUTDOWN, TASK_KEEP, "stop", false },
	{ VM_ANY, TASK_ANY & ~(TASK_STARTING | TASK_ENDING), VM_STOPPED, POWER_SHUTDOWN, TASK_NONE,
	  "stop", false },
	{ 0 },
};
static const struct guest_rule rules_paused[] = {
	{ VM_ANY, TASK(NONE) | TASK(PAUSING), VM_PAUSED, POWER_PAUSED, TASK_NONE, NULL, false },
	/* QEMU does not answer. */
	{ VM_ANY, TASK(UNPAUSING), VM_PAUSED, POWER_PAUSED, TASK_NONE, "pause", true },
	{ 0 },
};
static const struct guest_rule rules_suspended[] = {
	{ VM_ANY, TASK(NONE) | TASK(SUSPENDING), VM_SUSPENDED, POWER_SHUTDOWN, TASK_NONE, NULL,
	  false },
	{ 0 },
};
/* A guest that died is not started again behind its owner's back. */
static const struct guest_rule rules_crashed[] = {
	{ VM_ANY, TASK(POWERING_OFF), VM_STOPPED, POWER_SHUTDOWN, TASK_NONE, "stop", false },
	{ VM_ANY, TASK(SHELVING), VM_KEEP, POWER_SHUTDOWN, TASK_SHELVING_IMAGE, "stop", false },
	{ VM_ANY, TASK_COPYING, VM_ERROR, POWER_CRASHED, TASK_KEEP, "stop", false },
	{ VM_ANY, TASK_ANY & ~TASK_ENDING, VM_ERROR, POWER_CRASHED, TASK_NONE, "stop", false },
	{ 0 },
};
static const struct guest_rule rules_failed[] = {
	{ VM_ANY, TASK_ANY & ~TASK_ENDING, VM_ERROR, POWER_NOSTATE, TASK_NONE, "stop", false },
	{ 0 },
};

static const struct guest_rule *const guest_rules[] = {
	[GUEST_RUNNING] = rules_running, [GUEST_STOPPED] = rules_stopped,
	[GUEST_PAUSED] = rules_paused,   [GUEST_CRASHED] = rules_crashed,
	[GUEST_FAILED] = rules_failed,   [GUEST_SUSPENDED] = rules_suspended,
};

/* A server that already is in ERROR stays there when its guest is merely found stopped, also while its
 * disk is copied. */
static bool rule_moot(unsigned state, enum vm_state vm_state, enum task_state task)
{
	return state == GUEST_STOPPED && vm_state == VM_ERROR &&
	       (1u << task & (TASK(NONE) | TASK_COPYING));
}

const struct guest_rule *guest_rule_find(unsigned state, enum vm_state vm_state,
					 enum task_state task)
{
	const struct guest_rule *rule;

	if (state >= ARRAY_LENGTH(guest_rules) || !guest_rules[state] ||
	    rule_moot(state, vm_state, task))
		return NULL;
	for (rule = guest_rules[state]; rule->tasks; rule++)
		if ((rule->tasks & (1u << task)) && (rule->vm_states & (1u << vm_state)))
			return rule;
	return NULL;
}

static const char *const vm_names[VM_STATES] = {
	[VM_BUILDING] = "building",
	[VM_ACTIVE] = "active",
	[VM_STOPPED] = "stopped",
	[VM_PAUSED] = "paused",
	[VM_SUSPENDED] = "suspended",
	[VM_RESCUED] = "rescued",
	[VM_RESIZED] = "resized",
	[VM_SHELVED] = "shelved",
	[VM_SHELVED_OFFLOADED] = "shelved_offloaded",
	[VM_ERROR] = "error",
};
static const char *const task_names[TASK_STATES] = {
	[TASK_SPAWNING] = "spawning",
	[TASK_POWERING_ON] = "powering-on",
	[TASK_POWERING_OFF] = "powering-off",
	[TASK_REBOOTING] = "rebooting",
	[TASK_REBOOTING_HARD] = "rebooting_hard",
	[TASK_PAUSING] = "pausing",
	[TASK_UNPAUSING] = "unpausing",
	[TASK_REBUILDING] = "rebuilding",
	[TASK_RESIZE_FINISH] = "resize_finish",
	[TASK_RESIZE_REVERTING] = "resize_reverting",
	[TASK_IMAGE_SNAPSHOT] = "image_snapshot",
	[TASK_IMAGE_BACKUP] = "image_backup",
	[TASK_SUSPENDING] = "suspending",
	[TASK_RESUMING] = "resuming",
	[TASK_RESCUING] = "rescuing",
	[TASK_UNRESCUING] = "unrescuing",
	[TASK_SHELVING] = "shelving",
	[TASK_SHELVING_IMAGE] = "shelving_image_uploading",
	[TASK_SHELVING_OFFLOADING] = "shelving_offloading",
	[TASK_UNSHELVING] = "unshelving",
	[TASK_DELETING] = "deleting",
};

const char *vm_state_name(enum vm_state state)
{
	return vm_names[state];
}

const char *task_state_name(enum task_state state)
{
	return task_names[state];
}

enum vm_state vm_state_by_name(const char *name)
{
	for (unsigned state = 0; name && state < VM_STATES; state++)
		if (!strcmp(vm_names[state], name))
			return state;
	return VM_ERROR;
}

enum task_state task_state_by_name(const char *name)
{
	for (unsigned state = 1; name && state < TASK_STATES; state++)
		if (!strcmp(task_names[state], name))
			return state;
	return TASK_NONE;
}

static const struct {
	enum vm_state vm_state;
	enum task_state task; /* TASK_NONE: any other */
	const char *status;
} statuses[] = {
	{ VM_ACTIVE, TASK_REBOOTING, "REBOOT" },
	{ VM_ACTIVE, TASK_REBOOTING_HARD, "HARD_REBOOT" },
	{ VM_ACTIVE, TASK_REBUILDING, "REBUILD" },
	{ VM_ACTIVE, TASK_RESIZE_FINISH, "RESIZE" },
	{ VM_ACTIVE, TASK_NONE, "ACTIVE" },
	{ VM_BUILDING, TASK_NONE, "BUILD" },
	{ VM_STOPPED, TASK_RESIZE_FINISH, "RESIZE" },
	{ VM_STOPPED, TASK_REBUILDING, "REBUILD" },
	{ VM_STOPPED, TASK_NONE, "SHUTOFF" },
	{ VM_RESIZED, TASK_RESIZE_REVERTING, "REVERT_RESIZE" },
	{ VM_RESIZED, TASK_NONE, "VERIFY_RESIZE" },
	{ VM_PAUSED, TASK_NONE, "PAUSED" },
	{ VM_SUSPENDED, TASK_NONE, "SUSPENDED" },
	{ VM_RESCUED, TASK_NONE, "RESCUE" },
	{ VM_ERROR, TASK_REBUILDING, "REBUILD" },
	{ VM_ERROR, TASK_NONE, "ERROR" },
	{ VM_SHELVED, TASK_NONE, "SHELVED" },
	{ VM_SHELVED_OFFLOADED, TASK_NONE, "SHELVED_OFFLOADED" },
};

const char *status_of(const char *vm_state, const char *task_state)
{
	enum vm_state vm = vm_state_by_name(vm_state);
	enum task_state task = task_state_by_name(task_state);

	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
		if (statuses[i].vm_state == vm &&
		    (statuses[i].task == task || statuses[i].task == TASK_NONE))
			return statuses[i].status;
	return "UNKNOWN";
}

bool status_known(const char *status)
{
	/* States that Nova knows and that no server of ours is ever in. */
	static const char *const others[] = { "PASSWORD", "MIGRATING", "DELETED", "SOFT_DELETED" };

	for (size_t i = 0; i < ARRAY_LENGTH(statuses); i++)
		if (!strcasecmp(status, statuses[i].status))
			return true;
	for (size_t i = 0; i < ARRAY_LENGTH(others); i++)
		if (!strcasecmp(status, others[i]))
			return true;
	return false;
}
