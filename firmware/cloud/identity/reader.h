/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading records as JSON, within a request or without one (a token is checked before there is a
 * request): a view of the store and the arena that takes what is read.
 */
#ifndef CUMULET_IDENTITY_READER_H
#define CUMULET_IDENTITY_READER_H

#include "firmware/cloud/http/request.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/store/store.h"

struct reader {
	struct store_view *view;
	struct arena *arena;
};

int reader_of_request(struct request *request, struct reader *reader, struct error *error);

/* -ENOENT without a message. 'revision' may be NULL. */
int record_get(const struct reader *reader, yyjson_val **value, uint64_t *revision,
	       struct error *error, const char *key_format, ...)
	__attribute__((format(printf, 5, 6)));

struct record {
	const char *key;
	yyjson_val *value;
	uint64_t revision;
};

struct records {
	struct record *items;
	size_t count, capacity;
};

/* All records below a prefix, in the order of their keys; 'records' starts zeroed. */
int records_range(const struct reader *reader, struct records *records, struct error *error,
		  const char *prefix_format, ...) __attribute__((format(printf, 4, 5)));
int records_index(const struct reader *reader, struct records *records, const char *prefix,
		  const char *index, const char *scope, const char *value, struct error *error);

#endif
