/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Security groups for the compute service, whose older API still has them. */
#include "firmware/cloud/network/resource.h"

int network_group_create(struct request *request, const char *name, const char *description,
			 yyjson_val **group, struct error *error)
{
	struct change change;
	yyjson_mut_val *object;
	int result = change_begin(&change, request, error);

	if (result < 0)
		return result;
	object = yyjson_mut_obj(change.doc);
	object_begin(&change, object);
	json_set_string(change.doc, object, "tenant_id", request->caller->project_id);
	json_set_string(change.doc, object, "project_id", request->caller->project_id);
	json_set_string(change.doc, object, "name", name);
	json_set_string(change.doc, object, "description", description);
	json_set_bool(change.doc, object, "stateful", true);
	result = resource_group.create(&change, object, error);
	if (result < 0)
		return result;
	change_put(&change, &resource_group, object);
	*group = value_freeze(request, object);
	return request_commit(request, change.txn, error);
}

int network_group_update(struct request *request, const char *id, const char *name,
			 const char *description, yyjson_val **group, struct error *error)
{
	yyjson_mut_val *object, *given;
	struct change change;
	yyjson_val *old;
	int result = change_begin(&change, request, error);

	if (result == 0)
		result = change_find(&change, &resource_group, id, &old, error);
	if (result < 0)
		return result;
	object = yyjson_val_mut_copy(change.doc, old);
	given = yyjson_mut_obj(change.doc);
	if (name)
		json_set_string(change.doc, given, "name", name);
	result = resource_group.update(&change, old, object, given, error);
	if (result < 0)
		return result;
	if (name)
		json_set_string(change.doc, object, "name", name);
	if (description)
		json_set_string(change.doc, object, "description", description);
	change_put(&change, &resource_group, object);
	*group = value_freeze(request, object);
	return request_commit(request, change.txn, error);
}

int network_group_delete(struct request *request, const char *id, struct error *error)
{
	struct change change;
	yyjson_val *old;
	int result = change_begin(&change, request, error);

	if (result == 0)
		result = change_find(&change, &resource_group, id, &old, error);
	if (result == 0)
		result = resource_group.remove(&change, old, error);
	if (result < 0)
		return result;
	change_delete(&change, &resource_group, id);
	return request_commit(request, change.txn, error);
}
