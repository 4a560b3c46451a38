/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Credentials, EC2 keys, and tokens for what was signed with them. */
#include "firmware/cloud/identity/signature.h"
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"

struct user {
	const char *id, *token;
};

static struct user make_user(struct box *box, const char *name)
{
	struct user user = { .id = box_make(
				     box, "users", "user",
				     box_format(box, "\"name\":\"%s\",\"password\":\"p\"", name)) };

	box_grant(box, "PUT", box_find(box, "projects", "service"), user.id,
		  box_find(box, "roles", "member"), 204);
	user.token = box_login(box, name, "p", box_scope(box, "service"));
	return user;
}

static int as(struct box *box, const struct user *user, const char *method, const char *target,
	      const char *body)
{
	return box_send(box, user->token, method, box_format(box, V3 "/%s", target), NULL, body);
}

static int create(struct box *box, const struct user *user, const char *user_id, const char *type,
		  const char *more)
{
	return as(box, user, "POST", "credentials",
		  box_format(box, "{\"credential\":{\"user_id\":\"%s\",\"type\":\"%s\",%s}}",
			     user_id, type, more));
}

/* Whether the text lies anywhere in the store's file. */
static bool lies_in_store(const struct box *box, const char *text)
{
	char path[160], *bytes;
	bool found = false;
	long size;
	FILE *file;

	snprintf(path, sizeof(path), "%s/data.mdb", box->path);
	file = fopen(path, "r");
	assert_non_null(file);
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	rewind(file);
	bytes = malloc((size_t)size);
	assert_int_equal(fread(bytes, 1, (size_t)size, file), size);
	found = memmem(bytes, (size_t)size, text, strlen(text)) != NULL;
	free(bytes);
	fclose(file);
	return found;
}

static void a_blob_is_kept_sealed(void **state)
{
	struct box *box = *state;
	struct user joe = make_user(box, "joe");
	const char *id;

	assert_int_equal(create(box, &joe, joe.id, "cert", "\"blob\":\"very-secret-text\""), 201);
	id = arena_strdup(&box->arena, box_text(box, "/credential/id"));
	assert_string_equal(box_text(box, "/credential/blob"), "very-secret-text");
	assert_true(yyjson_is_null(box_at(box, "/credential/project_id")));
	assert_null(box_at(box, "/credential/sealed"));
	assert_true(lies_in_store(box, id));
	assert_false(lies_in_store(box, "very-secret-text"));
	box_restart(box);
	assert_int_equal(as(box, &joe, "GET", box_format(box, "credentials/%s", id), NULL), 200);
	assert_string_equal(box_text(box, "/credential/blob"), "very-secret-text");
	assert_int_equal(as(box, &joe, "PATCH", box_format(box, "credentials/%s", id),
			    "{\"credential\":{\"blob\":\"other\"}}"),
			 200);
	assert_string_equal(box_text(box, "/credential/blob"), "other");
	assert_int_equal(as(box, &joe, "DELETE", box_format(box, "credentials/%s", id), NULL), 204);
	assert_int_equal(box_do(box, "GET", box_format(box, V3 "/credentials/%s", id), NULL), 404);
	assert_string_equal(box_message(box),
			    box_format(box, "Could not find credential: %s.", id));
}

static void credentials_are_their_users_own(void **state)
{
	struct box *box = *state;
	struct user joe = make_user(box, "joe"), eve = make_user(box, "eve");
	const char *target;

	assert_int_equal(create(box, &joe, joe.id, "cert", "\"blob\":\"b\""), 201);
	target = box_format(box, "credentials/%s", box_text(box, "/credential/id"));
	assert_int_equal(create(box, &eve, joe.id, "cert", "\"blob\":\"b\""), 403);
	assert_int_equal(as(box, &eve, "GET", target, NULL), 403);
	assert_string_equal(box_message(box), "You are not authorized to perform the requested "
					      "action: identity:get_credential.");
	assert_int_equal(as(box, &eve, "DELETE", target, NULL), 403);
	assert_int_equal(as(box, &joe, "PATCH", target,
			    box_format(box, "{\"credential\":{\"user_id\":\"%s\"}}", eve.id)),
			 403);
	eve.token = box_login(box, "admin", BOX_PASSWORD, "{\"domain\":{\"id\":\"default\"}}");
	if (eve.token)
		assert_int_equal(as(box, &eve, "GET", target, NULL), 403); /* not for domains */
	eve.token = box_login(box, "eve", "p", box_scope(box, "service"));
	assert_int_equal(as(box, &eve, "GET", "credentials", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/credentials")), 0);
	assert_int_equal(box_do(box, "GET", V3 "/credentials?type=cert", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/credentials")), 1);
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/users/%s", joe.id), NULL), 204);
	assert_int_equal(box_do(box, "GET", V3 "/credentials", NULL), 200);
	assert_int_equal(yyjson_arr_size(box_at(box, "/credentials")), 0);
}

static void bad_credentials_are_refused(void **state)
{
	struct box *box = *state;
	struct user joe = make_user(box, "joe");
	static const struct {
		const char *type, *more;
		int status;
	} cases[] = {
		{ "cert", "\"x\":1", 400 },
		{ "ec2", "\"blob\":\"{\\\"access\\\":\\\"a\\\"}\"", 400 },
		{ "ec2", "\"project_id\":\"p\",\"blob\":\"not json\"", 400 },
		{ "ec2", "\"project_id\":\"p\",\"blob\":\"{\\\"secret\\\":\\\"a\\\"}\"", 400 },
		{ "ec2", "\"project_id\":\"p\",\"blob\":\"{\\\"access\\\":\\\"a\\\"}\"", 201 },
		{ "ec2", "\"project_id\":\"p\",\"blob\":\"{\\\"access\\\":\\\"a\\\"}\"", 409 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (create(box, &joe, joe.id, cases[i].type, cases[i].more) != cases[i].status)
			fail_msg("%zu: %d %s", i, box->reply.status, box_message(box));
}

/* A pair of keys of the user on project 'service'. */
static const char *make_pair(struct box *box, const struct user *user)
{
	assert_int_equal(
		as(box, user, "POST", box_format(box, "users/%s/credentials/OS-EC2", user->id),
		   box_format(box, "{\"tenant_id\":\"%s\"}", box_find(box, "projects", "service"))),
		201);
	return arena_strdup(&box->arena, box_text(box, "/credential/access"));
}

/* From now on the user reads the whole system. */
static void make_system_reader(struct box *box, struct user *user, const char *name)
{
	assert_int_equal(box_do(box, "PUT",
				box_format(box, V3 "/system/users/%s/roles/%s", user->id,
					   box_find(box, "roles", "reader")),
				NULL),
			 204);
	user->token = box_login(box, name, "p", "{\"system\":{\"all\":true}}");
	assert_non_null(user->token);
}

static void pairs_are_made_up(void **state)
{
	struct box *box = *state;
	struct user joe = make_user(box, "joe"), eve = make_user(box, "eve");
	const char *access = make_pair(box, &joe), *target, *list;

	target = box_format(box, "users/%s/credentials/OS-EC2/%s", joe.id, access);
	list = box_format(box, "users/%s/credentials/OS-EC2", joe.id);
	assert_string_equal(box_text(box, "/credential/links/self"),
			    box_format(box, "https://localhost" V3 "/%s", target));
	assert_true(yyjson_is_null(box_at(box, "/credential/trust_id")));
	assert_int_equal(as(box, &joe, "GET", list, NULL), 200);
	assert_string_equal(box_text(box, "/credentials/0/access"), access);
	assert_int_equal(as(box, &eve, "GET", list, NULL), 403);
	assert_int_equal(as(box, &eve, "GET", target, NULL), 403);
	make_system_reader(box, &eve, "eve");
	assert_int_equal(as(box, &eve, "GET", list, NULL), 200);
	assert_int_equal(as(box, &eve, "GET", target, NULL), 200);
	assert_int_equal(as(box, &eve, "POST", list, "{\"tenant_id\":\"nowhere\"}"), 403);
	assert_int_equal(as(box, &eve, "DELETE", target, NULL), 403);
	assert_int_equal(as(box, &joe, "POST", list, "{\"tenant_id\":\"nowhere\"}"), 404);
	assert_string_equal(box_message(box), "Could not find project: nowhere.");
	assert_int_equal(as(box, &joe, "DELETE", target, NULL), 204);
	assert_int_equal(as(box, &joe, "GET", target, NULL), 404);
}

/* What an EC2 service would pass on; 'params' goes into it. */
static const char *signed_with(struct box *box, const char *access, const char *secret,
			       const char *params)
{
	const char *members = box_format(box,
					 "\"access\":\"%s\",\"verb\":\"GET\",\"host\":\"h:80\","
					 "\"path\":\"/\",\"params\":{\"SignatureVersion\":\"2\"%s}",
					 access, params);
	const char *text = box_format(box, "{%s}", members);
	char signature[SIGNATURE_SIZE];

	assert_true(signature_ec2(&box->arena, json_parse(&box->arena, text, strlen(text)), "h:80",
				  secret, signature));
	return box_format(box, "{\"credentials\":{%s,\"signature\":\"%s\"}}", members, signature);
}

static void a_signed_request_gives_a_token(void **state)
{
	struct box *box = *state;
	struct user joe = make_user(box, "joe");
	const char *access = make_pair(box, &joe), *body;
	const char *secret = arena_strdup(&box->arena, box_text(box, "/credential/secret"));

	body = signed_with(box, access, secret, "");
	assert_int_equal(as(box, &joe, "POST", "ec2tokens", body), 403);
	assert_int_equal(box_do(box, "POST", V3 "/ec2tokens", body), 200);
	assert_string_equal(box_text(box, "/token/user/id"), joe.id);
	assert_string_equal(box_text(box, "/token/methods/0"), "ec2credential");
	assert_string_equal(box_text(box, "/token/project/name"), "service");
	joe.token = arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
	assert_int_equal(as(box, &joe, "GET", "auth/projects", NULL), 200);
	/* what came by delegation makes no further secrets, and no further token */
	assert_int_equal(as(box, &joe, "POST", "auth/tokens",
			    box_format(box,
				       "{\"auth\":{\"identity\":{\"methods\":[\"token\"],"
				       "\"token\":{\"id\":\"%s\"}}}}",
				       joe.token)),
			 403);
	assert_int_equal(create(box, &joe, joe.id, "cert", "\"blob\":\"b\""), 403);
	assert_int_equal(
		box_do(box, "POST", V3 "/ec2tokens", signed_with(box, access, "wrong", "")), 401);
	assert_int_equal(
		box_do(box, "POST", V3 "/ec2tokens",
		       signed_with(box, access, secret, ",\"Timestamp\":\"2020-01-01T00:00:00Z\"")),
		401);
	assert_int_equal(box_do(box, "POST", V3 "/ec2tokens", "{\"credentials\":{}}"), 401);
	assert_int_equal(box_do(box, "POST", V3 "/ec2tokens", "{}"), 400);
	assert_int_equal(box_do(box, "GET", V3 "/ec2tokens", NULL), 405);
}

static void an_object_request_gives_a_token(void **state)
{
	struct box *box = *state;
	struct user joe = make_user(box, "joe");
	const char *access = make_pair(box, &joe);
	char signature[SIGNATURE_SIZE];

	assert_true(signature_s3(&box->arena, "R0VUCgoKVGh1Ci9idWNrZXQ=",
				 box_text(box, "/credential/secret"), signature));
	assert_int_equal(box_do(box, "POST", V3 "/s3tokens",
				box_format(box,
					   "{\"credentials\":{\"access\":\"%s\",\"token\":"
					   "\"R0VUCgoKVGh1Ci9idWNrZXQ=\",\"signature\":\"%s\"}}",
					   access, signature)),
			 200);
	assert_string_equal(box_text(box, "/token/user/id"), joe.id);
	assert_null(box_header(box, "X-Subject-Token"));
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_blob_is_kept_sealed),          BOX_TEST(credentials_are_their_users_own),
		BOX_TEST(bad_credentials_are_refused),    BOX_TEST(pairs_are_made_up),
		BOX_TEST(a_signed_request_gives_a_token), BOX_TEST(an_object_request_gives_a_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
