/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store: JSON documents with a revision under ordered keys '/<service>/<collection>/<id>'.
 * Five verbs: get, range, transaction, watch, lease. LMDB stands behind it on a single box; the
 * verbs are those of etcd, so that a cluster can stand there when several boxes form one cloud.
 * Nothing that comes out of here points into LMDB: values are copied into the caller's arena.
 *
 * Revision: one counter for the whole store, raised by each committed transaction; a record
 * carries the revision of the transaction that created it and of the one that changed it last.
 *
 * Threads: all functions but the watch callbacks (which run on the loop given to store_open) may
 * be called from any thread. A view belongs to one thread at a time.
 *
 * Durability: store_commit() returns 0 only after the transaction is on stable storage.
 * Transactions that arrive together share one commit (group commit); each is applied in a
 * nested transaction of its own, so that one that fails leaves nothing behind and harms no other.
 */
#ifndef CUMULET_STORE_H
#define CUMULET_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <yyjson.h>

#include "firmware/lib/arena.h"
#include "firmware/lib/error.h"
#include "firmware/lib/loop.h"

#define STORE_SCHEMA 1    /* version of what services write; see store_migrate in store.c */
#define STORE_KEY_MAX 400 /* bytes, NUL included */
#define STORE_VALUE_MAX (1024 * 1024)

struct store;

/*
 * A secondary index over the records of a collection: for each record below 'prefix', the value
 * of the top-level member 'member' (a string, number or boolean; for an array of strings each of
 * them) is kept as a key in the same transaction. Unique indexes refuse a second record with the
 * same value (with 'scope': the same value within the same value of member 'scope') with -EEXIST
 * and the index's name in the error's message. Absent or null members are not indexed.
 */
struct store_index {
	const char *prefix; /* "/compute/server/" */
	const char *name;   /* "project": unique within the prefix */
	const char *member; /* "project_id" */
	const char *scope;  /* NULL, or another member */
	bool unique;
};

struct store_options {
	const char *path;      /* a directory that exists */
	uint64_t map_size;     /* bytes of address space, 0: 1 GiB */
	size_t documents_size; /* bytes of parsed records that are kept, 0: 3 MiB */
	struct loop *loop;     /* where watch callbacks run; NULL: no watches */
	const struct store_index
		*indexes; /* ends with prefix NULL; must outlive the store. An index
					      that was not there before is built at open. */
};

/* Opens or creates. -EPROTO when the store was written by a newer schema than this one may
 * read; -EIO, -ENOSPC and what mmap and open give. */
int store_open(struct store **store, const struct store_options *options, struct error *error);
void store_close(struct store *store); /* waits for transactions under way */
uint64_t store_revision(struct store *store);

struct store_record {
	const char *key;   /* whole key, in the arena */
	const char *value; /* JSON text, NUL-terminated, in the arena */
	size_t size;       /* of value, without the NUL */
	uint64_t created, revision;
};

/* A view is a consistent snapshot; it sees nothing that commits after it was opened. Keep it
 * short: while it lives, the pages that it sees are not reused. */
struct store_view;
int store_view_open(struct store *store, struct store_view **view, struct error *error);
void store_view_close(struct store_view *view); /* NULL is fine */
uint64_t store_view_revision(struct store_view *view);

/* -ENOENT when there is none. */
int store_get(struct store_view *view, struct arena *arena, const char *key,
	      struct store_record *record, struct error *error);

/*
 * Records below a prefix in the order of their keys (by strcmp), starting behind the key 'after' (NULL: from
 * the first), at most 'most' (0: all). 'each' may stop by returning non-zero, which is returned.
 * Returns the number of records visited.
 */
typedef int store_each(const struct store_record *record, void *context);
int64_t store_range(struct store_view *view, struct arena *arena, const char *prefix,
		    const char *after, size_t most, store_each *each, void *context,
		    struct error *error);
/* The same over the records whose index 'name' of 'prefix' has this value (in this scope). */
int64_t store_range_index(struct store_view *view, struct arena *arena, const char *prefix,
			  const char *name, const char *scope, const char *value, store_each *each,
			  void *context, struct error *error);
int64_t store_count(struct store_view *view, const char *prefix);

/*
 * The same reads of records that are parsed. A document is shared by all who read this revision of
 * its record, and kept for those who come later as far as there is room: nobody may change it. It
 * lives as long as the arena, whose limit counts it. -EIO when a record is not JSON.
 */
struct store_document {
	const char *key;
	yyjson_val *root;
	uint64_t created, revision;
};
int store_read(struct store_view *view, struct arena *arena, const char *key,
	       struct store_document *document, struct error *error);
typedef int store_each_document(const struct store_document *document, void *context);
int64_t store_read_range(struct store_view *view, struct arena *arena, const char *prefix,
			 store_each_document *each, void *context, struct error *error);
int64_t store_read_index(struct store_view *view, struct arena *arena, const char *prefix,
			 const char *name, const char *scope, const char *value,
			 store_each_document *each, void *context, struct error *error);

/*
 * Texts that were made of a document and of nothing else but what 'variant' says, word for word,
 * are kept beside it, and are void with it: whoever reads another revision of the record finds none.
 * 'root' is a document's that was read into an arena which still lives, and so long the text does;
 * of any other value there are no texts. NULL: not there, or not kept.
 */
const char *store_text(struct store *store, const yyjson_val *root, const char *variant,
		       size_t *size);
const char *store_text_keep(struct store *store, const yyjson_val *root, const char *variant,
			    const char *text, size_t size);

/*
 * A transaction: compares, all of which must hold, then puts and deletes, all or nothing. Built
 * in an arena, it copies what it is given. The same key may be put only once.
 */
struct store_txn;
struct store_txn *store_txn_new(struct arena *arena);
/* The record's last-change revision must be this; 0: the key must not exist. */
void store_txn_compare(struct store_txn *txn, const char *key, uint64_t revision);
/* Nothing may exist below the prefix (a parent that must have no children). */
void store_txn_compare_empty(struct store_txn *txn, const char *prefix);
void store_txn_put(struct store_txn *txn, const char *key, const char *json);
void store_txn_delete(struct store_txn *txn, const char *key); /* fine when absent */
/* True when the transaction puts this key. */
bool store_txn_has(const struct store_txn *txn, const char *key);
void store_txn_lease(struct store_txn *txn, const char *key, uint64_t lease);

/*
 * Blocks until durable. -EAGAIN: a compare did not hold (nothing changed); -EEXIST: a unique
 * index; -EINVAL: not JSON, a key out of bounds; -ENOSPC: the disk or the map is full.
 * 'revision' may be NULL.
 */
int store_commit(struct store *store, struct store_txn *txn, uint64_t *revision,
		 struct error *error);
/* The same without blocking: 'done' runs on the store's loop. The transaction is copied. */
int store_commit_async(struct store *store, struct store_txn *txn,
		       void (*done)(int result, uint64_t revision, const struct error *error,
				    void *context),
		       void *context);

/*
 * Watches the records below a prefix from a revision on (0: only what comes). After each commit
 * 'changed' runs on the loop once for every changed key below the prefix, in order; record is
 * NULL when the key was deleted. If 'from' lies further back than the history that is kept in
 * memory (STORE_HISTORY changes), -ERANGE: read a range and watch from that view's revision.
 */
#define STORE_HISTORY 1024
struct store_watch {
	const char *prefix;
	void (*changed)(struct store_watch *watch, const char *key, uint64_t revision,
			bool deleted);
	struct store *store;
	struct store_watch *next;
	uint64_t seen;
};
int store_watch_start(struct store *store, struct store_watch *watch, uint64_t from);
void store_watch_stop(struct store_watch *watch);

/* Leases: keys attached to one vanish when it is revoked or not renewed for 'ttl' ms. They live
 * in memory and are not renewed on disk: a lease that was there before a restart starts anew. */
int store_lease_grant(struct store *store, uint64_t ttl_ms, uint64_t *lease, struct error *error);
int store_lease_renew(struct store *store, uint64_t lease);
int store_lease_revoke(struct store *store, uint64_t lease);

/* Consistent copy of the whole store into a file descriptor (backup). */
int store_copy(struct store *store, int fd, struct error *error);

#endif
