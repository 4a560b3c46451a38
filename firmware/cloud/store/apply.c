/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applying one transaction. Old index entries go before new ones come, so that two records may
 * swap a unique value within one transaction.
 */
#include <string.h>

#include "firmware/cloud/store/internal.h"

struct application {
	struct store *store;
	MDB_txn *txn;
	uint64_t revision;
	struct change_list *changes;
	struct error *error;
};

/* -ENOENT without a message when there is none. */
static int record_find(const struct application *application, const char *key, MDB_val *data,
		       struct record_head *head)
{
	MDB_val name = mdb_text(key, strlen(key));
	int code = mdb_get(application->txn, application->store->records, &name, data);

	if (code == MDB_NOTFOUND)
		return -ENOENT;
	if (code)
		return engine_error(code, application->error, "reading the store");
	if (data->mv_size < sizeof(*head))
		return error_set(application->error, -EIO, "the record '%s' is too short", key);
	memcpy(head, data->mv_data, sizeof(*head));
	return 0;
}

static int compare_revision(const struct application *application, const struct op *op)
{
	struct record_head head = { 0 };
	MDB_val data;
	int result = record_find(application, op->key, &data, &head);

	if (result && result != -ENOENT)
		return result;
	if (head.revision != op->revision)
		return error_set(application->error, -EAGAIN, "'%s' has changed", op->key);
	return 0;
}

static int compare_empty(const struct application *application, const struct op *op)
{
	size_t length = strlen(op->key);
	MDB_val key = mdb_text(op->key, length), data;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(application->txn, application->store->records, &cursor);

	if (code)
		return engine_error(code, application->error, "reading the store");
	code = mdb_cursor_get(cursor, &key, &data, MDB_SET_RANGE);
	mdb_cursor_close(cursor);
	if (!code && key_below(&key, op->key, length))
		return error_set(application->error, -EAGAIN, "'%s' is not empty", op->key);
	return code == MDB_NOTFOUND ? 0
				    : engine_error(code, application->error, "reading the store");
}

static int lease_entry_delete(const struct application *application, uint64_t lease,
			      const char *key)
{
	char buffer[INDEX_KEY_MAX];
	MDB_val name = mdb_text(buffer, lease_key(buffer, lease, key));
	int code = mdb_del(application->txn, application->store->leases, &name, NULL);

	return code == MDB_NOTFOUND ? 0 : engine_error(code, application->error, "writing a lease");
}

/* What hangs on the record as it is now: index entries and lease. */
static int record_detach(const struct application *application, const char *key,
			 const MDB_val *data, const struct record_head *head)
{
	int result =
		index_remove(application->store, application->txn, key, data, application->error);

	if (!result && head->lease)
		result = lease_entry_delete(application, head->lease, key);
	return result;
}

static int change_note(const struct application *application, const char *key, bool deleted)
{
	if (change_add(application->changes, key, application->revision, deleted))
		return error_set(application->error, -ENOMEM, "out of memory");
	return 0;
}

static int record_delete(const struct application *application, const char *key)
{
	MDB_val name = mdb_text(key, strlen(key)), data;
	struct record_head head;
	int result = record_find(application, key, &data, &head);

	if (result)
		return result == -ENOENT ? 0 : result;
	result = record_detach(application, key, &data, &head);
	if (!result)
		result = engine_error(
			mdb_del(application->txn, application->store->records, &name, NULL),
			application->error, "writing the store");
	return result ? result : change_note(application, key, true);
}

static int put_detach(const struct application *application, struct op *op)
{
	struct record_head head;
	MDB_val data;
	int result = record_find(application, op->key, &data, &head);

	op->created = application->revision;
	if (result)
		return result == -ENOENT ? 0 : result;
	op->created = head.created;
	return record_detach(application, op->key, &data, &head);
}

static int lease_attach(const struct application *application, const struct op *op)
{
	struct store *store = application->store;
	char buffer[INDEX_KEY_MAX];
	MDB_val name = mdb_text(buffer, lease_key(buffer, op->lease, op->key)), data;
	struct lease *lease;
	uint64_t ttl = 0;

	pthread_mutex_lock(&store->lock);
	lease = lease_find(store, op->lease);
	if (lease && !lease->revoking)
		ttl = lease->ttl;
	pthread_mutex_unlock(&store->lock);
	if (!ttl)
		return error_set(application->error, -ENOENT, "the lease has expired");
	data = (MDB_val){ sizeof(ttl), &ttl };
	return engine_error(mdb_put(application->txn, store->leases, &name, &data, 0),
			    application->error, "writing a lease");
}

static int record_write(const struct application *application, const struct op *op)
{
	struct record_head head = { op->created, application->revision, op->lease };
	MDB_val key = mdb_text(op->key, strlen(op->key)), data = { sizeof(head) + op->size, NULL };
	int code = mdb_put(application->txn, application->store->records, &key, &data, MDB_RESERVE);

	if (code)
		return engine_error(code, application->error, "writing the store");
	memcpy(data.mv_data, &head, sizeof(head));
	memcpy((char *)data.mv_data + sizeof(head), op->json, op->size);
	return 0;
}

static int put_attach(const struct application *application, const struct op *op)
{
	int result = record_write(application, op);

	if (!result)
		result = index_insert(application->store, application->txn, op->entries, op->key,
				      application->error);
	if (!result && op->lease)
		result = lease_attach(application, op);
	return result ? result : change_note(application, op->key, false);
}

/* The first key that hangs on the lease; -ENOENT when there is none any more. */
static int lease_first(const struct application *application, uint64_t lease, char *key)
{
	char prefix[INDEX_KEY_MAX];
	MDB_val name = mdb_text(prefix, lease_key(prefix, lease, "")), data;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(application->txn, application->store->leases, &cursor);

	if (code)
		return engine_error(code, application->error, "reading the leases");
	code = mdb_cursor_get(cursor, &name, &data, MDB_SET_RANGE);
	mdb_cursor_close(cursor);
	if (code && code != MDB_NOTFOUND)
		return engine_error(code, application->error, "reading the leases");
	if (code || !key_below(&name, prefix, 8))
		return -ENOENT;
	memcpy(key, (const char *)name.mv_data + 8, name.mv_size - 8);
	key[name.mv_size - 8] = '\0';
	return 0;
}

static int lease_empty(const struct application *application, uint64_t lease)
{
	char key[STORE_KEY_MAX];
	int result;

	while (!(result = lease_first(application, lease, key))) {
		result = record_delete(application, key);
		if (!result) /* also when the record has gone without its lease */
			result = lease_entry_delete(application, lease, key);
		if (result)
			return result;
	}
	return result == -ENOENT ? 0 : result;
}

static int op_compare(const struct application *application, struct op *op)
{
	switch (op->kind) {
	case OP_COMPARE:
		return compare_revision(application, op);
	case OP_COMPARE_EMPTY:
		return compare_empty(application, op);
	default:
		return 0;
	}
}

static int op_clear(const struct application *application, struct op *op)
{
	switch (op->kind) {
	case OP_PUT:
		return put_detach(application, op);
	case OP_DELETE:
		return record_delete(application, op->key);
	case OP_REVOKE:
		return lease_empty(application, op->lease);
	default:
		return 0;
	}
}

static int op_write(const struct application *application, struct op *op)
{
	return op->kind == OP_PUT ? put_attach(application, op) : 0;
}

int txn_apply(struct store *store, MDB_txn *txn, const struct store_txn *ops, uint64_t revision,
	      struct change_list *changes, struct error *error)
{
	static int (*const passes[])(const struct application *, struct op *) = {
		op_compare,
		op_clear,
		op_write,
	};
	const struct application application = { store, txn, revision, changes, error };
	int result = 0;

	for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
		for (struct op *op = ops->first; op && !result; op = op->next)
			result = passes[i](&application, op);
	return result;
}
