/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/hotplug.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/disk.h"
#include "hypervisor/guest.h"
#include "hypervisor/qemu_argv.h"

#define REPEAT_MS 5000
#define TAPS_MS 10000
#define FDSET_VOLUME 400

static void look(struct guest_instance *guest);

/* ---- the table of slots on the disk ---- */

static void slots_paths(const struct guest_instance *guest, char *path, char *part)
{
	path_format(path, "%s/%s/slots", guest->vmm->options.guests, guest->id);
	path_format(part, "%s/%s/slots.part", guest->vmm->options.guests, guest->id);
}

static int slots_write(const struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE], part[VMM_PATH_SIZE];
	int result;

	slots_paths(guest, path, part);
	result = slots_save(&guest->hotplug.slots, path, part);
	if (result < 0)
		log_error("guest", "slots not written", "id=%s errno=%d", guest->id, -result);
	return result;
}

static void slots_read(struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE], part[VMM_PATH_SIZE];

	slots_paths(guest, path, part);
	slots_load(&guest->hotplug.slots, path);
}

int hotplug_slots_fit(struct guest_instance *guest, bool *moved, struct error *error)
{
	struct guest_slots before;
	int result;

	*moved = false;
	if (!qemu_has_slots(guest->vmm->host.facts.arch, guest->desired.machine))
		return 0;
	slots_read(guest);
	before = guest->hotplug.slots;
	result = slots_fit(&guest->hotplug.slots, &guest->desired, error);
	*moved = memcmp(&before, &guest->hotplug.slots, sizeof(before)) != 0;
	if (result == 0 && *moved && slots_write(guest) < 0)
		result = error_set(error, -EIO, "Failed to write the guest's slots");
	return result;
}

/* ---- what can't be done ---- */

static bool is_stuck(const struct guest_instance *guest, const char *id)
{
	return strstr(guest->hotplug.stuck, id) != NULL;
}

static void stuck_add(struct guest_instance *guest, const char *id, const char *reason)
{
	struct hotplug *hotplug = &guest->hotplug;
	size_t length = strlen(hotplug->stuck);

	if (is_stuck(guest, id))
		return;
	snprintf(hotplug->stuck + length, sizeof(hotplug->stuck) - length, "%s%s",
		 length > 0 ? " " : "", id);
	snprintf(guest->record.stuck_reason, sizeof(guest->record.stuck_reason), "%.127s", reason);
	log_warning("guest", "device is stuck", "id=%s device=%s reason=%s", guest->id, id,
		    log_quote(reason));
}

static void stuck_drop(struct guest_instance *guest, const char *id)
{
	char *at = strstr(guest->hotplug.stuck, id), *after;

	if (at == NULL)
		return;
	after = at + strlen(id);
	if (*after == ' ')
		after++;
	else if (at > guest->hotplug.stuck)
		at--;
	memmove(at, after, strlen(after) + 1);
}

static void generation_begin(struct guest_instance *guest)
{
	struct hotplug *hotplug = &guest->hotplug;

	if (hotplug->generation == guest->desired.generation)
		return;
	hotplug->generation = guest->desired.generation;
	hotplug->stuck[0] = '\0';
	memset(hotplug->tried, 0, sizeof(hotplug->tried));
	memset(hotplug->asked_first, 0, sizeof(hotplug->asked_first));
}

/* ---- talking to QEMU ---- */

static void say(struct guest_instance *guest, const char *command, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct guest_instance *guest, const char *command, const char *format, ...)
{
	char arguments[768];
	va_list list;

	va_start(list, format);
	vsnprintf(arguments, sizeof(arguments), format, list);
	va_end(list);
	if (qmp_send_with(&guest->qmp, command, arguments) < 0)
		log_warning("guest", "command not sent", "id=%s command=%s", guest->id, command);
}

/* False when it can't go now: what follows would be refused. */
static bool hand(struct guest_instance *guest, const char *command, int fd, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static bool hand(struct guest_instance *guest, const char *command, int fd, const char *format, ...)
{
	char arguments[128];
	va_list list;

	va_start(list, format);
	vsnprintf(arguments, sizeof(arguments), format, list);
	va_end(list);
	return qmp_send_fd(&guest->qmp, command, arguments, fd) == 0;
}

/* ---- back ends that nothing uses any more ---- */

static void back_end_remove(struct guest_instance *guest, unsigned k)
{
	if (guest->hotplug.slots.slots[k].kind == SLOT_NIC) {
		say(guest, "netdev_del", "{\"id\":\"net%u\"}", k);
		return;
	}
	say(guest, "blockdev-del", "{\"node-name\":\"volume%u\"}", k);
	say(guest, "blockdev-del", "{\"node-name\":\"volume%u-file\"}", k);
	say(guest, "remove-fd", "{\"fdset-id\":%u}", FDSET_VOLUME + k);
}

static void slot_empty(struct guest_instance *guest, const struct guest_slot *slot)
{
	stuck_drop(guest, slot->id);
	log_info("guest", "device unplugged", "id=%s device=%s", guest->id, slot->id);
}

/* Slots whose device is not there: it has gone, could not be added, or vmm was killed before. */
static bool slots_clean(struct guest_instance *guest, const struct guest_slots *present)
{
	struct hotplug *hotplug = &guest->hotplug;
	bool cleaned = false;

	for (unsigned k = 0; k < GUEST_SLOTS; k++) {
		struct guest_slot *slot = &hotplug->slots.slots[k];

		if (slot->kind == SLOT_EMPTY || present->slots[k].kind != SLOT_EMPTY)
			continue;
		back_end_remove(guest, k);
		if (hotplug->tried[k] && slot_is_wanted(slot, &guest->desired))
			stuck_add(guest, slot->id, hotplug->fault);
		else
			slot_empty(guest, slot);
		hotplug->tried[k] = false;
		hotplug->asked_first[k] = 0;
		*slot = (struct guest_slot){ 0 };
		cleaned = true;
	}
	if (cleaned)
		slots_write(guest);
	return cleaned;
}

/* ---- too many ---- */

static uint64_t patience_ms(const struct guest_instance *guest)
{
	return (uint64_t)guest->vmm->options.unplug_seconds * 1000;
}

/* True while the guest may still let go of it. */
static bool slot_unplug(struct guest_instance *guest, unsigned k)
{
	struct hotplug *hotplug = &guest->hotplug;
	struct guest_slot *slot = &hotplug->slots.slots[k];
	uint64_t now = loop_now(guest->vmm->loop);
	char name[SLOT_NAME_SIZE];

	if (hotplug->asked_first[k] == 0)
		hotplug->asked_first[k] = now;
	else if (now - hotplug->asked_last[k] < REPEAT_MS &&
		 now - hotplug->asked_first[k] < patience_ms(guest))
		return true;
	if (now - hotplug->asked_first[k] >= patience_ms(guest)) {
		stuck_add(guest, slot->id, "The guest did not let go of the device in time");
		return false;
	}
	hotplug->asked_last[k] = now;
	slot_name(k, slot, name);
	say(guest, "device_del", "{\"id\":\"%s\"}", name);
	return true;
}

static bool slots_unplug(struct guest_instance *guest)
{
	struct hotplug *hotplug = &guest->hotplug;
	bool waits = false;

	for (unsigned k = 0; k < GUEST_SLOTS; k++) {
		struct guest_slot *slot = &hotplug->slots.slots[k];

		if (slot->kind == SLOT_EMPTY || slot_is_wanted(slot, &guest->desired))
			hotplug->asked_first[k] = 0;
		else if (!is_stuck(guest, slot->id) && slot_unplug(guest, k))
			waits = true;
	}
	return waits;
}

/* ---- missing: interfaces ---- */

static const struct guest_nic *nic_find(const struct guest *guest, const char *port_id)
{
	const struct guest_nic *nics = guest->nics.items;

	for (size_t i = 0; i < guest->nics.count; i++)
		if (strcmp(nics[i].port_id, port_id) == 0)
			return &nics[i];
	return NULL;
}

static void nic_device_add(struct guest_instance *guest, const struct guest_nic *nic, unsigned k)
{
	bool plain = strcmp(nic->model, "e1000e") == 0;
	char mtu[32] = "";

	if (nic->mtu != 0 && !plain)
		snprintf(mtu, sizeof(mtu), ",\"host_mtu\":%u", nic->mtu);
	say(guest, "device_add",
	    "{\"driver\":\"%s\",\"id\":\"nic%u-%s\",\"netdev\":\"net%u\",\"mac\":\"%s\","
	    "\"bus\":\"slot%u\",\"romfile\":\"\"%s}",
	    plain ? "e1000e" : "virtio-net-pci", k, nic->port_id, k, nic->mac, k, mtu);
}

static void nic_plug(struct guest_instance *guest, const struct guest_nic *nic, unsigned k, int tap)
{
	CLEANUP_FD int vhost = -1;
	char with_vhost[64] = "";

	if (strcmp(nic->model, "e1000e") != 0)
		vhost = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
	hand(guest, "getfd", tap, "{\"fdname\":\"tap%u\"}", k);
	if (vhost >= 0 && hand(guest, "getfd", vhost, "{\"fdname\":\"vhost%u\"}", k))
		snprintf(with_vhost, sizeof(with_vhost), ",\"vhost\":true,\"vhostfd\":\"vhost%u\"",
			 k);
	say(guest, "netdev_add", "{\"type\":\"tap\",\"id\":\"net%u\",\"fd\":\"tap%u\"%s}", k, k,
	    with_vhost);
	nic_device_add(guest, nic, k);
}

/* A slot for it, on the disk before QEMU hears of it; -1: stuck. */
static int slot_prepare(struct guest_instance *guest, enum slot_kind kind, const char *id)
{
	int k = slots_take(&guest->hotplug.slots, kind, id);

	if (k < 0 || slots_write(guest) < 0) {
		stuck_add(guest, id, k < 0 ? SLOT_FULL : "Failed to write the guest's slots");
		return -1;
	}
	guest->hotplug.tried[k] = true;
	guest->hotplug.plugging = true;
	log_info("guest", "device plugged in", "id=%s device=%s slot=%d", guest->id, id, k);
	return k;
}

static void taps_plug(struct guest_instance *guest)
{
	struct hotplug *hotplug = &guest->hotplug;

	for (size_t i = 0; i < guest->taps.count; i++) {
		struct tap *tap = &guest->taps.taps[i];
		const struct guest_nic *nic = nic_find(&guest->desired, tap->port_id);
		int k = nic != NULL ? slot_prepare(guest, SLOT_NIC, tap->port_id) : -1;

		if (k >= 0)
			nic_plug(guest, nic, (unsigned)k, tap->fd);
	}
	hotplug->wiring = hotplug->wired = false;
	tap_set_release(&guest->taps);
}

static void on_taps_ready(struct tap_set *set)
{
	struct guest_instance *guest = container_of(set, struct guest_instance, taps);

	guest->hotplug.wired = true;
	look(guest);
}

static void taps_fail(struct guest_instance *guest, const char *reason)
{
	for (size_t i = 0; i < guest->taps.count; i++)
		stuck_add(guest, guest->taps.taps[i].port_id, reason);
	guest->hotplug.wiring = guest->hotplug.wired = false;
	tap_set_release(&guest->taps);
	look(guest);
}

static void on_taps_fault(struct tap_set *set, const char *reason)
{
	taps_fail(container_of(set, struct guest_instance, taps), reason);
}

static void port_note(struct guest_record *record, const char *port_id)
{
	for (size_t i = 0; i < record->port_count; i++)
		if (strcmp(record->ports[i], port_id) == 0)
			return;
	if (record->port_count < GUEST_NICS_MAX)
		snprintf(record->ports[record->port_count++], UUID_SIZE, "%s", port_id);
}

/* Asks for the taps of the interfaces that are missing. */
static void nics_wire(struct guest_instance *guest)
{
	const struct guest_nic *nics = guest->desired.nics.items;
	struct hotplug *hotplug = &guest->hotplug;
	struct guest_nic missing[GUEST_NICS_MAX];
	struct guest wish = { .nics = { missing, 0 } };

	for (size_t i = 0; i < guest->desired.nics.count; i++)
		if (slots_find(&hotplug->slots, SLOT_NIC, nics[i].port_id) < 0 &&
		    !is_stuck(guest, nics[i].port_id)) {
			missing[wish.nics.count++] = nics[i];
			port_note(&guest->record, nics[i].port_id);
		}
	if (wish.nics.count == 0)
		return;
	guest_record_save(guest);
	hotplug->wiring = true;
	hotplug->wiring_since = loop_now(guest->vmm->loop);
	tap_set_open(&guest->taps, guest->vmm, &wish, on_taps_ready, on_taps_fault);
}

/* Ports whose taps are in use no more. */
static void ports_prune(struct guest_instance *guest)
{
	struct guest_record *record = &guest->record;
	size_t kept = 0, count = record->port_count;

	for (size_t i = 0; i < count; i++) {
		if (slots_find(&guest->hotplug.slots, SLOT_NIC, record->ports[i]) < 0 &&
		    nic_find(&guest->desired, record->ports[i]) == NULL)
			tap_close(guest->vmm, record->ports[i]);
		else
			memmove(record->ports[kept++], record->ports[i], UUID_SIZE);
	}
	record->port_count = (uint32_t)kept;
}

/* ---- missing: volumes ---- */

static void volume_plug(struct guest_instance *guest, const struct guest_disk *disk)
{
	struct vmm *vmm = guest->vmm;
	struct qemu_disk file = { .fd = -1, .backing_fd = -1, .direct = vmm->host.direct };
	struct error error;
	int k;

	if (volume_open(vmm, disk, &file, &error) < 0) {
		stuck_add(guest, disk->id, error.message);
		return;
	}
	k = slot_prepare(guest, SLOT_VOLUME, disk->id);
	if (k >= 0) {
		hand(guest, "add-fd", file.fd, "{\"fdset-id\":%d}", FDSET_VOLUME + k);
		say(guest, "blockdev-add",
		    "{\"driver\":\"file\",\"node-name\":\"volume%d-file\",\"filename\":"
		    "\"/dev/fdset/%d\",\"aio\":\"%s\",\"cache\":{\"direct\":%s},\"discard\":"
		    "\"unmap\",\"auto-read-only\":false}",
		    k, FDSET_VOLUME + k, vmm->host.io_uring ? "io_uring" : "threads",
		    file.direct ? "true" : "false");
		say(guest, "blockdev-add",
		    "{\"driver\":\"raw\",\"node-name\":\"volume%d\",\"file\":\"volume%d-file\","
		    "\"discard\":\"unmap\"}",
		    k, k);
		say(guest, "device_add",
		    "{\"driver\":\"virtio-blk-pci\",\"id\":\"volume%d-%s\",\"drive\":\"volume%d\","
		    "\"serial\":\"%.20s\",\"bus\":\"slot%d\"}",
		    k, disk->id, k, disk->id, k);
	}
	cleanup_close(&file.fd);
}

static void volumes_plug(struct guest_instance *guest)
{
	const struct guest_disk *disks = guest->desired.disks.items;

	for (size_t i = 0; i < guest->desired.disks.count; i++)
		if (disks[i].attached && !is_stuck(guest, disks[i].id) &&
		    slots_find(&guest->hotplug.slots, SLOT_VOLUME, disks[i].id) < 0)
			volume_plug(guest, &disks[i]);
}

/* ---- looking ---- */

static void on_timer(struct loop_timer *timer)
{
	struct guest_instance *guest = container_of(timer, struct guest_instance, hotplug.timer);
	struct hotplug *hotplug = &guest->hotplug;

	if (hotplug->wiring && !hotplug->wired &&
	    loop_now(guest->vmm->loop) - hotplug->wiring_since >= TAPS_MS)
		taps_fail(guest, "Virtual Interface creation failed");
	else
		look(guest);
}

static void timer_arm(struct guest_instance *guest)
{
	uint64_t delay = REPEAT_MS;

	if (delay > patience_ms(guest))
		delay = patience_ms(guest);
	loop_timer_stop(&guest->hotplug.timer);
	loop_timer_start(guest->vmm->loop, &guest->hotplug.timer, delay, on_timer);
}

static void met(struct guest_instance *guest)
{
	struct guest_record *record = &guest->record;
	struct hotplug *hotplug = &guest->hotplug;

	hotplug->dirty = false;
	if (record->devices == hotplug->generation && strcmp(record->stuck, hotplug->stuck) == 0)
		return;
	record->devices = hotplug->generation;
	snprintf(record->stuck, sizeof(record->stuck), "%s", hotplug->stuck);
	if (record->stuck[0] == '\0')
		record->stuck_reason[0] = '\0';
	guest_record_save(guest);
	guest_report(guest);
}

/* What QEMU says counts, whatever the file says. */
static void present_read(struct guest_instance *guest, const struct qmp_message *answer,
			 struct guest_slots *present)
{
	*present = (struct guest_slots){ 0 };
	for (size_t i = 0; i < answer->name_count; i++) {
		struct guest_slot slot = { 0 };
		int k = slot_of_name(answer->names[i], &slot);

		if (k < 0)
			continue;
		present->slots[k] = slot;
		guest->hotplug.slots.slots[k] = slot;
	}
}

static void compare(struct guest_instance *guest, const struct qmp_message *answer)
{
	struct hotplug *hotplug = &guest->hotplug;
	struct guest_slots present;
	unsigned before = guest->qmp.sent;
	bool waits;

	generation_begin(guest);
	present_read(guest, answer, &present);
	hotplug->plugging = false;
	if (!slots_clean(guest, &present)) {
		ports_prune(guest);
		waits = slots_unplug(guest);
		if (hotplug->wired)
			taps_plug(guest);
		else if (!hotplug->wiring)
			nics_wire(guest);
		volumes_plug(guest);
		if (waits || hotplug->wiring)
			timer_arm(guest);
		else if (guest->qmp.sent == before)
			met(guest);
	}
	if (guest->qmp.sent != before) {
		hotplug->first = before + 1;
		hotplug->last = guest->qmp.sent;
	}
}

static bool is_possible(const struct guest_instance *guest)
{
	return (guest->phase == PHASE_RUNNING || guest->phase == PHASE_PAUSED) &&
	       guest->qmp.ready && guest->has_desired && !guest->deleting && !guest->vmm->stopping;
}

/* Machines without slots keep what they began with. */
static void slotless(struct guest_instance *guest)
{
	const struct guest_nic *nics = guest->desired.nics.items;
	struct guest_record *record = &guest->record;

	generation_begin(guest);
	for (size_t i = 0; i < record->port_count; i++)
		if (nic_find(&guest->desired, record->ports[i]) == NULL)
			stuck_add(guest, record->ports[i], "The machine has no slots");
	for (size_t i = 0; i < guest->desired.nics.count; i++) {
		size_t at = 0;

		while (at < record->port_count && strcmp(record->ports[at], nics[i].port_id) != 0)
			at++;
		if (at == record->port_count)
			stuck_add(guest, nics[i].port_id, "The machine has no slots");
	}
	met(guest);
}

static void look(struct guest_instance *guest)
{
	struct hotplug *hotplug = &guest->hotplug;

	hotplug->dirty = true;
	if (!is_possible(guest) || hotplug->look != 0 || hotplug->last != 0)
		return;
	if (!qemu_has_slots(guest->vmm->host.facts.arch, guest->desired.machine)) {
		slotless(guest);
		return;
	}
	if (qmp_send_with(&guest->qmp, "qom-list", "{\"path\":\"/machine/peripheral\"}") == 0)
		hotplug->look = guest->qmp.sent;
}

void hotplug_look(struct guest_instance *guest)
{
	struct hotplug *hotplug = &guest->hotplug;

	if (hotplug->dirty || hotplug->generation != guest->desired.generation)
		look(guest);
}

void hotplug_on_ready(struct guest_instance *guest)
{
	guest->hotplug.dirty = true;
	slots_read(guest);
	guest_reconcile_soon(guest);
}

static void round_answer(struct guest_instance *guest, const struct qmp_message *answer)
{
	struct hotplug *hotplug = &guest->hotplug;

	/* The first one is the cause, what follows are its consequences. */
	if (answer->id == hotplug->first)
		hotplug->fault[0] = '\0';
	if (hotplug->plugging && answer->kind == QMP_ERROR && hotplug->fault[0] == '\0')
		snprintf(hotplug->fault, sizeof(hotplug->fault), "%s", answer->description);
	if (answer->id != hotplug->last)
		return;
	hotplug->first = hotplug->last = 0;
	look(guest);
}

void hotplug_on_answer(struct guest_instance *guest, const struct qmp_message *answer)
{
	struct hotplug *hotplug = &guest->hotplug;

	if (hotplug->look != 0 && answer->id == hotplug->look) {
		hotplug->look = 0;
		if (answer->kind == QMP_RETURN && is_possible(guest))
			compare(guest, answer);
	} else if (hotplug->last != 0 && answer->id >= hotplug->first &&
		   answer->id <= hotplug->last) {
		round_answer(guest, answer);
	}
}

void hotplug_on_event(struct guest_instance *guest, const struct qmp_message *event)
{
	struct guest_slot slot;

	if (strcmp(event->event, "DEVICE_DELETED") == 0 && slot_of_name(event->device, &slot) >= 0)
		look(guest);
}

void hotplug_on_lost(struct guest_instance *guest)
{
	struct hotplug *hotplug = &guest->hotplug;

	loop_timer_stop(&hotplug->timer);
	if (hotplug->wiring)
		tap_set_release(&guest->taps);
	*hotplug = (struct hotplug){ .dirty = true,
				     .generation = hotplug->generation,
				     .slots = hotplug->slots };
}
