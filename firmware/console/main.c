/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The role 'console': the terminal, the links, and what is drawn when. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/console/console.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "firmware/lib/role.h"

#define ESCAPE_MS 80       /* a lone ESC, even at 9,600 baud */
#define REFRESH_MS 15000   /* memory and clock move without any event */
#define REDRAW_PENDING 512 /* bytes still to leave: the line is slow, draw later */

static struct console console_state;

/* --- drawing */

static void draw_frame(struct console *console)
{
	struct screen *screen = &console->screen;
	char left[80], right[48];
	time_t now = time(NULL);
	struct tm utc;

	gmtime_r(&now, &utc);
	snprintf(left, sizeof(left), "Cumulet  %.40s  %s", console->box.hostname,
		 console->page == &page_main ? "" : console->page->name);
	snprintf(right, sizeof(right), "%.24s  %02d:%02d UTC", console->box.version, utc.tm_hour,
		 utc.tm_min);
	screen_bar(screen, 0, left, right);
	screen_put(screen, SCREEN_ROWS - 2, 1, STYLE_BOLD, "%s", console->notice);
	screen_bar(screen, SCREEN_ROWS - 1, console->page->help, "");
}

static bool menu_has_terminal(const struct console *console)
{
	return console->serial_fd < 0 && !console->in_shell;
}

static void write_out(struct console *console)
{
	if (!console->out.length)
		return;
	buffer_write_fd(&console->out, STDOUT_FILENO);
	loop_fd_change(&console->output, console->out.length ? LOOP_WRITE : 0);
}

static void redraw(struct loop_task *task)
{
	struct console *console = container_of(task, struct console, redraw);

	/* What is still on its way goes first; then the newest state is drawn, nothing between. */
	if (!menu_has_terminal(console) || console->out.length > REDRAW_PENDING)
		return;
	screen_clear(&console->screen);
	draw_frame(console);
	console->page->draw(console);
	screen_flush(&console->screen, &console->out);
	write_out(console);
}

void console_redraw(struct console *console)
{
	loop_task_queue(console->loop, &console->redraw, redraw);
}

static void on_writable(struct loop_fd *handle, unsigned events)
{
	struct console *console = container_of(handle, struct console, output);

	(void)events;
	write_out(console);
	if (console->out.length)
		return;
	attach_resume(console);
	console_redraw(console);
}

void console_write(struct console *console, const void *data, size_t size)
{
	buffer_append(&console->out, data, size);
	write_out(console);
}

void console_show(struct console *console, const struct page *page)
{
	console->page = page;
	if (page->open)
		page->open(console);
	console_redraw(console);
}

void console_notice(struct console *console, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(console->notice, sizeof(console->notice), format, arguments);
	va_end(arguments);
	console_redraw(console);
}

/* --- the terminal */

/* One open file stands behind input and output: the shell must not find it non-blocking. */
static void terminal_blocking(bool blocking)
{
	fcntl(STDIN_FILENO, F_SETFL, blocking ? 0 : O_NONBLOCK);
	fcntl(STDOUT_FILENO, F_SETFL, blocking ? 0 : O_NONBLOCK);
}

static void terminal_raw(struct console *console)
{
	struct termios raw = console->original;

	terminal_blocking(false);
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* newlines of ours are whole */
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void console_leave(struct console *console)
{
	static const char clear[] = "\033[0m\033[2J\033[H";

	screen_forget(&console->screen);
	console_write(console, clear, sizeof(clear) - 1);
	if (!console->in_shell)
		return;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &console->original);
	terminal_blocking(true);
}

void console_return(struct console *console)
{
	terminal_raw(console);
	screen_forget(&console->screen);
	console_redraw(console);
}

static void take_key(struct console *console, int key)
{
	if (key == KEY_NONE)
		return;
	console->notice[0] = '\0';
	if (key == KEY_REDRAW)
		screen_forget(&console->screen);
	else
		console->page->key(console, key);
	console_redraw(console);
}

static void on_escape_timeout(struct loop_timer *timer)
{
	struct console *console = container_of(timer, struct console, escape);

	take_key(console, keys_timeout(&console->keys));
}

static void take_bytes(struct console *console, const char *data, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		take_key(console, keys_feed(&console->keys, (unsigned char)data[i]));
		/* The key may have handed the terminal over: the rest is for whoever has it now. */
		if (console->serial_fd >= 0) {
			attach_input(console, data + i + 1, size - i - 1);
			return;
		}
	}
	if (console->keys.state != KEYS_PLAIN)
		loop_timer_start(console->loop, &console->escape, ESCAPE_MS, on_escape_timeout);
}

static void on_input(struct loop_fd *handle, unsigned events)
{
	struct console *console = container_of(handle, struct console, input);
	char data[256];
	ssize_t size = read(STDIN_FILENO, data, sizeof(data));

	(void)events;
	if (size <= 0) {
		if (size < 0 && errno == EAGAIN)
			return;
		loop_stop(console->loop, 0); /* init starts us again on a fresh terminal */
		return;
	}
	loop_timer_stop(&console->escape);
	if (console->serial_fd >= 0)
		attach_input(console, data, (size_t)size);
	else
		take_bytes(console, data, (size_t)size);
}

static void on_shell_end(struct loop_fd *handle, unsigned events)
{
	struct console *console = &console_state;
	char byte;

	(void)events;
	if (read(handle->fd, &byte, 1) != 1) {
		loop_fd_stop(handle);
		console->shell = -1;
	}
	if (!console->in_shell)
		return;
	console->in_shell = false;
	loop_fd_start(console->loop, &console->input, STDIN_FILENO, LOOP_READ, on_input);
	console_return(console);
}

/* --- links */

static void on_notice_message(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	(void)message;
	console_fetch(context);
}

static void on_vmm_message(struct channel *channel, struct message *message, void *context)
{
	(void)channel;
	attach_message(context, message);
}

static void on_link(enum role peer, enum link_plane plane, int fd, void *context)
{
	static const struct channel_handler notices = { on_notice_message, NULL };
	static const struct channel_handler vmm = { on_vmm_message, NULL };
	struct console *console = context;

	if (peer == ROLE_CLOUD && plane == LINK_HTTP) {
		console->fetching = false;
		api_link(&console->api, fd);
		console_fetch(console);
	} else if (peer == ROLE_CLOUD && plane == LINK_MESSAGES) {
		channel_close(&console->notices);
		channel_open(&console->notices, console->loop, fd, "cloud", &notices, console);
	} else if (peer == ROLE_VMM && plane == LINK_MESSAGES) {
		channel_close(&console->vmm);
		channel_open(&console->vmm, console->loop, fd, "vmm", &vmm, console);
	} else {
		close(fd);
	}
}

static void on_stop(void *context)
{
	struct console *console = context;
	static const char goodbye[] = "\033[0m\033[2J\033[HShutting down.\r\n";

	if (menu_has_terminal(console))
		console_write(console, goodbye, sizeof(goodbye) - 1);
	loop_stop(console->loop, 0);
}

static void on_refresh(struct loop_timer *timer)
{
	struct console *console = container_of(timer, struct console, refresh);

	console_fetch(console);
	console_redraw(console);
	loop_timer_start(console->loop, timer, REFRESH_MS, on_refresh);
}

static int start(struct console *console)
{
	static const struct role_handler handler = { on_link, on_stop, NULL };
	static struct loop_fd shell;
	struct error error = { 0 };

	console->shell = shell_prepare();
	/* The menu needs its terminal, which is open already, and its links: no privilege at all. */
	if (role_confine(NULL, UID_CONSOLE, UID_CONSOLE, 0, &error) < 0)
		return error.code;
	if (loop_new(&console->loop) < 0)
		return -ENOMEM;
	api_init(&console->api, console->loop);
	console->out.limit = 256 * 1024;
	console->serial_fd = console->notices.fd = console->vmm.fd = -1;
	console->page = &page_main;
	tcgetattr(STDIN_FILENO, &console->original);
	terminal_raw(console);
	loop_fd_start(console->loop, &console->input, STDIN_FILENO, LOOP_READ, on_input);
	loop_fd_start(console->loop, &console->output, STDOUT_FILENO, 0, on_writable);
	if (console->shell >= 0)
		loop_fd_start(console->loop, &shell, console->shell, LOOP_READ, on_shell_end);
	loop_timer_start(console->loop, &console->refresh, REFRESH_MS, on_refresh);
	return role_attach(console->loop, ROLE_CONSOLE, &handler, console, &console->control);
}

int console_main(int argc, char **argv)
{
	struct console *console = &console_state;
	int result;

	(void)argc;
	(void)argv;
	log_open("console");
	result = start(console);
	if (result < 0) {
		log_error("console", "menu not started", "error=%s", log_quote(strerror(-result)));
		return 1;
	}
	role_ready(console->control);
	console_redraw(console);
	result = loop_run(console->loop);
	tcsetattr(STDIN_FILENO, TCSANOW, &console->original);
	return result;
}
