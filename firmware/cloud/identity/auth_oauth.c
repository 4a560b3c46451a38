/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The method 'oauth1': whoever signs with an access token acts for the user who authorized it. */
#include <stdio.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/oauth.h"
#include "firmware/cloud/identity/refusal.h"

/* All that is wrong with the message reads alike. */
static int message_check(struct request *request, const struct oauth_message *message,
			 yyjson_val *token, struct error *error)
{
	const char *consumer_id = oauth_message_value(message, "oauth_consumer_key");
	struct error reason = { 0 };
	yyjson_val *consumer;
	int result;

	if (oauth_message_check(message, request->query, instant_now(), &reason) < 0 ||
	    !json_is(token, "consumer_id", consumer_id))
		return refuse_unauthorized(error);
	result = consumer_find(request, consumer_id, &consumer, NULL, error);
	if (result < 0 && result != -ENOENT)
		return result;
	if (result < 0 || !oauth_is_signed(request, message, consumer, token, false))
		return refuse_unauthorized(error);
	return 0;
}

int auth_run_oauth(struct auth *auth, yyjson_val *payload, struct error *error)
{
	struct token_claims *claims = &auth->claims;
	struct oauth_message message;
	yyjson_val *token;
	const char *id;
	int result = oauth_read(auth->request, &message, error);

	(void)payload;
	if (result < 0)
		return result;
	id = oauth_message_value(&message, "oauth_token");
	if (!id || !*id)
		return refuse_expecting(error, "oauth_token", "request");
	result = oauth_access_find(auth->request, id, &token, NULL, error);
	if (result == 0 && oauth_has_expired(token))
		result = refuse_unauthorized(error);
	if (result == 0)
		result = message_check(auth->request, &message, token, error);
	if (result < 0)
		return result;
	claims->scope = SCOPE_PROJECT;
	snprintf(claims->scope_id, sizeof(claims->scope_id), "%s",
		 json_string(token, "project_id"));
	snprintf(claims->access_id, sizeof(claims->access_id), "%s", json_string(token, "id"));
	auth->scope_is_set = true;
	return auth_user_claim(auth, json_string(token, "authorizing_user_id"), error);
}
