/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *link_self_at(struct arena *arena, const char *base_url, const char *collection,
				const char *id)
{
	return arena_join(arena, (const char *const[]){ base_url, COMPUTE_PREFIX "/", collection,
							"/", id, NULL });
}

const char *link_self(struct request *request, const char *collection, const char *id)
{
	return link_self_at(request->arena, request->base_url, collection, id);
}

/* A bookmark names a thing without the API's version. */
const char *link_bookmark(struct arena *arena, const char *base_url, const char *collection,
			  const char *id)
{
	return arena_join(
		arena, (const char *const[]){ base_url, "/compute/", collection, "/", id, NULL });
}

static void link_add(yyjson_mut_doc *doc, yyjson_mut_val *links, const char *rel, const char *href)
{
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(doc, links);

	yyjson_mut_obj_add_str(doc, link, "rel", rel);
	yyjson_mut_obj_add_str(doc, link, "href", href);
}

yyjson_mut_val *links_at(struct arena *arena, const char *base_url, yyjson_mut_doc *doc,
			 const char *collection, const char *id)
{
	yyjson_mut_val *links = yyjson_mut_arr(doc);

	link_add(doc, links, "self", link_self_at(arena, base_url, collection, id));
	link_add(doc, links, "bookmark", link_bookmark(arena, base_url, collection, id));
	return links;
}

yyjson_mut_val *links_of(struct request *request, yyjson_mut_doc *doc, const char *collection,
			 const char *id)
{
	return links_at(request->arena, request->base_url, doc, collection, id);
}

/* Nova gives a next link for each full page, also when nothing lies behind it. */
void links_next(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root,
		const char *name, const struct page *page, size_t count, const char *last)
{
	uint64_t most =
		page->limit && page->limit < COMPUTE_PAGE_MAX ? page->limit : COMPUTE_PAGE_MAX;

	if (count == 0 || count != most)
		return;
	link_add(doc, yyjson_mut_obj_add_arr(doc, root, name), "next",
		 page_next_url(request, last));
}

int boolean_parse(const char *text, bool *value)
{
	static const char *const yes[] = { "1", "t", "true", "on", "y", "yes", NULL };
	static const char *const no[] = { "0", "f", "false", "off", "n", "no", NULL };

	for (size_t i = 0; yes[i]; i++)
		if (!strcasecmp(text, yes[i]))
			return *value = true, 0;
	for (size_t i = 0; no[i]; i++)
		if (!strcasecmp(text, no[i]))
			return *value = false, 0;
	return -EINVAL;
}

int64_t integer_of(yyjson_val *value, int64_t absent)
{
	if (yyjson_is_int(value))
		return yyjson_get_sint(value);
	if (yyjson_is_str(value))
		return strtoll(yyjson_get_str(value), NULL, 10);
	return absent;
}

yyjson_val *json_frozen(struct arena *arena, const yyjson_mut_val *value)
{
	const char *text = json_write(arena, value);

	return text ? json_parse(arena, text, strlen(text)) : NULL;
}
