/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"

/* Returns what read(2) does; keeps the last bytes. */
static ssize_t output_read(struct job *job)
{
	char chunk[1024];
	ssize_t got = read(job->output_fd, chunk, sizeof(chunk));
	size_t size = got > 0 ? (size_t)got : 0, room = sizeof(job->text) - 1;

	if (job->text_size + size > room) {
		size_t excess = job->text_size + size - room;

		memmove(job->text, job->text + excess, job->text_size - excess);
		job->text_size -= excess;
	}
	memcpy(job->text + job->text_size, chunk, size);
	job->text_size += size;
	job->text[job->text_size] = '\0';
	return got;
}

static void on_output(struct loop_fd *handle, unsigned events)
{
	struct job *job = container_of(handle, struct job, output);

	(void)events;
	if (output_read(job) == 0)
		loop_fd_stop(handle);
}

static void job_release(struct job *job)
{
	loop_process_stop(&job->process);
	loop_fd_stop(&job->output);
	cleanup_close(&job->output_fd);
	job->output_fd = -1;
	job->pid = 0;
}

static void on_exit_of(struct loop_process *process, int status)
{
	struct job *job = container_of(process, struct job, process);

	while (output_read(job) > 0)
		;
	job_release(job);
	job->on_done(job, status);
}

/* What could not be started says so in the output as well, so that there is one place to look. */
static int start_wait(struct job *job, int status_fd)
{
	struct sandbox_fault fault;
	ssize_t got;

	fcntl(status_fd, F_SETFL, 0);
	got = read(status_fd, &fault, sizeof(fault));
	if (got != (ssize_t)sizeof(fault))
		return 0;
	snprintf(job->text, sizeof(job->text), "%.59s: %s", fault.step, strerror(fault.code));
	return -fault.code;
}

int job_start(struct job *job, struct loop *loop, const struct sandbox *sandbox, char *const argv[],
	      void (*on_done)(struct job *, int))
{
	CLEANUP_FD int status_fd = -1;
	CLEANUP_FD int write_end = -1;
	struct sandbox with_output = *sandbox;
	int ends[2], result;

	*job = (struct job){ .loop = loop, .on_done = on_done, .output_fd = -1 };
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	job->output_fd = ends[0];
	write_end = ends[1];
	with_output.output = write_end;
	with_output.oom_score = OOM_SCORE_JOB;
	job->pid = sandbox_spawn(&with_output, argv, &status_fd);
	result = job->pid < 0 ? job->pid : start_wait(job, status_fd);
	if (result == 0)
		result = loop_process_start(loop, &job->process, job->pid, on_exit_of);
	if (result == 0)
		result = loop_fd_start(loop, &job->output, job->output_fd, LOOP_READ, on_output);
	if (result < 0)
		job_stop(job);
	return result;
}

void job_stop(struct job *job)
{
	if (job->pid > 0) {
		kill(job->pid, SIGKILL);
		waitpid(job->pid, NULL, 0);
	}
	job_release(job);
}

const char *job_last_line(struct job *job)
{
	char *end = job->text + strlen(job->text), *line;

	while (end > job->text && (end[-1] == '\n' || end[-1] == '\r'))
		*--end = '\0';
	line = strrchr(job->text, '\n');
	return line != NULL ? line + 1 : job->text;
}
