/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest is made of beyond its size: extra specs of its flavor and properties of its image, as
 * Nova's documentation names them ("Extra Specs", "Useful image properties"). Which ones count, and
 * which of both wins, is the table in hardware.c.
 */
#ifndef CUMULET_COMPUTE_HARDWARE_H
#define CUMULET_COMPUTE_HARDWARE_H

#include "firmware/cloud/json.h"
#include "firmware/lib/error.h"
#include "hypervisor/message.h"

struct hardware {
	struct guest_hardware guest;
	char machine[16], firmware[16]; /* "": the host's own kind */
	char disk_bus[16], nic_model[16];
};

/*
 * 'flavor' is a flavor's record (or what a server keeps of it), 'properties' an image's record (or what a
 * server keeps of that); both may be NULL. -EINVAL in Nova's words for values that are none and for
 * pairs that contradict each other; what is well-formed and not there on this machine is for vmm to
 * refuse.
 */
int hardware_read(yyjson_val *flavor, yyjson_val *properties, struct hardware *hardware,
		  struct error *error);
/* The properties of an image that count, for the record of a server that is made of it. */
yyjson_mut_val *hardware_kept(yyjson_mut_doc *doc, yyjson_val *image);

/* hardware_topology.c: sockets, cores and threads, their product being the flavor's processors. */
int hardware_topology(yyjson_val *flavor, yyjson_val *properties, struct guest_hardware *guest,
		      struct error *error);
/* A string member as a number, 0 when it is not there. -EINVAL when it is none. */
int hardware_number(yyjson_val *object, const char *name, uint64_t *number, struct error *error);

#endif
