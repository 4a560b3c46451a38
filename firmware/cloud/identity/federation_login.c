/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Logins of federation, and assertions for other clouds: all of them need a front end and keys that
 * are not there. Each is refused where a Keystone without these gives up; what that one would answer
 * with an internal error is not implemented here.
 */
#include "firmware/cloud/identity/federation.h"
#include "firmware/cloud/identity/refusal.h"

int federation_login(struct request *request, struct error *error)
{
	(void)request;
	return error_fault(error, -EPERM, 401, NULL,
			   "Attempted to authenticate with an unsupported method.");
}

/* No front end has said who vouches. */
int federation_web_login(struct request *request, struct error *error)
{
	(void)request;
	return refuse_unauthorized(error);
}

/* There are no dashboards that are trusted. */
int federation_provider_web_login(struct request *request, struct error *error)
{
	const char *origin = request_query(request, "origin");

	if (!origin || !*origin)
		return error_fault(error, -EINVAL, 400, NULL,
				   "Request must have an origin query parameter");
	return refuse_unauthorized(error);
}

int federation_metadata(struct request *request, struct error *error)
{
	(void)request;
	return refuse_not_implemented(error);
}

static int token_check(struct request *request, const char *token, struct error *error)
{
	struct principal *principal;
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = principal_of_token(request->cloud->identity, &reader, token, &principal,
					    error);
	if (result == -EPERM)
		return error_fault(error, -ENOENT, 404, NULL, "Failed to validate token");
	if (result == 0 && principal->claims.scope != SCOPE_PROJECT)
		return refuse_forbidden(error, "Use a project scoped token when attempting to "
					       "create a SAML assertion");
	return result;
}

int federation_assertion(struct request *request, struct error *error)
{
	yyjson_val *auth = yyjson_obj_get(request->body, "auth"), *provider;
	const char *sp_id = json_string(yyjson_ptr_get(auth, "/scope/service_provider"), "id");
	int result = kind_find(request, &kind_service_provider, sp_id, &provider, NULL, error);

	if (result == 0 && !json_bool(provider, "enabled", false))
		result = refuse_denied(error);
	if (result == 0)
		result = token_check(
			request, json_string(yyjson_ptr_get(auth, "/identity/token"), "id"), error);
	return result == 0 ? refuse_not_implemented(error) : result;
}
