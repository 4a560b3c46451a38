/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Networks as nova-network showed them (until 2.35): little of it is left but id and name. */
#include <string.h>

#include "firmware/cloud/compute/network_proxy.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/routes.h"

typedef yyjson_mut_val *network_viewer(struct request *request, yyjson_mut_doc *doc,
				       yyjson_val *network);

static yyjson_mut_val *network_view(struct request *request, yyjson_mut_doc *doc,
				    yyjson_val *network)
{
	static const struct {
		const char *name, *member; /* NULL: nothing tells it any more */
		bool admin;
	} members[] = {
		{ "id", "id", false },
		{ "cidr", NULL, false },
		{ "netmask", NULL, false },
		{ "gateway", NULL, false },
		{ "broadcast", NULL, false },
		{ "dns1", NULL, false },
		{ "dns2", NULL, false },
		{ "cidr_v6", NULL, false },
		{ "gateway_v6", NULL, false },
		{ "label", "name", false },
		{ "netmask_v6", NULL, false },
		{ "created_at", NULL, true },
		{ "updated_at", NULL, true },
		{ "deleted_at", NULL, true },
		{ "deleted", NULL, true },
		{ "injected", NULL, true },
		{ "bridge", NULL, true },
		{ "vlan", NULL, true },
		{ "vpn_public_address", NULL, true },
		{ "vpn_public_port", NULL, true },
		{ "vpn_private_address", NULL, true },
		{ "dhcp_start", NULL, true },
		{ "project_id", NULL, true },
		{ "host", NULL, true },
		{ "bridge_interface", NULL, true },
		{ "multi_host", NULL, true },
		{ "priority", NULL, true },
		{ "rxtx_base", NULL, true },
		{ "mtu", NULL, true },
		{ "dhcp_server", NULL, true },
		{ "enable_dhcp", NULL, true },
		{ "share_address", NULL, true },
	};
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (!members[i].admin || request->caller->is_admin)
			json_set_string(doc, view, members[i].name,
					members[i].member ? json_string(network, members[i].member)
							  : NULL);
	return view;
}

/* "None" is a text here, as it always was. */
static yyjson_mut_val *tenant_network_view(struct request *request, yyjson_mut_doc *doc,
					   yyjson_val *network)
{
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	(void)request;
	json_set_string(doc, view, "id", json_string(network, "id"));
	json_set_string(doc, view, "cidr", "None");
	json_set_string(doc, view, "label", json_string(network, "name"));
	return view;
}

static int list_reply(struct request *request, network_viewer *viewer, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *array;
	yyjson_val *networks;
	int result = network_get(request, "/networks", "networks", &networks, error);

	if (result < 0)
		return result;
	array = yyjson_mut_obj_add_arr(doc, root, "networks");
	for (size_t i = 0; i < yyjson_arr_size(networks); i++)
		yyjson_mut_arr_append(array, viewer(request, doc, yyjson_arr_get(networks, i)));
	return reply_json(request, 200, doc, root);
}

static int one_reply(struct request *request, network_viewer *viewer, struct error *error)
{
	const char *id = proxy_encode(request, request_param(request, "network_id"));
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	yyjson_val *network;
	int result = network_get(request, arena_printf(request->arena, "/networks/%s", id),
				 "network", &network, error);

	if (result < 0)
		return result;
	if (!network)
		return error_set(error, -ENOENT, "Network not found");
	json_set(doc, root, "network", viewer(request, doc, network));
	return reply_json(request, 200, doc, root);
}

static int network_list(struct request *request, struct error *error)
{
	return list_reply(request, network_view, error);
}

static int network_show(struct request *request, struct error *error)
{
	return one_reply(request, network_view, error);
}

static int tenant_network_list(struct request *request, struct error *error)
{
	return list_reply(request, tenant_network_view, error);
}

static int tenant_network_show(struct request *request, struct error *error)
{
	return one_reply(request, tenant_network_view, error);
}

static const struct route routes[] = {
	ROUTE("GET", "/os-networks", network_list, "os-networks:list", .last = 35),
	ROUTE("GET", "/os-networks/{network_id}", network_show, "os-networks:show", .last = 35),
	ROUTE("GET", "/os-tenant-networks", tenant_network_list, "os-tenant-networks:list",
	      .last = 35),
	ROUTE("GET", "/os-tenant-networks/{network_id}", tenant_network_show,
	      "os-tenant-networks:show", .last = 35),
	ROUTE("GET", "/os-networks", handle_too_new, "os-networks:list", .first = 36),
	ROUTE("GET", "/os-networks/{network_id}", handle_too_new, "os-networks:show", .first = 36),
	ROUTE("GET", "/os-tenant-networks", handle_too_new, "os-tenant-networks:list", .first = 36),
	ROUTE("GET", "/os-tenant-networks/{network_id}", handle_too_new, "os-tenant-networks:show",
	      .first = 36),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-networks:list"), READ },
	{ POLICY("os-networks:show"), READ },
	{ POLICY("os-tenant-networks:list"), READ },
	{ POLICY("os-tenant-networks:show"), READ },
	{ 0 },
};

const struct service_part compute_network_part = { routes, policies };
