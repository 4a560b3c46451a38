/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routes and bodies of OS-EP-FILTER. */
#include "firmware/cloud/identity/endpoint_filter.h"
#include "firmware/cloud/identity/parts.h"
#include "firmware/cloud/identity/schemas.h"

#define GROUP_MEMBERS(needed)                                                                      \
	{ "name", &schema_name_255, needed, 0, 0 }, { "filters", &schema_object, needed, 0, 0 },   \
	{                                                                                          \
		"description", &schema_nullable_string, false, 0, 0                                \
	}

static const struct schema group_new = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ GROUP_MEMBERS(true), { 0 } },
	.additional = true,
};
static const struct schema group_changed = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ GROUP_MEMBERS(false), { 0 } },
	.additional = true,
};
static SCHEMA_WRAPPED(schema_group_create_filter, "endpoint_group", group_new);
static SCHEMA_WRAPPED(schema_group_update_filter, "endpoint_group", group_changed);

#define GROUPS "/OS-EP-FILTER/endpoint_groups"
#define GROUP GROUPS "/{endpoint_group_id}"
#define PROJECT "/OS-EP-FILTER/projects/{project_id}"

static const struct route routes[] = {
	ROUTE("GET", GROUPS, endpoint_group_list, "identity:list_endpoint_groups", NULL, 0),
	ROUTE("POST", GROUPS, endpoint_group_create, "identity:create_endpoint_group",
	      &schema_group_create_filter, 0),
	ROUTE("GET", GROUP, endpoint_group_show, "identity:get_endpoint_group", NULL, 0),
	ROUTE("PATCH", GROUP, endpoint_group_update, "identity:update_endpoint_group",
	      &schema_group_update_filter, 0),
	ROUTE("DELETE", GROUP, endpoint_group_delete, "identity:delete_endpoint_group", NULL, 0),
	ROUTE("GET", GROUP "/endpoints", endpoint_group_endpoint_list,
	      "identity:list_endpoints_associated_with_endpoint_group", NULL, 0),
	ROUTE("GET", GROUP "/projects", endpoint_group_project_list,
	      "identity:list_projects_associated_with_endpoint_group", NULL, 0),
	ROUTE("GET", GROUP "/projects/{project_id}", project_endpoint_group_show,
	      "identity:get_endpoint_group_in_project", NULL, 0),
	ROUTE("PUT", GROUP "/projects/{project_id}", project_endpoint_group_create,
	      "identity:add_endpoint_group_to_project", NULL, 0),
	ROUTE("DELETE", GROUP "/projects/{project_id}", project_endpoint_group_delete,
	      "identity:remove_endpoint_group_from_project", NULL, 0),
	ROUTE("GET", PROJECT "/endpoint_groups", project_endpoint_group_list,
	      "identity:list_endpoint_groups_for_project", NULL, 0),
	ROUTE("GET", PROJECT "/endpoints", project_endpoint_list,
	      "identity:list_endpoints_for_project", NULL, 0),
	ROUTE("GET", PROJECT "/endpoints/{endpoint_id}", project_endpoint_check,
	      "identity:check_endpoint_in_project", NULL, 0),
	ROUTE("PUT", PROJECT "/endpoints/{endpoint_id}", project_endpoint_create,
	      "identity:add_endpoint_to_project", NULL, 0),
	ROUTE("DELETE", PROJECT "/endpoints/{endpoint_id}", project_endpoint_delete,
	      "identity:remove_endpoint_from_project", NULL, 0),
	ROUTE("GET", "/OS-EP-FILTER/endpoints/{endpoint_id}/projects", endpoint_project_list,
	      "identity:list_projects_for_endpoint", NULL, 0),
	{ 0 },
};

const struct service_part identity_endpoint_filter_part = { routes, NULL };
