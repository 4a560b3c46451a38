/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a client sends: heads in a row as on one connection, their targets, ranges and bodies. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/http/chunked.h"
#include "firmware/cloud/http/head.h"
#include "firmware/cloud/http/uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t skip_chunks(const char *bytes, size_t size)
{
	struct chunked chunked = { 0 };
	size_t at = 0, length;
	const char *part;

	while (at < size && !chunked_done(&chunked)) {
		ssize_t used = chunked_decode(&chunked, bytes + at, size - at, &part, &length);

		if (used < 0)
			return size;
		assert(used > 0 && (size_t)used <= size - at);
		assert(!length || (part >= bytes && part + length <= bytes + at + (size_t)used));
		at += (size_t)used;
	}
	return at;
}

static void look_at(const struct head *head)
{
	struct arena arena = ARENA_INIT;
	const struct name_value *query;
	const char *path;
	uint64_t offset, length;

	if (uri_split(&arena, head->target, &path, &query) == 0) {
		assert(utf8_valid(path, strlen(path)));
		for (; query->name; query++)
			assert(uri_encode(&arena, query->value, ""));
	}
	if (range_parse(head_field(head, "Range"), 1000, &offset, &length) == 1)
		assert(length > 0 && offset + length <= 1000);
	arena_free(&arena);
}

/* One request; returns the bytes it took, 0 when there is no whole one. */
static size_t take_request(const char *bytes, size_t size)
{
	size_t scanned = 0, length = head_length(bytes, size, &scanned), body = 0;
	struct head head;
	const char *reason;
	char *copy;

	assert(length <= size);
	if (!length)
		return 0;
	copy = malloc(length);
	memcpy(copy, bytes, length);
	if (head_parse(&head, copy, length, &reason) < 0) {
		assert(head.status >= 400 && reason);
		free(copy);
		return 0;
	}
	look_at(&head);
	if (head.content_length == UINT64_MAX)
		body = skip_chunks(bytes + length, size - length);
	else
		body = head.content_length < size - length ? (size_t)head.content_length
							   : size - length;
	free(copy);
	return length + body;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data;
	size_t step;

	skip_chunks(bytes, size);
	while ((step = take_request(bytes, size)) > 0) {
		bytes += step;
		size -= step;
	}
	return 0;
}
