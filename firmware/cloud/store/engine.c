/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The LMDB environment: opening, the meaning of its errors, and the size of its map. */
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "firmware/cloud/store/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define MAP_SIZE_STANDARD (1024UL * 1024 * 1024)
#define MAP_STEP_MIN (1024UL * 1024) /* growing by less than this is not worth a try */
#define DISK_REST (128UL * 1024)     /* a disk with less than this is full */
#define READERS_MAX 512
#define GROW_WAIT_MS 1000
#define MODE 0600

/* Codes of LMDB that are not an errno already. */
static const struct {
	int code, error;
} codes[] = {
	{ MDB_NOTFOUND, -ENOENT },
	{ MDB_MAP_FULL, MAP_IS_FULL },
	{ MDB_KEYEXIST, -EEXIST },
	{ MDB_READERS_FULL, -EBUSY },
	{ MDB_TXN_FULL, -E2BIG },
	{ MDB_BAD_VALSIZE, -EINVAL },
	{ MDB_VERSION_MISMATCH, -EPROTO },
	/* A quota or a limit on the file is a full disk to those above. */
	{ EDQUOT, -ENOSPC },
	{ EFBIG, -ENOSPC },
};

static int code_to_errno(int code)
{
	for (size_t i = 0; i < ARRAY_LENGTH(codes); i++)
		if (codes[i].code == code)
			return codes[i].error;
	return code > 0 ? -code : -EIO;
}

int engine_error(int code, struct error *error, const char *what)
{
	int result;

	if (!code)
		return 0;
	result = code_to_errno(code);
	if (result == -ENOSPC || result == MAP_IS_FULL)
		return error_set(error, result, "%s: no space is left for the store", what);
	return error_set(error, result, "%s: %s", what, mdb_strerror(code));
}

/* LMDB reports the short write that fills a disk as EIO. After one, nothing is left. */
static bool disk_is_full(struct store *store)
{
	struct statvfs disk;
	const char *path;

	if (mdb_env_get_path(store->env, &path) || statvfs(path, &disk))
		return false;
	return (uint64_t)disk.f_bavail * disk.f_frsize < DISK_REST;
}

int engine_commit_error(struct store *store, int code, struct error *error)
{
	if (code == EIO && disk_is_full(store))
		code = ENOSPC;
	return engine_error(code, error, "writing the store");
}

uint64_t engine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool key_below(const MDB_val *key, const char *prefix, size_t length)
{
	return key->mv_size >= length && !memcmp(key->mv_data, prefix, length);
}

static int databases_open(struct store *store, MDB_txn *txn)
{
	const struct {
		const char *name;
		MDB_dbi *handle;
	} databases[] = {
		{ "records", &store->records },
		{ "index", &store->index },
		{ "leases", &store->leases },
		{ "meta", &store->meta },
	};
	int code = 0;

	for (size_t i = 0; i < ARRAY_LENGTH(databases) && !code; i++)
		code = mdb_dbi_open(txn, databases[i].name, MDB_CREATE, databases[i].handle);
	return code;
}

/* The names of files that were just made must survive a power cut as well as what is in them. */
static int directory_sync(const char *path, struct error *error)
{
	CLEANUP_FD int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0 || fsync(fd) < 0)
		return error_errno(error, "%s", path);
	return 0;
}

static int contents_open(struct store *store, MDB_txn *txn, struct error *error)
{
	int result = engine_error(databases_open(store, txn), error, "opening the store");

	if (!result)
		result = store_migrate(store, txn, error);
	if (!result)
		result = index_load(store, error);
	if (!result)
		result = index_settle(store, txn, error);
	if (!result)
		result = lease_load(store, txn, error);
	if (!result)
		result = engine_error(meta_get(store, txn, "revision", &store->revision), error,
				      "reading the revision");
	return result;
}

static int environment_open(struct store *store, const struct store_options *options)
{
	size_t size = options->map_size ? options->map_size : MAP_SIZE_STANDARD;
	int code = mdb_env_create(&store->env);

	if (!code)
		code = mdb_env_set_mapsize(store->env, size);
	if (!code)
		code = mdb_env_set_maxdbs(store->env, 4);
	if (!code)
		code = mdb_env_set_maxreaders(store->env, READERS_MAX);
	/* NOTLS: a view belongs to whoever holds it, not to a thread. No NOSYNC of any kind. */
	if (!code)
		code = mdb_env_open(store->env, options->path, MDB_NOTLS, MODE);
	return code;
}

int engine_open(struct store *store, const struct store_options *options, struct error *error)
{
	MDB_txn *txn;
	int result = engine_error(environment_open(store, options), error, "opening the store");

	if (!result)
		result = engine_error(mdb_txn_begin(store->env, NULL, 0, &txn), error,
				      "opening the store");
	if (result)
		return result;
	result = contents_open(store, txn, error);
	if (result) {
		mdb_txn_abort(txn);
		return result;
	}
	result = engine_error(mdb_txn_commit(txn), error, "opening the store");
	return result ? result : directory_sync(options->path, error);
}

/* The size that the map may get: twice what it is, but never more than the disk holds. */
static size_t map_size_next(struct store *store)
{
	struct statvfs disk;
	MDB_envinfo info;
	const char *path;
	size_t allowed;

	mdb_env_info(store->env, &info);
	if (mdb_env_get_path(store->env, &path) || statvfs(path, &disk))
		return 0;
	allowed = info.me_mapsize + (size_t)disk.f_bavail * disk.f_frsize;
	if (allowed < info.me_mapsize + MAP_STEP_MIN)
		return 0;
	return allowed < info.me_mapsize * 2 ? allowed : info.me_mapsize * 2;
}

/* With the lock. True when no view is open within the time; new ones wait as long as we grow. */
static bool views_drain(struct store *store, unsigned wait_ms)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	while (store->views && wait_ms)
		if (pthread_cond_timedwait(&store->viewed, &store->lock, &until))
			break;
	return !store->views;
}

/* LMDB remaps only while no transaction lives in this process. */
static int map_grow(struct store *store, unsigned wait_ms)
{
	size_t size = map_size_next(store);
	int code = ENOSPC;

	if (!size)
		return -ENOSPC;
	pthread_mutex_lock(&store->lock);
	store->growing = true;
	if (views_drain(store, wait_ms)) {
		views_drop(store);
		code = mdb_env_set_mapsize(store->env, size);
	}
	store->growing = false;
	pthread_cond_broadcast(&store->viewed);
	pthread_mutex_unlock(&store->lock);
	if (!code)
		log_info("store", "map grown", "bytes=%zu", size);
	return code ? -ENOSPC : 0;
}

int engine_grow(struct store *store)
{
	return map_grow(store, GROW_WAIT_MS);
}

/* Before the map is full there is time to choose a moment without views. */
void engine_grow_early(struct store *store)
{
	MDB_envinfo info;
	MDB_stat stat;

	mdb_env_info(store->env, &info);
	mdb_env_stat(store->env, &stat);
	if ((info.me_last_pgno + 1) * stat.ms_psize > info.me_mapsize / 4 * 3)
		map_grow(store, 0);
}
