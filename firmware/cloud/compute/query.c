/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/query.h"

#include <stdlib.h>
#include <string.h>

static bool listed(const char *const *names, const char *name)
{
	while (*names && strcmp(*names, name))
		names++;
	return *names;
}

int query_known(const struct request *request, const char *const *names, unsigned since,
		struct error *error)
{
	if (request->microversion < since)
		return 0;
	for (const struct name_value *query = request->query; query && query->name; query++)
		if (!listed(names, query->name))
			return error_set(error, -EINVAL,
					 "Invalid input for query parameters: Additional "
					 "properties are not allowed ('%s' was unexpected)",
					 query->name);
	return 0;
}

static int offset_read(const struct request *request, size_t *offset, struct error *error)
{
	const char *text = request_query(request, "offset");

	*offset = text ? strtoul(text, NULL, 10) : 0;
	if (!text || strspn(text, "0123456789") == strlen(text))
		return 0;
	return error_set(error, -EINVAL,
			 "Invalid input for query parameters offset. Value: %s. '%s' does not "
			 "match '^[0-9]*$'",
			 text, text);
}

int window_select(struct request *request, const struct page_rules *rules, struct record_list *list,
		  struct window *window, struct error *error)
{
	struct page page = { 0 };
	uint64_t limit;
	ssize_t count;
	int result = page_parse(request, rules, &page, error);

	*window = (struct window){ 0 };
	if (result == 0)
		result = offset_read(request, &window->first, error);
	if (result < 0)
		return result;
	limit = page.limit;
	page.limit = 0;
	page.nothing = false;
	page.marker = NULL;
	count = page_select(request, &page, list->items, list->count, error);
	if (count < 0)
		return (int)count;
	if (window->first > (size_t)count)
		window->first = (size_t)count;
	window->end = (size_t)count - window->first > limit ? window->first + limit : (size_t)count;
	return 0;
}
