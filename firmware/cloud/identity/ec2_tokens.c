/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A token for whoever signed a request with an EC2 credential's secret. Services ask, on behalf
 * of their clients: the request that they received stands in the body.
 */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/credential.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/signature.h"

#define SIGNED_LIFE (15 * 60) /* seconds; Keystone's auth_ttl */

/* Three names for the same thing, all of them in use. */
static yyjson_val *signed_request(struct request *request)
{
	static const char *const names[] = { "credentials", "credential", "ec2Credentials" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		yyjson_val *found = yyjson_obj_get(request->body, names[i]);

		if (yyjson_obj_size(found))
			return found;
	}
	return NULL;
}

static int credential_of(struct request *request, yyjson_val *wanted, yyjson_val **credential,
			 struct error *error)
{
	const char *access = json_string(wanted, "access");
	char id[CREDENTIAL_ID_SIZE];
	int result;

	if (!yyjson_obj_size(request->body))
		return error_fault(error, -EINVAL, 400, NULL,
				   "request must include a request body");
	if (!access)
		return refuse_unauthorized(error);
	credential_access_id(access, id);
	result = kind_find(request, &kind_credential, id, credential, NULL, error);
	if (result == 0 && !json_is(*credential, "type", "ec2"))
		return refuse_unauthorized(error);
	return result;
}

/* Of a delegate: its token would have to be as narrow as the delegation, and none is. */
static bool is_bound(yyjson_val *keys)
{
	return json_string(keys, "trust_id") || json_string(keys, "app_cred_id") ||
	       json_string(keys, "access_token_id");
}

static const char *secret_of(struct request *request, yyjson_val *credential)
{
	const char *blob = credential_blob(request->cloud->identity, request->arena, credential);
	yyjson_val *keys = json_parse(request->arena, blob ? blob : "", blob ? strlen(blob) : 0);

	return is_bound(keys) ? NULL : json_string(keys, "secret");
}

/* Some clients sign their host without its port. */
static bool ec2_holds(struct request *request, yyjson_val *wanted, const char *secret)
{
	const char *given = json_string(wanted, "signature"), *host = json_string(wanted, "host");
	const char *port = host ? strrchr(host, ':') : NULL;
	char expected[SIGNATURE_SIZE];

	if (!given || !host)
		return false;
	if (signature_ec2(request->arena, wanted, host, secret, expected) &&
	    signature_same(given, expected))
		return true;
	if (!port)
		return false;
	host = arena_strndup(request->arena, host, (size_t)(port - host));
	return host && signature_ec2(request->arena, wanted, host, secret, expected) &&
	       signature_same(given, expected);
}

static bool s3_holds(struct request *request, yyjson_val *wanted, const char *secret)
{
	const char *given = json_string(wanted, "signature"), *token = json_string(wanted, "token");
	char expected[SIGNATURE_SIZE];

	return given && token && signature_s3(request->arena, token, secret, expected) &&
	       signature_same(given, expected);
}

/* A request that says when it was signed holds for a while; one that does not, for ever. */
static bool is_recent(yyjson_val *wanted)
{
	yyjson_val *params = yyjson_obj_get(wanted, "params");
	const char *text = json_string(params, "Timestamp");
	int64_t when;

	if (!text)
		text = json_string(yyjson_obj_get(wanted, "headers"), "X-Amz-Date");
	if (!text)
		text = json_string(params, "X-Amz-Date");
	if (!text)
		return true;
	when = instant_parse(text);
	if (when < 0)
		when = instant_parse_basic(text);
	return when >= 0 && (int64_t)instant_now() <= when + SIGNED_LIFE;
}

static int grant(struct request *request, yyjson_val *credential, bool named, struct error *error)
{
	struct auth auth = {
		.request = request, .status = 200, .unnamed = !named, .scope_is_set = true
	};
	int result = reader_of_request(request, &auth.reader, error);

	if (result < 0)
		return result;
	auth.claims.methods = METHOD_EC2;
	auth.claims.scope = SCOPE_PROJECT;
	snprintf(auth.claims.user_id, sizeof(auth.claims.user_id), "%s",
		 json_string(credential, "user_id"));
	snprintf(auth.claims.scope_id, sizeof(auth.claims.scope_id), "%s",
		 json_string(credential, "project_id"));
	return auth_finish(&auth, error);
}

static int token_of(struct request *request,
		    bool (*holds)(struct request *request, yyjson_val *wanted, const char *secret),
		    bool named, struct error *error)
{
	yyjson_val *wanted = signed_request(request), *credential;
	const char *secret;
	int result = credential_of(request, wanted, &credential, error);

	if (result < 0)
		return result;
	secret = secret_of(request, credential);
	if (!secret || !json_string(credential, "project_id") || !holds(request, wanted, secret) ||
	    !is_recent(wanted))
		return refuse_unauthorized(error);
	return grant(request, credential, named, error);
}

int ec2_token_create(struct request *request, struct error *error)
{
	return token_of(request, ec2_holds, true, error);
}

int s3_token_create(struct request *request, struct error *error)
{
	return token_of(request, s3_holds, false, error);
}
