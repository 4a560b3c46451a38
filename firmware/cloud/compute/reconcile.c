/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reconciler towards vmm; all of it runs on the loop. What was sent is remembered by
 * generation, for as long as the link lives, so that changes of other members send nothing.
 */
#include "firmware/cloud/compute/reconcile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/snapshot.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/link.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define BUCKETS 64

/* What is known of one server besides its record. */
struct tracked {
	char id[UUID_SIZE];
	uint64_t sent;              /* generation that vmm was told, 0: none */
	bool deleting;              /* vmm was told to delete it */
	struct guest_status status; /* the latest report */
	bool committing, again;     /* a commit is under way; a later report waits for it */
	struct tracked *next;
};

static struct {
	struct cloud *cloud;
	struct link *link;
	struct link_observer observer;
	struct store_watch watch;
	struct tracked *buckets[BUCKETS];
} reconciler;

static struct tracked **tracked_bucket(const char *id)
{
	unsigned hash = 5381;

	for (; *id; id++)
		hash = hash * 33 + (unsigned char)*id;
	return &reconciler.buckets[hash % BUCKETS];
}

static struct tracked *tracked_get(const char *id)
{
	struct tracked **bucket = tracked_bucket(id), *tracked;

	for (tracked = *bucket; tracked; tracked = tracked->next)
		if (!strcmp(tracked->id, id))
			return tracked;
	tracked = calloc(1, sizeof(*tracked));
	if (tracked) {
		snprintf(tracked->id, sizeof(tracked->id), "%s", id);
		tracked->next = *bucket;
		*bucket = tracked;
	}
	return tracked;
}

/* Frees what is known of a server that is gone, unless a commit still refers to it. */
static void tracked_drop(const char *id)
{
	struct tracked **at = tracked_bucket(id), *tracked;

	while (*at && strcmp((*at)->id, id))
		at = &(*at)->next;
	tracked = *at;
	if (!tracked || tracked->committing)
		return;
	*at = tracked->next;
	free(tracked);
}

static void tracked_forget_sent(void)
{
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct tracked *tracked = reconciler.buckets[i]; tracked;
		     tracked = tracked->next) {
			tracked->sent = 0;
			tracked->deleting = false;
		}
}

/* --- records to vmm */

static void guest_delete(const char *id)
{
	struct guest_id message = { 0 };

	snprintf(message.id, sizeof(message.id), "%s", id);
	link_send(reconciler.link, VMM_GUEST_DELETE, guest_id_fields, &message, -1);
}

/* A guest that can't even be described: the record says why. */
static void guest_undescribed(struct tracked *tracked, uint64_t generation,
			      const struct error *error);

static void guest_set(struct store_view *view, struct arena *arena, struct tracked *tracked,
		      yyjson_val *record)
{
	uint64_t generation = (uint64_t)json_integer(record, "_generation", 0);
	struct error error = { 0 };
	struct guest guest;
	int64_t result;

	if (tracked->sent == generation)
		return;
	result = guest_desired(view, arena, record, &guest, &error);
	if (result < 0) {
		guest_undescribed(tracked, generation, &error);
		return;
	}
	result = link_send(reconciler.link, VMM_GUEST_SET, guest_fields, &guest, -1);
	if (result == -EMSGSIZE) {
		error_set(&error, -EMSGSIZE, "The config drive is too large.");
		guest_undescribed(tracked, generation, &error);
	}
	if (result >= 0)
		tracked->sent = generation;
}

static void status_process(struct tracked *tracked);

static void server_send(struct store_view *view, struct arena *arena, yyjson_val *record)
{
	struct tracked *tracked = tracked_get(json_string(record, "id"));

	if (!tracked)
		return;
	if (!guest_absent(record)) {
		tracked->deleting = false;
		guest_set(view, arena, tracked, record);
		snapshot_look(reconciler.cloud, record);
	} else if (!tracked->deleting) {
		guest_delete(tracked->id);
		tracked->deleting = true;
		tracked->sent = 0;
	} else if (tracked->status.state == GUEST_GONE && !tracked->committing) {
		/* It went when it failed; now its server is deleted too. */
		status_process(tracked);
	}
}

static void server_changed(struct store_watch *watch, const char *key, uint64_t revision,
			   bool deleted)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	yyjson_val *record;

	(void)watch;
	(void)revision;
	if (deleted) {
		tracked_drop(key + strlen(KEY_SERVER));
		return;
	}
	if (!link_is_up(reconciler.link) ||
	    store_view_open(reconciler.cloud->store, &reader.view, NULL) < 0)
		return;
	if (record_get(&reader, &record, NULL, NULL, "%s", key) == 0)
		server_send(reader.view, &arena, record);
	store_view_close(reader.view);
}

/* A message without a body. */
static const struct field nothing[] = { FIELD_END };

/* A fresh vmm knows nothing of what this one told its predecessor. */
static void link_up(struct link *link, void *context)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct records records = { 0 };
	struct error error = { 0 };

	(void)context;
	tracked_forget_sent();
	if (store_view_open(reconciler.cloud->store, &reader.view, &error) < 0 ||
	    records_range(&reader, &records, &error, KEY_SERVER) < 0) {
		log_error("compute", "servers not read", "reason=%s", log_quote(error.message));
		store_view_close(reader.view);
		return;
	}
	for (size_t i = 0; i < records.count; i++)
		server_send(reader.view, &arena, records.items[i].value);
	store_view_close(reader.view);
	link_send(link, VMM_SYNC, nothing, NULL, -1);
	log_info("compute", "guests sent", "count=%zu", records.count);
}

/* --- vmm to records */

static void status_committed(int result, uint64_t revision, const struct error *error,
			     void *context)
{
	struct tracked *tracked = context;
	bool again = tracked->again || result == -EAGAIN;

	(void)revision;
	tracked->committing = false;
	tracked->again = false;
	if (result < 0 && result != -EAGAIN)
		log_error("compute", "guest state not stored", "id=%s reason=%s", tracked->id,
			  log_quote(error ? error->message : strerror(-result)));
	if (again)
		status_process(tracked);
	else if (result == 0 && tracked->status.state == GUEST_GONE)
		tracked_drop(tracked->id);
}

static int status_commit(struct tracked *tracked, struct store_txn *txn)
{
	int result = store_commit_async(reconciler.cloud->store, txn, status_committed, tracked);

	tracked->committing = result == 0;
	return result;
}

static void status_process(struct tracked *tracked)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct store_txn *txn = store_txn_new(&arena);
	struct error error = { 0 };
	yyjson_val *record;
	uint64_t revision;
	int result = store_view_open(reconciler.cloud->store, &reader.view, &error);

	if (result < 0)
		return;
	result = record_get(&reader, &record, &revision, &error, KEY_SERVER "%s", tracked->id);
	if (result == 0)
		result = guest_found(reader.view, &arena, txn, record, revision, &tracked->status,
				     &error);
	else if (result == -ENOENT && tracked->status.state != GUEST_GONE)
		guest_delete(tracked->id); /* a guest without a server */
	if (result > 0)
		result = status_commit(tracked, txn);
	store_view_close(reader.view);
	if (result < 0 && result != -ENOENT)
		log_error("compute", "guest state not taken", "id=%s reason=%s", tracked->id,
			  log_quote(error.message));
}

static void status_take(const struct guest_status *status)
{
	struct tracked *tracked = tracked_get(status->id);

	if (!tracked)
		return;
	tracked->status = *status;
	if (tracked->committing)
		tracked->again = true;
	else
		status_process(tracked);
}

static void guest_undescribed(struct tracked *tracked, uint64_t generation,
			      const struct error *error)
{
	struct guest_status status = { .generation = generation,
				       .state = GUEST_FAILED,
				       .code = 500 };

	snprintf(status.id, sizeof(status.id), "%s", tracked->id);
	snprintf(status.reason, sizeof(status.reason), "%.500s", error->message);
	status_take(&status);
}

/* --- messages */

static void image_get(struct link *link, struct message *message, struct arena *arena)
{
	struct vmm_image_get get = { 0 };
	struct vmm_image image = { 0 };
	struct error error = { 0 };
	CLEANUP_FD int fd = -1;

	if (message_decode(arena, message, vmm_image_get_fields, &get, &error) < 0) {
		log_warning("compute", "bad message", "reason=%s", log_quote(error.message));
		return;
	}
	snprintf(image.image_id, sizeof(image.image_id), "%s", get.image_id);
	fd = image_open(reconciler.cloud, get.image_id, image.format, &image.size, &error);
	if (fd < 0) {
		image.code = (uint32_t)-fd;
		snprintf(image.reason, sizeof(image.reason), "Image %s could not be found.",
			 get.image_id);
	}
	link_reply(link, message, VMM_IMAGE, vmm_image_fields, &image, fd);
}

static void guest_state(struct message *message, struct arena *arena)
{
	struct guest_status status = { 0 };
	struct error error = { 0 };

	if (message_decode(arena, message, guest_status_fields, &status, &error) < 0) {
		log_warning("compute", "bad message", "reason=%s", log_quote(error.message));
		return;
	}
	status_take(&status);
	overhead_learn(reconciler.cloud, &status);
}

static void host_facts(struct message *message, struct arena *arena)
{
	struct vmm_host host = { 0 };
	struct error error = { 0 };

	if (message_decode(arena, message, vmm_host_fields, &host, &error) < 0)
		log_warning("compute", "bad message", "reason=%s", log_quote(error.message));
	else
		admission_host_set(&host);
}

static bool message_take(struct link *link, struct message *message, void *context)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	(void)context;
	switch (message->type) {
	case VMM_GUEST_STATE:
		guest_state(message, &arena);
		return true;
	case VMM_HOST:
		host_facts(message, &arena);
		return true;
	case VMM_IMAGE_GET:
		image_get(link, message, &arena);
		return true;
	default:
		return false;
	}
}

int reconcile_start(struct cloud *cloud, struct error *error)
{
	int result;

	reconciler.cloud = cloud;
	reconciler.link = cloud->links[ROLE_VMM];
	reconciler.watch.prefix = KEY_SERVER;
	reconciler.watch.changed = server_changed;
	result = store_watch_start(cloud->store, &reconciler.watch, 0);
	if (result < 0)
		return error_set(error, result, "the servers can't be watched");
	reconciler.observer.on_up = link_up;
	reconciler.observer.on_message = message_take;
	link_observe(reconciler.link, &reconciler.observer);
	return resize_window_start(cloud);
}
