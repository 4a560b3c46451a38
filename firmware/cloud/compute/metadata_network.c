/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network_data.json: links, networks and services, as Nova describes them to guests. */
#include "firmware/cloud/compute/internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

struct drawing {
	struct metadata *metadata;
	yyjson_mut_doc *doc;
	yyjson_mut_val *links, *networks, *services;
	size_t count; /* of networks */
};

static const char *link_id(struct drawing *drawing, yyjson_val *port)
{
	const char *id = json_string(port, "id");

	return arena_printf(drawing->metadata->arena, "tap%.11s", id ? id : "");
}

static void link_draw(struct drawing *drawing, yyjson_val *port)
{
	yyjson_mut_val *link = yyjson_mut_arr_add_obj(drawing->doc, drawing->links);
	yyjson_val *network;
	int64_t mtu = 1500;

	if (network_lookup(drawing->metadata->view, drawing->metadata->arena,
			   json_string(port, "network_id"), &network, NULL) == 0)
		mtu = json_integer(network, "mtu", mtu);
	json_set_string(drawing->doc, link, "id", link_id(drawing, port));
	json_set_string(drawing->doc, link, "vif_id", json_string(port, "id"));
	json_set_string(drawing->doc, link, "type", "bridge");
	json_set_integer(drawing->doc, link, "mtu", mtu);
	json_set_string(drawing->doc, link, "ethernet_mac_address",
			json_string(port, "mac_address"));
}

/* "10.0.0.0/24" -> "255.255.255.0", and the same for IPv6. */
static const char *netmask_of(struct arena *arena, const char *cidr)
{
	const char *slash = cidr ? strchr(cidr, '/') : NULL;
	bool v6 = cidr && strchr(cidr, ':');
	unsigned char mask[16] = { 0 };
	char text[INET6_ADDRSTRLEN];
	int length = slash ? atoi(slash + 1) : 0;

	for (int i = 0; i < length && i < 128; i++)
		mask[i / 8] |= (unsigned char)(0x80 >> i % 8);
	inet_ntop(v6 ? AF_INET6 : AF_INET, mask, text, sizeof(text));
	return arena_strdup(arena, text);
}

static void route_draw(struct drawing *drawing, yyjson_mut_val *routes, const char *destination,
		       const char *gateway)
{
	struct arena *arena = drawing->metadata->arena;
	yyjson_mut_val *route = yyjson_mut_arr_add_obj(drawing->doc, routes);

	json_set_string(drawing->doc, route, "network",
			arena_strndup(arena, destination, strcspn(destination, "/")));
	json_set_string(drawing->doc, route, "netmask", netmask_of(arena, destination));
	json_set_string(drawing->doc, route, "gateway", gateway);
}

/* Without DHCP the guest has to be told everything. */
static void static_draw(struct drawing *drawing, yyjson_mut_val *network, yyjson_val *subnet,
			const char *address)
{
	bool v6 = strchr(address, ':');
	const char *gateway = json_string(subnet, "gateway_ip");
	yyjson_mut_val *routes;
	yyjson_val *item;
	size_t i, count;

	json_set_string(drawing->doc, network, "ip_address", address);
	json_set_string(drawing->doc, network, "netmask",
			netmask_of(drawing->metadata->arena, json_string(subnet, "cidr")));
	routes = yyjson_mut_obj_add_arr(drawing->doc, network, "routes");
	if (gateway)
		route_draw(drawing, routes, v6 ? "::/0" : "0.0.0.0/0", gateway);
	yyjson_arr_foreach (yyjson_obj_get(subnet, "host_routes"), i, count, item)
		if (json_string(item, "destination"))
			route_draw(drawing, routes, json_string(item, "destination"),
				   json_string(item, "nexthop"));
}

static void services_draw(struct drawing *drawing, yyjson_mut_val *list, yyjson_val *subnet)
{
	yyjson_mut_val *service;
	yyjson_val *address;
	size_t i, count;

	yyjson_arr_foreach (yyjson_obj_get(subnet, "dns_nameservers"), i, count, address) {
		service = yyjson_mut_arr_add_obj(drawing->doc, list);
		json_set_string(drawing->doc, service, "type", "dns");
		json_set_string(drawing->doc, service, "address", yyjson_get_str(address));
	}
}

static void network_draw(struct drawing *drawing, yyjson_val *port, yyjson_val *fixed)
{
	struct arena *arena = drawing->metadata->arena;
	const char *address = json_string(fixed, "ip_address");
	yyjson_mut_val *network;
	const char *mode;
	yyjson_val *subnet;
	bool dhcp;

	if (!address || network_subnet_lookup(drawing->metadata->view, arena,
					      json_string(fixed, "subnet_id"), &subnet, NULL) < 0)
		return;
	/* An IPv6 address that the guest may set by itself is told whole. */
	mode = json_string(subnet, "ipv6_address_mode");
	dhcp = !mode && json_bool(subnet, "enable_dhcp", true);
	network = yyjson_mut_arr_add_obj(drawing->doc, drawing->networks);
	json_set_string(drawing->doc, network, "id",
			arena_printf(arena, "network%zu", drawing->count++));
	json_set_string(drawing->doc, network, "type",
			arena_printf(arena, "ipv%d%s%s", strchr(address, ':') ? 6 : 4,
				     dhcp || mode ? "_" : "",
				     mode   ? mode
				     : dhcp ? "dhcp"
					    : ""));
	json_set_string(drawing->doc, network, "link", link_id(drawing, port));
	json_set_string(drawing->doc, network, "network_id", json_string(port, "network_id"));
	if (dhcp)
		return;
	static_draw(drawing, network, subnet, address);
	services_draw(drawing, yyjson_mut_obj_add_arr(drawing->doc, network, "services"), subnet);
	services_draw(drawing, drawing->services, subnet);
}

const char *metadata_network_json(struct metadata *metadata)
{
	struct drawing drawing = { .metadata = metadata, .doc = json_document(metadata->arena) };
	yyjson_mut_val *root = yyjson_mut_obj(drawing.doc);
	yyjson_val *fixed;
	size_t i, count;

	drawing.links = yyjson_mut_obj_add_arr(drawing.doc, root, "links");
	drawing.networks = yyjson_mut_obj_add_arr(drawing.doc, root, "networks");
	drawing.services = yyjson_mut_obj_add_arr(drawing.doc, root, "services");
	for (size_t port = 0; port < metadata->ports.count; port++) {
		link_draw(&drawing, metadata->ports.items[port]);
		yyjson_arr_foreach (yyjson_obj_get(metadata->ports.items[port], "fixed_ips"), i,
				    count, fixed)
			network_draw(&drawing, metadata->ports.items[port], fixed);
	}
	return json_write(metadata->arena, root);
}
