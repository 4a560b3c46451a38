/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /auth/tokens for a token that is there already: show, check, revoke. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/rules.h"
#include "firmware/cloud/identity/service.h"

#define SWEEP_MOST 64 /* expired revocations that go with a new one */

/* The token in X-Subject-Token: its own user may ask, and whom the rule lets pass. */
static int subject_find(struct request *request, struct reader *reader, const char *rule,
			struct principal **subject, struct error *error)
{
	const char *token = request_header(request, "X-Subject-Token");
	int result;

	if (!token)
		return error_fault(error, -ENOENT, 404, NULL, "No token in the request");
	result = reader_of_request(request, reader, error);
	if (result == 0)
		result =
			principal_of_token(request->cloud->identity, reader, token, subject, error);
	if (result == -EPERM)
		return error_fault(error, -ENOENT, 404, NULL, "Failed to validate token");
	if (result == 0 && strcmp((*subject)->caller.user_id, request->caller->user_id))
		return identity_allow(request, rule, error);
	return result;
}

/* Who would let a token pass without its access rules is not told that it is good. */
static bool rules_are_understood(const struct request *request, const struct principal *subject)
{
	const char *version = request_header(request, "OpenStack-Identity-Access-Rules");

	return !subject->caller.access_rules || (version && strtod(version, NULL) >= 1.0);
}

int token_show(struct request *request, struct error *error)
{
	struct principal *subject;
	struct reader reader;
	bool check = !strcmp(request->method, "HEAD");
	int result = subject_find(request, &reader,
				  check ? "identity:check_token" : "identity:validate_token",
				  &subject, error);

	if (result == 0 && !rules_are_understood(request, subject))
		return error_fault(error, -ENOENT, 404, NULL, "Failed to validate token");
	if (result < 0)
		return result;
	return token_reply(request, &reader, subject, request_header(request, "X-Subject-Token"),
			   200, !request_query(request, "nocatalog"), error);
}

static int sweep(const struct reader *reader, struct store_txn *txn, struct error *error)
{
	struct records revoked = { 0 };
	int64_t now = (int64_t)instant_now();
	int result = records_range(reader, &revoked, error, "/identity/revocation/");

	for (size_t i = 0, swept = 0; i < revoked.count && swept < SWEEP_MOST; i++) {
		if (json_integer(revoked.items[i].value, "expires", 0) > now)
			continue;
		store_txn_delete(txn, revoked.items[i].key);
		swept++;
	}
	return result;
}

int token_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	struct principal *subject;
	char key[STORE_KEY_MAX];
	struct reader reader;
	int result = subject_find(request, &reader, "identity:revoke_token", &subject, error);

	if (result == 0)
		result = sweep(&reader, txn, error);
	if (result < 0)
		return result;
	snprintf(key, sizeof(key), "/identity/revocation/%s", subject->audit);
	store_txn_put(txn, key,
		      arena_printf(request->arena, "{\"expires\":%llu,\"revoked_at\":%llu}",
				   (unsigned long long)subject->claims.expires,
				   (unsigned long long)instant_now()));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
