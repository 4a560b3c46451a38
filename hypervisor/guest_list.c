/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/guest_list.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/base.h"
#include "hypervisor/console_log.h"
#include "hypervisor/disk.h"
#include "hypervisor/guest.h"

struct guest_instance *guest_find(struct vmm *vmm, const char *id)
{
	struct guest_instance *guest = vmm->guests;

	while (guest != NULL && strcmp(guest->id, id) != 0)
		guest = guest->next;
	return guest;
}

void guests_continue_cloning(struct vmm *vmm)
{
	for (struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next)
		if (guest->phase == PHASE_CLONING)
			guest_clone(guest);
}

/* ---- desire ---- */

int guest_desired_check(const struct guest *desired, struct error *error)
{
	const struct guest_disk *disks = desired->disks.items;
	const struct guest_nic *nics = desired->nics.items;

	if (!uuid_valid(desired->id) || desired->vcpus == 0 || desired->memory_mib == 0 ||
	    desired->power < GUEST_RUN || desired->power > GUEST_SUSPEND)
		return error_set(error, -EINVAL, "guest out of range");
	for (size_t i = 0; i < desired->disks.count; i++)
		if (!name_is_safe(disks[i].id) ||
		    (disks[i].image_id[0] != '\0' && !name_is_safe(disks[i].image_id)))
			return error_set(error, -EINVAL, "disk with a bad name");
	for (size_t i = 0; i < desired->nics.count; i++)
		if (!name_is_safe(nics[i].port_id) ||
		    nics[i].mac[strspn(nics[i].mac, "0123456789abcdefABCDEF:")] != '\0')
			return error_set(error, -EINVAL, "port with a bad name");
	return 0;
}

/* The desire's lists are copied, and the config drive only while it isn't on the disk yet: the
 * message's own memory would stay as long as the guest. */
static int desired_take(struct guest_instance *guest, const struct guest *desired)
{
	struct guest *kept = &guest->desired;

	arena_free(&guest->arena);
	*kept = *desired;
	kept->disks.items = arena_memdup(&guest->arena, desired->disks.items,
					 desired->disks.count * sizeof(struct guest_disk));
	kept->nics.items = arena_memdup(&guest->arena, desired->nics.items,
					desired->nics.count * sizeof(struct guest_nic));
	if (disk_config_drive_is(guest->vmm, desired))
		kept->config_drive_iso = (struct message_bytes){ 0 };
	else
		kept->config_drive_iso.data =
			arena_memdup(&guest->arena, desired->config_drive_iso.data,
				     desired->config_drive_iso.size);
	guest->has_desired = !guest->arena.failed;
	guest->deleting = false;
	return guest->has_desired ? 0 : -ENOMEM;
}

/* What the guest makes of it is its own: nothing is waited for. */
static void guest_interrupt(struct guest_instance *guest)
{
	if (guest->desired.interrupts <= guest->record.interrupts || guest->record.pid == 0)
		return;
	guest->record.interrupts = guest->desired.interrupts;
	guest_record_save(guest);
	qmp_send(&guest->qmp, "inject-nmi");
}

void guests_set(struct vmm *vmm, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct guest desired = { 0 };
	struct guest_instance *guest;
	struct error error;

	if (message_decode(&arena, message, guest_fields, &desired, &error) < 0 ||
	    guest_desired_check(&desired, &error) < 0) {
		log_error("guest", "bad desire", "reason=%s", log_quote(error.message));
		return;
	}
	guest = guest_find(vmm, desired.id);
	if (guest == NULL)
		guest = guest_new(vmm, desired.id);
	if (guest == NULL || desired_take(guest, &desired) < 0) {
		log_error("guest", "out of memory", "id=%s", desired.id);
		return;
	}
	guest_interrupt(guest);
	guest_report(guest);
	guest_reconcile_soon(guest);
}

/* Of a guest that vmm does not know there may still be disks. */
static void guest_delete(struct vmm *vmm, const char *id)
{
	struct guest_instance *guest = guest_find(vmm, id);

	if (guest == NULL)
		guest = guest_new(vmm, id);
	if (guest == NULL)
		return;
	guest->deleting = true;
	guest_reconcile_soon(guest);
}

void guests_delete(struct vmm *vmm, const struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct guest_id id = { 0 };

	if (message_decode(&arena, message, guest_id_fields, &id, NULL) == 0 && uuid_valid(id.id))
		guest_delete(vmm, id.id);
}

/* ---- sync ---- */

void guests_link_begin(struct vmm *vmm)
{
	for (struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next) {
		guest->has_desired = false;
		guest->reported = (struct guest_status){ 0 };
	}
}

/* Disks of guests that were deleted while vmm was away. */
static void strays_remove(struct vmm *vmm)
{
	DIR *directory = opendir(vmm->options.guests);
	struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		if (!uuid_valid(entry->d_name) || guest_find(vmm, entry->d_name) != NULL)
			continue;
		log_info("guest", "stray disks removed", "id=%s", entry->d_name);
		disks_remove(vmm, entry->d_name);
	}
	if (directory != NULL)
		closedir(directory);
}

void guests_sync(struct vmm *vmm, const struct message *message)
{
	struct vmm_reply reply = { 0 };

	for (struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next)
		if (!guest->has_desired) {
			guest->deleting = true;
			guest_reconcile_soon(guest);
		}
	strays_remove(vmm);
	channel_send_struct(&vmm->cloud, VMM_REPLY, message->serial, vmm_reply_fields, &reply, -1);
}

/* ---- adoption ---- */

static void running_adopt(struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];

	log_info("guest", "guest found again", "id=%s pid=%d", guest->id, (int)guest->record.pid);
	guest->phase = guest->record.state == GUEST_PAUSED ? PHASE_PAUSED : PHASE_RUNNING;
	if (guest->record.state != GUEST_PAUSED)
		guest->record.state = GUEST_RUNNING;
	guest_path(guest, "console.log", path);
	console_log_watch(guest->vmm, path);
	guest_path(guest, "qemu.log", path);
	console_log_watch(guest->vmm, path);
	guest_qmp_connect(guest);
	if (guest->record.ending != 0) {
		guest->outcome = (enum guest_phase)(guest->record.ending - 1);
		guest->phase = PHASE_ENDING;
		guest_actions[ACTION_KILL](guest);
	}
}

/* It had a process when vmm was last here, and now it has none. */
static void ended_adopt(struct guest_instance *guest)
{
	guest->record.pid = 0;
	if (guest->record.ending != 0) {
		guest->outcome = (enum guest_phase)(guest->record.ending - 1);
		guest->phase = PHASE_ENDING;
	} else {
		guest->phase = PHASE_RUNNING;
		error_set(&guest->fault, -EIO, "QEMU ended unexpectedly");
	}
	guest_dispatch(guest, EVENT_EXIT);
}

static void settled_adopt(struct guest_instance *guest)
{
	switch ((enum guest_state)guest->record.state) {
	case GUEST_STOPPED:
		guest->phase = PHASE_STOPPED;
		break;
	case GUEST_SUSPENDED:
		guest->phase = PHASE_SUSPENDED;
		break;
	case GUEST_CRASHED:
		guest->phase = PHASE_CRASHED;
		break;
	case GUEST_FAILED:
		guest->phase = PHASE_FAILED;
		break;
	default:
		guest->phase = PHASE_ABSENT;
	}
}

static void guest_adopt(struct vmm *vmm, const char *id)
{
	struct guest_instance *guest = guest_new(vmm, id);
	struct error error;

	if (guest == NULL)
		return;
	if (guest_record_load(guest, &error) < 0) {
		log_warning("guest", "no record", "reason=%s", log_quote(error.message));
		guest_record_remove(guest);
		guest_free(guest);
		return;
	}
	if (guest_process_adopt(guest) == 1)
		running_adopt(guest);
	else if (guest->record.pid != 0)
		ended_adopt(guest);
	else
		settled_adopt(guest);
}

void guests_adopt(struct vmm *vmm)
{
	char path[VMM_PATH_SIZE];
	struct dirent *entry;
	DIR *directory;

	path_format(path, "%s/guests", vmm->options.run);
	directory = opendir(path);
	while (directory != NULL && (entry = readdir(directory)) != NULL)
		if (uuid_valid(entry->d_name))
			guest_adopt(vmm, entry->d_name);
	if (directory != NULL)
		closedir(directory);
}

/* ---- the end ---- */

void guests_reconcile(struct vmm *vmm)
{
	for (struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next)
		guest_reconcile_soon(guest);
}

void guests_stop(struct vmm *vmm)
{
	vmm->stopping = true;
	guests_reconcile(vmm);
}

bool guests_are_down(const struct vmm *vmm)
{
	for (const struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next)
		if (guest->record.pid != 0)
			return false;
	return true;
}
