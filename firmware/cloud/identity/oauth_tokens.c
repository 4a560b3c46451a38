/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The three steps of OAuth 1: a consumer gets a request token, a user authorizes it, the consumer
 * changes it for an access token. What a consumer sends is signed; it has no token of the box.
 */
#include "firmware/cloud/identity/oauth.h"

#include <stdio.h>
#include <string.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/schemas.h"
#include "firmware/cloud/identity/signature.h"
#include "firmware/lib/uuid.h"

#define VERIFIER_LENGTH 8
/* People read it aloud and type it in: without what looks alike. */
#define VERIFIER_CHARACTERS "abcdefghkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
#define SWEEP_MOST 64 /* expired tokens that go with a new one */
/* Request tokens of a consumer that wait for a user. Nobody but the consumer has said yes to them yet:
 * it shall not fill the store. */
#define WAITING_MOST 256

struct step {
	struct request *request;
	struct oauth_message message;
	struct store_txn *txn;
	struct error *error;
};

/* Begins a step of a consumer's; the parameters that it can't do without are named. */
static int step_begin(struct step *step, const char *const *needed)
{
	int result = oauth_read(step->request, &step->message, step->error);

	for (; result == 0 && *needed; needed++) {
		const char *value = oauth_message_value(&step->message, *needed);

		if (!value || !*value)
			return refuse_expecting(step->error, *needed, "request");
	}
	return result;
}

static int message_check(const struct step *step)
{
	return oauth_message_check(&step->message, step->request->query, instant_now(),
				   step->error);
}

static int sweep(struct step *step, const char *prefix)
{
	struct records found = { 0 };
	struct reader reader;
	int result = reader_of_request(step->request, &reader, step->error);

	if (result == 0)
		result = records_range(&reader, &found, step->error, "%s", prefix);
	for (size_t i = 0, swept = 0; i < found.count && swept < SWEEP_MOST; i++)
		if (oauth_has_expired(found.items[i].value)) {
			store_txn_delete(step->txn, found.items[i].key);
			swept++;
		}
	return result;
}

/* Puts the token, which gets an id, a secret and an end, and replies with them. */
static int token_make(struct step *step, yyjson_mut_doc *doc, yyjson_mut_val *token,
		      const char *prefix, uint64_t life)
{
	struct request *request = step->request;
	char id[UUID_HEX_SIZE], secret[UUID_HEX_SIZE], expires[INSTANT_SIZE];
	int result = sweep(step, prefix);

	uuid_make_hex(id);
	uuid_make_hex(secret);
	instant_format(instant_now() + life, expires);
	json_set_string(doc, token, "id", id);
	json_set_string(doc, token, "expires_at", expires);
	json_set_string(doc, token, "sealed",
			vault_seal(&request->cloud->identity->vault, request->arena, id, secret));
	store_txn_put(step->txn, arena_printf(request->arena, "%s%s", prefix, id),
		      request_write(request, token));
	if (result == 0)
		result = identity_commit(request, step->txn, step->error);
	if (result < 0)
		return result;
	return reply_text(request, 201, "application/x-www-form-urlencoded",
			  arena_printf(request->arena,
				       "oauth_token=%s&oauth_token_secret=%s&oauth_expires_at=%s",
				       id, secret, expires));
}

/* --- a request token */

static int realm_check(const struct step *step)
{
	const char *realm = oauth_message_value(&step->message, "realm");
	char text[256];

	if (!realm || !*realm)
		return 0;
	snprintf(text, sizeof(text), "Invalid realm ['%.200s']. Allowed are []", realm);
	return oauth_message_refuse(step->error, "invalid_request", text);
}

static int request_check(struct step *step, const char *project_id, yyjson_val **consumer)
{
	const char *consumer_id = oauth_message_value(&step->message, "oauth_consumer_key");
	const struct kind *kind;
	yyjson_val *project;
	int result = project_find(step->request, project_id, &kind, &project, NULL, step->error);

	if (result == 0)
		result = consumer_find(step->request, consumer_id, consumer, NULL, step->error);
	if (result == 0)
		result = message_check(step);
	if (result == 0)
		result = realm_check(step);
	if (result == 0 && !oauth_message_value(&step->message, "oauth_callback"))
		result = oauth_message_refuse(step->error, "invalid_request",
					      "Missing callback URI.");
	return result;
}

static int waiting_check(struct step *step, const char *consumer_id)
{
	struct record_list waiting = { .request = step->request };
	int result = record_list_index(step->request, &waiting, OAUTH_REQUEST, "consumer", NULL,
				       consumer_id, step->error);
	size_t count = 0;

	for (size_t i = 0; i < waiting.count; i++)
		count += !oauth_has_expired(waiting.items[i]);
	return result == 0 && count >= WAITING_MOST ? refuse_denied(step->error) : result;
}

static int request_token_create(struct request *request, struct error *error)
{
	static const char *const needed[] = { "oauth_consumer_key", NULL };
	const char *project_id = request_header(request, "Requested-Project-Id");
	struct step step = { .request = request,
			     .txn = store_txn_new(request->arena),
			     .error = error };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *token = yyjson_mut_obj(doc);
	yyjson_val *consumer;
	int result = step_begin(&step, needed);

	if (result == 0 && !project_id)
		result = refuse_expecting(error, "Requested-Project-Id", "request");
	if (result == 0)
		result = request_check(&step, project_id, &consumer);
	if (result < 0)
		return result;
	if (!oauth_is_signed(request, &step.message, consumer, NULL, true))
		return refuse_unauthorized(error);
	result = waiting_check(&step, json_string(consumer, "id"));
	if (result < 0)
		return result;
	json_set_string(doc, token, "consumer_id", json_string(consumer, "id"));
	json_set_string(doc, token, "requested_project_id", project_id);
	return token_make(&step, doc, token, OAUTH_REQUEST, OAUTH_REQUEST_LIFE);
}

/* --- authorizing it */

static void verifier_make(char verifier[static VERIFIER_LENGTH + 1])
{
	const size_t count = sizeof(VERIFIER_CHARACTERS) - 1;
	size_t length = 0;

	while (length < VERIFIER_LENGTH) {
		unsigned char byte;

		random_bytes(&byte, 1);
		if (byte < 256 / count * count) /* each character is as likely */
			verifier[length++] = VERIFIER_CHARACTERS[byte % count];
	}
	verifier[length] = '\0';
}

/* The roles that are handed on are those that the user has on the project, or fewer. */
static int roles_settle(struct request *request, yyjson_val *token, yyjson_mut_doc *doc,
			yyjson_mut_val *list, struct error *error)
{
	struct role_set held = { 0 };
	struct reader reader;
	yyjson_val *wanted;
	size_t index, most;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = grants_all(&reader, request->caller->user_id, SCOPE_PROJECT,
				    json_string(token, "requested_project_id"), &held, error);
	yyjson_arr_foreach (yyjson_obj_get(request->body, "roles"), index, most, wanted) {
		const char *id = NULL;

		if (result == 0)
			result = role_meant(&reader, wanted, &id, error);
		if (result == 0 && !role_set_has(&held, id))
			result = refuse_unauthorized(error);
		if (result == 0)
			json_set_string(doc, yyjson_mut_arr_add_obj(doc, list), "id", id);
	}
	return result;
}

static int authorize_check(struct request *request, yyjson_val **token, uint64_t *revision,
			   struct error *error)
{
	int result;

	if (request->caller->trust_id || !caller_is_in_person(request->caller))
		return refuse_denied(error);
	result = oauth_request_find(request, request_param(request, "request_token_id"), token,
				    revision, error);
	if (result == 0 && oauth_has_expired(*token))
		return refuse_unauthorized(error);
	return result;
}

static int authorize(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *list = yyjson_mut_arr(doc), *root = yyjson_mut_obj(doc), *changed;
	char verifier[VERIFIER_LENGTH + 1];
	yyjson_val *token;
	uint64_t revision;
	const char *key;
	int result = authorize_check(request, &token, &revision, error);

	if (result == 0)
		result = roles_settle(request, token, doc, list, error);
	if (result < 0)
		return result;
	verifier_make(verifier);
	changed = yyjson_val_mut_copy(doc, token);
	json_set_string(doc, changed, "authorizing_user_id", request->caller->user_id);
	json_set_string(doc, changed, "verifier", verifier);
	json_set(doc, changed, "roles", list);
	key = arena_printf(request->arena, OAUTH_REQUEST "%s", json_string(token, "id"));
	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, request_write(request, changed));
	result = identity_commit(request, txn, error);
	if (result < 0)
		return result;
	json_set(doc, root, "token", yyjson_mut_obj(doc));
	json_set_string(doc, yyjson_mut_obj_get(root, "token"), "oauth_verifier", verifier);
	return reply_json(request, 200, doc, root);
}

/* --- an access token for it */

static bool is_hex_id(const char *id)
{
	return strlen(id) == 32 && strspn(id, "0123456789abcdef") == 32;
}

static int access_message_check(const struct step *step)
{
	const char *verifier = oauth_message_value(&step->message, "oauth_verifier");
	int result = message_check(step);

	if (result < 0)
		return result;
	if (!is_hex_id(oauth_message_value(&step->message, "oauth_token")))
		return oauth_message_refuse(step->error, "invalid_request",
					    "Invalid resource owner key format.");
	if (strlen(verifier) != VERIFIER_LENGTH ||
	    strspn(verifier, VERIFIER_CHARACTERS) != VERIFIER_LENGTH)
		return oauth_message_refuse(step->error, "invalid_request",
					    "Invalid verifier format.");
	return 0;
}

/* The token was authorized, and the consumer that asked for it now knows its verifier. */
static int access_check(struct step *step, yyjson_val *token)
{
	const char *consumer_id = oauth_message_value(&step->message, "oauth_consumer_key");
	const char *verifier = oauth_message_value(&step->message, "oauth_verifier");
	const char *expected = json_string(token, "verifier");
	yyjson_val *consumer;
	int result;

	if (oauth_has_expired(token))
		return refuse_unauthorized(step->error);
	result = access_message_check(step);
	if (result < 0)
		return result;
	result = consumer_find(step->request, consumer_id, &consumer, NULL, step->error);
	if (result == -ENOENT || (result == 0 && !json_is(token, "consumer_id", consumer_id)))
		return refuse_unauthorized(step->error);
	if (result < 0)
		return result;
	if (!oauth_is_signed(step->request, &step->message, consumer, token, true) || !expected ||
	    !signature_same(expected, verifier))
		return refuse_unauthorized(step->error);
	return 0;
}

static int access_token_create(struct request *request, struct error *error)
{
	static const char *const needed[] = { "oauth_consumer_key", "oauth_token", "oauth_verifier",
					      NULL };
	struct step step = { .request = request,
			     .txn = store_txn_new(request->arena),
			     .error = error };
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *access = yyjson_mut_obj(doc);
	yyjson_val *token;
	uint64_t revision;
	const char *key;
	int result = step_begin(&step, needed);

	if (result == 0)
		result = oauth_request_find(request,
					    oauth_message_value(&step.message, "oauth_token"),
					    &token, &revision, error);
	if (result == 0)
		result = access_check(&step, token);
	if (result < 0)
		return result;
	json_set_string(doc, access, "consumer_id", json_string(token, "consumer_id"));
	json_set_string(doc, access, "authorizing_user_id",
			json_string(token, "authorizing_user_id"));
	json_set_string(doc, access, "project_id", json_string(token, "requested_project_id"));
	json_set(doc, access, "roles", yyjson_val_mut_copy(doc, yyjson_obj_get(token, "roles")));
	key = arena_printf(request->arena, OAUTH_REQUEST "%s", json_string(token, "id"));
	store_txn_compare(step.txn, key, revision); /* it is good for one access token */
	store_txn_delete(step.txn, key);
	return token_make(&step, doc, access, OAUTH_ACCESS, OAUTH_ACCESS_LIFE);
}

/* --- the routes */

static const struct schema role = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "id", &schema_id, false, 0, 0 },
						   { "name", &schema_name_255, false, 0, 0 },
						   { 0 } },
	.min_members = 1,
	.max_members = 1,
};
static const struct schema role_list = { .types = SCHEMA_ARRAY, .items = &role };
static const struct schema schema_authorize = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "roles", &role_list, false, 0, 0 }, { 0 } },
	.additional = true,
};

#define OAUTH "/OS-OAUTH1"

static const struct route routes[] = {
	ROUTE("POST", OAUTH "/request_token", request_token_create, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("PUT", OAUTH "/authorize/{request_token_id}", authorize,
	      "identity:authorize_request_token", &schema_authorize, 0),
	ROUTE("POST", OAUTH "/access_token", access_token_create, NULL, NULL, ROUTE_PUBLIC),
	{ 0 },
};

const struct service_part identity_oauth_part = { routes, NULL };
