/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Imports from the web; the test is the process that fetches. */
#include "firmware/cloud/image/test/harness.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "firmware/cloud/image/rules.h"
#include "firmware/cloud/link.h"
#include "firmware/fetch/message.h"

#define IMPORT IMAGES "/" ID "/import"
#define WEB(uri) "{\"method\":{\"name\":\"web-download\",\"uri\":\"" uri "\"}}"
#define PATIENCE_TURNS 1000 /* of 10 ms */

static struct channel peer;
static int peer_pipe = -1; /* of what hangs */
static atomic_uint begun;
static uint64_t size_most_seen;

/* --- who fetches */

static void pour(int fd, const char *text)
{
	fcntl(fd, F_SETFL, 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static void pour_mebibytes(int fd)
{
	static const char bytes[65536];

	for (int i = 0; i < 32; i++)
		assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
}

/* More than anybody takes: until nobody does. */
static void pour_out(int fd)
{
	static const char bytes[65536];

	while (write(fd, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(errno, EPIPE);
}

/* What happens is in the URL's path. */
static void on_message(struct channel *channel, struct message *message, void *context)
{
	struct arena memory = ARENA_INIT;
	struct fetch_begin begin = { 0 };
	struct fetch_end end = { 0 };
	int fd = message_take_fd(message, 0);

	(void)context;
	assert_int_equal(message->type, FETCH_BEGIN);
	assert_int_equal(message_decode(&memory, message, fetch_begin_fields, &begin, NULL), 0);
	size_most_seen = begin.size_most;
	begun++;
	if (!strstr(begin.url, "/nothing"))
		pour(fd, "hello");
	if (strstr(begin.url, "/mebibytes"))
		pour_mebibytes(fd);
	if (strstr(begin.url, "/flood"))
		pour_out(fd);
	if (strstr(begin.url, "/hang") || strstr(begin.url, "/die")) {
		peer_pipe = fd;
	} else {
		close(fd);
		if (strstr(begin.url, "/large"))
			end = (struct fetch_end){ EFBIG, "the file is larger than it may be" };
		else if (!strstr(begin.url, "/good"))
			end = (struct fetch_end){ EPROTO, "HTTP Error 404: Not Found" };
		channel_send_struct(channel, FETCH_END, message->serial, fetch_end_fields, &end,
				    -1);
	}
	arena_free(&memory);
}

static const struct channel_handler handler = { .on_message = on_message };

static void peer_attach(void *argument)
{
	int pair[2];

	(void)argument;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	assert_int_equal(channel_open(&peer, cloud.loop, pair[1], "test", &handler, NULL), 0);
	link_attach(cloud.links[ROLE_FETCH], pair[0]);
}

static void peer_die(void *argument)
{
	channel_close(&peer);
	close(peer_pipe);
	peer_pipe = -1;
	peer_attach(argument);
}

/* --- the loop has a thread of its own, as it has in the box: the test's is a worker */

static pthread_t thread;

static void *loop_main(void *argument)
{
	loop_run(argument);
	return NULL;
}

static void loop_end(void *argument)
{
	loop_stop(argument, 0);
}

static int web_setup(void **state)
{
	int result = group_setup(state);

	signal(SIGPIPE, SIG_IGN);
	cloud.links[ROLE_FETCH] = link_new(cloud.loop, ROLE_FETCH);
	peer_attach(NULL);
	pthread_create(&thread, NULL, loop_main, cloud.loop);
	return result;
}

static int web_teardown(void **state)
{
	loop_post(cloud.loop, loop_end, cloud.loop);
	pthread_join(thread, NULL);
	channel_close(&peer);
	downloads_stop(&cloud);
	link_free(cloud.links[ROLE_FETCH]);
	cloud.links[ROLE_FETCH] = NULL;
	assert_int_equal(downloads_start(&cloud, NULL), 0); /* the box's own end ends it again */
	return group_teardown(state);
}

/* --- */

static yyjson_val *task_only(void)
{
	yyjson_val *tasks = yyjson_obj_get(get(IMAGES "/" ID "/tasks", 200), "tasks"), *task;
	yyjson_val *last = NULL;
	size_t i, count;

	yyjson_arr_foreach (tasks, i, count, task)
		if (!last || !json_is(task, "status", "failure"))
			last = task;
	assert_non_null(last);
	return last;
}

static bool wait_for_status(const char *status)
{
	for (int i = 0; i < PATIENCE_TURNS; i++) {
		if (json_is(get(IMAGES "/" ID, 200), "status", status))
			return true;
		usleep(10000);
	}
	return false;
}

/* Tasks of other tests, which have the same image's id, are gone. */
static void tasks_forget(void)
{
	yyjson_val *tasks = yyjson_obj_get(get("/image/v2/tasks?limit=1000", 200), "tasks"), *task;
	struct store_txn *txn = store_txn_new(&arena);
	size_t i, count;

	yyjson_arr_foreach (tasks, i, count, task)
		store_txn_delete(txn,
				 arena_printf(&arena, IMAGE_TASKS "%s", json_string(task, "id")));
	if (yyjson_arr_size(tasks))
		assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
}

static void import(const char *body)
{
	tasks_forget();
	create("");
	expect("POST", IMPORT, NULL, body, 202, NULL);
}

/* Of no image: none is there. */
static void expect_no_bytes(void)
{
	char path[128];
	struct dirent *entry;
	DIR *images;

	snprintf(path, sizeof(path), "%s/images", directory);
	images = opendir(path);
	assert_non_null(images);
	while ((entry = readdir(images)))
		if (entry->d_name[0] != '.')
			fail_msg("%s is there", entry->d_name);
	closedir(images);
}

static void expect_failed(const char *reason)
{
	yyjson_val *image;

	assert_true(wait_for_status("queued"));
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, IMAGE_IMPORTING, ""));
	assert_true(json_is(image, IMAGE_FAILED, IMAGE_STORE));
	assert_null(yyjson_obj_get(image, IMAGE_TASK));
	assert_true(yyjson_is_null(yyjson_obj_get(image, "size")));
	assert_true(json_is(task_only(), "status", "failure"));
	if (!strstr(json_string(task_only(), "message"), reason))
		fail_msg("%s", json_string(task_only(), "message"));
	expect_no_bytes();
}

static void test_success(void **state)
{
	yyjson_val *image, *task;

	(void)state;
	import(WEB("http://example.com/good"));
	assert_true(wait_for_status("active"));
	image = get(IMAGES "/" ID, 200);
	assert_int_equal(json_integer(image, "size", 0), 5);
	assert_true(json_is(image, "checksum", "5d41402abc4b2a76b9719d911017c592"));
	assert_true(json_is(image, "stores", IMAGE_STORE));
	assert_true(json_is(image, IMAGE_IMPORTING, ""));
	assert_true(json_is(image, IMAGE_FAILED, ""));
	assert_null(yyjson_obj_get(image, IMAGE_TASK));
	assert_int_equal(file_count(), 1);
	task = task_only();
	assert_true(json_is(task, "status", "success"));
	assert_non_null(json_string(task, "expires_at"));
	assert_true(
		json_is(yyjson_obj_get(yyjson_obj_get(yyjson_obj_get(task, "input"), "import_req"),
				       "method"),
			"uri", "http://example.com/good"));
	assert_int_equal(size_most_seen <= IMAGE_SIZE_MAX, 1);
	expect("POST", IMPORT, NULL, WEB("http://example.com/good"), 409, "status active");
}

static void test_failures(void **state)
{
	(void)state;
	import(WEB("http://example.com/missing"));
	expect_failed("HTTP Error 404: Not Found");
	/* And again, into the same image. */
	tasks_forget();
	expect("POST", IMPORT, NULL, WEB("http://example.com/good"), 202, NULL);
	assert_true(wait_for_status("active"));
	assert_true(json_is(get(IMAGES "/" ID, 200), IMAGE_FAILED, ""));
}

static void rules_set(const char *json)
{
	struct store_txn *txn = store_txn_new(&arena);

	if (json)
		store_txn_put(txn, IMPORT_RULES_KEY, json);
	else
		store_txn_delete(txn, IMPORT_RULES_KEY);
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
}

/* The server goes on and on: the disk's end is the import's. */
static void test_disk_full(void **state)
{
	(void)state;
	file_size_limit(2 * 1024 * 1024);
	import(WEB("http://example.com/flood"));
	expect_failed("Image storage media is full");
	file_size_limit(RLIM_INFINITY);
	/* It says beforehand how much will come, and that is more than there is room for. */
	tasks_forget();
	rules_set("{\"size_max_mib\":1048576}");
	expect("POST", IMPORT, NULL, WEB("http://example.com/large"), 202, NULL);
	expect_failed("Image storage media is full");
	assert_true(size_most_seen < IMAGE_SIZE_MAX);
	tasks_forget();
	rules_set("{\"size_max_mib\":1}");
	expect("POST", IMPORT, NULL, WEB("http://example.com/large"), 202, NULL);
	expect_failed("the file is larger than it may be");
	assert_int_equal(size_most_seen, 1 << 20);
	rules_set(NULL);
}

/* What is used up when the import is asked for is refused; what it uses up itself fails it. */
static void test_quotas(void **state)
{
	(void)state;
	limit_set("image_count_uploading", 0);
	import(WEB("http://example.com/good"));
	expect_failed("[Resource image_count_uploading is over limit of 0 due to current usage 1 "
		      "and delta 0]");
	limit_set("image_count_uploading", -1);
	limit_set("image_size_total", 1);
	tasks_forget();
	expect("POST", IMPORT, NULL, WEB("http://example.com/mebibytes/good"), 202, NULL);
	expect_failed("[Resource image_size_total is over limit of 1 due to current usage 0 and "
		      "delta 2]");
	limit_set("image_size_total", -1);
	tasks_forget();
	expect("POST", IMPORT, NULL, WEB("http://example.com/mebibytes/good"), 202, NULL);
	assert_true(wait_for_status("active"));
	limit_set("image_size_total", 1);
	expect("POST", IMPORT, NULL, WEB("http://example.com/good"), 413,
	       "Resource image_size_total is over limit of 1 due to current usage 2 and delta 0");
	limit_set("image_size_total", -1);
}

static void wait_for_begin(unsigned before)
{
	for (int i = 0; i < PATIENCE_TURNS && begun == before; i++)
		usleep(10000);
	assert_int_not_equal(begun, before);
}

static void test_under_way(void **state)
{
	unsigned before = begun;
	yyjson_val *image;

	(void)state;
	import(WEB("http://example.com/die"));
	wait_for_begin(before);
	image = get(IMAGES "/" ID, 200);
	assert_true(json_is(image, "status", "importing"));
	assert_true(json_is(image, IMAGE_IMPORTING, IMAGE_STORE));
	assert_true(json_is(image, IMAGE_TASK, json_string(task_only(), "id")));
	assert_true(json_is(task_only(), "status", "processing"));
	expect("POST", IMPORT, NULL, WEB("http://example.com/good"), 409,
	       "state to use &#x27;web-download&#x27; method");
	expect("PUT", IMAGES "/" ID "/file", BYTES, "x", 409, "importing");
	expect("PUT", IMAGES "/" ID "/stage", BYTES, "x", 409, "importing");
	/* Who fetches dies. */
	loop_post(cloud.loop, peer_die, NULL);
	expect_failed("the transfer was interrupted");
	tasks_forget();
	expect("POST", IMPORT, NULL, WEB("http://example.com/good"), 202, NULL);
	assert_true(wait_for_status("active"));
}

/* An import that hangs is given up when its image is deleted; then the same id is another image. */
static void test_deleted(void **state)
{
	unsigned before = begun;
	yyjson_val *tasks = NULL;
	struct pollfd reader;

	(void)state;
	import(WEB("http://example.com/hang"));
	wait_for_begin(before);
	expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	create("");
	reader = (struct pollfd){ .fd = peer_pipe };
	assert_int_equal(poll(&reader, 1, 20000), 1); /* nobody takes the bytes any more */
	for (int i = 0; i < PATIENCE_TURNS && !yyjson_arr_size(tasks); i++) {
		tasks = yyjson_obj_get(get("/image/v2/tasks?status=failure", 200), "tasks");
		usleep(10000);
	}
	assert_int_equal(yyjson_arr_size(tasks), 1);
	assert_true(json_is(task_only(), "message", IMPORT_DELETED));
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "queued"));
	expect_no_bytes();
	close(peer_pipe);
	peer_pipe = -1;
}

/* As when the plug is pulled: the next start finds it 'importing'. */
static void test_restart(void **state)
{
	unsigned before = begun;

	(void)state;
	import(WEB("http://example.com/hang"));
	wait_for_begin(before);
	downloads_stop(&cloud);
	assert_true(json_is(get(IMAGES "/" ID, 200), "status", "importing"));
	assert_int_equal(files_start(&cloud, NULL), 0);
	assert_int_equal(downloads_start(&cloud, NULL), 0);
	expect_failed("Interrupted by a restart");
	close(peer_pipe);
	peer_pipe = -1;
}

static void test_waiting_in_line(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		import(WEB("http://example.com/nothing/good"));
		assert_true(wait_for_status("active"));
		expect("DELETE", IMAGES "/" ID, NULL, NULL, 204, NULL);
	}
}

/* --- where it may go */

static void expect_filtered(const char *uri)
{
	char body[256];

	snprintf(body, sizeof(body), WEB("%s"), uri);
	expect("POST", IMPORT, NULL, body, 400, "URI for web-download does not pass filtering: ");
	expect("POST", IMPORT, NULL, body, 400, uri);
}

static void provision(const char *json)
{
	FILE *file;
	char path[128];

	snprintf(path, sizeof(path), "%s/provision", directory);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/provision/image-import", directory);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(json, file);
	fclose(file);
}

static void test_rules(void **state)
{
	static const char *const standard[] = { "ftp://example.com/x", "http://example.com:8080/x",
						"file:///etc/passwd", "http://u@example.com/",
						"example.com/x" };

	(void)state;
	create("");
	for (size_t i = 0; i < ARRAY_LENGTH(standard); i++)
		expect_filtered(standard[i]);
	rules_set("{\"allowed_hosts\":[\"good.org\"],\"allowed_ports\":[8080]}");
	expect_filtered("http://example.com:8080/x");
	expect_filtered("http://good.org/x");
	rules_set("{\"disallowed_hosts\":[\"good.org\"]}");
	expect_filtered("http://good.org/x");
	provision("{\"disallowed_hosts\":[\"first.org\"]}");
	rules_set(NULL);
	expect_filtered("http://first.org/x");
	/* What is not sound is not there. */
	provision("{\"allowed_ports\":[\"x\"]}");
	expect_filtered("http://example.com:8080/x");
	expect("POST", IMPORT, NULL, WEB("http://first.org/good"), 202, NULL);
	assert_true(wait_for_status("active"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_success), TEST(test_failures),        TEST(test_disk_full),
		TEST(test_quotas),  TEST(test_under_way),       TEST(test_deleted),
		TEST(test_restart), TEST(test_waiting_in_line), TEST(test_rules),
	};

	return cmocka_run_group_tests(tests, web_setup, web_teardown);
}
