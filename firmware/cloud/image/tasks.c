/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tasks: what an import does, and what it did for two days more. The tasks API itself is for
 * admins, as in Glance; who sees an image sees its tasks.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/uuid.h"

#define TASK_HOURS 48

static const char *time_after(struct arena *arena, int hours)
{
	time_t moment = time(NULL) + (time_t)hours * 3600;
	char text[32];
	struct tm utc;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&moment, &utc));
	return arena_strdup(arena, text);
}

static bool is_expired(struct request *request, yyjson_val *record)
{
	const char *expires = json_string(record, "expires_at");

	return expires && strcmp(expires, image_time_now(request->arena)) < 0;
}

/* --- the traces that an import leaves */

/* What expired goes with the next task: nothing is written while the box is idle. */
static int expired_delete(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	struct store_txn *txn = store_txn_new(request->arena);
	bool any = false;
	int result = record_list_range(request, &list, IMAGE_TASKS, error);

	for (size_t i = 0; result >= 0 && i < list.count; i++)
		if (is_expired(request, list.items[i])) {
			any = true;
			store_txn_delete(txn, arena_printf(request->arena, IMAGE_TASKS "%s",
							   json_string(list.items[i], "id")));
		}
	if (result < 0)
		return result;
	return any ? request_commit(request, txn, error) : 0;
}

static yyjson_mut_val *input_make(struct request *request, yyjson_mut_doc *doc,
				  const char *image_id)
{
	yyjson_mut_val *input = yyjson_mut_obj(doc), *stores = yyjson_mut_arr(doc);

	yyjson_mut_arr_add_str(doc, stores, IMAGE_STORE);
	json_set_string(doc, input, "image_id", image_id);
	json_set(doc, input, "import_req", yyjson_val_mut_copy(doc, request->body));
	json_set(doc, input, "backend", stores);
	return input;
}

int task_make(struct request *request, const char *image_id, const char *status, struct task *task,
	      struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	const char *now = image_time_now(request->arena);
	int result = expired_delete(request, error);
	char id[UUID_SIZE];

	if (result)
		return result;
	uuid_make(id);
	*task = (struct task){ .request = request,
			       .id = arena_strdup(request->arena, id),
			       .key = arena_printf(request->arena, IMAGE_TASKS "%s", id),
			       .doc = doc,
			       .record = record };
	json_set_string(doc, record, "id", id);
	json_set_string(doc, record, "type", "api_image_import");
	json_set_string(doc, record, "status", status);
	json_set_string(doc, record, "owner", request->caller->project_id);
	json_set_string(doc, record, "image_id", image_id);
	json_set_string(doc, record, "request_id", request->id);
	json_set_string(doc, record, "user_id", request->caller->user_id);
	json_set(doc, record, "input", input_make(request, doc, image_id));
	json_set_string(doc, record, "result", NULL);
	json_set_string(doc, record, "message", "");
	json_set_string(doc, record, "created_at", now);
	json_set_string(doc, record, "updated_at", now);
	json_set_string(doc, record, "expires_at", NULL);
	return task->id && task->key ? 0 : error_set(error, -ENOMEM, "out of memory");
}

int task_adopt(const struct task *task, struct request *request, struct task *adopted)
{
	struct arena *arena = request->arena;
	const char *json = json_write(arena, task->record);
	yyjson_val *record = json ? json_parse(arena, json, strlen(json)) : NULL;

	if (!record)
		return -ENOMEM;
	*adopted = (struct task){ .request = request,
				  .id = arena_strdup(arena, task->id),
				  .key = arena_strdup(arena, task->key),
				  .doc = json_document(arena) };
	adopted->record = yyjson_val_mut_copy(adopted->doc, record);
	return adopted->id && adopted->key && adopted->record ? 0 : -ENOMEM;
}

int task_report(struct task *task, const char *message, struct error *error)
{
	struct store_txn *txn = store_txn_new(task->request->arena);

	json_set_string(task->doc, task->record, "status", "processing");
	json_set_string(task->doc, task->record, "message", message);
	json_set_string(task->doc, task->record, "updated_at",
			image_time_now(task->request->arena));
	store_txn_put(txn, task->key, request_write(task->request, task->record));
	return request_commit(task->request, txn, error);
}

static void end(yyjson_mut_doc *doc, yyjson_mut_val *record, struct arena *arena,
		const char *message)
{
	json_set_string(doc, record, "status", message ? "failure" : "success");
	json_set_string(doc, record, "message", message ? message : "");
	json_set_string(doc, record, "updated_at", image_time_now(arena));
	json_set_string(doc, record, "expires_at", time_after(arena, TASK_HOURS));
}

void task_finish(struct task *task, const char *image_id, const char *message,
		 struct store_txn *txn)
{
	yyjson_mut_val *outcome = yyjson_mut_obj(task->doc);

	end(task->doc, task->record, task->request->arena, message);
	json_set_string(task->doc, outcome, "image_id", image_id);
	json_set(task->doc, task->record, "result", message ? yyjson_mut_null(task->doc) : outcome);
	store_txn_put(txn, task->key, request_write(task->request, task->record));
}

void task_interrupt(struct arena *arena, const char *id, struct store_view *view,
		    struct store_txn *txn)
{
	const char *key = arena_printf(arena, IMAGE_TASKS "%s", id);
	struct store_record stored;
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *record;

	if (!key || store_get(view, arena, key, &stored, NULL))
		return;
	record = yyjson_val_mut_copy(doc, json_parse(arena, stored.value, stored.size));
	end(doc, record, arena, "Interrupted by a restart");
	store_txn_put(txn, key, json_write(arena, record));
}

/* --- the API */

static yyjson_mut_val *task_view(yyjson_mut_doc *doc, yyjson_val *record, bool whole)
{
	static const char *const parts[] = { "input", "result", "message" };
	yyjson_mut_val *view = yyjson_val_mut_copy(doc, record);
	char self[64];

	for (size_t i = 0; !whole && i < ARRAY_LENGTH(parts); i++)
		yyjson_mut_obj_remove_key(view, parts[i]);
	if (!json_string(record, "expires_at"))
		yyjson_mut_obj_remove_key(view, "expires_at");
	snprintf(self, sizeof(self), "/v2/tasks/%s", json_string(record, "id"));
	json_set_string(doc, view, "self", self);
	json_set_string(doc, view, "schema", "/v2/schemas/task");
	return view;
}

int task_show(struct request *request, struct error *error)
{
	const char *id = request_param(request, "task_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *record;
	int result = request_get(request, &record, NULL, error, IMAGE_TASKS "%s", id);

	if (result == -ENOENT || (!result && is_expired(request, record)))
		return error_fault(error, -ENOENT, 404, NULL, "No task found with ID %s", id);
	return result ? result : reply_json(request, 200, doc, task_view(doc, record, true));
}

int task_delete_refuse(struct request *request, struct error *error)
{
	reply_header(request, "Allow", "GET");
	return error_fault(error, -EPERM, 405, NULL,
			   "This operation is currently not permitted on Glance Tasks. They are "
			   "auto deleted after reaching the time based on their expires_at "
			   "property.");
}

static const char *const task_statuses[] = { "pending", "processing", "success", "failure", NULL };
static const char *const task_types[] = { "import", "api_image_import", NULL };
static const struct schema text = { .types = SCHEMA_STRING };
static const struct schema object_or_null = { .types = SCHEMA_OBJECT | SCHEMA_NULL,
					      .additional = true };
static const struct schema type = { .types = SCHEMA_STRING, .one_of = task_types };
static const struct schema status = { .types = SCHEMA_STRING, .one_of = task_statuses };
static const struct schema_member creation_members[] = {
	{ "type", .schema = &type },
	{ "input", .schema = &object_or_null },
	{ "status", .schema = &status },
	{ "owner", .schema = &text },
	{ "message", .schema = &text },
	{ "image_id", .schema = &text },
	{ 0 },
};
static const struct schema creation = { .types = SCHEMA_OBJECT, .members = creation_members };

static int creation_check(yyjson_val *body, struct error *error)
{
	struct error reason = { 0 };

	if (!body)
		return error_fault(error, -EINVAL, 400, NULL, "Body expected in request.");
	if (!yyjson_obj_get(body, "type"))
		return error_fault(error, -EINVAL, 400, NULL, "Task 'type' is required");
	if (!yyjson_obj_get(body, "input"))
		return error_fault(error, -EINVAL, 400, NULL, "Task 'input' is required");
	if (!schema_check_as(&creation, body, 0, SCHEMA_PLAIN, &reason))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "Provided object does not match schema 'task': %s", reason.message);
}

/* The older way to import fetches from elsewhere, and no address is allowed here. */
int task_create(struct request *request, struct error *error)
{
	int result = creation_check(request->body, error);
	const char *from;

	if (result)
		return result;
	from = json_string(yyjson_obj_get(request->body, "input"), "import_from");
	return error_fault(error, -EINVAL, 400, NULL,
			   "URI for legacy import task does not pass filtering: %s",
			   from ? from : "None");
}

/* --- lists */

static const struct page_filter filters[] = {
	{ "status", "status", PAGE_EXACT },
	{ "type", "type", PAGE_EXACT },
	{ "owner", "owner", PAGE_EXACT },
	{ 0 },
};
static const char *const sort_keys[] = { "id",         "type",       "status", "owner",
					 "created_at", "updated_at", NULL };
static const struct page_rules rules = {
	.filters = filters,
	.sort_keys = sort_keys,
	.default_sort = "created_at",
	.default_descending = true,
	.most = 1000,
	.standard = 25,
	.id_member = "id",
};

static int word_check(const char *value, const char *const *words, const char *what,
		      struct error *error)
{
	if (!value)
		return 0;
	while (*words && strcmp(*words, value) != 0)
		words++;
	return *words ? 0
		      : error_fault(error, -EINVAL, 400, NULL, "Invalid %s value: %s", what, value);
}

static int query_check(struct request *request, struct error *error)
{
	static const char *const types[] = { "import", NULL };
	int result = word_check(request_query(request, "status"), task_statuses, "status", error);

	return result ? result : word_check(request_query(request, "type"), types, "type", error);
}

static const char *list_url(struct request *request, const char *marker)
{
	return image_page_url(request, "/v2/tasks", marker);
}

static int list_reply(struct request *request, const struct page *page, yyjson_val **records,
		      size_t count)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *tasks = yyjson_mut_arr(doc);

	for (size_t i = 0; i < count; i++)
		yyjson_mut_arr_append(tasks, task_view(doc, records[i], false));
	json_set(doc, root, "tasks", tasks);
	json_set_string(doc, root, "first", list_url(request, NULL));
	json_set_string(doc, root, "schema", "/v2/schemas/tasks");
	if (page->more && count)
		json_set_string(doc, root, "next",
				list_url(request, json_string(records[count - 1], "id")));
	return reply_json(request, 200, doc, root);
}

static void expired_drop(struct request *request, struct record_list *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!is_expired(request, list->items[i]))
			list->items[kept++] = list->items[i];
	list->count = kept;
}

int task_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	struct page page;
	ssize_t count;
	int result = query_check(request, error);

	if (!result)
		result = page_parse(request, &rules, &page, error);
	if (!result)
		result = record_list_range(request, &list, IMAGE_TASKS, error);
	if (result < 0)
		return result;
	expired_drop(request, &list);
	count = page_select(request, &page, list.items, list.count, error);
	return count < 0 ? (int)count : list_reply(request, &page, list.items, (size_t)count);
}

/* Glance shows these as they stand in its database. */
int image_tasks_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *tasks = yyjson_mut_arr(doc);
	struct image image;
	int result = image_of_request(request, &image, error);

	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "%s", "");
	if (!result)
		result = record_list_index(request, &list, IMAGE_TASKS, "image", NULL, image.id,
					   error);
	if (result < 0)
		return result;
	expired_drop(request, &list);
	for (size_t i = 0; i < list.count; i++) {
		yyjson_mut_val *task = yyjson_val_mut_copy(doc, list.items[i]);

		json_set_bool(doc, task, "deleted", false);
		json_set_string(doc, task, "deleted_at", NULL);
		yyjson_mut_arr_append(tasks, task);
	}
	json_set(doc, root, "tasks", tasks);
	return reply_json(request, 200, doc, root);
}
