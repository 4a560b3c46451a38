/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/purge.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

#include <string.h>

static const struct page_rules page = {
	.filters = (const struct page_filter[]){ { "name", "name", PAGE_EXACT },
						 { "enabled", "enabled", PAGE_BOOLEAN },
						 { "domain_id", "domain_id", PAGE_EXACT },
						 { "parent_id", "parent_id", PAGE_EXACT },
						 { "tags", "tags", PAGE_LIST },
						 { 0 } },
	.id_member = "id",
};

static void project_finish(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown)
{
	(void)request;
	json_default(doc, shown, "description", yyjson_mut_str(doc, ""));
	json_default(doc, shown, "enabled", yyjson_mut_true(doc));
	json_default(doc, shown, "is_domain", yyjson_mut_false(doc));
	json_default(doc, shown, "tags", yyjson_mut_arr(doc));
	json_default(doc, shown, "options", yyjson_mut_obj(doc));
}

const struct kind kind_project = { .singular = "project",
				   .plural = "projects",
				   .prefix = "/identity/project/",
				   .in_domain = true,
				   .what = "project",
				   .page = &page,
				   .finish = project_finish };

int project_show(struct request *request, struct error *error)
{
	return kind_show(request, &kind_project, "project_id", error);
}

int project_list(struct request *request, struct error *error)
{
	return kind_list(request, &kind_project, error);
}

/* A project hangs below its domain, or below another project of the same domain. */
static int parent_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
			 yyjson_mut_val *project, struct error *error)
{
	const char *parent_id = json_mut_string(project, "parent_id");
	const char *domain_id = json_mut_string(project, "domain_id");
	yyjson_val *parent;
	uint64_t revision;
	int result;

	if (!parent_id || !strcmp(parent_id, domain_id)) {
		json_set_string(doc, project, "parent_id", domain_id);
		return 0;
	}
	result = kind_find(request, &kind_project, parent_id, &parent, &revision, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_project, txn, parent_id, revision);
	if (json_is(parent, "domain_id", domain_id))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "Cannot create project, since it specifies its domain_id %s, but "
			   "specifies a parent in a different domain (%s).",
			   domain_id, json_string(parent, "domain_id"));
}

int project_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *project = kind_body(request, &kind_project, doc);
	int result;

	if (yyjson_mut_is_true(yyjson_mut_obj_get(project, "is_domain")))
		return refuse_not_implemented(error);
	result = domain_settle(request, txn, doc, project, error);
	if (result == 0)
		result = parent_settle(request, txn, doc, project, error);
	if (result < 0)
		return result;
	kind_identify(doc, project);
	json_default(doc, project, "enabled", yyjson_mut_true(doc));
	kind_put(request, &kind_project, txn, project);
	return kind_commit(request, &kind_project, txn, 201, doc, project, error);
}

static int project_change_check(yyjson_val *before, yyjson_mut_val *after, struct error *error)
{
	const char *parent_id = json_mut_string(after, "parent_id");

	if (!parent_id || !json_is(before, "parent_id", parent_id))
		return error_fault(error, -EACCES, 403, NULL,
				   "Update of `parent_id` is not allowed.");
	if (yyjson_mut_is_true(yyjson_mut_obj_get(after, "is_domain")))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Update of `is_domain` is not allowed.");
	return domain_keep(before, after, error);
}

int project_update(struct request *request, struct error *error)
{
	const char *id = request_param(request, "project_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *changed;
	yyjson_val *project;
	uint64_t revision;
	int result = kind_find(request, &kind_project, id, &project, &revision, error);

	if (result < 0)
		return result;
	changed = kind_merge(request, &kind_project, doc, project);
	result = project_change_check(project, changed, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_project, txn, id, revision);
	kind_put(request, &kind_project, txn, changed);
	return kind_commit(request, &kind_project, txn, 200, doc, changed, error);
}

static int project_leaf_check(struct request *request, const char *id, struct error *error)
{
	struct records children = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = records_index(&reader, &children, "/identity/project/", "parent", NULL, id,
				       error);
	if (result == 0 && children.count)
		return error_fault(
			error, -EACCES, 403, NULL,
			"Cannot delete the project %s since it is not a leaf in the "
			"hierarchy. Use the cascade option if you want to delete a whole "
			"subtree.",
			id);
	return result;
}

int project_delete(struct request *request, struct error *error)
{
	const char *id = request_param(request, "project_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_val *project;
	uint64_t revision;
	int result = kind_find(request, &kind_project, id, &project, &revision, error);

	if (result == 0)
		result = project_leaf_check(request, id, error);
	if (result < 0)
		return result;
	kind_compare(request, &kind_project, txn, id, revision);
	result = purge_project(request, txn, id, error);
	if (result == 0)
		result = identity_commit(request, txn, error);
	return result == 0 ? reply_empty(request, 204) : result;
}

bool identity_project_exists(struct request *request, const char *project_id)
{
	struct error error = { 0 };
	yyjson_val *project;

	return request_get(request, &project, NULL, &error, "/identity/project/%s", project_id) ==
		       0 &&
	       json_bool(project, "enabled", true);
}
