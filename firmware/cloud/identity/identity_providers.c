/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/federation.h"
#include "firmware/cloud/identity/mac.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"

#define REMOTE_ID "/identity/remote_id/"
#define REMOTE_ID_MOST 255

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "id", "id", PAGE_EXACT },
						 { "enabled", "enabled", PAGE_BOOLEAN },
						 { 0 } },
	.id_member = "id",
};

static void finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	yyjson_mut_val *links = yyjson_mut_obj_get(shown, "links");

	json_set_string(
		doc, links, "protocols",
		arena_printf(request->arena, "%s/protocols", json_mut_string(links, "self")));
	json_default(doc, shown, "description", yyjson_mut_null(doc));
	json_default(doc, shown, "authorization_ttl", yyjson_mut_null(doc));
}

const struct kind kind_identity_provider = { .singular = "identity_provider",
					     .plural = "identity_providers",
					     .path = "OS-FEDERATION/identity_providers",
					     .prefix = "/identity/identity_provider/",
					     .what = "Identity Provider",
					     .page = &page,
					     .finish = finish };

int identity_provider_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_identity_provider, error);
}

int identity_provider_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_identity_provider, "idp_id", error);
}

/* --- the names by which providers are known in assertions: each is one's alone */

static const char *remote_key(struct arena *arena, const char *remote_id)
{
	char digest[DIGEST_TEXT_SIZE];

	digest_text(remote_id, digest);
	return arena_printf(arena, REMOTE_ID "%s", digest);
}

static bool holds(yyjson_val *list, const char *text)
{
	yyjson_val *item;
	size_t index, most;

	yyjson_arr_foreach (list, index, most, item) {
		if (yyjson_equals_str(item, text))
			return true;
	}
	return false;
}

static int remote_id_take(struct request *request, struct store_txn *txn, const char *idp_id,
			  const char *remote_id, struct error *error)
{
	const char *key = remote_key(request->arena, remote_id);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	yyjson_val *there;
	int result;

	if (strlen(remote_id) > REMOTE_ID_MOST)
		return refuse_length(error, remote_id, "remote_id", REMOTE_ID_MOST);
	result = request_get(request, &there, NULL, error, "%s", key);
	if (result == 0)
		return refuse_conflict(error, "identity_provider", "Duplicate remote ID: %s",
				       remote_id);
	if (result != -ENOENT)
		return result;
	json_set_string(doc, record, "idp_id", idp_id);
	store_txn_compare(txn, key, 0);
	store_txn_put(txn, key, request_write(request, record));
	return 0;
}

/* Takes those that are new, and gives back those that are not there any more. */
static int remote_ids_settle(struct request *request, struct store_txn *txn, const char *idp_id,
			     yyjson_val *before, yyjson_val *after, struct error *error)
{
	yyjson_val *item;
	size_t index, most;
	int result = 0;

	yyjson_arr_foreach (before, index, most, item) {
		if (!holds(after, yyjson_get_str(item)))
			store_txn_delete(txn, remote_key(request->arena, yyjson_get_str(item)));
	}
	yyjson_arr_foreach (after, index, most, item) {
		if (result == 0 && !holds(before, yyjson_get_str(item)))
			result = remote_id_take(request, txn, idp_id, yyjson_get_str(item), error);
	}
	return result;
}

/* --- making and changing */

static yyjson_val *body_of(struct request *request)
{
	return yyjson_obj_get(request->body, "identity_provider");
}

/* A list, also where null was sent. */
static void remote_ids_default(yyjson_mut_doc *doc, yyjson_mut_val *provider)
{
	if (!yyjson_mut_is_arr(yyjson_mut_obj_get(provider, "remote_ids")))
		json_set(doc, provider, "remote_ids", yyjson_mut_arr(doc));
}

/* Users of a provider live in a domain: the one that is named, or one that is made for it. */
static int domain_of_provider(struct request *request, struct federation_record *record,
			      struct error *error)
{
	const char *domain_id = json_mut_string(record->value, "domain_id");
	yyjson_mut_doc *doc = record->doc;
	yyjson_mut_val *domain;
	yyjson_val *there;
	uint64_t revision;
	int result;

	if (domain_id) {
		result = kind_find(request, &kind_domain, domain_id, &there, &revision, error);
		if (result == 0)
			kind_compare(request, &kind_domain, record->txn, domain_id, revision);
		return result;
	}
	domain = yyjson_mut_obj(doc);
	kind_identify(doc, domain);
	domain_id = json_mut_string(domain, "id");
	json_set_string(doc, domain, "name", domain_id);
	json_set_string(doc, domain, "description",
			arena_printf(request->arena,
				     "Auto generated federated domain for Identity Provider: %s",
				     record->id));
	json_set_bool(doc, domain, "enabled", true);
	kind_put(request, &kind_domain, record->txn, domain);
	json_set_string(doc, record->value, "domain_id", domain_id);
	return 0;
}

int identity_provider_create(struct request *request, struct error *error)
{
	struct federation_record record;
	int result = federation_begin(request, &kind_identity_provider, "idp_id", &record, error);

	if (result == -EEXIST)
		return refuse_conflict(error, "identity_provider", "Duplicate entry: %s",
				       record.id);
	if (result < 0)
		return result;
	json_default(record.doc, record.value, "enabled", yyjson_mut_false(record.doc));
	remote_ids_default(record.doc, record.value);
	result = domain_of_provider(request, &record, error);
	if (result == 0)
		result = remote_ids_settle(request, record.txn, record.id, NULL,
					   yyjson_obj_get(body_of(request), "remote_ids"), error);
	return result == 0 ? federation_create(request, &record, error) : result;
}

int identity_provider_update(struct request *request, struct error *error)
{
	yyjson_val *remote_ids = yyjson_obj_get(body_of(request), "remote_ids");
	struct kind_change change;
	int result = kind_change_begin(request, &kind_identity_provider, "idp_id", &change, error);

	if (result == 0 && remote_ids)
		result = remote_ids_settle(request, change.txn, change.id,
					   yyjson_obj_get(change.before, "remote_ids"), remote_ids,
					   error);
	if (result < 0)
		return result;
	remote_ids_default(change.doc, change.after);
	return kind_change_commit(request, &change, error);
}

int identity_provider_delete(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = kind_change_begin(request, &kind_identity_provider, "idp_id", &change, error);

	if (result == 0)
		result = purge_identity_provider(request, change.txn, change.id, error);
	return result == 0 ? kind_change_delete(request, &change, error) : result;
}
