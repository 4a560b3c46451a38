/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Watches and completions: what the writer has made durable is told on the loop. Changes wait in
 * the history, which holds the last STORE_HISTORY of them and all that the loop has not seen
 * yet. With a loop, only the loop's thread removes from it, so a walk needs the lock for each
 * step alone.
 */
#include <string.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/log.h"

void change_list_init(struct change_list *list)
{
	*list = (struct change_list){ .tail = &list->first };
}

int change_add(struct change_list *list, const char *key, uint64_t revision, bool deleted)
{
	size_t size = strlen(key) + 1;
	struct change *change = malloc(sizeof(*change) + size);

	if (!change)
		return -ENOMEM;
	change->next = NULL;
	change->revision = revision;
	change->deleted = deleted;
	memcpy(change->key, key, size);
	*list->tail = change;
	list->tail = &change->next;
	list->count++;
	return 0;
}

void change_list_free(struct change_list *list)
{
	for (struct change *change = list->first, *next; change; change = next) {
		next = change->next;
		free(change);
	}
	change_list_init(list);
}

static void history_trim(struct store *store)
{
	struct change_list *history = &store->history;

	while (history->count > STORE_HISTORY &&
	       (!store->loop || history->first->revision <= store->delivered)) {
		struct change *oldest = history->first;

		history->first = oldest->next;
		history->count--;
		store->floor = oldest->revision;
		free(oldest);
	}
	if (!history->first)
		history->tail = &history->first;
}

void history_append(struct store *store, struct change_list *changes)
{
	if (!changes->first)
		return;
	*store->history.tail = changes->first;
	store->history.tail = changes->tail;
	store->history.count += changes->count;
	change_list_init(changes);
	if (!store->loop)
		history_trim(store);
}

/* The next change that the watch has to be told of, within what was there at 'until'. */
static struct change *watch_next(struct store *store, struct store_watch *watch,
				 struct change *after, uint64_t until)
{
	struct change *change = after ? after->next : store->history.first;
	size_t length = strlen(watch->prefix);

	for (; change && change->revision <= until; change = change->next)
		if (change->revision > watch->seen && !strncmp(change->key, watch->prefix, length))
			return change;
	return NULL;
}

/* With the lock, which is dropped during callbacks. False when the watch was stopped in one. */
static bool watch_deliver(struct store *store, struct store_watch *watch, uint64_t until)
{
	struct change *change = NULL;

	store->delivering = watch;
	store->delivering_thread = pthread_self();
	while ((change = watch_next(store, watch, change, until))) {
		pthread_mutex_unlock(&store->lock);
		watch->changed(watch, change->key, change->revision, change->deleted);
		pthread_mutex_lock(&store->lock);
		if (store->delivering != watch)
			return false;
	}
	watch->seen = watch->seen > until ? watch->seen : until;
	store->delivering = NULL;
	pthread_cond_broadcast(&store->idle);
	return true;
}

static void watches_deliver(struct store *store, uint64_t until)
{
	struct store_watch *watch = store->watches;

	while (watch)
		if (watch->seen < until && !watch_deliver(store, watch, until))
			watch = store->watches; /* the list has changed under us */
		else
			watch = watch->next;
	store->delivered = until;
	history_trim(store);
}

static void completion_run(struct pending *pending)
{
	pending->done(pending->result, pending->revision, &pending->error, pending->context);
	arena_free(&pending->arena);
	free(pending);
}

static void completions_run(struct store *store)
{
	struct pending *pending;

	while ((pending = store->completions.first)) {
		store->completions.first = pending->next;
		pthread_mutex_unlock(&store->lock);
		completion_run(pending);
		pthread_mutex_lock(&store->lock);
	}
}

/* On the loop. */
static void delivery_run(void *argument)
{
	struct delivery *delivery = argument;
	struct store *store = delivery->store;

	free(delivery);
	if (!store)
		return; /* closed in the meantime */
	pthread_mutex_lock(&store->lock);
	store->delivery = NULL;
	watches_deliver(store, store->revision);
	completions_run(store);
	pthread_mutex_unlock(&store->lock);
}

void delivery_post(struct store *store)
{
	struct delivery *delivery;

	if (!store->loop || store->delivery)
		return;
	delivery = calloc(1, sizeof(*delivery));
	if (delivery) {
		delivery->store = store;
		store->delivery = delivery;
		if (!loop_post(store->loop, delivery_run, delivery))
			return;
	}
	free(delivery);
	store->delivery = NULL;
	log_error("store", "watches are late", "reason=memory"); /* the next commit tells them */
}

void delivery_close(struct store *store)
{
	pthread_mutex_lock(&store->lock);
	if (store->delivery)
		store->delivery->store = NULL;
	store->delivery = NULL;
	completions_run(store);
	change_list_free(&store->history);
	pthread_mutex_unlock(&store->lock);
}

int store_watch_start(struct store *store, struct store_watch *watch, uint64_t from)
{
	int result = 0;

	if (!store->loop)
		return -EINVAL;
	pthread_mutex_lock(&store->lock);
	if (from && from < store->floor) {
		result = -ERANGE;
	} else {
		watch->store = store;
		watch->seen = from ? from : store->revision;
		watch->next = store->watches;
		store->watches = watch;
		if (watch->seen < store->revision)
			delivery_post(store);
	}
	pthread_mutex_unlock(&store->lock);
	return result;
}

static void watch_unlink(struct store *store, struct store_watch *watch)
{
	struct store_watch **link = &store->watches;

	while (*link && *link != watch)
		link = &(*link)->next;
	if (*link)
		*link = watch->next;
}

/* From within its own callback it takes effect at once; another thread waits for the callback. */
void store_watch_stop(struct store_watch *watch)
{
	struct store *store = watch->store;

	if (!store)
		return;
	pthread_mutex_lock(&store->lock);
	watch_unlink(store, watch);
	if (store->delivering == watch) {
		if (pthread_equal(store->delivering_thread, pthread_self()))
			store->delivering = NULL;
		else
			while (store->delivering == watch)
				pthread_cond_wait(&store->idle, &store->lock);
	}
	watch->store = NULL;
	pthread_mutex_unlock(&store->lock);
}
