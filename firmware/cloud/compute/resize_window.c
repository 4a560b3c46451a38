/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resizes that nobody confirms are confirmed by themselves after a while, if the box was told so:
 * seconds in provision/resize-confirm-window, as Nova's resize_confirm_window; none: never.
 * The loop's thread. A timer stands for the earliest one, so that nothing runs in between.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "firmware/cloud/compute/internal.h"
#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/compute/state.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

static struct {
	struct cloud *cloud;
	struct store_watch watch;
	struct loop_timer timer;
	time_t seconds; /* 0: never */
} window;

static time_t window_read(const struct cloud *cloud)
{
	const char *directory = strcmp(cloud->directory, "/") ? cloud->directory : "";
	char path[512], text[32] = "";
	CLEANUP_FD int fd = -1;

	snprintf(path, sizeof(path), "%s/provision/resize-confirm-window", directory);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		return 0;
	return strtol(text, NULL, 10);
}

/* When the record's resize is to be confirmed; 0: there is nothing to confirm. */
static time_t due_of(yyjson_val *record)
{
	const char *finished = json_string(yyjson_obj_get(record, "_resize"), "finished");
	time_t since;

	if (!finished || json_string(record, "OS-EXT-STS:task_state") ||
	    !json_is(record, "OS-EXT-STS:vm_state", vm_state_name(VM_RESIZED)) ||
	    time_parse(finished, &since) < 0)
		return 0;
	return since + window.seconds;
}

static void on_timer(struct loop_timer *timer);

static void timer_set(time_t due)
{
	time_t now = time(NULL);
	uint64_t delay = due > now ? (uint64_t)(due - now) * 1000 : 0;

	if (window.timer.running && window.timer.due <= loop_now(window.cloud->loop) + delay)
		return;
	loop_timer_stop(&window.timer);
	loop_timer_start(window.cloud->loop, &window.timer, delay, on_timer);
}

/* A lost race is another's change of the record, and the watch tells of that. */
static void on_committed(int result, uint64_t revision, const struct error *error, void *context)
{
	(void)revision;
	(void)context;
	if (result < 0 && result != -EAGAIN)
		log_error("compute", "resize not confirmed", "reason=%s",
			  log_quote(error ? error->message : strerror(-result)));
}

static void confirm(struct store_view *view, struct arena *arena, const struct record *stored)
{
	struct store_txn *txn = store_txn_new(arena);
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *edited = yyjson_val_mut_copy(doc, stored->value);

	if (!txn || !edited || resize_confirm(view, arena, txn, stored->value, doc, edited) < 0)
		return;
	json_set_string(doc, edited, "updated_at", time_now(arena));
	store_txn_compare(txn, stored->key, stored->revision);
	store_txn_put(txn, stored->key, json_write(arena, edited));
	store_commit_async(window.cloud->store, txn, on_committed, NULL);
}

static void look_at(struct store_view *view, struct arena *arena, const struct record *stored)
{
	time_t due = due_of(stored->value);

	if (due && due <= time(NULL))
		confirm(view, arena, stored);
	else if (due)
		timer_set(due);
}

static void on_timer(struct loop_timer *timer)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct records records = { 0 };

	(void)timer;
	if (store_view_open(window.cloud->store, &reader.view, NULL) < 0)
		return;
	if (records_range(&reader, &records, NULL, KEY_SERVER) == 0)
		for (size_t i = 0; i < records.count; i++)
			look_at(reader.view, &arena, &records.items[i]);
	store_view_close(reader.view);
}

static void on_server(struct store_watch *watch, const char *key, uint64_t revision, bool deleted)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct record stored = { .key = key };

	(void)watch;
	(void)revision;
	if (deleted || store_view_open(window.cloud->store, &reader.view, NULL) < 0)
		return;
	if (record_get(&reader, &stored.value, &stored.revision, NULL, "%s", key) == 0)
		look_at(reader.view, &arena, &stored);
	store_view_close(reader.view);
}

int resize_window_start(struct cloud *cloud)
{
	window.cloud = cloud;
	window.seconds = window_read(cloud);
	if (window.seconds <= 0)
		return 0;
	window.watch.prefix = KEY_SERVER;
	window.watch.changed = on_server;
	timer_set(0);
	return store_watch_start(cloud->store, &window.watch, 0);
}
