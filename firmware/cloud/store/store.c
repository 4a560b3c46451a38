/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opening and closing: puts the parts together. */
#include <string.h>
#include <time.h>

#include "firmware/cloud/store/internal.h"

#define DOCUMENTS_SIZE (3UL * 1024 * 1024)

static void locks_init(struct store *store)
{
	pthread_condattr_t attributes;

	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_mutex_init(&store->lock, NULL);
	pthread_cond_init(&store->queued, &attributes);
	pthread_cond_init(&store->finished, &attributes);
	pthread_cond_init(&store->viewed, &attributes);
	pthread_cond_init(&store->idle, &attributes);
	pthread_condattr_destroy(&attributes);
}

static void locks_destroy(struct store *store)
{
	pthread_cond_destroy(&store->queued);
	pthread_cond_destroy(&store->finished);
	pthread_cond_destroy(&store->viewed);
	pthread_cond_destroy(&store->idle);
	pthread_mutex_destroy(&store->lock);
}

void store_close(struct store *store)
{
	if (!store)
		return;
	writer_stop(store);
	delivery_close(store);
	lease_free_all(store);
	views_drop(store);
	mdb_env_close(store->env);
	document_cache_free(store->documents);
	index_free(store);
	locks_destroy(store);
	free(store);
}

int store_open(struct store **store, const struct store_options *options, struct error *error)
{
	struct store *opened = calloc(1, sizeof(*opened));
	int result;

	if (!opened)
		return error_set(error, -ENOMEM, "out of memory");
	opened->indexes = options->indexes;
	opened->loop = options->loop;
	locks_init(opened);
	change_list_init(&opened->history);
	opened->documents = document_cache_new(options->documents_size ?: DOCUMENTS_SIZE);
	if (opened->documents)
		result = engine_open(opened, options, error);
	else
		result = error_set(error, -ENOMEM, "out of memory");
	opened->floor = opened->delivered = opened->revision;
	if (!result)
		result = writer_start(opened, error);
	if (result) {
		store_close(opened);
		return result;
	}
	*store = opened;
	return 0;
}

uint64_t store_revision(struct store *store)
{
	uint64_t revision;

	pthread_mutex_lock(&store->lock);
	revision = store->revision;
	pthread_mutex_unlock(&store->lock);
	return revision;
}
