/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A disk that is full, and a map that is: a clear -ENOSPC, and nothing is harmed. */
#include "firmware/cloud/store/test/support.h"

#include <signal.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#define PADDING 8000

static int put_padded(struct store *store, const char *key, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, key, arena_printf(&arena, "\"%*s\"", PADDING, key));
	return store_commit(store, txn, NULL, error);
}

/* Fills the store; returns how many records it took. */
static int fill(struct store *store)
{
	struct error error = { 0 };
	int count = 0, result;
	char key[32];

	do {
		snprintf(key, sizeof(key), "/f/%06d", count);
		result = put_padded(store, key, &error);
		count += !result;
	} while (!result && count < 10000);
	assert_int_equal(result, -ENOSPC);
	assert_non_null(strstr(error.message, "no space"));
	return count;
}

/* What was acknowledged is there, deleting works, and then there is space again. */
static void check_unharmed(struct place *place, int count)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	char key[32];

	assert_int_equal(count_all(place->store, "/f/"), count);
	assert_int_equal(put_padded(place->store, "/f/more", NULL), -ENOSPC);
	place_reopen(place);
	assert_int_equal(count_all(place->store, "/f/"), count);
	assert_non_null(get_one(place->store, &arena, "/f/000000"));
	for (int i = 0; i < count / 2; i++) {
		snprintf(key, sizeof(key), "/f/%06d", i);
		assert_int_equal(delete_one(place->store, key), 0);
	}
	assert_int_equal(put_padded(place->store, "/f/more", NULL), 0);
}

static void test_full_file_system(void **state)
{
	struct place place;
	char file[160];

	(void)state;
	place_make(&place, "/tmp");
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tmpfs", place.path, "tmpfs", 0, "size=2m")) {
		print_message("skipped: mounting a tmpfs is not permitted here\n");
		place_remove(&place);
		skip();
	}
	place_open(&place);
	check_unharmed(&place, fill(place.store));
	store_close(place.store);
	snprintf(file, sizeof(file), "%s/data.mdb", place.path);
	unlink(file);
	umount2(place.path, MNT_DETACH);
	rmdir(place.path);
}

static void limit_file_size(rlim_t size)
{
	struct rlimit limit;

	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void test_full_quota(void **state)
{
	struct place place;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	place_make(&place, "/dev/shm");
	place_open(&place);
	/* in whole pages: LMDB calls a short write EIO, and a limit is not seen on the disk */
	limit_file_size(1024 * 1024);
	check_unharmed(&place, fill(place.store));
	limit_file_size(RLIM_INFINITY);
	place_drop(&place);
}

/* The map grows by itself, as long as the views allow it. */
static void test_map_grows(void **state)
{
	struct place place;
	char key[32];

	(void)state;
	place_make(&place, "/dev/shm");
	place.options.map_size = 128 * 1024;
	place_open(&place);
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof(key), "/f/%06d", i);
		assert_int_equal(put_padded(place.store, key, NULL), 0);
	}
	place_reopen(&place);
	assert_int_equal(count_all(place.store, "/f/"), 300);
	place_drop(&place);
}

static void test_map_full_under_a_view(void **state)
{
	struct store_view *view;
	struct place place;
	int count;

	(void)state;
	place_make(&place, "/dev/shm");
	place.options.map_size = 256 * 1024;
	place_open(&place);
	assert_int_equal(store_view_open(place.store, &view, NULL), 0);
	count = fill(place.store); /* in its map: a view forbids to replace it */
	assert_true(count > 0 && count < 100);
	assert_int_equal(store_count(view, "/f/"), 0);
	store_view_close(view);
	assert_int_equal(put_padded(place.store, "/f/more", NULL), 0);
	assert_int_equal(count_all(place.store, "/f/"), count + 1);
	place_drop(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_full_file_system),
		cmocka_unit_test(test_full_quota),
		cmocka_unit_test(test_map_grows),
		cmocka_unit_test(test_map_full_under_a_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
