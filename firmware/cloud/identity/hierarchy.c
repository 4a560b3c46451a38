/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/hierarchy.h"

#include <string.h>

static int record_add(const struct reader *reader, struct records *records, yyjson_val *value,
		      struct error *error)
{
	if (records->count == records->capacity) {
		size_t capacity = 2 * records->capacity + 8;
		struct record *items = arena_realloc(reader->arena, records->items,
						     records->capacity * sizeof(*items),
						     capacity * sizeof(*items));

		if (!items)
			return error_set(error, -ENOMEM, "no memory");
		records->items = items;
		records->capacity = capacity;
	}
	records->items[records->count++] = (struct record){ .value = value };
	return 0;
}

int hierarchy_above(const struct reader *reader, const char *project_id, struct records *above,
		    struct error *error)
{
	yyjson_val *record;
	int result = record_get(reader, &record, NULL, error, "/identity/project/%s", project_id);

	for (size_t i = 0; result == 0 && i < HIERARCHY_DEPTH; i++) {
		const char *parent_id = json_string(record, "parent_id");
		const char *domain_id = json_string(record, "domain_id");
		bool top = !parent_id || !domain_id || !strcmp(parent_id, domain_id);

		result = record_get(reader, &record, NULL, error, "/identity/%s/%s",
				    top ? "domain" : "project", top ? domain_id : parent_id);
		if (result == 0)
			result = record_add(reader, above, record, error);
		if (top)
			break;
	}
	return result == -ENOENT ? 0 : result;
}

int hierarchy_below(const struct reader *reader, const char *project_id, struct records *below,
		    struct error *error)
{
	const char *parent_id = project_id;
	int result = 0;

	/* The list grows while it is walked: the children of what was added are added as well. */
	for (size_t next = 0; result == 0; next++) {
		struct records children = { 0 };

		result = records_index(reader, &children, "/identity/project/", "parent", NULL,
				       parent_id, error);
		for (size_t i = 0; result == 0 && i < children.count; i++)
			result = record_add(reader, below, children.items[i].value, error);
		if (next == below->count)
			break;
		parent_id = json_string(below->items[next].value, "id");
	}
	return result;
}
