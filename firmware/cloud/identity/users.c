/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/security.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/cloud/identity/user_options.h"
#include "firmware/cloud/identity/user_password.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "enabled", "enabled", PAGE_BOOLEAN },
						 { "domain_id", "domain_id", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static const char *const hidden[] = { "password", "token_epoch", NULL };

static void user_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	struct error unused = { 0 };
	const char *expires = NULL;
	struct reader reader;

	if (reader_of_request(request, &reader, &unused) == 0)
		expires = security_expiry_text(&reader, json_mut_string(shown, "id"));
	json_default(doc, shown, "enabled", yyjson_mut_true(doc));
	json_default(doc, shown, "options", yyjson_mut_obj(doc));
	json_set_string(doc, shown, "password_expires_at", expires);
}

const struct kind kind_user = { .singular = "user",
				.plural = "users",
				.prefix = "/identity/user/",
				.in_domain = true,
				.what = "user",
				.page = &page,
				.hidden = hidden,
				.finish = user_finish };

int user_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_user, "user_id", error);
}

int user_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_user, error);
}

static const char *body_password(struct request *request)
{
	return json_string(yyjson_obj_get(request->body, "user"), "password");
}

int user_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *user = kind_body(request, &kind_user, doc);
	const char *password = body_password(request);
	int result = domain_settle(request, txn, doc, user, error);

	if (result < 0)
		return result;
	user_options_merge(request, doc, NULL, user);
	kind_identify(doc, user);
	json_default(doc, user, "enabled", yyjson_mut_true(doc));
	kind_put(request, &kind_user, txn, user);
	if (password)
		result = user_password_put(request, txn, user, password, false, error);
	if (result < 0)
		return result;
	return kind_commit(request, &kind_user, txn, 201, doc, user, error);
}

/* What voids the tokens that are out: a new password, or a user that is switched off. */
static bool change_revokes(struct request *request, yyjson_val *before, yyjson_mut_val *after)
{
	bool off = yyjson_mut_is_false(yyjson_mut_obj_get(after, "enabled"));

	return body_password(request) || (off && json_bool(before, "enabled", true));
}

void user_revoke_tokens(yyjson_mut_doc *doc, yyjson_mut_val *user)
{
	int64_t epoch = yyjson_mut_get_sint(yyjson_mut_obj_get(user, "token_epoch"));

	json_set_integer(doc, user, "token_epoch", epoch + 1);
}

/* An admin who enables a user forgives it wrong passwords and absence. */
static int user_forgive(struct request *request, const char *id, struct error *error)
{
	struct reader reader;
	int result;

	if (!json_bool(yyjson_obj_get(request->body, "user"), "enabled", false))
		return 0;
	lockout_succeeded(&request->cloud->identity->lockout, id);
	result = reader_of_request(request, &reader, error);
	return result == 0 ? security_saw(&reader, request->cloud->store, id, error) : result;
}

int user_update(struct request *request, struct error *error)
{
	const char *password = body_password(request);
	struct kind_change change;
	int result = kind_change_begin(request, &kind_user, "user_id", &change, error);

	if (result < 0)
		return result;
	user_options_merge(request, change.doc, change.before, change.after);
	result = domain_keep(change.before, change.after, error);
	if (result == 0 && password)
		result = user_password_put(request, change.txn, change.after, password, false,
					   error);
	if (result < 0)
		return result;
	if (change_revokes(request, change.before, change.after))
		user_revoke_tokens(change.doc, change.after);
	result = user_forgive(request, change.id, error);
	return result == 0 ? kind_change_commit(request, &change, error) : result;
}

int user_delete(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_user, "user_id", &change, error);

	if (result == 0)
		result = purge_user(request, change.txn, change.id, error);
	return result == 0 ? kind_change_delete(request, &change, error) : result;
}
