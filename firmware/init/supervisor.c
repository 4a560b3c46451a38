/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/init/supervisor.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

static void process_handle(struct process *process, enum process_event event);

static struct process *process_find(struct supervisor *supervisor, enum role role)
{
	for (size_t i = 0; i < supervisor->process_count; i++)
		if (supervisor->processes[i].entry->role == role)
			return &supervisor->processes[i];
	return NULL;
}

/* ---- links ---- */

static void link_send(struct process *process, enum role peer, enum link_plane plane, int fd)
{
	struct control_link link = { .peer = peer, .plane = plane };
	int64_t result = channel_send_struct(&process->control, CONTROL_LINK, 0,
					     control_link_fields, &link, fd);

	/* One that is gone already gets a new link when it has been started again. */
	if (result < 0 && result != -ENOTCONN)
		log_error("supervisor", "link not handed out", "role=%s peer=%s reason=%s",
			  role_name(process->entry->role), role_name(peer),
			  log_quote(strerror((int)-result)));
}

static void link_make(struct process *one, struct process *other, enum link_plane plane)
{
	int type = plane == LINK_HTTP ? SOCK_STREAM : SOCK_SEQPACKET;
	int pair[2];

	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) {
		log_error("supervisor", "no socket pair", "reason=%s", log_quote(strerror(errno)));
		return;
	}
	link_send(one, other->entry->role, plane, pair[0]);
	link_send(other, one->entry->role, plane, pair[1]);
	close(pair[0]);
	close(pair[1]);
}

/* Fresh links between this process and all its peers that are there. */
static void process_link(struct process *process)
{
	enum role role = process->entry->role;

	for (const struct link_entry *link = link_table; link->one != ROLE_NONE; link++) {
		enum role peer = link->one == role ? link->other : link->one;
		struct process *other = process_find(process->supervisor, peer);

		if (link->one != role && link->other != role)
			continue;
		if (other != NULL && channel_is_open(&other->control))
			link_make(process, other, link->plane);
	}
	if (role == ROLE_CLOUD && process->supervisor->listen_fd >= 0)
		link_send(process, ROLE_INIT, LINK_LISTEN, process->supervisor->listen_fd);
}

/* ---- the control channel ---- */

static void on_control(struct channel *channel, struct message *message, void *context)
{
	struct process *process = context;

	(void)channel;
	if (message->type == CONTROL_READY)
		process_handle(process, EVENT_READY);
	else
		control_message(process, message);
}

static const struct channel_handler control_handler = { .on_message = on_control };

/* ---- what the table's actions mean ---- */

static int process_pipe(struct supervisor *supervisor, int *log_fd)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	/* The writer blocks: a process that talks fast waits rather than loses lines. */
	fcntl(fds[1], F_SETFL, 0);
	*log_fd = fds[1];
	return log_source_add(&supervisor->log, supervisor->loop, fds[0]);
}

static int process_spawn(struct process *process)
{
	struct supervisor *supervisor = process->supervisor;
	CLEANUP_FD int control_fd = -1, log_fd = -1;
	int pair[2], result;
	pid_t pid;

	result = process_pipe(supervisor, &log_fd);
	if (result < 0)
		return result;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	control_fd = pair[1];
	result = channel_open(&process->control, supervisor->loop, pair[0],
			      role_name(process->entry->role), &control_handler, process);
	if (result < 0) {
		close(pair[0]);
		return result;
	}
	pid = supervisor->spawner->spawn(process->entry, control_fd, log_fd);
	if (pid < 0) {
		channel_close(&process->control);
		return (int)pid;
	}
	process->pid = pid;
	process->started = loop_now(supervisor->loop);
	return 0;
}

static void on_timer(struct loop_timer *timer)
{
	process_handle(container_of(timer, struct process, timer), EVENT_TIMER);
}

static void timer_set(struct process *process, unsigned delay_ms)
{
	loop_timer_start(process->supervisor->loop, &process->timer, delay_ms, on_timer);
}

static void action_spawn(struct process *process)
{
	int result = process_spawn(process);

	if (result < 0) {
		log_error("supervisor", "process not started", "role=%s reason=%s",
			  role_name(process->entry->role), log_quote(strerror(-result)));
		process_handle(process, EVENT_EXIT);
		return;
	}
	log_info("supervisor", "process started", "role=%s pid=%d", role_name(process->entry->role),
		 process->pid);
	process_link(process);
}

static void action_back_off(struct process *process)
{
	uint64_t alive = loop_now(process->supervisor->loop) - process->started;
	unsigned delay = backoff_next(&process->backoff, alive);

	log_warning("supervisor", "process starts again", "role=%s in_ms=%u",
		    role_name(process->entry->role), delay);
	timer_set(process, delay);
}

static void action_ask(struct process *process)
{
	channel_send_struct(&process->control, CONTROL_STOP, 0, NULL, NULL, -1);
	timer_set(process, process->entry->stop_ms);
}

static void action_kill(struct process *process)
{
	log_warning("supervisor", "process is too slow to stop", "role=%s",
		    role_name(process->entry->role));
	process->supervisor->spawner->kill(process->pid, SIGKILL);
}

static void process_act(struct process *process, enum process_action action)
{
	switch (action) {
	case ACTION_NONE:
		break;
	case ACTION_SPAWN:
		action_spawn(process);
		break;
	case ACTION_BACK_OFF:
		action_back_off(process);
		break;
	case ACTION_ASK:
		action_ask(process);
		break;
	case ACTION_KILL:
		action_kill(process);
		break;
	case ACTION_FORGET:
		loop_timer_stop(&process->timer);
		break;
	}
}

/* ---- shutdown ---- */

static bool phase_is_over(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->process_count; i++) {
		const struct process *process = &supervisor->processes[i];

		if (process->entry->stop_phase <= supervisor->stop_phase &&
		    process->state != PROCESS_DOWN)
			return false;
	}
	return true;
}

static void phase_stop(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->process_count; i++) {
		struct process *process = &supervisor->processes[i];

		if (process->entry->stop_phase == supervisor->stop_phase)
			process_handle(process, EVENT_STOP);
	}
}

/* Called again whenever a process has gone down. */
static void stop_continue(struct supervisor *supervisor)
{
	while (phase_is_over(supervisor)) {
		if (++supervisor->stop_phase == STOP_PHASES) {
			supervisor->on_stopped(supervisor);
			return;
		}
		/* May come back here for those that go down at once. */
		phase_stop(supervisor);
		if (supervisor->stop_phase >= STOP_PHASES)
			return;
	}
}

static void process_handle(struct process *process, enum process_event event)
{
	struct process_step step = process_step(process->state, event);
	bool went_down = step.next == PROCESS_DOWN && process->state != PROCESS_DOWN;

	if (step.next != process->state)
		log_debug("supervisor", "process state", "role=%s from=%s to=%s",
			  role_name(process->entry->role), process_state_name(process->state),
			  process_state_name(step.next));
	process->state = step.next;
	process_act(process, step.action);
	if (went_down && process->supervisor->stopping)
		stop_continue(process->supervisor);
}

/* ---- for init ---- */

void supervisor_init(struct supervisor *supervisor, struct loop *loop,
		     const struct spawner *spawner)
{
	*supervisor = (struct supervisor){ .loop = loop, .spawner = spawner, .listen_fd = -1 };
	log_ring_init(&supervisor->log);
	for (const struct role_entry *entry = role_table; entry->role != ROLE_NONE; entry++)
		supervisor->processes[supervisor->process_count++] = (struct process){
			.entry = entry, .supervisor = supervisor, .control.fd = -1
		};
}

void supervisor_start(struct supervisor *supervisor, bool needs_data)
{
	for (size_t i = 0; i < supervisor->process_count; i++)
		if (supervisor->processes[i].entry->needs_data == needs_data)
			process_handle(&supervisor->processes[i], EVENT_START);
}

void supervisor_stop(struct supervisor *supervisor)
{
	if (supervisor->stopping)
		return;
	supervisor->stop_phase = 0;
	/* Before 'stopping' is set: only when all of the first phase were told do ends count. */
	phase_stop(supervisor);
	supervisor->stopping = true;
	stop_continue(supervisor);
}

static void end_log(const struct process *process, int status)
{
	if (WIFSIGNALED(status))
		log_warning("supervisor", "process killed", "role=%s pid=%d signal=%d",
			    role_name(process->entry->role), process->pid, WTERMSIG(status));
	else
		log_info("supervisor", "process ended", "role=%s pid=%d status=%d",
			 role_name(process->entry->role), process->pid, WEXITSTATUS(status));
}

bool supervisor_reaped(struct supervisor *supervisor, pid_t pid, int status)
{
	for (size_t i = 0; i < supervisor->process_count; i++) {
		struct process *process = &supervisor->processes[i];

		if (process->pid != pid)
			continue;
		end_log(process, status);
		channel_close(&process->control);
		process->pid = 0;
		process_handle(process, EVENT_EXIT);
		return true;
	}
	return false;
}

void supervisor_free(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->process_count; i++) {
		loop_timer_stop(&supervisor->processes[i].timer);
		channel_close(&supervisor->processes[i].control);
	}
}
