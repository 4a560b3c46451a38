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
	struct store_document document;
	va_list arguments;
	int length, result;

	va_start(arguments, key_format);
	length = vsnprintf(key, sizeof(key), key_format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(key))
		return -ENOENT;
	result = store_read(reader->view, reader->arena, key, &document, error);
	if (result < 0)
		return result;
	*value = document.root;
	if (revision)
		*revision = document.revision;
	return 0;
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

static int record_collect(const struct store_document *document, void *context)
{
	struct collector *collector = context;
	struct records *records = collector->records;

	if (records->count == records->capacity && !records_grow(collector->reader->arena, records))
		return -ENOMEM;
	records->items[records->count++] =
		(struct record){ document->key, document->root, document->revision };
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
	result = store_read_range(reader->view, reader->arena, prefix, record_collect, &collector,
				  error);
	return result < 0 ? (int)result : 0;
}

int records_index(const struct reader *reader, struct records *records, const char *prefix,
		  const char *index, const char *scope, const char *value, struct error *error)
{
	struct collector collector = { reader, records };
	int64_t result = store_read_index(reader->view, reader->arena, prefix, index, scope, value,
					  record_collect, &collector, error);

	return result < 0 ? (int)result : 0;
}
