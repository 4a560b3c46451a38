/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/page.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/page_filter.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/json.h"
#include "firmware/lib/bytes.h"

#define SORTS_MAX (sizeof(((struct page *)0)->sort) / sizeof(((struct page *)0)->sort[0]))

static bool is_service(const struct request *request, const char *type)
{
	return strcmp(request->service->type, type) == 0;
}

/* --- parsing */

static int bad_limit(const struct request *request, const char *text, struct error *error)
{
	if (is_service(request, "compute"))
		return error_set(error, -EINVAL,
				 "Invalid input for query parameters limit. Value: %s. '%s' does "
				 "not match '^[0-9]*$'",
				 text, text);
	if (is_service(request, "image"))
		return error_set(error, -EINVAL, "limit param must be %s",
				 *text == '-' ? "positive" : "an integer");
	return error_fault(error, -EINVAL, 400, "BadRequest",
			   "Bad limit request: Limit must be an integer 0 or greater and not '%s'.",
			   text);
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 18;
}

static int parse_limit(struct request *request, struct page *page, struct error *error)
{
	const struct page_rules *rules = page->rules;
	const char *text = request_query(request, "limit");

	page->limit = rules->standard;
	if (text && (*text || !is_service(request, "compute"))) {
		if (!is_number(text))
			return bad_limit(request, text, error);
		page->limit = strtoull(text, NULL, 10);
		page->nothing = page->limit == 0 && !is_service(request, "network");
	}
	if (rules->most && (page->limit > rules->most || page->limit == 0))
		page->limit = rules->most;
	return 0;
}

static bool is_sort_key(const struct page_rules *rules, const char *key, size_t length)
{
	for (const char *const *allowed = rules->sort_keys; allowed && *allowed; allowed++)
		if (strlen(*allowed) == length && memcmp(*allowed, key, length) == 0)
			return true;
	return rules->default_sort && strlen(rules->default_sort) == length &&
	       memcmp(rules->default_sort, key, length) == 0;
}

static int bad_sort_key(const struct request *request, const char *key, size_t length,
			struct error *error)
{
	if (is_service(request, "image"))
		return error_set(error, -EINVAL, "Invalid sort key: %.*s.", (int)length, key);
	if (is_service(request, "network"))
		return error_fault(error, -EINVAL, 400, "HTTPBadRequest",
				   "['%.*s'] is invalid attribute for sort_keys", (int)length, key);
	return error_set(error, -EINVAL,
			 "Invalid input for query parameters sort_key. Value: %.*s. '%.*s' is not "
			 "one of the sort keys",
			 (int)length, key, (int)length, key);
}

static int bad_sort_direction(const struct request *request, const char *direction,
			      struct error *error)
{
	if (is_service(request, "image"))
		return error_set(error, -EINVAL,
				 "Invalid sort direction: %s. It must be one of the following: "
				 "asc, desc.",
				 direction);
	if (is_service(request, "network"))
		return error_fault(
			error, -EINVAL, 400, "HTTPBadRequest",
			"['%s'] is invalid value for sort_dirs, valid value is 'asc' and "
			"'desc'",
			direction);
	return error_set(
		error, -EINVAL,
		"Invalid input for query parameters sort_dir. Value: %s. '%s' is not one of "
		"['asc', 'desc']",
		direction, direction);
}

static int add_sort(struct request *request, struct page *page, const char *key, size_t length,
		    const char *direction, struct error *error)
{
	bool descending = page->rules->default_descending;

	if (!is_sort_key(page->rules, key, length))
		return bad_sort_key(request, key, length, error);
	if (direction && strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0)
		return bad_sort_direction(request, direction, error);
	if (direction)
		descending = strcmp(direction, "desc") == 0;
	if (page->sorts == SORTS_MAX)
		return error_set(error, -EINVAL, "Too many sort keys.");
	page->sort[page->sorts] = arena_strndup(request->arena, key, length);
	page->descending[page->sorts++] = descending;
	return 0;
}

/* The n-th value of a repeated parameter. */
static const char *nth_value(const struct request *request, const char *name, size_t n)
{
	for (const struct name_value *pair = request->query; pair->name; pair++)
		if (strcmp(pair->name, name) == 0 && n-- == 0)
			return pair->value;
	return NULL;
}

/* "sort=name:desc,created_at" */
static int parse_sort_list(struct request *request, struct page *page, const char *list,
			   struct error *error)
{
	int result = 0;

	while (result == 0 && *list) {
		size_t length = strcspn(list, ","), key = strcspn(list, ":,");
		const char *direction = NULL;

		if (key < length)
			direction = arena_strndup(request->arena, list + key + 1, length - key - 1);
		result = add_sort(request, page, list, key, direction, error);
		list += length + (list[length] == ',');
	}
	return result;
}

static int parse_sorts(struct request *request, struct page *page, struct error *error)
{
	const struct page_rules *rules = page->rules;
	const char *list = request_query(request, "sort"), *key, *direction = NULL;
	int result = 0;

	if (list && rules->sort_list)
		return parse_sort_list(request, page, list, error);
	/* A direction alone is that of the standard key. */
	if (!request_query(request, "sort_key") && rules->default_sort)
		return add_sort(request, page, rules->default_sort, strlen(rules->default_sort),
				nth_value(request, "sort_dir", 0), error);
	for (size_t n = 0; result == 0 && (key = nth_value(request, "sort_key", n)); n++) {
		const char *own = nth_value(request, "sort_dir", n);

		/* Glance: one direction may stand for all keys. */
		direction = own ? own : is_service(request, "image") ? direction : NULL;
		result = add_sort(request, page, key, strlen(key), direction, error);
	}
	return result;
}

static void add_last_sort(struct page *page)
{
	const struct page_rules *rules = page->rules;

	/* The order must be total, else pages overlap. */
	if (page->sorts < SORTS_MAX && rules->id_member) {
		page->sort[page->sorts] = rules->id_member;
		page->descending[page->sorts] =
			page->sorts ? page->descending[page->sorts - 1] : false;
		page->sorts++;
	}
}

int page_parse(struct request *request, const struct page_rules *rules, struct page *page,
	       struct error *error)
{
	const char *reverse = request_query(request, "page_reverse");
	int result;

	*page = (struct page){ .rules = rules };
	page->marker = request_query(request, "marker");
	page->reverse = reverse && (strcasecmp(reverse, "true") == 0 || strcmp(reverse, "1") == 0);
	result = parse_limit(request, page, error);
	if (result == 0)
		result = parse_sorts(request, page, error);
	add_last_sort(page);
	return result;
}

/* --- selecting */

static int compare_values(yyjson_val *a, yyjson_val *b)
{
	bool has_a = a && !yyjson_is_null(a), has_b = b && !yyjson_is_null(b);

	if (!has_a || !has_b)
		return (int)has_a - (int)has_b;
	if (yyjson_is_num(a) && yyjson_is_num(b)) {
		double left = yyjson_get_num(a), right = yyjson_get_num(b);

		return (left > right) - (left < right);
	}
	if (yyjson_is_str(a) && yyjson_is_str(b))
		return bytes_order(yyjson_get_str(a), yyjson_get_len(a), yyjson_get_str(b),
				   yyjson_get_len(b));
	return (int)yyjson_is_true(a) - (int)yyjson_is_true(b);
}

/* A record beside what it is sorted by, which is looked up once. */
struct candidate {
	yyjson_val *record, *keys[SORTS_MAX];
};

static int compare_candidates(const struct candidate *a, const struct candidate *b,
			      const struct page *page)
{
	for (size_t i = 0; i < page->sorts; i++) {
		int order = compare_values(a->keys[i], b->keys[i]);

		if (order)
			return page->descending[i] ? -order : order;
	}
	return 0;
}

/* Merge sort: qsort_r() is not in every C library, and ours is stable. */
static void merge(struct candidate **items, struct candidate **spare, size_t middle, size_t count,
		  const struct page *page)
{
	size_t left = 0, right = middle, out = 0;

	while (left < middle && right < count)
		spare[out++] = compare_candidates(items[right], items[left], page) < 0
				       ? items[right++]
				       : items[left++];
	while (left < middle)
		spare[out++] = items[left++];
	memcpy(items, spare, out * sizeof(struct candidate *));
}

static void sort_candidates(struct candidate **items, struct candidate **spare, size_t count,
			    const struct page *page)
{
	if (count < 2)
		return;
	sort_candidates(items, spare, count / 2, page);
	sort_candidates(items + count / 2, spare, count - count / 2, page);
	merge(items, spare, count / 2, count, page);
}

static struct candidate *candidates_of(struct arena *arena, const struct page *page,
				       yyjson_val **records, size_t count)
{
	struct candidate *candidates = arena_alloc(arena, count * sizeof(*candidates));

	for (size_t i = 0; candidates && i < count; i++) {
		candidates[i].record = records[i];
		for (size_t key = 0; key < page->sorts; key++)
			candidates[i].keys[key] = yyjson_obj_get(records[i], page->sort[key]);
	}
	return candidates;
}

static int sort_records(struct arena *arena, const struct page *page, yyjson_val **records,
			size_t count)
{
	struct candidate *candidates = candidates_of(arena, page, records, count), **items;

	items = arena_alloc(arena, 2 * count * sizeof(struct candidate *));
	if (!candidates || !items)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++)
		items[i] = &candidates[i];
	sort_candidates(items, items + count, count, page);
	for (size_t i = 0; i < count; i++)
		records[i] = items[i]->record;
	return 0;
}

static int bad_marker(const struct request *request, const char *marker, struct error *error)
{
	if (is_service(request, "compute"))
		return error_set(error, -EINVAL, "marker [%s] not found", marker);
	if (is_service(request, "image"))
		return error_set(error, -EINVAL, "marker '%s' not found", marker);
	return error_fault(error, -EINVAL, 400, "BadRequest",
			   "Bad marker request: marker '%s' "
			   "not found.",
			   marker);
}

static ssize_t find_marker(const struct page *page, yyjson_val **records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (json_is(records[i], page->rules->id_member, page->marker))
			return (ssize_t)i;
	return -1;
}

/* Those behind the marker, or before it when the page is read backwards. */
static ssize_t cut(struct request *request, struct page *page, yyjson_val **records, size_t count,
		   struct error *error)
{
	size_t first = 0, last = count;

	if (page->marker && *page->marker) {
		ssize_t at = find_marker(page, records, count);

		if (at < 0)
			return bad_marker(request, page->marker, error);
		if (page->reverse)
			last = (size_t)at;
		else
			first = (size_t)at + 1;
	}
	if (page->nothing)
		last = first;
	if (page->limit && last - first > page->limit) {
		page->more = true;
		if (page->reverse)
			first = last - page->limit;
		else
			last = first + page->limit;
	}
	if (first < last)
		memmove(records, records + first, (last - first) * sizeof(*records));
	return (ssize_t)(last - first);
}

ssize_t page_select(struct request *request, struct page *page, yyjson_val **records, size_t count,
		    struct error *error)
{
	ssize_t kept = page_filter(request, page->rules->filters, records, count, error);

	if (kept < 0)
		return kept;
	if (sort_records(request->arena, page, records, (size_t)kept) < 0)
		return error_set(error, -ENOMEM, "out of memory");
	return cut(request, page, records, (size_t)kept, error);
}

const char *page_next_url(struct request *request, const char *last_id)
{
	struct arena *arena = request->arena;
	const char *target = request->raw_target, *separator = "?";
	char *url = arena_printf(arena, "%s%.*s", request->base_url, (int)strcspn(target, "?#"),
				 target);

	for (const struct name_value *pair = request->query; url && pair->name; pair++) {
		char *name = uri_encode(arena, pair->name, ":"), *value;

		value = uri_encode(arena, pair->value, ":,");
		if (strcmp(pair->name, "marker") == 0 || !name || !value)
			continue;
		url = arena_printf(arena, "%s%s%s=%s", url, separator, name, value);
		separator = "&";
	}
	return url ? arena_printf(arena, "%s%smarker=%s", url, separator,
				  uri_encode(arena, last_id, ":"))
		   : NULL;
}
