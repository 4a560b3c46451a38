/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EC2 credentials below their user: pairs of keys that the box makes up (OS-EC2). */
#include <string.h>

#include "firmware/cloud/identity/credential.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/rules.h"
#include "firmware/lib/uuid.h"

/* A record as this extension shows it. */
static yyjson_mut_val *present(struct request *request, yyjson_mut_doc *doc, yyjson_val *record)
{
	const char *blob = credential_blob(request->cloud->identity, request->arena, record);
	yyjson_val *keys = json_parse(request->arena, blob ? blob : "", blob ? strlen(blob) : 0);
	yyjson_mut_val *shown = yyjson_mut_obj(doc), *links = yyjson_mut_obj(doc);
	const char *access = json_string(keys, "access");

	json_set_string(doc, shown, "user_id", json_string(record, "user_id"));
	json_set_string(doc, shown, "tenant_id", json_string(record, "project_id"));
	json_set_string(doc, shown, "access", access);
	json_set_string(doc, shown, "secret", json_string(keys, "secret"));
	json_set_string(doc, shown, "trust_id", json_string(keys, "trust_id"));
	json_set_string(doc, links, "self",
			arena_printf(request->arena, "%s%s/users/%s/credentials/OS-EC2/%s",
				     request->base_url, request->service->prefix,
				     json_string(record, "user_id"), access ? access : ""));
	json_set(doc, shown, "links", links);
	return shown;
}

static int reply(struct request *request, int status, yyjson_val *record)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "credential", present(request, doc, record));
	return reply_json(request, status, doc, root);
}

static int user_check(struct request *request, struct error *error)
{
	yyjson_val *user;

	return kind_find(request, &kind_user, request_param(request, "user_id"), &user, NULL,
			 error);
}

int ec2_credential_list(struct request *request, struct error *error)
{
	const char *user_id = request_param(request, "user_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct record_list found = { .request = request };
	int result = refuse_delegated(request, error);

	if (result == 0)
		result = user_check(request, error);
	if (result == 0)
		result = record_list_index(request, &found, kind_credential.prefix, "user", NULL,
					   user_id, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < found.count; i++)
		if (json_is(found.items[i], "type", "ec2"))
			yyjson_mut_arr_append(list, present(request, doc, found.items[i]));
	json_set(doc, root, "credentials", list);
	kind_links(request, doc, root);
	return reply_json(request, 200, doc, root);
}

static yyjson_mut_val *pair_make(struct request *request, yyjson_mut_doc *doc,
				 const char *project_id)
{
	yyjson_mut_val *record = yyjson_mut_obj(doc), *blob = yyjson_mut_obj(doc);
	char access[UUID_HEX_SIZE], secret[UUID_HEX_SIZE], id[CREDENTIAL_ID_SIZE];

	uuid_make_hex(access);
	uuid_make_hex(secret);
	credential_access_id(access, id);
	json_set_string(doc, blob, "access", access);
	json_set_string(doc, blob, "secret", secret);
	json_set_string(doc, blob, "trust_id", NULL);
	json_set_string(doc, record, "id", id);
	json_set_string(doc, record, "user_id", request_param(request, "user_id"));
	json_set_string(doc, record, "project_id", project_id);
	json_set_string(doc, record, "type", "ec2");
	credential_seal(request, doc, record, request_write(request, blob));
	return record;
}

static int create_check(struct request *request, const char *project_id, struct error *error)
{
	yyjson_val *project;
	int result = user_check(request, error);

	if (result == 0)
		result = kind_find(request, &kind_project, project_id, &project, NULL, error);
	return result == 0 ? refuse_delegated(request, error) : result;
}

int ec2_credential_create(struct request *request, struct error *error)
{
	const char *project_id = json_string(request->body, "tenant_id"), *text;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record;
	int result = create_check(request, project_id ? project_id : "None", error);

	if (result < 0)
		return result;
	record = pair_make(request, doc, project_id);
	kind_compare(request, &kind_credential, txn, json_mut_string(record, "id"), 0);
	kind_put(request, &kind_credential, txn, record);
	text = request_write(request, record);
	result = identity_commit(request, txn, error);
	if (result < 0)
		return result;
	return reply(request, 201, json_parse(request->arena, text, strlen(text)));
}

static bool may_use(const struct caller *caller, bool look, yyjson_val *record)
{
	return caller->is_admin || json_is(record, "user_id", caller->user_id) ||
	       (look && caller->system && caller_has_role(caller, "reader"));
}

/* The pair of the path, when the caller may do this with it. One that there is not is told of
 * before who may. */
static int find_allowed(struct request *request, const char *action, bool look, yyjson_val **record,
			uint64_t *revision, struct error *error)
{
	char id[CREDENTIAL_ID_SIZE];
	int result;

	credential_access_id(request_param(request, "access"), id);
	result = kind_find(request, &kind_credential, id, record, revision, error);
	if (result == 0)
		result = identity_allow(request, action, error);
	if (result < 0)
		return result;
	if (!may_use(request->caller, look, *record))
		return refuse_forbidden(error, action);
	result = user_check(request, error);
	if (result == 0 && !json_is(*record, "type", "ec2"))
		return refuse_unauthorized(error);
	return result == 0 ? refuse_delegated(request, error) : result;
}

int ec2_credential_show(struct request *request, struct error *error)
{
	yyjson_val *record;
	int result =
		find_allowed(request, "identity:ec2_get_credential", true, &record, NULL, error);

	return result == 0 ? reply(request, 200, record) : result;
}

int ec2_credential_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *record;
	uint64_t revision;
	int result = find_allowed(request, "identity:ec2_delete_credential", false, &record,
				  &revision, error);

	if (result < 0)
		return result;
	return kind_remove(request, &kind_credential, txn, json_string(record, "id"), revision,
			   error);
}
