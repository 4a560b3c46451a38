/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies that list records: {"servers": [...], and members beside the list}.
 *
 * What is shown of a record by itself is made once for each of its revisions, and kept as text beside
 * its document (store_text() in store.h), for all requests to which it is shown the same way. What
 * depends on other records is made each time and follows within the item.
 */
#ifndef CUMULET_HTTP_LISTING_H
#define CUMULET_HTTP_LISTING_H

#include "firmware/cloud/http/request.h"

/* A way of showing records, each by an object with at least one member. 'make' looks at nothing but its arguments, and 'variant' says, word for
 * word, all that it finds behind 'context': what has the same variant is shown the same. The value's
 * memory is the arena's, which goes when it has been written. NULL: out of memory. */
struct face {
	const char *variant;
	yyjson_mut_val *(*make)(yyjson_val *record, const void *context, yyjson_mut_doc *doc,
				struct arena *arena);
	const void *context;
};

/* Of the request; 'name' is the list's. NULL when out of memory, which the others put up with. */
struct listing *listing_new(struct request *request, const char *name);
/* One more item: a record that was read from the store for this request, by this face. 'more' is an
 * object whose members, all of other names, come behind the face's; it may be NULL. */
void listing_add(struct listing *listing, yyjson_val *record, const struct face *face,
		 yyjson_mut_val *more);
/* One more item, which is not kept; NULL is out of memory. */
void listing_add_value(struct listing *listing, yyjson_mut_val *value);
/* Replies 200; 'beside' is an object with the other members, and may be NULL. */
int listing_reply(struct listing *listing, yyjson_mut_val *beside);

#endif
