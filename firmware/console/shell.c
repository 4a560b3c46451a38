/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shell. The menu itself has no privileges; a process that is forked before they are dropped
 * waits for one byte, runs a root shell on the terminal until it ends, and says so with a byte.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "firmware/console/console.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

static void run_shell(void)
{
	pid_t child = fork();

	if (child == 0) {
		/* The terminal is init's to us; a session of its own gives the shell job control. */
		setpgid(0, 0);
		tcsetpgrp(STDIN_FILENO, getpid());
		dup2(STDOUT_FILENO, STDERR_FILENO);
		signal(SIGTTOU, SIG_DFL);
		execl("/bin/sh", "-sh", (char *)NULL);
		_exit(127);
	}
	if (child < 0)
		return;
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	tcsetpgrp(STDIN_FILENO, getpgrp());
}

__attribute__((noreturn)) static void serve(int fd)
{
	char byte;

	/* Setting the terminal's foreground group from the background must not stop us. */
	signal(SIGTTOU, SIG_IGN);
	while (read(fd, &byte, 1) == 1) {
		run_shell();
		if (write(fd, &byte, 1) != 1)
			break;
	}
	_exit(0);
}

int shell_prepare(void)
{
	int pair[2];
	pid_t child;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	child = fork();
	if (child == 0) {
		close(pair[0]);
		/* init has to see when the menu ends, not when this does. */
		close(ROLE_CONTROL_FD);
		serve(pair[1]);
	}
	close(pair[1]);
	if (child < 0) {
		close(pair[0]);
		return -errno;
	}
	return pair[0];
}

void shell_start(struct console *console)
{
	char byte = 's';

	if (console->shell < 0) {
		console_notice(console, "There is no shell here.");
		return;
	}
	console->in_shell = true;
	console_leave(console);
	/* The shell reads the terminal now, not we. */
	loop_fd_stop(&console->input);
	if (write(console->shell, &byte, 1) != 1)
		log_error("console", "no shell", "error=%s", log_quote(strerror(errno)));
}
