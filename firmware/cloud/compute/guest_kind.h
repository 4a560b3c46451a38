/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which machine a guest is, and what kind of hardware that makes: guests of one kind cost alike. */
#ifndef CUMULET_COMPUTE_GUEST_KIND_H
#define CUMULET_COMPUTE_GUEST_KIND_H

#include "firmware/cloud/compute/hardware.h"
#include "firmware/lib/arena.h"

/* An image or a flavor may name a machine; otherwise the host's kind decides. */
void guest_machine_set(struct guest *guest, const struct hardware *hardware);

/* "tcg:q35:bios:1": accelerator, machine, firmware, processors, and what else counts. Of a flavor's
 * record and an image's properties, as hardware_read() takes them; NULL for what it refuses. */
const char *guest_kind(struct arena *arena, yyjson_val *flavor, yyjson_val *properties);

#endif
