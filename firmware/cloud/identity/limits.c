/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/unified_limit.h"

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "service_id", "service_id", PAGE_EXACT },
						 { "region_id", "region_id", PAGE_EXACT },
						 { "resource_name", "resource_name", PAGE_EXACT },
						 { "project_id", "project_id", PAGE_EXACT },
						 { "domain_id", "domain_id", PAGE_EXACT },
						 { 0 } },
	.id_member = "id",
};

static const char *const hidden[] = { "key", "registered_limit_id", NULL };

static const char *const nullable[] = { "project_id", "domain_id", "region_id", "description",
					NULL };

const struct kind kind_limit = { .singular = "limit",
				 .plural = "limits",
				 .prefix = "/identity/limit/",
				 .what = "limit",
				 .found_for = true,
				 .duplicate = "Duplicate entry",
				 .page = &page,
				 .hidden = hidden,
				 .nullable = nullable };

int limit_model_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *model = yyjson_mut_obj(doc);

	(void)error;
	json_set_string(doc, model, "name", "flat");
	json_set_string(doc, model, "description",
			"Limit enforcement and validation does not take project hierarchy into "
			"consideration.");
	json_set(doc, root, "model", model);
	return reply_json(request, 200, doc, root);
}

/* The domain of a limit: its own, or that of its project. */
static const char *limit_domain(struct request *request, yyjson_val *limit)
{
	const char *project_id = json_string(limit, "project_id");
	struct error unused = { 0 };
	yyjson_val *project;

	if (!project_id)
		return json_string(limit, "domain_id");
	if (request_get(request, &project, NULL, &unused, "%s%s", kind_project.prefix, project_id) <
	    0)
		return NULL;
	return json_string(project, "domain_id");
}

static bool same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* The system sees all, a domain what is in it, a project its own. */
static bool in_scope(struct request *request, yyjson_val *limit)
{
	const struct caller *caller = request->caller;

	if (caller->system)
		return true;
	if (caller->domain_id)
		return same(limit_domain(request, limit), caller->domain_id);
	return same(json_string(limit, "project_id"), caller->project_id);
}

int limit_list(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	int result = record_list_range(request, &list, kind_limit.prefix, error);
	size_t kept = 0;

	if (result < 0)
		return result;
	for (size_t i = 0; i < list.count; i++)
		if (in_scope(request, list.items[i]))
			list.items[kept++] = list.items[i];
	return kind_reply_list(request, &kind_limit, list.items, kept, error);
}

int limit_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *limit;
	int result = kind_find(request, &kind_limit, request_param(request, "limit_id"), &limit,
			       NULL, error);

	if (result < 0)
		return result;
	if (!request->caller->is_admin && !in_scope(request, limit))
		return refuse_forbidden(error, "identity:get_limit");
	return kind_reply(request, &kind_limit, 200, doc, yyjson_val_mut_copy(doc, limit));
}

static int owner_check(yyjson_val *item, struct error *error)
{
	if (!yyjson_obj_get(item, "project_id") != !yyjson_obj_get(item, "domain_id"))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "A limit belongs to either a project or a domain: it is not valid under "
			   "any of the given schemas");
}

/* The registered limit that this one hangs on; it is written again, so that whoever deletes it
 * at the same time starts over and sees what hangs on it. */
static int limit_register(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
			  yyjson_mut_val *limit, struct error *error)
{
	const struct kind *kind = &kind_registered_limit;
	const char *key = registered_limit_key(request->arena, limit), *id;
	struct record_list found = { .request = request };
	int result = record_list_index(request, &found, kind->prefix, "key", NULL, key, error);

	if (result < 0)
		return result;
	if (!found.count)
		return error_fault(error, -EACCES, 403, NULL,
				   "Unable to create a limit that has no corresponding registered "
				   "limit.");
	id = json_string(found.items[0], "id");
	json_set_string(doc, limit, "registered_limit_id", id);
	if (store_txn_has(txn, arena_printf(request->arena, "%s%s", kind->prefix, id)))
		return 0;
	kind_compare(request, kind, txn, id, found.revisions[0]);
	kind_put(request, kind, txn, yyjson_val_mut_copy(doc, found.items[0]));
	return 0;
}

static int limit_make(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
		      yyjson_mut_val *limit, struct error *error)
{
	const char *project_id = json_mut_string(limit, "project_id");
	int result = unified_limit_references(request, limit, "limit", error);

	if (result == 0)
		result = limit_register(request, txn, doc, limit, error);
	if (result < 0)
		return result;
	kind_identify(doc, limit);
	json_set_string(
		doc, limit, "key",
		arena_printf(request->arena, "%s %s", json_mut_string(limit, "registered_limit_id"),
			     project_id ? project_id : json_mut_string(limit, "domain_id")));
	kind_put(request, &kind_limit, txn, limit);
	return 0;
}

int limit_create(struct request *request, struct error *error)
{
	yyjson_val *wanted = yyjson_obj_get(request->body, "limits"), *item;
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *created = yyjson_mut_arr(doc);
	size_t index, most;

	yyjson_arr_foreach (wanted, index, most, item) {
		yyjson_mut_val *limit = yyjson_val_mut_copy(doc, item);
		int result = owner_check(item, error);

		if (result == 0)
			result = limit_make(request, txn, doc, limit, error);
		if (result < 0)
			return result;
		yyjson_mut_arr_append(created, limit);
	}
	return unified_limit_commit(request, &kind_limit, txn, doc, created, error);
}

int limit_update(struct request *request, struct error *error)
{
	return kind_update(request, &kind_limit, "limit_id", error);
}

int limit_delete(struct request *request, struct error *error)
{
	return kind_delete(request, &kind_limit, "limit_id", store_txn_new(request->arena), error);
}
