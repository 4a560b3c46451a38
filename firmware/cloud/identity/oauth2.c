/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OS-OAUTH2: a token by the client credentials grant of OAuth 2.0 (RFC 6749, section 4.4). The
 * client is an application credential; its id and secret come as the name and password of Basic
 * authentication.
 */
#include <mbedtls/base64.h>
#include <string.h>
#include <strings.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/mfa.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/refusal.h"

#define BASIC "Basic "
#define DIGEST "Digest "

static int reply_error(struct request *request, int status, const char *kind, const char *text)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set_string(doc, root, "error", kind);
	json_set_string(doc, root, "error_description", text);
	if (status == 401)
		reply_header(request, "WWW-Authenticate", "Keystone uri=\"%s/identity\"",
			     request->base_url);
	return reply_json(request, status, doc, root);
}

static int reply_client(struct request *request, const char *text)
{
	return reply_error(request, 401, "invalid_client", text);
}

/* "name:password"; NULL when the header is not of Basic authentication. */
static char *basic_decode(struct request *request, const char *header)
{
	size_t size = strlen(header), length;
	char *text;

	if (strncasecmp(header, BASIC, strlen(BASIC)) != 0)
		return NULL;
	header += strlen(BASIC);
	text = arena_alloc(request->arena, size + 1);
	if (!text || mbedtls_base64_decode((unsigned char *)text, size, &length,
					   (const unsigned char *)header, strlen(header)))
		return NULL;
	text[length] = '\0';
	return strchr(text, ':') ? text : NULL;
}

/* What the client shows of itself; else what is wrong with it. */
static const char *client_read(struct request *request, const char **id, const char **secret)
{
	const char *header = request_header(request, "Authorization");
	char *text = header ? basic_decode(request, header) : NULL, *colon;

	if (header && !strncasecmp(header, DIGEST, strlen(DIGEST)))
		return "OAuth2.0 client authorization type digest is not supported.";
	if (!text)
		return "OAuth2.0 client authorization is required.";
	colon = strchr(text, ':');
	*colon = '\0';
	*id = text;
	*secret = colon + 1;
	return **id && **secret ? NULL : "OAuth2.0 client authorization is invalid.";
}

static yyjson_val *auth_body(struct request *request, const char *id, const char *secret)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *auth = yyjson_mut_obj(doc), *identity = yyjson_mut_obj(doc);
	yyjson_mut_val *credential = yyjson_mut_obj(doc), *methods = yyjson_mut_arr(doc);
	const char *text;

	json_set_string(doc, credential, "id", id);
	json_set_string(doc, credential, "secret", secret);
	yyjson_mut_arr_add_str(doc, methods, "application_credential");
	json_set(doc, identity, "methods", methods);
	json_set(doc, identity, "application_credential", credential);
	json_set(doc, auth, "identity", identity);
	text = request_write(request, auth);
	return text ? json_parse(request->arena, text, strlen(text)) : NULL;
}

static int factors_check(struct auth *auth, struct error *error)
{
	yyjson_val *user;
	int result = record_get(&auth->reader, &user, NULL, error, "/identity/user/%s",
				auth->claims.user_id);

	if (result == -ENOENT || (result == 0 && !mfa_suffices(auth->claims.methods, user)))
		return refuse_unauthorized(error);
	return result;
}

static int token_make(struct request *request, yyjson_val *body, const char **token,
		      struct error *error)
{
	struct auth auth = { 0 };
	struct principal *principal;
	int result = auth_begin(&auth, request, body, error);

	if (result == 0)
		result = auth_methods_run(&auth, error);
	if (result == 0)
		result = factors_check(&auth, error);
	if (result == 0)
		result = auth_issue(&auth, &principal, token, error);
	return result;
}

static int reply_token(struct request *request, const char *token)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set_string(doc, root, "access_token", token);
	json_set_string(doc, root, "token_type", "Bearer");
	json_set_integer(doc, root, "expires_in", TOKEN_LIFE);
	return reply_json(request, 200, doc, root);
}

/* What Keystone says of a failure in the words of OAuth. */
static int reply_failure(struct request *request, int result, const struct error *error)
{
	if (result == -EPERM)
		return reply_client(request, error->message);
	if (result == -EINVAL)
		return reply_error(request, 400, "invalid_request", error->message);
	return reply_error(request, 500, "other_error",
			   "An unknown error occurred and failed to get an OAuth2.0 access token.");
}

static int oauth2_token_create(struct request *request, struct error *error)
{
	const char *id, *secret, *token = NULL;
	const char *wrong = client_read(request, &id, &secret);
	const char *grant = request_form(request, "grant_type");
	int result;

	if (wrong)
		return reply_client(request, wrong);
	if (!grant)
		return reply_error(request, 400, "invalid_request",
				   "The parameter grant_type is required.");
	if (strcmp(grant, "client_credentials") != 0)
		return reply_error(request, 400, "unsupported_grant_type",
				   arena_printf(request->arena,
						"The parameter grant_type %s is not supported.",
						grant));
	result = token_make(request, auth_body(request, id, secret), &token, error);
	if (result == -EAGAIN)
		return result;
	return result == 0 ? reply_token(request, token) : reply_failure(request, result, error);
}

static const struct route routes[] = {
	ROUTE("POST", "/OS-OAUTH2/token", oauth2_token_create, NULL, NULL,
	      ROUTE_PUBLIC | ROUTE_SLOW),
	{ 0 },
};

const struct service_part identity_oauth2_part = { routes, NULL };
