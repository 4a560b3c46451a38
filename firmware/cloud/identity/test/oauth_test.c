/* SPDX-License-Identifier: GPL-2.0-or-later */
/* OAuth 1 from the consumer to its token, and what takes that back. */
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/oauth_message.h"
#include "firmware/cloud/identity/test/box.h"

#define V3 "/identity/v3"
#define HOST "https://localhost"

struct pair {
	const char *key, *secret;
};

static const struct pair no_token = { NULL, "" };

static struct pair make_consumer(struct box *box)
{
	struct pair consumer = { .key = box_make(box, "OS-OAUTH1/consumers", "consumer",
						 "\"description\":\"d\"") };

	consumer.secret = arena_strdup(&box->arena, box_text(box, "/consumer/secret"));
	return consumer;
}

/* What a consumer puts into a request; 'more' are parameters, with a comma before. */
static const char *signed_header(struct box *box, const char *target, const struct pair *consumer,
				 const struct pair *token, const char *more)
{
	const char *header = box_format(
		box,
		"OAuth oauth_consumer_key=\"%s\",oauth_nonce=\"1\",oauth_timestamp=\"%llu\","
		"oauth_signature_method=\"HMAC-SHA1\"%s%s%s%s",
		consumer->key, (unsigned long long)instant_now(),
		token->key ? ",oauth_token=\"" : "", token->key ? token->key : "",
		token->key ? "\"" : "", more);
	struct oauth_signing signing = { .method = "POST",
					 .uri = box_format(box, HOST "%s", target),
					 .consumer_secret = consumer->secret,
					 .token_secret = token->secret };
	struct oauth_message message;

	assert_int_equal(oauth_message_parse(&box->arena, header, &message), 0);
	return box_format(box, "%s,oauth_signature=\"%s\"", header,
			  oauth_message_sign(&box->arena, &message, &signing));
}

static int send_signed(struct box *box, const char *target, const char *authorization,
		       const char *project_id, const char *body)
{
	const struct name_value headers[] = { { "Authorization", authorization },
					      { project_id ? "Requested-Project-Id" : NULL,
						project_id },
					      { NULL, NULL } };

	return box_send(box, NULL, "POST", target, headers, body);
}

/* "oauth_token=...&oauth_token_secret=...&..." */
static struct pair pair_read(struct box *box)
{
	char key[33], secret[33];

	if (sscanf(box->reply.body,
		   "oauth_token=%32[0-9a-f]&oauth_token_secret=%32[0-9a-f]&oauth_e", key,
		   secret) != 2)
		fail_msg("%s", box->reply.body);
	assert_string_equal(box->reply.content_type, "application/x-www-form-urlencoded");
	return (struct pair){ arena_strdup(&box->arena, key), arena_strdup(&box->arena, secret) };
}

#define REQUEST V3 "/OS-OAUTH1/request_token"
#define ACCESS V3 "/OS-OAUTH1/access_token"

static int ask_request(struct box *box, const struct pair *consumer, const char *project_id)
{
	return send_signed(
		box, REQUEST,
		signed_header(box, REQUEST, consumer, &no_token, ",oauth_callback=\"oob\""),
		project_id, NULL);
}

static int authorize(struct box *box, const char *token, const char *key, const char *roles)
{
	return box_send(box, token, "PUT", box_format(box, V3 "/OS-OAUTH1/authorize/%s", key), NULL,
			box_format(box, "{\"roles\":[%s]}", roles));
}

static int ask_access(struct box *box, const struct pair *consumer, const struct pair *token,
		      const char *verifier)
{
	const char *more = box_format(box, ",oauth_verifier=\"%s\"", verifier);

	return send_signed(box, ACCESS, signed_header(box, ACCESS, consumer, token, more), NULL,
			   NULL);
}

#define TOKENS V3 "/auth/tokens"
#define BY_OAUTH "{\"auth\":{\"identity\":{\"methods\":[\"oauth1\"],\"oauth1\":{}}}}"

static int log_in(struct box *box, const struct pair *consumer, const struct pair *access)
{
	return send_signed(box, TOKENS, signed_header(box, TOKENS, consumer, access, ""), NULL,
			   BY_OAUTH);
}

/* All steps up to an access token for the role on project admin. */
static struct pair make_access(struct box *box, const struct pair *consumer, const char *role)
{
	struct pair request;
	const char *verifier;

	assert_int_equal(ask_request(box, consumer, box_find(box, "projects", "admin")), 201);
	request = pair_read(box);
	assert_int_equal(
		authorize(box, box->admin, request.key, box_format(box, "{\"name\":\"%s\"}", role)),
		200);
	verifier = arena_strdup(&box->arena, box_text(box, "/token/oauth_verifier"));
	assert_int_equal(strlen(verifier), 8);
	assert_int_equal(ask_access(box, consumer, &request, verifier), 201);
	return pair_read(box);
}

static const char *admin_id(struct box *box)
{
	return box_find(box, "users", "admin");
}

static const char *access_target(struct box *box, const struct pair *access, const char *more)
{
	return box_format(box, V3 "/users/%s/OS-OAUTH1/access_tokens/%s%s", admin_id(box),
			  access->key, more);
}

static const char *make_token(struct box *box, const struct pair *consumer,
			      const struct pair *access)
{
	assert_int_equal(log_in(box, consumer, access), 201);
	return arena_strdup(&box->arena, box_header(box, "X-Subject-Token"));
}

static void a_consumer_acts_for_a_user(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), access = make_access(box, &consumer, "member");
	const char *token = make_token(box, &consumer, &access);

	assert_string_equal(box_text(box, "/token/methods/0"), "oauth1");
	assert_string_equal(box_text(box, "/token/user/name"), "admin");
	assert_string_equal(box_text(box, "/token/project/name"), "admin");
	assert_string_equal(box_text(box, "/token/OS-OAUTH1/access_token_id"), access.key);
	assert_string_equal(box_text(box, "/token/OS-OAUTH1/consumer_id"), consumer.key);
	/* what was handed on, and what it implies; not the user's others */
	assert_int_equal(yyjson_arr_size(box_at(box, "/token/roles")), 2);
	assert_string_equal(box_text(box, "/token/roles/0/name"), "member");
	assert_int_equal(box_send(box, token, "GET", V3 "/users", NULL, NULL), 403);
	assert_true(strlen(token) < 256);
	/* all of it lies on the disk, and what is secret does not lie there to be read */
	box_restart(box);
	assert_int_equal(box_subject(box, token, "GET", token), 200);
	assert_non_null(make_token(box, &consumer, &access));
}

static void a_request_token_is_good_once(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), other = make_consumer(box), request;
	const char *verifier;

	assert_int_equal(ask_request(box, &consumer, box_find(box, "projects", "admin")), 201);
	request = pair_read(box);
	assert_int_equal(ask_access(box, &consumer, &request, "aaaaaaaa"), 401); /* not yet */
	assert_int_equal(authorize(box, box->admin, request.key, "{\"name\":\"admin\"}"), 200);
	verifier = arena_strdup(&box->arena, box_text(box, "/token/oauth_verifier"));
	assert_int_equal(ask_access(box, &consumer, &request, "aaaaaaaa"), 401);
	assert_int_equal(ask_access(box, &consumer, &request, "no"), 400);
	assert_string_equal(box_message(box), "Validation failed with errors: invalid_request, "
					      "detail message is: Invalid verifier format..");
	assert_int_equal(ask_access(box, &other, &request, verifier), 401);
	assert_int_equal(
		ask_access(box, &(struct pair){ consumer.key, other.secret }, &request, verifier),
		401);
	assert_int_equal(ask_access(box, &consumer, &(struct pair){ request.key, "0" }, verifier),
			 401);
	assert_int_equal(ask_access(box, &consumer, &request, verifier), 201);
	assert_int_equal(ask_access(box, &consumer, &request, verifier), 404);
	assert_string_equal(box_message(box), "Request token not found");
}

static void who_asks_must_be_known(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box);
	struct pair unknown = { "0123456789abcdef0123456789abcdef", consumer.secret };
	const char *project = box_find(box, "projects", "admin");

	assert_int_equal(ask_request(box, &consumer, NULL), 400);
	assert_string_equal(box_message(box),
			    "Expecting to find Requested-Project-Id in request. The server could "
			    "not comply with the request since it is either malformed or otherwise "
			    "incorrect. The client is assumed to be in error.");
	assert_int_equal(ask_request(box, &consumer, "nowhere"), 404);
	assert_int_equal(ask_request(box, &unknown, project), 404);
	assert_string_equal(box_message(box), "Consumer not found");
	assert_int_equal(ask_request(box, &(struct pair){ consumer.key, "0" }, project), 401);
	/* signed for another address */
	assert_int_equal(send_signed(box, REQUEST,
				     signed_header(box, ACCESS, &consumer, &no_token,
						   ",oauth_callback=\"oob\""),
				     project, NULL),
			 401);
	assert_int_equal(send_signed(box, REQUEST,
				     signed_header(box, REQUEST, &consumer, &no_token, ""), project,
				     NULL),
			 400);
	assert_string_equal(box_message(box), "Validation failed with errors: invalid_request, "
					      "detail message is: Missing callback URI..");
	assert_int_equal(box_send(box, NULL, "POST", REQUEST, NULL, NULL), 400);
	assert_int_equal(box_send(box, NULL, "GET", REQUEST, NULL, NULL), 405);
}

static void nobody_hands_on_more_than_it_has(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), access = make_access(box, &consumer, "admin");
	const char *delegate = make_token(box, &consumer, &access);
	const char *key;

	assert_int_equal(ask_request(box, &consumer, box_find(box, "projects", "service")), 201);
	key = pair_read(box).key;
	/* the admin has no role there */
	assert_int_equal(authorize(box, box->admin, key, "{\"name\":\"member\"}"), 401);
	assert_int_equal(authorize(box, box->admin, key, "{\"name\":\"none\"}"), 404);
	assert_int_equal(authorize(box, box->admin, key, "{\"fake\":\"x\"}"), 400);
	assert_int_equal(authorize(box, box->admin, key, "{}"), 400);
	assert_int_equal(authorize(box, box->admin, "0", "{\"name\":\"member\"}"), 404);
	/* a delegate makes no further one, be it an admin */
	assert_int_equal(authorize(box, delegate, key, "{\"name\":\"admin\"}"), 403);
	assert_int_equal(
		box_send(box, delegate, "GET",
			 box_format(box, V3 "/users/%s/OS-OAUTH1/access_tokens", admin_id(box)),
			 NULL, NULL),
		403);
	assert_int_equal(box_send(box, delegate, "POST", TOKENS, NULL,
				  box_format(box,
					     "{\"auth\":{\"identity\":{\"methods\":[\"token\"],"
					     "\"token\":{\"id\":\"%s\"}}}}",
					     delegate)),
			 403);
	assert_string_equal(box_message(box),
			    "You are not authorized to perform the requested action: Using "
			    "OAuth-scoped token to create another token. Create a new OAuth-scoped "
			    "token instead.");
	assert_int_equal(box_send(box, delegate, "GET", V3 "/users", NULL, NULL), 200);
}

static void access_tokens_are_shown(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), access = make_access(box, &consumer, "member");
	const char *member = box_find(box, "roles", "member");
	const char *own = access_target(box, &access, ""), *user = admin_id(box);

	assert_int_equal(box_do(box, "GET", own, NULL), 200);
	assert_string_equal(box_text(box, "/access_token/consumer_id"), consumer.key);
	assert_string_equal(box_text(box, "/access_token/authorizing_user_id"), user);
	assert_string_equal(box_text(box, "/access_token/links/self"),
			    box_format(box, HOST "%s", own));
	assert_string_equal(box_text(box, "/access_token/links/roles"),
			    box_format(box, HOST "%s/roles", own));
	assert_null(box_at(box, "/access_token/sealed"));
	assert_null(box_at(box, "/access_token/roles"));
	assert_int_equal(box_do(box, "GET", box_format(box, "%s/roles", own), NULL), 200);
	assert_string_equal(box_text(box, "/roles/0/id"), member);
	assert_null(box_at(box, "/roles/0/description"));
	assert_int_equal(box_do(box, "GET", box_format(box, "%s/roles/%s", own, member), NULL),
			 200);
	assert_string_equal(box_text(box, "/role/id"), member);
	assert_int_equal(box_do(box, "GET", box_format(box, "%s/roles/other", own), NULL), 404);
	assert_int_equal(
		box_do(box, "GET",
		       box_format(box, V3 "/users/x/OS-OAUTH1/access_tokens/%s", access.key), NULL),
		404);
	assert_int_equal(
		box_do(box, "DELETE",
		       box_format(box, V3 "/users/x/OS-OAUTH1/access_tokens/%s", access.key), NULL),
		401);
}

static int count_access(struct box *box)
{
	const char *target = box_format(box, V3 "/users/%s/OS-OAUTH1/access_tokens", admin_id(box));

	assert_int_equal(box_do(box, "GET", target, NULL), 200);
	return (int)yyjson_arr_size(box_at(box, "/access_tokens"));
}

static void what_is_taken_back_counts_at_once(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), access = make_access(box, &consumer, "member");
	const char *token = make_token(box, &consumer, &access);

	assert_int_equal(count_access(box), 1);
	assert_int_equal(box_do(box, "DELETE", access_target(box, &access, ""), NULL), 204);
	assert_int_equal(count_access(box), 0);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(log_in(box, &consumer, &access), 404);
	assert_string_equal(box_message(box), "Access token not found");

	access = make_access(box, &consumer, "member");
	token = make_token(box, &consumer, &access);
	assert_int_equal(box_do(box, "DELETE",
				box_format(box, V3 "/OS-OAUTH1/consumers/%s", consumer.key), NULL),
			 204);
	assert_int_equal(count_access(box), 0);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
}

static void a_token_needs_its_own_consumer(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), other = make_consumer(box);
	struct pair access = make_access(box, &consumer, "member");

	assert_int_equal(log_in(box, &other, &access), 401);
	assert_int_equal(log_in(box, &consumer, &(struct pair){ access.key, other.secret }), 401);
	assert_int_equal(box_send(box, NULL, "POST", TOKENS, NULL, BY_OAUTH), 400);
	assert_int_equal(send_signed(box, TOKENS,
				     signed_header(box, TOKENS, &consumer, &no_token, ""), NULL,
				     BY_OAUTH),
			 400);
	/* a consumer that asks for another scope gets the one that it was given */
	assert_int_equal(send_signed(box, TOKENS,
				     signed_header(box, TOKENS, &consumer, &access, ""), NULL,
				     "{\"auth\":{\"identity\":{\"methods\":[\"oauth1\"],"
				     "\"oauth1\":{}},\"scope\":{\"system\":{\"all\":true}}}}"),
			 201);
	assert_string_equal(box_text(box, "/token/project/name"), "admin");
	assert_null(box_at(box, "/token/system"));
}

static void a_lost_role_is_lost_to_the_consumer(void **state)
{
	struct box *box = *state;
	const char *user = box_make(box, "users", "user", "\"name\":\"joe\",\"password\":\"p\"");
	const char *project = box_find(box, "projects", "service");
	const char *admin = box_find(box, "roles", "admin"), *joe, *token;
	struct pair consumer = make_consumer(box), request, access;

	box_grant(box, "PUT", project, user, admin, 204);
	joe = box_login(box, "joe", "p", box_scope(box, "service"));
	assert_int_equal(ask_request(box, &consumer, project), 201);
	request = pair_read(box);
	assert_int_equal(authorize(box, joe, request.key, "{\"name\":\"admin\"}"), 200);
	assert_int_equal(
		ask_access(box, &consumer, &request, box_text(box, "/token/oauth_verifier")), 201);
	access = pair_read(box);
	token = make_token(box, &consumer, &access);
	box_grant(box, "DELETE", project, user, admin, 204);
	assert_int_equal(box_subject(box, box->admin, "GET", token), 404);
	assert_int_equal(log_in(box, &consumer, &access), 401);
	box_grant(box, "PUT", project, user, admin, 204);
	assert_int_equal(log_in(box, &consumer, &access), 201);
	assert_int_equal(box_do(box, "DELETE", box_format(box, V3 "/users/%s", user), NULL), 204);
	assert_int_equal(log_in(box, &consumer, &access), 404);
}

static void set_end(struct box *box, const char *prefix, const char *id, const char *when)
{
	const char *key = box_format(box, "/identity/%s/%s", prefix, id);
	struct store_txn *txn = store_txn_new(&box->arena);
	yyjson_mut_doc *doc = json_document(&box->arena);
	struct store_document document;
	yyjson_mut_val *changed;
	struct store_view *view;
	struct error error;

	assert_int_equal(store_view_open(box->cloud.store, &view, &error), 0);
	assert_int_equal(store_read(view, &box->arena, key, &document, &error), 0);
	store_view_close(view);
	changed = yyjson_val_mut_copy(doc, document.root);
	json_set_string(doc, changed, "expires_at", when);
	store_txn_put(txn, key, json_write(&box->arena, changed));
	assert_int_equal(store_commit(box->cloud.store, txn, NULL, &error), 0);
}

/* Lets the token have ended. */
static void expire(struct box *box, const char *prefix, const char *id)
{
	set_end(box, prefix, id, "2020-01-01T00:00:00.000000Z");
}

static void tokens_end_and_are_swept(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), access = make_access(box, &consumer, "member");
	const char *project = box_find(box, "projects", "admin");
	struct pair request;

	expire(box, "oauth_access", access.key);
	assert_int_equal(log_in(box, &consumer, &access), 401);
	assert_int_equal(ask_request(box, &consumer, project), 201);
	request = pair_read(box);
	expire(box, "oauth_request", request.key);
	assert_int_equal(authorize(box, box->admin, request.key, "{\"name\":\"member\"}"), 401);
	assert_int_equal(ask_access(box, &consumer, &request, "aaaaaaaa"), 401);
	assert_int_equal(ask_request(box, &consumer, project), 201);
	assert_int_equal(ask_access(box, &consumer, &request, "aaaaaaaa"), 404);
	make_access(box, &consumer, "member");
	assert_int_equal(log_in(box, &consumer, &access), 404);
	access = make_access(box, &consumer, "member");
	assert_int_equal(log_in(box, &consumer, &access), 201);
	/* of a clock that was years ahead */
	set_end(box, "oauth_access", access.key, "2090-01-01T00:00:00.000000Z");
	assert_int_equal(log_in(box, &consumer, &access), 401);
}

static void a_consumer_does_not_fill_the_store(void **state)
{
	struct box *box = *state;
	struct pair consumer = make_consumer(box), other = make_consumer(box), first;
	const char *project = box_find(box, "projects", "admin");

	assert_int_equal(ask_request(box, &consumer, project), 201);
	first = pair_read(box);
	for (unsigned i = 1; i < 256; i++)
		assert_int_equal(ask_request(box, &consumer, project), 201);
	assert_int_equal(ask_request(box, &consumer, project), 403);
	assert_int_equal(ask_request(box, &other, project), 201);
	expire(box, "oauth_request", first.key);
	assert_int_equal(ask_request(box, &consumer, project), 201);
	assert_int_equal(ask_request(box, &consumer, project), 403);
}

#define BOX_TEST(test) cmocka_unit_test_setup_teardown(test, box_setup, box_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BOX_TEST(a_consumer_acts_for_a_user),
		BOX_TEST(a_request_token_is_good_once),
		BOX_TEST(who_asks_must_be_known),
		BOX_TEST(nobody_hands_on_more_than_it_has),
		BOX_TEST(access_tokens_are_shown),
		BOX_TEST(what_is_taken_back_counts_at_once),
		BOX_TEST(a_token_needs_its_own_consumer),
		BOX_TEST(a_lost_role_is_lost_to_the_consumer),
		BOX_TEST(tokens_end_and_are_swept),
		BOX_TEST(a_consumer_does_not_fill_the_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
