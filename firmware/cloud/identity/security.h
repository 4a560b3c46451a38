/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules about passwords and logins, with the names that Keystone's [security_compliance] gives
 * them. They lie in the store, /identity/security/rules, and are changed through
 * PATCH /domains/default/config/security_compliance; what is not set has the default. 0 is off.
 */
#ifndef CUMULET_IDENTITY_SECURITY_H
#define CUMULET_IDENTITY_SECURITY_H

#include "firmware/cloud/identity/reader.h"

struct security {
	int64_t disable_user_account_days_inactive;
	int64_t lockout_failure_attempts; /* 2 */
	int64_t lockout_duration;         /* 5 seconds */
	int64_t password_expires_days;
	int64_t unique_last_password_count; /* 2 */
	int64_t minimum_password_age;       /* days */
	bool change_password_upon_first_use;
	const char *password_regex, *password_regex_description; /* NULL: none */
};

#define SECURITY_UNIQUE_MOST 24 /* hashes of a user that are kept and compared */

struct lockout_rule;

/* What locks this user out; the user's options are looked at. */
struct lockout_rule security_lockout(const struct security *security, yyjson_val *user);
/* Whether the user has not logged in for so long that it counts as disabled. */
bool security_is_inactive(const struct reader *reader, const struct security *security,
			  yyjson_val *user);
/* When the password was or will be no good any more, Unix seconds; 0: never. */
uint64_t security_password_expiry(const struct reader *reader, const char *user_id);
/* The same as clients see it, NULL for never. */
const char *security_expiry_text(const struct reader *reader, const char *user_id);
/* The day of the user's last login; written once a day, and only while it matters. */
int security_saw(const struct reader *reader, struct store *store, const char *user_id,
		 struct error *error);

/* The rules of this moment; texts are in the reader's arena. */
int security_load(const struct reader *reader, struct security *security, struct error *error);

#endif
