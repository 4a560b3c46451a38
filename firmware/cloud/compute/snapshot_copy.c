/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The copy of a server's disk into an image, on a thread of its own: it waits for vmm. */
#include "firmware/cloud/compute/snapshot.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "firmware/cloud/compute/state.h"
#include "firmware/cloud/http/pool.h"
#include "firmware/cloud/identity/reader.h"
#include "firmware/cloud/image/image.h"
#include "firmware/cloud/link.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "hypervisor/message.h"

#define COPY_TIMEOUT_MS (3600u * 1000)
#define TRIES_MAX 120 /* a second apart: a guest or vmm on its way somewhere */
#define COMMITS_MAX 100

struct copy {
	struct job job;
	struct copy *next;
	struct cloud *cloud;
	char server[UUID_SIZE], image[UUID_SIZE], disk[UUID_SIZE];
	char kind[16], backup_type[256];
	int64_t rotation;
	bool quiesce, quiesce_required;
};

static struct {
	pthread_mutex_t lock;
	struct copy *first; /* under way */
} copies = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool copy_enter(struct copy *copy)
{
	struct copy *other;

	pthread_mutex_lock(&copies.lock);
	for (other = copies.first; other && strcmp(other->server, copy->server);)
		other = other->next;
	if (!other) {
		copy->next = copies.first;
		copies.first = copy;
	}
	pthread_mutex_unlock(&copies.lock);
	return !other;
}

static void copy_leave(struct copy *copy)
{
	struct copy **at = &copies.first;

	pthread_mutex_lock(&copies.lock);
	while (*at != copy)
		at = &(*at)->next;
	*at = copy->next;
	pthread_mutex_unlock(&copies.lock);
	free(copy);
}

/* --- bytes */

static int copy_ask(struct copy *copy, int fd, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct vmm_export wish = { 0 };
	struct vmm_reply answer = { 0 };
	struct message reply;
	int result;

	snprintf(wish.id, sizeof(wish.id), "%s", copy->server);
	snprintf(wish.disk_id, sizeof(wish.disk_id), "%s", copy->disk);
	wish.quiesce = copy->quiesce;
	wish.quiesce_required = copy->quiesce_required;
	result = link_call(copy->cloud->links[ROLE_VMM], &arena, VMM_DISK_EXPORT, vmm_export_fields,
			   &wish, fd, COPY_TIMEOUT_MS, &reply, NULL, error);
	if (result == -ENOTCONN)
		return error_set(error, -EAGAIN, "vmm is not there");
	if (result == 0)
		result = message_decode(&arena, &reply, vmm_reply_fields, &answer, error);
	if (result == 0 && answer.code)
		result = error_set(error, -(int)answer.code, "%s", answer.reason);
	return result;
}

static int copy_fill(struct copy *copy, struct error *error)
{
	CLEANUP_FD int fd = image_fill_open(copy->cloud, copy->image, error);
	const struct timespec pause = { .tv_sec = 1 };
	int result = fd < 0 ? fd : -EAGAIN;

	for (int i = 0; i < TRIES_MAX && result == -EAGAIN; i++) {
		if (i)
			nanosleep(&pause, NULL);
		result = copy_ask(copy, fd, error);
	}
	if (result == 0)
		result = image_fill_finish(copy->cloud, copy->image, fd, "qcow2", error);
	return result;
}

/* --- rotation */

struct backup {
	const char *id, *created;
};

static int newer_first(const void *left, const void *right)
{
	return strcmp(((const struct backup *)right)->created,
		      ((const struct backup *)left)->created);
}

static bool backup_is_ours(const struct copy *copy, yyjson_val *image)
{
	return json_is(image, "instance_uuid", copy->server) &&
	       json_is(image, "image_type", "backup") &&
	       json_is(image, "backup_type", copy->backup_type) && json_string(image, "id") &&
	       json_string(image, "created_at");
}

static void backups_rotate(struct copy *copy)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct records records = { 0 };
	struct backup *backups;
	size_t count = 0;
	int result;

	if (store_view_open(copy->cloud->store, &reader.view, NULL) < 0)
		return;
	result = records_range(&reader, &records, NULL, "/image/image/");
	store_view_close(reader.view);
	backups = arena_alloc(&arena, (records.count + 1) * sizeof(*backups));
	for (size_t i = 0; result == 0 && backups && i < records.count; i++)
		if (backup_is_ours(copy, records.items[i].value))
			backups[count++] = (struct backup){
				json_string(records.items[i].value, "id"),
				json_string(records.items[i].value, "created_at"),
			};
	if (count)
		qsort(backups, count, sizeof(*backups), newer_first);
	for (size_t i = (size_t)copy->rotation; i < count; i++)
		image_discard(copy->cloud, backups[i].id, NULL);
}

/* --- the record */

/* Shelved servers go on: their guest is let go of next. */
static void record_edit(const struct copy *copy, yyjson_val *record, yyjson_mut_doc *doc,
			yyjson_mut_val *edited, bool failed)
{
	enum task_state task = task_state_by_name(json_string(record, "OS-EXT-STS:task_state"));
	bool shelve = task == TASK_SHELVING_IMAGE;

	json_set_string(doc, edited, "_snapshot", NULL);
	if (!shelve && task != TASK_IMAGE_SNAPSHOT && task != TASK_IMAGE_BACKUP)
		return; /* it is being deleted, or its guest failed */
	json_set_string(doc, edited, "OS-EXT-STS:task_state", NULL);
	if (shelve && failed)
		json_set_string(doc, edited, "OS-EXT-STS:vm_state", vm_state_name(VM_STOPPED));
	if (!shelve || failed)
		return;
	json_set_string(doc, edited, "OS-EXT-STS:vm_state", vm_state_name(VM_SHELVED));
	json_set_string(doc, edited, "OS-EXT-STS:task_state",
			task_state_name(TASK_SHELVING_OFFLOADING));
	json_set_string(doc, edited, "_shelved_image", copy->image);
}

static int record_settle(struct copy *copy, const struct error *failure)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	struct store_txn *txn = store_txn_new(&arena);
	yyjson_mut_doc *doc = json_document(&arena);
	const char *key = arena_printf(&arena, KEY_SERVER "%s", copy->server), *action;
	yyjson_mut_val *edited;
	yyjson_val *record;
	uint64_t revision;
	int result = store_view_open(copy->cloud->store, &reader.view, NULL);

	if (result < 0)
		return result;
	result = record_get(&reader, &record, &revision, NULL, "%s", key);
	if (result == 0 && !json_is(yyjson_obj_get(record, "_snapshot"), "image", copy->image))
		result = -ENOENT;
	action = result == 0 ? json_string(record, "_action") : NULL;
	if (result == 0) {
		edited = yyjson_val_mut_copy(doc, record);
		record_edit(copy, record, doc, edited, failure != NULL);
		json_set_string(doc, edited, "updated_at", time_now(&arena));
		if (action)
			result = action_end(reader.view, &arena, txn, copy->server, action,
					    failure ? failure->message : NULL);
		json_set_string(doc, edited, "_action", NULL);
		store_txn_compare(txn, key, revision);
		store_txn_put(txn, key, json_write(&arena, edited));
	}
	store_view_close(reader.view);
	return result < 0 ? result : store_commit(copy->cloud->store, txn, NULL, NULL);
}

static void copy_run(struct job *job)
{
	struct copy *copy = container_of(job, struct copy, job);
	struct error error = { 0 };
	int result = copy_fill(copy, &error), settled = -EAGAIN;

	if (result < 0) {
		log_warning("compute", "no image of a server", "id=%s reason=%s", copy->server,
			    log_quote(error.message));
		image_discard(copy->cloud, copy->image, NULL);
	} else if (!strcmp(copy->kind, "backup")) {
		backups_rotate(copy);
	}
	for (int i = 0; i < COMMITS_MAX && settled == -EAGAIN; i++)
		settled = record_settle(copy, result < 0 ? &error : NULL);
	copy_leave(copy);
}

/* --- the beginning */

static bool copy_is_due(yyjson_val *record)
{
	enum task_state task = task_state_by_name(json_string(record, "OS-EXT-STS:task_state"));

	return yyjson_is_obj(yyjson_obj_get(record, "_snapshot")) &&
	       (task == TASK_IMAGE_SNAPSHOT || task == TASK_IMAGE_BACKUP ||
		task == TASK_SHELVING_IMAGE);
}

static void text_take(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

static bool flag_of(yyjson_val *properties, const char *name)
{
	const char *text = json_string(properties, name);
	bool flag = false;

	if (text)
		boolean_parse(text, &flag);
	return flag;
}

/* As Nova does it: where the image says that there is an agent, it is asked; where the image requires
 * it, it must have answered. */
static void quiesce_read(struct copy *copy, yyjson_val *record)
{
	yyjson_val *properties = yyjson_obj_get(yyjson_obj_get(record, "_image"), "properties");

	copy->quiesce_required = flag_of(properties, "os_require_quiesce");
	copy->quiesce = copy->quiesce_required || flag_of(properties, "hw_qemu_guest_agent");
}

void snapshot_look(struct cloud *cloud, yyjson_val *record)
{
	yyjson_val *note = yyjson_obj_get(record, "_snapshot");
	struct copy *copy;

	if (!copy_is_due(record))
		return;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return;
	copy->job.run = copy_run;
	copy->cloud = cloud;
	copy->rotation = json_integer(note, "rotation", 0);
	quiesce_read(copy, record);
	text_take(copy->server, sizeof(copy->server), json_string(record, "id"));
	text_take(copy->image, sizeof(copy->image), json_string(note, "image"));
	text_take(copy->disk, sizeof(copy->disk), json_string(record, "_disk"));
	text_take(copy->kind, sizeof(copy->kind), json_string(note, "kind"));
	text_take(copy->backup_type, sizeof(copy->backup_type), json_string(note, "backup_type"));
	if (!copy_enter(copy)) {
		free(copy);
		return;
	}
	if (!cloud->pool || pool_submit_stream(cloud->pool, &copy->job) < 0)
		copy_leave(copy); /* as many as may be are under way: at the next change or link */
}
