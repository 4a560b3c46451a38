/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/compute/internal.h"

#include <arpa/inet.h>

int server_find(struct request *request, struct server *server, struct error *error)
{
	const char *id = request_param(request, "server_id");
	int result = -ENOENT;

	server->id = id;
	if (uuid_valid(id))
		result = request_get(request, &server->record, &server->revision, error,
				     KEY_SERVER "%s", id);
	if (result < 0 && result != -ENOENT)
		return result;
	if (result < 0 || !policy_owns(request, json_string(server->record, "tenant_id")))
		return error_set(error, -ENOENT, "Instance %s could not be found.", id);
	return 0;
}

int server_edit_begin(struct request *request, struct server_edit *edit, struct error *error)
{
	int result = server_find(request, &edit->server, error);

	if (result < 0)
		return result;
	edit->request = request;
	edit->doc = request_document(request);
	edit->record = edit->doc ? yyjson_val_mut_copy(edit->doc, edit->server.record) : NULL;
	edit->txn = store_txn_new(request->arena);
	return edit->record && edit->txn ? 0 : -ENOMEM;
}

int server_edit_unlocked(const struct server_edit *edit, struct error *error)
{
	if (!json_bool(edit->server.record, "locked", false) || edit->request->caller->is_admin)
		return 0;
	return error_set(error, -EBUSY, "Instance %s is locked", edit->server.id);
}

int server_edit_commit(struct server_edit *edit, struct error *error)
{
	struct request *request = edit->request;
	const char *key = arena_printf(request->arena, KEY_SERVER "%s", edit->server.id);

	json_set_string(edit->doc, edit->record, "updated_at", time_now(request->arena));
	store_txn_compare(edit->txn, key, edit->server.revision);
	store_txn_put(edit->txn, key, request_write(request, edit->record));
	return request_commit(request, edit->txn, error);
}

void server_desire(yyjson_mut_doc *doc, yyjson_mut_val *record)
{
	int64_t generation = yyjson_mut_get_sint(yyjson_mut_obj_get(record, "_generation"));

	json_set_integer(doc, record, "_generation", generation + 1);
}

int server_ports(struct request *request, const char *server_id, struct network_ports *ports,
		 struct error *error)
{
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (result < 0)
		return result;
	return network_device_ports(view, request->arena, server_id, ports, error);
}

const char *address_short(struct arena *arena, const char *text)
{
	char shortest[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (!text || inet_pton(AF_INET6, text, &address) != 1)
		return text ? text : "";
	return arena_strdup(arena, inet_ntop(AF_INET6, &address, shortest, sizeof(shortest)));
}
