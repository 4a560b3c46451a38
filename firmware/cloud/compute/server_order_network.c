/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which networks and ports a new server is to have. */
#include <string.h>

#include "firmware/cloud/compute/network_proxy.h"
#include "firmware/cloud/compute/server_order.h"

static bool port_named(const struct server_order *order, const char *port_id)
{
	for (size_t i = 0; i < order->nic_count; i++)
		if (order->nics[i].port_id && !strcmp(order->nics[i].port_id, port_id))
			return true;
	return false;
}

static int nic_read(struct server_order *order, yyjson_val *item, struct error *error)
{
	struct nic_order *nic = &order->nics[order->nic_count];

	nic->fixed_ip = json_string(item, "fixed_ip");
	nic->port_id = json_string(item, "port");
	nic->tag = json_string(item, "tag");
	if (nic->port_id && port_named(order, nic->port_id))
		return error_set(error, -EINVAL,
				 "Port ID '%s' was specified twice: you cannot attach "
				 "a port multiple times.",
				 nic->port_id);
	if (nic->port_id && nic->fixed_ip)
		return error_set(error, -EINVAL,
				 "Specified Fixed IP '%s' cannot be used with port "
				 "'%s': the two cannot be specified together.",
				 nic->fixed_ip, nic->port_id);
	if (!nic->port_id) {
		nic->network_id = json_string(item, "uuid");
		if (!nic->network_id)
			return error_set(error, -EINVAL, "Bad network format: missing 'uuid'");
		if (!uuid_like(nic->network_id))
			return error_set(error, -EINVAL,
					 "Bad networks format: network uuid is not "
					 "in proper format (%s)",
					 nic->network_id);
	}
	order->nic_count++;
	return 0;
}

static int nics_read(struct server_order *order, yyjson_val *networks, struct error *error)
{
	yyjson_val *item;
	size_t i, count;
	int result = 0;

	if (yyjson_arr_size(networks) > ORDER_NICS_MAX)
		return error_set(error, -EINVAL, "At most %d networks can be attached to a server.",
				 ORDER_NICS_MAX);
	yyjson_arr_foreach (networks, i, count, item) {
		result = nic_read(order, item, error);
		if (result < 0)
			return result;
	}
	return 0;
}

/* "auto" where the project has no network: the network service makes what it needs. The order is then
 * read once more, as what was read before knows nothing of it. */
static int network_allocate(struct server_order *order, const char *project, struct error *error)
{
	struct network_answer answer;
	int result = network_ask(
		order->request, "GET",
		arena_printf(order->request->arena, "/auto-allocated-topology/%s", project), NULL,
		&answer, error);

	if (result < 0)
		return result;
	if (answer.status == 200)
		return -EAGAIN;
	return error_set(error, -EINVAL,
			 "Unable to automatically allocate a network for project %s", project);
}

/* None asked for: the one network that the project has, or none at all. */
static int nics_choose(struct server_order *order, bool required, struct error *error)
{
	const char *project = order->request->caller->project_id;
	yyjson_val **networks;
	size_t count;
	int result = network_available(order->request, project, &networks, &count, error);

	if (result < 0)
		return result;
	if (count > 1)
		return error_set(error, -EBUSY,
				 "More than one possible network found. Specify "
				 "network ID(s) to select which one(s) to connect to.");
	if (count == 0 && required)
		return network_allocate(order, project, error);
	if (count == 1)
		order->nics[order->nic_count++].network_id = json_string(networks[0], "id");
	return 0;
}

static int nics_many(const struct server_order *order, struct error *error)
{
	for (size_t i = 0; order->most > 1 && i < order->nic_count; i++) {
		if (order->nics[i].fixed_ip)
			return error_set(error, -EINVAL,
					 "Failed to launch instances: max_count cannot "
					 "be greater than 1 if an fixed_ip is specified.");
		if (order->nics[i].port_id)
			return error_set(
				error, -EINVAL,
				"Failed to launch instances: Unable to launch "
				"multiple instances with a single configured port ID. Please "
				"launch your instance one by one with different ports.");
	}
	return 0;
}

int order_networks(struct server_order *order, struct error *error)
{
	yyjson_val *networks = yyjson_obj_get(order->body, "networks");
	int result;

	if (yyjson_equals_str(networks, "none"))
		return 0;
	if (yyjson_arr_size(networks))
		result = nics_read(order, networks, error);
	else
		result = nics_choose(order, yyjson_is_str(networks), error);
	return result < 0 ? result : nics_many(order, error);
}
