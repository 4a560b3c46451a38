/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server group that a create request names among its hints for the scheduler. */
#include "firmware/cloud/compute/server_groups.h"
#include "firmware/cloud/compute/server_order.h"

static yyjson_val *hints_of(yyjson_val *body)
{
	yyjson_val *hints = yyjson_obj_get(body, "os:scheduler_hints");

	return hints ? hints : yyjson_obj_get(body, "OS-SCH-HNT:scheduler_hints");
}

/* Nova would let anybody into a group whose id they know; here it has to be the caller's. */
int order_group(struct server_order *order, struct error *error)
{
	struct request *request = order->request;
	const char *id;
	int result;

	order->hints = hints_of(request->body);
	id = json_string(order->hints, "group");
	if (!id)
		return 0;
	result = group_read(request, id, &order->group, &order->group_revision, error);
	if (result < 0)
		return result;
	if (!order->group || !policy_owns(request, json_string(order->group, "project_id")))
		return error_set(error, -EINVAL, "Instance group %s could not be found.", id);
	return group_members(request, id, &order->members, error);
}
