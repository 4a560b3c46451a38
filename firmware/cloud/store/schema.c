/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The schema's version: the record "schema" of the meta database says which version the store
 * was written in and which firmware may still read it: {"version": 3, "readable_by": 2}. An
 * older store is brought forward at open, step by step, in the transaction that opens it; a
 * newer one is left as it is when 'readable_by' allows us, and refused otherwise.
 */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

#define READABLE_BY 1 /* the oldest STORE_SCHEMA that can work with what this firmware writes */

/* Ordered by 'to'; ends with 0. Version 1 is the first. */
static const struct schema_step steps_all[] = { { 0 } };

int meta_get(struct store *store, MDB_txn *txn, const char *name, uint64_t *value)
{
	MDB_val key = mdb_text(name, strlen(name)), data;
	int code = mdb_get(txn, store->meta, &key, &data);

	if (code)
		return code;
	if (data.mv_size != sizeof(*value))
		return MDB_CORRUPTED;
	memcpy(value, data.mv_data, sizeof(*value));
	return 0;
}

int meta_put(struct store *store, MDB_txn *txn, const char *name, uint64_t value)
{
	MDB_val key = mdb_text(name, strlen(name)), data = { sizeof(value), &value };

	return mdb_put(txn, store->meta, &key, &data, 0);
}

struct versions {
	unsigned version, readable_by; /* 0: a store that was made just now */
};

static int versions_read(struct store *store, MDB_txn *txn, struct versions *versions,
			 struct error *error)
{
	MDB_val key = mdb_text("schema", strlen("schema")), data;
	int code = mdb_get(txn, store->meta, &key, &data);
	yyjson_doc *document;
	yyjson_val *root;

	*versions = (struct versions){ 0 };
	if (code)
		return code == MDB_NOTFOUND ? 0 : engine_error(code, error, "reading the schema");
	document = yyjson_read(data.mv_data, data.mv_size, 0);
	root = yyjson_doc_get_root(document);
	versions->version = (unsigned)yyjson_get_uint(yyjson_obj_get(root, "version"));
	versions->readable_by = (unsigned)yyjson_get_uint(yyjson_obj_get(root, "readable_by"));
	yyjson_doc_free(document);
	if (!versions->version)
		return error_set(error, -EIO, "the store's schema record can't be read");
	return 0;
}

static int versions_write(struct store *store, MDB_txn *txn, const struct versions *versions,
			  struct error *error)
{
	char text[64];
	MDB_val key = mdb_text("schema", strlen("schema")), data = { 0, text };

	data.mv_size = (size_t)snprintf(text, sizeof(text), "{\"version\":%u,\"readable_by\":%u}",
					versions->version, versions->readable_by);
	return engine_error(mdb_put(txn, store->meta, &key, &data, 0), error, "writing the schema");
}

static int store_create(struct store *store, MDB_txn *txn, struct error *error)
{
	uint64_t seed;
	int code;

	random_bytes(&seed, sizeof(seed));
	code = meta_put(store, txn, "seed", seed);
	if (!code)
		code = meta_put(store, txn, "revision", 0);
	return engine_error(code, error, "creating the store");
}

static int steps_apply(struct store *store, MDB_txn *txn, unsigned from, unsigned current,
		       const struct schema_step *steps, struct error *error)
{
	int result;

	for (; steps->to && steps->to <= current; steps++) {
		if (steps->to <= from)
			continue;
		log_info("store", "schema migrated", "to=%u", steps->to);
		result = steps->apply(store, txn, error);
		if (result) {
			error_prefix(error, "schema %u", steps->to);
			return result;
		}
	}
	return 0;
}

int schema_settle(struct store *store, MDB_txn *txn, unsigned current, unsigned readable_by,
		  const struct schema_step *steps, struct error *error)
{
	struct versions found, wanted = { current, readable_by };
	int result = versions_read(store, txn, &found, error);

	if (result)
		return result;
	if (found.version > current && found.readable_by > current)
		return error_set(
			error, -EPROTO,
			"the store has schema %u, which this firmware (schema %u) can't read",
			found.version, current);
	if (found.version >= current)
		return 0;
	if (found.version)
		result = steps_apply(store, txn, found.version, current, steps, error);
	else
		result = store_create(store, txn, error);
	return result ? result : versions_write(store, txn, &wanted, error);
}

int store_migrate(struct store *store, MDB_txn *txn, struct error *error)
{
	int result = schema_settle(store, txn, STORE_SCHEMA, READABLE_BY, steps_all, error);

	if (result)
		return result;
	return engine_error(meta_get(store, txn, "seed", &store->seed), error, "reading the seed");
}
