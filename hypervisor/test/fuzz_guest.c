/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whatever cloud desires: a command line, or a refusal with a reason. No text of a guest becomes an
 * option of QEMU's, nor a further member of one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/test/fuzz_fill.h"
#include "hypervisor/guest_list.h"
#include "hypervisor/qemu_argv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Members of an option, where a doubled comma is a letter. */
static size_t members_count(const char *option)
{
	size_t count = 1;

	for (; *option != '\0'; option++) {
		if (option[0] == ',' && option[1] == ',')
			option++;
		else if (option[0] == ',')
			count++;
	}
	return count;
}

/* Most members of the options whose values are a guest's own. */
static const struct {
	const char *option;
	size_t members;
} bounds[] = { { "-name", 1 }, { "-action", 3 }, { "-device", 8 } };

static bool argument_is_good(const char *option, const char *argument)
{
	for (const char *at = argument; *at != '\0'; at++)
		if ((unsigned char)*at < 0x20 || *at == 0x7f)
			return false;
	for (size_t i = 0; i < ARRAY_LENGTH(bounds); i++)
		if (strcmp(option, bounds[i].option) == 0 &&
		    members_count(argument) > bounds[i].members)
			return false;
	return true;
}

static void line_check(char **argv)
{
	for (size_t i = 1; argv[i] != NULL; i++)
		if (!argument_is_good(argv[i - 1], argv[i])) {
			fprintf(stderr, "%s %s\n", argv[i - 1], argv[i]);
			abort();
		}
}

static void plan_fill(struct qemu_plan *plan, const struct guest *guest)
{
	const struct guest_disk *disks = guest->disks.items;
	const struct guest_nic *nics = guest->nics.items;

	for (size_t i = 0; i < guest->disks.count; i++)
		plan->disks[plan->disk_count++] = (struct qemu_disk){
			.fd = 20,
			.backing_fd = i & 1 ? 21 : -1,
			.bus = disks[i].bus,
			.serial = disks[i].id,
			.boot_index = disks[i].boot_index,
			.attached = disks[i].attached,
			.slot = (unsigned)i,
		};
	for (size_t i = 0; i < guest->nics.count; i++) {
		struct qemu_nic *nic = &plan->nics[plan->nic_count++];

		*nic = (struct qemu_nic){ .tap_fd = 30,
					  .vhost_fd = i & 1 ? 31 : -1,
					  .mtu = nics[i].mtu,
					  .model = nics[i].model,
					  .port_id = nics[i].port_id,
					  .slot = (unsigned)i + 8 };
		memcpy(nic->mac, nics[i].mac, sizeof(nic->mac));
	}
}

/* Through a message, as it comes: what the tables bound is bounded here, too. */
static bool guest_read(struct fuzz_input *input, struct arena *arena, struct guest *guest)
{
	struct guest filled = { 0 };
	struct message message = { 0 };

	fuzz_fill(input, arena, guest_fields, &filled);
	return message_encode(arena, &message, guest_fields, &filled) == 0 &&
	       message_decode(arena, &message, guest_fields, guest, NULL) == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct fuzz_input input = { data, data + size };
	struct guest guest = { 0 };
	struct qemu_plan plan = { .guest = &guest,
				  .binary = "qemu",
				  .share = "/share",
				  .qmp_fd = 3,
				  .serial_fd = 4,
				  .log_fd = 5,
				  .agent_fd = -1,
				  .memory_fd = -1,
				  .code_fd = -1,
				  .nvram_fd = -1 };
	unsigned kind = fuzz_byte(&input);
	struct error error = { 0 };
	char **argv;

	plan.arch = kind & 1 ? "aarch64" : "x86_64";
	plan.agent_fd = kind & 2 ? 6 : -1;
	plan.code_fd = plan.nvram_fd = kind & 4 ? 7 : -1;
	if (!guest_read(&input, &arena, &guest) || guest_desired_check(&guest, &error) < 0)
		return 0;
	plan_fill(&plan, &guest);
	if (qemu_argv(&arena, &plan, &argv, &error) == 0)
		line_check(argv);
	else if (error.message[0] == '\0')
		abort();
	return 0;
}
