/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GET /projects/{id}: what lies above and below it, when the query asks for that. */
#include "firmware/cloud/identity/project_tree.h"

#include "firmware/cloud/identity/grants.h"
#include "firmware/cloud/identity/hierarchy.h"

/* {"<parent>": {"<its parent>": ... null}} */
static yyjson_mut_val *above_as_ids(yyjson_mut_doc *doc, const struct records *above)
{
	yyjson_mut_val *ids = yyjson_mut_null(doc);

	for (size_t i = above->count; i > 0; i--) {
		yyjson_mut_val *level = yyjson_mut_obj(doc);

		json_set(doc, level, json_string(above->items[i - 1].value, "id"), ids);
		ids = level;
	}
	return ids;
}

/* {"<child>": {...}, "<leaf>": null}; as deep as projects may lie below each other. */
static yyjson_mut_val *below_as_ids(yyjson_mut_doc *doc, const struct records *below,
				    const char *parent_id, unsigned depth)
{
	yyjson_mut_val *level = yyjson_mut_obj(doc);

	for (size_t i = 0; depth && i < below->count; i++) {
		yyjson_val *project = below->items[i].value;
		const char *id = json_string(project, "id");

		if (json_is(project, "parent_id", parent_id))
			json_set(doc, level, id, below_as_ids(doc, below, id, depth - 1));
	}
	return yyjson_mut_obj_size(level) ? level : yyjson_mut_null(doc);
}

/* Of these, the projects on which the caller has a role itself. */
static int as_list(struct request *request, const struct reader *reader, yyjson_mut_doc *doc,
		   const struct records *projects, yyjson_mut_val *list, struct error *error)
{
	int result = 0;

	for (size_t i = 0; result == 0 && i < projects->count; i++) {
		yyjson_val *project = projects->items[i].value;
		struct role_set roles = { 0 };
		yyjson_mut_val *shown;

		result = grants_all(reader, request->caller->user_id, SCOPE_PROJECT,
				    json_string(project, "id"), &roles, error);
		if (result < 0 || !roles.count)
			continue;
		shown = yyjson_val_mut_copy(doc, project);
		kind_present(request, &kind_project, doc, shown);
		json_set(doc, yyjson_mut_arr_add_obj(doc, list), "project", shown);
	}
	return result;
}

static int add_parents(struct request *request, const struct reader *reader, yyjson_mut_doc *doc,
		       yyjson_mut_val *shown, struct error *error)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct records above = { 0 };
	int result = hierarchy_above(reader, json_mut_string(shown, "id"), &above, error);

	if (result == 0 && query_flag(request, "parents_as_list"))
		result = as_list(request, reader, doc, &above, list, error);
	else
		list = above_as_ids(doc, &above);
	json_set(doc, shown, "parents", list);
	return result;
}

static int add_subtree(struct request *request, const struct reader *reader, yyjson_mut_doc *doc,
		       yyjson_mut_val *shown, struct error *error)
{
	const char *id = json_mut_string(shown, "id");
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	struct records below = { 0 };
	int result = hierarchy_below(reader, id, &below, error);

	if (result == 0 && query_flag(request, "subtree_as_list"))
		result = as_list(request, reader, doc, &below, list, error);
	else
		list = below_as_ids(doc, &below, id, HIERARCHY_DEPTH);
	json_set(doc, shown, "subtree", list);
	return result;
}

static int flags_check(const struct request *request, const char *what, struct error *error)
{
	if (!query_flag(request, arena_printf(request->arena, "%s_as_list", what)) ||
	    !query_flag(request, arena_printf(request->arena, "%s_as_ids", what)))
		return 0;
	return error_fault(error, -EINVAL, 400, NULL,
			   "Cannot use %s_as_list and %s_as_ids query params at the same time.",
			   what, what);
}

int project_tree_add(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *shown,
		     struct error *error)
{
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = flags_check(request, "parents", error);
	if (result == 0)
		result = flags_check(request, "subtree", error);
	if (result == 0 &&
	    (query_flag(request, "parents_as_list") || query_flag(request, "parents_as_ids")))
		result = add_parents(request, &reader, doc, shown, error);
	if (result == 0 &&
	    (query_flag(request, "subtree_as_list") || query_flag(request, "subtree_as_ids")))
		result = add_subtree(request, &reader, doc, shown, error);
	return result;
}
