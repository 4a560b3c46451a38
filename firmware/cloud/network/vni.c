/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/vni.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VNI_PREFIX "/network/vni/"

static void vni_key(int64_t vni, char key[static STORE_KEY_MAX])
{
	snprintf(key, STORE_KEY_MAX, VNI_PREFIX "%08" PRId64, vni);
}

struct gap {
	struct change *change;
	int64_t next;
};

/* Over those that this transaction takes. */
static void skip_own(struct gap *gap)
{
	char key[STORE_KEY_MAX];

	for (vni_key(gap->next, key); store_txn_has(gap->change->txn, key); vni_key(gap->next, key))
		gap->next++;
}

/* Keys come in ascending order: the first one that is not the expected number leaves a gap. */
static int find_gap(const struct store_record *record, void *context)
{
	struct gap *gap = context;
	int64_t taken = strtoll(record->key + strlen(VNI_PREFIX), NULL, 10);

	skip_own(gap);
	if (taken > gap->next)
		return 1;
	gap->next += taken == gap->next;
	return 0;
}

static int64_t lowest_free(struct change *change)
{
	struct gap gap = { .change = change, .next = VNI_FIRST };

	store_range(change->view, change->request->arena, VNI_PREFIX, NULL, 0, find_gap, &gap,
		    NULL);
	skip_own(&gap);
	return gap.next;
}

int vni_none_left(struct error *error)
{
	return error_fault(error, -ENOSPC, 503, "NoNetworkAvailable",
			   "Unable to create the network. No available network found in "
			   "maximum allowed attempts.");
}

int vni_take(struct change *change, const char *network_id, int64_t *vni, struct error *error)
{
	char key[STORE_KEY_MAX];
	struct store_record record;

	if (!*vni)
		*vni = lowest_free(change);
	if (*vni > VNI_LAST)
		return vni_none_left(error);
	vni_key(*vni, key);
	if (store_txn_has(change->txn, key) ||
	    !store_get(change->view, change->request->arena, key, &record, NULL))
		return error_fault(
			error, -EEXIST, 409, "TunnelIdInUse",
			"Unable to create the network. The tunnel ID %" PRId64 " is in use.", *vni);
	store_txn_compare(change->txn, key, 0);
	store_txn_put(change->txn, key,
		      arena_printf(change->request->arena, "{\"network_id\":\"%s\"}", network_id));
	return 0;
}

void vni_release(struct change *change, int64_t vni)
{
	char key[STORE_KEY_MAX];

	if (!vni)
		return;
	vni_key(vni, key);
	store_txn_delete(change->txn, key);
}
