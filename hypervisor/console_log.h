/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What guests write to their serial lines (console.log) and QEMU to its standard error (qemu.log),
 * in /run/cumulet/guests/<id>/. QEMU appends for ever; a guest must not fill the box's memory with
 * it, so files that have grown beyond CONSOLE_LOG_MOST are cut to their last CONSOLE_LOG_KEPT
 * bytes. inotify tells of writes, and is listened to a few times a second at most.
 */
#ifndef CUMULET_HYPERVISOR_CONSOLE_LOG_H
#define CUMULET_HYPERVISOR_CONSOLE_LOG_H

#include "hypervisor/vmm.h"

#define CONSOLE_LOG_MOST (128 * 1024)
#define CONSOLE_LOG_KEPT (64 * 1024)
#define CONSOLE_LOG_REPLY_MAX (100 * 1024)

int console_log_open(struct vmm *vmm);
void console_log_close(struct vmm *vmm);
void console_log_watch(struct vmm *vmm, const char *path);
/* The file's last line that is not empty, cut to fit; printable bytes alone. */
void console_log_last_line(const char *path, char *line, size_t size);
/* The last 'lines' lines (0: all) within CONSOLE_LOG_REPLY_MAX. *text is to be freed. */
int console_log_read(const char *path, uint32_t lines, char **text, size_t *size);

/* VMM_CONSOLE_LOG_GET and VMM_SERIAL_OPEN, answered on the channel they came from. */
void console_log_serve(struct vmm *vmm, struct channel *channel, const struct message *message);
void serial_serve(struct vmm *vmm, struct channel *channel, const struct message *message);

#endif
