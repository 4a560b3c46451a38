/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of OAuth 1's consumers; a consumer's secret is shown when it is made and lies
 * sealed. Beside them what is left of older extensions: the list of revoked tokens, and
 * certificates, which are gone.
 */
#include "firmware/cloud/identity/instant.h"
#include "firmware/cloud/identity/oauth.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/schemas.h"
#include "firmware/lib/uuid.h"

#define REVOCATIONS "/identity/revocation/"

static const struct page_rules page = { .id_member = "id" };
static const char *const hidden[] = { "secret", "sealed", NULL };

static const char *const nullable[] = { "description", NULL };

static const struct kind kind_consumer = { .singular = "consumer",
					   .plural = "consumers",
					   .path = "OS-OAUTH1/consumers",
					   .prefix = "/identity/consumer/",
					   .what = "consumer",
					   .page = &page,
					   .hidden = hidden,
					   .nullable = nullable };

static int record_find(struct request *request, yyjson_val **record, uint64_t *revision,
		       struct error *error)
{
	return consumer_find(request, request_param(request, "consumer_id"), record, revision,
			     error);
}

static int consumer_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_consumer, error);
}

static int consumer_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *record;
	int result = record_find(request, &record, NULL, error);

	if (result < 0)
		return result;
	return kind_reply(request, &kind_consumer, 200, doc, yyjson_val_mut_copy(doc, record));
}

static int consumer_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_mut_val *consumer = kind_body(request, &kind_consumer, doc);
	char secret[UUID_HEX_SIZE];
	int result;

	uuid_make_hex(secret);
	kind_identify(doc, consumer);
	json_set_string(doc, consumer, "sealed",
			vault_seal(&request->cloud->identity->vault, request->arena,
				   json_mut_string(consumer, "id"), secret));
	kind_put(request, &kind_consumer, txn, consumer);
	result = identity_commit(request, txn, error);
	if (result < 0)
		return result;
	kind_present(request, &kind_consumer, doc, consumer);
	json_set_string(doc, consumer, "secret", secret); /* this once */
	json_set(doc, root, kind_consumer.singular, consumer);
	return reply_json(request, 201, doc, root);
}

static int consumer_update(struct request *request, struct error *error)
{
	yyjson_val *changes = yyjson_obj_get(request->body, "consumer"), *record;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changed;
	uint64_t revision;
	int result = record_find(request, &record, &revision, error);

	if (result < 0)
		return result;
	if (yyjson_obj_get(changes, "secret"))
		return error_fault(error, -EINVAL, 400, NULL, "The secret can not be changed.");
	changed = kind_merge(request, &kind_consumer, doc, record);
	kind_compare(request, &kind_consumer, txn, json_string(record, "id"), revision);
	kind_put(request, &kind_consumer, txn, changed);
	return kind_commit(request, &kind_consumer, txn, 200, doc, changed, error);
}

static int consumer_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *record;
	uint64_t revision;
	int result = record_find(request, &record, &revision, error);

	if (result == 0)
		result = purge_consumer(request, txn, json_string(record, "id"), error);
	if (result < 0)
		return result;
	return kind_remove(request, &kind_consumer, txn, json_string(record, "id"), revision,
			   error);
}

/* --- OS-REVOKE */

static void add_event(yyjson_mut_doc *doc, yyjson_mut_val *list, const struct record *revocation)
{
	yyjson_mut_val *event = yyjson_mut_arr_add_obj(doc, list);
	char when[INSTANT_SIZE];

	instant_format((uint64_t)json_integer(revocation->value, "revoked_at", 0), when);
	json_set_string(doc, event, "issued_before", when);
	json_set_string(doc, event, "audit_id", revocation->key + sizeof(REVOCATIONS) - 1);
}

static int revoke_event_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	const char *since = request_query(request, "since");
	int64_t from = since ? instant_parse(since) : 0;
	struct records revoked = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (from < 0)
		return error_fault(error, -EINVAL, 400, NULL, "invalidate date format %s", since);
	if (result == 0)
		result = records_range(&reader, &revoked, error, REVOCATIONS);
	if (result < 0)
		return result;
	for (size_t i = 0; i < revoked.count; i++)
		if (json_integer(revoked.items[i].value, "revoked_at", 0) >= from)
			add_event(doc, list, &revoked.items[i]);
	json_set(doc, root, "events", list);
	kind_links(request, doc, root);
	return reply_json(request, 200, doc, root);
}

static int certificate_gone(struct request *request, struct error *error)
{
	(void)request;
	return error_fault(error, -ENOENT, 410, NULL,
			   "This API is no longer available due to the removal of support for PKI "
			   "tokens.");
}

/* What listed revoked tokens when they had records. */
static int revoked_token_list(struct request *request, struct error *error)
{
	(void)request;
	return refuse_denied(error);
}

static const struct schema consumer_members = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){
			{ "description", &schema_nullable_string, false, 0, 0 }, { 0 } },
	.additional = true,
};
static SCHEMA_WRAPPED(schema_consumer, "consumer", consumer_members);

#define CONSUMERS "/OS-OAUTH1/consumers"

static const struct route routes[] = {
	ROUTE("GET", CONSUMERS, consumer_list, "identity:list_consumers", NULL, 0),
	ROUTE("POST", CONSUMERS, consumer_create, "identity:create_consumer", &schema_consumer, 0),
	ROUTE("GET", CONSUMERS "/{consumer_id}", consumer_show, "identity:get_consumer", NULL, 0),
	ROUTE("PATCH", CONSUMERS "/{consumer_id}", consumer_update, "identity:update_consumer",
	      &schema_consumer, 0),
	ROUTE("DELETE", CONSUMERS "/{consumer_id}", consumer_delete, "identity:delete_consumer",
	      NULL, 0),
	ROUTE("GET", "/OS-REVOKE/events", revoke_event_list, "identity:list_revoke_events", NULL,
	      0),
	ROUTE("GET", "/auth/tokens/OS-PKI/revoked", revoked_token_list, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("GET", "/OS-SIMPLE-CERT/ca", certificate_gone, NULL, NULL, ROUTE_PUBLIC),
	ROUTE("GET", "/OS-SIMPLE-CERT/certificates", certificate_gone, NULL, NULL, ROUTE_PUBLIC),
	{ 0 },
};

const struct service_part identity_extension_part = { routes, NULL };
