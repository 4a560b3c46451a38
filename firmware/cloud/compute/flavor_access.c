/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may use a flavor that is not public, and a flavor's extra specs. */
#include "firmware/cloud/compute/extra_specs.h"
#include "firmware/cloud/compute/internal.h"

#include <stdio.h>
#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/identity/identity.h"

static int access_reply(struct request *request, yyjson_mut_doc *doc, const char *id,
			yyjson_mut_val *projects)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list, *item, *project;
	size_t i, count;

	list = yyjson_mut_obj_add_arr(doc, root, "flavor_access");
	yyjson_mut_arr_foreach (projects, i, count, project) {
		item = yyjson_mut_arr_add_obj(doc, list);
		json_set_string(doc, item, "flavor_id", id);
		json_set_string(doc, item, "tenant_id", yyjson_mut_get_str(project));
	}
	return reply_json(request, 200, doc, root);
}

int handle_flavor_access_list(struct request *request, struct error *error)
{
	const char *id = request_param(request, "flavor_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_val *flavor;
	int result = flavor_find(request, id, &flavor, NULL, error);

	if (result < 0)
		return result;
	if (json_bool(flavor, "os-flavor-access:is_public", true))
		return error_set(error, -ENOENT, "Access list not available for public flavors.");
	return access_reply(request, doc, id,
			    yyjson_val_mut_copy(doc, yyjson_obj_get(flavor, "_access")));
}

static bool access_find(yyjson_val *projects, const char *project, size_t *position)
{
	yyjson_val *item;
	size_t i, count;

	yyjson_arr_foreach (projects, i, count, item)
		if (yyjson_equals_str(item, project)) {
			*position = i;
			return true;
		}
	return false;
}

static int access_save(struct request *request, const char *id, yyjson_val *flavor,
		       uint64_t revision, yyjson_mut_doc *doc, yyjson_mut_val *projects,
		       struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	yyjson_mut_val *edited = yyjson_val_mut_copy(doc, flavor);
	const char *key = arena_printf(request->arena, KEY_FLAVOR "%s", id);
	int result;

	json_set(doc, edited, "_access", yyjson_mut_val_mut_copy(doc, projects));
	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, request_write(request, edited));
	result = request_commit(request, txn, error);
	return result < 0 ? result : access_reply(request, doc, id, projects);
}

int handle_flavor_access_add(struct request *request, struct error *error)
{
	const char *id = request_param(request, "flavor_id");
	const char *project =
		json_string(yyjson_obj_get(request->body, "addTenantAccess"), "tenant");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *projects;
	yyjson_val *flavor, *present;
	uint64_t revision;
	size_t position;
	int result;

	if (!identity_project_exists(request, project))
		return error_set(error, -EINVAL, "Project ID %s is not a valid project.", project);
	result = flavor_find(request, id, &flavor, &revision, error);
	if (result < 0)
		return result;
	if (request->microversion >= 7 && json_bool(flavor, "os-flavor-access:is_public", true))
		return error_set(error, -EEXIST, "Can not add access to a public flavor.");
	present = yyjson_obj_get(flavor, "_access");
	if (access_find(present, project, &position))
		return error_set(error, -EEXIST,
				 "Flavor access already exists for flavor %s and project %s "
				 "combination.",
				 id, project);
	projects = yyjson_val_mut_copy(doc, present);
	yyjson_mut_arr_add_strcpy(doc, projects, project);
	return access_save(request, id, flavor, revision, doc, projects, error);
}

int handle_flavor_access_remove(struct request *request, struct error *error)
{
	const char *id = request_param(request, "flavor_id");
	const char *project =
		json_string(yyjson_obj_get(request->body, "removeTenantAccess"), "tenant");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *projects;
	yyjson_val *flavor, *present;
	uint64_t revision;
	size_t position;
	int result = flavor_find(request, id, &flavor, &revision, error);

	if (result < 0)
		return result;
	present = yyjson_obj_get(flavor, "_access");
	if (!access_find(present, project, &position))
		return error_set(error, -ENOENT, "Flavor access not found for %s / %s combination.",
				 id, project);
	projects = yyjson_val_mut_copy(doc, present);
	yyjson_mut_arr_remove(projects, position);
	return access_save(request, id, flavor, revision, doc, projects, error);
}

/* --- extra specs: strings by name; numbers are kept as strings, as Nova keeps them */

/* Values are texts; numbers are written as such. */
static const char *spec_text(struct arena *arena, yyjson_val *value)
{
	if (yyjson_is_str(value))
		return yyjson_get_str(value);
	if (yyjson_is_int(value))
		return arena_printf(arena, "%lld", (long long)yyjson_get_sint(value));
	return arena_printf(arena, "%.17g", yyjson_get_num(value));
}

static int specs_merge(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *specs,
		       yyjson_val *more, struct error *error)
{
	yyjson_val *key, *value;
	const char *name, *text;
	size_t i, count;
	int result;

	yyjson_obj_foreach (more, i, count, key, value) {
		name = yyjson_get_str(key);
		text = spec_text(request->arena, value);
		result = request->microversion >= 86 ? extra_spec_check(name, text, error) : 0;
		if (result < 0)
			return result;
		json_set_string(doc, specs, name, text);
	}
	return 0;
}

static int specs_store(struct request *request, yyjson_mut_val *flavor, uint64_t revision,
		       struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *key =
		arena_printf(request->arena, KEY_FLAVOR "%s", request_param(request, "flavor_id"));

	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, request_write(request, flavor));
	return request_commit(request, txn, error);
}

static int specs_add(struct request *request, yyjson_val *specs, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *edited;
	yyjson_val *flavor;
	uint64_t revision;
	int result = flavor_find(request, request_param(request, "flavor_id"), &flavor, &revision,
				 error);

	if (result < 0)
		return result;
	edited = yyjson_val_mut_copy(doc, flavor);
	result = specs_merge(request, doc, yyjson_mut_obj_get(edited, "extra_specs"), specs, error);
	if (result == 0)
		result = specs_store(request, edited, revision, error);
	if (result < 0)
		return result;
	return reply_json(request, 200, doc, yyjson_val_mut_copy(doc, request->body));
}

int handle_flavor_specs_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *flavor;
	int result =
		flavor_find(request, request_param(request, "flavor_id"), &flavor, NULL, error);

	if (result < 0)
		return result;
	json_set(doc, root, "extra_specs",
		 yyjson_val_mut_copy(doc, yyjson_obj_get(flavor, "extra_specs")));
	return reply_json(request, 200, doc, root);
}

int handle_flavor_specs_create(struct request *request, struct error *error)
{
	return specs_add(request, yyjson_obj_get(request->body, "extra_specs"), error);
}

int handle_flavor_specs_update(struct request *request, struct error *error)
{
	if (!yyjson_obj_get(request->body, request_param(request, "key")))
		return error_set(error, -EINVAL, "Request body and URI mismatch");
	return specs_add(request, request->body, error);
}

static int spec_find(struct request *request, yyjson_val **flavor, uint64_t *revision,
		     yyjson_val **value, struct error *error)
{
	const char *id = request_param(request, "flavor_id"), *key = request_param(request, "key");
	int result = flavor_find(request, id, flavor, revision, error);

	if (result < 0)
		return result;
	*value = yyjson_obj_get(yyjson_obj_get(*flavor, "extra_specs"), key);
	if (!*value)
		return error_set(error, -ENOENT, "Flavor %s has no extra specs with key %s.", id,
				 key);
	return 0;
}

int handle_flavor_specs_show(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *flavor, *value;
	int result = spec_find(request, &flavor, NULL, &value, error);

	if (result < 0)
		return result;
	json_set(doc, root, request_param(request, "key"), yyjson_val_mut_copy(doc, value));
	return reply_json(request, 200, doc, root);
}

int handle_flavor_specs_delete(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *edited;
	yyjson_val *flavor, *value;
	uint64_t revision;
	int result = spec_find(request, &flavor, &revision, &value, error);

	if (result < 0)
		return result;
	edited = yyjson_val_mut_copy(doc, flavor);
	yyjson_mut_obj_remove_key(yyjson_mut_obj_get(edited, "extra_specs"),
				  request_param(request, "key"));
	result = specs_store(request, edited, revision, error);
	return result < 0 ? result : reply_empty(request, 200);
}
