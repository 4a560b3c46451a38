/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/console_log.h"
#include "hypervisor/diagnostics.h"
#include "hypervisor/disk.h"
#include "hypervisor/export.h"
#include "hypervisor/guest.h"
#include "hypervisor/nvram.h"
#include "hypervisor/socket_path.h"

#define RECONNECT_MS 1000
#define SLOTS 65536

/* ---- QMP ---- */

static void on_qmp_ready(struct qmp *qmp, const char *version, const char *status)
{
	static const struct {
		const char *status;
		enum guest_event event;
	} table[] = {
		{ "running", EVENT_QMP_READY },     { "paused", EVENT_SUSPENDED },
		{ "io-error", EVENT_SUSPENDED },    { "shutdown", EVENT_OFF },
		{ "postmigrate", EVENT_SUSPENDED }, { "guest-panicked", EVENT_PANIC },
	};
	struct guest_instance *guest = container_of(qmp, struct guest_instance, qmp);

	hotplug_on_ready(guest);
	quiesce_thaw(guest); /* an earlier vmm may have been about to */
	log_debug("guest", "qemu answers", "id=%s version=%s status=%s", guest->id, version,
		  log_quote(status));
	for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
		if (strcmp(table[i].status, status) == 0) {
			guest_dispatch(guest, table[i].event);
			return;
		}
	}
}

/* With -action shutdown=pause the guest's own power-off shows as SHUTDOWN; a STOP follows, which
 * finds the guest on its way out already. */
static void on_qmp_event(struct qmp *qmp, const struct qmp_message *event)
{
	static const struct {
		const char *name;
		enum guest_event event;
	} table[] = {
		{ "SHUTDOWN", EVENT_OFF },
		{ "GUEST_PANICKED", EVENT_PANIC },
		{ "STOP", EVENT_SUSPENDED },
		{ "RESUME", EVENT_RESUMED },
	};
	struct guest_instance *guest = container_of(qmp, struct guest_instance, qmp);

	export_on_event(guest, event);
	guest_memory_on_event(guest, event);
	hotplug_on_event(guest, event);
	if (strcmp(event->event, "RESET") == 0)
		log_info("guest", "guest reset", "id=%s self=%d", guest->id, event->guest);
	/* A signal from elsewhere: the process ends, and that is what counts. */
	if (strcmp(event->event, "SHUTDOWN") == 0 && !event->guest)
		return;
	for (size_t i = 0; i < ARRAY_LENGTH(table); i++) {
		if (strcmp(table[i].name, event->event) == 0) {
			guest_dispatch(guest, table[i].event);
			return;
		}
	}
}

static void on_reconnect(struct loop_timer *timer)
{
	guest_qmp_connect(container_of(timer, struct guest_instance, reconnect));
}

/* The process tells by its end whether it is gone; QMP alone may fail and come back. */
static void on_qmp_lost(struct qmp *qmp, const char *reason)
{
	struct guest_instance *guest = container_of(qmp, struct guest_instance, qmp);

	log_debug("guest", "qmp lost", "id=%s reason=%s", guest->id, log_quote(reason));
	export_on_lost(guest);
	hotplug_on_lost(guest);
	diagnostics_on_lost(guest);
	loop_timer_start(guest->vmm->loop, &guest->reconnect, RECONNECT_MS, on_reconnect);
}

static void on_qmp_answer(struct qmp *qmp, const struct qmp_message *answer)
{
	struct guest_instance *guest = container_of(qmp, struct guest_instance, qmp);

	export_on_answer(guest, answer);
	hotplug_on_answer(guest, answer);
	diagnostics_on_answer(guest, answer);
	guest_memory_on_answer(guest, answer);
}

static void on_qmp_hung(struct qmp *qmp)
{
	struct guest_instance *guest = container_of(qmp, struct guest_instance, qmp);

	log_warning("guest", "qemu does not answer", "id=%s", guest->id);
	export_on_hung(guest);
	guest_dispatch(guest, EVENT_HUNG);
}

static const struct qmp_handler qmp_handler = {
	.on_ready = on_qmp_ready,
	.on_event = on_qmp_event,
	.on_answer = on_qmp_answer,
	.on_lost = on_qmp_lost,
	.on_hung = on_qmp_hung,
};

void guest_qmp_connect(struct guest_instance *guest)
{
	char path[VMM_PATH_SIZE];
	int result;

	guest_path(guest, "qmp.sock", path);
	loop_timer_stop(&guest->reconnect);
	result = qmp_open(&guest->qmp, guest->vmm->loop, path, &qmp_handler);
	guest->qmp.timeout_ms = guest->vmm->options.qmp_seconds * 1000;
	if (result == 0)
		return;
	log_warning("guest", "no qmp", "id=%s errno=%d", guest->id, -result);
	loop_timer_start(guest->vmm->loop, &guest->reconnect, RECONNECT_MS, on_reconnect);
}

/* ---- the end of the process ---- */

static void reason_of_exit(struct guest_instance *guest, int status)
{
	char path[VMM_PATH_SIZE], line[256] = "";

	guest_path(guest, "qemu.log", path);
	console_log_last_line(path, line, sizeof(line));
	if (status == -1)
		error_set(&guest->fault, -EIO, "QEMU ended unexpectedly%s%s",
			  line[0] != '\0' ? ": " : "", line);
	else if (WIFSIGNALED(status))
		error_set(&guest->fault, -EIO, "QEMU was ended by signal %d (%s)%s%s",
			  WTERMSIG(status), strsignal(WTERMSIG(status)),
			  line[0] != '\0' ? ": " : "", line);
	else
		error_set(&guest->fault, -EIO, "QEMU exited with status %d%s%s",
			  WEXITSTATUS(status), line[0] != '\0' ? ": " : "", line);
}

/* True when the child could not even execute QEMU; the reason is taken over. */
static bool spawn_fault_take(struct guest_instance *guest)
{
	struct sandbox_fault fault;

	if (guest->status_fd < 0 ||
	    read(guest->status_fd, &fault, sizeof(fault)) != (ssize_t)sizeof(fault))
		return false;
	error_set(&guest->fault, -fault.code, "QEMU could not be started: %.59s: %s", fault.step,
		  strerror(fault.code));
	return true;
}

static void on_process_end(struct loop_process *process, int status)
{
	struct guest_instance *guest = container_of(process, struct guest_instance, process);
	bool ending = guest->phase == PHASE_ENDING;

	guest->process_watched = false;
	guest->record.pid = 0;
	if (!ending && !spawn_fault_take(guest))
		reason_of_exit(guest, status);
	guest_dispatch(guest, EVENT_EXIT);
}

static void status_close(struct guest_instance *guest)
{
	loop_fd_stop(&guest->status);
	cleanup_close(&guest->status_fd);
	guest->status_fd = -1;
}

void guest_process_release(struct guest_instance *guest)
{
	if (guest->process_watched)
		loop_process_stop(&guest->process);
	guest->process_watched = false;
	overhead_stop(guest);
	loop_timer_stop(&guest->reconnect);
	export_on_lost(guest);
	hotplug_on_lost(guest);
	quiesce_stop(guest);
	diagnostics_on_lost(guest);
	qmp_close(&guest->qmp);
	status_close(guest);
}

/* By the pidfd: a number might be another process by now. */
void guest_process_signal(struct guest_instance *guest, int signal_number)
{
	if (guest->process_watched)
		syscall(SYS_pidfd_send_signal, guest->process.fd.fd, signal_number, NULL, 0);
}

/* ---- the start of the process ---- */

static uint64_t unix_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* End of file: QEMU executes. */
static void on_status(struct loop_fd *handle, unsigned events)
{
	struct guest_instance *guest = container_of(handle, struct guest_instance, status);
	bool failed = spawn_fault_take(guest);

	(void)events;
	status_close(guest);
	if (failed) {
		guest_dispatch(guest, EVENT_FAULT);
		return;
	}
	guest->record.started = unix_ms();
	guest_record_save(guest);
	log_info("guest", "qemu executes", "id=%s pid=%d after_ms=%llu", guest->id,
		 (int)guest->record.pid,
		 (unsigned long long)(loop_now(guest->vmm->loop) - guest->wanted));
}

static bool slot_is_used(const struct vmm *vmm, uint32_t slot)
{
	for (const struct guest_instance *guest = vmm->guests; guest != NULL; guest = guest->next)
		if (guest->record.pid != 0 && guest->record.slot == slot)
			return true;
	return false;
}

static uint32_t slot_find(const struct vmm *vmm)
{
	uint32_t slot = 0;

	while (slot < SLOTS && slot_is_used(vmm, slot))
		slot++;
	return slot;
}

/* Everything that QEMU is handed. All of it is closed here once the child has it. */
struct start {
	struct arena arena;
	struct qemu_plan plan;
	int error_fd;
	int fds[8 + 4 * (GUEST_DISKS_MAX + GUEST_NICS_MAX)];
	size_t fd_count;
};

static int log_open_file(const struct guest_instance *guest, const char *file, int flags)
{
	char path[VMM_PATH_SIZE];
	int fd;

	guest_path(guest, file, path);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | flags, 0600);
	if (fd >= 0)
		console_log_watch(guest->vmm, path);
	return fd;
}

static int listen_open(const struct guest_instance *guest, const char *file)
{
	char path[VMM_PATH_SIZE];

	guest_path(guest, file, path);
	return socket_path_listen(path);
}

static int lines_open(struct guest_instance *guest, struct start *start, struct error *error)
{
	struct qemu_plan *plan = &start->plan;

	plan->qmp_fd = listen_open(guest, "qmp.sock");
	plan->serial_fd = listen_open(guest, "serial.sock");
	if (guest->desired.hardware.agent)
		plan->agent_fd = listen_open(guest, "agent.sock");
	plan->log_fd = log_open_file(guest, "console.log", 0);
	start->error_fd = log_open_file(guest, "qemu.log", O_TRUNC);
	if (plan->qmp_fd < 0 || plan->serial_fd < 0 || plan->log_fd < 0 || start->error_fd < 0)
		return error_errno(error, "Failed to open the guest's lines");
	return 0;
}

/* The tap of a port; -1: what is desired has changed since they were asked for. */
static int tap_of(const struct guest_instance *guest, const char *port_id)
{
	for (size_t i = 0; i < guest->taps.count; i++)
		if (strcmp(guest->taps.taps[i].port_id, port_id) == 0)
			return guest->taps.taps[i].fd;
	return -1;
}

/* Where the machine has no slots, a number tells them apart. */
static unsigned nic_slot(const struct guest_instance *guest, const struct guest_nic *nic, size_t i)
{
	int slot = slots_find(&guest->hotplug.slots, SLOT_NIC, nic->port_id);

	return slot >= 0 ? (unsigned)slot : (unsigned)i;
}

static void nics_take(struct guest_instance *guest, struct qemu_plan *plan)
{
	const struct guest_nic *nics = guest->desired.nics.items;

	for (size_t i = 0; i < guest->desired.nics.count; i++) {
		int tap = tap_of(guest, nics[i].port_id);
		struct qemu_nic *nic = &plan->nics[plan->nic_count];

		if (tap < 0)
			continue;
		plan->nic_count++;
		nic->tap_fd = tap;
		nic->vhost_fd = open("/dev/vhost-net", O_RDWR | O_CLOEXEC);
		nic->mtu = nics[i].mtu;
		nic->model = nics[i].model;
		nic->port_id = nics[i].port_id;
		nic->slot = nic_slot(guest, &nics[i], i);
		snprintf(nic->mac, sizeof(nic->mac), "%s", nics[i].mac);
	}
}

static void volumes_place(const struct guest_instance *guest, struct qemu_plan *plan)
{
	for (size_t i = 0; i < plan->disk_count; i++) {
		struct qemu_disk *disk = &plan->disks[i];
		int slot = disk->attached
				   ? slots_find(&guest->hotplug.slots, SLOT_VOLUME, disk->serial)
				   : -1;

		disk->slot = slot >= 0 ? (unsigned)slot : 0;
	}
}

static void fds_collect(struct start *start)
{
	const struct qemu_plan *plan = &start->plan;

	start->fds[start->fd_count++] = plan->qmp_fd;
	start->fds[start->fd_count++] = plan->serial_fd;
	start->fds[start->fd_count++] = plan->agent_fd;
	start->fds[start->fd_count++] = plan->log_fd;
	start->fds[start->fd_count++] = plan->memory_fd;
	start->fds[start->fd_count++] = plan->code_fd;
	start->fds[start->fd_count++] = plan->nvram_fd;
	for (size_t i = 0; i < plan->disk_count; i++) {
		start->fds[start->fd_count++] = plan->disks[i].fd;
		start->fds[start->fd_count++] = plan->disks[i].backing_fd;
	}
	for (size_t i = 0; i < plan->nic_count; i++) {
		start->fds[start->fd_count++] = plan->nics[i].tap_fd;
		start->fds[start->fd_count++] = plan->nics[i].vhost_fd;
	}
}

/* A reboot, which the counters tell of before they are met, begins with an empty memory; so does a
 * machine that lost or was given a device since. */
static void memory_take(const struct guest_instance *guest, struct qemu_plan *plan, bool moved)
{
	if (moved && guest_memory_exists(guest))
		log_warning("guest", "memory does not fit the devices", "id=%s", guest->id);
	if (guest->rebooting || moved)
		guest_memory_drop(guest);
	else
		plan->memory_fd = guest_memory_take(guest);
}

static int start_prepare(struct guest_instance *guest, struct start *start, struct error *error)
{
	struct vmm *vmm = guest->vmm;
	bool moved = false;
	int result;

	start->plan = (struct qemu_plan){
		.guest = &guest->desired,
		.binary = vmm->options.qemu,
		.share = vmm->options.share,
		.arch = vmm->host.facts.arch,
		.kvm = vmm->host.kvm,
		.io_uring = vmm->host.io_uring,
		.qmp_fd = -1,
		.serial_fd = -1,
		.agent_fd = -1,
		.log_fd = -1,
		.memory_fd = -1,
		.code_fd = -1,
		.nvram_fd = -1,
	};
	start->error_fd = -1;
	guest_record_save(guest); /* makes the directory */
	result = lines_open(guest, start, error);
	if (result == 0)
		result = hotplug_slots_fit(guest, &moved, error);
	if (result == 0)
		result = disks_open(vmm, &guest->desired, &start->plan, error);
	if (result == 0)
		result = nvram_open(vmm, &guest->desired, &start->plan, error);
	nics_take(guest, &start->plan);
	volumes_place(guest, &start->plan);
	memory_take(guest, &start->plan, moved);
	fds_collect(start);
	return result;
}

static void start_release(struct start *start)
{
	struct qemu_plan *plan = &start->plan;

	for (size_t i = 0; i < plan->nic_count; i++)
		cleanup_close(&plan->nics[i].vhost_fd); /* the taps are the set's */
	disks_close(plan);
	cleanup_close(&plan->qmp_fd);
	cleanup_close(&plan->serial_fd);
	cleanup_close(&plan->agent_fd);
	cleanup_close(&plan->log_fd);
	cleanup_close(&plan->memory_fd);
	cleanup_close(&plan->code_fd);
	cleanup_close(&plan->nvram_fd);
	cleanup_close(&start->error_fd);
	arena_free(&start->arena);
}

static pid_t start_spawn(struct guest_instance *guest, const struct start *start, char **argv)
{
	const struct vmm_options *options = &guest->vmm->options;
	struct sandbox_bind binds[2 + VMM_LIBRARIES_MAX] = {
		{ .path = options->qemu, .fd = -1 },
		{ .path = options->share, .fd = -1 },
	};
	char root[VMM_PATH_SIZE], group[VMM_PATH_SIZE];
	struct sandbox sandbox = {
		.root = root,
		.uid = UID_GUEST_FIRST + guest->record.slot,
		.binds = binds,
		.bind_count = 2,
		.kvm = start->plan.kvm,
		.fds = start->fds,
		.fd_count = start->fd_count,
		.output = start->error_fd,
		.oom_score = OOM_SCORE_GUEST,
		.cgroup = cgroup_make(&guest->desired, group) ? group : NULL,
	};

	path_format(root, "%s/root", options->run);
	for (size_t i = 0; i < options->library_count; i++)
		binds[sandbox.bind_count++] =
			(struct sandbox_bind){ .path = options->libraries[i], .fd = -1 };
	return sandbox_spawn(&sandbox, argv, &guest->status_fd);
}

static int process_watch(struct guest_instance *guest)
{
	int result = loop_process_start(guest->vmm->loop, &guest->process, guest->record.pid,
					on_process_end);

	guest->process_watched = result == 0;
	if (result == 0)
		overhead_watch(guest);
	return result;
}

static int process_take(struct guest_instance *guest, pid_t pid, struct error *error)
{
	struct guest_record *record = &guest->record;
	int result;

	if (pid < 0)
		return error_set(error, pid, "QEMU could not be started: %s", strerror(-pid));
	record->pid = pid;
	record->start_time = process_start_time(pid);
	snprintf(record->accelerator, sizeof(record->accelerator), "%s",
		 guest->vmm->host.kvm ? "kvm" : "tcg");
	guest_record_save(guest);
	result = process_watch(guest);
	if (result == 0)
		result = loop_fd_start(guest->vmm->loop, &guest->status, guest->status_fd,
				       LOOP_READ, on_status);
	if (result < 0)
		return error_set(error, result, "QEMU could not be watched: %s", strerror(-result));
	guest_qmp_connect(guest);
	return 0;
}

/* More than the box has can never run; what is taken by others is for the kernel to find. */
static int memory_check(const struct guest_instance *guest, struct error *error)
{
	uint64_t most = guest->vmm->host.facts.memory >> 20;

	if (guest->desired.memory_mib <= most)
		return 0;
	return error_set(
		error, -ENOMEM,
		"Insufficient compute resources: Free memory %llu.00 MB < requested %u MB.",
		(unsigned long long)most, guest->desired.memory_mib);
}

int guest_process_start(struct guest_instance *guest, struct error *error)
{
	struct start start = { 0 };
	char **argv = NULL;
	int result = memory_check(guest, error);

	guest_process_release(guest);
	if (result < 0)
		return result;
	guest->record.slot = slot_find(guest->vmm);
	result = start_prepare(guest, &start, error);
	if (result == 0)
		result = qemu_argv(&start.arena, &start.plan, &argv, error);
	if (result == 0)
		result = process_take(guest, start_spawn(guest, &start, argv), error);
	start_release(&start);
	tap_set_release(&guest->taps);
	return result;
}

int guest_process_adopt(struct guest_instance *guest)
{
	struct guest_record *record = &guest->record;

	/* Watched first, compared then: in between the number can't go to another process. */
	if (record->pid == 0 || process_watch(guest) < 0)
		return 0;
	if (record->start_time == 0 || process_start_time(record->pid) != record->start_time) {
		guest_process_release(guest);
		return 0;
	}
	return 1;
}
