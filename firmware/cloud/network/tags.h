/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tags of resources: words by which their owner finds them. */
#ifndef CUMULET_NETWORK_TAGS_H
#define CUMULET_NETWORK_TAGS_H

#include "firmware/cloud/network/resource.h"

/* ?tags, tags-any, not-tags, not-tags-any: does the record fit? */
bool tags_match(struct request *request, yyjson_val *record);

/* GET, PUT, DELETE .../{id}/tags and .../{id}/tags/{tag} */
int tags_list(const struct resource *resource, struct request *request, struct error *error);
int tags_replace(const struct resource *resource, struct request *request, struct error *error);
int tags_clear(const struct resource *resource, struct request *request, struct error *error);
int tag_show(const struct resource *resource, struct request *request, struct error *error);
int tag_add(const struct resource *resource, struct request *request, struct error *error);
int tag_remove(const struct resource *resource, struct request *request, struct error *error);

#define TAG_HANDLER(name, what, action)                                                            \
	static int name##_##what##_##action(struct request *request, struct error *error)          \
	{                                                                                          \
		return what##_##action(&resource_##name, request, error);                          \
	}

#define TAG_HANDLERS(name)                                                                         \
	TAG_HANDLER(name, tags, list)                                                              \
	TAG_HANDLER(name, tags, replace)                                                           \
	TAG_HANDLER(name, tags, clear)                                                             \
	TAG_HANDLER(name, tag, show)                                                               \
	TAG_HANDLER(name, tag, add)                                                                \
	TAG_HANDLER(name, tag, remove)

#define TAG_ROUTES(collection, kind)                                                               \
	{ .method = "GET", .path = "/v2.0/" collection "/{id}/tags", .handle = kind##_tags_list }, \
		{ .method = "PUT",                                                                 \
		  .path = "/v2.0/" collection "/{id}/tags",                                        \
		  .handle = kind##_tags_replace,                                                   \
		  .body = &resource_body,                                                          \
		  .policy = "update" },                                                            \
		{ .method = "DELETE",                                                              \
		  .path = "/v2.0/" collection "/{id}/tags",                                        \
		  .handle = kind##_tags_clear,                                                     \
		  .policy = "update" },                                                            \
		{ .method = "GET",                                                                 \
		  .path = "/v2.0/" collection "/{id}/tags/{tag}",                                  \
		  .handle = kind##_tag_show },                                                     \
		{ .method = "PUT",                                                                 \
		  .path = "/v2.0/" collection "/{id}/tags/{tag}",                                  \
		  .handle = kind##_tag_add,                                                        \
		  .flags = ROUTE_NO_BODY,                                                          \
		  .policy = "update" },                                                            \
	{                                                                                          \
		.method = "DELETE", .path = "/v2.0/" collection "/{id}/tags/{tag}",                \
		.handle = kind##_tag_remove, .policy = "update"                                    \
	}

#endif
