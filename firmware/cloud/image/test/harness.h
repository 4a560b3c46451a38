/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A box with identity and image services in this process: requests go through router, token, policy
 * and handlers to a real store and real files. One test program includes it once. */
#ifndef CUMULET_IMAGE_TEST_HARNESS_H
#define CUMULET_IMAGE_TEST_HARNESS_H

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/cloud/http/direct.h"
#include "firmware/cloud/identity/identity.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/cloud/image/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define IMAGES "/image/v2/images"
#define ID "11111111-2222-4333-8444-555555555555"
#define BASE_BODY "\"id\":\"" ID "\",\"disk_format\":\"raw\",\"container_format\":\"bare\""
#define PATCH_TYPE "application/openstack-images-v2.1-json-patch"
#define BYTES "application/octet-stream"

static struct cloud cloud __attribute__((unused));
static struct arena arena;
static char directory[64];
static char member_token[1024], reader_token[1024], system_token[1024];
static const char *token; /* NULL: as the operator */

static const struct service *const list[] = { &identity_service, &image_service, NULL };

/* --- requests */

static inline struct direct_reply call(const char *method, const char *target, const char *type,
				       const char *header, const char *body)
{
	const struct name_value headers[] = { { "Content-Type", type },
					      { "Range", header },
					      { 0 } };
	const struct direct_request request = {
		.method = method,
		.target = target,
		.headers = type || header ? headers : NULL,
		.token = token,
		.body = body,
		.body_size = SIZE_MAX,
		.operator= !token,
	};
	struct direct_reply reply;

	assert_int_equal(direct_run(&cloud, list, &arena, &request, &reply), 0);
	return reply;
}

static inline yyjson_val *json_of(struct direct_reply reply, int status)
{
	if (reply.status != status)
		fail_msg("%d instead of %d: %s", reply.status, status, reply.body);
	return json_parse(&arena, reply.body, reply.body_size);
}

static inline yyjson_val *get(const char *target, int status)
{
	return json_of(call("GET", target, NULL, NULL, NULL), status);
}

static inline void expect(const char *method, const char *target, const char *type,
			  const char *body, int status, const char *text)
{
	struct direct_reply reply = call(method, target, type, NULL, body);

	if (reply.status != status)
		fail_msg("%s %s: %d instead of %d: %s", method, target, reply.status, status,
			 reply.body ? reply.body : "");
	if (text && (!reply.body || !strstr(reply.body, text)))
		fail_msg("%s %s: no '%s' in %s", method, target, text,
			 reply.body ? reply.body : "");
}

/* A body that is not taken, and what is said of it. */
struct refusal {
	const char *body;
	int status;
	const char *text;
};

static inline void expect_refusals(const char *target, const struct refusal *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect("POST", target, NULL, cases[i].body, cases[i].status, cases[i].text);
}

static inline void create(const char *more)
{
	char body[512];

	snprintf(body, sizeof(body), "{" BASE_BODY "%s}", more);
	expect("POST", IMAGES, NULL, body, 201, "queued");
}

static inline void upload(const char *bytes)
{
	expect("PUT", IMAGES "/" ID "/file", BYTES, bytes, 204, NULL);
}

/* Files of the image's, of whatever upload. */
static inline unsigned file_count(void)
{
	DIR *images = opendir(files_path(&cloud, &arena, ""));
	struct dirent *entry;
	unsigned count = 0;

	assert_non_null(images);
	while ((entry = readdir(images)))
		count += !strncmp(entry->d_name, ID, strlen(ID));
	closedir(images);
	return count;
}

/* As it is stored, not as it is shown. */
static inline yyjson_val *record_of(const char *id)
{
	struct store_record stored;
	struct store_view *view;

	assert_int_equal(store_view_open(cloud.store, &view, NULL), 0);
	assert_int_equal(store_get(view, &arena, arena_printf(&arena, IMAGE_RECORDS "%s", id),
				   &stored, NULL),
			 0);
	store_view_close(view);
	return json_parse(&arena, stored.value, stored.size);
}

/* Where the bytes of the image are that has ID. */
static inline const char *file_path(void)
{
	return files_path_of(&cloud, &arena, record_of(ID));
}

/* A limit on the size of files is to the service what a full disk is. */
static inline void file_size_limit(rlim_t size)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &limit);
	limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* What a project may have of it at the most; -1: no bound. */
static inline void limit_set(const char *resource, int limit)
{
	struct store_txn *txn = store_txn_new(&arena);
	const char *key = arena_printf(&arena, "/identity/registered_limit/%s", resource);

	if (limit < 0)
		store_txn_delete(txn, key);
	else
		store_txn_put(txn, key,
			      arena_printf(&arena,
					   "{\"id\":\"%s\",\"resource_name\":\"%s\",\"key\":\"%s\","
					   "\"default_limit\":%d}",
					   resource, resource, resource, limit));
	assert_int_equal(store_commit(cloud.store, txn, NULL, NULL), 0);
}

/* --- the box */

static inline const struct store_index *all_indexes(void)
{
	static struct store_index indexes[128];
	size_t count = 0;

	for (const struct service *const *service = list; *service; service++)
		for (const struct store_index *index = (*service)->indexes; index && index->prefix;
		     index++)
			indexes[count++] = *index;
	assert_true(count < ARRAY_LENGTH(indexes));
	return indexes;
}

static inline void box_open(void)
{
	struct error error = { 0 };
	char path[80];
	const struct store_options options = { .path = path,
					       .loop = cloud.loop,
					       .indexes = all_indexes() };

	snprintf(path, sizeof(path), "%s/store", directory);
	mkdir(path, 0700);
	assert_int_equal(store_open(&cloud.store, &options, &error), 0);
	for (const struct service *const *service = list; *service; service++)
		if ((*service)->start && (*service)->start(&cloud, &error))
			fail_msg("%s: %s", (*service)->name, error.message);
}

static inline void box_close(void)
{
	for (const struct service *const *service = list; *service; service++)
		if ((*service)->stop)
			(*service)->stop(&cloud);
	identity_stop(&cloud);
	store_close(cloud.store);
	loop_once(cloud.loop, 0);
}

static inline const char *made_id(const char *target, const char *kind, const char *body)
{
	return json_string(
		yyjson_obj_get(json_of(call("POST", target, NULL, NULL, body), 201), kind), "id");
}

static inline const char *role_id(const char *name)
{
	const char *target = arena_printf(&arena, "/identity/v3/roles?name=%s", name);

	return json_string(yyjson_arr_get_first(yyjson_obj_get(get(target, 200), "roles")), "id");
}

/* A new user who has this role where 'place' says ("projects/<id>", "system"), and a token for it. */
static inline void user_make(const char *name, const char *role, const char *place,
			     const char *scope, char made[static sizeof(member_token)])
{
	const char *user = made_id(
		"/identity/v3/users", "user",
		arena_printf(&arena, "{\"user\":{\"name\":\"%s\",\"password\":\"secret\"}}", name));
	struct direct_reply reply;

	expect("PUT",
	       arena_printf(&arena, "/identity/v3/%s/users/%s/roles/%s", place, user,
			    role_id(role)),
	       NULL, NULL, 204, NULL);
	reply = call(
		"POST", "/identity/v3/auth/tokens", NULL, NULL,
		arena_printf(&arena,
			     "{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":"
			     "{\"user\":{\"id\":\"%s\",\"password\":\"secret\"}}},\"scope\":%s}}",
			     user, scope));
	assert_int_equal(reply.status, 201);
	snprintf(made, sizeof(member_token), "%s", direct_header(&reply, "X-Subject-Token"));
}

/* A project with a member, who is nobody special, and a reader; and who administers the system. */
static inline void users_make(void)
{
	const char *project =
		made_id("/identity/v3/projects", "project", "{\"project\":{\"name\":\"other\"}}");
	const char *place = arena_printf(&arena, "projects/%s", project);
	const char *scope = arena_printf(&arena, "{\"project\":{\"id\":\"%s\"}}", project);

	user_make("eve", "member", place, scope, member_token);
	user_make("rita", "reader", place, scope, reader_token);
	user_make("sue", "admin", "system", "{\"system\":{\"all\":true}}", system_token);
}

static inline int group_setup(void **state)
{
	(void)state;
	log_level_set("*", "error");
	snprintf(directory, sizeof(directory), "/tmp/image-test-XXXXXX");
	assert_non_null(mkdtemp(directory));
	assert_int_equal(loop_new(&cloud.loop), 0);
	cloud.directory = directory;
	box_open();
	users_make();
	return 0;
}

static inline int group_teardown(void **state)
{
	char command[96];

	(void)state;
	box_close();
	loop_free(cloud.loop);
	arena_free(&arena);
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

/* Each test leaves nothing. */
static inline int teardown(void **state)
{
	yyjson_val *images, *image;
	size_t i, count;
	char target[128];

	(void)state;
	token = NULL;
	images = yyjson_obj_get(get(IMAGES "?visibility=all&limit=1000", 200), "images");
	yyjson_arr_foreach (images, i, count, image) {
		snprintf(target, sizeof(target), IMAGES "/%s", json_string(image, "id"));
		call("PATCH", target, PATCH_TYPE, NULL,
		     "[{\"op\":\"replace\",\"path\":\"/protected\",\"value\":false}]");
		expect("DELETE", target, NULL, NULL, 204, NULL);
	}
	arena_reset(&arena);
	return 0;
}

#define TEST(name) cmocka_unit_test_teardown(name, teardown)

#endif
