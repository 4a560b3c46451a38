/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The serial menu. One 'struct console' holds what is known of the box (fetched through the API,
 * again whenever cloud says that something has changed), the page that is shown, and the
 * terminal. Pages are a table entry each: how they are drawn and what a key does.
 */
#ifndef CUMULET_CONSOLE_H
#define CUMULET_CONSOLE_H

#include <termios.h>

#include "firmware/console/api.h"
#include "firmware/console/keys.h"
#include "firmware/console/screen.h"
#include "firmware/lib/message.h"

#define CONSOLE_GUESTS_MAX 256
#define DETACH_KEY 0x1c /* Ctrl-backslash: QEMU's multiplexer, minicom and shells leave it alone */

struct console_guest {
	char id[40], name[64], status[20], address[48], flavor[40];
	char fault[160];
};

struct console_box {
	bool known;
	char hostname[65], version[48], accelerator[8], link[16], gateway[48], fingerprint[100];
	char addresses[4][56];
	unsigned address_count;
	bool carrier;
	uint64_t memory, memory_free, disk, disk_free; /* bytes */
	double guests_per_gib;                         /* 0: there are none */
	int64_t uptime;
	char first_password[64]; /* "" once it has been used */
};

struct console;

struct page {
	const char *name, *help;
	void (*open)(struct console *console); /* may be NULL */
	void (*draw)(struct console *console);
	void (*key)(struct console *console, int key);
};

extern const struct page page_main, page_guests, page_guest, page_network, page_password, page_logs,
	page_power_off, page_reboot, page_shell;

/* A line that is being typed. */
struct field_input {
	const char *label;
	bool secret;
	char text[128];
};

#define FORM_FIELDS_MAX 7

struct form {
	struct field_input fields[FORM_FIELDS_MAX];
	unsigned count, current;
};

struct console {
	struct loop *loop;
	struct api api;
	struct channel notices, vmm; /* links to cloud and vmm */
	struct channel *control;
	struct screen screen;
	struct buffer out;
	struct keys keys;
	struct loop_fd input, output;
	struct loop_timer escape, refresh;
	struct loop_task redraw;
	struct termios original;
	const struct page *page;
	struct console_box box;
	struct console_guest guests[CONSOLE_GUESTS_MAX];
	unsigned guest_count, selected, choice;
	char guest_id[40];
	char notice[160]; /* the line above the help */
	struct form form;
	bool fetching, again;
	/* logs */
	char *log;
	int log_top; /* lines back from the newest */
	/* attached to a guest's serial line: keys go there */
	struct loop_fd serial;
	int serial_fd; /* -1: not attached */
	uint32_t serial_request;
	struct buffer to_serial;
	int shell; /* socket to the process that starts shells, -1: none */
	bool in_shell;
};

/* model.c */
void console_fetch(struct console *console); /* everything that the pages show */
const struct console_guest *console_selected(const struct console *console);
/* Sends a request whose outcome is only told in the notice line. */
void console_request(struct console *console, const char *method, const char *path,
		     const char *body, const char *success);

/* main.c */
void console_show(struct console *console, const struct page *page);
void console_redraw(struct console *console); /* soon */
void console_notice(struct console *console, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void console_write(struct console *console, const void *data, size_t size);
/* Leaves the menu to somebody else's output; and takes the terminal back. */
void console_leave(struct console *console);
void console_return(struct console *console);

/* attach.c */
void attach_guest(struct console *console, const char *id);
void attach_message(struct console *console, struct message *message);
void attach_input(struct console *console, const char *data, size_t size);
void attach_end(struct console *console, const char *why);
void attach_resume(struct console *console); /* the terminal has room again */

/* form.c */
void form_begin(struct form *form);
void form_field(struct form *form, const char *label, const char *text, bool secret);
void form_draw(struct console *console, int row);
/* True when the form is complete: Enter on the last field. */
bool form_key(struct console *console, int key);

/* shell.c: forked before privileges are dropped, so that the shell has them. */
int shell_prepare(void); /* the socket, or a negative errno */
void shell_start(struct console *console);

#endif
