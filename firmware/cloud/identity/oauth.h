/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * OAuth 1 (OS-OAUTH1): a user lets a consumer act with some of its roles on one project, without
 * showing it a password. The consumer asks for a request token, the user authorizes that and tells
 * the consumer a verifier, for which it gets an access token; with this it gets tokens.
 *
 *	/identity/consumer/<id>        description, sealed
 *	/identity/oauth_request/<id>   consumer_id, requested_project_id, expires_at, sealed; once
 *	                               authorized authorizing_user_id, roles [{id}], verifier
 *	/identity/oauth_access/<id>    consumer_id, authorizing_user_id, project_id, roles,
 *	                               expires_at, sealed
 *
 * 'sealed' is the secret (vault.h).
 */
#ifndef CUMULET_IDENTITY_OAUTH_H
#define CUMULET_IDENTITY_OAUTH_H

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/oauth_message.h"

#define OAUTH_REQUEST_LIFE 28800 /* seconds; Keystone's default */
#define OAUTH_ACCESS_LIFE 86400  /* the longer one */
#define OAUTH_REQUEST "/identity/oauth_request/"
#define OAUTH_ACCESS "/identity/oauth_access/"

struct auth;

/* Records by id, in Keystone's words when there is none. */
int consumer_find(struct request *request, const char *id, yyjson_val **consumer,
		  uint64_t *revision, struct error *error);
int oauth_request_find(struct request *request, const char *id, yyjson_val **token,
		       uint64_t *revision, struct error *error);
int oauth_access_find(struct request *request, const char *id, yyjson_val **token,
		      uint64_t *revision, struct error *error);
bool oauth_has_expired(yyjson_val *token);

/* What the request brings; without an Authorization header of this kind it is Keystone's 500. */
int oauth_read(struct request *request, struct oauth_message *message, struct error *error);
/* Whether the request is signed by the consumer and, unless it is NULL, with the token's secret.
 * 'query': the one of the URI is signed, too. */
bool oauth_is_signed(struct request *request, const struct oauth_message *message,
		     yyjson_val *consumer, yyjson_val *token, bool query);

/* The method 'oauth1' of authentication. */
int auth_run_oauth(struct auth *auth, yyjson_val *payload, struct error *error);

#endif
