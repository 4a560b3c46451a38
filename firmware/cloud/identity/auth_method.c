/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The methods of authentication; auth_oauth.c has one of its own. */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/credential.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/oauth.h"
#include "firmware/cloud/identity/password.h"
#include "firmware/cloud/identity/security.h"
#include "firmware/cloud/identity/totp.h"
#include "firmware/cloud/identity/user_options.h"
#include "firmware/lib/log.h"

int auth_user_claim(struct auth *auth, const char *user_id, struct error *error)
{
	struct token_claims *claims = &auth->claims;

	if (claims->user_id[0] && strcmp(claims->user_id, user_id))
		return refuse_unauthorized(error);
	snprintf(claims->user_id, sizeof(claims->user_id), "%s", user_id);
	return 0;
}

const char *user_password_hash(const struct reader *reader, const char *user_id,
			       struct error *error)
{
	yyjson_val *record;

	if (!user_id ||
	    record_get(reader, &record, NULL, error, "/identity/password/%s", user_id) < 0)
		return NULL;
	return yyjson_get_str(yyjson_arr_get_first(yyjson_obj_get(record, "hashes")));
}

static int refuse_locked(const char *user_id, struct error *error)
{
	log_warning("identity", "account locked", "user=%s", user_id);
	return error_fault(error, -EPERM, 401, NULL, "The account is locked for user: %s.",
			   user_id);
}

static int refuse_disabled(const char *user_id, struct error *error)
{
	return error_fault(error, -EPERM, 401, NULL, "The account is disabled for user: %s.",
			   user_id);
}

int user_password_check(struct identity *identity, const struct reader *reader, yyjson_val *user,
			const char *password, struct error *error)
{
	const char *user_id = json_string(user, "id");
	struct lockout_rule rule;
	struct security security;
	int result = security_load(reader, &security, error);

	if (result < 0)
		return result;
	rule = security_lockout(&security, user);
	if (user_id && lockout_is_locked(&identity->lockout, &rule, user_id, instant_monotonic()))
		return refuse_locked(user_id, error);
	if (!password_verify(password, user_password_hash(reader, user_id, error))) {
		if (user_id)
			lockout_failed(&identity->lockout, &rule, user_id, instant_monotonic());
		log_warning("identity", "wrong password", "user=%s", user_id ? user_id : "unknown");
		return refuse_unauthorized(error);
	}
	if (!json_bool(user, "enabled", true) || security_is_inactive(reader, &security, user))
		return refuse_disabled(user_id, error);
	lockout_succeeded(&identity->lockout, user_id);
	if (json_is(user, "name", "admin") && json_is(user, "domain_id", IDENTITY_DOMAIN_DEFAULT))
		first_password_forget(identity);
	return 0;
}

/* A password that is over is good for one thing: to be changed. */
static int expiry_check(const struct reader *reader, yyjson_val *user, struct error *error)
{
	uint64_t expires = security_password_expiry(reader, json_string(user, "id"));

	if (!expires || expires > instant_now() || user_option(user, "ignore_password_expiry"))
		return 0;
	return error_fault(error, -EPERM, 401, NULL,
			   "The password is expired and needs to be changed for user: %s.",
			   json_string(user, "id"));
}

/* A user by id or name; *user stays NULL when there is none. */
static int user_find(struct auth *auth, yyjson_val *wanted, yyjson_val **user, struct error *error)
{
	int result;

	if (!json_string(wanted, "id") && !json_string(wanted, "name"))
		return refuse_expecting(error, "id or name", "user");
	if (!json_string(wanted, "id") && !yyjson_is_obj(yyjson_obj_get(wanted, "domain")))
		return refuse_expecting(error, "domain", "user");
	result = auth_find_named(&auth->reader, "/identity/user/", wanted, user, error);
	if (result == -ENOENT)
		*user = NULL;
	return result == -ENOENT ? 0 : result;
}

static int run_password(struct auth *auth, yyjson_val *payload, struct error *error)
{
	yyjson_val *wanted = yyjson_obj_get(payload, "user"), *user = NULL;
	const char *password = json_string(wanted, "password");
	int result;

	if (!yyjson_is_obj(wanted))
		return refuse_expecting(error, "user", "password");
	if (!password)
		return refuse_expecting(error, "password", "user");
	result = user_find(auth, wanted, &user, error);
	if (result == 0)
		result = user_password_check(auth->request->cloud->identity, &auth->reader, user,
					     password, error);
	if (result == 0)
		result = expiry_check(&auth->reader, user, error);
	if (result == 0)
		result = security_saw(&auth->reader, auth->request->cloud->store,
				      json_string(user, "id"), error);
	return result == 0 ? auth_user_claim(auth, json_string(user, "id"), error) : result;
}

/* Delegation must not widen: such a token makes no other one. */
static int rescope_check(struct auth *auth, const struct token_claims *from, struct error *error)
{
	bool narrower =
		yyjson_obj_get(auth->scope, "project") || yyjson_obj_get(auth->scope, "domain");

	if (from->trust_id[0])
		return refuse_forbidden(error, "Using trust-scoped token to create another token. "
					       "Create a new trust-scoped token instead");
	if (from->access_id[0])
		return refuse_forbidden(error, "Using OAuth-scoped token to create another token. "
					       "Create a new OAuth-scoped token instead");
	if (from->credential_id[0] || from->methods & METHOD_EC2)
		return refuse_forbidden(error, "Using a delegated token to create another token is "
					       "not allowed.");
	if (from->scope == SCOPE_SYSTEM && narrower)
		return refuse_forbidden(error,
					"Using a system-scoped token to create a "
					"project-scoped or domain-scoped token is not allowed.");
	return 0;
}

/* The new token ends when the old one does: nobody stays logged in by renewing. */
static int run_token(struct auth *auth, yyjson_val *payload, struct error *error)
{
	const char *token = json_string(payload, "id");
	struct token_claims *claims = &auth->claims;
	struct principal *from;
	int result;

	if (!token)
		return refuse_expecting(error, "id", "token");
	result = principal_of_token(auth->request->cloud->identity, &auth->reader, token, &from,
				    error);
	if (result == -EPERM)
		return error_fault(error, -ENOENT, 404, NULL, "Failed to validate token");
	if (result == 0)
		result = rescope_check(auth, &from->claims, error);
	if (result < 0)
		return result;
	claims->methods |= from->claims.methods;
	claims->expires = from->claims.expires;
	claims->has_parent = true;
	memcpy(claims->parent, from->claims.has_parent ? from->claims.parent : from->claims.audit,
	       TOKEN_AUDIT_SIZE);
	return auth_user_claim(auth, from->claims.user_id, error);
}

/* By id, or by name and user; *credential stays NULL when there is none. */
static int credential_find(struct auth *auth, yyjson_val *payload, yyjson_val **credential,
			   struct error *error)
{
	const char *id = json_string(payload, "id"), *name = json_string(payload, "name");
	struct records found = { 0 };
	yyjson_val *user = NULL;
	int result;

	if (id) {
		result = record_get(&auth->reader, credential, NULL, error,
				    "/identity/application_credential/%s", id);
		return result == -ENOENT ? 0 : result;
	}
	if (!name)
		return refuse_expecting(error, "name or ID", "application credential");
	if (!yyjson_obj_get(payload, "user"))
		return refuse_expecting(error, "user", "application credential");
	result = user_find(auth, yyjson_obj_get(payload, "user"), &user, error);
	if (result == 0 && user)
		result = records_index(&auth->reader, &found, "/identity/application_credential/",
				       "name", json_string(user, "id"), name, error);
	if (found.count)
		*credential = found.items[0].value;
	return result;
}

static int run_application_credential(struct auth *auth, yyjson_val *payload, struct error *error)
{
	struct token_claims *claims = &auth->claims;
	const char *secret = json_string(payload, "secret");
	yyjson_val *credential = NULL;
	int result;

	if (auth->scope)
		return error_fault(error, -EPERM, 401, NULL,
				   "Error authenticating with application credential: Application "
				   "credentials cannot request a scope.");
	result = credential_find(auth, payload, &credential, error);
	if (result < 0)
		return result;
	if (!secret || !password_verify(secret, json_string(credential, "secret_hash")))
		return refuse_unauthorized(error);
	claims->scope = SCOPE_PROJECT;
	snprintf(claims->scope_id, sizeof(claims->scope_id), "%s",
		 json_string(credential, "project_id"));
	snprintf(claims->credential_id, sizeof(claims->credential_id), "%s",
		 json_string(credential, "id"));
	auth->scope_is_set = true;
	return auth_user_claim(auth, json_string(credential, "user_id"), error);
}

/* One of the user's seeds gives the code now, and it was not used yet. */
static bool seed_holds(struct auth *auth, yyjson_val *credential, const char *code)
{
	struct identity *identity = auth->request->cloud->identity;
	const char *seed = json_is(credential, "type", "totp")
				   ? credential_blob(identity, auth->reader.arena, credential)
				   : NULL;

	return seed && totp_holds(seed, instant_now(), code) &&
	       passcodes_use(&identity->passcodes, json_string(credential, "id"), code,
			     instant_monotonic());
}

static int seeds_check(struct auth *auth, const char *user_id, const char *code,
		       struct error *error)
{
	struct records found = { 0 };
	int result = records_index(&auth->reader, &found, "/identity/credential/", "user", NULL,
				   user_id, error);

	for (size_t i = 0; result == 0 && i < found.count; i++)
		if (seed_holds(auth, found.items[i].value, code))
			return 0;
	return result < 0 ? result : refuse_unauthorized(error);
}

/* Wrong codes are counted by themselves: who knows the password must not wipe them out with it. */
static int totp_check(struct auth *auth, yyjson_val *user, const char *code, struct error *error)
{
	struct lockout *lockout = &auth->request->cloud->identity->lockout;
	const char *id = json_string(user, "id");
	const char *account = arena_printf(auth->reader.arena, "totp/%.59s", id);
	struct lockout_rule rule;
	struct security security;
	int result = security_load(&auth->reader, &security, error);

	if (result < 0)
		return result;
	rule = security_lockout(&security, user);
	if (lockout_is_locked(lockout, &rule, id, instant_monotonic()) ||
	    lockout_is_locked(lockout, &rule, account, instant_monotonic()))
		return refuse_locked(id, error);
	result = seeds_check(auth, id, code, error);
	if (result == 0)
		lockout_succeeded(lockout, account);
	else
		lockout_failed(lockout, &rule, account, instant_monotonic());
	return result;
}

static int run_totp(struct auth *auth, yyjson_val *payload, struct error *error)
{
	yyjson_val *wanted = yyjson_obj_get(payload, "user"), *user = NULL;
	const char *code = json_string(wanted, "passcode");
	int result;

	if (!yyjson_is_obj(wanted))
		return refuse_expecting(error, "user", "totp");
	result = user_find(auth, wanted, &user, error);
	if (result < 0)
		return result;
	if (!user || !code || !json_bool(user, "enabled", true))
		return refuse_unauthorized(error);
	result = totp_check(auth, user, code, error);
	return result == 0 ? auth_user_claim(auth, json_string(user, "id"), error) : result;
}

static const struct {
	const char *name;
	enum token_method method;
	int (*run)(struct auth *auth, yyjson_val *payload, struct error *error);
} methods[] = {
	{ "password", METHOD_PASSWORD, run_password },
	{ "token", METHOD_TOKEN, run_token },
	{ "application_credential", METHOD_APPLICATION_CREDENTIAL, run_application_credential },
	{ "totp", METHOD_TOTP, run_totp },
	{ "oauth1", METHOD_OAUTH1, auth_run_oauth },
};

static int method_run(struct auth *auth, const char *name, struct error *error)
{
	yyjson_val *payload = yyjson_obj_get(auth->identity, name);

	if (!yyjson_is_obj(payload))
		return refuse_expecting(error, name, "identity");
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(methods[i].name, name))
			continue;
		if (auth->claims.methods & methods[i].method)
			return 0; /* named twice */
		auth->claims.methods |= methods[i].method;
		return methods[i].run(auth, payload, error);
	}
	return error_fault(error, -EPERM, 401, NULL,
			   "Attempted to authenticate with an unsupported method.");
}

int auth_methods_run(struct auth *auth, struct error *error)
{
	yyjson_val *name;
	size_t index, most;
	int result = 0;

	yyjson_arr_foreach (yyjson_obj_get(auth->identity, "methods"), index, most, name) {
		if (result == 0)
			result = method_run(auth, yyjson_get_str(name), error);
	}
	if (result == 0 && !auth->claims.user_id[0])
		return refuse_unauthorized(error);
	return result;
}
