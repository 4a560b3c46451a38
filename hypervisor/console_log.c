/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/console_log.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/guest.h"
#include "hypervisor/socket_path.h"

#define PAUSE_MS 250

/* ---- trimming ---- */

/* QEMU appends (O_APPEND): after the cut its next write lands at the new end. What it writes
 * between our read and the cut is lost; the log is a window, not a record. */
static void log_trim(const char *path)
{
	CLEANUP_FD int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
	CLEANUP_FREE char *kept = NULL;
	struct stat status;
	ssize_t size;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size <= CONSOLE_LOG_MOST)
		return;
	kept = malloc(CONSOLE_LOG_KEPT);
	if (kept == NULL)
		return;
	size = pread(fd, kept, CONSOLE_LOG_KEPT, status.st_size - CONSOLE_LOG_KEPT);
	if (size < 0 || ftruncate(fd, 0) < 0 || write(fd, kept, (size_t)size) < 0)
		log_warning("console", "log not cut", "path=%s errno=%d", path, errno);
}

static void logs_trim(struct vmm *vmm)
{
	char path[VMM_PATH_SIZE];

	for (const struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next) {
		guest_path(guest, "console.log", path);
		log_trim(path);
		guest_path(guest, "qemu.log", path);
		log_trim(path);
	}
}

static void on_pause_over(struct loop_timer *timer)
{
	struct vmm *vmm = container_of(timer, struct vmm, log_pause);

	loop_fd_change(&vmm->log_watch, LOOP_READ);
}

static void on_written(struct loop_fd *handle, unsigned events)
{
	struct vmm *vmm = container_of(handle, struct vmm, log_watch);
	char notes[4096];

	(void)events;
	while (read(handle->fd, notes, sizeof(notes)) > 0)
		;
	logs_trim(vmm);
	loop_fd_change(handle, 0);
	loop_timer_start(vmm->loop, &vmm->log_pause, PAUSE_MS, on_pause_over);
}

int console_log_open(struct vmm *vmm)
{
	int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

	if (fd < 0)
		return -errno;
	return loop_fd_start(vmm->loop, &vmm->log_watch, fd, LOOP_READ, on_written);
}

void console_log_close(struct vmm *vmm)
{
	loop_timer_stop(&vmm->log_pause);
	loop_fd_stop(&vmm->log_watch);
	cleanup_close(&vmm->log_watch.fd);
}

void console_log_watch(struct vmm *vmm, const char *path)
{
	if (inotify_add_watch(vmm->log_watch.fd, path, IN_MODIFY) < 0)
		log_warning("console", "log not watched", "path=%s errno=%d", path, errno);
}

/* ---- reading ---- */

static int tail_read(const char *path, size_t most, char **text, size_t *size)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	ssize_t got;

	*text = NULL;
	*size = 0;
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	*text = malloc(most);
	if (*text == NULL)
		return -ENOMEM;
	got = pread(fd, *text, most,
		    status.st_size > (off_t)most ? status.st_size - (off_t)most : 0);
	*size = got > 0 ? (size_t)got : 0;
	return got < 0 ? -errno : 0;
}

/* Where the last 'lines' lines begin; a line's end at the very end does not count as one more. */
static size_t lines_start(const char *text, size_t size, uint32_t lines)
{
	size_t at = size > 0 && text[size - 1] == '\n' ? size - 1 : size;

	for (; at > 0; at--)
		if (text[at - 1] == '\n' && --lines == 0)
			return at;
	return 0;
}

int console_log_read(const char *path, uint32_t lines, char **text, size_t *size)
{
	int result = tail_read(path, CONSOLE_LOG_REPLY_MAX, text, size);
	size_t start;

	if (result < 0 || lines == 0)
		return result;
	start = lines_start(*text, *size, lines);
	memmove(*text, *text + start, *size - start);
	*size -= start;
	return 0;
}

void console_log_last_line(const char *path, char *line, size_t size)
{
	CLEANUP_FREE char *text = NULL;
	size_t length = 0, start;

	line[0] = '\0';
	if (tail_read(path, 1024, &text, &length) < 0)
		return;
	while (length > 0 && (text[length - 1] == '\n' || text[length - 1] == '\r'))
		length--;
	start = lines_start(text, length, 1);
	if (length - start >= size)
		length = start + size - 1;
	for (size_t i = start; i < length; i++)
		line[i - start] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	line[length - start] = '\0';
}

/* ---- serving ---- */

void console_log_serve(struct vmm *vmm, struct channel *channel, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	CLEANUP_FREE char *text = NULL;
	struct vmm_console_log_get get = { 0 };
	struct vmm_console_log reply = { 0 };
	struct guest_instance *guest = NULL;
	char path[VMM_PATH_SIZE];
	int result;

	result = message_decode(&arena, message, vmm_console_log_get_fields, &get, NULL);
	if (result == 0)
		guest = guest_find(vmm, get.id);
	if (guest != NULL) {
		guest_path(guest, "console.log", path);
		result = console_log_read(path, get.lines, &text, &reply.text.size);
		if (result == -ENOENT)
			result = 0; /* it has not been started yet */
	} else if (result == 0) {
		result = -ENOENT;
	}
	reply.code = (uint32_t)-result;
	reply.text.data = text;
	channel_send_struct(channel, VMM_CONSOLE_LOG, message->serial, vmm_console_log_fields,
			    &reply, -1);
}

/* QEMU serves one peer at a time; a second one is connected when the first has left. */
static int serial_connect(const struct guest_instance *guest, struct vmm_reply *reply)
{
	char path[VMM_PATH_SIZE];
	int fd;

	if (guest == NULL || guest->record.pid == 0) {
		reply->code = guest == NULL ? ENOENT : ENOTCONN;
		snprintf(reply->reason, sizeof(reply->reason), "%s",
			 guest == NULL ? "no such guest" : "the guest is not running");
		return -1;
	}
	guest_path(guest, "serial.sock", path);
	fd = socket_path_connect(path);
	if (fd < 0) {
		reply->code = (uint32_t)-fd;
		snprintf(reply->reason, sizeof(reply->reason), "%s", strerror(-fd));
	}
	return fd;
}

void serial_serve(struct vmm *vmm, struct channel *channel, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_reply reply = { 0 };
	struct guest_id id = { 0 };
	CLEANUP_FD int fd = -1;

	if (message_decode(&arena, message, guest_id_fields, &id, NULL) < 0)
		reply.code = EBADMSG;
	else
		fd = serial_connect(guest_find(vmm, id.id), &reply);
	channel_send_struct(channel, VMM_REPLY, message->serial, vmm_reply_fields, &reply,
			    fd >= 0 ? fd : -1);
}
