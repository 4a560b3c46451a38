/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What identity's tests share: a box with a store in a directory that goes away, and requests. */
#ifndef CUMULET_IDENTITY_TEST_BOX_H
#define CUMULET_IDENTITY_TEST_BOX_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "firmware/cloud/http/direct.h"
#include "firmware/cloud/identity/service.h"

#define BOX_PASSWORD "secret"

struct box {
	char path[64];
	/* What another service under test brings along. */
	const struct service *const *services;
	const struct store_index *indexes;
	int (*start)(struct cloud *cloud, struct error *error);
	struct cloud cloud;
	struct arena arena;
	const char *admin;         /* token, scoped to project admin */
	struct direct_reply reply; /* to the last request */
	yyjson_val *body;
};

static const struct service *const box_services[] = { &identity_service, &identity_versions_service,
						      NULL };

static inline void box_start(struct box *box)
{
	struct store_options options = { .path = box->path,
					 .map_size = 64 * 1024 * 1024,
					 .indexes = box->indexes };
	struct error error = { 0 };

	box->cloud = (struct cloud){ .directory = box->path };
	if (store_open(&box->cloud.store, &options, &error) < 0 ||
	    identity_start(&box->cloud, &error) < 0 ||
	    (box->start && box->start(&box->cloud, &error) < 0))
		fail_msg("start: %s", error.message);
}

static inline void box_stop(struct box *box)
{
	identity_stop(&box->cloud);
	store_close(box->cloud.store);
}

static inline void box_restart(struct box *box)
{
	box_stop(box);
	box_start(box);
}

static inline void box_file(const struct box *box, const char *name, const char *content)
{
	char path[160];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", box->path, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(content, file);
	fclose(file);
}

/* The value of a header of the last reply. */
static inline const char *box_header(const struct box *box, const char *name)
{
	return direct_header(&box->reply, name);
}

static inline int box_send(struct box *box, const char *token, const char *method,
			   const char *target, const struct name_value *headers, const char *body)
{
	struct direct_request request = { .method = method,
					  .target = target,
					  .headers = headers,
					  .token = token,
					  .body = body,
					  .body_size = body ? SIZE_MAX : 0 };

	assert_int_equal(direct_run(&box->cloud, box->services, &box->arena, &request, &box->reply),
			 0);
	box->body = box->reply.body
			    ? json_parse(&box->arena, box->reply.body, strlen(box->reply.body))
			    : NULL;
	return box->reply.status;
}

/* A request of the admin. */
static inline int box_do(struct box *box, const char *method, const char *target, const char *body)
{
	return box_send(box, box->admin, method, target, NULL, body);
}

/* "/project/domain/id" and such, of the last reply. */
static inline yyjson_val *box_at(const struct box *box, const char *pointer)
{
	return yyjson_ptr_get(box->body, pointer);
}

static inline const char *box_text(const struct box *box, const char *pointer)
{
	const char *text = yyjson_get_str(box_at(box, pointer));

	return text ? text : "";
}

static inline const char *box_message(const struct box *box)
{
	return box_text(box, "/error/message");
}

static inline const char *box_format(struct box *box, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
static inline const char *box_format(struct box *box, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = arena_vprintf(&box->arena, format, arguments);
	va_end(arguments);
	return text;
}

/* A token by password; NULL when refused. 'scope' is JSON, or NULL for none. */
static inline const char *box_login(struct box *box, const char *name, const char *password,
				    const char *scope)
{
	const char *body = box_format(
		box,
		"{\"auth\":{\"identity\":{\"methods\":[\"password\"],\"password\":{\"user\":"
		"{\"name\":\"%s\",\"domain\":{\"id\":\"default\"},\"password\":\"%s\"}}}%s%s}}",
		name, password, scope ? ",\"scope\":" : "", scope ? scope : "");

	if (box_send(box, NULL, "POST", "/identity/v3/auth/tokens", NULL, body) != 201)
		return NULL;
	return arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
}

static inline const char *box_scope(struct box *box, const char *project)
{
	return box_format(box, "{\"project\":{\"name\":\"%s\",\"domain\":{\"name\":\"Default\"}}}",
			  project);
}

static inline int box_subject(struct box *box, const char *token, const char *method,
			      const char *subject)
{
	const struct name_value headers[] = { { "X-Subject-Token", subject }, { NULL, NULL } };

	return box_send(box, token, method, "/identity/v3/auth/tokens", headers, NULL);
}

/* Makes a record and gives its id. */
static inline const char *box_make(struct box *box, const char *plural, const char *singular,
				   const char *members)
{
	const char *target = box_format(box, "/identity/v3/%s", plural);

	if (box_do(box, "POST", target, box_format(box, "{\"%s\":{%s}}", singular, members)) != 201)
		fail_msg("%s: %d %s", target, box->reply.status, box_message(box));
	return arena_strdup(&box->arena, box_text(box, box_format(box, "/%s/id", singular)));
}

/* The id of the record with this name. */
static inline const char *box_find(struct box *box, const char *plural, const char *name)
{
	assert_int_equal(
		box_do(box, "GET", box_format(box, "/identity/v3/%s?name=%s", plural, name), NULL),
		200);
	return arena_strdup(&box->arena, box_text(box, box_format(box, "/%s/0/id", plural)));
}

static inline void box_grant(struct box *box, const char *method, const char *project,
			     const char *user, const char *role, int expected)
{
	assert_int_equal(box_do(box, method,
				box_format(box, "/identity/v3/projects/%s/users/%s/roles/%s",
					   project, user, role),
				NULL),
			 expected);
}

/* An account stays locked for longer than a test takes, however busy the machine is. */
static inline void box_lock_long(struct box *box)
{
	assert_int_equal(
		box_do(box, "PATCH", "/identity/v3/domains/default/config/security_compliance",
		       "{\"config\":{\"security_compliance\":{\"lockout_duration\":3600}}}"),
		200);
}

/* 'like' brings what goes beyond identity; NULL: nothing. */
static inline int box_setup_like(void **state, const char *password, const struct box *like)
{
	struct box *box = calloc(1, sizeof(*box));
	char directory[160];

	if (like)
		*box = *like;
	box->services = like ? like->services : box_services;
	box->indexes = like ? like->indexes : identity_service.indexes;

	strcpy(box->path, "/tmp/identity-test-XXXXXX");
	assert_non_null(mkdtemp(box->path));
	snprintf(directory, sizeof(directory), "%s/provision", box->path);
	assert_int_equal(mkdir(directory, 0700), 0);
	if (password)
		box_file(box, "provision/admin-password", password);
	box_start(box);
	if (password)
		box->admin = box_login(box, "admin", BOX_PASSWORD, box_scope(box, "admin"));
	*state = box;
	return 0;
}

static inline int box_setup(void **state)
{
	return box_setup_like(state, BOX_PASSWORD "\n", NULL);
}

static inline int box_teardown(void **state)
{
	static const char *const files[] = { "data.mdb", "lock.mdb", "first-password",
					     "provision/admin-password", "provision" };
	struct box *box = *state;
	char path[160];

	box_stop(box);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", box->path, files[i]);
		remove(path);
	}
	rmdir(box->path);
	arena_free(&box->arena);
	free(box);
	return 0;
}

#endif
