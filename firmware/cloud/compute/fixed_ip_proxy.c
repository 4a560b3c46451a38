/* SPDX-License-Identifier: GPL-2.0-or-later */
/* addFixedIp and removeFixedIp (until 2.43): another address for a port of the server's, asked of the
 * network service. As in Nova the request is taken before, so that nothing tells of a refusal there. */
#include <string.h>

#include "firmware/cloud/compute/network_proxy.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/schema_parts.h"
#include "firmware/lib/log.h"

/* Both wait for the server to be unlocked and change when it was updated. */
static int edit_open(struct request *request, struct server *server, struct error *error)
{
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = server_edit_unlocked(&edit, error);
	if (result == 0)
		result = server_edit_commit(&edit, error);
	*server = edit.server;
	return result;
}

static bool port_update(struct request *request, yyjson_val *port, yyjson_mut_val *addresses,
			yyjson_mut_doc *doc)
{
	yyjson_mut_val *root = yyjson_mut_obj(doc),
		       *body = yyjson_mut_obj_add_obj(doc, root, "port");
	struct network_answer answer = { 0 };

	json_set(doc, body, "fixed_ips", addresses);
	if (network_ask(request, "PUT",
			arena_printf(request->arena, "/ports/%s", json_string(port, "id")),
			json_write(request->arena, root), &answer, NULL) < 0)
		return false;
	if (answer.status != 200)
		log_info("compute", "addresses not changed", "port=%s reason=%s",
			 json_string(port, "id"), log_quote(answer.message));
	return answer.status == 200;
}

static bool address_add(struct request *request, yyjson_val *port, yyjson_val *subnet)
{
	yyjson_mut_doc *doc = json_document(request->arena);
	yyjson_mut_val *addresses = yyjson_val_mut_copy(doc, yyjson_obj_get(port, "fixed_ips"));

	json_set_string(doc, yyjson_mut_arr_add_obj(doc, addresses), "subnet_id",
			json_string(subnet, "id"));
	return port_update(request, port, addresses, doc);
}

/* The first port in the network, and the first subnet, that work out. */
static int fixed_ip_add(struct request *request, struct error *error)
{
	const char *network = json_string(yyjson_obj_get(request->body, "addFixedIp"), "networkId");
	struct network_ports ports = { 0 };
	yyjson_val *subnets = NULL;
	struct server server;
	int result = edit_open(request, &server, error);

	if (result == 0)
		result = server_ports(request, server.id, &ports, error);
	if (result == 0 && network)
		result = network_get(request,
				     arena_printf(request->arena, "/subnets?network_id=%s",
						  proxy_encode(request, network)),
				     "subnets", &subnets, error);
	if (result < 0)
		return result;
	for (size_t i = 0; i < ports.count; i++)
		for (size_t k = 0; k < yyjson_arr_size(subnets); k++)
			if (json_is(ports.items[i], "network_id", network) &&
			    address_add(request, ports.items[i], yyjson_arr_get(subnets, k)))
				return reply_empty(request, 202);
	return reply_empty(request, 202);
}

/* NULL: the port does not have it. */
static yyjson_mut_val *addresses_without(yyjson_mut_doc *doc, yyjson_val *port, const char *address)
{
	yyjson_val *addresses = yyjson_obj_get(port, "fixed_ips"), *item;
	yyjson_mut_val *left = yyjson_mut_arr(doc);
	size_t i, count;

	yyjson_arr_foreach (addresses, i, count, item)
		if (!json_is(item, "ip_address", address))
			yyjson_mut_arr_append(left, yyjson_val_mut_copy(doc, item));
	return yyjson_mut_arr_size(left) < yyjson_arr_size(addresses) ? left : NULL;
}

static int fixed_ip_remove(struct request *request, struct error *error)
{
	const char *address =
		json_string(yyjson_obj_get(request->body, "removeFixedIp"), "address");
	yyjson_mut_doc *doc = json_document(request->arena);
	struct network_ports ports = { 0 };
	yyjson_mut_val *left = NULL;
	struct server server;
	int result = edit_open(request, &server, error);

	if (result == 0)
		result = server_ports(request, server.id, &ports, error);
	if (result < 0)
		return result;
	for (size_t i = 0; !left && i < ports.count; i++) {
		left = addresses_without(doc, ports.items[i],
					 address_short(request->arena, address));
		if (left)
			port_update(request, ports.items[i], left, doc);
	}
	return reply_empty(request, 202);
}

/* --- tables */

static const struct schema network_id = {
	.types = SCHEMA_STRING | SCHEMA_NUMBER,
	.min_length = 1,
	.max_length = 36,
};
static const struct schema ip = { .types = SCHEMA_STRING, .format = FORMAT_IP };
static const struct schema add_body = ENVELOPE("networkId", &network_id);
static const struct schema remove_body = ENVELOPE("address", &ip);
static const struct schema schema_add = ENVELOPE("addFixedIp", &add_body);
static const struct schema schema_remove = ENVELOPE("removeFixedIp", &remove_body);

#define ACTIONS "/servers/{server_id}/action"
static const struct route routes[] = {
	ROUTE("POST", ACTIONS, fixed_ip_add, "os-multinic:add", .body = &schema_add,
	      .action = "addFixedIp", .last = 43),
	ROUTE("POST", ACTIONS, fixed_ip_remove, "os-multinic:remove", .body = &schema_remove,
	      .action = "removeFixedIp", .last = 43),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-multinic:add"), WRITE },
	{ POLICY("os-multinic:remove"), WRITE },
	{ 0 },
};

const struct service_part compute_fixed_ip_part = { routes, policies };
