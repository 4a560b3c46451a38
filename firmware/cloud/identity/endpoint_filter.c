/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/identity/endpoint_filter.h"

#include <string.h>

bool endpoint_group_selects(yyjson_val *group, yyjson_val *endpoint)
{
	yyjson_val *key, *value;
	size_t index, most;

	yyjson_obj_foreach (yyjson_obj_get(group, "filters"), index, most, key, value)
		if (!yyjson_equals(yyjson_obj_get(endpoint, yyjson_get_str(key)), value))
			return false;
	return true;
}

static bool lets_through(const struct endpoint_filter *filter, yyjson_val *endpoint)
{
	const char *id = json_string(endpoint, "id");

	for (size_t i = 0; i < filter->endpoints.count; i++)
		if (json_is(filter->endpoints.items[i].value, "endpoint_id", id))
			return true;
	for (yyjson_val **group = filter->groups; *group; group++)
		if (endpoint_group_selects(*group, endpoint))
			return true;
	return false;
}

bool endpoint_filter_has(const struct endpoint_filter *filter, yyjson_val *endpoint)
{
	return !filter->active || lets_through(filter, endpoint);
}

static int groups_load(const struct reader *reader, const char *project_id,
		       struct endpoint_filter *filter, struct error *error)
{
	struct records given = { 0 };
	size_t count = 0;
	int result = records_range(reader, &given, error, "/identity/project_endpoint_group/%s/",
				   project_id);

	filter->groups = arena_alloc(reader->arena, (given.count + 1) * sizeof(*filter->groups));
	if (!filter->groups)
		return error_set(error, -ENOMEM, "no memory");
	for (size_t i = 0; result == 0 && i < given.count; i++) {
		yyjson_val *group;

		result = record_get(reader, &group, NULL, error, "/identity/endpoint_group/%s",
				    json_string(given.items[i].value, "endpoint_group_id"));
		if (result == 0)
			filter->groups[count++] = group;
		result = result == -ENOENT ? 0 : result;
	}
	filter->groups[count] = NULL;
	return result;
}

int endpoint_filter_load(const struct reader *reader, const char *project_id,
			 const struct records *all, struct endpoint_filter *filter,
			 struct error *error)
{
	int result;

	*filter = (struct endpoint_filter){ 0 };
	if (!project_id)
		return 0;
	result = records_range(reader, &filter->endpoints, error, "/identity/project_endpoint/%s/",
			       project_id);
	if (result == 0)
		result = groups_load(reader, project_id, filter, error);
	for (size_t i = 0; result == 0 && i < all->count && !filter->active; i++)
		filter->active = lets_through(filter, all->items[i].value);
	return result;
}
