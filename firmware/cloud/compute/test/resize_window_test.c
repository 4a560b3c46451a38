/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Resizes that nobody confirms: the window's own part of the reconciler, over a real store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/compute/reconcile.h"
#include "firmware/cloud/identity/reader.h"

#define ID "70a599e0-31e7-49b7-b260-868f441e862b"
#define MIGRATION "70a599e0-31e7-49b7-b260-868f441e862c"
#define WINDOW 100 /* seconds */

static struct {
	char path[64];
	struct cloud cloud;
} box;

static void pump(void)
{
	for (unsigned i = 0; i < 40; i++)
		loop_once(box.cloud.loop, 5);
}

/* A server whose resize was finished so many seconds ago. */
static void resized_put(const char *id, long ago, const char *task)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_txn *txn = store_txn_new(&arena);
	time_t finished = time(NULL) - ago;
	char when[32];
	struct tm tm;

	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S.000000", gmtime_r(&finished, &tm));
	store_txn_put(txn, arena_printf(&arena, KEY_SERVER "%s", id),
		      arena_printf(&arena,
				   "{\"id\":\"%s\",\"tenant_id\":\"p\","
				   "\"OS-EXT-STS:vm_state\":\"resized\","
				   "\"OS-EXT-STS:task_state\":%s,\"OS-EXT-STS:power_state\":1,"
				   "\"_resize\":{\"migration\":\"" MIGRATION
				   "\",\"finished\":\"%s\"}}",
				   id, task, when));
	store_txn_put(txn, arena_printf(&arena, KEY_MIGRATION "%s/" MIGRATION, id),
		      "{\"status\":\"finished\"}");
	store_txn_put(txn, "/placement/allocation/" MIGRATION, "{\"resources\":{}}");
	assert_int_equal(store_commit(box.cloud.store, txn, NULL, NULL), 0);
	pump();
}

static bool record_is(const char *key, const char *member, const char *text)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct reader reader = { .arena = &arena };
	yyjson_val *record;
	bool is;

	assert_int_equal(store_view_open(box.cloud.store, &reader.view, NULL), 0);
	is = record_get(&reader, &record, NULL, NULL, "%s", key) == 0 &&
	     json_is(record, member, text);
	store_view_close(reader.view);
	return is;
}

static bool is_resized(void)
{
	return record_is(KEY_SERVER ID, "OS-EXT-STS:vm_state", "resized");
}

static void one_that_waited_too_long_is_confirmed(void **state)
{
	struct store_view *view;

	(void)state;
	resized_put(ID, WINDOW + 1, "null");
	assert_true(record_is(KEY_SERVER ID, "OS-EXT-STS:vm_state", "active"));
	assert_true(record_is(KEY_MIGRATION ID "/" MIGRATION, "status", "confirmed"));
	assert_int_equal(store_view_open(box.cloud.store, &view, NULL), 0);
	assert_int_equal(store_count(view, "/placement/allocation/"), 0);
	store_view_close(view);
}

static void others_are_left_alone(void **state)
{
	(void)state;
	resized_put(ID, WINDOW - 50, "null");
	assert_true(is_resized());
	resized_put(ID, WINDOW + 1, "\"resize_reverting\"");
	assert_true(is_resized());
}

static void the_timer_stands_for_the_first(void **state)
{
	(void)state;
	resized_put(ID, WINDOW - 1, "null");
	assert_true(is_resized());
	for (unsigned i = 0; i < 60 && is_resized(); i++)
		loop_once(box.cloud.loop, 50);
	assert_false(is_resized());
}

static int setup(void **state)
{
	static const struct store_index none[] = { { 0 } };
	struct store_options options = { .path = box.path, .map_size = 64 << 20, .indexes = none };
	char path[160];
	FILE *file;

	(void)state;
	strcpy(box.path, "/tmp/compute-test-XXXXXX");
	assert_non_null(mkdtemp(box.path));
	snprintf(path, sizeof(path), "%s/provision", box.path);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/provision/resize-confirm-window", box.path);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, "%d\n", WINDOW);
	fclose(file);
	assert_int_equal(loop_new(&box.cloud.loop), 0);
	options.loop = box.cloud.loop;
	box.cloud.directory = box.path;
	assert_int_equal(store_open(&box.cloud.store, &options, NULL), 0);
	return resize_window_start(&box.cloud);
}

static int teardown(void **state)
{
	static const char *const files[] = { "data.mdb", "lock.mdb",
					     "provision/resize-confirm-window", "provision", "" };
	char path[160];

	(void)state;
	store_close(box.cloud.store);
	loop_once(box.cloud.loop, 0); /* what the last commit was going to tell frees itself */
	loop_free(box.cloud.loop);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", box.path, files[i]);
		remove(path);
	}
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_waited_too_long_is_confirmed),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(the_timer_stands_for_the_first),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
