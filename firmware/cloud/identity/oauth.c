/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/oauth.h"

#include <string.h>

#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/refusal.h"

static int find(struct request *request, const char *prefix, const char *id, const char *what,
		yyjson_val **record, uint64_t *revision, struct error *error)
{
	int result = request_get(request, record, revision, error, "%s%s", prefix, id);

	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "%s not found", what);
	return result;
}

int consumer_find(struct request *request, const char *id, yyjson_val **consumer,
		  uint64_t *revision, struct error *error)
{
	return find(request, "/identity/consumer/", id, "Consumer", consumer, revision, error);
}

int oauth_request_find(struct request *request, const char *id, yyjson_val **token,
		       uint64_t *revision, struct error *error)
{
	return find(request, OAUTH_REQUEST, id, "Request token", token, revision, error);
}

int oauth_access_find(struct request *request, const char *id, yyjson_val **token,
		      uint64_t *revision, struct error *error)
{
	return find(request, OAUTH_ACCESS, id, "Access token", token, revision, error);
}

bool oauth_has_expired(yyjson_val *token)
{
	const char *expires = json_string(token, "expires_at");
	int64_t end = expires ? instant_parse(expires) : 0, now = (int64_t)instant_now();

	/* one that ends much later was made when the clock was wrong */
	return end < now || end > now + OAUTH_ACCESS_LIFE;
}

int oauth_read(struct request *request, struct oauth_message *message, struct error *error)
{
	const char *header = request_header(request, "Authorization");

	if (!header || oauth_message_parse(request->arena, header, message) < 0)
		return error_fault(error, -EINVAL, 400, NULL,
				   "Cannot retrieve Authorization headers");
	return 0;
}

static const char *secret_of(struct request *request, yyjson_val *record)
{
	return vault_open(&request->cloud->identity->vault, request->arena,
			  json_string(record, "id"), json_string(record, "sealed"));
}

bool oauth_is_signed(struct request *request, const struct oauth_message *message,
		     yyjson_val *consumer, yyjson_val *token, bool query)
{
	const char *target = request->raw_target;
	struct oauth_signing signing = {
		.method = request->method,
		.uri = arena_printf(request->arena, "%s%.*s", request->base_url,
				    (int)strcspn(target, "?"), target),
		.query = query ? request->query : NULL,
		.consumer_secret = secret_of(request, consumer),
		.token_secret = token ? secret_of(request, token) : "",
	};

	return signing.uri && signing.consumer_secret && signing.token_secret &&
	       oauth_message_holds(request->arena, message, &signing);
}
