/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/policies.h"

#include <string.h>

#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/schemas.h"

#define REGIONS_MOST 64 /* one within the other */
#define ASSOCIATION "/identity/policy_association/"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "type", "type", PAGE_EXACT }, { 0 } },
	.id_member = "id",
};

const struct kind kind_policy = { .singular = "policy",
				  .plural = "policies",
				  .prefix = "/identity/policy/",
				  .what = "policy",
				  .page = &page };

int policy_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_policy, error);
}

int policy_create(struct request *request, struct error *error)
{
	return kind_create(request, &kind_policy, error);
}

int policy_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_policy, "policy_id", error);
}

int policy_update(struct request *request, struct error *error)
{
	return kind_update(request, &kind_policy, "policy_id", error);
}

int policy_delete(struct request *request, struct error *error)
{
	const char *id = request_param(request, "policy_id");
	struct store_txn *txn = store_txn_new(request->arena);
	struct records found = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = records_index(&reader, &found, ASSOCIATION, "policy", NULL, id, error);
	records_delete(txn, &found);
	return result == 0 ? kind_delete(request, &kind_policy, "policy_id", txn, error) : result;
}

/* --- what a policy is for */

static const char *optional_param(struct request *request, const char *name)
{
	for (const struct name_value *param = request->params; param->name; param++)
		if (!strcmp(param->name, name))
			return param->value;
	return NULL;
}

static const char *endpoint_key(struct arena *arena, const char *endpoint_id)
{
	return arena_printf(arena, ASSOCIATION "endpoint-%s", endpoint_id);
}

static const char *service_key(struct arena *arena, const char *service_id, const char *region_id)
{
	return region_id ? arena_printf(arena, ASSOCIATION "service-%s-region-%s", service_id,
					region_id)
			 : arena_printf(arena, ASSOCIATION "service-%s", service_id);
}

/* The association that the path names; what it names must be there. */
static int association_of(struct request *request, const char **key, struct error *error)
{
	static const struct {
		const char *parameter;
		const struct kind *kind;
	} parts[] = { { "policy_id", &kind_policy },
		      { "endpoint_id", &kind_endpoint },
		      { "service_id", &kind_catalog_service },
		      { "region_id", &kind_region } };
	yyjson_val *record;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		const char *id = optional_param(request, parts[i].parameter);
		int result = id ? kind_find(request, parts[i].kind, id, &record, NULL, error) : 0;

		if (result < 0)
			return result;
	}
	if (optional_param(request, "endpoint_id"))
		*key = endpoint_key(request->arena, optional_param(request, "endpoint_id"));
	else
		*key = service_key(request->arena, request_param(request, "service_id"),
				   optional_param(request, "region_id"));
	return 0;
}

int policy_association_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *record = yyjson_mut_obj(doc);
	const char *key;
	int result = association_of(request, &key, error);

	if (result < 0)
		return result;
	for (const struct name_value *param = request->params; param->name; param++)
		json_set_string(doc, record, param->name, param->value);
	store_txn_put(txn, key, request_write(request, record));
	result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

static int association_find(struct request *request, const char **key, bool *there,
			    struct error *error)
{
	yyjson_val *record;
	int result = association_of(request, key, error);

	if (result < 0)
		return result;
	result = request_get(request, &record, NULL, error, "%s", *key);
	*there = result == 0 && json_is(record, "policy_id", request_param(request, "policy_id"));
	return result == -ENOENT ? 0 : result;
}

int policy_association_check(struct request *request, struct error *error)
{
	const char *key = NULL;
	bool there;
	int result = association_find(request, &key, &there, error);

	if (result < 0)
		return result;
	if (!there)
		return error_fault(error, -ENOENT, 404, NULL, "Could not find policy association.");
	return reply_empty(request, 204);
}

int policy_association_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *key = NULL;
	bool there;
	int result = association_find(request, &key, &there, error);

	if (result < 0)
		return result;
	if (there)
		store_txn_delete(txn, key);
	result = there ? identity_commit(request, txn, error) : 0;
	return result == 0 ? reply_empty(request, 204) : result;
}

/* Whether the region is 'outer' or lies in it. */
static bool region_within(struct request *request, const char *id, const char *outer)
{
	struct error unused = { 0 };
	yyjson_val *region;

	for (unsigned i = 0; id && i < REGIONS_MOST; i++) {
		if (!strcmp(id, outer))
			return true;
		if (request_get(request, &region, NULL, &unused, "%s%s", kind_region.prefix, id) <
		    0)
			return false;
		id = json_string(region, "parent_region_id");
	}
	return false;
}

static bool association_covers(struct request *request, yyjson_val *association,
			       yyjson_val *endpoint)
{
	const char *endpoint_id = json_string(association, "endpoint_id");
	const char *service_id = json_string(association, "service_id");
	const char *region_id = json_string(association, "region_id");

	if (endpoint_id)
		return json_is(endpoint, "id", endpoint_id);
	if (!service_id || !json_is(endpoint, "service_id", service_id))
		return false;
	return !region_id || region_within(request, json_string(endpoint, "region_id"), region_id);
}

int policy_endpoint_list(struct request *request, struct error *error)
{
	const char *id = request_param(request, "policy_id");
	struct record_list endpoints = { .request = request };
	struct record_list associations = { .request = request };
	yyjson_val *policy;
	size_t kept = 0;
	int result = kind_find(request, &kind_policy, id, &policy, NULL, error);

	if (result == 0)
		result = record_list_range(request, &endpoints, kind_endpoint.prefix, error);
	if (result == 0)
		result = record_list_index(request, &associations, ASSOCIATION, "policy", NULL, id,
					   error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < endpoints.count; i++) {
		bool covered = false;

		for (size_t j = 0; j < associations.count && !covered; j++)
			covered = association_covers(request, associations.items[j],
						     endpoints.items[i]);
		if (covered)
			endpoints.items[kept++] = endpoints.items[i];
	}
	return kind_reply_list(request, &kind_endpoint, endpoints.items, kept, error);
}

/* The policy of the first association there is: the endpoint's own, its service's in its region
 * or those around it, its service's. */
static int policy_id_find(struct request *request, yyjson_val *endpoint, const char **policy_id,
			  struct error *error)
{
	const char *service_id = json_string(endpoint, "service_id");
	const char *region_id = json_string(endpoint, "region_id");
	const char *key = endpoint_key(request->arena, json_string(endpoint, "id"));
	yyjson_val *found, *region;
	int result = request_get(request, &found, NULL, error, "%s", key);

	for (unsigned i = 0; result == -ENOENT && region_id && i < REGIONS_MOST; i++) {
		key = service_key(request->arena, service_id, region_id);
		result = request_get(request, &found, NULL, error, "%s", key);
		if (result == 0 || request_get(request, &region, NULL, error, "%s%s",
					       kind_region.prefix, region_id) < 0)
			break;
		region_id = json_string(region, "parent_region_id");
	}
	key = service_key(request->arena, service_id, NULL);
	if (result == -ENOENT)
		result = request_get(request, &found, NULL, error, "%s", key);
	*policy_id = result == 0 ? json_string(found, "policy_id") : NULL;
	return result;
}

int endpoint_policy_show(struct request *request, struct error *error)
{
	const char *id = request_param(request, "endpoint_id"), *policy_id = NULL;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *endpoint, *policy;
	int result = kind_find(request, &kind_endpoint, id, &endpoint, NULL, error);

	if (result < 0)
		return result;
	result = policy_id_find(request, endpoint, &policy_id, error);
	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL,
				   "No policy is associated with endpoint %s.", id);
	if (result == 0)
		result = kind_find(request, &kind_policy, policy_id, &policy, NULL, error);
	if (result < 0)
		return result;
	return kind_reply(request, &kind_policy, 200, doc, yyjson_val_mut_copy(doc, policy));
}
