/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts a process: the one file here that forks for a role. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "firmware/init/supervisor.h"
#include "firmware/init/system.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

/* Nothing of what init was started with reaches the roles but this. */
static const char *const passed_variables[] = { "ASAN_OPTIONS", "UBSAN_OPTIONS" };

static char **environment(void)
{
	static char *variables[ARRAY_LENGTH(passed_variables) + 4];
	size_t count = 0;

	variables[count++] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
	variables[count++] = "HOME=/";
	variables[count++] = "TERM=vt100";
	for (size_t i = 0; i < ARRAY_LENGTH(passed_variables); i++) {
		char *value = getenv(passed_variables[i]);

		/* The whole 'NAME=value' stands in front of what getenv() returns. */
		if (value != NULL)
			variables[count++] = value - strlen(passed_variables[i]) - 1;
	}
	return variables;
}

static int fd_place(int fd, int place)
{
	if (fd == place)
		return fcntl(fd, F_SETFD, 0);
	return dup2(fd, place);
}

/* The terminal becomes the controlling one of the new session. */
static void terminal_place(void)
{
	int fd = open(system_terminal(), O_RDWR);

	if (fd < 0) {
		log_warning("supervisor", "no terminal", "path=%s reason=%s", system_terminal(),
			    log_quote(strerror(errno)));
		return;
	}
	ioctl(fd, TIOCSCTTY, 1);
	fd_place(fd, STDIN_FILENO);
	fd_place(fd, STDOUT_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

static void oom_score_set(int score)
{
	CLEANUP_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	char text[16];
	int length = snprintf(text, sizeof(text), "%d", score);

	/* Hosted this may not be allowed. */
	if (fd < 0 || write(fd, text, (size_t)length) < 0)
		log_debug("supervisor", "memory pressure may hit this process", "reason=%s",
			  log_quote(strerror(errno)));
}

__attribute__((noreturn)) static void child_run(const struct role_entry *entry, int control_fd,
						int log_fd)
{
	char *name = (char *)role_name(entry->role);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	fd_place(log_fd, STDERR_FILENO);
	/* What a library prints belongs to the log; standard input stays /dev/null. */
	fd_place(STDERR_FILENO, STDOUT_FILENO);
	fcntl(STDOUT_FILENO, F_SETFD, 0);
	fcntl(STDERR_FILENO, F_SETFD, 0);
	if (entry->has_tty)
		terminal_place();
	if (entry->oom_score != 0)
		oom_score_set(entry->oom_score);
	fd_place(control_fd, ROLE_CONTROL_FD);
	execve("/proc/self/exe", (char *[]){ name, NULL }, environment());
	log_error("supervisor", "exec failed", "reason=%s", log_quote(strerror(errno)));
	_exit(127);
}

static pid_t role_spawn(const struct role_entry *entry, int control_fd, int log_fd)
{
	pid_t pid = fork();

	if (pid == 0)
		child_run(entry, control_fd, log_fd);
	return pid < 0 ? -errno : pid;
}

static void role_kill(pid_t pid, int signal)
{
	if (pid > 0)
		kill(pid, signal);
}

const struct spawner process_spawner = { role_spawn, role_kill };
