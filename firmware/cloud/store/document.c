/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parsed records and the texts that are made of them. A document is named by key and revision, and what
 * these name never changes: a reader asks for the revision that its view shows, so nothing that is kept
 * here can be out of date, and nobody has to be told of a commit.
 *
 * The cache has one reference to each of its documents, each arena that one was read into another; a
 * document that leaves the cache goes when the last arena does. What is kept is bounded in bytes.
 * When there is no room, one newcomer in eight takes the place of the oldest documents that were not
 * read since they were last looked at; the others are not kept. So a walk over more records than there
 * is room for does not throw out all that the next walk would have found.
 */
#include <stdatomic.h>
#include <string.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/bytes.h"

#define BUCKETS 1024
#define ADMITTED 8   /* one in so many, when there is no room */
#define TEXTS_MAX 8  /* of one document */
#define SHARE_MAX 16 /* one document takes no more than this part of the room */
#define PADDING 4    /* zeros that yyjson wants behind a text */

struct text {
	struct text *next;
	const char *variant;
	size_t size;
	char bytes[];
};

struct document {
	struct document *next_key, *next_root; /* of the same bucket */
	struct document *newer, *older;
	struct text *texts;
	atomic_uint references;
	unsigned text_count;
	bool kept, used; /* in the cache; read since it was last looked at */
	uint64_t hash, created, revision;
	size_t size;       /* all that it takes, but for its texts */
	size_t texts_size; /* what these take */
	char *json;        /* what strings point into; behind it the key */
	const char *key;
	size_t key_size;
	yyjson_val root[];
};

struct document_cache {
	pthread_mutex_t lock;
	size_t used, limit;
	unsigned newcomers; /* while there was no room */
	struct document *newest, *oldest;
	struct document *keys[BUCKETS], *roots[BUCKETS];
};

/* --- one document */

static void document_release(void *object)
{
	struct document *document = object;

	if (atomic_fetch_sub(&document->references, 1) > 1)
		return;
	for (struct text *text = document->texts, *next; text; text = next) {
		next = text->next;
		free(text);
	}
	free(document->json);
	free(document);
}

/* The text and the key, each with what has to stand behind it. */
static char *json_copy(const MDB_val *key, const char *text, size_t size)
{
	char *copy = malloc(size + PADDING + key->mv_size + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, size);
	memset(copy + size, 0, PADDING);
	memcpy(copy + size + PADDING, key->mv_data, key->mv_size);
	copy[size + PADDING + key->mv_size] = '\0';
	return copy;
}

/* yyjson takes room for many more values than a text has: they are moved to where they fit. They
 * stand in one row, and say how far they are from each other, so they may be. */
static struct document *values_move(yyjson_doc *parsed)
{
	size_t size = yyjson_doc_get_val_count(parsed) * sizeof(yyjson_val);
	struct document *document = malloc(sizeof(*document) + size);

	if (!document)
		return NULL;
	*document = (struct document){ .references = 1, .size = sizeof(*document) + size };
	memcpy(document->root, yyjson_doc_get_root(parsed), size);
	return document;
}

/* NULL: not JSON, or no memory. */
static struct document *document_new(const MDB_val *key, const char *text, size_t size)
{
	char *json = json_copy(key, text, size);
	yyjson_doc *parsed =
		json ? yyjson_read_opts(json, size, YYJSON_READ_INSITU, NULL, NULL) : NULL;
	struct document *document = parsed ? values_move(parsed) : NULL;

	yyjson_doc_free(parsed);
	if (!document) {
		free(json);
		return NULL;
	}
	document->json = json;
	document->key = json + size + PADDING;
	document->key_size = key->mv_size;
	document->size += size + PADDING + key->mv_size + 1;
	return document;
}

/* --- the cache; all with its lock */

static struct document **key_bucket(struct document_cache *cache, uint64_t hash)
{
	return &cache->keys[hash % BUCKETS];
}

static struct document **root_bucket(struct document_cache *cache, const yyjson_val *root)
{
	return &cache->roots[((uintptr_t)root * 0x9e3779b97f4a7c15ULL >> 32) % BUCKETS];
}

static void age_unlink(struct document_cache *cache, struct document *document)
{
	*(document->newer ? &document->newer->older : &cache->newest) = document->older;
	*(document->older ? &document->older->newer : &cache->oldest) = document->newer;
}

static void age_link(struct document_cache *cache, struct document *document)
{
	document->newer = NULL;
	document->older = cache->newest;
	*(cache->newest ? &cache->newest->newer : &cache->oldest) = document;
	cache->newest = document;
}

static void document_drop(struct document_cache *cache, struct document *document)
{
	struct document **link = key_bucket(cache, document->hash);

	while (*link != document)
		link = &(*link)->next_key;
	*link = document->next_key;
	link = root_bucket(cache, document->root);
	while (*link != document)
		link = &(*link)->next_root;
	*link = document->next_root;
	age_unlink(cache, document);
	cache->used -= document->size + document->texts_size;
	document->kept = false;
	document_release(document);
}

static bool room_has(const struct document_cache *cache, size_t size)
{
	return size <= cache->limit && cache->used <= cache->limit - size;
}

static void room_make(struct document_cache *cache, size_t size)
{
	struct document *document;

	while ((document = cache->oldest) && !room_has(cache, size)) {
		if (!document->used) {
			document_drop(cache, document);
			continue;
		}
		document->used = false;
		age_unlink(cache, document);
		age_link(cache, document);
	}
}

/* Of the key, whatever its revision. */
static struct document *document_find(struct document_cache *cache, uint64_t hash,
				      const MDB_val *key)
{
	struct document *document = *key_bucket(cache, hash);

	while (document && (document->hash != hash || document->key_size != key->mv_size ||
			    !bytes_equal(document->key, key->mv_data, key->mv_size)))
		document = document->next_key;
	return document;
}

static void document_link(struct document_cache *cache, struct document *document)
{
	struct document **keys = key_bucket(cache, document->hash);
	struct document **roots = root_bucket(cache, document->root);

	document->next_key = *keys;
	document->next_root = *roots;
	*keys = *roots = document;
	age_link(cache, document);
	cache->used += document->size;
	document->kept = true;
	atomic_fetch_add(&document->references, 1);
}

/* Of several revisions the youngest is kept. */
static void document_keep(struct document_cache *cache, struct document *document)
{
	const MDB_val key = mdb_text(document->key, document->key_size);
	struct document *other = document_find(cache, document->hash, &key);

	if (other && other->revision >= document->revision)
		return;
	if (other)
		document_drop(cache, other);
	else if (!room_has(cache, document->size) && ++cache->newcomers % ADMITTED)
		return;
	if (document->size > cache->limit / SHARE_MAX)
		return;
	room_make(cache, document->size);
	document_link(cache, document);
}

static struct document *document_take(struct document_cache *cache, uint64_t hash,
				      const MDB_val *key, uint64_t revision)
{
	struct document *document;

	pthread_mutex_lock(&cache->lock);
	document = document_find(cache, hash, key);
	if (document && document->revision != revision)
		document = NULL;
	if (document) {
		document->used = true;
		atomic_fetch_add(&document->references, 1);
	}
	pthread_mutex_unlock(&cache->lock);
	return document;
}

/* --- for the views */

static struct document *document_make(struct document_cache *cache, uint64_t hash,
				      const MDB_val *key, const struct record_head *head,
				      const MDB_val *record)
{
	struct document *document = document_new(key, (const char *)record->mv_data + sizeof(*head),
						 record->mv_size - sizeof(*head));

	if (!document)
		return NULL;
	document->hash = hash;
	document->created = head->created;
	document->revision = head->revision;
	pthread_mutex_lock(&cache->lock);
	document_keep(cache, document);
	pthread_mutex_unlock(&cache->lock);
	return document;
}

int document_read(struct store *store, struct arena *arena, const MDB_val *key,
		  const MDB_val *record, struct store_document *shown, struct error *error)
{
	uint64_t hash = bytes_hash(store->seed, key->mv_data, key->mv_size);
	struct document *document;
	struct record_head head;

	if (record->mv_size < sizeof(head))
		return error_set(error, -EIO, "a record of the store is too short");
	memcpy(&head, record->mv_data, sizeof(head));
	document = document_take(store->documents, hash, key, head.revision);
	if (!document)
		document = document_make(store->documents, hash, key, &head, record);
	if (!document)
		return error_set(error, -EIO, "the record '%.*s' can't be read", (int)key->mv_size,
				 (const char *)key->mv_data);
	if (!arena_keep(arena, document, document->size, document_release)) {
		document_release(document);
		return error_set(error, -ENOMEM, "out of memory");
	}
	*shown = (struct store_document){ document->key, document->root, document->created,
					  document->revision };
	return 0;
}

/* --- texts */

static struct document *root_find(struct document_cache *cache, const yyjson_val *root)
{
	struct document *document = *root_bucket(cache, root);

	while (document && document->root != root)
		document = document->next_root;
	return document;
}

static struct text *text_find(struct text *text, const char *variant)
{
	while (text && strcmp(text->variant, variant))
		text = text->next;
	return text;
}

const char *store_text(struct store *store, const yyjson_val *root, const char *variant,
		       size_t *size)
{
	struct document_cache *cache = store->documents;
	struct document *document;
	const struct text *text;

	pthread_mutex_lock(&cache->lock);
	document = root_find(cache, root);
	text = document ? text_find(document->texts, variant) : NULL;
	pthread_mutex_unlock(&cache->lock);
	if (!text)
		return NULL;
	*size = text->size;
	return text->bytes;
}

static struct text *text_new(const char *variant, const char *bytes, size_t size)
{
	size_t variant_size = strlen(variant) + 1;
	struct text *text = malloc(sizeof(*text) + size + 1 + variant_size);

	if (!text)
		return NULL;
	*text = (struct text){ .size = size, .variant = text->bytes + size + 1 };
	memcpy(text->bytes, bytes, size);
	text->bytes[size] = '\0';
	memcpy(text->bytes + size + 1, variant, variant_size);
	return text;
}

/* True when the document has it from now on. */
static bool text_link(struct document_cache *cache, struct document *document, struct text *text,
		      size_t size)
{
	if (text_find(document->texts, text->variant) || size > cache->limit / SHARE_MAX)
		return false;
	/* With as many as it may have it begins anew: most of them are of no use any more. */
	if (document->text_count == TEXTS_MAX)
		document_drop(cache, document);
	else
		room_make(cache, size);
	if (!document->kept)
		return false;
	text->next = document->texts;
	document->texts = text;
	document->text_count++;
	document->texts_size += size;
	cache->used += size;
	return true;
}

static bool text_keep(struct document_cache *cache, const yyjson_val *root, struct text *text,
		      size_t size)
{
	struct document *document;
	bool kept = false;

	pthread_mutex_lock(&cache->lock);
	document = root_find(cache, root);
	if (document) {
		atomic_fetch_add(&document->references, 1); /* making room may drop it */
		kept = text_link(cache, document, text, size);
		document_release(document);
	}
	pthread_mutex_unlock(&cache->lock);
	return kept;
}

const char *store_text_keep(struct store *store, const yyjson_val *root, const char *variant,
			    const char *bytes, size_t size)
{
	struct text *text = text_new(variant, bytes, size);

	if (!text)
		return NULL;
	if (text_keep(store->documents, root, text, sizeof(*text) + size + strlen(variant) + 2))
		return text->bytes;
	free(text);
	return NULL;
}

/* --- its life */

size_t document_cache_used(struct document_cache *cache)
{
	size_t used;

	pthread_mutex_lock(&cache->lock);
	used = cache->used;
	pthread_mutex_unlock(&cache->lock);
	return used;
}

struct document_cache *document_cache_new(size_t limit)
{
	struct document_cache *cache = calloc(1, sizeof(*cache));

	if (!cache)
		return NULL;
	pthread_mutex_init(&cache->lock, NULL);
	cache->limit = limit;
	return cache;
}

void document_cache_free(struct document_cache *cache)
{
	if (!cache)
		return;
	while (cache->oldest)
		document_drop(cache, cache->oldest);
	pthread_mutex_destroy(&cache->lock);
	free(cache);
}
