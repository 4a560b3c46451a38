/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/resource.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "firmware/lib/uuid.h"

const char *json_member(yyjson_mut_val *object, const char *name)
{
	return yyjson_mut_get_str(yyjson_mut_obj_get(object, name));
}

int resource_missing(const struct resource *resource, const char *id, struct error *error)
{
	return error_fault(error, -ENOENT, 404, resource->missing_type, "%s%s%s",
			   resource->missing_before, id, resource->missing_after);
}

yyjson_val *value_freeze(struct request *request, yyjson_mut_val *object)
{
	const char *text = json_write(request->arena, object);

	return text ? json_parse(request->arena, text, strlen(text)) : NULL;
}

int change_begin(struct change *change, struct request *request, struct error *error)
{
	change->request = request;
	change->default_group = change->default_group_key = NULL;
	change->made = 0;
	change->doc = request_document(request);
	change->txn = store_txn_new(request->arena);
	if (!change->doc || !change->txn)
		return error_set(error, -ENOMEM, "out of memory");
	return request_view(request, &change->view, error);
}

bool resource_visible(const struct resource *resource, struct request *request, yyjson_val *record)
{
	if (resource->visible && resource->visible(request, record))
		return true;
	return policy_owns(request, json_string(record, "project_id"));
}

int resource_get(struct store_view *view, struct arena *arena, const struct resource *resource,
		 const char *id, yyjson_val **value, struct error *error)
{
	char key[STORE_KEY_MAX];
	struct store_document document;
	int result;

	if (snprintf(key, sizeof(key), "%s%s", resource->prefix, id) >= (int)sizeof(key))
		return resource_missing(resource, id, error);
	result = store_read(view, arena, key, &document, error);
	if (result == -ENOENT)
		return resource_missing(resource, id, error);
	if (!result)
		*value = document.root;
	return result;
}

int change_get(struct change *change, const struct resource *resource, const char *id,
	       yyjson_val **value, struct error *error)
{
	char key[STORE_KEY_MAX];
	struct store_document document;
	int result;

	if (snprintf(key, sizeof(key), "%s%s", resource->prefix, id) >= (int)sizeof(key))
		return resource_missing(resource, id, error);
	result = store_read(change->view, change->request->arena, key, &document, error);
	if (result == -ENOENT)
		return resource_missing(resource, id, error);
	if (result)
		return result;
	store_txn_compare(change->txn, key, document.revision);
	*value = document.root;
	return 0;
}

int change_find(struct change *change, const struct resource *resource, const char *id,
		yyjson_val **value, struct error *error)
{
	int result = change_get(change, resource, id, value, error);

	if (!result && !resource_visible(resource, change->request, *value))
		return resource_missing(resource, id, error);
	return result;
}

static const char *now_text(char text[static 24])
{
	time_t now = time(NULL);
	struct tm utc;

	strftime(text, 24, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
	return text;
}

void object_begin(struct change *change, yyjson_mut_val *object)
{
	char id[UUID_SIZE], now[24];

	uuid_make(id);
	json_set_string(change->doc, object, "id", id);
	json_set(change->doc, object, "tags", yyjson_mut_arr(change->doc));
	json_set_string(change->doc, object, "created_at", now_text(now));
	json_set_integer(change->doc, object, "revision_number", 0);
}

void change_put(struct change *change, const struct resource *resource, yyjson_mut_val *object)
{
	int64_t revision = yyjson_mut_get_sint(yyjson_mut_obj_get(object, "revision_number"));
	char key[STORE_KEY_MAX], now[24];

	json_set_string(change->doc, object, "updated_at", now_text(now));
	json_set_integer(change->doc, object, "revision_number", revision + 1);
	snprintf(key, sizeof(key), "%s%s", resource->prefix, json_member(object, "id"));
	store_txn_put(change->txn, key, json_write(change->request->arena, object));
}

void change_touch(struct change *change, const struct resource *resource, yyjson_val *old)
{
	char key[STORE_KEY_MAX];

	/* Two children of one parent in a bulk request: once is enough. */
	snprintf(key, sizeof(key), "%s%s", resource->prefix, json_string(old, "id"));
	if (store_txn_has(change->txn, key))
		return;
	change_put(change, resource, yyjson_val_mut_copy(change->doc, old));
}

void change_pin(struct change *change, const struct resource *resource, yyjson_val *record)
{
	char key[STORE_KEY_MAX];

	snprintf(key, sizeof(key), "%s%s", resource->prefix, json_string(record, "id"));
	if (!store_txn_has(change->txn, key))
		store_txn_put(change->txn, key,
			      json_write(change->request->arena,
					 yyjson_val_mut_copy(change->doc, record)));
}

void change_delete(struct change *change, const struct resource *resource, const char *id)
{
	char key[STORE_KEY_MAX];

	snprintf(key, sizeof(key), "%s%s", resource->prefix, id);
	store_txn_delete(change->txn, key);
}

/* --- records by index --- */

struct gathering {
	struct arena *arena;
	struct network_ports *records;
	size_t capacity;
};

static int gather(const struct store_document *document, void *context)
{
	struct gathering *gathering = context;
	struct network_ports *records = gathering->records;

	if (records->count == gathering->capacity) {
		size_t capacity = gathering->capacity ? 2 * gathering->capacity : 16;

		records->items = arena_realloc(gathering->arena, records->items,
					       gathering->capacity * sizeof(*records->items),
					       capacity * sizeof(*records->items));
		if (!records->items)
			return -ENOMEM;
		gathering->capacity = capacity;
	}
	records->items[records->count++] = document->root;
	return 0;
}

int resource_range(struct store_view *view, struct arena *arena, const struct resource *resource,
		   const char *index, const char *value, struct network_ports *records,
		   struct error *error)
{
	struct gathering gathering = { .arena = arena, .records = records };
	int64_t result;

	*records = (struct network_ports){ 0 };
	if (index)
		result = store_read_index(view, arena, resource->prefix, index, NULL, value, gather,
					  &gathering, error);
	else
		result = store_read_range(view, arena, resource->prefix, gather, &gathering, error);
	return result < 0 ? (int)result : 0;
}
