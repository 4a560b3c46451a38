/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sandboxed program that runs to its end beside the loop, its output kept (the last of it). */
#ifndef CUMULET_HYPERVISOR_JOB_H
#define CUMULET_HYPERVISOR_JOB_H

#include "firmware/lib/loop.h"
#include "hypervisor/sandbox.h"

#define JOB_OUTPUT_MAX 4096

struct job {
	struct loop_process process;
	struct loop_fd output;
	int output_fd; /* owned */
	char text[JOB_OUTPUT_MAX];
	size_t text_size;
	pid_t pid; /* 0: not running */
	struct loop *loop;
	/* status as of waitid(2): 0 means that the program said it went well. */
	void (*on_done)(struct job *job, int status);
};

int job_start(struct job *job, struct loop *loop, const struct sandbox *sandbox, char *const argv[],
	      void (*on_done)(struct job *, int));
/* Kills it; on_done is not called. */
void job_stop(struct job *job);
/* The last line of its output, without the line's end; "" for none. In 'text', cut there. */
const char *job_last_line(struct job *job);

#endif
