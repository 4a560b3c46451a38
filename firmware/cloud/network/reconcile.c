/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes netd follow the store. A change of a record sends the object that it belongs to; a fresh
 * netd is sent everything, then NETD_SYNC: the same functions serve both. Children touch their
 * parents (subnets their network, rules their group, interfaces their router), so the parent's
 * change is what is followed. What netd reports becomes the ports' status.
 */
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/link.h"
#include "firmware/cloud/network/agents.h"
#include "firmware/cloud/network/desired.h"
#include "firmware/cloud/network/metadata.h"
#include "firmware/cloud/network/start.h"
#include "firmware/lib/log.h"

struct reconciler {
	struct cloud *cloud;
	struct link *netd;
	struct link_observer observer;
	struct store_watch watch;
};

static struct reconciler reconciler;

struct sending {
	struct link *link;
	struct store_view *view;
	struct arena *arena;
	struct error error;
};

static int send_network(struct sending *sending, yyjson_val *record)
{
	struct net_network network = { 0 };
	int result =
		desired_network(sending->view, sending->arena, record, &network, &sending->error);

	return result ? result
		      : (int)link_send(sending->link, NETD_NETWORK_SET, net_network_fields,
				       &network, -1);
}

static int send_port(struct sending *sending, yyjson_val *record)
{
	struct net_port port = { 0 };
	int result = desired_port(sending->view, sending->arena, record, &port, &sending->error);

	return result ? result
		      : (int)link_send(sending->link, NETD_PORT_SET, net_port_fields, &port, -1);
}

static int send_group(struct sending *sending, yyjson_val *record)
{
	struct net_group group = { 0 };
	int result = desired_group(sending->view, sending->arena, record, &group, &sending->error);

	return result ? result
		      : (int)link_send(sending->link, NETD_GROUP_SET, net_group_fields, &group, -1);
}

static int send_addresses(struct sending *sending, yyjson_val *record)
{
	struct net_addresses group = { 0 };
	int result = desired_addresses(sending->arena, record, &group);

	return result ? result
		      : (int)link_send(sending->link, NETD_ADDRESSES_SET, net_addresses_fields,
				       &group, -1);
}

static int send_router(struct sending *sending, yyjson_val *record)
{
	struct net_router router = { 0 };
	int result =
		desired_router(sending->view, sending->arena, record, &router, &sending->error);

	return result ? result
		      : (int)link_send(sending->link, NETD_ROUTER_SET, net_router_fields, &router,
				       -1);
}

/* Kinds of object in the order in which netd is told of them. */
enum kind_number { KIND_ADDRESSES, KIND_GROUP, KIND_NETWORK, KIND_PORT, KIND_ROUTER, KINDS };

static const struct kind {
	const struct resource *resource;
	int (*send)(struct sending *sending, yyjson_val *record);
	uint16_t delete_type;
} kinds[] = {
	[KIND_ADDRESSES] = { &resource_address_group, send_addresses, NETD_ADDRESSES_DELETE },
	[KIND_GROUP] = { &resource_group, send_group, NETD_GROUP_DELETE },
	[KIND_NETWORK] = { &resource_network, send_network, NETD_NETWORK_DELETE },
	[KIND_PORT] = { &resource_port, send_port, NETD_PORT_DELETE },
	[KIND_ROUTER] = { &resource_router, send_router, NETD_ROUTER_DELETE },
};

static void report(const struct sending *sending, const char *what, int result)
{
	if (result < 0)
		log_error("network", "could not tell netd", "what=%s error=%s", what,
			  log_quote(sending->error.message[0] ? sending->error.message
							      : strerror(-result)));
}

struct walk {
	struct sending *sending;
	const struct kind *kind;
};

static int send_record(const struct store_record *record, void *context)
{
	struct walk *walk = context;
	yyjson_val *value = json_parse(walk->sending->arena, record->value, record->size);

	report(walk->sending, record->key, value ? walk->kind->send(walk->sending, value) : -EIO);
	return 0;
}

static void on_up(struct link *link, void *context)
{
	struct reconciler *self = context;
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct sending sending = { .link = link, .arena = &arena };

	agents_started();
	if (store_view_open(self->cloud->store, &sending.view, &sending.error)) {
		report(&sending, "everything", sending.error.code);
		return;
	}
	for (size_t i = 0; i < KINDS; i++) {
		struct walk walk = { &sending, &kinds[i] };

		store_range(sending.view, &arena, kinds[i].resource->prefix, NULL, 0, send_record,
			    &walk, NULL);
	}
	store_view_close(sending.view);
	link_send(link, NETD_SYNC, NULL, NULL, -1);
}

static void send_deleted(struct reconciler *self, const struct kind *kind, const char *id)
{
	struct net_id gone = { 0 };

	strncat(gone.id, id, sizeof(gone.id) - 1);
	link_send(self->netd, kind->delete_type, net_id_fields, &gone, -1);
}

static void send_one(struct sending *sending, const struct kind *kind, const char *id)
{
	yyjson_val *record;
	int result = resource_get(sending->view, sending->arena, kind->resource, id, &record,
				  &sending->error);

	if (!result)
		result = kind->send(sending, record);
	/* Gone in the meantime: its own change says so. */
	if (result != -ENOENT)
		report(sending, id, result);
}

/* --- who else a change concerns --- */

/* The objects of a kind that name 'id' in an index. */
static void send_users(struct sending *sending, const struct kind *kind, const char *index,
		       const char *id)
{
	struct network_ports list;
	int result = resource_range(sending->view, sending->arena, kind->resource, index, id, &list,
				    &sending->error);

	for (size_t i = 0; !result && i < list.count; i++)
		report(sending, json_string(list.items[i], "id"),
		       kind->send(sending, list.items[i]));
	report(sending, id ? id : "all", result);
}

/* Routers whose gateway is in this network: addresses there have its limits. */
static void send_gateways(struct sending *sending, const char *network_id)
{
	struct network_ports ports;

	if (resource_range(sending->view, sending->arena, &resource_port, "network", network_id,
			   &ports, &sending->error))
		return;
	for (size_t i = 0; i < ports.count; i++)
		if (json_is(ports.items[i], "device_owner", "network:router_gateway"))
			send_one(sending, &kinds[KIND_ROUTER],
				 json_string(ports.items[i], "device_id"));
}

static void send_floating_routers(struct sending *sending, const char *policy_id)
{
	struct network_ports list;

	if (resource_range(sending->view, sending->arena, &resource_floatingip, "qos", policy_id,
			   &list, &sending->error))
		return;
	for (size_t i = 0; i < list.count; i++)
		if (json_string(list.items[i], "router_id"))
			send_one(sending, &kinds[KIND_ROUTER],
				 json_string(list.items[i], "router_id"));
}

static void policy_changed(struct sending *sending, const char *id)
{
	struct network_ports networks;

	send_users(sending, &kinds[KIND_NETWORK], "qos", id);
	send_users(sending, &kinds[KIND_PORT], "qos", id);
	send_users(sending, &kinds[KIND_ROUTER], "qos", id);
	send_floating_routers(sending, id);
	if (!resource_range(sending->view, sending->arena, &resource_network, "qos", id, &networks,
			    &sending->error))
		for (size_t i = 0; i < networks.count; i++)
			send_gateways(sending, json_string(networks.items[i], "id"));
}

/* An agent that serves nothing any more, or again. */
static void agent_changed(struct sending *sending, const char *id)
{
	(void)id;
	send_users(sending, &kinds[KIND_NETWORK], NULL, NULL);
	send_users(sending, &kinds[KIND_ROUTER], NULL, NULL);
}

static void network_changed(struct sending *sending, const char *id)
{
	send_one(sending, &kinds[KIND_NETWORK], id);
	send_gateways(sending, id);
}

static void group_changed(struct sending *sending, const char *id)
{
	send_one(sending, &kinds[KIND_GROUP], id);
}

static void addresses_changed(struct sending *sending, const char *id)
{
	send_one(sending, &kinds[KIND_ADDRESSES], id);
}

static void port_changed(struct sending *sending, const char *id)
{
	send_one(sending, &kinds[KIND_PORT], id);
}

static void router_changed(struct sending *sending, const char *id)
{
	send_one(sending, &kinds[KIND_ROUTER], id);
}

/* What a change of a record means; kind KINDS: netd does not know of it by itself. */
static const struct follow {
	const char *prefix;
	void (*changed)(struct sending *sending, const char *id);
	enum kind_number kind;
} follows[] = {
	{ "/network/network/", network_changed, KIND_NETWORK },
	{ "/network/port/", port_changed, KIND_PORT },
	{ "/network/router/", router_changed, KIND_ROUTER },
	{ "/network/security-group/", group_changed, KIND_GROUP },
	{ "/network/address-group/", addresses_changed, KIND_ADDRESSES },
	{ AGENT_PREFIX, agent_changed, KINDS },
	{ "/network/qos-policy/", policy_changed, KINDS },
};

static void send_changed(struct reconciler *self, const struct follow *follow, const char *id)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct sending sending = { .link = self->netd, .arena = &arena };

	if (store_view_open(self->cloud->store, &sending.view, &sending.error)) {
		report(&sending, id, sending.error.code);
		return;
	}
	follow->changed(&sending, id);
	store_view_close(sending.view);
}

static void on_changed(struct store_watch *watch, const char *key, uint64_t revision, bool deleted)
{
	struct reconciler *self = &reconciler;

	(void)watch;
	(void)revision;
	if (!link_is_up(self->netd))
		return;
	for (size_t i = 0; i < sizeof(follows) / sizeof(follows[0]); i++) {
		size_t length = strlen(follows[i].prefix);

		if (strncmp(key, follows[i].prefix, length))
			continue;
		/* An agent that is deleted is as it was at first. */
		if (!deleted || follows[i].changed == agent_changed)
			send_changed(self, &follows[i], key + length);
		else if (follows[i].kind < KINDS)
			send_deleted(self, &kinds[follows[i].kind], key + length);
	}
}

/* --- what netd reports --- */

static void status_written(int result, uint64_t revision, const struct error *error, void *context)
{
	(void)revision;
	(void)context;
	/* A lost race means that the port has changed: netd is told and reports again. */
	if (result && result != -EAGAIN)
		log_error("network", "port status not written", "error=%s",
			  log_quote(error->message));
}

static void write_status(struct store *store, struct arena *arena, const struct store_record *old,
			 yyjson_val *record, const char *status)
{
	struct store_txn *txn = store_txn_new(arena);
	yyjson_mut_doc *doc = json_document(arena);
	yyjson_mut_val *object = yyjson_val_mut_copy(doc, record);

	json_set_string(doc, object, "status", status);
	store_txn_compare(txn, old->key, old->revision);
	store_txn_put(txn, old->key, json_write(arena, object));
	store_commit_async(store, txn, status_written, NULL);
}

static void take_port_state(struct reconciler *self, const struct net_port_state *state)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	const char *status = state->up ? "ACTIVE" : "DOWN";
	struct store_view *view;
	struct store_record record;
	yyjson_val *value;
	const char *key = arena_printf(&arena, "%s%s", resource_port.prefix, state->id);

	if (store_view_open(self->cloud->store, &view, NULL))
		return;
	if (!store_get(view, &arena, key, &record, NULL)) {
		value = json_parse(&arena, record.value, record.size);
		if (value && !json_is(value, "status", status))
			write_status(self->cloud->store, &arena, &record, value, status);
	}
	store_view_close(view);
}

static bool on_message(struct link *link, struct message *message, void *context)
{
	struct reconciler *self = context;
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_port_state state = { 0 };
	struct error error = { 0 };

	(void)link;
	if (message->type == NETD_SVC_LINK) {
		metadata_link_take(self->cloud, message);
		return true;
	}
	if (message->type != NETD_PORT_STATE)
		return false;
	if (message_decode(&arena, message, net_port_state_fields, &state, &error))
		log_error("network", "bad message from netd", "error=%s", log_quote(error.message));
	else
		take_port_state(self, &state);
	return true;
}

int network_reconcile_start(struct cloud *cloud, struct error *error)
{
	struct reconciler *self = &reconciler;
	int result;

	self->cloud = cloud;
	self->netd = cloud->links[ROLE_NETD];
	self->observer =
		(struct link_observer){ .on_up = on_up, .on_message = on_message, .context = self };
	self->watch = (struct store_watch){ .prefix = "/network/", .changed = on_changed };
	result = store_watch_start(cloud->store, &self->watch, 0);
	if (result)
		return error_set(error, result, "networks can't be watched");
	link_observe(self->netd, &self->observer);
	return 0;
}
