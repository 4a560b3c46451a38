/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signals and processes. Signals are taken by a handler that notes them and wakes the loop, not
 * by signalfd: nothing stays blocked that a started program would inherit.
 */
#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/loop_internal.h"

/* The kernel's largest signal number. */
#define SIGNAL_COUNT 65

/* A signal has one handle in the whole process. */
static struct loop_signal *volatile signal_handle[SIGNAL_COUNT];
static volatile sig_atomic_t signal_pending[SIGNAL_COUNT];

static void signal_note(int signal)
{
	struct loop_signal *handle = signal_handle[signal];

	signal_pending[signal] = 1;
	if (handle != NULL)
		loop_wake(handle->loop);
}

static int signal_install(int signal, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };

	sigemptyset(&action.sa_mask);
	return sigaction(signal, &action, NULL) < 0 ? -errno : 0;
}

int loop_signal_start(struct loop *loop, struct loop_signal *handle, int signal,
		      void (*callback)(struct loop_signal *, int))
{
	int result;

	if (signal <= 0 || signal >= SIGNAL_COUNT)
		return -EINVAL;
	if (signal_handle[signal] != NULL)
		return -EBUSY;
	*handle = (struct loop_signal){ .callback = callback, .signal = signal, .loop = loop };
	signal_handle[signal] = handle;
	result = signal_install(signal, signal_note);
	if (result < 0) {
		signal_handle[signal] = NULL;
		handle->loop = NULL;
		return result;
	}
	handle->next = loop->signals;
	loop->signals = handle;
	return 0;
}

void loop_signal_stop(struct loop_signal *handle)
{
	struct loop_signal **link;

	if (handle->loop == NULL)
		return;
	for (link = &handle->loop->signals; *link != handle;)
		link = &(*link)->next;
	*link = handle->next;
	signal_install(handle->signal, SIG_DFL);
	signal_handle[handle->signal] = NULL;
	signal_pending[handle->signal] = 0;
	handle->loop = NULL;
}

void loop_signals_deliver(struct loop *loop)
{
	for (int signal = 1; signal < SIGNAL_COUNT; signal++) {
		struct loop_signal *handle = signal_handle[signal];

		if (handle == NULL || handle->loop != loop || !signal_pending[signal])
			continue;
		signal_pending[signal] = 0;
		handle->callback(handle, signal);
	}
}

/* ---- processes ---- */

static void process_callback(struct loop_fd *handle, unsigned events)
{
	struct loop_process *process = container_of(handle, struct loop_process, fd);
	int status;

	(void)events;
	while (waitpid(process->pid, &status, 0) < 0)
		if (errno != EINTR) {
			status = -1; /* not our child */
			break;
		}
	loop_process_stop(process);
	process->callback(process, status);
}

int loop_process_start(struct loop *loop, struct loop_process *process, pid_t pid,
		       void (*callback)(struct loop_process *, int))
{
	int result, fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return -errno;
	process->pid = pid;
	process->callback = callback;
	result = loop_fd_start(loop, &process->fd, fd, LOOP_READ, process_callback);
	if (result < 0)
		close(fd);
	return result;
}

void loop_process_stop(struct loop_process *process)
{
	int fd = process->fd.fd;

	if (process->fd.loop == NULL)
		return;
	loop_fd_stop(&process->fd);
	close(fd);
}
