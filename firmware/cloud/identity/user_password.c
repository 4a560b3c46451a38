/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/user_password.h"

#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/password.h"
#include "firmware/cloud/identity/pattern.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/security.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/cloud/identity/user_options.h"

#define DAY (24 * 3600) /* seconds */

static int strength_check(struct request *request, const struct security *security,
			  const char *password, struct error *error)
{
	const struct pattern *pattern;

	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return error_fault(error, -EACCES, 403, NULL,
				   "The password length must be less than or equal to %d. The "
				   "server could not comply with the request because the password "
				   "is invalid.",
				   PASSWORD_LENGTH_MAX);
	if (!security->password_regex)
		return 0;
	pattern = pattern_parse(request->arena, security->password_regex);
	if (pattern && pattern_matches(pattern, password))
		return 0;
	return error_fault(
		error, -EINVAL, 400, NULL, "The password does not match the requirements: %s.",
		security->password_regex_description ? security->password_regex_description
						     : "None");
}

static bool option_is_set(yyjson_mut_val *user, const char *option)
{
	return yyjson_mut_is_true(yyjson_mut_obj_get(yyjson_mut_obj_get(user, "options"), option));
}

/* 0: it does not expire. What an admin set may be good for one login only: that which changes it. */
static uint64_t expiry_of(const struct security *security, yyjson_mut_val *user, bool self)
{
	if (!self && security->change_password_upon_first_use &&
	    !option_is_set(user, "ignore_change_password_upon_first_use"))
		return instant_now();
	if (!security->password_expires_days || option_is_set(user, "ignore_password_expiry"))
		return 0;
	return instant_now() + (uint64_t)security->password_expires_days * DAY;
}

static yyjson_mut_val *record_make(yyjson_mut_doc *doc, const char *hash, yyjson_val *history,
				   const struct security *security, uint64_t expires, bool self)
{
	yyjson_mut_val *record = yyjson_mut_obj(doc), *hashes = yyjson_mut_arr(doc);

	yyjson_mut_arr_add_strcpy(doc, hashes, hash);
	for (size_t i = 0;
	     (int64_t)i + 1 < security->unique_last_password_count && i < yyjson_arr_size(history);
	     i++)
		yyjson_mut_arr_append(hashes, yyjson_val_mut_copy(doc, yyjson_arr_get(history, i)));
	json_set(doc, record, "hashes", hashes);
	json_set_integer(doc, record, "created_at", (int64_t)instant_now());
	json_set_bool(doc, record, "self", self);
	if (expires)
		json_set_integer(doc, record, "expires_at", (int64_t)expires);
	return record;
}

static int rules_of(struct request *request, struct security *security, struct error *error)
{
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	return result == 0 ? security_load(&reader, security, error) : result;
}

int user_password_put(struct request *request, struct store_txn *txn, yyjson_mut_val *user,
		      const char *password, bool self, struct error *error)
{
	const char *key =
		arena_printf(request->arena, "/identity/password/%s", json_mut_string(user, "id"));
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *before = NULL;
	char hash[PASSWORD_HASH_SIZE];
	struct security security;
	int result = rules_of(request, &security, error);

	if (result == 0)
		result = strength_check(request, &security, password, error);
	if (result == 0)
		result = password_hash(password, hash, error);
	if (result < 0)
		return result;
	result = request_get(request, &before, NULL, error, "%s", key);
	if (result < 0 && result != -ENOENT)
		return result;
	store_txn_put(
		txn, key,
		request_write(request,
			      record_make(doc, hash,
					  result == 0 ? yyjson_obj_get(before, "hashes") : NULL,
					  &security, expiry_of(&security, user, self), self)));
	return 0;
}

static int history_check(yyjson_val *history, const char *password, int64_t count,
			 struct error *error)
{
	yyjson_val *hash;
	size_t index, most;

	yyjson_arr_foreach (history, index, most, hash) {
		if ((int64_t)index >= count || !password_verify(password, yyjson_get_str(hash)))
			continue;
		return error_fault(
			error, -EINVAL, 400, NULL,
			"The new password cannot be identical to a previous password. "
			"The total number which includes the new password must be unique "
			"is %lld.",
			(long long)count);
	}
	return 0;
}

/* Whoever chose a password has to keep it for a while. */
static int age_check(yyjson_val *record, const struct security *security, struct error *error)
{
	int64_t until =
		json_integer(record, "created_at", 0) + security->minimum_password_age * DAY;
	int64_t left = until - (int64_t)instant_now();

	if (!json_bool(record, "self", false) || left <= 0)
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "You cannot change your password at this time due to the minimum "
			   "password age. Once you change your password, it must be used for %lld "
			   "day(s) before it can be changed. Please try again in %lld day(s) or "
			   "contact your administrator to reset your password.",
			   (long long)security->minimum_password_age,
			   (long long)((left - 1) / DAY));
}

/* Whether this user may have this new password now. */
static int rules_check(struct request *request, yyjson_val *user, yyjson_val *record,
		       const char *password, struct error *error)
{
	struct security security;
	int result = rules_of(request, &security, error);

	if (result == 0)
		result = strength_check(request, &security, password, error);
	if (result < 0)
		return result;
	if (user_option(user, "lock_password"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "You cannot change your password at this time due to password "
				   "policy disallowing password changes. Please contact your "
				   "administrator to reset your password.");
	result = age_check(record, &security, error);
	if (result < 0)
		return result;
	return history_check(yyjson_obj_get(record, "hashes"), password,
			     security.unique_last_password_count, error);
}

/* The user, once the old password has shown that it is the user who asks. */
static int change_check(struct request *request, const char *id, yyjson_val **user,
			uint64_t *revision, struct error *error)
{
	const char *original =
		json_string(yyjson_obj_get(request->body, "user"), "original_password");
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result < 0)
		return result;
	result = record_get(&reader, user, revision, error, "/identity/user/%s", id);
	if (result < 0 && result != -ENOENT)
		return result;
	return user_password_check(request->cloud->identity, &reader, result == 0 ? *user : NULL,
				   original, error);
}

int user_password_change(struct request *request, struct error *error)
{
	const char *id = request_param(request, "user_id");
	const char *password = json_string(yyjson_obj_get(request->body, "user"), "password");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *user, *record;
	yyjson_mut_val *changed;
	uint64_t revision;
	int result = change_check(request, id, &user, &revision, error);

	if (result == 0)
		result = request_get(request, &record, NULL, error, "/identity/password/%s", id);
	if (result < 0)
		return result;
	result = rules_check(request, user, record, password, error);
	if (result < 0)
		return result;
	changed = yyjson_val_mut_copy(doc, user);
	result = user_password_put(request, txn, changed, password, true, error);
	if (result < 0)
		return result;
	user_revoke_tokens(doc, changed);
	kind_compare(request, &kind_user, txn, id, revision);
	kind_put(request, &kind_user, txn, changed);
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
