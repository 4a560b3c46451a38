/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a token's holder may ask about itself: catalog, and the scopes that are open to it. */
#include <string.h>

#include "firmware/cloud/identity/auth.h"
#include "firmware/cloud/identity/hierarchy.h"
#include "firmware/cloud/identity/kind.h"
#include "firmware/cloud/identity/refusal.h"
#include "firmware/cloud/identity/service.h"

static void add_self_link(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root)
{
	yyjson_mut_val *links = yyjson_mut_obj(doc);

	json_set_string(doc, links, "self",
			arena_printf(request->arena, "%s%s%s", request->base_url,
				     request->service->prefix, request->path));
	json_set(doc, root, "links", links);
}

int auth_catalog_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *catalog;
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result < 0)
		return result;
	if (!request->caller->project_id)
		return error_fault(error, -EACCES, 403, NULL,
				   "You are not authorized to perform the requested action.");
	catalog = catalog_render(request, &reader, doc, request->caller, error);
	if (!catalog)
		return error_set(error, -EIO, "catalog can't be read");
	json_set(doc, root, "catalog", catalog);
	add_self_link(request, doc, root);
	return reply_json(request, 200, doc, root);
}

struct scope_list {
	struct request *request;
	struct reader reader;
	yyjson_val **items;
	size_t count, capacity;
};

static void scope_add(struct scope_list *list, yyjson_val *record)
{
	for (size_t i = 0; i < list->count; i++)
		if (json_is(list->items[i], "id", json_string(record, "id")))
			return;
	if (list->count == list->capacity) {
		size_t capacity = 2 * list->capacity + 8;
		yyjson_val **items =
			arena_realloc(list->request->arena, list->items,
				      list->capacity * sizeof(*items), capacity * sizeof(*items));

		if (!items)
			return;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = record;
}

/* Adds what an assignment makes of use: its target, or the projects below it. */
static int scopes_of_assignment(struct scope_list *list, const struct kind *kind,
				yyjson_val *assignment, struct error *error)
{
	const char *id = json_string(assignment, "scope_id");
	struct records below = { 0 };
	yyjson_val *record;
	int result;

	if (json_bool(assignment, "inherited", false)) {
		result = kind == &kind_project ? hierarchy_below(&list->reader, id, &below, error)
					       : 0;
		for (size_t i = 0; result == 0 && i < below.count; i++)
			if (json_bool(below.items[i].value, "enabled", true))
				scope_add(list, below.items[i].value);
		return result;
	}
	if (!json_is(assignment, "scope", kind->singular))
		return 0;
	result = record_get(&list->reader, &record, NULL, error, "%s%s", kind->prefix, id);
	if (result == 0 && json_bool(record, "enabled", true))
		scope_add(list, record);
	return result == -ENOENT ? 0 : result;
}

/* Adds the enabled records of 'kind' on which the actor has a role. */
static int scopes_of_actor(struct scope_list *list, const struct kind *kind, const char *actor_id,
			   struct error *error)
{
	struct records assigned = { 0 };
	int result = records_index(&list->reader, &assigned, "/identity/assignment/", "actor", NULL,
				   actor_id, error);

	for (size_t i = 0; result == 0 && i < assigned.count; i++)
		result = scopes_of_assignment(list, kind, assigned.items[i].value, error);
	return result;
}

static int scopes_of_user(struct request *request, const struct kind *kind, const char *user_id,
			  struct error *error)
{
	struct scope_list list = { .request = request };
	struct records groups = { 0 };
	int result = reader_of_request(request, &list.reader, error);

	if (result == 0)
		result = scopes_of_actor(&list, kind, user_id, error);
	if (result == 0)
		result = records_range(&list.reader, &groups, error, "/identity/membership/%s/",
				       user_id);
	for (size_t i = 0; result == 0 && i < groups.count; i++)
		result = scopes_of_actor(&list, kind,
					 json_string(groups.items[i].value, "group_id"), error);
	if (result < 0)
		return result;
	return kind_reply_list(request, kind, list.items, list.count, error);
}

int auth_project_list(struct request *request, struct error *error)
{
	return scopes_of_user(request, &kind_project, request->caller->user_id, error);
}

int auth_domain_list(struct request *request, struct error *error)
{
	return scopes_of_user(request, &kind_domain, request->caller->user_id, error);
}

int user_project_list(struct request *request, struct error *error)
{
	const char *user_id = request_param(request, "user_id");
	yyjson_val *user;
	int result = kind_find(request, &kind_user, user_id, &user, NULL, error);

	return result == 0 ? scopes_of_user(request, &kind_project, user_id, error) : result;
}

int auth_system_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list = yyjson_mut_arr(doc);
	struct role_set roles = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = grants_direct(&reader, request->caller->user_id, "system-all", &roles,
				       error);
	if (result < 0)
		return result;
	if (roles.count)
		json_set_bool(doc, yyjson_mut_arr_add_obj(doc, list), "all", true);
	json_set(doc, root, "system", list);
	add_self_link(request, doc, root);
	return reply_json(request, 200, doc, root);
}
