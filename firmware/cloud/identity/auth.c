/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/auth.h"

#include <string.h>

#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/mfa.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/cloud/identity/trust.h"
#include "firmware/lib/log.h"
#include "firmware/lib/uuid.h"

int auth_find_domain(const struct reader *reader, yyjson_val *wanted, yyjson_val **domain,
		     struct error *error)
{
	const char *id = json_string(wanted, "id"), *name = json_string(wanted, "name");
	struct records found = { 0 };
	int result;

	if (!name)
		return record_get(reader, domain, NULL, error, "/identity/domain/%s", id ? id : "");
	result = records_index(reader, &found, "/identity/domain/", "name", NULL, name, error);
	if (result == 0 && found.count == 0)
		return -ENOENT;
	if (result == 0)
		*domain = found.items[0].value;
	return result;
}

int auth_find_named(const struct reader *reader, const char *prefix, yyjson_val *wanted,
		    yyjson_val **record, struct error *error)
{
	const char *id = json_string(wanted, "id"), *name = json_string(wanted, "name");
	struct records found = { 0 };
	yyjson_val *domain;
	int result;

	if (id)
		return record_get(reader, record, NULL, error, "%s%s", prefix, id);
	result = auth_find_domain(reader, yyjson_obj_get(wanted, "domain"), &domain, error);
	if (result == 0)
		result = records_index(reader, &found, prefix, "name", json_string(domain, "id"),
				       name ? name : "", error);
	if (result == 0 && found.count == 0)
		return -ENOENT;
	if (result == 0)
		*record = found.items[0].value;
	return result;
}

const char *token_issue(struct identity *identity, struct arena *arena,
			const struct token_claims *claims, struct error *error)
{
	struct token_key key = keyring_newest(&identity->keyring, identity->store, instant_now());
	char text[TOKEN_TEXT_MAX];
	int result = token_seal(&key, claims, text, error);

	explicit_bzero(&key, sizeof(key));
	return result == 0 ? arena_strdup(arena, text) : NULL;
}

/* What the methods left open: life, identity, and the state of the user that it hangs on. */
static int claims_complete(struct auth *auth, struct error *error)
{
	struct token_claims *claims = &auth->claims;
	yyjson_val *user;
	int result =
		record_get(&auth->reader, &user, NULL, error, "/identity/user/%s", claims->user_id);

	if (result < 0)
		return result == -ENOENT ? refuse_unauthorized(error) : result;
	claims->issued = instant_now();
	if (!claims->expires)
		claims->expires = claims->issued + TOKEN_LIFE;
	random_bytes(claims->audit, sizeof(claims->audit));
	return 0;
}

int auth_begin(struct auth *auth, struct request *request, yyjson_val *body, struct error *error)
{
	if (!yyjson_is_obj(body))
		return refuse_expecting(error, "auth", "request body");
	auth->request = request;
	auth->identity = yyjson_obj_get(body, "identity");
	auth->scope = yyjson_obj_get(body, "scope");
	return reader_of_request(request, &auth->reader, error);
}

static int principal_make(struct auth *auth, struct principal **principal, struct error *error)
{
	struct principal *made = arena_alloc(auth->request->arena, sizeof(*made));
	int result;

	if (!made)
		return error_set(error, -ENOMEM, "no memory");
	made->fresh = true;
	made->claims = auth->claims;
	result = principal_resolve(&auth->reader, made, error);
	*principal = made;
	if (result != -EPERM)
		return result;
	log_info("identity", "authentication refused", "user=%s reason=%s", auth->claims.user_id,
		 log_quote(error->message));
	return refuse_unauthorized(error);
}

int auth_issue(struct auth *auth, struct principal **principal, const char **token,
	       struct error *error)
{
	struct request *request = auth->request;
	int result = claims_complete(auth, error);

	if (result == 0)
		result = auth_scope_choose(auth, error);
	if (result == 0)
		result = principal_make(auth, principal, error);
	if (result < 0)
		return result;
	*token =
		token_issue(request->cloud->identity, request->arena, &(*principal)->claims, error);
	return *token ? 0 : error_set(error, -EIO, "token can't be made");
}

int auth_finish(struct auth *auth, struct error *error)
{
	struct request *request = auth->request;
	struct principal *principal;
	const char *token;
	int result = auth_issue(auth, &principal, &token, error);

	if (result < 0)
		return result;
	result = token_reply(request, &auth->reader, principal, auth->unnamed ? NULL : token,
			     auth->status ? auth->status : 201,
			     !request_query(request, "nocatalog"), error);
	if (result == 0 && principal->trust)
		result = trust_consume(request, principal->trust, error);
	return result;
}

/* A token when enough was shown, else a receipt for what was. */
static int factors_check(struct auth *auth, struct error *error)
{
	yyjson_val *user;
	int result = record_get(&auth->reader, &user, NULL, error, "/identity/user/%s",
				auth->claims.user_id);

	if (result < 0)
		return result == -ENOENT ? refuse_unauthorized(error) : result;
	auth->claims.epoch = (uint32_t)json_integer(user, "token_epoch", 0);
	result = mfa_receipt_take(auth, error);
	if (result < 0)
		return result;
	if (!mfa_suffices(auth->claims.methods, user))
		return mfa_receipt_reply(auth, user, error);
	return auth_finish(auth, error);
}

int token_create(struct request *request, struct error *error)
{
	struct auth auth = { 0 };
	int result = auth_begin(&auth, request, yyjson_obj_get(request->body, "auth"), error);

	if (result == 0)
		result = auth_methods_run(&auth, error);
	return result == 0 ? factors_check(&auth, error) : result;
}
