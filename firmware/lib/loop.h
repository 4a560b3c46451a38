/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: epoll, timers, deferred work, signals and child processes. Handles are
 * structs embedded in what owns them; the loop never allocates or frees them. A handle may be
 * stopped from within any callback, its own included; after *_stop() returns its callback is not
 * called again. One loop belongs to one thread; only loop_wake() may be called from others.
 *
 * Time is CLOCK_MONOTONIC in milliseconds. Tests turn it: loop_clock_fake().
 */
#ifndef CUMULET_LIB_LOOP_H
#define CUMULET_LIB_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HANGUP = 4 };

struct loop_fd {
	void (*callback)(struct loop_fd *handle, unsigned events);
	int fd;          /* not owned */
	unsigned events; /* what is watched, 0: not started */
	struct loop *loop;
};

struct loop_timer {
	void (*callback)(struct loop_timer *timer);
	uint64_t due; /* absolute ms; valid while running */
	struct loop *loop;
	struct loop_timer *next;
	bool running;
};

/* Runs once, after the callbacks of the present turn. */
struct loop_task {
	void (*callback)(struct loop_task *task);
	struct loop *loop;
	struct loop_task *next;
	bool queued;
};

/* A signal has one handle in the process: -EBUSY for a second. */
struct loop_signal {
	void (*callback)(struct loop_signal *handle, int signal);
	int signal;
	struct loop *loop;
	struct loop_signal *next;
};

/* Watches a process by pidfd, so it need not be a child; status is as of waitpid(2) for children,
 * -1 for others. */
struct loop_process {
	void (*callback)(struct loop_process *process, int status);
	pid_t pid;
	struct loop_fd fd; /* owned by the loop while started */
};

int loop_new(struct loop **loop);
void loop_free(struct loop *loop);
int loop_run(struct loop *loop); /* until loop_stop(); the value given there */
void loop_stop(struct loop *loop, int value);
/* One turn: waits at most 'timeout' ms (-1: until something happens). For tests. */
int loop_once(struct loop *loop, int timeout);
/* Wakes the loop from another thread or signal handler; its tasks run. */
void loop_wake(struct loop *loop);
/* Runs callback(argument) in the loop's thread soon; callable from any thread; -ENOMEM. */
int loop_post(struct loop *loop, void (*callback)(void *argument), void *argument);

int loop_fd_start(struct loop *loop, struct loop_fd *handle, int fd, unsigned events,
		  void (*callback)(struct loop_fd *, unsigned));
int loop_fd_change(struct loop_fd *handle, unsigned events);
void loop_fd_stop(struct loop_fd *handle);

uint64_t loop_now(struct loop *loop); /* ms */
void loop_clock_fake(struct loop *loop, uint64_t now);
void loop_timer_start(struct loop *loop, struct loop_timer *timer, uint64_t delay_ms,
		      void (*callback)(struct loop_timer *));
void loop_timer_stop(struct loop_timer *timer);

void loop_task_queue(struct loop *loop, struct loop_task *task,
		     void (*callback)(struct loop_task *));
void loop_task_cancel(struct loop_task *task);

int loop_signal_start(struct loop *loop, struct loop_signal *handle, int signal,
		      void (*callback)(struct loop_signal *, int));
void loop_signal_stop(struct loop_signal *handle);

int loop_process_start(struct loop *loop, struct loop_process *process, pid_t pid,
		       void (*callback)(struct loop_process *, int));
void loop_process_stop(struct loop_process *process);

#endif
