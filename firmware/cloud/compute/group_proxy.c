/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Nova's own security groups (until 2.35): the network service's, in Nova's form. */
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/identity/reader.h"

#define KEY_GROUP "/network/security-group/"

/* Neutron's fault, under Nova's name for it; conflicts are the caller's mistake. */
static int group_refused(int result, struct error *error)
{
	if (result == 0 || !error)
		return result;
	error->type = NULL;
	error->status = 0;
	if (result == -EBUSY || result == -EEXIST)
		error->code = result = -EINVAL;
	return result;
}

static int group_find(struct request *request, yyjson_val **group, struct error *error)
{
	const char *id = request_param(request, "group_id");
	int result = uuid_like(id) ? request_get(request, group, NULL, error, KEY_GROUP "%s", id)
				   : -ENOENT;

	if (result < 0 && result != -ENOENT)
		return result;
	if (result < 0 || !policy_owns(request, json_string(*group, "project_id")))
		return error_set(error, -ENOENT, "Security group %s does not exist", id);
	return 0;
}

static int group_reply(struct request *request, yyjson_val *group, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct records rules = { 0 };
	struct reader reader;
	int result = reader_of_request(request, &reader, error);

	if (result == 0)
		result = records_range(&reader, &rules, error, "/network/security-group-rule/");
	if (result < 0)
		return result;
	json_set(doc, root, "security_group", group_view(request, doc, group, &rules));
	return reply_json(request, 200, doc, root);
}

/* Those of all projects when an administrator says so, else the caller's own. */
static bool group_listed(const struct request *request, yyjson_val *group)
{
	const char *project = request->caller->project_id;

	return (request->caller->is_admin && request_query(request, "all_tenants")) ||
	       (project && json_is(group, "project_id", project));
}

int handle_groups_list(struct request *request, struct error *error)
{
	const char *project = request->caller->project_id, *id;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	struct records groups = { 0 }, rules = { 0 };
	struct reader reader;
	int result = project ? network_default_group(request, project, &id, error) : 0;

	if (result == 0)
		result = reader_of_request(request, &reader, error);
	if (result == 0)
		result = records_range(&reader, &groups, error, KEY_GROUP);
	if (result == 0)
		result = records_range(&reader, &rules, error, "/network/security-group-rule/");
	if (result < 0)
		return result;
	list = yyjson_mut_obj_add_arr(doc, root, "security_groups");
	for (size_t i = 0; i < groups.count; i++)
		if (group_listed(request, groups.items[i].value))
			yyjson_mut_arr_append(
				list, group_view(request, doc, groups.items[i].value, &rules));
	return reply_json(request, 200, doc, root);
}

int handle_group_create(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "security_group"), *group;
	const char *name = json_string(body, "name"),
		   *description = json_string(body, "description");
	int result;

	if (!name || !*name)
		return error_set(error, -EINVAL, "Security group name is not a string or unicode");
	result = network_group_create(request, name, description ? description : "", &group, error);
	return result < 0 ? group_refused(result, error) : group_reply(request, group, error);
}

int handle_group_show(struct request *request, struct error *error)
{
	yyjson_val *group;
	int result = group_find(request, &group, error);

	return result < 0 ? result : group_reply(request, group, error);
}

int handle_group_update(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "security_group"), *group;
	int result = group_find(request, &group, error);

	if (result < 0)
		return result;
	result = network_group_update(request, request_param(request, "group_id"),
				      json_string(body, "name"), json_string(body, "description"),
				      &group, error);
	return result < 0 ? group_refused(result, error) : group_reply(request, group, error);
}

int handle_group_delete(struct request *request, struct error *error)
{
	yyjson_val *group;
	int result = group_find(request, &group, error);

	if (result < 0)
		return result;
	result = network_group_delete(request, request_param(request, "group_id"), error);
	return result < 0 ? group_refused(result, error) : reply_empty(request, 202);
}

/* A delete that forgot to say of what. */
int handle_group_unnamed(struct request *request, struct error *error)
{
	(void)request;
	return error_set(error, -ENOENT, "The resource could not be found.");
}
