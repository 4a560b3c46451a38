/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hypervisor/overhead.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "hypervisor/guest.h"

#define INTERVAL_MAX_MS 3600000ull
#define KIB 1024

/* One mapping, its figures in KiB. */
struct mapping {
	unsigned long long size, anonymous, swapped;
};

struct adding {
	uint64_t ram;
	bool ram_found; /* a second mapping of that size is something else */
	struct mapping mapping;
	uint64_t total;
};

static void mapping_add(struct adding *adding)
{
	const struct mapping *mapping = &adding->mapping;

	if (!adding->ram_found && mapping->size != 0 && mapping->size * KIB == adding->ram)
		adding->ram_found = true;
	else
		adding->total += (mapping->anonymous + mapping->swapped) * KIB;
	adding->mapping = (struct mapping){ 0 };
}

/* "7f0000000000-7f0000021000 rw-p ..." begins one; its figures follow as "Name:  number kB". */
static bool begins_mapping(const char *line)
{
	size_t digits = strspn(line, "0123456789abcdef");

	return digits > 0 && line[digits] == '-';
}

static void line_take(struct adding *adding, const char *line)
{
	struct mapping *mapping = &adding->mapping;

	if (begins_mapping(line))
		mapping_add(adding);
	else if (sscanf(line, "Size: %llu kB", &mapping->size) != 1 &&
		 sscanf(line, "Anonymous: %llu kB", &mapping->anonymous) != 1)
		sscanf(line, "Swap: %llu kB", &mapping->swapped);
}

uint64_t overhead_parse(FILE *smaps, uint64_t ram)
{
	struct adding adding = { .ram = ram };
	char line[512];

	while (fgets(line, sizeof(line), smaps) != NULL)
		line_take(&adding, line);
	mapping_add(&adding);
	return adding.total;
}

uint64_t overhead_read(pid_t pid, uint64_t ram)
{
	char path[64];
	uint64_t bytes;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return 0;
	bytes = overhead_parse(file, ram);
	fclose(file);
	return bytes;
}

static void on_weigh(struct loop_timer *timer)
{
	struct guest_instance *guest = container_of(timer, struct guest_instance, weigh);
	uint64_t bytes = overhead_read(guest->record.pid, (uint64_t)guest->record.memory_mib << 20);

	if (bytes > guest->overhead)
		guest->overhead = bytes;
	guest_report(guest);
	if (guest->weigh_ms < INTERVAL_MAX_MS)
		guest->weigh_ms *= 2;
	loop_timer_start(guest->vmm->loop, timer, guest->weigh_ms, on_weigh);
}

void overhead_watch(struct guest_instance *guest)
{
	guest->overhead = 0;
	guest->weigh_ms = 1000 * (uint64_t)guest->vmm->options.weigh_seconds;
	loop_timer_stop(&guest->weigh);
	loop_timer_start(guest->vmm->loop, &guest->weigh, guest->weigh_ms, on_weigh);
}

void overhead_stop(struct guest_instance *guest)
{
	loop_timer_stop(&guest->weigh);
}
