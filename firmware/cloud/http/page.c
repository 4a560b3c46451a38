/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/page_filter.h"
#include "firmware/cloud/json.h"

#define SORTS_MAX (sizeof(((struct page *)0)->sort) / sizeof(char *))

static int parse_limit(struct request *request, struct page *page, struct error *error)
{
	const char *text = request_query(request, "limit");
	char *end;
	long long limit;

	page->limit = page->rules->standard;
	if (text) {
		limit = strtoll(text, &end, 10);
		if (!*text || *end)
			return error_set(error, -EINVAL, "limit param must be an integer");
		if (limit < 0)
			return error_set(error, -EINVAL, "limit param must be positive");
		page->limit = (uint64_t)limit;
		/* A page of nothing would never end: 0 asks for the standard size. */
		if (!limit)
			page->limit = page->rules->standard;
	}
	if (page->rules->most && (!page->limit || page->limit > page->rules->most))
		page->limit = page->rules->most;
	return 0;
}

static const char *allowed_key(const struct page_rules *rules, const char *key, size_t length)
{
	for (const char *const *allowed = rules->sort_keys; allowed && *allowed; allowed++)
		if (strlen(*allowed) == length && !strncmp(*allowed, key, length))
			return *allowed;
	return NULL;
}

static int add_sort(struct page *page, const char *key, size_t length, struct error *error)
{
	const char *allowed = allowed_key(page->rules, key, length);

	if (!allowed)
		return error_set(error, -EINVAL, "Invalid sort key: %.*s",
				 (int)(length < 200 ? length : 200), key);
	if (page->sorts == SORTS_MAX)
		return error_set(error, -EINVAL, "Too many sort keys");
	page->sort[page->sorts] = allowed;
	page->descending[page->sorts++] = page->rules->default_descending;
	return 0;
}

static int set_direction(struct page *page, size_t index, const char *text, size_t length,
			 struct error *error)
{
	bool descending = length == 4 && !strncmp(text, "desc", 4);

	if (!descending && (length != 3 || strncmp(text, "asc", 3)))
		return error_set(error, -EINVAL, "Invalid sort direction: %.*s",
				 (int)(length < 200 ? length : 200), text);
	if (index < page->sorts)
		page->descending[index] = descending;
	return 0;
}

/* "name:asc,status" */
static int parse_sort_list(struct page *page, const char *text, struct error *error)
{
	int result = 0;

	while (!result && *text) {
		size_t item = strcspn(text, ","), key = strcspn(text, ",:");

		result = add_sort(page, text, key, error);
		if (!result && text[key] == ':')
			result = set_direction(page, page->sorts - 1, text + key + 1,
					       item - key - 1, error);
		text += item + (text[item] == ',');
	}
	return result;
}

static int parse_sort(struct request *request, struct page *page, struct error *error)
{
	const char *list = request_query(request, "sort");
	size_t directions = 0;
	int result = 0;

	if (list && page->rules->sort_list)
		return parse_sort_list(page, list, error);
	for (const struct name_value *query = request->query; !result && query && query->name;
	     query++)
		if (!strcmp(query->name, "sort_key"))
			result = add_sort(page, query->value, strlen(query->value), error);
	if (!result && !page->sorts && page->rules->default_sort)
		result = add_sort(page, page->rules->default_sort,
				  strlen(page->rules->default_sort), error);
	for (const struct name_value *query = request->query; !result && query && query->name;
	     query++)
		if (!strcmp(query->name, "sort_dir"))
			result = set_direction(page, directions++, query->value,
					       strlen(query->value), error);
	return result;
}

int page_parse(struct request *request, const struct page_rules *rules, struct page *page,
	       struct error *error)
{
	const char *reverse = request_query(request, "page_reverse");
	int result;

	*page = (struct page){ .rules = rules, .marker = request_query(request, "marker") };
	page->reverse = reverse && (!strcasecmp(reverse, "true") || !strcmp(reverse, "1"));
	result = parse_limit(request, page, error);
	return result ? result : parse_sort(request, page, error);
}

static int rank(yyjson_val *value)
{
	return !value || yyjson_is_null(value) ? 0 : 1 + (yyjson_is_str(value) ? 1 : 0);
}

static int compare_values(yyjson_val *one, yyjson_val *other)
{
	if (rank(one) != rank(other))
		return rank(one) - rank(other);
	if (yyjson_is_str(one))
		return strcmp(yyjson_get_str(one), yyjson_get_str(other));
	if (yyjson_is_bool(one))
		return (int)yyjson_get_bool(one) - (int)yyjson_get_bool(other);
	if (yyjson_is_int(one) && yyjson_is_int(other))
		return yyjson_get_sint(one) < yyjson_get_sint(other) ?
			       -1 :
			       yyjson_get_sint(one) > yyjson_get_sint(other);
	return 0;
}

static int compare_records(const void *one, const void *other, void *context)
{
	yyjson_val *const *a = one, *const *b = other;
	const struct page *page = context;
	const char *id = page->rules->id_member;
	bool descending = page->sorts && page->descending[page->sorts - 1];
	int order;

	for (size_t i = 0; i < page->sorts; i++) {
		order = compare_values(yyjson_obj_get(*a, page->sort[i]),
				       yyjson_obj_get(*b, page->sort[i]));
		if (order)
			return page->descending[i] ? -order : order;
	}
	/* Equal records keep one order from page to page. */
	order = id ? compare_values(yyjson_obj_get(*a, id), yyjson_obj_get(*b, id)) : 0;
	return descending ? -order : order;
}

static ssize_t find_marker(const struct page *page, yyjson_val **records, size_t count,
			   struct error *error)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(records[i], page->rules->id_member, page->marker))
			return (ssize_t)i;
	return error_set(error, -EINVAL, "marker [%.200s] not found", page->marker);
}

static size_t cut(struct page *page, yyjson_val **records, size_t first, size_t end)
{
	size_t most = page->limit && page->limit < end - first ? page->limit : end - first;

	page->more = most < end - first;
	if (page->reverse)
		first = end - most;
	memmove(records, records + first, most * sizeof(*records));
	return most;
}

ssize_t page_select(struct request *request, struct page *page, yyjson_val **records, size_t count,
		    struct error *error)
{
	size_t kept = 0;
	ssize_t marker;

	for (size_t i = 0; i < count; i++)
		if (page_filters_pass(request, page->rules->filters, records[i]))
			records[kept++] = records[i];
	if (kept > 1)
		qsort_r(records, kept, sizeof(*records), compare_records, page);
	if (!kept)
		return page->marker ? find_marker(page, records, 0, error) : 0;
	if (!page->marker)
		return (ssize_t)cut(page, records, 0, kept);
	marker = find_marker(page, records, kept, error);
	if (marker < 0)
		return marker;
	return (ssize_t)(page->reverse ? cut(page, records, 0, (size_t)marker) :
					 cut(page, records, (size_t)marker + 1, kept));
}

static bool plain(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       strchr("-_.~", c);
}

static const char *encode(struct arena *arena, const char *text)
{
	static const char digits[] = "0123456789ABCDEF";
	char *out = arena_alloc(arena, 3 * strlen(text) + 1), *to = out;

	for (; out && *text; text++) {
		if (plain(*text)) {
			*to++ = *text;
			continue;
		}
		*to++ = '%';
		*to++ = digits[(unsigned char)*text >> 4];
		*to++ = digits[*text & 15];
	}
	return out;
}

const char *page_next_url(struct request *request, const char *last_id)
{
	struct arena *arena = request->arena;
	size_t path = strcspn(request->raw_target, "?");
	const char *url = arena_printf(arena, "%s%.*s?", request->base_url, (int)path,
				       request->raw_target);

	for (const struct name_value *query = request->query; query && query->name; query++)
		if (strcmp(query->name, "marker"))
			url = arena_printf(arena, "%s%s=%s&", url, encode(arena, query->name),
					   encode(arena, query->value));
	return arena_printf(arena, "%smarker=%s", url, encode(arena, last_id));
}

/* --- lists of records --- */

static int grow(struct record_list *list)
{
	struct arena *arena = list->request->arena;
	size_t capacity = list->capacity ? 2 * list->capacity : 32;

	list->items = arena_realloc(arena, list->items, list->capacity * sizeof(*list->items),
				    capacity * sizeof(*list->items));
	list->revisions = arena_realloc(arena, list->revisions,
					list->capacity * sizeof(*list->revisions),
					capacity * sizeof(*list->revisions));
	list->capacity = capacity;
	return list->items && list->revisions ? 0 : -ENOMEM;
}

static int take(const struct store_record *record, void *context)
{
	struct record_list *list = context;
	yyjson_val *value = json_parse(list->request->arena, record->value, record->size);

	if (!value)
		return -EIO;
	if (list->count == list->capacity && grow(list))
		return -ENOMEM;
	list->items[list->count] = value;
	list->revisions[list->count++] = record->revision;
	return 0;
}

int record_list_range(struct request *request, struct record_list *list, const char *prefix,
		      struct error *error)
{
	struct store_view *view;
	int64_t result = request_view(request, &view, error);

	list->request = request;
	if (!result)
		result = store_range(view, request->arena, prefix, NULL, 0, take, list, error);
	return result < 0 ? (int)result : 0;
}

int record_list_index(struct request *request, struct record_list *list, const char *prefix,
		      const char *index, const char *scope, const char *value, struct error *error)
{
	struct store_view *view;
	int64_t result = request_view(request, &view, error);

	list->request = request;
	if (!result)
		result = store_range_index(view, request->arena, prefix, index, scope, value, take,
					   list, error);
	return result < 0 ? (int)result : 0;
}
