/* SPDX-License-Identifier: GPL-2.0-or-later */
/* network.h: the ports of servers. */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/network/address.h"
#include "firmware/cloud/network/ip.h"
#include "firmware/cloud/network/port.h"
#include "firmware/cloud/network/rbac.h"
#include "firmware/cloud/network/trunk.h"

static int change_of(struct change *change, struct request *request, struct store_txn *txn,
		     struct error *error)
{
	*change =
		(struct change){ .request = request, .txn = txn, .doc = request_document(request) };
	return request_view(request, &change->view, error);
}

/* A group by id, or by name among those of the project. */
static int resolve_group(struct change *change, const char *project_id, const char *wanted,
			 const char **id, struct error *error)
{
	struct network_ports groups;
	int result;

	if (!strcmp(wanted, "default"))
		return group_default(change, project_id, id, error);
	if (!group_find(change, project_id, wanted, id, NULL))
		return 0;
	result = resource_range(change->view, change->request->arena, &resource_group, "project",
				project_id, &groups, error);
	for (size_t i = 0; !result && i < groups.count; i++)
		if (json_is(groups.items[i], "name", wanted)) {
			*id = json_string(groups.items[i], "id");
			return 0;
		}
	return result ? result
		      : error_fault(error, -ENOENT, 400, "SecurityGroupNotFound",
				    "Unable to find security_group with name or id '%s'", wanted);
}

static int resolve_groups(struct change *change, const char *project_id, const char *const *groups,
			  yyjson_mut_val **ids, struct error *error)
{
	const char *id;

	*ids = NULL;
	if (!groups)
		return 0;
	*ids = yyjson_mut_arr(change->doc);
	for (; *groups; groups++) {
		int result = resolve_group(change, project_id, *groups, &id, error);

		if (result)
			return result;
		yyjson_mut_arr_add_strcpy(change->doc, *ids, id);
	}
	return 0;
}

static yyjson_val *wanted_address(struct change *change, const char *fixed_ip)
{
	yyjson_mut_val *list, *item;

	if (!fixed_ip)
		return NULL;
	list = yyjson_mut_arr(change->doc);
	item = yyjson_mut_arr_add_obj(change->doc, list);
	json_set_string(change->doc, item, "ip_address", fixed_ip);
	return value_freeze(change->request, list);
}

int network_port_make(struct request *request, struct store_txn *txn, const char *network_id,
		      const char *fixed_ip, const struct network_device *device,
		      const char *const *groups, yyjson_mut_val **port, struct error *error)
{
	struct port_plan plan = { .project_id = device->project_id,
				  .device_id = device->device_id,
				  .device_owner = device->device_owner,
				  .hostname = device->hostname,
				  .host = device->host,
				  .made_for_server = true };
	struct change change;
	int result = change_of(&change, request, txn, error);

	if (!result)
		result = change_find(&change, &resource_network, network_id, &plan.network, error);
	if (!result)
		result = resolve_groups(&change, device->project_id, groups, &plan.groups, error);
	if (result)
		return result;
	plan.fixed_ips = wanted_address(&change, fixed_ip);
	return port_make(&change, &plan, port, error);
}

int network_port_bind(struct request *request, struct store_txn *txn, const char *port_id,
		      const struct network_device *device, yyjson_val **port, struct error *error)
{
	struct change change;
	yyjson_mut_val *object;
	const char *holder;
	int result = change_of(&change, request, txn, error);

	if (!result)
		result = change_find(&change, &resource_port, port_id, port, error);
	if (result)
		return result;
	holder = json_string(*port, "device_id");
	if ((holder && *holder) || trunk_is_subport(*port))
		return error_fault(error, -EBUSY, 409, "PortInUse", "Port %s is still in use.",
				   port_id);
	object = yyjson_val_mut_copy(change.doc, *port);
	json_set_string(change.doc, object, "device_id", device->device_id);
	json_set_string(change.doc, object, "device_owner", device->device_owner);
	json_set_string(change.doc, object, "binding:host_id", device->host);
	if (!json_member(object, "dns_name") || !*json_member(object, "dns_name"))
		json_set_string(change.doc, object, "dns_name", device->hostname);
	change_put(&change, &resource_port, object);
	return trunk_parent_moved(&change, *port, device->host, error);
}

static void put_unbound(struct store_txn *txn, struct arena *arena, yyjson_val *port)
{
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *object = yyjson_val_mut_copy(doc, port);

	json_set_string(doc, object, "device_id", "");
	json_set_string(doc, object, "device_owner", "");
	json_set_string(doc, object, "binding:host_id", "");
	json_set_string(doc, object, "binding:vif_type", "unbound");
	json_set_string(doc, object, "status", "DOWN");
	store_txn_put(txn,
		      arena_printf(arena, "%s%s", resource_port.prefix, json_string(port, "id")),
		      json_write(arena, object));
}

static int let_go(struct change *change, yyjson_val *port, struct error *error)
{
	/* A trunk keeps its ports, whoever made them. */
	if (json_bool(port, "_made_for_server", false) && !trunk_is_parent(port))
		return port_drop(change, port, error);
	put_unbound(change->txn, change->request->arena, port);
	return trunk_parent_moved(change, port, "", error);
}

int network_device_release(struct store_view *view, struct arena *arena, struct store_txn *txn,
			   const char *device_id, struct error *error)
{
	struct request request = { .arena = arena };
	struct change change = {
		.request = &request, .view = view, .txn = txn, .doc = json_document(arena)
	};
	struct network_ports ports;
	int result =
		resource_range(view, arena, &resource_port, "device", device_id, &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++)
		result = let_go(&change, ports.items[i], error);
	return result;
}

int network_port_release(struct store_view *view, struct arena *arena, struct store_txn *txn,
			 const char *port_id, struct error *error)
{
	struct request request = { .arena = arena };
	struct change change = {
		.request = &request, .view = view, .txn = txn, .doc = json_document(arena)
	};
	yyjson_val *port;
	int result = resource_get(view, arena, &resource_port, port_id, &port, error);

	return result ? result : let_go(&change, port, error);
}

static yyjson_mut_val *groups_changed(yyjson_mut_doc *doc, yyjson_val *old, const char *id,
				      bool add)
{
	yyjson_mut_val *list = yyjson_mut_arr(doc);
	size_t index, count;
	yyjson_val *item;

	yyjson_arr_foreach (old, index, count, item) {
		if (!yyjson_equals_str(item, id))
			yyjson_mut_arr_add_strcpy(doc, list, yyjson_get_str(item));
	}
	if (add)
		yyjson_mut_arr_add_strcpy(doc, list, id);
	return list;
}

int network_device_group(struct request *request, struct store_txn *txn, const char *device_id,
			 const char *group, bool add, struct error *error)
{
	struct network_ports ports;
	struct change change;
	yyjson_mut_val *object;
	yyjson_val *port;
	const char *id;
	int result = change_of(&change, request, txn, error);

	if (!result)
		result = resolve_group(&change, request->caller->project_id, group, &id, error);
	if (!result)
		result = resource_range(change.view, request->arena, &resource_port, "device",
					device_id, &ports, error);
	for (size_t i = 0; !result && i < ports.count; i++) {
		result = change_get(&change, &resource_port, json_string(ports.items[i], "id"),
				    &port, error);
		if (result)
			return result;
		object = yyjson_val_mut_copy(change.doc, port);
		json_set(change.doc, object, "security_groups",
			 groups_changed(change.doc, yyjson_obj_get(port, "security_groups"), id,
					add));
		port_groups_changed(&change, port, object);
		change_put(&change, &resource_port, object);
	}
	return result;
}

static int by_creation(const void *one, const void *other)
{
	yyjson_val *const *a = one, *const *b = other;
	int order =
		strcmp(json_string(*a, "created_at") ?: "", json_string(*b, "created_at") ?: "");

	return order ? order : strcmp(json_string(*a, "id"), json_string(*b, "id"));
}

int network_device_ports(struct store_view *view, struct arena *arena, const char *device_id,
			 struct network_ports *ports, struct error *error)
{
	int result = resource_range(view, arena, &resource_port, "device", device_id, ports, error);

	if (!result && ports->count)
		qsort(ports->items, ports->count, sizeof(*ports->items), by_creation);
	return result;
}

int network_port_by_address(struct store_view *view, struct arena *arena, const char *network_id,
			    const char *address, yyjson_val **port, struct error *error)
{
	struct network_ports ports;
	int result =
		resource_range(view, arena, &resource_port, "network", network_id, &ports, error);

	for (size_t i = 0; !result && i < ports.count; i++) {
		yyjson_val *list = yyjson_obj_get(ports.items[i], "fixed_ips"), *item;
		size_t index, count;

		yyjson_arr_foreach (list, index, count, item) {
			if (json_is(item, "ip_address", address)) {
				*port = ports.items[i];
				return 0;
			}
		}
	}
	return result ? result : error_set(error, -ENOENT, "no port has address %s", address);
}

static int take_first(const struct store_document *document, void *context)
{
	*(yyjson_val **)context = document->root;
	return 0;
}

int network_port_by_mac(struct store_view *view, struct arena *arena, const char *network_id,
			const char *mac, yyjson_val **port, struct error *error)
{
	int64_t result;

	*port = NULL;
	result = store_read_index(view, arena, resource_port.prefix, "mac", network_id, mac,
				  take_first, port, error);
	if (result < 0)
		return (int)result;
	return *port ? 0 : error_set(error, -ENOENT, "no port has MAC %s", mac);
}

int network_lookup(struct store_view *view, struct arena *arena, const char *network_id,
		   yyjson_val **network, struct error *error)
{
	return resource_get(view, arena, &resource_network, network_id, network, error);
}

int network_port_lookup(struct store_view *view, struct arena *arena, const char *port_id,
			yyjson_val **port, struct error *error)
{
	return resource_get(view, arena, &resource_port, port_id, port, error);
}

int network_subnet_lookup(struct store_view *view, struct arena *arena, const char *subnet_id,
			  yyjson_val **subnet, struct error *error)
{
	return resource_get(view, arena, &resource_subnet, subnet_id, subnet, error);
}

int network_available(struct request *request, const char *project_id, yyjson_val ***networks,
		      size_t *count, struct error *error)
{
	struct network_ports all;
	struct store_view *view;
	size_t kept = 0;
	int result = request_view(request, &view, error);

	if (!result)
		result = resource_range(view, request->arena, &resource_network, NULL, NULL, &all,
					error);
	for (size_t i = 0; !result && i < all.count; i++)
		if (!json_bool(all.items[i], "router:external", false) &&
		    (rbac_shared_with(all.items[i], project_id) ||
		     json_is(all.items[i], "project_id", project_id)))
			all.items[kept++] = all.items[i];
	*networks = all.items;
	*count = kept;
	return result;
}
