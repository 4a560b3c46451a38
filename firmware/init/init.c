/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * PID 1. Booted it is started by the kernel; hosted by tools/hosted as
 *
 *	init hosted [kvm] [listen=DESCRIPTOR]
 *
 * as the first process of namespaces of its own, with the state directory on /data.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "firmware/init/data.h"
#include "firmware/init/provision.h"
#include "firmware/init/supervisor.h"
#include "firmware/init/system.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

/* All phases of the shutdown together; what is not gone by then is killed. */
#define STOP_MOST_MS 90000

static struct {
	bool hosted, kvm;
	int listen_fd;
	enum power_action power;
	struct supervisor supervisor;
	struct loop_signal children, terminate, interrupt;
	struct loop_timer stop_timer;
} box = { .listen_fd = -1 };

/* ---- start ---- */

static void arguments_parse(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "hosted") == 0)
			box.hosted = true;
		else if (strcmp(argv[i], "kvm") == 0)
			box.kvm = true;
		else if (sscanf(argv[i], "listen=%d", &box.listen_fd) == 1)
			fcntl(box.listen_fd, F_SETFD, FD_CLOEXEC);
	}
}

/* Standard error is what init was started with, booted the console; the others read and write
 * nothing. All three must be taken before anything else opens a descriptor. */
static void standard_fds_open(void)
{
	int null = open("/dev/null", O_RDWR), console;

	if (fcntl(STDERR_FILENO, F_GETFD) < 0) {
		console = open("/dev/console", O_WRONLY | O_NOCTTY);
		dup2(console >= 0 ? console : null, STDERR_FILENO);
		if (console > STDERR_FILENO)
			close(console);
	}
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	if (null > STDERR_FILENO)
		close(null);
}

/* Our own lines go through a pipe into the ring like everybody's. The writing end must not
 * block: nobody else would read. */
static int own_log_collect(struct supervisor *supervisor)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0)
		return -errno;
	supervisor->log.copy_fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
	supervisor->log.copy = box.hosted ? LOG_COPY_ALL : LOG_COPY_PROBLEMS;
	dup2(fds[1], STDERR_FILENO);
	close(fds[1]);
	return log_source_add(&supervisor->log, supervisor->loop, fds[0]);
}

static void hostname_set(void)
{
	char name[64];

	system_hostname_set(provision_read("hostname", name, sizeof(name)) && name[0] != '\0'
				    ? name
				    : "cumulet");
}

/* Without it the operator still gets the console and what it says about the reason. */
static void data_start(struct supervisor *supervisor)
{
	struct error error;

	if (!box.hosted && data_mount(&error) < 0) {
		log_error("data", "no data partition: guests and the API stay down", "reason=%s",
			  log_quote(error.message));
		return;
	}
	system_directories();
	provision_show();
	supervisor_start(supervisor, true);
}

/* ---- end ---- */

static void drain_log(void)
{
	for (int i = 0; i < 16; i++)
		loop_once(box.supervisor.loop, 0);
}

static void on_stopped(struct supervisor *supervisor)
{
	loop_stop(supervisor->loop, 0);
}

static void on_stop_timer(struct loop_timer *timer)
{
	log_error("power", "shutdown is cut short", "after_ms=%d", STOP_MOST_MS);
	loop_stop(timer->loop, 0);
}

static void power_begin(struct supervisor *supervisor, enum power_action action)
{
	if (box.power != POWER_NONE)
		return;
	box.power = action;
	log_info("power", "shutting down", "action=%s",
		 action == POWER_REBOOT ? "reboot" : "poweroff");
	loop_timer_start(supervisor->loop, &box.stop_timer, STOP_MOST_MS, on_stop_timer);
	supervisor_stop(supervisor);
}

/* ---- signals ---- */

/* Guests of a vmm that died become our children: all that end are reaped. */
static void on_child(struct loop_signal *handle, int signal)
{
	int status;
	pid_t pid;

	(void)handle;
	(void)signal;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!supervisor_reaped(&box.supervisor, pid, status))
			log_debug("supervisor", "orphan reaped", "pid=%d", pid);
}

static void on_terminate(struct loop_signal *handle, int signal)
{
	(void)handle;
	/* The kernel sends SIGINT for Ctrl-Alt-Del. */
	power_begin(&box.supervisor, signal == SIGINT ? POWER_REBOOT : POWER_OFF);
}

static int signals_start(struct loop *loop)
{
	int result = loop_signal_start(loop, &box.children, SIGCHLD, on_child);

	if (result == 0)
		result = loop_signal_start(loop, &box.terminate, SIGTERM, on_terminate);
	if (result == 0)
		result = loop_signal_start(loop, &box.interrupt, SIGINT, on_terminate);
	signal(SIGPIPE, SIG_IGN);
	if (!box.hosted)
		reboot(RB_DISABLE_CAD);
	return result;
}

/* ---- */

static int box_start(struct loop *loop)
{
	struct supervisor *supervisor = &box.supervisor;
	int result;

	supervisor_init(supervisor, loop, &process_spawner);
	supervisor->listen_fd = box.listen_fd;
	supervisor->on_power = power_begin;
	supervisor->on_stopped = on_stopped;
	result = own_log_collect(supervisor);
	if (result == 0)
		result = signals_start(loop);
	return result;
}

static void on_button(void)
{
	power_begin(&box.supervisor, POWER_OFF);
}

static void machine_watch(struct loop *loop)
{
	watchdog_start(loop);
	power_buttons_watch(loop, on_button);
}

static void box_run(struct loop *loop)
{
	if (box.hosted)
		terminal_serve(loop);
	else
		machine_watch(loop);
	provision_copy(box.hosted);
	hostname_set();
	system_loopback_up();
	supervisor_start(&box.supervisor, false);
	data_start(&box.supervisor);
	loop_run(loop);
}

int init_main(int argc, char **argv)
{
	struct loop *loop;
	int result;

	if (getpid() != 1) {
		fprintf(stderr, "init: only as the first process; see tools/hosted\n");
		return EX_USAGE;
	}
	arguments_parse(argc, argv);
	system_mount(box.hosted);
	if (box.hosted && box.kvm)
		system_kvm_nodes_make();
	standard_fds_open();
	if (!box.hosted)
		system_memory_set();
	result = loop_new(&loop);
	if (result == 0)
		result = box_start(loop);
	if (result < 0) {
		log_error("init", "can't start", "reason=%s", log_quote(strerror(-result)));
		system_end(POWER_REBOOT, box.hosted);
	}
	log_info("init", "box starts", "mode=%s", box.hosted ? "hosted" : "booted");
	box_run(loop);
	log_info("power", "all stopped", "action=%s",
		 box.power == POWER_REBOOT ? "reboot" : "poweroff");
	drain_log();
	system_end(box.power, box.hosted);
}
