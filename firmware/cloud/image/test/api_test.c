/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API, in one process. */
#include "firmware/cloud/image/test/harness.h"

/* --- the tests */

static void test_versions(void **state)
{
	yyjson_val *first;

	(void)state;
	first = yyjson_arr_get_first(yyjson_obj_get(get("/image", 300), "versions"));
	assert_true(json_is(first, "status", "CURRENT"));
	get("/image/versions", 200);
	assert_true(json_is(get("/image/v2/schemas/image", 200), "name", "image"));
	assert_true(json_is(get("/image/v2/schemas/images", 200), "name", "images"));
	expect("GET", "/image/v2/schemas/other", NULL, NULL, 404, NULL);
}

static void test_create_and_show(void **state)
{
	struct direct_reply reply;
	yyjson_val *image;

	(void)state;
	reply = call("POST", IMAGES, NULL, NULL,
		     "{" BASE_BODY
		     ",\"name\":\"n\",\"tags\":[\"b\",\"a\",\"b\"],\"os_type\":\"x\"}");
	assert_int_equal(reply.status, 201);
	assert_non_null(strstr(direct_header(&reply, "Location"), IMAGES "/" ID));
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "status", "queued"));
	assert_true(json_is(image, "visibility", "shared"));
	assert_true(json_is(image, "os_type", "x"));
	assert_true(json_is(image, "file", "/v2/images/" ID "/file"));
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(image, "tags")), 2);
	assert_true(yyjson_is_null(yyjson_obj_get(image, "size")));
	expect("POST", IMAGES, NULL, "{" BASE_BODY "}", 409, "already exists");
	expect("GET", IMAGES "/nothing", NULL, NULL, 404, "No image found with ID nothing");
}

static void test_create_refusals(void **state)
{
	static const struct refusal cases[] = {
		{ "", 400, "Body expected" },
		{ "[]", 400, "" },
		{ "{\"disk_format\":\"wrong\"}", 400, "not one of" },
		{ "{\"container_format\":\"wrong\"}", 400, "not one of" },
		{ "{\"id\":\"x\"}", 400, "does not match" },
		{ "{\"status\":\"active\"}", 403, "read-only" },
		{ "{\"self\":\"x\"}", 403, "read-only" },
		{ "{\"deleted\":\"x\"}", 403, "reserved" },
		{ "{\"os_glance_x\":\"x\"}", 403, "reserved" },
		{ "{\"extra\":1}", 400, "" },
		{ "{\"min_disk\":-1}", 400, "Cannot be a negative value" },
	};

	(void)state;
	expect_refusals(IMAGES, cases, ARRAY_LENGTH(cases));
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(get(IMAGES, 200), "images")), 0);
}

static void test_upload_and_download(void **state)
{
	struct direct_reply reply;
	char bytes[16] = "";
	yyjson_val *image;

	(void)state;
	create("");
	assert_int_equal(call("GET", IMAGES "/" ID "/file", NULL, NULL, NULL).status, 204);
	expect("PUT", IMAGES "/" ID "/file", "application/json", "x", 415, "Invalid content type");
	upload("hello");
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "status", "active"));
	assert_int_equal(json_integer(image, "size", 0), 5);
	assert_true(json_is(image, "checksum", "5d41402abc4b2a76b9719d911017c592"));
	assert_true(json_is(image, "os_hash_algo", "sha512"));
	assert_int_equal(yyjson_get_len(yyjson_obj_get(image, "os_hash_value")), 128);
	assert_int_equal(file_count(), 1);
	assert_null(yyjson_obj_get(image, IMAGE_FILE));
	reply = call("GET", IMAGES "/" ID "/file", NULL, NULL, NULL);
	assert_int_equal(reply.status, 200);
	assert_int_equal(reply.length, 5);
	assert_int_equal(read(reply.fd, bytes, sizeof(bytes)), 5);
	assert_string_equal(bytes, "hello");
	close(reply.fd);
	expect("PUT", IMAGES "/" ID "/file", BYTES, "again", 409,
	       "Image status transition from active to saving is not allowed");
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"replace\",\"path\":\"/disk_format\",\"value\":\"qcow2\"}]", 403,
	       "queued image");
}

static void test_ranges(void **state)
{
	struct direct_reply reply;

	(void)state;
	create("");
	upload("hello world");
	reply = call("GET", IMAGES "/" ID "/file", NULL, "bytes=6-", NULL);
	assert_int_equal(reply.status, 206);
	assert_int_equal(reply.offset, 6);
	assert_int_equal(reply.length, 5);
	assert_string_equal(direct_header(&reply, "Content-Range"), "bytes 6-10/11");
	close(reply.fd);
	reply = call("GET", IMAGES "/" ID "/file", NULL, "bytes=11-", NULL);
	assert_int_equal(reply.status, 416);
	assert_int_equal(call("GET", IMAGES "/" ID "/file", NULL, "bytes=0-1,3-4", NULL).status,
			 400);
}

static void test_upload_needs_formats(void **state)
{
	(void)state;
	expect("POST", IMAGES, NULL, "{\"id\":\"" ID "\"}", 201, NULL);
	expect("PUT", IMAGES "/" ID "/file", BYTES, "x", 400,
	       "Properties disk_format, container_format must be set prior to saving data.");
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
}

static void test_patch(void **state)
{
	yyjson_val *image;

	(void)state;
	create(",\"old\":\"1\"");
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"new\"},"
	       "{\"op\":\"add\",\"path\":\"/a\",\"value\":\"b\"},{\"op\":\"remove\",\"path\":\"/old\"}]",
	       200, "\"new\"");
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "name", "new"));
	assert_true(json_is(image, "a", "b"));
	assert_null(yyjson_obj_get(image, "old"));
	expect("PATCH", IMAGES "/" ID, "application/json", "[]", 415, NULL);
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE, "[{\"op\":\"remove\",\"path\":\"/name\"}]", 403,
	       "Property name may not be removed.");
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE, "[{\"op\":\"remove\",\"path\":\"/none\"}]", 409,
	       "Property none does not exist.");
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"replace\",\"path\":\"/none\",\"value\":\"x\"}]", 409, "does not exist");
}

/* What a list shows of an image is kept beside its record: it must not outlive it. */
static void list_agrees(void)
{
	yyjson_val *image, *item;

	for (int i = 0; i < 2; i++) {
		image = get(IMAGES "/" ID, 200);
		item = yyjson_arr_get_first(yyjson_obj_get(get(IMAGES, 200), "images"));
		assert_true(yyjson_equals(image, item));
	}
}

static void test_lists_follow_the_record(void **state)
{
	(void)state;
	create(",\"name\":\"a \\\"b\\\" \\u00e9\"");
	list_agrees();
	upload("hello");
	list_agrees();
	assert_non_null(strstr(call("GET", IMAGES, NULL, NULL, NULL).body, "5d41402abc4b2a76"));
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"second\"},"
	       "{\"op\":\"add\",\"path\":\"/more\",\"value\":\"x\"}]",
	       200, NULL);
	list_agrees();
	assert_non_null(strstr(call("GET", IMAGES, NULL, NULL, NULL).body, "\"second\""));
	expect("PUT", IMAGES "/" ID "/tags/blue", NULL, NULL, 204, NULL);
	list_agrees();
}

static void test_tags(void **state)
{
	(void)state;
	create("");
	expect("PUT", IMAGES "/" ID "/tags/x%20y", NULL, NULL, 204, NULL);
	expect("PUT", IMAGES "/" ID "/tags/x%20y", NULL, NULL, 204, NULL);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(get(IMAGES "/" ID, 200), "tags")), 1);
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(get(IMAGES "?tag=x%20y", 200), "images")),
			 1);
	expect("DELETE", IMAGES "/" ID "/tags/z", NULL, NULL, 404, NULL);
	expect("DELETE", IMAGES "/" ID "/tags/x%20y", NULL, NULL, 204, NULL);
	expect("PUT", IMAGES "/nothing/tags/x", NULL, NULL, 404, "Image nothing not found.");
}

static void test_delete(void **state)
{
	struct direct_reply reply;

	(void)state;
	create(",\"protected\":true");
	upload("hello");
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 403, "is protected and cannot be deleted.");
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"replace\",\"path\":\"/protected\",\"value\":false}]", 200, NULL);
	reply = call("GET", IMAGES "/" ID "/file", NULL, NULL, NULL);
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	assert_int_equal(file_count(), 0);
	assert_int_equal(lseek(reply.fd, 0, SEEK_END), 5); /* whoever reads it goes on */
	close(reply.fd);
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 404, "Failed to find image " ID " to delete");
	expect("GET", IMAGES "/" ID, NULL, NULL, 404, NULL);
	expect("DELETE", IMAGES "/", NULL, NULL, 404, NULL);
	expect("DELETE", IMAGES, NULL, NULL, 405, NULL);
	expect("GET", IMAGES "/", NULL, NULL, 404, NULL);
}

static void test_pages(void **state)
{
	yyjson_val *page, *first;
	const char *next;
	char target[256];

	(void)state;
	for (int i = 0; i < 3; i++) {
		snprintf(target, sizeof(target), "{\"name\":\"image %d\"}", i);
		expect("POST", IMAGES, NULL, target, 201, NULL);
	}
	page = get(IMAGES "?limit=2&sort=name:asc", 200);
	first = yyjson_arr_get_first(yyjson_obj_get(page, "images"));
	assert_true(json_is(first, "name", "image 0"));
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(page, "images")), 2);
	next = json_string(page, "next");
	assert_int_equal(strncmp(next, "/v2/images?", 11), 0);
	snprintf(target, sizeof(target), "/image%s", next);
	page = get(target, 200);
	first = yyjson_arr_get_first(yyjson_obj_get(page, "images"));
	assert_true(json_is(first, "name", "image 2"));
	assert_null(yyjson_obj_get(page, "next"));
	assert_int_equal(yyjson_arr_size(yyjson_obj_get(get(IMAGES "?limit=0", 200), "images")), 0);
	expect("GET", IMAGES "?limit=-1", NULL, NULL, 400, "limit param must be positive");
	expect("GET", IMAGES "?sort_key=color", NULL, NULL, 400, "Invalid sort key");
	expect("GET", IMAGES "?marker=nothing", NULL, NULL, 400, NULL);
	expect("GET", IMAGES "?size_min=x", NULL, NULL, 400, "non-numeric");
}

static void test_full_disk(void **state)
{
	char *bytes = arena_alloc(&arena, 3 * 1024 * 1024 + 1);

	(void)state;
	create("");
	memset(bytes, 'x', 3 * 1024 * 1024);
	file_size_limit(2 * 1024 * 1024);
	expect("PUT", IMAGES "/" ID "/file", BYTES, bytes, 413, "Image storage media is full");
	file_size_limit(RLIM_INFINITY);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
	assert_int_equal(file_count(), 0);
	upload("hello");
}

/* --- somebody else's images */

static size_t listed(const char *query)
{
	char target[128];

	snprintf(target, sizeof(target), IMAGES "%s", query);
	return yyjson_arr_size(yyjson_obj_get(get(target, 200), "images"));
}

static void visibility_set(const char *visibility)
{
	const char *as = token;
	char body[128];

	token = NULL;
	snprintf(body, sizeof(body),
		 "[{\"op\":\"replace\",\"path\":\"/visibility\",\"value\":\"%s\"}]", visibility);
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE, body, 200, NULL);
	token = as;
}

static void test_visibility(void **state)
{
	(void)state;
	create("");
	upload("hello");
	token = member_token;
	expect("GET", IMAGES "/" ID, NULL, NULL, 404, NULL);
	assert_int_equal(listed(""), 0);
	visibility_set("public");
	get(IMAGES "/" ID, 200);
	assert_int_equal(listed(""), 1);
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 403, "delete_image");
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"add\",\"path\":\"/a\",\"value\":\"b\"}]", 403, "modify_image");
	expect("PUT", IMAGES "/" ID "/tags/x", NULL, NULL, 403, "Not allowed to update tags");
	visibility_set("community");
	get(IMAGES "/" ID, 200);
	assert_int_equal(listed(""), 0);
	assert_int_equal(listed("?visibility=community"), 1);
	visibility_set("private");
	expect("GET", IMAGES "/" ID "/file", NULL, NULL, 404, NULL);
	expect("POST", IMAGES, NULL, "{\"visibility\":\"public\"}", 403, "publicize_image");
	expect("POST", IMAGES, NULL, "{\"owner\":\"x\"}", 403, "owned by");
}

static void test_no_token(void **state)
{
	(void)state;
	token = "nonsense";
	expect("GET", IMAGES, NULL, NULL, 401, NULL);
	expect("GET", "/image", NULL, NULL, 300, NULL);
}

static void test_members(void **state)
{
	const char *project, *mine;
	char target[256], body[128];

	(void)state;
	token = member_token;
	expect("POST", IMAGES, NULL, "{\"name\":\"mine\"}", 201, NULL);
	mine = json_string(yyjson_arr_get_first(yyjson_obj_get(get(IMAGES, 200), "images")),
			   "owner");
	project = arena_strdup(&arena, mine);
	token = NULL;
	create("");
	snprintf(body, sizeof(body), "{\"member\":\"%s\"}", project);
	snprintf(target, sizeof(target), IMAGES "/" ID "/members/%s", project);
	expect("POST", IMAGES "/" ID "/members", NULL, body, 200, "pending");
	expect("POST", IMAGES "/" ID "/members", NULL, body, 409, "is duplicated");
	token = member_token;
	get(IMAGES "/" ID, 200); /* seen by its id, not in the list until it was accepted */
	assert_int_equal(listed(""), 1);
	assert_int_equal(listed("?member_status=pending"), 2);
	expect("PUT", target, NULL, "{\"status\":\"maybe\"}", 400, "Incorrect request");
	expect("PUT", target, NULL, "{\"status\":\"accepted\"}", 200, "accepted");
	assert_int_equal(listed(""), 2);
	expect("DELETE", target, NULL, NULL, 403, "Not allowed to delete members");
	expect("POST", IMAGES "/" ID "/members", NULL, "{\"member\":\"x\"}", 403, "create members");
	token = NULL;
	assert_int_equal(
		yyjson_arr_size(yyjson_obj_get(get(IMAGES "/" ID "/members", 200), "members")), 1);
	expect("DELETE", target, NULL, NULL, 204, NULL);
	token = member_token;
	expect("GET", IMAGES "/" ID, NULL, NULL, 404, NULL);
}

static void test_deactivate(void **state)
{
	(void)state;
	create("");
	expect("POST", IMAGES "/" ID "/actions/deactivate", NULL, NULL, 403, "queued");
	upload("hello");
	visibility_set("public");
	expect("POST", IMAGES "/" ID "/actions/deactivate", NULL, NULL, 204, NULL);
	token = member_token;
	expect("GET", IMAGES "/" ID "/file", NULL, NULL, 403, "has been deactivated");
	token = NULL;
	expect("POST", IMAGES "/" ID "/actions/reactivate", NULL, NULL, 204, NULL);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "active"));
}

/* --- the rest of the box */

static void test_open(void **state)
{
	struct error error = { 0 };
	char format[16], bytes[8] = "";
	uint64_t size;
	int fd;

	(void)state;
	assert_int_equal(image_open(&cloud, ID, format, &size, &error), -ENOENT);
	create("");
	assert_int_equal(image_open(&cloud, ID, format, &size, &error), -ENOENT);
	upload("hello");
	fd = image_open(&cloud, ID, format, &size, &error);
	assert_true(fd >= 0);
	assert_string_equal(format, "raw");
	assert_int_equal(size, 5);
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 5);
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
}

static void file_make(const char *name)
{
	FILE *file = fopen(files_path(&cloud, &arena, name), "w");

	assert_non_null(file);
	fputs("left over", file);
	fclose(file);
}

/* A record as an upload leaves it when the power goes. */
static void record_cut_short(void)
{
	struct store_txn *txn = store_txn_new(&arena);

	store_txn_put(txn, IMAGE_RECORDS ID,
		      "{\"id\":\"" ID "\",\"status\":\"saving\",\"visibility\":\"shared\","
		      "\"owner\":null,\"created_at\":\"2026-01-01T00:00:00Z\",\"tags\":[],"
		      "\"disk_format\":\"raw\",\"container_format\":\"bare\","
		      "\"" IMAGE_FILE "\":\"" ID ".all\"}");
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
}

static void test_crash_in_upload(void **state)
{
	(void)state;
	record_cut_short();
	file_make(ID ".before");
	file_make(ID ".all"); /* whole, but its commit never came */
	file_make("99999999-0000-4000-8000-000000000000");
	box_close();
	box_open();
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
	assert_int_equal(file_count(), 0);
	assert_int_equal(
		access(files_path(&cloud, &arena, "99999999-0000-4000-8000-000000000000"), F_OK),
		-1);
	upload("hello"); /* can be tried again */
	box_close();
	box_open();
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "active"));
	assert_int_equal(file_count(), 1);
}

/* Of a box whose records do not say yet where bytes are. */
static void test_older_record(void **state)
{
	struct store_txn *txn = store_txn_new(&arena);
	struct direct_reply reply;

	(void)state;
	file_make(ID);
	store_txn_put(txn, IMAGE_RECORDS ID,
		      "{\"id\":\"" ID "\",\"status\":\"active\",\"visibility\":\"shared\","
		      "\"owner\":null,\"created_at\":\"2026-01-01T00:00:00Z\",\"tags\":[],"
		      "\"disk_format\":\"raw\",\"container_format\":\"bare\",\"checksum\":\"x\","
		      "\"size\":9}");
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
	box_close();
	box_open();
	reply = call("GET", IMAGES "/" ID "/file", NULL, NULL, NULL);
	assert_int_equal(reply.length, 9);
	close(reply.fd);
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	assert_int_equal(file_count(), 0);
}

/* --- an image that is deleted while its bytes come, and another one with its id */

static void claim(void *context, yyjson_mut_doc *doc, yyjson_mut_val *record, struct store_txn *txn)
{
	(void)txn;
	json_set_string(doc, record, IMAGE_FILE, context);
}

static ssize_t late_bytes(struct intake *intake, void *data, size_t size, struct error *error)
{
	(void)error;
	if (intake->size)
		return 0;
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	create("");
	upload("second");
	assert_true(size >= 10);
	memcpy(data, "first, too", 10);
	return 10;
}

static int move(struct request *request, const char *to, char *change_to, const char *file)
{
	const struct status_move way = { .request = request,
					 .id = ID,
					 .to = to,
					 .change = change_to ? claim : NULL,
					 .context = change_to,
					 .file = file };

	request->view = NULL;
	return image_status_move(&way, NULL);
}

static void test_id_given_again(void **state)
{
	struct request request = { .cloud = &cloud, .arena = &arena };
	struct direct_reply reply;
	struct intake intake;
	char bytes[16] = "";

	(void)state;
	create("");
	assert_int_equal(intake_prepare(&intake, &request, ID, NULL), 0);
	intake.read = late_bytes;
	assert_int_equal(move(&request, "saving", arena_strdup(&arena, intake.file), NULL), 0);
	store_view_close(request.view);
	assert_int_equal(intake_run(&intake, NULL), 0);
	assert_int_equal(file_count(), 1); /* the first went with its image */
	assert_int_equal(move(&request, "active", NULL, intake.file), -ENOENT);
	store_view_close(request.view);
	assert_int_equal(move(&request, "queued", NULL, intake.file), -ENOENT);
	store_view_close(request.view);
	intake_discard(&intake);
	assert_int_equal(file_count(), 1);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "active"));
	reply = call("GET", IMAGES "/" ID "/file", NULL, NULL, NULL);
	assert_int_equal(read(reply.fd, bytes, sizeof(bytes)), 6);
	assert_string_equal(bytes, "second");
	close(reply.fd);
}

/* --- images that the box makes itself */

static void fill(const char *id, const char *bytes)
{
	int fd = image_fill_open(&cloud, id, NULL);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, strlen(bytes)), strlen(bytes));
	assert_int_equal(image_fill_finish(&cloud, id, fd, "qcow2", NULL), 0);
	close(fd);
}

static void test_fill(void **state)
{
	struct error error = { 0 };
	yyjson_val *image;
	int fd;

	(void)state;
	create("");
	fill(ID, "hello");
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "status", "active"));
	assert_true(json_is(image, "disk_format", "qcow2"));
	assert_true(json_is(image, "checksum", "5d41402abc4b2a76b9719d911017c592"));
	assert_int_equal(json_integer(image, "size", 0), 5);
	assert_int_equal(file_count(), 1);
	fill(ID, "hello, again"); /* whoever did it died before he noted that */
	assert_int_equal(json_integer(get(IMAGES "/" ID, 200), "size", 0), 12);
	fd = image_fill_open(&cloud, ID, &error);
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	assert_int_equal(image_fill_finish(&cloud, ID, fd, "qcow2", &error), -ENOENT);
	create("");
	assert_int_equal(image_fill_finish(&cloud, ID, fd, "qcow2", &error), -ENOENT);
	close(fd);
	assert_int_equal(file_count(), 0);
	assert_int_equal(image_discard(&cloud, ID, &error), 0);
	assert_int_equal(image_fill_open(&cloud, ID, &error), -ENOENT);
}

/* Who can't see an image hears that there is none, whatever else he may not. */
static void test_hidden(void **state)
{
	static const struct {
		const char *method, *path, *type, *body;
	} cases[] = {
		{ "DELETE", "", NULL, NULL },
		{ "PATCH", "", PATCH_TYPE,
		  "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":\"x\"}]" },
		{ "GET", "/file", NULL, NULL },
		{ "PUT", "/file", BYTES, "x" },
		{ "POST", "/actions/deactivate", NULL, NULL },
		{ "DELETE", "/members/someone", NULL, NULL },
	};

	(void)state;
	create("");
	for (size_t i = 0; i < ARRAY_LENGTH(cases); i++) {
		const char *target = arena_printf(&arena, IMAGES "/" ID "%s", cases[i].path);

		token = reader_token;
		expect(cases[i].method, target, cases[i].type, cases[i].body, 404, NULL);
		token = system_token;
		expect(cases[i].method, target, cases[i].type, cases[i].body, 404, NULL);
	}
	expect("GET", IMAGES "/" ID, NULL, NULL, 404, NULL);
	expect("GET", IMAGES, NULL, NULL, 403, "get_images");
	expect("POST", IMAGES, NULL, "{}", 403, "add_image");
	/* What can be seen is refused as such; but for the system nothing is there. */
	token = NULL;
	expect("PATCH", IMAGES "/" ID, PATCH_TYPE,
	       "[{\"op\":\"replace\",\"path\":\"/visibility\",\"value\":\"public\"}]", 200, NULL);
	token = reader_token;
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 403, "delete_image");
	expect("GET", IMAGES "/" ID, NULL, NULL, 200, NULL);
	token = system_token;
	expect("GET", IMAGES "/" ID, NULL, NULL, 404, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_versions),        TEST(test_create_and_show),
		TEST(test_create_refusals), TEST(test_upload_and_download),
		TEST(test_ranges),          TEST(test_upload_needs_formats),
		TEST(test_patch),           TEST(test_tags),
		TEST(test_delete),          TEST(test_pages),
		TEST(test_full_disk),       TEST(test_visibility),
		TEST(test_no_token),        TEST(test_members),
		TEST(test_deactivate),      TEST(test_open),
		TEST(test_crash_in_upload), TEST(test_lists_follow_the_record),
		TEST(test_hidden),          TEST(test_older_record),
		TEST(test_id_given_again),  TEST(test_fill),
	};

	return cmocka_run_group_tests(tests, group_setup, group_teardown);
}
