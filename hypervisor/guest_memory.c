/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Suspended guests: QEMU writes its state to a file (a migration whose other end comes later), and a
 * fresh one reads it. memory.part is worth nothing; memory.save is complete, and is used once.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/guest.h"

#define FDSET "901"

static void memory_path(const struct guest_instance *guest, const char *suffix, char *path)
{
	path_format(path, "%s/%s/memory.%s", guest->vmm->options.guests, guest->id, suffix);
}

int guest_memory_save(struct guest_instance *guest)
{
	static const char events[] =
		"{\"capabilities\":[{\"capability\":\"events\",\"state\":true}]}";
	/* The most there can be: it is to stand still, and not to outrun the disk by what it writes. */
	static const char patience[] = "{\"downtime-limit\":2000000}";
	struct qmp *qmp = &guest->qmp;
	char path[VMM_PATH_SIZE];
	CLEANUP_FD int fd = -1;
	int result;

	memory_path(guest, "part", path);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return error_errno(&guest->fault, "%s", path);
	guest->save_first = qmp->sent + 1;
	result = qmp_send_fd(qmp, "add-fd", "{\"fdset-id\":" FDSET "}", fd);
	if (result == 0)
		result = qmp_send_with(qmp, "migrate-set-capabilities", events);
	if (result == 0)
		result = qmp_send_with(qmp, "migrate-set-parameters", patience);
	if (result == 0)
		result = qmp_send_with(qmp, "migrate", "{\"uri\":\"file:/dev/fdset/" FDSET "\"}");
	return result;
}

/* Any of the commands: the order does not matter once one is refused. */
void guest_memory_on_answer(struct guest_instance *guest, const struct qmp_message *answer)
{
	if (guest->save_first == 0 || answer->id < guest->save_first || answer->kind != QMP_ERROR)
		return;
	error_set(&guest->fault, -EIO, "%s", answer->description);
	guest->save_first = 0;
	guest_dispatch(guest, EVENT_FAULT);
}

void guest_memory_on_event(struct guest_instance *guest, const struct qmp_message *event)
{
	if (guest->save_first == 0 || strcmp(event->event, "MIGRATION") != 0)
		return;
	if (strcmp(event->status, "completed") == 0) {
		guest->save_first = 0;
		guest_dispatch(guest, EVENT_SAVED);
	} else if (strcmp(event->status, "failed") == 0 ||
		   strcmp(event->status, "cancelled") == 0) {
		error_set(&guest->fault, -EIO, "The guest's memory could not be written");
		guest->save_first = 0;
		guest_dispatch(guest, EVENT_FAULT);
	}
}

int guest_memory_keep(const struct guest_instance *guest)
{
	char part[VMM_PATH_SIZE], final[VMM_PATH_SIZE];
	CLEANUP_FD int fd = -1;

	memory_path(guest, "part", part);
	memory_path(guest, "save", final);
	fd = open(part, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fdatasync(fd) < 0 || rename(part, final) < 0)
		return -errno;
	return 0;
}

bool guest_memory_exists(const struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];

	memory_path(guest, "save", path);
	return access(path, R_OK) == 0;
}

int guest_memory_take(const struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];
	int fd;

	memory_path(guest, "save", path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	unlink(path);
	return fd;
}

void guest_memory_drop(const struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];

	memory_path(guest, "save", path);
	unlink(path);
	memory_path(guest, "part", path);
	unlink(path);
}
