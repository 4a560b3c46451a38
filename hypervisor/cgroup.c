/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/vmm.h"

#define PROCESSES_MAX 1024 /* threads of one QEMU */
#define OVERHEAD_MIB 256   /* QEMU itself, translation buffer, copies of its disk */
#define CPU_WEIGHT 100     /* for each virtual processor */
#define CPU_WEIGHT_MAX 10000
#define CPU_PERIOD 100000 /* us, the kernel's default */
#define MIB (1024 * 1024ull)

static char root[64] = "/sys/fs/cgroup", guests[80] = "/sys/fs/cgroup/guests";
static int prepared = -1;

void cgroup_root_set(const char *directory)
{
	snprintf(root, sizeof(root), "%s", directory);
	snprintf(guests, sizeof(guests), "%s/guests", root);
	prepared = -1;
}

/* The kernel makes a group's files; elsewhere they are made here. */
static int file_write(const char *directory, const char *file, const char *text)
{
	char path[VMM_PATH_SIZE];
	CLEANUP_FD int fd = -1;

	path_format(path, "%s/%s", directory, file);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		return -errno;
	return 0;
}

static void text_write(const char *path, const char *file, const char *text)
{
	int result = file_write(path, file, text);

	if (result < 0)
		log_debug("cgroup", "limit not set", "file=%s errno=%d", file, -result);
}

static void limit_write(const char *path, const char *file, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	text_write(path, file, text);
}

/* All guests together: what they take beyond it, they take from each other. */
static void guests_limit(void)
{
	struct sysinfo info;
	uint64_t memory;

	if (sysinfo(&info) < 0)
		return;
	memory = (uint64_t)info.totalram * info.mem_unit;
	if (memory > 2 * HOST_RESERVED_MIB * MIB)
		limit_write(guests, "memory.max", memory - HOST_RESERVED_MIB * MIB);
}

/* Once: the parent group, with what controllers there are handed down. */
static bool groups_prepare(void)
{
	static const char *const controllers[] = { "+cpu", "+memory", "+pids", "+io" };
	char path[VMM_PATH_SIZE];
	int given = 0;

	if (prepared >= 0)
		return prepared;
	prepared = 0;
	path_format(path, "%s/cgroup.controllers", root);
	if (access(path, R_OK) == 0 && (mkdir(guests, 0755) == 0 || errno == EEXIST)) {
		for (size_t i = 0; i < ARRAY_LENGTH(controllers); i++) {
			file_write(root, "cgroup.subtree_control", controllers[i]);
			given += file_write(guests, "cgroup.subtree_control", controllers[i]) == 0;
		}
		prepared = given > 0;
	}
	if (prepared)
		guests_limit();
	else
		log_info("cgroup", "guests run without resource groups", "root=%s", root);
	return prepared;
}

static void processors_limit(const struct guest *guest, const char *path)
{
	const struct guest_hardware *hardware = &guest->hardware;
	uint64_t weight = hardware->cpu_weight;
	char text[48] = "max";

	if (weight == 0)
		weight = (uint64_t)guest->vcpus * CPU_WEIGHT;
	limit_write(path, "cpu.weight", weight < CPU_WEIGHT_MAX ? weight : CPU_WEIGHT_MAX);
	if (hardware->cpu_quota != 0)
		snprintf(text, sizeof(text), "%llu %u",
			 (unsigned long long)hardware->cpu_quota * guest->vcpus,
			 hardware->cpu_period != 0 ? hardware->cpu_period : CPU_PERIOD);
	text_write(path, "cpu.max", text);
}

bool cgroup_make(const struct guest *guest, char *path)
{
	if (!groups_prepare())
		return false;
	path_format(path, "%s/%s", guests, guest->id);
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return false;
	limit_write(path, "memory.max", ((uint64_t)guest->memory_mib + OVERHEAD_MIB) * MIB);
	limit_write(path, "pids.max", PROCESSES_MAX);
	processors_limit(guest, path);
	return true;
}

void cgroup_remove(const char *guest_id)
{
	char path[VMM_PATH_SIZE];

	path_format(path, "%s/%s", guests, guest_id);
	rmdir(path);
}
