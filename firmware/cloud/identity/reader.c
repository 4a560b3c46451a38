/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/reader.h"

#include <stdio.h>
#include <string.h>

int reader_of_request(struct request *request, struct reader *reader, struct error *error)
{
	reader->arena = request->arena;
	return request_view(request, &reader->view, error);
}

int record_get(const struct reader *reader, yyjson_val **value, uint64_t *revision,
	       struct error *error, const char *key_format, ...)
{
	char key[STORE_KEY_MAX];
	struct store_record record;
	va_list arguments;
	int length, result;

	va_start(arguments, key_format);
	length = vsnprintf(key, sizeof(key), key_format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(key))
		return -ENOENT;
	result = store_get(reader->view, reader->arena, key, &record, error);
	if (result < 0)
		return result;
	*value = json_parse(reader->arena, record.value, record.size);
	if (revision)
		*revision = record.revision;
	return *value ? 0 : error_set(error, -EIO, "record %s can't be read", key);
}

struct collector {
	const struct reader *reader;
	struct records *records;
};

static bool records_grow(struct arena *arena, struct records *records)
{
	size_t capacity = records->capacity ? 2 * records->capacity : 16;
	struct record *items =
		arena_realloc(arena, records->items, records->capacity * sizeof(*items),
			      capacity * sizeof(*items));

	if (!items)
		return false;
	records->items = items;
	records->capacity = capacity;
	return true;
}

static int record_collect(const struct store_record *stored, void *context)
{
	struct collector *collector = context;
	struct records *records = collector->records;
	struct arena *arena = collector->reader->arena;
	yyjson_val *value = json_parse(arena, stored->value, stored->size);

	if (!value || (records->count == records->capacity && !records_grow(arena, records)))
		return -ENOMEM;
	records->items[records->count++] =
		(struct record){ arena_strdup(arena, stored->key), value, stored->revision };
	return 0;
}

int records_range(const struct reader *reader, struct records *records, struct error *error,
		  const char *prefix_format, ...)
{
	struct collector collector = { reader, records };
	char prefix[STORE_KEY_MAX];
	va_list arguments;
	int64_t result;
	int length;

	va_start(arguments, prefix_format);
	length = vsnprintf(prefix, sizeof(prefix), prefix_format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(prefix))
		return 0;
	result = store_range(reader->view, reader->arena, prefix, NULL, 0, record_collect,
			     &collector, error);
	return result < 0 ? (int)result : 0;
}

int records_index(const struct reader *reader, struct records *records, const char *prefix,
		  const char *index, const char *scope, const char *value, struct error *error)
{
	struct collector collector = { reader, records };
	int64_t result = store_range_index(reader->view, reader->arena, prefix, index, scope, value,
					   record_collect, &collector, error);

	return result < 0 ? (int)result : 0;
}
