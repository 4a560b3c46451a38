/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/export.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/disk.h"
#include "hypervisor/job.h"
#include "hypervisor/qcow2_overlay.h"

#define UID_EXPORT (UID_GUEST_FIRST - 2)
#define EXPORT_CPU_SECONDS 3600
#define EXPORT_MEMORY (UINT64_C(2) << 30)
#define NODE "export" /* QEMU's name of node and job */
#define FDSET "900"

/* What QEMU is asked for, one after the other; the later ones whatever became of the others. */
enum step {
	STEP_FD,
	STEP_NODE,
	STEP_QUIESCE, /* the guest's agent instead of QEMU */
	STEP_BACKUP,
	STEP_NODE_REMOVE,
	STEP_FD_REMOVE,
	STEP_END
};

struct disk_export {
	struct disk_export *next;
	struct vmm *vmm;
	char guest_id[UUID_SIZE];
	size_t disk;      /* of the guest's */
	int fd;           /* the image's file, owned */
	uint32_t serial;  /* of the message that is to be answered, 0: nobody waits */
	struct job job;   /* without a process of the guest */
	enum step step;   /* with one */
	unsigned command; /* id of the command whose answer is waited for */
	bool running;     /* QEMU's job */
	bool quiesce, quiesce_required;
	struct error error; /* code is not 0: it failed */
};

/* ---- list and reply ---- */

static struct disk_export *export_find(const struct vmm *vmm, const char *guest_id)
{
	struct disk_export *export = vmm->exports;

	while (export != NULL && strcmp(export->guest_id, guest_id) != 0)
		export = export->next;
	return export;
}

static void reply_send(struct vmm *vmm, uint32_t serial, const struct error *error)
{
	struct vmm_reply reply = { .code = (uint32_t)-error->code };

	snprintf(reply.reason, sizeof(reply.reason), "%.500s", error->message);
	if (serial != 0)
		channel_send_struct(&vmm->cloud, VMM_REPLY, serial, vmm_reply_fields, &reply, -1);
}

static void export_conclude(struct disk_export *export)
{
	struct disk_export **link = &export->vmm->exports;

	while (*link != export)
		link = &(*link)->next;
	*link = export->next;
	log_info("export", "disk exported", "id=%s code=%d", export->guest_id, export->error.code);
	reply_send(export->vmm, export->serial, &export->error);
	cleanup_close(&export->fd);
	free(export);
}

/* ---- with QEMU ---- */

static void step_next(struct guest_instance *guest, struct disk_export *export);

static int step_send(struct guest_instance *guest, struct disk_export *export)
{
	struct qmp *qmp = &guest->qmp;
	char text[128];

	switch (export->step) {
	case STEP_FD:
		return qmp_send_fd(qmp, "add-fd", "{\"fdset-id\":" FDSET "}", export->fd);
	case STEP_NODE:
		return qmp_send_with(qmp, "blockdev-add",
				     "{\"driver\":\"qcow2\",\"node-name\":\"" NODE "\","
				     "\"file\":{\"driver\":\"file\","
				     "\"filename\":\"/dev/fdset/" FDSET "\"}}");
	case STEP_BACKUP:
		snprintf(text, sizeof(text),
			 "{\"job-id\":\"" NODE "\",\"device\":\"disk%zu\",\"target\":\"" NODE "\","
			 "\"sync\":\"full\"}",
			 export->disk);
		return qmp_send_with(qmp, "blockdev-backup", text);
	case STEP_NODE_REMOVE:
		return qmp_send_with(qmp, "blockdev-del", "{\"node-name\":\"" NODE "\"}");
	case STEP_FD_REMOVE:
		return qmp_send_with(qmp, "remove-fd", "{\"fdset-id\":" FDSET "}");
	case STEP_QUIESCE:
	case STEP_END:
		break;
	}
	return -EINVAL;
}

static void step_do(struct guest_instance *guest, struct disk_export *export);

static void on_quiesced(struct guest_instance *guest, int result, const char *reason)
{
	struct disk_export *export = export_find(guest->vmm, guest->id);

	if (export == NULL || export->step != STEP_QUIESCE) {
		quiesce_thaw(guest);
		return;
	}
	if (result < 0 && export->quiesce_required)
		error_set(&export->error, -EIO, "Failed to quiesce instance: %s", reason);
	step_next(guest, export);
}

/* A guest that does not run has nothing to bring to rest. */
static void quiesce_begin(struct guest_instance *guest, struct disk_export *export)
{
	int result = -ENOTSUP;

	if (guest->phase != PHASE_RUNNING || !export->quiesce) {
		step_next(guest, export);
		return;
	}
	if (guest->desired.hardware.agent)
		result = quiesce_freeze(guest, on_quiesced);
	if (result < 0)
		on_quiesced(guest, result,
			    result == -ENOTSUP ? "QEMU guest agent is not enabled"
					       : strerror(-result));
}

static void step_do(struct guest_instance *guest, struct disk_export *export)
{
	int result;

	if (export->step == STEP_QUIESCE) {
		quiesce_begin(guest, export);
		return;
	}
	if (export->step == STEP_END) {
		export_conclude(export);
		return;
	}
	result = step_send(guest, export);
	export->command = guest->qmp.sent;
	if (result < 0) {
		error_set(&export->error, -EAGAIN, "QEMU can't be asked now");
		quiesce_thaw(guest);
		export_conclude(export);
	}
}

static void step_next(struct guest_instance *guest, struct disk_export *export)
{
	bool failed = export->error.code != 0;

	export->step++;
	if (failed && export->step < STEP_NODE_REMOVE)
		export->step = STEP_NODE_REMOVE;
	/* What is copied is decided, or there will be no copy. */
	if (export->step > STEP_BACKUP)
		quiesce_thaw(guest);
	step_do(guest, export);
}

void export_on_answer(struct guest_instance *guest, const struct qmp_message *answer)
{
	struct disk_export *export = export_find(guest->vmm, guest->id);

	if (export == NULL || export->job.pid != 0 || answer->id != export->command)
		return;
	if (answer->kind == QMP_ERROR && export->step < STEP_NODE_REMOVE)
		error_set(&export->error, -EIO, "%s", answer->description);
	else if (export->step == STEP_BACKUP) {
		export->running = true; /* the job's end is an event */
		quiesce_thaw(guest);
		return;
	}
	step_next(guest, export);
}

void export_on_event(struct guest_instance *guest, const struct qmp_message *event)
{
	struct disk_export *export = export_find(guest->vmm, guest->id);

	if (export == NULL || !export->running || strcmp(event->device, NODE) != 0)
		return;
	if (strcmp(event->event, "BLOCK_JOB_COMPLETED") != 0 &&
	    strcmp(event->event, "BLOCK_JOB_CANCELLED") != 0)
		return;
	export->running = false;
	if (strcmp(event->event, "BLOCK_JOB_CANCELLED") == 0)
		error_set(&export->error, -ECANCELED, "The copy was cancelled");
	else if (event->description[0] != '\0')
		error_set(&export->error, -EIO, "%s", event->description);
	step_next(guest, export);
}

void export_on_lost(struct guest_instance *guest)
{
	struct disk_export *export = export_find(guest->vmm, guest->id);

	if (export == NULL || export->job.pid != 0)
		return;
	error_set(&export->error, -EAGAIN, "The guest's process ended");
	export_conclude(export);
}

void export_on_hung(struct guest_instance *guest)
{
	struct disk_export *export = export_find(guest->vmm, guest->id);

	if (export == NULL || export->job.pid != 0 || export->serial == 0)
		return;
	error_set(&export->error, -ETIMEDOUT, "QEMU does not answer");
	reply_send(export->vmm, export->serial, &export->error);
	export->serial = 0;
}

/* ---- without ---- */

static void on_copied(struct job *job, int status)
{
	struct disk_export *export = container_of(job, struct disk_export, job);
	const char *line = job_last_line(job);

	if (status != 0)
		error_set(&export->error, strstr(line, "No space left") ? -ENOSPC : -EIO, "%s",
			  line[0] != '\0' ? line : "qemu-img was ended");
	export_conclude(export);
}

static int copy_start(struct disk_export *export, int disk_fd, int base_fd)
{
	static char raw[] = "driver=raw,file.driver=file,file.filename=/disk";
	static char overlay[] = "driver=qcow2,file.driver=file,file.filename=/disk,"
				"backing.driver=raw,backing.file.driver=file,"
				"backing.file.filename=/base";
	const struct vmm_options *options = &export->vmm->options;
	struct sandbox_bind binds[4 + VMM_LIBRARIES_MAX] = {
		{ .path = options->qemu_img, .fd = -1 },
		{ .fd = export->fd, .target = "/image", .writable = true },
		{ .fd = disk_fd, .target = "/disk" },
	};
	char root[VMM_PATH_SIZE];
	struct sandbox sandbox = {
		.root = root,
		.uid = UID_EXPORT,
		.binds = binds,
		.bind_count = 3,
		.foreign_files = true,
		.cpu_seconds = EXPORT_CPU_SECONDS,
		.memory = EXPORT_MEMORY,
	};
	char *argv[] = { (char *)(uintptr_t)options->qemu_img,
			 "convert",
			 "-n",
			 "--target-is-zero",
			 "--image-opts",
			 "--target-image-opts",
			 base_fd >= 0 ? overlay : raw,
			 "driver=qcow2,file.driver=file,file.filename=/image",
			 NULL };

	if (base_fd >= 0)
		binds[sandbox.bind_count++] =
			(struct sandbox_bind){ .fd = base_fd, .target = "/base" };
	path_format(root, "%s/root", options->run);
	for (size_t i = 0; i < options->library_count; i++)
		binds[sandbox.bind_count++] =
			(struct sandbox_bind){ .path = options->libraries[i], .fd = -1 };
	return job_start(&export->job, export->vmm->loop, &sandbox, argv, on_copied);
}

/* ---- the beginning ---- */

static bool disk_index(const struct guest_instance *guest, const char *disk_id, size_t *index)
{
	const struct guest_disk *disks = guest->desired.disks.items;

	for (size_t i = 0; i < guest->desired.disks.count; i++)
		if (strcmp(disks[i].id, disk_id) == 0) {
			*index = i;
			return true;
		}
	return false;
}

/* The image begins as an empty one of the disk's size. */
static int image_begin(struct disk_export *export, int disk_fd, bool overlay)
{
	uint64_t size = 0;
	int result = 0;

	if (overlay)
		result = qcow2_overlay_size(disk_fd, &size);
	else
		size = (uint64_t)lseek(disk_fd, 0, SEEK_END);
	if (result == 0 && ftruncate(export->fd, 0) < 0)
		result = -errno;
	if (result == 0)
		result = qcow2_overlay_write(export->fd, size);
	return result < 0 ? error_set(&export->error, result, "The image can't be written: %s",
				      strerror(-result))
			  : 0;
}

static void export_begin(struct guest_instance *guest, struct disk_export *export)
{
	const struct guest_disk *disks = guest->desired.disks.items;
	struct qemu_disk opened = { .fd = -1, .backing_fd = -1 };
	int result = disk_open_plain(guest->vmm, guest->id, &disks[export->disk], &opened,
				     &export->error);

	if (result == 0)
		result = image_begin(export, opened.fd, opened.backing_fd >= 0);
	if (result == 0 && guest->record.pid != 0) {
		step_do(guest, export);
	} else {
		if (result == 0)
			result = copy_start(export, opened.fd, opened.backing_fd);
		if (result < 0) {
			if (export->error.code == 0)
				error_set(&export->error, result, "qemu-img could not be started");
			export_conclude(export);
		}
	}
	cleanup_close(&opened.fd);
	cleanup_close(&opened.backing_fd);
}

static int export_check(struct vmm *vmm, const struct guest_instance *guest,
			const struct vmm_export *wish, size_t *index, struct error *error)
{
	bool settled = guest != NULL && guest_is_settled(guest) && guest->has_desired;

	if (guest == NULL)
		return error_set(error, -ENOENT, "There is no such guest");
	if (!settled || export_find(vmm, wish->id) != NULL ||
	    (guest->record.pid != 0 && !guest->qmp.ready))
		return error_set(error, -EAGAIN, "The guest is not at rest");
	if (!disk_index(guest, wish->disk_id, index))
		return error_set(error, -ENOENT, "The guest has no such disk");
	return 0;
}

void export_serve(struct vmm *vmm, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	CLEANUP_FD int fd = message_take_fd(message, 0);
	struct vmm_export wish = { 0 };
	struct guest_instance *guest = NULL;
	struct disk_export *export = NULL;
	struct error error = { 0 };
	size_t index = 0;
	int result = message_decode(&arena, message, vmm_export_fields, &wish, &error);

	if (result == 0) {
		guest = guest_find(vmm, wish.id);
		result = export_check(vmm, guest, &wish, &index, &error);
	}
	if (result == 0 && (fd < 0 || (export = calloc(1, sizeof(*export))) == NULL))
		result = error_set(&error, fd < 0 ? -EBADF : -ENOMEM, "No file to write to");
	if (result < 0) {
		reply_send(vmm, message->serial, &error);
		return;
	}
	*export = (struct disk_export){ .next = vmm->exports,
					.vmm = vmm,
					.disk = index,
					.serial = message->serial,
					.fd = fd,
					.quiesce = wish.quiesce,
					.quiesce_required = wish.quiesce_required };
	fd = -1;
	snprintf(export->guest_id, sizeof(export->guest_id), "%s", wish.id);
	vmm->exports = export;
	export_begin(guest, export);
}

void exports_abandon(struct vmm *vmm)
{
	struct disk_export *export = vmm->exports, *next;

	for (; export != NULL; export = next) {
		struct guest_instance *guest = guest_find(vmm, export->guest_id);

		next = export->next;
		export->serial = 0;
		if (export->job.pid != 0) {
			job_stop(&export->job);
			export_conclude(export);
		} else if (guest != NULL && export->running) {
			qmp_send_with(&guest->qmp, "block-job-cancel", "{\"device\":\"" NODE "\"}");
		}
	}
}
