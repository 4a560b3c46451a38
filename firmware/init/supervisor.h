/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts, links, restarts and stops the processes of the role table. What touches the kernel's
 * process table goes through 'struct spawner', so that tests can stand in for it.
 */
#ifndef CUMULET_INIT_SUPERVISOR_H
#define CUMULET_INIT_SUPERVISOR_H

#include "firmware/init/log_ring.h"
#include "firmware/init/machine.h"
#include "firmware/init/table.h"

#define PROCESSES_MAX 8

struct spawner {
	/* Starts the role with these as its control channel and standard error (the callee does
	 * not keep them) and returns its pid or a negative errno. */
	pid_t (*spawn)(const struct role_entry *entry, int control_fd, int log_fd);
	void (*kill)(pid_t pid, int signal);
};

struct supervisor;

struct process {
	const struct role_entry *entry;
	enum process_state state;
	pid_t pid; /* 0: none */
	uint64_t started;
	unsigned backoff;
	struct loop_timer timer;
	struct channel control;
	struct supervisor *supervisor;
};

enum power_action { POWER_NONE, POWER_OFF, POWER_REBOOT };

struct supervisor {
	struct loop *loop;
	const struct spawner *spawner;
	struct process processes[PROCESSES_MAX];
	size_t process_count;
	struct log_ring log;
	int listen_fd; /* LINK_LISTEN for cloud; -1: none */
	bool stopping;
	unsigned stop_phase;
	void (*on_power)(struct supervisor *supervisor, enum power_action action);
	void (*on_stopped)(struct supervisor *supervisor); /* after supervisor_stop() */
};

void supervisor_init(struct supervisor *supervisor, struct loop *loop,
		     const struct spawner *spawner);
/* Starts the roles that do, or do not, need the data partition. */
void supervisor_start(struct supervisor *supervisor, bool needs_data);
/* Stops all, phase by phase; on_stopped is called at the end, at once if nothing runs. */
void supervisor_stop(struct supervisor *supervisor);
/* A child has ended; false if it is none of ours. 'status' is as of waitpid(2). */
bool supervisor_reaped(struct supervisor *supervisor, pid_t pid, int status);
void supervisor_free(struct supervisor *supervisor);

/* Messages of the processes; see control.c. */
void control_message(struct process *process, struct message *message);

extern const struct spawner process_spawner; /* the real one */

#endif
