/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API shows of a server's ports. */
#include <string.h>

#include "firmware/cloud/compute/routes.h"
#include "firmware/cloud/compute/server_event.h"
#include "firmware/cloud/compute/server_view.h"
#include "firmware/cloud/identity/reader.h"

int handle_server_ips(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *addresses;
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	addresses =
		server_addresses_all(server_views_new(request, doc), server.record, false, error);
	if (!addresses)
		return error->code ? error->code : -EIO;
	yyjson_mut_obj_add_val(doc, root, "addresses", addresses);
	return reply_json(request, 200, doc, root);
}

int handle_server_ips_network(struct request *request, struct error *error)
{
	const char *network = request_param(request, "network");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *addresses, *list;
	struct server server;
	int result = server_find(request, &server, error);

	if (result < 0)
		return result;
	addresses =
		server_addresses_all(server_views_new(request, doc), server.record, false, error);
	list = yyjson_mut_obj_get(addresses, network);
	if (!list)
		return error_set(error, -ENOENT, "Instance is not a member of specified network");
	yyjson_mut_obj_add_val(doc, root, network, yyjson_mut_val_mut_copy(doc, list));
	return reply_json(request, 200, doc, root);
}

/* --- interfaces */

yyjson_mut_val *interface_view(struct request *request, yyjson_mut_doc *doc, yyjson_val *record,
			       yyjson_val *port)
{
	const char *id = json_string(port, "id");
	yyjson_mut_val *view = yyjson_mut_obj(doc);

	json_set_string(doc, view, "net_id", json_string(port, "network_id"));
	json_set_string(doc, view, "port_id", id);
	json_set_string(doc, view, "mac_addr", json_string(port, "mac_address"));
	json_set_string(doc, view, "port_state", json_string(port, "status"));
	json_set(doc, view, "fixed_ips",
		 yyjson_val_mut_copy(doc, yyjson_obj_get(port, "fixed_ips")));
	if (request->microversion >= 70)
		json_set_string(doc, view, "tag",
				json_string(yyjson_obj_get(record, "_nic_tags"), id));
	return view;
}

static int interfaces_read(struct request *request, struct network_ports *ports,
			   struct server *server, struct error *error)
{
	int result = server_find(request, server, error);

	memset(ports, 0, sizeof(*ports));
	return result < 0 ? result : server_ports(request, server->id, ports, error);
}

int handle_server_interfaces(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	struct network_ports ports;
	struct server server;
	int result = interfaces_read(request, &ports, &server, error);

	if (result < 0)
		return result;
	list = yyjson_mut_obj_add_arr(doc, root, "interfaceAttachments");
	for (size_t i = 0; i < ports.count; i++)
		yyjson_mut_arr_append(list,
				      interface_view(request, doc, server.record, ports.items[i]));
	return reply_json(request, 200, doc, root);
}

int handle_server_interface(struct request *request, struct error *error)
{
	const char *id = request_param(request, "port_id");
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct network_ports ports;
	struct server server;
	int result = interfaces_read(request, &ports, &server, error);

	if (result < 0)
		return result;
	for (size_t i = 0; i < ports.count; i++)
		if (json_is(ports.items[i], "id", id)) {
			json_set(doc, root, "interfaceAttachment",
				 interface_view(request, doc, server.record, ports.items[i]));
			return reply_json(request, 200, doc, root);
		}
	return error_set(error, -ENOENT, "Instance %s does not have a port with id %s", server.id,
			 id);
}

/* --- security groups */

int handle_server_groups(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc), *list;
	struct network_ports ports;
	struct server server;
	int result = interfaces_read(request, &ports, &server, error);

	if (result < 0)
		return result;
	list = yyjson_mut_obj_add_arr(doc, root, "security_groups");
	result = group_views_add(request, doc, list, &ports, error);
	return result < 0 ? result : reply_json(request, 200, doc, root);
}

static int group_change(struct request *request, const char *action, bool add, struct error *error)
{
	const char *group = json_string(yyjson_obj_get(request->body, action), "name");
	struct server_edit edit;
	int result = server_edit_begin(request, &edit, error);

	if (result == 0)
		result = network_device_group(request, edit.txn, edit.server.id, group, add, error);
	if (result < 0)
		return result;
	action_done(&edit, add ? "addSecurityGroup" : "removeSecurityGroup");
	result = server_edit_commit(&edit, error);
	return result < 0 ? result : reply_empty(request, 202);
}

int handle_server_group_add(struct request *request, struct error *error)
{
	return group_change(request, "addSecurityGroup", true, error);
}

int handle_server_group_remove(struct request *request, struct error *error)
{
	return group_change(request, "removeSecurityGroup", false, error);
}
