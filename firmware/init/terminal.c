/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operator's terminal of a hosted box: a pseudo-terminal, whose other end is a socket that
 * takes one person at a time (a newcomer takes over). What is drawn while nobody looks is
 * thrown away.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "firmware/init/system.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define CONSOLE_SOCKET PATH_RUN "/console.sock"

static struct {
	struct loop_fd listener, master, client;
	int slave; /* held, so that the terminal outlives a console that restarts */
} terminal = { .client.fd = -1, .slave = -1 };

static void client_drop(void)
{
	if (terminal.client.fd < 0)
		return;
	loop_fd_stop(&terminal.client);
	close(fd_take(&terminal.client.fd));
}

/* What one end said goes to the other, or nowhere when that can't take it. */
static ssize_t relay(int from, int to)
{
	char data[2048];
	ssize_t size = read(from, data, sizeof(data));

	if (size > 0 && to >= 0)
		(void)!write(to, data, (size_t)size);
	return size;
}

static void on_master(struct loop_fd *handle, unsigned events)
{
	(void)events;
	relay(handle->fd, terminal.client.fd);
}

static void on_client(struct loop_fd *handle, unsigned events)
{
	(void)events;
	if (relay(handle->fd, terminal.master.fd) == 0)
		client_drop();
}

static void on_connect(struct loop_fd *handle, unsigned events)
{
	int fd = accept4(handle->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	client_drop();
	if (loop_fd_start(handle->loop, &terminal.client, fd, LOOP_READ, on_client) < 0) {
		close(fd);
		terminal.client.fd = -1;
	}
}

static int master_open(struct loop *loop)
{
	struct winsize size = { .ws_row = 24, .ws_col = 80 };
	int fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || unlockpt(fd) < 0 || ioctl(fd, TIOCSWINSZ, &size) < 0)
		return -errno;
	system_terminal_set(ptsname(fd));
	terminal.slave = open(system_terminal(), O_RDWR | O_NOCTTY | O_CLOEXEC);
	return loop_fd_start(loop, &terminal.master, fd, LOOP_READ, on_master);
}

static int socket_open(struct loop *loop)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = CONSOLE_SOCKET };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	mkdir(PATH_RUN, 0755);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(CONSOLE_SOCKET, 0600) < 0 || listen(fd, 1) < 0)
		return -errno;
	return loop_fd_start(loop, &terminal.listener, fd, LOOP_READ, on_connect);
}

void terminal_serve(struct loop *loop)
{
	int result = master_open(loop);

	if (result == 0)
		result = socket_open(loop);
	if (result < 0)
		log_warning("terminal", "no terminal", "reason=%s", log_quote(strerror(-result)));
}
