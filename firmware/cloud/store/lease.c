/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Leases. The list is in memory; what is on disk is which keys hang on a lease, and its ttl, so
 * that after a restart it starts anew. The writer revokes what has expired as a transaction of
 * its own; if that fails (a full disk), it tries again a little later.
 */
#include <string.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/uuid.h"

#define RETRY_MS 1000

struct lease *lease_find(struct store *store, uint64_t id)
{
	struct lease *lease = store->lease_list;

	while (lease && lease->id != id)
		lease = lease->next;
	return lease;
}

static int lease_add(struct store *store, uint64_t id, uint64_t ttl)
{
	struct lease *lease = calloc(1, sizeof(*lease));

	if (!lease)
		return -ENOMEM;
	*lease = (struct lease){
		.id = id,
		.ttl = ttl,
		.deadline = engine_now() + ttl,
		.next = store->lease_list,
	};
	store->lease_list = lease;
	return 0;
}

static void lease_remove(struct store *store, uint64_t id)
{
	struct lease **link = &store->lease_list, *lease;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	lease = *link;
	if (!lease)
		return;
	*link = lease->next;
	free(lease);
}

void lease_free_all(struct store *store)
{
	while (store->lease_list)
		lease_remove(store, store->lease_list->id);
}

/* One entry of the leases database. */
static int lease_restore(struct store *store, const MDB_val *key, const MDB_val *data)
{
	const unsigned char *bytes = key->mv_data;
	uint64_t id = 0, ttl;

	if (key->mv_size <= 8 || data->mv_size != sizeof(ttl))
		return MDB_CORRUPTED;
	for (int i = 0; i < 8; i++)
		id = id << 8 | bytes[i];
	memcpy(&ttl, data->mv_data, sizeof(ttl));
	if (lease_find(store, id))
		return 0;
	return lease_add(store, id, ttl) ? ENOMEM : 0;
}

int lease_load(struct store *store, MDB_txn *txn, struct error *error)
{
	MDB_cursor *cursor;
	MDB_val key, data;
	int code = mdb_cursor_open(txn, store->leases, &cursor);

	if (code)
		return engine_error(code, error, "reading the leases");
	while (!(code = mdb_cursor_get(cursor, &key, &data, MDB_NEXT))) {
		code = lease_restore(store, &key, &data);
		if (code)
			break;
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? 0 : engine_error(code, error, "reading the leases");
}

/* With the lock, in the writer, when a revocation has been tried. */
static void revocation_settle(struct store *store, struct pending *pending)
{
	uint64_t id = pending->txn->first->lease;
	struct lease *lease = lease_find(store, id);

	if (!pending->result) {
		lease_remove(store, id);
	} else if (lease) {
		lease->revoking = false;
		lease->deadline = engine_now() + RETRY_MS;
	}
	arena_free(&pending->arena);
	free(pending);
}

static struct store_txn *revocation_txn(struct arena *arena, uint64_t id)
{
	struct store_txn *txn = store_txn_new(arena);
	struct op *op = txn_add(txn, OP_REVOKE, "");

	if (!op)
		return NULL;
	op->lease = id;
	return txn;
}

static void lease_revoke_later(struct store *store, struct lease *lease)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	struct store_txn *txn = pending ? revocation_txn(&pending->arena, lease->id) : NULL;

	if (!txn) {
		if (pending)
			arena_free(&pending->arena);
		free(pending);
		lease->deadline = engine_now() + RETRY_MS;
		return;
	}
	pending->txn = txn;
	pending->settle = revocation_settle;
	change_list_init(&pending->changes);
	lease->revoking = true;
	writer_queue(store, pending);
}

uint64_t lease_expire(struct store *store, uint64_t now)
{
	uint64_t delay = UINT64_MAX;

	for (struct lease *lease = store->lease_list; lease; lease = lease->next) {
		if (lease->revoking)
			continue;
		if (lease->deadline <= now)
			lease_revoke_later(store, lease);
		else if (lease->deadline - now < delay)
			delay = lease->deadline - now;
	}
	return delay;
}

int store_lease_grant(struct store *store, uint64_t ttl_ms, uint64_t *lease, struct error *error)
{
	int result;

	if (!ttl_ms)
		return error_set(error, -EINVAL, "a lease lasts at least a millisecond");
	do
		random_bytes(lease, sizeof(*lease));
	while (!*lease);
	pthread_mutex_lock(&store->lock);
	result = lease_add(store, *lease, ttl_ms);
	pthread_cond_signal(&store->queued); /* the writer's next deadline may have changed */
	pthread_mutex_unlock(&store->lock);
	return result ? error_set(error, result, "out of memory") : 0;
}

int store_lease_renew(struct store *store, uint64_t id)
{
	struct lease *lease;
	int result = -ENOENT;

	pthread_mutex_lock(&store->lock);
	lease = lease_find(store, id);
	if (lease && !lease->revoking) {
		lease->deadline = engine_now() + lease->ttl;
		result = 0;
	}
	pthread_mutex_unlock(&store->lock);
	return result;
}

/* Nothing can be attached from here on; true if this call is the one that revokes. */
static bool lease_begin_revoking(struct store *store, uint64_t id)
{
	struct lease *lease;
	bool mine;

	pthread_mutex_lock(&store->lock);
	lease = lease_find(store, id);
	mine = lease && !lease->revoking;
	if (mine)
		lease->revoking = true;
	pthread_mutex_unlock(&store->lock);
	return mine;
}

static void lease_end_revoking(struct store *store, uint64_t id, int result)
{
	struct lease *lease;

	pthread_mutex_lock(&store->lock);
	lease = lease_find(store, id);
	if (!result)
		lease_remove(store, id);
	else if (lease)
		lease->revoking = false;
	pthread_mutex_unlock(&store->lock);
}

int store_lease_revoke(struct store *store, uint64_t id)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn;
	int result;

	if (!lease_begin_revoking(store, id))
		return -ENOENT;
	txn = revocation_txn(&arena, id);
	result = txn ? store_commit(store, txn, NULL, NULL) : -ENOMEM;
	lease_end_revoking(store, id, result);
	return result;
}
