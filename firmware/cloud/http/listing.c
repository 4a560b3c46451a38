/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/http/listing.h"

#include <string.h>

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/exchange.h"
#include "firmware/cloud/json.h"
#include "firmware/lib/cleanup.h"

/* The reply as it grows: pieces of text that live until it is put together. */
struct piece {
	const char *text;
	size_t size;
};

struct listing {
	struct request *request;
	struct piece *pieces;
	size_t count, capacity, items, size;
};

static struct piece piece_of(const char *text)
{
	return (struct piece){ text, strlen(text) };
}

static void piece_add(struct listing *listing, struct piece piece)
{
	struct arena *arena = listing->request->arena;

	if (listing->count == listing->capacity) {
		size_t capacity = listing->capacity ? 2 * listing->capacity : 64;
		struct piece *pieces =
			arena_realloc(arena, listing->pieces, listing->capacity * sizeof(*pieces),
				      capacity * sizeof(*pieces));

		if (!pieces)
			return; /* the arena has failed, which listing_reply() sees */
		listing->pieces = pieces;
		listing->capacity = capacity;
	}
	listing->pieces[listing->count++] = piece;
	listing->size += piece.size;
}

struct listing *listing_new(struct request *request, const char *name)
{
	struct listing *listing = arena_alloc(request->arena, sizeof(*listing));

	if (!listing)
		return NULL;
	listing->request = request;
	piece_add(listing, piece_of("{\""));
	piece_add(listing, piece_of(name));
	piece_add(listing, piece_of("\":["));
	return listing;
}

/* NULL: there is nothing to write. Size 0 when out of memory. */
static struct piece value_write(struct arena *arena, const yyjson_mut_val *value)
{
	struct piece piece = { "", 0 };

	if (value)
		piece.text = json_write_sized(arena, value, &piece.size);
	if (piece.text)
		return piece;
	arena->failed = true;
	return (struct piece){ "", 0 };
}

/* Made with memory of its own: it is not needed any more when the text is there. */
static struct piece face_make(struct request *request, yyjson_val *record, const struct face *face)
{
	CLEANUP_ARENA struct arena arena = { .limit = request->arena->limit };
	yyjson_mut_doc *doc = json_document(&arena);
	struct piece piece = value_write(&arena, face->make(record, face->context, doc, &arena));
	const char *text;

	if (!piece.size || arena.failed) {
		request->arena->failed = true;
		return (struct piece){ "", 0 };
	}
	text = store_text_keep(request->cloud->store, record, face->variant, piece.text,
			       piece.size);
	piece.text = text ? text : arena_memdup(request->arena, piece.text, piece.size);
	return piece.text ? piece : (struct piece){ "", 0 };
}

static struct piece face_text(struct request *request, yyjson_val *record, const struct face *face)
{
	struct piece piece;

	piece.text = store_text(request->cloud->store, record, face->variant, &piece.size);
	return piece.text ? piece : face_make(request, record, face);
}

/* The end of an object that has members already, with those of another. */
static void object_end(struct listing *listing, yyjson_mut_val *members)
{
	struct arena *arena = listing->request->arena;
	struct piece piece = { "", 0 };

	if (yyjson_mut_obj_size(members))
		piece = value_write(arena, members);
	if (piece.size) {
		piece_add(listing, piece_of(","));
		piece_add(listing, (struct piece){ piece.text + 1, piece.size - 1 });
	} else {
		piece_add(listing, piece_of("}"));
	}
}

void listing_add(struct listing *listing, yyjson_val *record, const struct face *face,
		 yyjson_mut_val *more)
{
	struct piece piece;

	if (!listing)
		return;
	piece = face_text(listing->request, record, face);
	if (listing->items++)
		piece_add(listing, piece_of(","));
	if (piece.size)
		piece.size--; /* its last brace */
	piece_add(listing, piece);
	object_end(listing, more);
}

void listing_add_value(struct listing *listing, yyjson_mut_val *value)
{
	if (!listing)
		return;
	if (listing->items++)
		piece_add(listing, piece_of(","));
	piece_add(listing, value_write(listing->request->arena, value));
}

static char *pieces_join(const struct listing *listing)
{
	char *text = arena_alloc(listing->request->arena, listing->size + 1), *at = text;

	for (size_t i = 0; text && i < listing->count; i++) {
		memcpy(at, listing->pieces[i].text, listing->pieces[i].size);
		at += listing->pieces[i].size;
	}
	return text;
}

int listing_reply(struct listing *listing, yyjson_mut_val *beside)
{
	char *text;

	if (!listing)
		return -ENOMEM;
	piece_add(listing, piece_of("]"));
	object_end(listing, beside);
	text = pieces_join(listing);
	if (!text || listing->request->arena->failed)
		return -ENOMEM;
	return reply_bytes(listing->request, 200, "application/json", text, listing->size);
}
