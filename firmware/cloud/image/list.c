/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET /v2/images and GET /v2/images/{id}. */
#include <string.h>

#include "firmware/cloud/http/listing.h"
#include "firmware/cloud/http/page.h"
#include "firmware/cloud/http/uri.h"
#include "firmware/cloud/image/internal.h"

static const struct page_filter no_filters[] = { { 0 } }; /* filter.c has Glance's own */
static const char *const sort_keys[] = { "name",        "status",     "container_format",
					 "disk_format", "size",       "id",
					 "created_at",  "updated_at", NULL };

static const struct page_rules rules = {
	.filters = no_filters,
	.sort_keys = sort_keys,
	.default_sort = "created_at",
	.default_descending = true,
	.sort_list = true,
	.most = 1000,
	.standard = 25,
	.id_member = "id",
};

/* Whether a shared image of somebody else belongs in the caller's list. */
static bool membership_shows(struct request *request, yyjson_val *record)
{
	const char *wanted = request_query(request, "member_status");
	const char *project = request->caller->project_id;
	struct error ignored = { 0 };
	yyjson_val *member;

	if (!project || !json_is(record, "visibility", "shared") ||
	    request_get(request, &member, NULL, &ignored, IMAGE_MEMBERS "%s/%s",
			json_string(record, "id"), project))
		return false;
	if (!wanted)
		wanted = "accepted";
	return !strcmp(wanted, "all") || json_is(member, "status", wanted);
}

static bool is_own(const struct request *request, yyjson_val *record)
{
	const char *project = request->caller->project_id;

	return project && json_is(record, "owner", project);
}

/* Community images of others are shown to those who ask for them, or for their owner. */
static bool community_shows(struct request *request, yyjson_val *record)
{
	const char *owner = request_query(request, "owner");

	if (!json_is(record, "visibility", "community") || request_query(request, "visibility"))
		return true;
	return owner ? json_is(record, "owner", owner) : is_own(request, record);
}

static bool is_listed(struct request *request, yyjson_val *record)
{
	if (!community_shows(request, record))
		return false;
	return policy_owns(request, json_string(record, "owner")) ||
	       json_is(record, "visibility", "public") ||
	       json_is(record, "visibility", "community") || membership_shows(request, record);
}

/* Keeps what the caller may see and asked for. */
static int records_filter(struct request *request, struct record_list *list, struct error *error)
{
	size_t kept = 0;
	int result = filter_match(request->arena, request->query, NULL, error);

	for (size_t i = 0; i < list->count && result >= 0; i++) {
		result = filter_match(request->arena, request->query, list->items[i], error);
		if (result > 0 && is_listed(request, list->items[i]))
			list->items[kept++] = list->items[i];
	}
	list->count = kept;
	return result < 0 ? result : 0;
}

/* "/v2/images?limit=1&marker=<id>" */
const char *image_page_url(struct request *request, const char *path, const char *marker)
{
	struct arena *arena = request->arena;
	const char *url = path;
	char separator = '?';

	for (const struct name_value *item = request->query; item && item->name && url; item++) {
		if (!strcmp(item->name, "marker"))
			continue;
		url = arena_printf(arena, "%s%c%s=%s", url, separator,
				   uri_encode(arena, item->name, ""),
				   uri_encode(arena, item->value, ""));
		separator = '&';
	}
	if (marker)
		url = arena_printf(arena, "%s%cmarker=%s", url, separator, marker);
	return url;
}

static yyjson_mut_val *item_make(yyjson_val *record, const void *context, yyjson_mut_doc *doc,
				 struct arena *arena)
{
	(void)context;
	(void)arena;
	return image_view(doc, record);
}

static int list_reply(struct request *request, const struct page *page, yyjson_val **records,
		      size_t count)
{
	static const struct face face = { .variant = "image", .make = item_make };
	struct listing *listing = listing_new(request, "images");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *beside = yyjson_mut_obj(doc);

	for (size_t i = 0; i < count; i++)
		listing_add(listing, records[i], &face, NULL);
	json_set_string(doc, beside, "first", image_page_url(request, "/v2/images", NULL));
	json_set_string(doc, beside, "schema", "/v2/schemas/images");
	if (page->more && count)
		json_set_string(doc, beside, "next",
				image_page_url(request, "/v2/images",
					       json_string(records[count - 1], "id")));
	return listing_reply(listing, beside);
}

int image_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	struct page page;
	ssize_t count;
	int result;

	if (image_id_is_empty(request))
		return error_fault(error, -ENOENT, 404, NULL, "%s", "");
	result = page_parse(request, &rules, &page, error);
	if (!result)
		result = record_list_range(request, &list, IMAGE_RECORDS, error);
	if (result >= 0)
		result = records_filter(request, &list, error);
	if (result < 0)
		return result;
	count = page_select(request, &page, list.items, list.count, error);
	if (count < 0)
		return (int)count;
	return list_reply(request, &page, list.items, (size_t)count);
}

int image_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	struct image image;
	int result = image_of_request(request, &image, error);

	return result ? result : reply_json(request, 200, doc, image_view(doc, image.record));
}
