/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/machine.h"

#define STAY(state)                                                                                \
	{                                                                                          \
		ACTION_NONE, state                                                                 \
	}

static const struct process_step steps[PROCESS_STATES][PROCESS_EVENTS] = {
	[PROCESS_DOWN] = {
		[EVENT_START] = { ACTION_SPAWN, PROCESS_STARTING },
		[EVENT_READY] = STAY(PROCESS_DOWN),
		[EVENT_EXIT] = STAY(PROCESS_DOWN),
		[EVENT_TIMER] = STAY(PROCESS_DOWN),
		[EVENT_STOP] = STAY(PROCESS_DOWN),
	},
	[PROCESS_STARTING] = {
		[EVENT_START] = STAY(PROCESS_STARTING),
		[EVENT_READY] = { ACTION_NONE, PROCESS_RUNNING },
		[EVENT_EXIT] = { ACTION_BACK_OFF, PROCESS_WAITING },
		[EVENT_TIMER] = STAY(PROCESS_STARTING),
		[EVENT_STOP] = { ACTION_ASK, PROCESS_STOPPING },
	},
	[PROCESS_RUNNING] = {
		[EVENT_START] = STAY(PROCESS_RUNNING),
		[EVENT_READY] = STAY(PROCESS_RUNNING),
		[EVENT_EXIT] = { ACTION_BACK_OFF, PROCESS_WAITING },
		[EVENT_TIMER] = STAY(PROCESS_RUNNING),
		[EVENT_STOP] = { ACTION_ASK, PROCESS_STOPPING },
	},
	[PROCESS_WAITING] = {
		[EVENT_START] = STAY(PROCESS_WAITING),
		[EVENT_READY] = STAY(PROCESS_WAITING),
		[EVENT_EXIT] = STAY(PROCESS_WAITING),
		[EVENT_TIMER] = { ACTION_SPAWN, PROCESS_STARTING },
		[EVENT_STOP] = { ACTION_FORGET, PROCESS_DOWN },
	},
	[PROCESS_STOPPING] = {
		[EVENT_START] = STAY(PROCESS_STOPPING),
		[EVENT_READY] = STAY(PROCESS_STOPPING),
		[EVENT_EXIT] = { ACTION_FORGET, PROCESS_DOWN },
		[EVENT_TIMER] = { ACTION_KILL, PROCESS_STOPPING },
		[EVENT_STOP] = STAY(PROCESS_STOPPING),
	},
};

const char *process_state_name(enum process_state state)
{
	static const char *const names[PROCESS_STATES] = { "down", "starting", "running", "waiting",
							   "stopping" };

	return names[state];
}

struct process_step process_step(enum process_state state, enum process_event event)
{
	return steps[state][event];
}

unsigned backoff_next(unsigned *backoff, uint64_t alive_ms)
{
	if (*backoff == 0 || alive_ms >= BACKOFF_RESET_MS)
		*backoff = BACKOFF_FIRST_MS;
	else if (*backoff * 2 < BACKOFF_MOST_MS)
		*backoff *= 2;
	else
		*backoff = BACKOFF_MOST_MS;
	return *backoff;
}
