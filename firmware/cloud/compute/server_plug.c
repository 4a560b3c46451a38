/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaching interfaces to servers and detaching them. */
#include "firmware/cloud/compute/server_plug.h"

#include <string.h>

#include "firmware/cloud/compute/hardware.h"
#include "firmware/cloud/compute/parts.h"
#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/schema_parts.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/identity/reader.h"

#define PLUG_STATES (1u << VM_ACTIVE | 1u << VM_PAUSED | 1u << VM_STOPPED)

/* --- what is under way */

bool plug_is_leaving(yyjson_val *record, const char *port_id)
{
	yyjson_val *plugs = yyjson_obj_get(record, "_plugs"), *plug;
	size_t i, count;

	yyjson_arr_foreach (plugs, i, count, plug)
		if (json_bool(plug, "detach", false) && json_is(plug, "port", port_id))
			return true;
	return false;
}

static bool plug_is_due(yyjson_val *plug, const struct guest_status *status)
{
	return (uint64_t)json_integer(plug, "generation", 0) <= status->devices;
}

bool plugs_are_due(yyjson_val *record, const struct guest_status *status)
{
	yyjson_val *plugs = yyjson_obj_get(record, "_plugs"), *plug;
	size_t i, count;

	yyjson_arr_foreach (plugs, i, count, plug)
		if (plug_is_due(plug, status))
			return true;
	return false;
}

static int plug_end(struct store_view *view, struct arena *arena, struct store_txn *txn,
		    const char *server_id, yyjson_val *plug, bool stuck)
{
	bool detach = json_bool(plug, "detach", false);
	const char *failure = NULL;
	int result = 0;

	if (stuck)
		failure = arena_printf(arena, "Failed to %s network adapter device %s %s",
				       detach ? "detach" : "attach", detach ? "from" : "to",
				       server_id);
	if (detach != stuck)
		result = network_port_release(view, arena, txn, json_string(plug, "port"), NULL);
	if (result == 0 || result == -ENOENT)
		result = action_end(view, arena, txn, server_id, json_string(plug, "request"),
				    failure);
	return result;
}

int plugs_settle(struct store_view *view, struct arena *arena, struct store_txn *txn,
		 yyjson_val *record, const struct guest_status *status, yyjson_mut_doc *doc,
		 yyjson_mut_val *edited)
{
	yyjson_val *plugs = yyjson_obj_get(record, "_plugs"), *plug;
	yyjson_mut_val *left = yyjson_mut_arr(doc);
	bool changed = false;
	size_t i, count;
	int result = 0;

	yyjson_arr_foreach (plugs, i, count, plug) {
		bool stuck = strstr(status->stuck, json_string(plug, "port")) != NULL;

		if (!plug_is_due(plug, status))
			yyjson_mut_arr_append(left, yyjson_val_mut_copy(doc, plug));
		else if (result == 0)
			result = plug_end(view, arena, txn, json_string(record, "id"), plug, stuck);
		changed = changed || (stuck && plug_is_due(plug, status));
	}
	json_set(doc, edited, "_plugs", left);
	/* What failed is not wanted any more: the guest is to be as it is. */
	if (changed)
		server_desire(doc, edited);
	return result;
}

static void plug_begin(struct server_edit *edit, const char *port_id, bool detach)
{
	yyjson_mut_val *plugs = yyjson_mut_obj_get(edit->record, "_plugs"), *plug;

	if (!plugs) {
		plugs = yyjson_mut_arr(edit->doc);
		json_set(edit->doc, edit->record, "_plugs", plugs);
	}
	server_desire(edit->doc, edit->record);
	plug = yyjson_mut_arr_add_obj(edit->doc, plugs);
	json_set_string(edit->doc, plug, "port", port_id);
	json_set_string(edit->doc, plug, "request", edit->request->id);
	json_set_integer(edit->doc, plug, "generation",
			 yyjson_mut_get_sint(yyjson_mut_obj_get(edit->record, "_generation")));
	json_set_bool(edit->doc, plug, "detach", detach);
	action_open(edit, detach ? "detach_interface" : "attach_interface",
		    detach ? "compute_detach_interface" : "compute_attach_interface");
}

static int edit_open(struct request *request, struct server_edit *edit, const char *action,
		     struct error *error)
{
	int result = server_edit_begin(request, edit, error);

	if (result == 0)
		result = server_edit_unlocked(edit, error);
	if (result == 0)
		result = server_state_check(edit->server.record, action, PLUG_STATES,
					    1u << TASK_NONE, error);
	return result;
}

/* --- attaching */

struct plug_order {
	const char *network_id, *port_id, *fixed_ip, *tag;
};

static int order_read(yyjson_val *body, struct plug_order *order, struct error *error)
{
	yyjson_val *attachment = yyjson_obj_get(body, "interfaceAttachment");
	yyjson_val *address = yyjson_arr_get_first(yyjson_obj_get(attachment, "fixed_ips"));

	order->network_id = json_string(attachment, "net_id");
	order->port_id = json_string(attachment, "port_id");
	order->fixed_ip = json_string(address, "ip_address");
	order->tag = json_string(attachment, "tag");
	if (order->network_id && order->port_id)
		return error_set(error, -EINVAL, "Must not input both network_id and port_id");
	if (order->fixed_ip && !order->network_id)
		return error_set(error, -EINVAL, "Must input network_id when request IP address");
	return 0;
}

/* Nothing is named: the one network that the project has. */
static int network_choose(struct request *request, const char *project, struct plug_order *order,
			  struct error *error)
{
	yyjson_val **networks;
	size_t count;
	int result = network_available(request, project, &networks, &count, error);

	if (result < 0)
		return result;
	if (count == 0)
		return error_set(error, -EINVAL,
				 "No specific network was requested and none are available for "
				 "project '%s'.",
				 project);
	if (count > 1)
		return error_set(error, -EINVAL,
				 "More than one possible network found. Specify network ID(s) to "
				 "select which one(s) to connect to.");
	order->network_id = json_string(networks[0], "id");
	return 0;
}

/* A guest that runs has to have slots, and one of them free. */
static int room_check(const struct server_edit *edit, struct error *error)
{
	yyjson_val *record = edit->server.record;
	struct network_ports ports;
	struct hardware hardware;
	int result = hardware_read(yyjson_obj_get(record, "_flavor"),
				   yyjson_obj_get(yyjson_obj_get(record, "_image"), "properties"),
				   &hardware, error);

	if (result < 0)
		return result;
	if (!strcmp(hardware.machine, "microvm") &&
	    !json_is(record, "OS-EXT-STS:vm_state", vm_state_name(VM_STOPPED)))
		return error_set(error, -EINVAL,
				 "Attaching interfaces is not supported for instance %s.",
				 edit->server.id);
	result = server_ports(edit->request, edit->server.id, &ports, error);
	if (result == 0 && ports.count >= SERVER_NICS_MAX)
		return error_fault(error, -EIO, 500, NULL,
				   "Failed to attach network adapter device to %s",
				   edit->server.id);
	return result;
}

static int port_bind(struct server_edit *edit, const char *port_id,
		     const struct network_device *device, yyjson_val **port, struct error *error)
{
	struct store_view *view;
	int result = request_view(edit->request, &view, error);

	if (result == 0)
		result = network_port_lookup(view, edit->request->arena, port_id, port, NULL);
	if (result == -ENOENT)
		return error_set(error, -ENOENT, "Port id %s could not be found.", port_id);
	if (result < 0)
		return result;
	if (!json_is(*port, "project_id", device->project_id))
		return error_set(error, -EINVAL, "Port %s not usable for instance %s.", port_id,
				 edit->server.id);
	return network_port_bind(edit->request, edit->txn, port_id, device, port, error);
}

/* Neutron's refusals, as Nova passes them on. */
static int make_refused(int result, const struct server_edit *edit, const struct plug_order *order,
			struct error *error)
{
	if (error)
		error->type = NULL;
	if (result == -ENOENT)
		return error_fault(error, -ENOENT, 404, NULL, "Network %s could not be found.",
				   order->network_id);
	if (result == -ENOSPC)
		return error_fault(error, -EINVAL, 400, NULL,
				   "No fixed IP addresses available for network: %s",
				   order->network_id);
	if (result == -EEXIST)
		return error_fault(error, -EBUSY, 409, NULL,
				   "Fixed IP address %s is already in use on instance %s.",
				   order->fixed_ip ? order->fixed_ip : "", edit->server.id);
	return result;
}

static int port_make(struct server_edit *edit, const struct plug_order *order,
		     const struct network_device *device, yyjson_val **port, struct error *error)
{
	yyjson_mut_val *made;
	int result = network_port_make(edit->request, edit->txn, order->network_id, order->fixed_ip,
				       device, NULL, &made, error);

	if (result < 0)
		return make_refused(result, edit, order, error);
	*port = json_frozen(edit->request->arena, made);
	return *port ? 0 : -ENOMEM;
}

static int port_plug(struct server_edit *edit, struct plug_order *order, yyjson_val **port,
		     struct error *error)
{
	yyjson_val *record = edit->server.record;
	const struct network_device device = {
		.device_id = edit->server.id,
		.device_owner = "compute:" COMPUTE_ZONE,
		.project_id = json_string(record, "tenant_id"),
		.hostname = json_string(record, "OS-EXT-SRV-ATTR:hostname"),
		.host = COMPUTE_HOST,
	};
	int result = 0;

	if (order->port_id)
		return port_bind(edit, order->port_id, &device, port, error);
	if (!order->network_id)
		result = network_choose(edit->request, device.project_id, order, error);
	return result < 0 ? result : port_make(edit, order, &device, port, error);
}

void tag_keep(yyjson_mut_doc *doc, yyjson_mut_val *record, const char *port_id, const char *tag)
{
	yyjson_mut_val *tags = yyjson_mut_obj_get(record, "_nic_tags");

	if (!tag)
		return;
	if (!tags) {
		tags = yyjson_mut_obj(doc);
		json_set(doc, record, "_nic_tags", tags);
	}
	yyjson_mut_obj_add(tags, yyjson_mut_strcpy(doc, port_id), yyjson_mut_strcpy(doc, tag));
}

int handle_server_interface_attach(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct plug_order order = { 0 };
	struct server_edit edit;
	yyjson_val *port;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = order_read(request->body, &order, error);
	if (result == 0)
		result = edit_open(request, &edit, "attach_interface", error);
	if (result == 0)
		result = room_check(&edit, error);
	if (result == 0)
		result = port_plug(&edit, &order, &port, error);
	if (result < 0)
		return result;
	tag_keep(edit.doc, edit.record, json_string(port, "id"), order.tag);
	plug_begin(&edit, json_string(port, "id"), false);
	result = server_edit_commit(&edit, error);
	if (result < 0)
		return result;
	json_set(doc, root, "interfaceAttachment",
		 interface_view(request, doc, json_frozen(request->arena, edit.record), port));
	return reply_json(request, 200, doc, root);
}

/* --- detaching */

static bool port_is_attached(struct server_edit *edit, const char *port_id)
{
	struct network_ports ports;

	if (server_ports(edit->request, edit->server.id, &ports, NULL) < 0)
		return false;
	for (size_t i = 0; i < ports.count; i++)
		if (json_is(ports.items[i], "id", port_id))
			return true;
	return false;
}

int handle_server_interface_detach(struct request *request, struct error *error)
{
	const char *port_id = request_param(request, "port_id");
	struct server_edit edit;
	int result = edit_open(request, &edit, "detach_interface", error);

	if (result < 0)
		return result;
	/* As in Nova it is the action that fails, not the request. */
	if (!port_is_attached(&edit, port_id))
		action_failed(&edit, "detach_interface", "compute_detach_interface",
			      arena_printf(request->arena, "Port %s is not attached", port_id));
	else if (!plug_is_leaving(edit.server.record, port_id))
		plug_begin(&edit, port_id, true);
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}

/* --- routes */

static const struct schema network_or_null = { .types = SCHEMA_STRING | SCHEMA_NULL,
					       .format = FORMAT_UUID };
static const struct schema address = { .types = SCHEMA_STRING, .format = FORMAT_IP };
static const struct schema fixed_ip = ENVELOPE("ip_address", &address);
static const struct schema fixed_ips = {
	.types = SCHEMA_ARRAY, .min_items = 1, .max_items = 1, .items = &fixed_ip
};
static const struct schema attachment = {
	.types = SCHEMA_OBJECT,
	.members = (const struct schema_member[]){ { "net_id", &part_uuid, false, 0, 0 },
						   { "port_id", &network_or_null, false, 0, 0 },
						   { "fixed_ips", &fixed_ips, false, 0, 0 },
						   { "tag", &part_tag, false, 49, 0 },
						   { 0 } },
};
static const struct schema schema_attach = {
	.types = SCHEMA_OBJECT,
	.members =
		(const struct schema_member[]){ { "interfaceAttachment", &attachment, false, 0, 0 },
						{ 0 } },
};

#define INTERFACES "/servers/{server_id}/os-interface"
static const struct route routes[] = {
	ROUTE("GET", INTERFACES, handle_server_interfaces, "os-attach-interfaces:list"),
	ROUTE("POST", INTERFACES, handle_server_interface_attach, "os-attach-interfaces:create",
	      .body = &schema_attach),
	ROUTE("GET", INTERFACES "/{port_id}", handle_server_interface, "os-attach-interfaces:show"),
	ROUTE("DELETE", INTERFACES "/{port_id}", handle_server_interface_detach,
	      "os-attach-interfaces:delete"),
	{ 0 },
};

static const struct policy_rule policies[] = {
	{ POLICY("os-attach-interfaces:list"), READ },
	{ POLICY("os-attach-interfaces:show"), READ },
	{ POLICY("os-attach-interfaces:create"), WRITE },
	{ POLICY("os-attach-interfaces:delete"), WRITE },
	{ 0 },
};

const struct service_part compute_interface_part = { routes, policies };

/* --- ports that go by the network API: their server's guest is to do without */

static int port_gone(struct store_view *view, struct arena *arena, struct store_txn *txn,
		     const char *server_id, struct error *error)
{
	const struct reader reader = { view, arena };
	const char *key = arena_printf(arena, KEY_SERVER "%s", server_id);
	yyjson_mut_doc *doc;
	yyjson_mut_val *edited;
	yyjson_val *record;
	uint64_t revision;
	int result = record_get(&reader, &record, &revision, error, "%s", key);

	if (result < 0)
		return result == -ENOENT ? 0 : result;
	doc = json_document(arena);
	edited = yyjson_val_mut_copy(doc, record);
	server_desire(doc, edited);
	store_txn_compare(txn, key, revision);
	store_txn_put(txn, key, json_write(arena, edited));
	return 0;
}

void server_plug_start(void)
{
	network_port_observe(port_gone);
}
