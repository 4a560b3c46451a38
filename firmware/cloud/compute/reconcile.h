/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Making vmm's guests match the records, and the records tell what vmm found.
 *
 *	record changes, link up -> guest_desired() -> VMM_GUEST_SET or VMM_GUEST_DELETE
 *	VMM_GUEST_STATE -> guest_found() -> one transaction, if anything is different
 *
 * Both functions only look at a record and a message, so that tests need neither loop nor link.
 */
#ifndef CUMULET_COMPUTE_RECONCILE_H
#define CUMULET_COMPUTE_RECONCILE_H

#include "firmware/cloud/compute/internal.h"
#include "hypervisor/message.h"

/* True when vmm should have no guest for this record: it is being deleted, or was never built. */
bool guest_absent(yyjson_val *record);

/* The guest as vmm is to have it; lists and the config drive in the arena. */
int guest_desired(struct store_view *view, struct arena *arena, yyjson_val *record,
		  struct guest *guest, struct error *error);

/*
 * Adds to the transaction what follows from a report about the record's guest. Returns 1 when
 * there is something to commit, 0 when the report changes nothing.
 */
int guest_found(struct store_view *view, struct arena *arena, struct store_txn *txn,
		yyjson_val *record, uint64_t revision, const struct guest_status *status,
		struct error *error);

/* overhead.c: what the report says that a guest costs, remembered for all of its kind. */
void overhead_learn(struct cloud *cloud, const struct guest_status *status);

/* resize_window.c: confirms what nobody confirms, if the box was told to. */
int resize_window_start(struct cloud *cloud);

#endif
