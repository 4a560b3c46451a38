/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of servers that are gone, so that usage counts them and their actions can
 * still be asked for: the actions, and one small record with a server's own member names,
 *	/compute/ended/<project>/<when it ended>/<server id>
 * written by the transaction that removes the server, which also drops the project's oldest ones
 * beyond ENDED_MAX. Nothing runs in between.
 */
#ifndef CUMULET_COMPUTE_USAGE_H
#define CUMULET_COMPUTE_USAGE_H

#include "firmware/cloud/compute/internal.h"

#define KEY_ENDED "/compute/ended/"
#define ENDED_MAX 2048 /* of one project: about 0.6 MiB */

/* A server that never ran leaves nothing. */
int usage_end(struct store_view *view, struct arena *arena, struct store_txn *txn,
	      yyjson_val *record);

/* The record of a server that is gone; NULL: there is none. */
int usage_find(struct request *request, const char *server_id, yyjson_val **record,
	       struct error *error);

/* Microseconds since the epoch, of UTC. */
int64_t moment_now(void);
/* "2026-11-22T10:00:00", with a fraction or not, with a blank for the T only with one; -EINVAL. */
int moment_read(const char *text, int64_t *moment);
const char *moment_write(struct arena *arena, int64_t moment); /* as records have it */

#endif
