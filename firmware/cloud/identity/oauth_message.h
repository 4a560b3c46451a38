/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What OAuth 1.0 (RFC 5849) puts into a request: parameters in the Authorization header, and a
 * signature over them, the method and the URI. All of it comes from outside. What is refused, and
 * in which words, is oauthlib's way, which Keystone leans on.
 */
#ifndef CUMULET_IDENTITY_OAUTH_MESSAGE_H
#define CUMULET_IDENTITY_OAUTH_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "firmware/cloud/http/request.h"

#define OAUTH_PARAMETERS_MAX 32
#define OAUTH_CLOCK_SKEW 600 /* seconds between the client's clock and ours */

struct oauth_message {
	struct name_value items[OAUTH_PARAMETERS_MAX + 1]; /* decoded; ends with name NULL */
};

/* 'OAuth name="value", ...'. -EINVAL without a message when the header is none; -ENOMEM. */
int oauth_message_parse(struct arena *arena, const char *header, struct oauth_message *message);
/* NULL: not there. */
const char *oauth_message_value(const struct oauth_message *message, const char *name);
/* What every message needs, at this time (Unix seconds); -EINVAL with the 400 that says what is wrong. */
int oauth_message_check(const struct oauth_message *message, const struct name_value *query,
			uint64_t now, struct error *error);
/* "Validation failed with errors: ..." */
int oauth_message_refuse(struct error *error, const char *kind, const char *detail);

/* What a message is signed with, beside itself. */
struct oauth_signing {
	const char *method, *uri;       /* without its query */
	const struct name_value *query; /* decoded, ends with name NULL; NULL: none is signed */
	const char *consumer_secret;
	const char *token_secret; /* "" where there is no token yet */
};

/* The signature that belongs to the message, by the method that it names; NULL: out of memory. */
const char *oauth_message_sign(struct arena *arena, const struct oauth_message *message,
			       const struct oauth_signing *signing);
bool oauth_message_holds(struct arena *arena, const struct oauth_message *message,
			 const struct oauth_signing *signing);

#endif
