/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The writer: takes all transactions that wait, applies each in a nested transaction of its own,
 * and commits them together. What arrives during a commit makes the next batch.
 *
 * When the batch as a whole can't be committed, it is tried again after the map has grown; if
 * that does not help either, each of its transactions is tried alone, so that the one that is
 * too large fails alone.
 */
#include <string.h>
#include <time.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/log.h"

static void pending_append(struct pending_list *list, struct pending *pending)
{
	if (!list->first)
		list->tail = &list->first;
	pending->next = NULL;
	*list->tail = pending;
	list->tail = &pending->next;
}

void writer_queue(struct store *store, struct pending *pending)
{
	pending_append(&store->queue, pending);
	pthread_cond_signal(&store->queued);
}

static void pending_reset(struct pending *pending)
{
	change_list_free(&pending->changes);
	pending->result = 0;
	pending->revision = 0;
}

static int pending_apply(struct store *store, MDB_txn *parent, struct pending *pending,
			 uint64_t revision)
{
	MDB_txn *txn;
	int result = engine_error(mdb_txn_begin(store->env, parent, 0, &txn), &pending->error,
				  "writing the store");

	if (result)
		return result;
	result = txn_apply(store, txn, pending->txn, revision, &pending->changes, &pending->error);
	if (result) {
		mdb_txn_abort(txn);
		return result;
	}
	return engine_error(mdb_txn_commit(txn), &pending->error, "writing the store");
}

/* Applies all; returns MAP_IS_FULL when one of them met the end of the map. */
static int batch_apply(struct store *store, MDB_txn *parent, struct pending *batch,
		       uint64_t *revision)
{
	int result = 0;

	for (struct pending *pending = batch; pending; pending = pending->next) {
		pending_reset(pending);
		pending->result = pending_apply(store, parent, pending, *revision + 1);
		if (pending->result == MAP_IS_FULL)
			result = MAP_IS_FULL;
		if (pending->result) {
			change_list_free(&pending->changes);
			continue;
		}
		if (pending->changes.first)
			++*revision;
		pending->revision = *revision;
	}
	return result;
}

/* Publishes what is durable now. */
static void batch_publish(struct store *store, struct pending *batch, uint64_t revision)
{
	pthread_mutex_lock(&store->lock);
	store->revision = revision;
	views_expire(store);
	for (struct pending *pending = batch; pending; pending = pending->next)
		history_append(store, &pending->changes);
	delivery_post(store);
	pthread_mutex_unlock(&store->lock);
}

static int batch_commit_txn(struct store *store, MDB_txn *parent, struct pending *batch,
			    uint64_t revision, struct error *error)
{
	int result = engine_error(meta_put(store, parent, "revision", revision), error,
				  "writing the store");

	if (result) {
		mdb_txn_abort(parent);
		return result;
	}
	result = engine_commit_error(store, mdb_txn_commit(parent), error);
	if (!result)
		batch_publish(store, batch, revision);
	return result;
}

/* One try. 'partial': commit what succeeded even if the map was full for others. */
static int batch_try(struct store *store, struct pending *batch, bool partial, struct error *error)
{
	uint64_t revision = store->revision;
	MDB_txn *parent;
	int result = engine_error(mdb_txn_begin(store->env, NULL, 0, &parent), error,
				  "writing the store");

	if (result)
		return result;
	result = batch_apply(store, parent, batch, &revision);
	if ((result && !partial) || revision == store->revision) {
		mdb_txn_abort(parent);
		return partial ? 0 : result;
	}
	return batch_commit_txn(store, parent, batch, revision, error);
}

static void pending_fail(struct pending *pending, int result, const struct error *error)
{
	change_list_free(&pending->changes);
	if (pending->result)
		return;
	pending->result = result;
	pending->error = *error;
}

static void batch_alone(struct store *store, struct pending *batch)
{
	struct error error = { 0 };

	for (struct pending *pending = batch, *next; pending; pending = next) {
		int result;

		next = pending->next;
		pending->next = NULL;
		result = batch_try(store, pending, true, &error);
		if (result)
			pending_fail(pending, result, &error);
		pending->next = next;
	}
}

static void batch_commit(struct store *store, struct pending *batch)
{
	struct error error = { 0 };
	int result;

	engine_grow_early(store);
	do
		result = batch_try(store, batch, false, &error);
	while (result == MAP_IS_FULL && !engine_grow(store));
	if (!result)
		return;
	log_warning("store", "commit failed", "result=%d reason=%s", result,
		    log_quote(error.message));
	batch_alone(store, batch);
}

static void batch_finish(struct store *store, struct pending *batch)
{
	pthread_mutex_lock(&store->lock);
	for (struct pending *pending = batch, *next; pending; pending = next) {
		next = pending->next;
		if (pending->result == MAP_IS_FULL)
			pending->result = -ENOSPC;
		if (pending->settle)
			pending->settle(store, pending);
		else
			pending->finished = true;
	}
	pthread_cond_broadcast(&store->finished);
	pthread_mutex_unlock(&store->lock);
}

/* With the lock: until there is work, or a lease may have expired. */
static void writer_wait(struct store *store, uint64_t delay_ms)
{
	struct timespec until;

	if (delay_ms == UINT64_MAX) {
		pthread_cond_wait(&store->queued, &store->lock);
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += (time_t)(delay_ms / 1000);
	until.tv_nsec += (long)(delay_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_cond_timedwait(&store->queued, &store->lock, &until);
}

/* The next batch; NULL when the store is closed and nothing is left to do. */
static struct pending *writer_take(struct store *store)
{
	struct pending *batch;
	uint64_t delay;

	pthread_mutex_lock(&store->lock);
	for (;;) {
		delay = store->stopping ? UINT64_MAX : lease_expire(store, engine_now());
		if (store->queue.first || store->stopping)
			break;
		writer_wait(store, delay);
	}
	batch = store->queue.first;
	store->queue.first = NULL;
	pthread_mutex_unlock(&store->lock);
	return batch;
}

static void *writer_main(void *argument)
{
	struct store *store = argument;
	struct pending *batch;

	while ((batch = writer_take(store))) {
		batch_commit(store, batch);
		batch_finish(store, batch);
	}
	return NULL;
}

int writer_start(struct store *store, struct error *error)
{
	int code = pthread_create(&store->writer, NULL, writer_main, store);

	if (code)
		return error_set(error, -code, "starting the store's writer: %s", strerror(code));
	store->writer_runs = true;
	return 0;
}

void writer_stop(struct store *store)
{
	if (!store->writer_runs)
		return;
	pthread_mutex_lock(&store->lock);
	store->stopping = true;
	pthread_cond_signal(&store->queued);
	pthread_mutex_unlock(&store->lock);
	pthread_join(store->writer, NULL);
	store->writer_runs = false;
}

int store_commit(struct store *store, struct store_txn *txn, uint64_t *revision,
		 struct error *error)
{
	struct pending pending = { .txn = txn };
	int result = txn_prepare(store, txn, error);

	if (result)
		return result;
	change_list_init(&pending.changes);
	pthread_mutex_lock(&store->lock);
	writer_queue(store, &pending);
	while (!pending.finished)
		pthread_cond_wait(&store->finished, &store->lock);
	pthread_mutex_unlock(&store->lock);
	if (pending.result && error)
		*error = pending.error;
	if (!pending.result && revision)
		*revision = pending.revision;
	return pending.result;
}

/* With the lock, in the writer: the loop calls the caller back. */
static void async_settle(struct store *store, struct pending *pending)
{
	pending_append(&store->completions, pending);
	delivery_post(store);
}

int store_commit_async(struct store *store, struct store_txn *txn,
		       void (*done)(int result, uint64_t revision, const struct error *error,
				    void *context),
		       void *context)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	int result;

	if (!pending)
		return -ENOMEM;
	pending->settle = async_settle;
	pending->done = done;
	pending->context = context;
	change_list_init(&pending->changes);
	pending->txn = txn_copy(txn, &pending->arena);
	result = store->loop ? txn_prepare(store, pending->txn, NULL) : -EINVAL;
	if (result) {
		arena_free(&pending->arena);
		free(pending);
		return result;
	}
	pthread_mutex_lock(&store->lock);
	writer_queue(store, pending);
	pthread_mutex_unlock(&store->lock);
	return 0;
}
