/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/user_password.h"

#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/password.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

int user_password_put(struct request *request, struct store_txn *txn, const char *user_id,
		      const char *password, yyjson_val *history, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc), *hashes = yyjson_mut_arr(doc);
	char hash[PASSWORD_HASH_SIZE];
	int result;

	if (strlen(password) > PASSWORD_LENGTH_MAX)
		return error_fault(error, -EACCES, 403, NULL,
				   "The password length must be less than or equal to %d. The "
				   "server could not comply with the request because the password "
				   "is invalid.",
				   PASSWORD_LENGTH_MAX);
	result = password_hash(password, hash, error);
	if (result < 0)
		return result;
	yyjson_mut_arr_add_strcpy(doc, hashes, hash);
	for (size_t i = 0; i + 1 < PASSWORD_HISTORY && i < yyjson_arr_size(history); i++)
		yyjson_mut_arr_append(hashes, yyjson_val_mut_copy(doc, yyjson_arr_get(history, i)));
	json_set(doc, record, "hashes", hashes);
	store_txn_put(txn, arena_printf(request->arena, "/identity/password/%s", user_id),
		      request_write(request, record));
	return 0;
}

static int history_check(yyjson_val *history, const char *password, struct error *error)
{
	yyjson_val *hash;
	size_t index, most;

	yyjson_arr_foreach (history, index, most, hash) {
		if (!password_verify(password, yyjson_get_str(hash)))
			continue;
		return error_fault(
			error, -EINVAL, 400, NULL,
			"The new password cannot be identical to a previous password. "
			"The total number which includes the new password must be unique "
			"is %d.",
			PASSWORD_HISTORY);
	}
	return 0;
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
	yyjson_val *user, *record, *history;
	yyjson_mut_val *changed;
	uint64_t revision;
	int result = change_check(request, id, &user, &revision, error);

	if (result == 0)
		result = request_get(request, &record, NULL, error, "/identity/password/%s", id);
	if (result < 0)
		return result;
	history = yyjson_obj_get(record, "hashes");
	result = history_check(history, password, error);
	if (result == 0)
		result = user_password_put(request, txn, id, password, history, error);
	if (result < 0)
		return result;
	changed = yyjson_val_mut_copy(doc, user);
	user_revoke_tokens(doc, changed);
	kind_compare(request, &kind_user, txn, id, revision);
	kind_put(request, &kind_user, txn, changed);
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
