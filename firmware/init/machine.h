/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of one process as a state machine, free of side effects: the supervisor carries out
 * the action that the table gives.
 *
 *	DOWN      not there and not wanted
 *	STARTING  spawned, has not said CONTROL_READY
 *	RUNNING   serves
 *	WAITING   ended by itself; starts again when the back-off is over
 *	STOPPING  was told to stop
 */
#ifndef CUMULET_INIT_MACHINE_H
#define CUMULET_INIT_MACHINE_H

#include <stdint.h>

enum process_state {
	PROCESS_DOWN,
	PROCESS_STARTING,
	PROCESS_RUNNING,
	PROCESS_WAITING,
	PROCESS_STOPPING,
	PROCESS_STATES
};

enum process_event {
	EVENT_START, /* it is wanted */
	EVENT_READY, /* CONTROL_READY */
	EVENT_EXIT,  /* it has ended, or could not be spawned */
	EVENT_TIMER, /* back-off over, or too slow to stop */
	EVENT_STOP,  /* it is no longer wanted */
	PROCESS_EVENTS
};

enum process_action {
	ACTION_NONE,
	ACTION_SPAWN,
	ACTION_BACK_OFF, /* start the timer with backoff_next() */
	ACTION_ASK,      /* send CONTROL_STOP, start the timer with the role's stop_ms */
	ACTION_KILL,     /* SIGKILL */
	ACTION_FORGET,   /* stop the timer: it is down now */
};

struct process_step {
	enum process_action action;
	enum process_state next;
};

const char *process_state_name(enum process_state state);
struct process_step process_step(enum process_state state, enum process_event event);

#define BACKOFF_FIRST_MS 100
#define BACKOFF_MOST_MS 10000
#define BACKOFF_RESET_MS 30000 /* one that lived this long starts at the first delay again */

/* The delay before the next start; '*backoff' (0 at first) is what doubles. */
unsigned backoff_next(unsigned *backoff, uint64_t alive_ms);

#endif
