/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Images of servers. A request reserves the image and notes it in the record:
 *   _snapshot {image, kind "snapshot" | "backup" | "shelve", backup_type, rotation}
 * From then on it is the reconciler's: whenever a record has one and its task is to copy the disk,
 * a thread asks vmm for the copy (which the box's end or vmm's may cut short: it begins anew),
 * completes the image and ends the task.
 */
#ifndef CUMULET_COMPUTE_SNAPSHOT_H
#define CUMULET_COMPUTE_SNAPSHOT_H

#include "firmware/cloud/compute/internal.h"

/* What is to be made of a server's disk. */
struct snapshot_order {
	const char *kind, *name;
	yyjson_val *metadata;    /* becomes properties; may be NULL */
	const char *backup_type; /* of a backup */
	int64_t rotation;
};
/* Reserves the image and notes it, in the edit's transaction. */
int snapshot_begin(struct server_edit *edit, const struct snapshot_order *order,
		   const char **image_id, struct error *error);

/* snapshot_copy.c: starts the copy that the record asks for, if none is under way. The loop's
 * thread; the link to vmm is up. */
void snapshot_look(struct cloud *cloud, yyjson_val *record);

#endif
