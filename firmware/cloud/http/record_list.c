/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/page.h"

static int grow(struct record_list *list)
{
	size_t capacity = list->capacity ? 2 * list->capacity : 32;
	struct arena *arena = list->request->arena;

	list->items = arena_realloc(arena, list->items, list->capacity * sizeof(*list->items),
				    capacity * sizeof(*list->items));
	list->revisions =
		arena_realloc(arena, list->revisions, list->capacity * sizeof(*list->revisions),
			      capacity * sizeof(*list->revisions));
	if (!list->items || !list->revisions)
		return -ENOMEM;
	list->capacity = capacity;
	return 0;
}

static int add_document(const struct store_document *document, void *context)
{
	struct record_list *list = context;

	if (list->count == list->capacity && grow(list) < 0)
		return -ENOMEM;
	list->items[list->count] = document->root;
	list->revisions[list->count++] = document->revision;
	return 0;
}

static int finish(int64_t result, struct error *error)
{
	if (result == -ENOMEM)
		return error_set(error, -ENOMEM, "out of memory");
	return result < 0 ? (int)result : 0;
}

int record_list_range(struct request *request, struct record_list *list, const char *prefix,
		      struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	list->request = request;
	if (result < 0)
		return result;
	return finish(store_read_range(view, request->arena, prefix, add_document, list, error),
		      error);
}

int record_list_index(struct request *request, struct record_list *list, const char *prefix,
		      const char *index, const char *scope, const char *value, struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	list->request = request;
	if (result < 0)
		return result;
	return finish(store_read_index(view, request->arena, prefix, index, scope, value,
				       add_document, list, error),
		      error);
}
