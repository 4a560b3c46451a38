/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Application credentials: a user's delegate for one project, with some of the user's roles and
 * a secret of its own. The secret is shown once; its hash is kept.
 */
#include <stdio.h>
#include <string.h>

#include "firmware/cloud/identity/access_rules.h"
#include "firmware/cloud/identity/base64url.h"
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/password.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"
#include "firmware/lib/uuid.h"

#define SECRET_BYTES 64

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT }, { 0 } },
	.id_member = "id",
};

static const char *const hidden[] = { "secret_hash", "user_id", NULL };

static void credential_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_null(doc));
	json_default(doc, shown, "expires_at", yyjson_mut_null(doc));
	json_default(doc, shown, "unrestricted", yyjson_mut_false(doc));
}

const struct kind kind_application_credential = { .singular = "application_credential",
						  .plural = "application_credentials",
						  .prefix = "/identity/application_credential/",
						  .what = "Application Credential",
						  .page = &page,
						  .hidden = hidden,
						  .finish = credential_finish };

static int credential_find(struct request *request, yyjson_val **credential, uint64_t *revision,
			   struct error *error)
{
	const char *id = request_param(request, "application_credential_id");
	int result =
		kind_find(request, &kind_application_credential, id, credential, revision, error);

	if (result == 0 && !json_is(*credential, "user_id", request_param(request, "user_id")))
		return refuse_not_found(error, kind_application_credential.what, id);
	return result;
}

/* Whoever came by a restricted credential manages none. */
static int delegate_check(struct request *request, struct principal **principal,
			  struct error *error)
{
	const char *token = request_header(request, "X-Auth-Token");
	struct reader reader;
	int result = access_rules_delegate_check(request, error);

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = principal_of_token(request->cloud->identity, &reader, token ? token : "",
					    principal, error);
	if (result == -EPERM)
		return refuse_unauthorized(error);
	if (result == 0 && (*principal)->credential &&
	    !json_bool((*principal)->credential, "unrestricted", false))
		return refuse_forbidden(error,
					"Using method 'application_credential' is not allowed "
					"for managing additional application credentials.");
	return result;
}

static int refuse_credential(struct error *error, const char *detail)
{
	return error_fault(error, -EINVAL, 400, NULL, "Invalid application credential: %s", detail);
}

/* The caller's role that {"id"} or {"name"} means; its place in the set, or -1. */
static ssize_t role_find(const struct role_set *roles, yyjson_val *wanted)
{
	for (size_t i = 0; i < roles->count; i++)
		if (json_is(wanted, "id", roles->ids[i]) ||
		    json_is(wanted, "name", roles->names[i]))
			return (ssize_t)i;
	return -1;
}

static void role_add(yyjson_mut_doc *doc, yyjson_mut_val *list, const struct role_set *roles,
		     size_t index)
{
	yyjson_mut_val *role = yyjson_mut_arr_add_obj(doc, list);

	json_set_string(doc, role, "id", roles->ids[index]);
	json_set_string(doc, role, "name", roles->names[index]);
	json_set_string(doc, role, "domain_id", NULL);
}

static int roles_settle(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *credential,
			const struct role_set *roles, struct error *error)
{
	yyjson_val *wanted, *body = yyjson_obj_get(request->body, "application_credential");
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	size_t index, most;

	yyjson_arr_foreach (yyjson_obj_get(body, "roles"), index, most, wanted) {
		ssize_t found = role_find(roles, wanted);

		if (found < 0)
			return refuse_credential(error,
						 "Cannot create an application credential with "
						 "unassigned role");
		role_add(doc, list, roles, (size_t)found);
	}
	if (!yyjson_mut_arr_size(list))
		for (size_t i = 0; i < roles->count; i++)
			role_add(doc, list, roles, i);
	json_set(doc, credential, "roles", list);
	return 0;
}

/* Keystone shows six digits of the fraction and no zone. */
static int expiry_settle(yyjson_mut_doc *doc, yyjson_mut_val *credential, struct error *error)
{
	const char *text = json_mut_string(credential, "expires_at"), *point;
	int64_t seconds = text ? instant_parse(text) : -1;
	char whole[INSTANT_SIZE], made[INSTANT_SIZE];
	int digits = 0;

	if (!text)
		return 0;
	if (seconds < 0)
		return error_fault(error, -EINVAL, 400, NULL,
				   "Timestamp not in expected format. The server could not comply "
				   "with the request since it is either malformed or otherwise "
				   "incorrect. The client is assumed to be in error.");
	if (seconds <= (int64_t)instant_now())
		return error_fault(error, -EINVAL, 400, NULL,
				   "The 'expires_at' must not be before now. The server could not "
				   "comply with the request since it is either malformed or "
				   "otherwise incorrect. The client is assumed to be in error.");
	point = strchr(text, '.');
	if (point)
		digits = (int)strspn(++point, "0123456789");
	instant_format((uint64_t)seconds, whole);
	digits = digits > 6 ? 6 : digits;
	snprintf(made, sizeof(made), "%.19s.%.*s%.*s", whole, digits, point ? point : "",
		 6 - digits, "000000");
	json_set_string(doc, credential, "expires_at", made);
	return 0;
}

/* The secret as it will be shown; its hash goes into the record. */
static int secret_settle(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *credential,
			 const char **secret, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "application_credential");
	char made[BASE64URL_SIZE(SECRET_BYTES)], hash[PASSWORD_HASH_SIZE];
	unsigned char bytes[SECRET_BYTES];
	int result;

	*secret = json_string(body, "secret");
	if (!*secret || !**secret) {
		random_bytes(bytes, sizeof(bytes));
		base64url_encode(bytes, sizeof(bytes), made);
		*secret = arena_strdup(request->arena, made);
	}
	if (strlen(*secret) > PASSWORD_LENGTH_MAX)
		return refuse_credential(error, "the secret is too long");
	result = password_hash(*secret, hash, error);
	yyjson_mut_obj_remove_key(credential, "secret");
	json_set_string(doc, credential, "secret_hash", hash);
	return result;
}

static int create_check(struct request *request, struct principal **principal, struct error *error)
{
	if (!request->caller->project_id)
		return refuse_credential(error, "a project-scoped token is needed.");
	return delegate_check(request, principal, error);
}

int application_credential_create(struct request *request, struct error *error)
{
	const struct kind *kind = &kind_application_credential;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *credential = kind_body(request, kind, doc);
	struct principal *principal;
	const char *secret = NULL;
	int result = create_check(request, &principal, error);

	if (result == 0)
		result = roles_settle(request, doc, credential, &principal->roles, error);
	if (result == 0)
		result = expiry_settle(doc, credential, error);
	if (result == 0)
		result = access_rules_settle(request, txn, doc, credential, error);
	if (result == 0)
		result = secret_settle(request, doc, credential, &secret, error);
	if (result < 0)
		return result;
	kind_identify(doc, credential);
	json_set_string(doc, credential, "user_id", request->caller->user_id);
	json_set_string(doc, credential, "project_id", request->caller->project_id);
	kind_put(request, kind, txn, credential);
	json_set_string(doc, credential, "secret", secret); /* in the reply alone */
	return kind_commit(request, kind, txn, 201, doc, credential, error);
}

int application_credential_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *credential;
	int result = access_rules_delegate_check(request, error);

	if (result == 0)
		result = credential_find(request, &credential, NULL, error);
	if (result < 0)
		return result;
	return kind_reply(request, &kind_application_credential, 200, doc,
			  yyjson_val_mut_copy(doc, credential));
}

int application_credential_list(struct request *request, struct error *error)
{
	const char *user_id = request_param(request, "user_id");
	struct record_list list = { .request = request };
	int result = access_rules_delegate_check(request, error);

	if (result == 0)
		result = record_list_index(request, &list, kind_application_credential.prefix,
					   "user", NULL, user_id, error);
	if (result < 0)
		return result;
	return kind_reply_list(request, &kind_application_credential, list.items, list.count,
			       error);
}

int application_credential_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	struct principal *principal;
	yyjson_val *credential;
	uint64_t revision;
	int result = delegate_check(request, &principal, error);

	if (result == 0)
		result = credential_find(request, &credential, &revision, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_application_credential, txn, json_string(credential, "id"),
		     revision);
	store_txn_delete(txn, arena_printf(request->arena, "/identity/application_credential/%s",
					   json_string(credential, "id")));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
