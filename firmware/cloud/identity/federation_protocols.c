/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Protocols of an identity provider: each names the mapping for what comes by it. */
#include <string.h>

#include "firmware/cloud/identity/federation.h"
#include "firmware/cloud/identity/refusal.h"

static const struct page_rules page = { .id_member = "id" };
static const char *const hidden[] = { "idp_id", "remote_id_attribute", NULL };

/* What it belongs to is hidden by now, but not from its links. */
static void finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	yyjson_mut_val *links = yyjson_mut_obj_get(shown, "links");
	const char *provider = arena_printf(request->arena, "%s%s/%s/%s", request->base_url,
					    request->service->prefix, kind_identity_provider.path,
					    request_param(request, "idp_id"));

	json_set_string(doc, links, "identity_provider", provider);
	json_set_string(doc, links, "self",
			arena_printf(request->arena, "%s/protocols/%s", provider,
				     json_mut_string(shown, "id")));
}

const struct kind kind_federation_protocol = { .singular = "protocol",
					       .plural = "protocols",
					       .prefix = "/identity/federation_protocol/",
					       .page = &page,
					       .hidden = hidden,
					       .finish = finish };

static const char *protocol_key(struct request *request)
{
	return arena_printf(request->arena, "%s%s/%s", kind_federation_protocol.prefix,
			    request_param(request, "idp_id"),
			    request_param(request, "protocol_id"));
}

static int protocol_find(struct request *request, yyjson_val **protocol, uint64_t *revision,
			 struct error *error)
{
	int result = request_get(request, protocol, revision, error, "%s", protocol_key(request));

	if (result != -ENOENT)
		return result;
	return error_fault(error, -ENOENT, 404, NULL,
			   "Could not find federated protocol %.64s for Identity Provider: %.64s.",
			   request_param(request, "protocol_id"), request_param(request, "idp_id"));
}

int federation_protocol_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	const char *prefix = arena_printf(request->arena, "%s%s/", kind_federation_protocol.prefix,
					  request_param(request, "idp_id"));
	int result = record_list_range(request, &list, prefix, error);

	if (result < 0)
		return result;
	return kind_reply_list(request, &kind_federation_protocol, list.items, list.count, error);
}

int federation_protocol_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *protocol;
	int result = protocol_find(request, &protocol, NULL, error);

	if (result < 0)
		return result;
	return kind_reply(request, &kind_federation_protocol, 200, doc,
			  yyjson_val_mut_copy(doc, protocol));
}

static int mapping_settle(struct request *request, struct store_txn *txn, struct error *error)
{
	const char *id = json_string(yyjson_obj_get(request->body, "protocol"), "mapping_id");
	yyjson_val *mapping;
	uint64_t revision;
	int result;

	if (!id)
		return 0;
	result = request_get(request, &mapping, &revision, error, "%s%s", kind_mapping.prefix, id);
	if (result == -ENOENT)
		return error_fault(error, -EINVAL, 400, NULL, "Invalid mapping id: %s", id);
	kind_compare(request, &kind_mapping, txn, id, revision);
	return result;
}

static int provider_settle(struct request *request, struct store_txn *txn, struct error *error)
{
	const char *id = request_param(request, "idp_id");
	yyjson_val *provider;
	uint64_t revision;
	int result = kind_find(request, &kind_identity_provider, id, &provider, &revision, error);

	if (result == 0)
		kind_compare(request, &kind_identity_provider, txn, id, revision);
	return result;
}

/* The members of the body that are hidden are its own all the same. */
static void attribute_take(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *protocol)
{
	yyjson_val *body = yyjson_obj_get(request->body, "protocol");
	const char *attribute = json_string(body, "remote_id_attribute");

	if (attribute)
		json_set_string(doc, protocol, "remote_id_attribute", attribute);
}

int federation_protocol_create(struct request *request, struct error *error)
{
	const struct kind *kind = &kind_federation_protocol;
	const char *id = request_param(request, "protocol_id"), *key = protocol_key(request);
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *protocol = kind_body(request, kind, doc);
	yyjson_val *there;
	int result = mapping_settle(request, txn, error);

	if (result == 0)
		result = provider_settle(request, txn, error);
	if (result == 0 && strlen(id) > 64)
		result = refuse_length(error, id, "id", 64);
	if (result < 0)
		return result;
	result = request_get(request, &there, NULL, error, "%s", key);
	if (result == 0)
		return refuse_conflict(error, "federation_protocol",
				       "Duplicate entry found with ID %s", id);
	if (result != -ENOENT)
		return result;
	json_set_string(doc, protocol, "id", id);
	json_set_string(doc, protocol, "idp_id", request_param(request, "idp_id"));
	attribute_take(request, doc, protocol);
	store_txn_compare(txn, key, 0);
	store_txn_put(txn, key, request_write(request, protocol));
	return kind_commit(request, kind, txn, 201, doc, protocol, error);
}

int federation_protocol_update(struct request *request, struct error *error)
{
	const struct kind *kind = &kind_federation_protocol;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changed;
	yyjson_val *protocol;
	uint64_t revision;
	int result = mapping_settle(request, txn, error);

	if (result == 0)
		result = protocol_find(request, &protocol, &revision, error);
	if (result < 0)
		return result;
	changed = kind_merge(request, kind, doc, protocol);
	attribute_take(request, doc, changed);
	store_txn_compare(txn, protocol_key(request), revision);
	store_txn_put(txn, protocol_key(request), request_write(request, changed));
	return kind_commit(request, kind, txn, 200, doc, changed, error);
}

int federation_protocol_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *protocol;
	uint64_t revision;
	int result = protocol_find(request, &protocol, &revision, error);

	if (result < 0)
		return result;
	store_txn_compare(txn, protocol_key(request), revision);
	store_txn_delete(txn, protocol_key(request));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}
