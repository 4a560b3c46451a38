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
	int result = desired_port(sending->arena, record, &port);

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
static const struct kind {
	const struct resource *resource;
	int (*send)(struct sending *sending, yyjson_val *record);
	uint16_t delete_type;
} kinds[] = {
	{ &resource_group, send_group, NETD_GROUP_DELETE },
	{ &resource_network, send_network, NETD_NETWORK_DELETE },
	{ &resource_port, send_port, NETD_PORT_DELETE },
	{ &resource_router, send_router, NETD_ROUTER_DELETE },
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

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

static void send_changed(struct reconciler *self, const struct kind *kind, const char *id)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct sending sending = { .link = self->netd, .arena = &arena };
	yyjson_val *record;
	int result = store_view_open(self->cloud->store, &sending.view, &sending.error);

	if (!result)
		result = resource_get(sending.view, &arena, kind->resource, id, &record,
				      &sending.error);
	if (!result)
		result = kind->send(&sending, record);
	/* Gone in the meantime: its own change says so. */
	if (result != -ENOENT)
		report(&sending, id, result);
	store_view_close(sending.view);
}

static void on_changed(struct store_watch *watch, const char *key, uint64_t revision, bool deleted)
{
	struct reconciler *self = &reconciler;

	(void)watch;
	(void)revision;
	if (!link_is_up(self->netd))
		return;
	for (size_t i = 0; i < KINDS; i++) {
		size_t length = strlen(kinds[i].resource->prefix);

		if (strncmp(key, kinds[i].resource->prefix, length))
			continue;
		if (deleted)
			send_deleted(self, &kinds[i], key + length);
		else
			send_changed(self, &kinds[i], key + length);
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
