/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What vmm saw a guest cost, told to placement for all guests of its kind. Runs on the loop. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/compute/guest_kind.h"
#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/placement/placement.h"
#include "firmware/lib/log.h"

struct lesson {
	struct cloud *cloud;
	struct guest_status status;
};

/* Of a server on its way, what runs may be another hardware than what is recorded. */
static bool is_settled(yyjson_val *record, const struct guest_status *status)
{
	return !json_string(record, "OS-EXT-STS:task_state") &&
	       status->generation == (uint64_t)json_integer(record, "_generation", 0);
}

static void on_learned(int result, uint64_t revision, const struct error *error, void *context)
{
	struct lesson *lesson = context;

	(void)revision;
	if (result == -EAGAIN)
		overhead_learn(lesson->cloud, &lesson->status);
	else if (result < 0)
		log_warning("compute", "overhead not stored", "reason=%s",
			    log_quote(error ? error->message : strerror(-result)));
	free(lesson);
}

static void lesson_commit(struct cloud *cloud, const struct guest_status *status,
			  struct store_txn *txn)
{
	struct lesson *lesson = malloc(sizeof(*lesson));

	if (!lesson)
		return;
	*lesson = (struct lesson){ cloud, *status };
	if (store_commit_async(cloud->store, txn, on_learned, lesson) < 0)
		free(lesson);
}

/* 1: there is something to commit. */
static int lesson_take(struct reader *reader, const struct guest_status *status,
		       struct store_txn *txn)
{
	yyjson_val *record, *image;
	const char *kind;
	int result = record_get(reader, &record, NULL, NULL, KEY_SERVER "%s", status->id);

	if (result < 0 || !is_settled(record, status))
		return 0;
	image = yyjson_obj_get(record, "_image");
	kind = guest_kind(reader->arena, yyjson_obj_get(record, "_flavor"),
			  yyjson_obj_get(image, "properties"));
	if (!kind)
		return 0;
	result = placement_overhead_learn(reader->view, reader->arena, txn, kind, status->overhead);
	if (result > 0)
		log_info("compute", "guests cost more than was known", "kind=%s mib=%llu",
			 log_quote(kind), (unsigned long long)(status->overhead >> 20));
	return result;
}

void overhead_learn(struct cloud *cloud, const struct guest_status *status)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct store_txn *txn = store_txn_new(&arena);
	int result;

	if (!status->overhead ||
	    (status->state != GUEST_RUNNING && status->state != GUEST_PAUSED) ||
	    store_view_open(cloud->store, &reader.view, NULL) < 0)
		return;
	result = lesson_take(&reader, status, txn);
	store_view_close(reader.view);
	if (result > 0)
		lesson_commit(cloud, status, txn);
}
