/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inside the store. LMDB databases of the one environment:
 *
 *	records  key -> struct record_head, JSON text
 *	index    hash of (index, scope, value), big-endian, then the record's key -> scope NUL value
 *	leases   id, big-endian, then the record's key -> ttl in ms
 *	meta     "schema" -> JSON, "revision" and "seed" -> uint64_t, "indexes" -> text
 *
 * One thread, the writer, owns all write transactions. 'lock' guards what is in memory; it is
 * never held across an LMDB write or a callback.
 */
#ifndef CUMULET_STORE_INTERNAL_H
#define CUMULET_STORE_INTERNAL_H

#include <lmdb.h>
#include <pthread.h>
#include <yyjson.h>

#include "firmware/cloud/store/store.h"

struct record_head {
	uint64_t created, revision, lease;
};

/* One value of one index for a record; the key is added when it is written. */
struct entry {
	const struct store_index *index;
	const char *tuple; /* scope NUL value */
	size_t size;
	uint64_t hash;
	struct entry *next;
};

enum op_kind { OP_COMPARE, OP_COMPARE_EMPTY, OP_PUT, OP_DELETE, OP_LEASE, OP_REVOKE };

struct op {
	enum op_kind kind;
	const char *key;
	const char *json;
	size_t size;
	uint64_t revision; /* OP_COMPARE */
	uint64_t lease;
	struct entry *entries; /* OP_PUT, made by txn_prepare() */
	uint64_t created;      /* OP_PUT, set while it is applied */
	struct op *next;
};

struct store_txn {
	struct arena *arena;
	struct op *first, **tail;
	size_t count;
};

/* A change that watches are told of; malloc'ed, from the moment it is applied. */
struct change {
	struct change *next;
	uint64_t revision;
	bool deleted;
	char key[];
};

struct change_list {
	struct change *first, **tail;
	size_t count;
};

/* A transaction on its way through the writer. */
struct pending {
	struct store_txn *txn;
	int result;
	uint64_t revision;
	struct error error;
	struct change_list changes;
	bool finished; /* blocking commits wait for it */
	/* Otherwise: called by the writer when the result is there; owns the pending from then. */
	void (*settle)(struct store *store, struct pending *pending);
	void (*done)(int result, uint64_t revision, const struct error *error, void *context);
	void *context;
	struct arena arena; /* of the copy */
	struct pending *next;
};

struct pending_list {
	struct pending *first, **tail;
};

struct lease {
	uint64_t id, ttl, deadline; /* ms, CLOCK_MONOTONIC */
	bool revoking;
	struct lease *next;
};

/* What was posted to the loop; outlives the store when the loop gets to it too late. */
struct delivery {
	struct store *store;
};

struct store {
	MDB_env *env;
	MDB_dbi records, index, leases, meta;
	const struct store_index *indexes;
	uint64_t *index_starts; /* of each index: what the hashes of its values start from */
	const struct store_index **index_slots; /* a table by these */
	size_t index_mask;
	struct loop *loop;
	uint64_t seed; /* of the index's hash */

	pthread_mutex_t lock;
	pthread_cond_t queued;   /* the writer waits for work */
	pthread_cond_t finished; /* committers wait for the writer */
	pthread_cond_t viewed;   /* views wait for the map to grow, and the other way round */
	pthread_cond_t idle;     /* store_watch_stop() waits for a callback in another thread */
	pthread_t writer;
	bool writer_runs, stopping;
	struct pending_list queue;
	uint64_t revision; /* of the last commit */

	unsigned views;
	bool growing;
	struct store_view *pool; /* closed ones */
	unsigned pooled;

	struct change_list history;
	uint64_t floor;     /* revision of the youngest change that left the history */
	uint64_t delivered; /* up to this revision the loop has seen everything */
	struct store_watch *watches, *delivering;
	pthread_t delivering_thread;
	struct pending_list completions;
	struct delivery *delivery;

	struct lease *lease_list;
	struct document_cache *documents;
};

/*
 * engine.c: the environment, its errors and its size. MAP_IS_FULL is -ENOSPC to those above;
 * the writer can help it by growing the map, which it can't when the disk is full.
 */
#define MAP_IS_FULL (-EXFULL)
int engine_open(struct store *store, const struct store_options *options, struct error *error);
int engine_error(int code, struct error *error, const char *what); /* LMDB's code to an errno */
int engine_commit_error(struct store *store, int code, struct error *error);
int engine_grow(struct store *store);
void engine_grow_early(struct store *store);
uint64_t engine_now(void);
static inline MDB_val mdb_text(const char *text, size_t size)
{
	return (MDB_val){ .mv_data = (void *)text, .mv_size = size };
}
bool key_below(const MDB_val *key, const char *prefix, size_t length);

/* schema.c */
struct schema_step {
	unsigned to; /* the version that it makes out of the one before */
	int (*apply)(struct store *store, MDB_txn *txn, struct error *error);
};
int schema_settle(struct store *store, MDB_txn *txn, unsigned current, unsigned readable_by,
		  const struct schema_step *steps, struct error *error);
int store_migrate(struct store *store, MDB_txn *txn, struct error *error);
int meta_get(struct store *store, MDB_txn *txn, const char *name, uint64_t *value);
int meta_put(struct store *store, MDB_txn *txn, const char *name, uint64_t value);

/* index.c */
int index_load(struct store *store, struct error *error); /* with the seed */
void index_free(struct store *store);
const struct store_index *index_find(const struct store *store, const char *prefix,
				     const char *name);
uint64_t index_hash(const struct store *store, const struct store_index *index, const void *tuple,
		    size_t size);
/* All entries of a record, newest first; NULL also when memory ran out (arena->failed). */
struct entry *index_entries(const struct store *store, struct arena *arena, const char *key,
			    yyjson_val *root);
int index_insert(struct store *store, MDB_txn *txn, const struct entry *entries, const char *key,
		 struct error *error);
int index_remove(struct store *store, MDB_txn *txn, const char *key, const MDB_val *record,
		 struct error *error);
/* Builds all of them anew when the tables are not those that the store was written with. */
int index_settle(struct store *store, MDB_txn *txn, struct error *error);
/* Key of an entry into 'buffer'; its size. */
#define INDEX_KEY_MAX (8 + STORE_KEY_MAX)
size_t index_key(char buffer[static INDEX_KEY_MAX], uint64_t hash, const char *key);

/* document.c: parsed records, and what is made of them */
struct document_cache *document_cache_new(size_t limit);
void document_cache_free(struct document_cache *cache);
/* A record of a view as a document that lives as long as the arena. -EIO, -ENOMEM. */
int document_read(struct store *store, struct arena *arena, const MDB_val *key,
		  const MDB_val *record, struct store_document *document, struct error *error);
/* Bytes that are kept now. */
size_t document_cache_used(struct document_cache *cache);

/* txn.c */
int txn_prepare(const struct store *store, struct store_txn *txn, struct error *error);
struct store_txn *txn_copy(const struct store_txn *txn, struct arena *arena);
struct op *txn_add(struct store_txn *txn, enum op_kind kind, const char *key);

/* apply.c: one transaction within a nested LMDB transaction; changes are added to the list. */
int txn_apply(struct store *store, MDB_txn *txn, const struct store_txn *ops, uint64_t revision,
	      struct change_list *changes, struct error *error);

/* writer.c */
int writer_start(struct store *store, struct error *error);
void writer_stop(struct store *store);
void writer_queue(struct store *store, struct pending *pending); /* with the lock */

/* view.c; with the lock: after a commit, and when the map is replaced or unmapped */
void views_expire(struct store *store);
void views_drop(struct store *store);

/* watch.c; all but history_free with the lock */
void change_list_init(struct change_list *list);
int change_add(struct change_list *list, const char *key, uint64_t revision, bool deleted);
void change_list_free(struct change_list *list);
void history_append(struct store *store, struct change_list *changes);
void delivery_post(struct store *store);
void delivery_close(struct store *store);

/* lease.c; with the lock, but for lease_load */
int lease_load(struct store *store, MDB_txn *txn, struct error *error);
struct lease *lease_find(struct store *store, uint64_t id);
/* Queues the revocation of what has expired; the ms until the next one does, or UINT64_MAX. */
uint64_t lease_expire(struct store *store, uint64_t now);
void lease_free_all(struct store *store);
size_t lease_key(char buffer[static INDEX_KEY_MAX], uint64_t id, const char *key);

#endif
