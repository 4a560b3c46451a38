/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Staging, import, tasks and discovery. */
#include "firmware/cloud/image/test/harness.h"

#define STAGE IMAGES "/" ID "/stage"
#define IMPORT IMAGES "/" ID "/import"
#define DIRECT "{\"method\":{\"name\":\"glance-direct\"}}"

static void stage(const char *bytes)
{
	expect("PUT", STAGE, BYTES, bytes, 204, NULL);
}

/* Tasks outlive their image, and these have one id all the time. */
static yyjson_val *task_with(const char *status)
{
	yyjson_val *tasks = yyjson_obj_get(get(IMAGES "/" ID "/tasks", 200), "tasks"), *task;
	size_t i, count;

	yyjson_arr_foreach (tasks, i, count, task)
		if (json_is(task, "status", status))
			return task;
	fail_msg("no task with status %s", status);
	return NULL;
}

static void test_discovery(void **state)
{
	yyjson_val *store;

	(void)state;
	expect("GET", "/image/v2/info/import", NULL, NULL, 200, "glance-direct");
	store = yyjson_arr_get_first(yyjson_obj_get(get("/image/v2/info/stores", 200), "stores"));
	assert_true(json_is(store, "id", IMAGE_STORE));
	assert_true(json_is(store, "default", "true"));
	expect("GET", "/image/v2/info/stores/detail", NULL, NULL, 200, "\"type\":\"file\"");
	expect("GET", "/image/v2/cache", NULL, NULL, 404, "Caching via API is not supported");
	token = member_token;
	expect("GET", "/image/v2/info/stores/detail", NULL, NULL, 403, "stores_info_detail");
	expect("GET", "/image/v2/cache", NULL, NULL, 403, NULL);
	expect("GET", "/image/v2/tasks", NULL, NULL, 403, "tasks_api_access");
}

static void test_create_tells_methods(void **state)
{
	struct direct_reply reply = call("POST", IMAGES, NULL, NULL, "{}");

	(void)state;
	assert_string_equal(direct_header(&reply, "OpenStack-image-import-methods"),
			    "glance-direct,web-download");
	assert_string_equal(direct_header(&reply, "OpenStack-image-store-ids"), IMAGE_STORE);
}

static void test_stage(void **state)
{
	yyjson_val *image;

	(void)state;
	create("");
	expect("PUT", STAGE, "text/plain", "x", 415, "Invalid content type");
	stage("hello");
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "status", "uploading"));
	assert_int_equal(json_integer(image, "size", 0), 5);
	assert_null(json_string(image, "checksum"));
	assert_null(yyjson_obj_get(image, "stores"));
	assert_null(yyjson_obj_get(image, IMAGE_STAGED));
	assert_int_equal(file_count(), 1);
	expect("PUT", STAGE, BYTES, "again", 409,
	       "Image status transition from uploading to uploading is not allowed");
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	assert_int_equal(file_count(), 0);
}

static void test_import(void **state)
{
	yyjson_val *image, *task;
	char target[128];

	(void)state;
	create("");
	stage("hello");
	expect("POST", IMPORT, NULL, DIRECT, 202, NULL);
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "status", "active"));
	assert_true(json_is(image, "stores", IMAGE_STORE));
	assert_true(json_is(image, "checksum", "5d41402abc4b2a76b9719d911017c592"));
	assert_true(json_is(image, IMAGE_IMPORTING, ""));
	assert_true(json_is(image, IMAGE_FAILED, ""));
	assert_null(yyjson_obj_get(image, IMAGE_TASK));
	assert_int_equal(file_count(), 1);
	task = task_with("success");
	assert_true(
		json_is(yyjson_obj_get(yyjson_obj_get(yyjson_obj_get(task, "input"), "import_req"),
				       "method"),
			"name", "glance-direct"));
	snprintf(target, sizeof(target), "/image/v2/tasks/%s", json_string(task, "id"));
	assert_true(json_is(get(target, 200), "schema", "/v2/schemas/task"));
	expect("DELETE", target, NULL, NULL, 405, "currently not permitted");
	expect("GET", "/image/v2/tasks?status=success", NULL, NULL, 200, ID);
	expect("GET", "/image/v2/tasks?status=wrong", NULL, NULL, 400, "Invalid status value");
}

static void test_import_refusals(void **state)
{
	static const struct refusal cases[] = {
		{ "", 400, "Body expected" },
		{ "{}", 400, "Import request requires a" },
		{ "{\"method\":{}}", 400, "Import request requires a" },
		{ "{\"method\":{\"name\":\"x\"}}", 400, "Unknown import method name" },
		{ "{\"method\":{\"name\":\"web-download\"}}", 400,
		  "URI for web-download does not pass filtering: None" },
		{ "{\"method\":{\"name\":\"glance-direct\"},\"all_stores\":1}", 400, "boolean" },
		{ DIRECT, 409, "needs to be staged" },
		{ "{\"method\":{\"name\":\"copy-image\"}}", 400, "Unknown import method name" },
	};

	(void)state;
	create("");
	expect_refusals(IMPORT, cases, ARRAY_LENGTH(cases));
	stage("x");
	expect("POST", IMPORT, NULL,
	       "{\"method\":{\"name\":\"glance-direct\"},\"stores\":[\"far\"]}", 409,
	       "Store for identifier far not found");
	token = member_token;
	expect("POST", IMPORT, NULL, DIRECT, 404, NULL);
	token = NULL;
	expect("POST", IMPORT, NULL, DIRECT, 202, NULL);
	expect("POST", IMPORT, NULL, DIRECT, 409, "status active");
}

static void test_import_without_formats(void **state)
{
	(void)state;
	expect("POST", IMAGES, NULL, "{\"id\":\"" ID "\",\"container_format\":\"bare\"}", 201,
	       NULL);
	stage("x");
	expect("POST", IMPORT, NULL, DIRECT, 409, "needs to be set before import");
}

/* The staged bytes are gone: the image can be filled again, and the task says why. */
static void test_import_fails(void **state)
{
	(void)state;
	create("");
	stage("hello");
	assert_int_equal(unlink(file_path()), 0);
	expect("POST", IMPORT, NULL, DIRECT, 202, NULL);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
	assert_true(json_is(get(IMAGES "/" ID, 200), IMAGE_FAILED, IMAGE_STORE));
	task_with("failure");
	upload("hello");
}

static void test_restart_keeps_what_is_staged(void **state)
{
	(void)state;
	create("");
	stage("hello");
	box_close();
	box_open();
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "uploading"));
	expect("POST", IMPORT, NULL, DIRECT, 202, NULL);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "active"));
}

/* As the power left it: 'status', with or without all bytes. */
static void record_cut_short(const char *status, const char *more)
{
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, IMAGE_RECORDS ID,
		      arena_printf(&arena,
				   "{\"id\":\"" ID "\",\"status\":\"%s\",\"visibility\":\"shared\","
				   "\"owner\":null,\"created_at\":\"2026-01-01T00:00:00Z\","
				   "\"tags\":[],\"disk_format\":\"raw\","
				   "\"container_format\":\"bare\"%s}",
				   status, more));
	store_txn_put(txn, IMAGE_TASKS "t", "{\"id\":\"t\",\"status\":\"processing\"}");
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
}

static void test_cut_in_staging(void **state)
{
	(void)state;
	record_cut_short("uploading", "");
	box_close();
	box_open();
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
}

static void test_cut_in_import(void **state)
{
	/* Where staged bytes were when records did not say it yet. */
	FILE *file = fopen(files_path(&cloud, &arena, ID ".staged"), "w");

	(void)state;
	assert_non_null(file);
	fclose(file);
	record_cut_short("importing", ",\"" IMAGE_TASK "\":\"t\",\"" IMAGE_STAGED
				      "\":{\"checksum\":\"c\",\"hash\":\"h\"}");
	box_close();
	box_open();
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "uploading"));
	assert_null(yyjson_obj_get(get(IMAGES "/" ID, 200), IMAGE_TASK));
	expect("GET", "/image/v2/tasks/t", NULL, NULL, 200, "Interrupted");
	expect("POST", IMPORT, NULL, DIRECT, 202, NULL);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "active"));
	box_close();
	box_open();
	assert_int_equal(file_count(), 1);
}

static void test_stores(void **state)
{
	const struct name_value headers[] = { { "Content-Type", BYTES },
					      { "X-Image-Meta-Store", "far" },
					      { 0 } };
	const struct direct_request request = { .method = "PUT",
						.target = IMAGES "/" ID "/file",
						.headers = headers,
						.body = "x",
						.body_size = 1,
						.operator= true };
	struct direct_reply reply;

	(void)state;
	create("");
	assert_int_equal(direct_run(&cloud, list, &arena, &request, &reply), 0);
	assert_int_equal(reply.status, 400);
	expect("DELETE", "/image/v2/stores/far/" ID, NULL, NULL, 409, "is not available");
	expect("DELETE", "/image/v2/stores/local/" ID, NULL, NULL, 409, "not allowed to remove");
	upload("x");
	assert_true(json_is(get(IMAGES "/" ID, 200), "stores", IMAGE_STORE));
	expect("DELETE", "/image/v2/stores/local/" ID, NULL, NULL, 403, "the only store");
}

static void test_task_creation(void **state)
{
	(void)state;
	expect("POST", "/image/v2/tasks", NULL, "{\"type\":\"import\"}", 400, "is required");
	expect("POST", "/image/v2/tasks", NULL, "{\"type\":\"other\",\"input\":{}}", 400,
	       "does not match schema");
	expect("POST", "/image/v2/tasks", NULL,
	       "{\"type\":\"import\",\"input\":{\"import_from\":\"http://x/\"}}", 400,
	       "does not pass filtering: http://x/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_discovery),       TEST(test_create_tells_methods),
		TEST(test_stage),           TEST(test_import),
		TEST(test_import_refusals), TEST(test_import_without_formats),
		TEST(test_import_fails),    TEST(test_restart_keeps_what_is_staged),
		TEST(test_cut_in_staging),  TEST(test_cut_in_import),
		TEST(test_stores),          TEST(test_task_creation),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
