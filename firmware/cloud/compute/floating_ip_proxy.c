/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Floating IPs as older clients know them (until 2.35; on servers until 2.43): the network
 * service's, in Nova's form. */
#include <arpa/inet.h>
#include <string.h>

#include "firmware/cloud/compute/network_proxy.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/schema_parts.h"

/* What the network service refuses, under Nova's name and code for it. */
static int proxy_refused(const struct network_answer *answer, struct error *error)
{
	if (answer->status < 300)
		return 0;
	return error_set(error, answer->status == 403 ? -EACCES : -EINVAL, "%s", answer->message);
}

/* --- views */

static const char *pool_name(struct request *request, const char *network_id)
{
	yyjson_val *network = NULL;
	const char *name = NULL;

	if (network_id &&
	    network_get(request, arena_printf(request->arena, "/networks/%s", network_id),
			"network", &network, NULL) == 0)
		name = json_string(network, "name");
	return name && *name ? name : network_id;
}

static const char *device_of(struct request *request, const char *port_id)
{
	yyjson_val *port = NULL;

	if (!port_id || network_get(request, arena_printf(request->arena, "/ports/%s", port_id),
				    "port", &port, NULL) < 0)
		return NULL;
	return json_string(port, "device_id");
}

static yyjson_mut_val *floating_view(struct request *request, yyjson_mut_doc *doc,
				     yyjson_val *floating)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	json_set_string(doc, view, "id", json_string(floating, "id"));
	json_set_string(doc, view, "ip", json_string(floating, "floating_ip_address"));
	json_set_string(doc, view, "pool",
			pool_name(request, json_string(floating, "floating_network_id")));
	json_set_string(doc, view, "fixed_ip", json_string(floating, "fixed_ip_address"));
	json_set_string(doc, view, "instance_id",
			device_of(request, json_string(floating, "port_id")));
	return view;
}

static int floating_reply(struct request *request, yyjson_val *floating)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, "floating_ip", floating_view(request, doc, floating));
	return reply_json(request, 200, doc, root);
}

/* --- the collection */

static int floating_list(struct request *request, struct error *error)
{
	const char *project = request->caller->project_id;
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	yyjson_val *list = NULL;
	int result = 0;

	if (project)
		result = network_get(request,
				     arena_printf(request->arena, "/floatingips?project_id=%s",
						  proxy_encode(request, project)),
				     "floatingips", &list, error);
	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "floating_ips");
	for (size_t i = 0; i < yyjson_arr_size(list); i++)
		yyjson_mut_arr_append(array, floating_view(request, doc, yyjson_arr_get(list, i)));
	return reply_json(request, 200, doc, root);
}

static int floating_find(struct request *request, yyjson_val **floating, struct error *error)
{
	const char *id = request_param(request, "id");
	int result = network_get(
		request, arena_printf(request->arena, "/floatingips/%s", proxy_encode(request, id)),
		"floatingip", floating, error);

	if (result < 0 || *floating)
		return result;
	return error_set(error, -ENOENT, "Floating IP not found for ID %s", id);
}

static int floating_show(struct request *request, struct error *error)
{
	yyjson_val *floating = NULL;
	int result = floating_find(request, &floating, error);

	return result < 0 ? result : floating_reply(request, floating);
}

static int floating_delete(struct request *request, struct error *error)
{
	struct network_answer answer;
	yyjson_val *floating = NULL;
	int result = floating_find(request, &floating, error);

	if (result == 0)
		result = network_ask(request, "DELETE",
				     arena_printf(request->arena, "/floatingips/%s",
						  json_string(floating, "id")),
				     NULL, &answer, error);
	if (result == 0)
		result = proxy_refused(&answer, error);
	return result < 0 ? result : reply_empty(request, 202);
}

/* A pool is an external network, by name or id; without one it is the first. */
static int pool_find(struct request *request, const char *pool, const char **network,
		     struct error *error)
{
	yyjson_val *list = NULL, *one;
	int result =
		network_get(request, "/networks?router:external=true", "networks", &list, error);

	if (result < 0)
		return result;
	for (size_t i = 0; i < yyjson_arr_size(list); i++) {
		one = yyjson_arr_get(list, i);
		*network = json_string(one, "id");
		if (!pool || json_is(one, "name", pool) || json_is(one, "id", pool))
			return 0;
	}
	return error_set(error, -ENOENT, "Floating IP pool not found.");
}

static int create_refused(const struct network_answer *answer, const char *pool,
			  struct error *error)
{
	const char *type = json_string(yyjson_obj_get(answer->body, "NeutronError"), "type");

	if (type && !strcmp(type, "OverQuota"))
		return error_set(error, -EACCES,
				 pool ? "IP allocation over quota in pool %s."
				      : "IP allocation over quota.",
				 pool);
	if (answer->status == 409)
		return error_set(error, -ENOENT,
				 pool ? "No more floating IPs in pool %s."
				      : "No more floating IPs available.",
				 pool);
	return proxy_refused(answer, error);
}

static int floating_create(struct request *request, struct error *error)
{
	const char *pool = json_string(request->body, "pool"), *network = NULL;
	struct network_answer answer;
	int result = pool_find(request, pool, &network, error);

	if (result == 0)
		result = network_ask(request, "POST", "/floatingips",
				     arena_printf(request->arena,
						  "{\"floatingip\":{\"floating_network_id\":"
						  "\"%s\"}}",
						  network),
				     &answer, error);
	if (result == 0)
		result = create_refused(&answer, pool, error);
	return result < 0 ? result
			  : floating_reply(request, yyjson_obj_get(answer.body, "floatingip"));
}

static int pool_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	yyjson_val *list = NULL, *one;
	const char *name;
	int result =
		network_get(request, "/networks?router:external=true", "networks", &list, error);

	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "floating_ip_pools");
	for (size_t i = 0; i < yyjson_arr_size(list); i++) {
		one = yyjson_arr_get(list, i);
		name = json_string(one, "name");
		json_set_string(doc, yyjson_mut_arr_add_obj(doc, array), "name",
				name && *name ? name : json_string(one, "id"));
	}
	return reply_json(request, 200, doc, root);
}

/* --- on a server */

static int by_address(struct request *request, const char *address, yyjson_val **floating,
		      struct error *error)
{
	yyjson_val *list = NULL;
	int result = network_get(request,
				 arena_printf(request->arena, "/floatingips?floating_ip_address=%s",
					      proxy_encode(request, address)),
				 "floatingips", &list, error);

	*floating = yyjson_arr_get_first(list);
	if (result < 0 || *floating)
		return result;
	return error_set(error, -ENOENT, "floating IP not found");
}

/* The port that has the fixed address (NULL: its first of IPv4, which is set then). */
static const char *port_of(const struct network_ports *ports, const char **fixed)
{
	yyjson_val *addresses;
	const char *address;
	struct in_addr v4;

	for (size_t i = 0; i < ports->count; i++) {
		addresses = yyjson_obj_get(ports->items[i], "fixed_ips");
		for (size_t j = 0; j < yyjson_arr_size(addresses); j++) {
			address = json_string(yyjson_arr_get(addresses, j), "ip_address");
			if (!address || (*fixed && strcmp(address, *fixed)) ||
			    (!*fixed && inet_pton(AF_INET, address, &v4) != 1))
				continue;
			*fixed = address;
			return json_string(ports->items[i], "id");
		}
	}
	return NULL;
}

static int fixed_find(struct request *request, const struct server *server, const char *address,
		      const char **fixed, const char **port, struct error *error)
{
	struct network_ports ports;
	bool named = *fixed;
	int result = server_ports(request, server->id, &ports, error);

	if (result < 0)
		return result;
	if (!ports.count)
		return error_set(error, -EINVAL, "Instance network is not ready yet");
	*port = port_of(&ports, fixed);
	if (*port)
		return 0;
	if (named)
		return error_set(error, -EINVAL,
				 "Specified fixed address not assigned to instance");
	return error_set(error, -EINVAL,
			 "Unable to associate floating IP %s to any fixed IPs for instance %s. "
			 "Instance has no fixed IPv4 addresses to associate.",
			 address, server->id);
}

static int floating_add(struct request *request, struct error *error)
{
	yyjson_val *body = yyjson_obj_get(request->body, "addFloatingIp"), *floating;
	const char *address = json_string(body, "address"), *port = NULL;
	const char *fixed = json_string(body, "fixed_address");
	struct network_answer answer;
	struct server server;
	int result = server_find(request, &server, error);

	if (result == 0)
		result = fixed_find(request, &server, address, &fixed, &port, error);
	if (result == 0)
		result = by_address(request, address, &floating, error);
	if (result == 0)
		result = network_ask(request, "PUT",
				     arena_printf(request->arena, "/floatingips/%s",
						  json_string(floating, "id")),
				     arena_printf(request->arena,
						  "{\"floatingip\":{\"port_id\":\"%s\","
						  "\"fixed_ip_address\":\"%s\"}}",
						  port, fixed),
				     &answer, error);
	if (result == 0)
		result = proxy_refused(&answer, error);
	return result < 0 ? result : reply_empty(request, 202);
}

static int floating_remove(struct request *request, struct error *error)
{
	const char *id = request_param(request, "server_id"), *device;
	const char *address =
		json_string(yyjson_obj_get(request->body, "removeFloatingIp"), "address");
	struct network_answer answer;
	yyjson_val *floating = NULL;
	int result = by_address(request, address, &floating, error);

	if (result < 0)
		return result;
	device = device_of(request, json_string(floating, "port_id"));
	if (!device || strcmp(device, id))
		return error_set(error, -EBUSY,
				 "Floating IP %s is not associated with instance %s.", address, id);
	result = network_ask(
		request, "PUT",
		arena_printf(request->arena, "/floatingips/%s", json_string(floating, "id")),
		"{\"floatingip\":{\"port_id\":null}}", &answer, error);
	if (result == 0)
		result = proxy_refused(&answer, error);
	return result < 0 ? result : reply_empty(request, 202);
}

/* --- tables */

static const struct schema ip = { .types = SCHEMA_STRING, .format = FORMAT_IP };
static const struct schema any_body = { .types = SCHEMA_OBJECT | SCHEMA_NULL, .additional = true };
static const struct schema add_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "address", &ip, true, 0, 0 },
						   { "fixed_address", &ip, false, 0, 0 },
						   { 0 } },
};
static const struct schema schema_add = ENVELOPE("addFloatingIp", &add_body);
static const struct schema remove_body = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "address", &ip, true, 0, 0 }, { 0 } },
};
static const struct schema schema_remove = ENVELOPE("removeFloatingIp", &remove_body);

#define ACTIONS "/servers/{server_id}/action"
static const struct route routes[] = {
	ROUTE("GET", "/os-floating-ip-pools", pool_list, "os-floating-ip-pools", .last = 35),
	ROUTE("GET", "/os-floating-ips", floating_list, "os-floating-ips:list", .last = 35),
	ROUTE("POST", "/os-floating-ips", floating_create, "os-floating-ips:create",
	      .body = &any_body, .last = 35),
	ROUTE("GET", "/os-floating-ips/{id}", floating_show, "os-floating-ips:show", .last = 35),
	ROUTE("DELETE", "/os-floating-ips/{id}", floating_delete, "os-floating-ips:delete",
	      .last = 35),
	ROUTE("POST", ACTIONS, floating_add, "os-floating-ips:add", .body = &schema_add,
	      .action = "addFloatingIp", .last = 43),
	ROUTE("POST", ACTIONS, floating_remove, "os-floating-ips:remove", .body = &schema_remove,
	      .action = "removeFloatingIp", .last = 43),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-floating-ip-pools"), "any" },   { POLICY("os-floating-ips:list"), READ },
	{ POLICY("os-floating-ips:create"), WRITE }, { POLICY("os-floating-ips:show"), READ },
	{ POLICY("os-floating-ips:delete"), WRITE }, { POLICY("os-floating-ips:add"), WRITE },
	{ POLICY("os-floating-ips:remove"), WRITE }, { 0 },
};

const struct service_part compute_floating_ip_part = { routes, policies };
