/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's serial line: vmm hands its descriptor over, keys and bytes go straight through. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "firmware/console/console.h"
#include "hypervisor/message.h"

static void on_serial(struct loop_fd *handle, unsigned events)
{
	struct console *console =
		(struct console *)((char *)handle - offsetof(struct console, serial));
	char data[2048];
	ssize_t size;

	if (events & LOOP_WRITE) {
		buffer_write_fd(&console->to_serial, console->serial_fd);
		if (!console->to_serial.length)
			loop_fd_change(handle, LOOP_READ);
	}
	if (!(events & (LOOP_READ | LOOP_HANGUP)))
		return;
	/* A slow terminal holds the guest's line back, it does not fill our memory. */
	if (console->out.length > sizeof(data)) {
		loop_fd_change(handle, console->to_serial.length ? LOOP_WRITE : 0);
		return;
	}
	size = read(console->serial_fd, data, sizeof(data));
	if (size > 0)
		console_write(console, data, (size_t)size);
	else if (size == 0 || errno != EAGAIN)
		attach_end(console, "The guest has hung up.");
}

void attach_guest(struct console *console, const char *id)
{
	struct guest_id guest = { 0 };
	int64_t serial;

	snprintf(guest.id, sizeof(guest.id), "%s", id);
	serial = channel_is_open(&console->vmm)
			 ? channel_send_struct(&console->vmm, VMM_SERIAL_OPEN, 0, guest_id_fields,
					       &guest, -1)
			 : -ENOTCONN;
	if (serial < 0)
		console_notice(console, "The hypervisor is not there; try again in a moment.");
	else
		console->serial_request = (uint32_t)serial;
}

static void begin(struct console *console, int fd)
{
	static const char hint[] = "\r\n[attached; Ctrl-\\ detaches]\r\n";

	console->serial_fd = fd;
	if (loop_fd_start(console->loop, &console->serial, fd, LOOP_READ, on_serial) < 0) {
		close(fd);
		console->serial_fd = -1;
		return;
	}
	console_leave(console);
	console_write(console, hint, sizeof(hint) - 1);
}

void attach_message(struct console *console, struct message *message)
{
	struct arena arena = ARENA_INIT;
	struct vmm_reply reply = { 0 };
	int fd;

	if (message->type != VMM_REPLY || !console->serial_request ||
	    message->reply_to != console->serial_request)
		return;
	console->serial_request = 0;
	fd = message_take_fd(message, 0);
	if (message_decode(&arena, message, vmm_reply_fields, &reply, NULL) || reply.code ||
	    fd < 0) {
		console_notice(console, "No serial console: %.120s",
			       reply.reason[0] ? reply.reason : "the guest does not run");
		if (fd >= 0)
			close(fd);
	} else if (console->serial_fd < 0) {
		begin(console, fd);
	} else {
		close(fd);
	}
	arena_free(&arena);
}

void attach_input(struct console *console, const char *data, size_t size)
{
	const char *detach = memchr(data, DETACH_KEY, size);

	buffer_append(&console->to_serial, data, detach ? (size_t)(detach - data) : size);
	buffer_write_fd(&console->to_serial, console->serial_fd);
	if (detach)
		attach_end(console, "Detached.");
	else
		attach_resume(console);
}

void attach_resume(struct console *console)
{
	if (console->serial_fd >= 0)
		loop_fd_change(&console->serial,
			       LOOP_READ | (console->to_serial.length ? LOOP_WRITE : 0));
}

void attach_end(struct console *console, const char *why)
{
	if (console->serial_fd < 0)
		return;
	loop_fd_stop(&console->serial);
	close(console->serial_fd);
	console->serial_fd = -1;
	buffer_consume(&console->to_serial, console->to_serial.length);
	console_return(console);
	console_notice(console, "%s", why);
}
