/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/hierarchy.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/options.h"
#include "firmware/cloud/identity/project_tree.h"
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

static const char *const hidden[] = { "token_epoch", NULL };

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
				   .hidden = hidden,
				   .finish = project_finish };

int project_find(struct request *request, const char *id, const struct kind **kind,
		 yyjson_val **record, uint64_t *revision, struct error *error)
{
	int result;

	*kind = &kind_project;
	result = request_get(request, record, revision, error, "%s%s", kind_project.prefix, id);
	if (result != -ENOENT)
		return result;
	*kind = &kind_domain;
	result = request_get(request, record, revision, error, "%s%s", kind_domain.prefix, id);
	return refuse_lookup(result, error, kind_project.what, id);
}

/* A domain as the project that it is, too. */
static yyjson_mut_val *project_of_domain(yyjson_mut_doc *doc, yyjson_mut_val *domain)
{
	json_set_bool(doc, domain, "is_domain", true);
	json_set_string(doc, domain, "domain_id", NULL);
	json_set_string(doc, domain, "parent_id", NULL);
	return domain;
}

static yyjson_mut_val *project_view(yyjson_mut_doc *doc, const struct kind *kind,
				    yyjson_val *record)
{
	yyjson_mut_val *view = yyjson_val_mut_copy(doc, record);

	return kind == &kind_domain ? project_of_domain(doc, view) : view;
}

int project_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	const struct kind *kind;
	yyjson_mut_val *shown;
	yyjson_val *record;
	int result = project_find(request, request_param(request, "project_id"), &kind, &record,
				  NULL, error);

	if (result < 0)
		return result;
	shown = project_view(doc, kind, record);
	result = project_tree_add(request, doc, shown, error);
	return result == 0 ? kind_reply(request, &kind_project, 200, doc, shown) : result;
}

/* Domains stand in the list when they are asked for. */
static int domains_as_projects(struct request *request, struct error *error)
{
	struct record_list list = { .request = request };
	yyjson_mut_doc *doc = request_document(request);
	int result = record_list_range(request, &list, kind_domain.prefix, error);

	for (size_t i = 0; result == 0 && i < list.count; i++) {
		const char *text =
			request_write(request, project_view(doc, &kind_domain, list.items[i]));

		list.items[i] = text ? json_parse(request->arena, text, strlen(text)) : NULL;
	}
	if (result < 0)
		return result;
	return kind_reply_list(request, &kind_project, list.items, list.count, error);
}

int project_list(struct request *request, struct error *error)
{
	if (query_flag(request, "is_domain"))
		return domains_as_projects(request, error);
	return kind_list(request, &kind_project, error);
}

/* A project hangs below its domain, or below another project of the same domain. */
static int parent_settle(struct request *request, struct store_txn *txn, yyjson_mut_doc *doc,
			 yyjson_mut_val *project, struct error *error)
{
	const char *parent_id = json_mut_string(project, "parent_id");
	const char *domain_id = json_mut_string(project, "domain_id");
	const struct kind *kind;
	yyjson_val *parent;
	uint64_t revision;
	int result;

	if (!parent_id)
		parent_id = domain_id;
	json_set_string(doc, project, "parent_id", parent_id);
	result = project_find(request, parent_id, &kind, &parent, &revision, error);
	if (result < 0)
		return result;
	if (strcmp(parent_id, domain_id)) /* else it is compared already */
		kind_compare(request, kind, txn, parent_id, revision);
	if (kind == &kind_domain && strcmp(parent_id, domain_id))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Cannot create project, the parent (%s) is acting as a domain, "
				   "but this project's domain id (%s) does not match the parent's "
				   "id.",
				   parent_id, domain_id);
	if (kind == &kind_domain || json_is(parent, "domain_id", domain_id))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "Cannot create project, since it specifies its domain_id %s, but "
			   "specifies a parent in a different domain (%s).",
			   domain_id, json_string(parent, "domain_id"));
}

/* The branch must be enabled up to its domain, and not too deep already. */
static int branch_check(struct request *request, yyjson_mut_val *project, struct error *error)
{
	const char *parent_id = json_mut_string(project, "parent_id");
	struct records above = { 0 };
	const struct kind *kind;
	struct reader reader;
	yyjson_val *parent;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = hierarchy_above(&reader, parent_id, &above, error);
	if (result == 0)
		result = project_find(request, parent_id, &kind, &parent, NULL, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i <= above.count; i++) {
		yyjson_val *record = i ? above.items[i - 1].value : parent;

		if (!json_bool(record, "enabled", true))
			return error_fault(error, -EINVAL, 400, NULL,
					   "cannot create a project in a branch containing a "
					   "disabled project: %s",
					   json_string(record, "id"));
	}
	if (above.count + 1 <= HIERARCHY_DEPTH)
		return 0;
	return error_fault(error, -EACCES, 403, NULL, "Max hierarchy depth reached for %s branch.",
			   parent_id);
}

/* A project that acts as a domain is a domain. */
static int project_create_domain(struct request *request, yyjson_mut_doc *doc,
				 yyjson_mut_val *project, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	int result;

	if (json_mut_string(project, "parent_id") || json_mut_string(project, "domain_id"))
		return error_fault(error, -EINVAL, 400, NULL,
				   "only root projects are allowed to act as domains.");
	yyjson_mut_obj_remove_key(project, "is_domain");
	yyjson_mut_obj_remove_key(project, "parent_id");
	yyjson_mut_obj_remove_key(project, "domain_id");
	kind_identify(doc, project);
	json_default(doc, project, "enabled", yyjson_mut_true(doc));
	kind_put(request, &kind_domain, txn, project);
	result = identity_commit(request, txn, error);
	if (result == -EEXIST)
		return refuse_conflict(error, "project",
				       "it is not permitted to have two projects acting as domains "
				       "with the same name: %s",
				       json_mut_string(project, "name"));
	if (result < 0)
		return result;
	return kind_reply(request, &kind_project, 201, doc, project_of_domain(doc, project));
}

/* What the body names and is not there is the body's fault. */
static int as_bad_request(int result, struct error *error)
{
	struct error reason = *error;

	if (result != -ENOENT)
		return result;
	return error_fault(error, -EINVAL, 400, NULL, "%s", reason.message);
}

int project_create(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *project = kind_body(request, &kind_project, doc);
	int result;

	if (yyjson_mut_is_true(yyjson_mut_obj_get(project, "is_domain")))
		return project_create_domain(request, doc, project, error);
	result = domain_settle(request, txn, doc, project, error);
	if (result == 0)
		result = parent_settle(request, txn, doc, project, error);
	if (result == 0)
		result = branch_check(request, project, error);
	if (result < 0)
		return as_bad_request(result, error);
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

static bool any_enabled(const struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		if (json_bool(records->items[i].value, "enabled", true))
			return true;
	return false;
}

static bool all_enabled(const struct records *records)
{
	for (size_t i = 0; i < records->count; i++)
		if (!json_bool(records->items[i].value, "enabled", true))
			return false;
	return true;
}

/* A branch is switched off from its leaves, and on from its root. */
static int switch_check(struct request *request, yyjson_val *before, yyjson_mut_val *after,
			struct error *error)
{
	bool was = json_bool(before, "enabled", true);
	bool is = !yyjson_mut_is_false(yyjson_mut_obj_get(after, "enabled"));
	const char *id = json_string(before, "id");
	struct records above = { 0 }, below = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0 && is && !was)
		result = hierarchy_above(&reader, id, &above, error);
	if (result == 0 && !is && was)
		result = hierarchy_below(&reader, id, &below, error);
	if (result == 0 && !all_enabled(&above))
		return error_fault(error, -EACCES, 403, NULL,
				   "Cannot enable project %s since it has disabled parents", id);
	if (result == 0 && any_enabled(&below))
		return error_fault(error, -EACCES, 403, NULL,
				   "Cannot disable project %s since its subtree contains enabled "
				   "projects.",
				   id);
	return result;
}

static int domain_change(struct request *request, yyjson_mut_doc *doc, yyjson_val *domain,
			 uint64_t revision, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_val *changed = kind_merge(request, &kind_project, doc, domain);
	int result = options_allow_update(request, &kind_project, domain, error);

	if (result < 0)
		return result;
	if (json_mut_string(changed, "parent_id"))
		return error_fault(error, -EACCES, 403, NULL,
				   "Update of `parent_id` is not allowed.");
	if (yyjson_mut_is_false(yyjson_mut_obj_get(changed, "is_domain")))
		return error_fault(error, -EINVAL, 400, NULL,
				   "Update of `is_domain` is not allowed.");
	yyjson_mut_obj_remove_key(changed, "is_domain");
	yyjson_mut_obj_remove_key(changed, "parent_id");
	yyjson_mut_obj_remove_key(changed, "domain_id");
	options_merge(doc, domain, changed);
	kind_epoch(doc, domain, changed);
	kind_compare(request, &kind_domain, txn, json_string(domain, "id"), revision);
	kind_put(request, &kind_domain, txn, changed);
	result = identity_commit(request, txn, error);
	if (result < 0)
		return result;
	return kind_reply(request, &kind_project, 200, doc, project_of_domain(doc, changed));
}

int project_update(struct request *request, struct error *error)
{
	const char *id = request_param(request, "project_id");
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_doc *doc = request_document(request);
	const struct kind *kind;
	yyjson_mut_val *changed;
	yyjson_val *project;
	uint64_t revision;
	int result = project_find(request, id, &kind, &project, &revision, error);

	if (result == 0 && kind == &kind_domain)
		return domain_change(request, doc, project, revision, error);
	if (result == 0)
		result = options_allow_update(request, &kind_project, project, error);
	if (result < 0)
		return result;
	changed = kind_merge(request, &kind_project, doc, project);
	result = project_change_check(project, changed, error);
	if (result == 0)
		result = switch_check(request, project, changed, error);
	if (result < 0)
		return result;
	options_merge(doc, project, changed);
	kind_epoch(doc, project, changed);
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
	const struct kind *kind;
	yyjson_val *project;
	uint64_t revision;
	int result = project_find(request, id, &kind, &project, &revision, error);

	if (result == 0 && kind == &kind_domain)
		return domain_remove(request, id, error);
	if (result == 0)
		result = options_allow_delete(&kind_project, project, error);
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
