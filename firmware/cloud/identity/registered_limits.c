/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/unified_limit.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "service_id", "service_id", PAGE_EXACT },
						 { "region_id", "region_id", PAGE_EXACT },
						 { "resource_name", "resource_name", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static const char *const hidden[] = { "key", NULL };

static const char *const nullable[] = { "region_id", "description", NULL };

const struct kind kind_registered_limit = { .singular = "registered_limit",
					    .plural = "registered_limits",
					    .prefix = "/identity/registered_limit/",
					    .what = "registered limit",
					    .found_for = true,
					    .duplicate = "Duplicate entry",
					    .page = &page,
					    .hidden = hidden,
					    .nullable = nullable };

const char *registered_limit_key(struct arena *arena, yyjson_mut_val *members)
{
	const char *region = json_mut_string(members, "region_id");

	return arena_printf(arena, "%s %s %s", json_mut_string(members, "service_id"),
			    region ? region : "-", json_mut_string(members, "resource_name"));
}

int unified_limit_references(struct request *request, yyjson_mut_val *members, const char *target,
			     struct error *error)
{
	static const struct {
		const char *member;
		const struct kind *kind;
	} references[] = {
		{ "service_id", &kind_catalog_service },
		{ "region_id", &kind_region },
		{ "project_id", &kind_project },
		{ "domain_id", &kind_domain },
	};

	for (size_t i = 0; i < sizeof(references) / sizeof(references[0]); i++) {
		const char *id = json_mut_string(members, references[i].member);
		yyjson_val *record;
		int result;

		if (!id)
			continue;
		result = request_get(request, &record, NULL, error, "%s%s",
				     references[i].kind->prefix, id);
		if (result == -ENOENT)
			return refuse_expecting(error, references[i].member, target);
		if (result < 0)
			return result;
	}
	return 0;
}

int unified_limit_commit(struct request *request, const struct kind *kind, struct store_txn *txn,
			 yyjson_mut_doc *doc, yyjson_mut_val *created, struct error *error)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc), *shown;
	size_t index, most;
	int result = identity_commit(request, txn, error);

	if (result == -EEXIST)
		return refuse_conflict(error, kind->singular, "%s", kind->duplicate);
	if (result < 0)
		return result;
	yyjson_mut_arr_foreach (created, index, most, shown)
		kind_present(request, kind, doc, shown);
	json_set(doc, root, kind->plural, created);
	return reply_json(request, 201, doc, root);
}

int registered_limit_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_registered_limit, error);
}

int registered_limit_create(struct request *request, struct error *error)
{
	const struct kind *kind = &kind_registered_limit;
	yyjson_val *wanted = yyjson_obj_get(request->body, kind->plural), *item;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *created = yyjson_mut_arr(doc);
	size_t index, most;

	yyjson_arr_foreach (wanted, index, most, item) {
		yyjson_mut_val *limit = yyjson_val_mut_copy(doc, item);
		int result = unified_limit_references(request, limit, kind->singular, error);

		if (result < 0)
			return result;
		kind_identify(doc, limit);
		json_set_string(doc, limit, "key", registered_limit_key(request->arena, limit));
		kind_put(request, kind, txn, limit);
		yyjson_mut_arr_append(created, limit);
	}
	return unified_limit_commit(request, kind, txn, doc, created, error);
}

int registered_limit_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_registered_limit, "registered_limit_id", error);
}

/* What limits hang on stays as it is. */
static int change_begin(struct request *request, struct kind_change *change, struct error *error)
{
	struct record_list limits = { .request = request };
	int result = kind_change_begin(request, &kind_registered_limit, "registered_limit_id",
				       change, error);

	if (result == 0)
		result = record_list_index(request, &limits, kind_limit.prefix, "registered", NULL,
					   change->id, error);
	if (result == 0 && limits.count)
		return error_fault(error, -EACCES, 403, NULL,
				   "Unable to update or delete registered limit %s because there "
				   "are project limits associated with it.",
				   change->id);
	return result;
}

int registered_limit_update(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = change_begin(request, &change, error);

	if (result == 0)
		result = unified_limit_references(request, change.after, change.kind->singular,
						  error);
	if (result < 0)
		return result;
	json_set_string(change.doc, change.after, "key",
			registered_limit_key(request->arena, change.after));
	return kind_change_commit(request, &change, error);
}

int registered_limit_delete(struct request *request, struct error *error)
{
	struct kind_change change;
	int result = change_begin(request, &change, error);

	return result == 0 ? kind_change_delete(request, &change, error) : result;
}
