/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/host.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/guest_list.h"
#include "hypervisor/job.h"
#include "hypervisor/kvm_probe.h"

#define TRIAL_SIZE 4096

/* ---- the file system ---- */

static bool reflink_works(const char *directory)
{
	char from_path[VMM_PATH_SIZE], to_path[VMM_PATH_SIZE];
	CLEANUP_FD int from = -1;
	CLEANUP_FD int to = -1;
	char block[TRIAL_SIZE] = { 1 };
	bool works;

	path_format(from_path, "%s/.base/trial-from.part", directory);
	path_format(to_path, "%s/.base/trial-to.part", directory);
	from = open(from_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	to = open(to_path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	works = from >= 0 && to >= 0 && write(from, block, sizeof(block)) > 0 &&
		ioctl(to, FICLONE, from) == 0;
	unlink(from_path);
	unlink(to_path);
	return works;
}

static bool direct_works(const char *directory)
{
	char path[VMM_PATH_SIZE];
	CLEANUP_FD int fd = -1;

	path_format(path, "%s/.base/trial.part", directory);
	fd = open(path, O_RDWR | O_CREAT | O_DIRECT | O_CLOEXEC, 0600);
	unlink(path);
	return fd >= 0;
}

static bool io_uring_works(void)
{
	struct io_uring_params parameters = { 0 };
	CLEANUP_FD int fd = (int)syscall(SYS_io_uring_setup, 1, &parameters);

	return fd >= 0;
}

/* ---- figures ---- */

/* Value of a line 'key<blanks>: value' of a file in /proc; "" when it is not there. */
static void proc_value(const char *path, const char *key, char *value, size_t size)
{
	FILE *file = fopen(path, "re");
	char line[512];

	value[0] = '\0';
	while (file != NULL && value[0] == '\0' && fgets(line, sizeof(line), file) != NULL) {
		const char *colon = strchr(line, ':');

		if (colon == NULL || strncmp(line, key, strlen(key)) != 0)
			continue;
		line[strcspn(line, "\n")] = '\0';
		snprintf(value, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
	}
	if (file != NULL)
		fclose(file);
}

static uint64_t memory_figure(const char *key)
{
	char value[64];
	unsigned long long kib = 0;

	proc_value("/proc/meminfo", key, value, sizeof(value));
	sscanf(value, "%llu", &kib);
	return (uint64_t)kib * 1024;
}

static void figures_take(struct vmm *vmm)
{
	struct vmm_host *facts = &vmm->host.facts;
	struct statvfs status;

	facts->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	facts->memory = memory_figure("MemTotal");
	facts->memory_available = memory_figure("MemAvailable");
	if (statvfs(vmm->options.guests, &status) == 0) {
		facts->disk = (uint64_t)status.f_blocks * status.f_frsize;
		facts->disk_free = (uint64_t)status.f_bavail * status.f_frsize;
	}
}

/* Half an answer would be taken for a whole one: nothing is told before KVM was tried. */
void host_report(struct vmm *vmm)
{
	if (vmm->host.probing || !channel_is_open(&vmm->cloud))
		return;
	figures_take(vmm);
	channel_send_struct(&vmm->cloud, VMM_HOST, 0, vmm_host_fields, &vmm->host.facts, -1);
}

/* ---- KVM ---- */

static struct {
	struct kvm_probe probe;
	struct vmm *vmm;
} tried;

static void accelerator_path(const struct vmm *vmm, char *path)
{
	path_format(path, "%s/accelerator", vmm->options.run);
}

static void accelerator_set(struct vmm *vmm, bool kvm)
{
	struct vmm_host *facts = &vmm->host.facts;

	vmm->host.kvm = kvm;
	vmm->host.probing = false;
	snprintf(facts->accelerator, sizeof(facts->accelerator), "%s", kvm ? "kvm" : "tcg");
	log_info("host", "host found", "accelerator=%s reflink=%d direct=%d io_uring=%d",
		 facts->accelerator, facts->reflink, vmm->host.direct, vmm->host.io_uring);
}

static void on_tried(struct kvm_probe *probe, bool works)
{
	struct vmm *vmm = tried.vmm;
	char path[VMM_PATH_SIZE];
	FILE *file;

	(void)probe;
	accelerator_set(vmm, works);
	accelerator_path(vmm, path);
	file = fopen(path, "we");
	if (file != NULL) {
		fprintf(file, "%s\n", vmm->host.facts.accelerator);
		fclose(file);
	}
	host_report(vmm);
	guests_reconcile(vmm);
}

static bool accelerator_known(struct vmm *vmm)
{
	char path[VMM_PATH_SIZE], name[8] = "";
	FILE *file;

	accelerator_path(vmm, path);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fscanf(file, "%7s", name) == 1)
		accelerator_set(vmm, strcmp(name, "kvm") == 0);
	fclose(file);
	return name[0] != '\0';
}

static void accelerator_find(struct vmm *vmm)
{
	if (accelerator_known(vmm))
		return;
	tried.vmm = vmm;
	vmm->host.probing = true;
	if (access("/dev/kvm", R_OK | W_OK) < 0 ||
	    kvm_probe_start(&tried.probe, vmm->loop, on_tried) < 0)
		accelerator_set(vmm, false);
}

/* ---- all of it ---- */

void host_detect(struct vmm *vmm)
{
	struct vmm_host *facts = &vmm->host.facts;
	struct utsname name;

	vmm->host.direct = direct_works(vmm->options.guests);
	vmm->host.io_uring = io_uring_works();
	facts->reflink = reflink_works(vmm->options.guests);
	uname(&name);
	snprintf(facts->arch, sizeof(facts->arch), "%.15s", name.machine);
	proc_value("/proc/cpuinfo", "model name", facts->cpu_model, sizeof(facts->cpu_model));
	figures_take(vmm);
	accelerator_find(vmm);
}

/* ---- QEMU's version ---- */

static struct {
	struct job job;
	struct vmm *vmm;
} asked;

/* "QEMU emulator version 10.0.13 (Debian ...)\nCopyright ..." */
static void on_version(struct job *job, int status)
{
	struct vmm_host *facts = &asked.vmm->host.facts;

	if (status != 0 ||
	    sscanf(job->text, "QEMU emulator version %31s", facts->qemu_version) != 1)
		log_error("host", "qemu does not run", "status=%d output=%s", status,
			  log_quote(job_last_line(job)));
	host_report(asked.vmm);
}

void host_version_ask(struct vmm *vmm)
{
	const struct vmm_options *options = &vmm->options;
	struct sandbox_bind binds[1 + VMM_LIBRARIES_MAX] = { { .path = options->qemu, .fd = -1 } };
	char root[VMM_PATH_SIZE];
	struct sandbox sandbox = {
		.root = root,
		.uid = UID_CONVERT,
		.binds = binds,
		.bind_count = 1,
		.cpu_seconds = 10,
	};
	char *argv[] = { (char *)(uintptr_t)options->qemu, "-version", NULL };

	path_format(root, "%s/root", options->run);
	for (size_t i = 0; i < options->library_count; i++)
		binds[sandbox.bind_count++] =
			(struct sandbox_bind){ .path = options->libraries[i], .fd = -1 };
	asked.vmm = vmm;
	if (job_start(&asked.job, vmm->loop, &sandbox, argv, on_version) < 0)
		log_error("host", "qemu could not be asked", "reason=%s",
			  log_quote(asked.job.text));
}

void host_close(void)
{
	kvm_probe_stop(&tried.probe);
	if (asked.job.pid > 0)
		job_stop(&asked.job);
}
