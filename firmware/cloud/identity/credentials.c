/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <strings.h>

#include "firmware/cloud/http/schema_text.h"
#include "firmware/cloud/identity/credential.h"
#include "firmware/cloud/identity/mac.h"
#include "firmware/cloud/identity/refusal.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "user_id", "user_id", PAGE_EXACT },
						 { "type", "type", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static void finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	const char *blob =
		vault_open(&request->cloud->identity->vault, request->arena,
			   json_mut_string(shown, "id"), json_mut_string(shown, "sealed"));

	yyjson_mut_obj_remove_key(shown, "sealed");
	json_set_string(doc, shown, "blob", blob);
	json_default(doc, shown, "project_id", yyjson_mut_null(doc));
}

const struct kind kind_credential = { .singular = "credential",
				      .plural = "credentials",
				      .prefix = "/identity/credential/",
				      .what = "credential",
				      .page = &page,
				      .finish = finish };

void credential_access_id(const char *access, char id[static CREDENTIAL_ID_SIZE])
{
	digest_text(access, id);
}

const char *credential_blob(const struct identity *identity, struct arena *arena,
			    yyjson_val *record)
{
	return vault_open(&identity->vault, arena, json_string(record, "id"),
			  json_string(record, "sealed"));
}

void credential_seal(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *record,
		     const char *blob)
{
	yyjson_mut_obj_remove_key(record, "blob");
	json_set_string(doc, record, "sealed",
			vault_seal(&request->cloud->identity->vault, request->arena,
				   json_mut_string(record, "id"), blob));
}

int refuse_delegated(struct request *request, struct error *error)
{
	if (!request->caller->trust_id && caller_is_in_person(request->caller))
		return 0;
	return refuse_forbidden(error, "Delegated tokens cannot access credentials directly");
}

static bool is_ec2(const char *type)
{
	return type && !strcasecmp(type, "ec2");
}

/* The access key in the blob of an EC2 credential. */
static int access_find(struct request *request, const char *blob, const char **access,
		       struct error *error)
{
	yyjson_val *members = json_parse(request->arena, blob, strlen(blob));

	if (!members)
		return error_fault(error, -EINVAL, 400, NULL, "Invalid blob in credential");
	if (!yyjson_obj_size(members))
		return refuse_expecting(error, "blob", "credential");
	*access = json_string(members, "access");
	return *access ? 0 : refuse_expecting(error, "access", "credential");
}

static int identify(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *credential,
		    struct error *error)
{
	char id[CREDENTIAL_ID_SIZE];
	const char *access;
	int result;

	if (!is_ec2(json_mut_string(credential, "type"))) {
		kind_identify(doc, credential);
		return 0;
	}
	result = access_find(request, json_mut_string(credential, "blob"), &access, error);
	if (result < 0)
		return result;
	credential_access_id(access, id);
	json_set_string(doc, credential, "id", id);
	return 0;
}

static int create_check(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "credential");
	const char *user_id = json_string(body, "user_id");
	char shown[256];

	if (!request->caller->is_admin &&
	    (!user_id || strcmp(user_id, request->caller->user_id) != 0))
		return refuse_forbidden(error, "identity:create_credential");
	if (json_is(body, "type", "ec2") && !json_string(body, "project_id")) {
		python_repr(body, shown, sizeof(shown));
		return error_fault(error, -EINVAL, 400, NULL,
				   "%s is not valid under any of the given schemas", shown);
	}
	return refuse_delegated(request, error);
}

static int refuse_taken(struct request *request, yyjson_mut_val *credential, struct error *error)
{
	const char *id = json_mut_string(credential, "id");
	yyjson_val *there;
	int result = request_get(request, &there, NULL, error, "%s%s", kind_credential.prefix, id);

	if (result == -ENOENT)
		return 0;
	return result < 0 ? result
			  : refuse_conflict(error, "credential", "Duplicate entry found with ID %s",
					    id);
}

int credential_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *credential = kind_body(request, &kind_credential, doc);
	int result = create_check(request, error);

	yyjson_mut_obj_remove_key(credential, "sealed");
	if (result == 0)
		result = identify(request, doc, credential, error);
	if (result == 0)
		result = refuse_taken(request, credential, error);
	if (result < 0)
		return result;
	credential_seal(request, doc, credential, json_mut_string(credential, "blob"));
	kind_compare(request, &kind_credential, txn, json_mut_string(credential, "id"), 0);
	kind_put(request, &kind_credential, txn, credential);
	return kind_commit(request, &kind_credential, txn, 201, doc, credential, error);
}

/* The credential of the path, when the caller may do this with it. A reader of the system may
 * look at it. */
static int find_allowed(struct request *request, const char *action, bool look,
			yyjson_val **credential, uint64_t *revision, struct error *error)
{
	const struct caller *caller = request->caller;
	const char *id = request_param(request, "credential_id");
	int result = kind_find(request, &kind_credential, id, credential, revision, error);
	bool reads = look && caller->system && caller_has_role(caller, "reader");
	bool owns = result == 0 && json_is(*credential, "user_id", caller->user_id);

	if (!caller->is_admin && !reads && !owns)
		return refuse_forbidden(error, action);
	return result == 0 ? refuse_delegated(request, error) : result;
}

int credential_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *credential;
	int result =
		find_allowed(request, "identity:get_credential", true, &credential, NULL, error);

	if (result < 0)
		return result;
	return kind_reply(request, &kind_credential, 200, doc,
			  yyjson_val_mut_copy(doc, credential));
}

/* Everybody asks; what is another's does not appear, and nothing does for a delegate. */
int credential_list(struct request *request, struct error *error)
{
	const struct caller *caller = request->caller;
	struct record_list list = { .request = request };
	bool all = caller->is_admin || (caller->system && caller_has_role(caller, "reader"));
	struct error delegated = { 0 };
	size_t kept = 0;
	int result = record_list_range(request, &list, kind_credential.prefix, error);

	if (result < 0)
		return result;
	if (refuse_delegated(request, &delegated) < 0)
		list.count = 0;
	for (size_t i = 0; i < list.count; i++)
		if (all || json_is(list.items[i], "user_id", caller->user_id))
			list.items[kept++] = list.items[i];
	return kind_reply_list(request, &kind_credential, list.items, kept, error);
}

/* What an EC2 credential was bound to when it was made stays. */
static int binding_check(struct request *request, yyjson_val *credential, const char *blob,
			 struct error *error)
{
	static const char *const bound[] = { "trust_id", "app_cred_id", "access_token_id",
					     "access_id" };
	const char *old = credential_blob(request->cloud->identity, request->arena, credential);
	yyjson_val *before = json_parse(request->arena, old ? old : "", old ? strlen(old) : 0);
	yyjson_val *after = json_parse(request->arena, blob, strlen(blob));

	for (size_t i = 0; i < sizeof(bound) / sizeof(bound[0]); i++) {
		const char *was = json_string(before, bound[i]), *is = json_string(after, bound[i]);

		if (strcmp(was ? was : "", is ? is : ""))
			return error_fault(error, -EINVAL, 400, NULL,
					   "%s can not be updated for credential", bound[i]);
	}
	return 0;
}

static int update_check(struct request *request, yyjson_val *credential, struct error *error)
{
	yyjson_val *changes = yyjson_obj_get(request->body, "credential");
	const char *user_id = json_string(changes, "user_id"), *access;
	const char *blob = json_string(changes, "blob"), *type = json_string(changes, "type");
	int result = 0;

	if (user_id && !request->caller->is_admin && strcmp(user_id, request->caller->user_id) != 0)
		return refuse_forbidden(error, "identity:update_credential");
	if (is_ec2(type) && !json_string(changes, "project_id") &&
	    !json_string(credential, "project_id"))
		return refuse_expecting(error, "project_id", "credential");
	if (!blob || !is_ec2(json_string(credential, "type")))
		return 0;
	result = access_find(request, blob, &access, error);
	return result == 0 ? binding_check(request, credential, blob, error) : result;
}

int credential_update(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *credential;
	yyjson_mut_val *changed;
	const char *blob, *sealed;
	uint64_t revision;
	int result = find_allowed(request, "identity:update_credential", false, &credential,
				  &revision, error);

	if (result == 0)
		result = update_check(request, credential, error);
	if (result < 0)
		return result;
	sealed = json_string(credential, "sealed");
	changed = kind_merge(request, &kind_credential, doc, credential);
	json_set_string(doc, changed, "sealed", sealed);
	blob = json_mut_string(changed, "blob");
	if (blob)
		credential_seal(request, doc, changed, blob);
	kind_compare(request, &kind_credential, txn, json_string(credential, "id"), revision);
	kind_put(request, &kind_credential, txn, changed);
	return kind_commit(request, &kind_credential, txn, 200, doc, changed, error);
}

int credential_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *credential;
	uint64_t revision;
	int result = find_allowed(request, "identity:delete_credential", false, &credential,
				  &revision, error);

	if (result < 0)
		return result;
	return kind_remove(request, &kind_credential, txn, json_string(credential, "id"), revision,
			   error);
}
