/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/diagnostics.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"

#define PENDING_MAX 16

static const char *const commands[] = { "query-cpus-fast", "query-blockstats", "query-balloon" };

struct diagnosis {
	struct diagnosis *next;
	char guest_id[UUID_SIZE];
	uint32_t serial; /* of the message that is to be answered */
	unsigned first;  /* id of the first command */
	struct vmm_diagnostics found;
	struct vmm_cpu_time cpus[DIAGNOSTICS_CPUS_MAX];
	struct vmm_disk_counters disks[DIAGNOSTICS_DISKS_MAX];
};

/* ---- what the kernel knows ---- */

/* A short file of the process; "" when there is none. */
static void proc_read(pid_t pid, const char *name, char *text, size_t size)
{
	CLEANUP_FD int fd = -1;
	char path[64];
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	got = fd < 0 ? -1 : read(fd, text, size - 1);
	text[got > 0 ? got : 0] = '\0';
}

/* ns that a thread of this process has run; 0: it has none of this number. */
static uint64_t thread_time(pid_t pid, int64_t thread)
{
	unsigned long long user = 0, system = 0;
	char name[48], text[512];
	const char *at;

	snprintf(name, sizeof(name), "task/%lld/stat", (long long)thread);
	proc_read(pid, name, text, sizeof(text));
	/* Behind the name, which may hold anything: state, ten numbers, then the two. */
	at = strrchr(text, ')');
	if (at == NULL || sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
				 &user, &system) != 2)
		return 0;
	return (user + system) * (1000000000ull / (uint64_t)sysconf(_SC_CLK_TCK));
}

static uint64_t resident_bytes(pid_t pid)
{
	unsigned long long pages = 0;
	char text[128];

	proc_read(pid, "statm", text, sizeof(text));
	sscanf(text, "%*u %llu", &pages);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* ---- what QEMU said ---- */

/* Which of the guest's disks a node is: "disk0", "disk0-throttle", "volume3" (a slot). */
static int disk_index(const struct guest_instance *guest, const char *node)
{
	const struct guest_disk *disks = guest->desired.disks.items;
	unsigned number;

	if (sscanf(node, "disk%u", &number) == 1)
		return number <= guest->desired.disks.count ? (int)number : -1;
	if (sscanf(node, "volume%u", &number) != 1 || number >= GUEST_SLOTS)
		return -1;
	for (size_t i = 0; i < guest->desired.disks.count; i++)
		if (strcmp(disks[i].id, guest->hotplug.slots.slots[number].id) == 0)
			return (int)i;
	return -1;
}

/* As Linux would call it; the config drive stands behind the others. */
static void disk_name(const struct guest_instance *guest, int index, char *name, size_t size)
{
	const struct guest_disk *disks = guest->desired.disks.items;
	size_t at = (size_t)index < guest->desired.disks.count ? (size_t)index : 0;
	const char *bus = guest->desired.disks.count > 0 ? disks[at].bus : "";
	bool plain = strcmp(bus, "scsi") == 0 || strcmp(bus, "sata") == 0;

	snprintf(name, size, "%s%c", plain && !disks[at].attached ? "sd" : "vd", 'a' + index);
}

static void threads_take(struct guest_instance *guest, struct diagnosis *diagnosis,
			 const struct diagnostics_answer *answer)
{
	for (size_t i = 0; i < answer->thread_count; i++)
		diagnosis->cpus[i] = (struct vmm_cpu_time){
			.id = answer->threads[i].cpu,
			.time = thread_time(guest->record.pid, answer->threads[i].id),
		};
	diagnosis->found.cpus.count = answer->thread_count;
}

static void blocks_take(struct guest_instance *guest, struct diagnosis *diagnosis,
			const struct diagnostics_answer *answer)
{
	size_t *count = &diagnosis->found.disks.count;

	*count = 0;
	for (size_t i = 0; i < answer->block_count; i++) {
		struct vmm_disk_counters *disk = &diagnosis->disks[*count];
		int index = disk_index(guest, answer->blocks[i].name);

		if (index < 0)
			continue;
		*disk = answer->blocks[i].counters;
		disk_name(guest, index, disk->name, sizeof(disk->name));
		++*count;
	}
}

static void answer_take(struct guest_instance *guest, struct diagnosis *diagnosis, unsigned step,
			const struct qmp_message *message)
{
	CLEANUP_FREE struct diagnostics_answer *answer = malloc(sizeof(*answer));

	if (answer == NULL || diagnostics_parse(message->line, message->line_size, answer) < 0)
		return; /* QEMU's refusal: a machine without a balloon; the rest is told */
	if (step == 0)
		threads_take(guest, diagnosis, answer);
	else if (step == 1)
		blocks_take(guest, diagnosis, answer);
	else
		diagnosis->found.memory_actual = answer->balloon;
}

/* ---- the way of a question ---- */

static void reply_send(struct vmm *vmm, uint32_t serial, struct vmm_diagnostics *found)
{
	channel_send_struct(&vmm->cloud, VMM_DIAGNOSTICS, serial, vmm_diagnostics_fields, found,
			    -1);
}

static void diagnosis_end(struct vmm *vmm, struct diagnosis **link, int result)
{
	struct diagnosis *diagnosis = *link;

	*link = diagnosis->next;
	diagnosis->found.code = (uint32_t)-result;
	diagnosis->found.cpus.items = diagnosis->cpus;
	diagnosis->found.disks.items = diagnosis->disks;
	reply_send(vmm, diagnosis->serial, &diagnosis->found);
	free(diagnosis);
}

void diagnostics_on_answer(struct guest_instance *guest, const struct qmp_message *answer)
{
	struct diagnosis **link = &guest->vmm->diagnoses;
	unsigned step;

	while (*link != NULL && (strcmp((*link)->guest_id, guest->id) != 0 ||
				 answer->id - (*link)->first >= ARRAY_LENGTH(commands)))
		link = &(*link)->next;
	if (*link == NULL)
		return;
	step = answer->id - (*link)->first;
	answer_take(guest, *link, step, answer);
	if (step + 1 < ARRAY_LENGTH(commands))
		return;
	(*link)->found.memory_resident = resident_bytes(guest->record.pid);
	diagnosis_end(guest->vmm, link, 0);
}

void diagnostics_on_lost(struct guest_instance *guest)
{
	struct diagnosis **link = &guest->vmm->diagnoses;

	while (*link != NULL)
		if (strcmp((*link)->guest_id, guest->id) == 0)
			diagnosis_end(guest->vmm, link, -ESRCH);
		else
			link = &(*link)->next;
}

void diagnostics_abandon(struct vmm *vmm)
{
	while (vmm->diagnoses != NULL) {
		struct diagnosis *diagnosis = vmm->diagnoses;

		vmm->diagnoses = diagnosis->next;
		free(diagnosis);
	}
}

static size_t pending(const struct vmm *vmm)
{
	size_t count = 0;

	for (const struct diagnosis *at = vmm->diagnoses; at != NULL; at = at->next)
		count++;
	return count;
}

static int diagnosis_begin(struct vmm *vmm, const char *id, uint32_t serial)
{
	struct guest_instance *guest = guest_find(vmm, id);
	struct diagnosis *diagnosis;
	int result = 0;

	if (guest == NULL || guest->phase != PHASE_RUNNING || !guest->qmp.ready)
		return -ESRCH;
	if (guest->qmp.hung || pending(vmm) >= PENDING_MAX)
		return -EBUSY;
	diagnosis = calloc(1, sizeof(*diagnosis));
	if (diagnosis == NULL)
		return -ENOMEM;
	snprintf(diagnosis->guest_id, sizeof(diagnosis->guest_id), "%s", guest->id);
	diagnosis->serial = serial;
	diagnosis->first = guest->qmp.sent + 1;
	for (size_t i = 0; result == 0 && i < ARRAY_LENGTH(commands); i++)
		result = qmp_send(&guest->qmp, commands[i]);
	if (result < 0) {
		free(diagnosis);
		return -EBUSY;
	}
	diagnosis->next = vmm->diagnoses;
	vmm->diagnoses = diagnosis;
	return 0;
}

void diagnostics_serve(struct vmm *vmm, struct message *message)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_diagnostics refused = { 0 };
	struct guest_id id = { 0 };
	int result = message_decode(&arena, message, guest_id_fields, &id, NULL);

	if (result == 0)
		result = diagnosis_begin(vmm, id.id, message->serial);
	if (result == 0)
		return;
	refused.code = (uint32_t)-result;
	reply_send(vmm, message->serial, &refused);
}
