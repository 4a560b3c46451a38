/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/guest_kind.h"

#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/internal.h"

void guest_machine_set(struct guest *guest, const struct hardware *hardware)
{
	const char *machine = hardware->machine, *firmware = hardware->firmware;
	struct vmm_host host = { 0 };
	bool arm = admission_host_get(&host) && !strcmp(host.arch, "aarch64");

	if (!*machine || !strncmp(machine, "pc", 2))
		machine = arm ? "virt" : "q35";
	if (!*firmware)
		firmware = arm ? "uefi" : "bios";
	snprintf(guest->machine, sizeof(guest->machine), "%s", machine);
	snprintf(guest->firmware, sizeof(guest->firmware), "%s", firmware);
	guest->hardware = hardware->guest;
}

/* Until the host has said what it can do, the dearer kind counts. */
static const char *accelerator_of(const struct vmm_host *host)
{
	return !strcmp(host->accelerator, "kvm") ? "kvm" : "tcg";
}

const char *guest_kind(struct arena *arena, yyjson_val *flavor, yyjson_val *properties)
{
	struct guest guest = { 0 };
	struct vmm_host host = { 0 };
	struct hardware hardware;

	if (hardware_read(flavor, properties, &hardware, NULL) < 0)
		return NULL;
	guest_machine_set(&guest, &hardware);
	admission_host_get(&host);
	return arena_printf(arena, "%s:%s:%s:%lld%s%s", accelerator_of(&host), guest.machine,
			    guest.firmware, (long long)json_integer(flavor, "vcpus", 1),
			    guest.hardware.secure_boot ? ":secure" : "",
			    guest.hardware.no_screen ? ":blind" : "");
}
