/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules as they bear on one user at a login. */
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/lockout.h"
#include "firmware/cloud/identity/security.h"
#include "firmware/cloud/identity/user_options.h"

#define DAY (24 * 3600)
#define ACTIVITY "/identity/activity/"

struct lockout_rule security_lockout(const struct security *security, yyjson_val *user)
{
	struct lockout_rule rule = { (unsigned)security->lockout_failure_attempts,
				     (uint64_t)security->lockout_duration };

	if (user_option(user, "ignore_lockout_failure_attempts"))
		rule.failures = 0;
	return rule;
}

/* -1: it never logged in while this mattered. */
static int64_t day_seen(const struct reader *reader, const char *user_id)
{
	struct error unused = { 0 };
	yyjson_val *record;

	if (!user_id || record_get(reader, &record, NULL, &unused, ACTIVITY "%s", user_id) < 0)
		return -1;
	return json_integer(record, "day", -1);
}

bool security_is_inactive(const struct reader *reader, const struct security *security,
			  yyjson_val *user)
{
	int64_t most = security->disable_user_account_days_inactive, seen;

	if (!most || !user || user_option(user, "ignore_user_inactivity"))
		return false;
	seen = day_seen(reader, json_string(user, "id"));
	return seen >= 0 && (int64_t)(instant_now() / DAY) - seen >= most;
}

int security_saw(const struct reader *reader, struct store *store, const char *user_id,
		 struct error *error)
{
	int64_t today = (int64_t)(instant_now() / DAY);
	struct security security;
	struct store_txn *txn;
	int result = security_load(reader, &security, error);

	if (result < 0 || !security.disable_user_account_days_inactive ||
	    day_seen(reader, user_id) == today)
		return result;
	txn = store_txn_new(reader->arena);
	store_txn_put(txn, arena_printf(reader->arena, ACTIVITY "%s", user_id),
		      arena_printf(reader->arena, "{\"day\":%lld}", (long long)today));
	return store_commit(store, txn, NULL, error);
}

uint64_t security_password_expiry(const struct reader *reader, const char *user_id)
{
	struct error unused = { 0 };
	yyjson_val *record;

	if (!user_id ||
	    record_get(reader, &record, NULL, &unused, "/identity/password/%s", user_id) < 0)
		return 0;
	return (uint64_t)json_integer(record, "expires_at", 0);
}

const char *security_expiry_text(const struct reader *reader, const char *user_id)
{
	uint64_t when = security_password_expiry(reader, user_id);
	char text[INSTANT_SIZE];

	if (!when)
		return NULL;
	instant_format(when, text);
	text[INSTANT_SIZE - 2] = '\0'; /* without the zone, as Keystone writes this one */
	return arena_strdup(reader->arena, text);
}
