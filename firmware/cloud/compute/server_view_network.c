/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and security groups of a server, from its ports. */
#include <string.h>

#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/compute/state.h"

static int views_ports(struct server_views *views, const char *server_id, struct error *error)
{
	int result;

	if (views->ports_of && !strcmp(views->ports_of, server_id))
		return 0;
	memset(&views->ports, 0, sizeof(views->ports));
	result = server_ports(views->request, server_id, &views->ports, error);
	views->ports_of = result == 0 ? server_id : NULL;
	return result;
}

/* Returns 'name', which is remembered under 'id'. */
static const char *view_name_keep(struct server_views *views, struct view_name **list,
				  const char *id, const char *name)
{
	struct view_name *kept = arena_alloc(views->request->arena, sizeof(*kept));

	if (!kept)
		return name;
	*kept = (struct view_name){ id, name, *list };
	*list = kept;
	return name;
}

static const char *view_name_kept(const struct view_name *list, const char *id)
{
	for (; list; list = list->next)
		if (!strcmp(list->id, id))
			return list->name;
	return NULL;
}

static const char *network_name(struct server_views *views, const char *id)
{
	const char *name = view_name_kept(views->networks, id);
	struct store_view *view;
	yyjson_val *network;

	if (name)
		return name;
	if (request_view(views->request, &view, NULL) < 0 ||
	    network_lookup(view, views->request->arena, id, &network, NULL) < 0)
		return id;
	name = json_string(network, "name");
	return view_name_keep(views, &views->networks, id, name ? name : id);
}

static const char *group_name(struct server_views *views, const char *id)
{
	const char *name = view_name_kept(views->groups, id);
	yyjson_val *group;

	if (name)
		return name;
	if (request_get(views->request, &group, NULL, NULL, "/network/security-group/%s", id) < 0)
		return id;
	name = json_string(group, "name");
	return view_name_keep(views, &views->groups, id, name ? name : id);
}

static void address_add(struct server_views *views, yyjson_mut_val *list, yyjson_val *port,
			const char *address, bool extended)
{
	yyjson_mut_val *item = yyjson_mut_arr_add_obj(views->doc, list);

	yyjson_mut_obj_add_int(views->doc, item, "version", strchr(address, ':') ? 6 : 4);
	json_add_shared(views->doc, item, "addr", address);
	if (!extended)
		return;
	json_add_shared(views->doc, item, "OS-EXT-IPS:type", "fixed");
	json_add_shared(views->doc, item, "OS-EXT-IPS-MAC:mac_addr",
			json_string(port, "mac_address"));
}

static void port_addresses(struct server_views *views, yyjson_mut_val *addresses, yyjson_val *port,
			   bool extended)
{
	const char *name = network_name(views, json_string(port, "network_id"));
	yyjson_val *fixed = yyjson_obj_get(port, "fixed_ips"), *item;
	yyjson_mut_val *list = yyjson_mut_obj_get(addresses, name);
	size_t i, count;

	if (!list)
		list = yyjson_mut_obj_add_arr(views->doc, addresses, name);
	yyjson_arr_foreach (fixed, i, count, item)
		address_add(views, list, port, json_string(item, "ip_address"), extended);
}

yyjson_mut_val *server_addresses_all(struct server_views *views, yyjson_val *record, bool extended,
				     struct error *error)
{
	yyjson_mut_val *addresses = yyjson_mut_obj(views->doc);

	if (views_ports(views, json_string(record, "id"), error) < 0)
		return NULL;
	for (size_t i = 0; i < views->ports.count; i++)
		port_addresses(views, addresses, views->ports.items[i], extended);
	return addresses;
}

/* Hidden while the server is built, as Nova does. */
yyjson_mut_val *server_addresses(struct server_views *views, yyjson_val *record, bool extended,
				 struct error *error)
{
	if (json_is(record, "OS-EXT-STS:vm_state", "building"))
		return yyjson_mut_obj(views->doc);
	return server_addresses_all(views, record, extended, error);
}

static bool group_listed(yyjson_mut_val *groups, const char *name)
{
	yyjson_mut_val *item;
	size_t i, count;

	yyjson_mut_arr_foreach (groups, i, count, item)
		if (yyjson_mut_equals_str(yyjson_mut_obj_get(item, "name"), name))
			return true;
	return false;
}

yyjson_mut_val *server_groups(struct server_views *views, yyjson_val *record, struct error *error)
{
	yyjson_mut_val *groups = yyjson_mut_arr(views->doc);
	yyjson_val *id;
	size_t i, count;

	if (views_ports(views, json_string(record, "id"), error) < 0)
		return NULL;
	for (size_t port = 0; port < views->ports.count; port++)
		yyjson_arr_foreach (yyjson_obj_get(views->ports.items[port], "security_groups"), i,
				    count, id) {
			const char *name = group_name(views, yyjson_get_str(id));

			if (!group_listed(groups, name))
				json_add_shared(views->doc,
						yyjson_mut_arr_add_obj(views->doc, groups), "name",
						name);
		}
	return groups;
}
