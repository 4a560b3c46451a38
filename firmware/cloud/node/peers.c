/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other boxes, as whoever manages several of them says it: the ends of the tunnels between them
 * (record /node/setting/peers), and, if it likes, which ports are behind which end (records
 * /node/remote/<vni>, one for each network). netd gets all of it upon each fresh link, before the
 * networks, and each change.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/cloud/node/internal.h"
#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"

#define PEERS_KEY "/node/setting/peers"
#define REMOTE_PREFIX "/node/remote/"
#define VNI_MOST 16777215
#define TUNNEL_PORT 4789
#define OVERHEAD4 50 /* Ethernet 14, IPv4 20, UDP 8, VXLAN 8 (RFC 7348, 4.3) */
#define OVERHEAD6 70
#define UPLINK_MTU 1500

static const struct schema ip = { .types = SCHEMA_STRING, .format = FORMAT_IP };
static const struct schema ip_or_null = { .types = SCHEMA_STRING | SCHEMA_NULL,
					  .format = FORMAT_IP };
static const struct schema mac = { .types = SCHEMA_STRING, .format = FORMAT_MAC };
static const struct schema ips = {
	.types = SCHEMA_ARRAY, .items = &ip, .max_items = NET_PEERS_MAX, .unique_items = true
};
static const struct schema port_number = { .types = SCHEMA_INTEGER,
					   .has_minimum = true,
					   .minimum = 1,
					   .has_maximum = true,
					   .maximum = 65535 };
static const struct schema boolean = { .types = SCHEMA_BOOLEAN };
static const struct schema_member peers_members[] = {
	{ .name = "endpoint", .schema = &ip_or_null, .required = true },
	{ .name = "port", .schema = &port_number },
	{ .name = "learning", .schema = &boolean },
	{ .name = "addresses", .schema = &ips, .required = true },
	{ .name = NULL },
};
static const struct schema peers_object = { .types = SCHEMA_OBJECT, .members = peers_members };
static const struct schema_member peers_body[] = {
	{ .name = "peers", .schema = &peers_object, .required = true },
	{ .name = NULL },
};
const struct schema node_peers_schema = { .types = SCHEMA_OBJECT, .members = peers_body };

static const struct schema_member port_members[] = {
	{ .name = "mac", .schema = &mac, .required = true },
	{ .name = "peer", .schema = &ip, .required = true },
	{ .name = "addresses", .schema = &ips, .required = true },
	{ .name = NULL },
};
static const struct schema port_object = { .types = SCHEMA_OBJECT, .members = port_members };
static const struct schema ports = { .types = SCHEMA_ARRAY,
				     .items = &port_object,
				     .max_items = NET_REMOTES_MAX };
static const struct schema_member remote_members[] = {
	{ .name = "ports", .schema = &ports, .required = true },
	{ .name = NULL },
};
static const struct schema remote_object = { .types = SCHEMA_OBJECT, .members = remote_members };
static const struct schema_member remote_body[] = {
	{ .name = "network", .schema = &remote_object, .required = true },
	{ .name = NULL },
};
const struct schema node_remote_schema = { .types = SCHEMA_OBJECT, .members = remote_body };

static void copy_text(char *to, size_t size, const char *text)
{
	snprintf(to, size, "%s", text ? text : "");
}

/* --- to netd --- */

static const char alone[] = "{\"endpoint\":null,\"port\":4789,\"learning\":true,\"addresses\":[]}";

static int load_peers(struct store_view *view, struct arena *arena, yyjson_val **setting,
		      struct error *error)
{
	struct store_record record = { .value = alone, .size = sizeof(alone) - 1 };
	int result = store_get(view, arena, PEERS_KEY, &record, error);

	if (result == -ENOENT)
		record = (struct store_record){ .value = alone, .size = sizeof(alone) - 1 };
	else if (result)
		return result;
	*setting = json_parse(arena, record.value, record.size);
	return *setting ? 0 : error_set(error, -EIO, "the setting of peers can't be read");
}

static int fill_peers(struct arena *arena, yyjson_val *setting, struct net_peers *peers)
{
	yyjson_val *list = yyjson_obj_get(setting, "addresses"), *item;
	struct net_address *addresses =
		arena_alloc(arena, yyjson_arr_size(list) * sizeof(*addresses) + 1);
	size_t i, most;

	if (!addresses)
		return -ENOMEM;
	copy_text(peers->endpoint, sizeof(peers->endpoint), json_string(setting, "endpoint"));
	peers->port = (uint32_t)json_integer(setting, "port", TUNNEL_PORT);
	peers->learning = json_bool(setting, "learning", true);
	yyjson_arr_foreach (list, i, most, item)
		copy_text(addresses[i].address, sizeof(addresses[i].address), yyjson_get_str(item));
	peers->peers = (struct message_list){ addresses, yyjson_arr_size(list) };
	return 0;
}

static int send_peers(struct node *node, struct store_view *view, struct arena *arena,
		      struct error *error)
{
	struct net_peers peers = { .port = 0 };
	yyjson_val *setting;
	int result = load_peers(view, arena, &setting, error);

	if (!result)
		result = fill_peers(arena, setting, &peers);
	if (result)
		return result;
	pthread_mutex_lock(&node->lock);
	node->overlay_ipv6 = strchr(peers.endpoint, ':') != NULL;
	pthread_mutex_unlock(&node->lock);
	link_send(node->cloud->links[ROLE_NETD], NETD_PEERS_SET, net_peers_fields, &peers, -1);
	return 0;
}

/* An entry for each address of a port; one for a port without any. */
static size_t fill_port(yyjson_val *port, struct net_remote *items, size_t room)
{
	yyjson_val *addresses = yyjson_obj_get(port, "addresses");
	size_t count = yyjson_arr_size(addresses) ? yyjson_arr_size(addresses) : 1;

	for (size_t i = 0; i < count && i < room; i++) {
		items[i] = (struct net_remote){ 0 };
		copy_text(items[i].mac, sizeof(items[i].mac), json_string(port, "mac"));
		copy_text(items[i].peer, sizeof(items[i].peer), json_string(port, "peer"));
		copy_text(items[i].address, sizeof(items[i].address),
			  yyjson_get_str(yyjson_arr_get(addresses, i)));
	}
	return count < room ? count : room;
}

static int send_remote(struct node *node, struct arena *arena, uint32_t vni, yyjson_val *network)
{
	struct net_remote *items = arena_alloc(arena, NET_REMOTES_MAX * sizeof(*items));
	struct net_remotes remotes = { .vni = vni, .remotes = { items, 0 } };
	yyjson_val *list = yyjson_obj_get(network, "ports"), *port;
	size_t i, most;

	if (!items)
		return -ENOMEM;
	yyjson_arr_foreach (list, i, most, port)
		remotes.remotes.count += fill_port(port, items + remotes.remotes.count,
						   NET_REMOTES_MAX - remotes.remotes.count);
	link_send(node->cloud->links[ROLE_NETD], NETD_REMOTES_SET, net_remotes_fields, &remotes,
		  -1);
	return 0;
}

struct sending {
	struct node *node;
	struct arena *arena;
};

static uint32_t key_vni(const char *key)
{
	return (uint32_t)strtoul(key + strlen(REMOTE_PREFIX), NULL, 10);
}

static int send_record(const struct store_record *record, void *context)
{
	struct sending *sending = context;
	yyjson_val *network = json_parse(sending->arena, record->value, record->size);

	if (network)
		send_remote(sending->node, sending->arena, key_vni(record->key), network);
	return 0;
}

void node_peers_send(struct node *node)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct sending sending = { node, &arena };
	struct error error = { 0 };
	struct store_view *view = NULL;
	int result = store_view_open(node->cloud->store, &view, &error);

	if (!result)
		result = send_peers(node, view, &arena, &error);
	if (!result)
		node_physical_send(node, view, &arena);
	if (!result &&
	    store_range(view, &arena, REMOTE_PREFIX, NULL, 0, send_record, &sending, &error) < 0)
		result = error.code;
	store_view_close(view);
	if (result)
		log_error("node", "peers not set", "reason=%s", log_quote(error.message));
}

/* What is deleted is told as a network without ports. */
static void on_changed(struct store_watch *watch, const char *key, uint64_t revision, bool deleted)
{
	struct node *node = container_of(watch, struct node, peers_watch);
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct store_record record = { 0 };
	struct store_view *view = NULL;
	struct error error = { 0 };
	yyjson_val *network = NULL;

	(void)revision;
	if (!link_is_up(node->cloud->links[ROLE_NETD]) ||
	    store_view_open(node->cloud->store, &view, &error))
		return;
	if (!strcmp(key, PEERS_KEY))
		send_peers(node, view, &arena, &error);
	if (!strcmp(key, NODE_PHYSICAL_KEY))
		node_physical_send(node, view, &arena);
	if (!strncmp(key, REMOTE_PREFIX, strlen(REMOTE_PREFIX))) {
		if (!deleted && !store_get(view, &arena, key, &record, &error))
			network = json_parse(&arena, record.value, record.size);
		send_remote(node, &arena, key_vni(key), network);
	}
	store_view_close(view);
}

int node_peers_start(struct node *node)
{
	node->peers_watch = (struct store_watch){ .prefix = "/node/", .changed = on_changed };
	return store_watch_start(node->cloud->store, &node->peers_watch, 0);
}

uint32_t node_overlay_mtu(struct cloud *cloud)
{
	struct node *node = cloud->node;
	uint32_t uplink = UPLINK_MTU, overhead = OVERHEAD4;

	if (node) {
		pthread_mutex_lock(&node->lock);
		uplink = node->mtu ? node->mtu : UPLINK_MTU;
		overhead = node->overlay_ipv6 ? OVERHEAD6 : OVERHEAD4;
		pthread_mutex_unlock(&node->lock);
	}
	return uplink - overhead;
}

/* --- GET and PUT /node/v1/peers --- */

static int reply_with(struct request *request, const char *name, yyjson_val *value)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);

	json_set(doc, root, name, yyjson_val_mut_copy(doc, value));
	return reply_json(request, 200, doc, root);
}

int node_peers_show(struct request *request, struct error *error)
{
	struct store_view *view;
	yyjson_val *setting = NULL;
	int result = request_view(request, &view, error);

	if (!result)
		result = load_peers(view, request->arena, &setting, error);
	return result ? result : reply_with(request, "peers", setting);
}

static bool is_ipv6(const char *address)
{
	return strchr(address, ':') != NULL;
}

static int check_peers(yyjson_val *peers, struct error *error)
{
	const char *endpoint = json_string(peers, "endpoint");
	yyjson_val *list = yyjson_obj_get(peers, "addresses"), *item;
	size_t i, most;

	if (!endpoint)
		return yyjson_arr_size(list) == 0
			       ? 0
			       : error_set(error, -EINVAL, "Peers need an endpoint of this box.");
	yyjson_arr_foreach (list, i, most, item)
		if (is_ipv6(yyjson_get_str(item)) != is_ipv6(endpoint))
			return error_set(error, -EINVAL,
					 "The endpoints of all boxes have one IP version.");
	return 0;
}

/* With what was left out. */
static yyjson_mut_val *whole_peers(yyjson_mut_doc *doc, yyjson_val *given)
{
	yyjson_mut_val *peers = yyjson_val_mut_copy(doc, given);

	if (!yyjson_mut_obj_get(peers, "port"))
		json_set_integer(doc, peers, "port", TUNNEL_PORT);
	if (!yyjson_mut_obj_get(peers, "learning"))
		json_set_bool(doc, peers, "learning", true);
	return peers;
}

static int put(struct request *request, const char *key, const char *name, yyjson_mut_val *value,
	       struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	const char *text = request_write(request, value);
	int result;

	if (!txn || !text)
		return error_set(error, -ENOMEM, "out of memory");
	store_txn_put(txn, key, text);
	result = request_commit(request, txn, error);
	if (result < 0)
		return result;
	return reply_with(request, name, json_parse(request->arena, text, strlen(text)));
}

int node_peers_set(struct request *request, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(request->body, "peers");
	int result = check_peers(given, error);

	return result ? result
		      : put(request, PEERS_KEY, "peers",
			    whole_peers(request_document(request), given), error);
}

/* --- /node/v1/peers/networks --- */

static int vni_key(struct request *request, char key[static STORE_KEY_MAX], struct error *error)
{
	const char *text = request_param(request, "vni");
	unsigned long vni = strspn(text, "0123456789") == strlen(text) && strlen(text) < 9
				    ? strtoul(text, NULL, 10)
				    : 0;

	if (vni == 0 || vni > VNI_MOST)
		return error_set(error, -ENOENT, "No network has the VNI '%.32s'.", text);
	snprintf(key, STORE_KEY_MAX, REMOTE_PREFIX "%08lu", vni);
	return 0;
}

static int load_remote(struct request *request, const char *key, yyjson_val **network,
		       struct error *error)
{
	struct store_record record;
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result)
		result = store_get(view, request->arena, key, &record, error);
	if (result == -ENOENT)
		return error_set(error, -ENOENT, "Nothing is told of this network.");
	if (result)
		return result;
	*network = json_parse(request->arena, record.value, record.size);
	return *network ? 0 : error_set(error, -EIO, "record %s is damaged", key);
}

int node_remote_show(struct request *request, struct error *error)
{
	char key[STORE_KEY_MAX];
	yyjson_val *network = NULL;
	int result = vni_key(request, key, error);

	if (!result)
		result = load_remote(request, key, &network, error);
	return result ? result : reply_with(request, "network", network);
}

/* As many addresses as one message to netd takes. */
static int check_remote(yyjson_val *network, struct error *error)
{
	yyjson_val *list = yyjson_obj_get(network, "ports"), *port;
	size_t i, most, count = 0;

	yyjson_arr_foreach (list, i, most, port) {
		size_t addresses = yyjson_arr_size(yyjson_obj_get(port, "addresses"));
		char second[] = { json_string(port, "mac")[1], '\0' };

		/* The first byte's lowest bit: a group's. */
		if (strtoul(second, NULL, 16) & 1)
			return error_set(error, -EINVAL, "'%s' is not the MAC of a port.",
					 json_string(port, "mac"));
		count += addresses ? addresses : 1;
	}
	return count <= NET_REMOTES_MAX
		       ? 0
		       : error_set(error, -EINVAL, "A network has at most %d addresses of others.",
				   NET_REMOTES_MAX);
}

int node_remote_set(struct request *request, struct error *error)
{
	yyjson_val *given = yyjson_obj_get(request->body, "network");
	char key[STORE_KEY_MAX];
	int result = vni_key(request, key, error);

	if (!result)
		result = check_remote(given, error);
	return result ? result
		      : put(request, key, "network",
			    yyjson_val_mut_copy(request_document(request), given), error);
}

int node_remote_delete(struct request *request, struct error *error)
{
	struct store_txn *txn = store_txn_new(request->arena);
	char key[STORE_KEY_MAX];
	yyjson_val *network;
	int result = vni_key(request, key, error);

	if (!result)
		result = load_remote(request, key, &network, error);
	if (!result) {
		store_txn_delete(txn, key);
		result = request_commit(request, txn, error);
	}
	return result < 0 ? result : reply_empty(request, 204);
}

struct listing {
	struct arena *arena;
	yyjson_mut_doc *doc;
	yyjson_mut_val *networks;
};

static int list_record(const struct store_record *record, void *context)
{
	struct listing *listing = context;
	yyjson_mut_val *entry = yyjson_mut_obj(listing->doc);
	yyjson_val *network = json_parse(listing->arena, record->value, record->size);

	json_set_integer(listing->doc, entry, "vni", key_vni(record->key));
	json_set(listing->doc, entry, "ports",
		 yyjson_val_mut_copy(listing->doc, yyjson_obj_get(network, "ports")));
	yyjson_mut_arr_append(listing->networks, entry);
	return 0;
}

int node_remote_list(struct request *request, struct error *error)
{
	yyjson_mut_doc *doc = request_document(request);
	yyjson_mut_val *root = yyjson_mut_obj(doc);
	struct listing listing = { request->arena, doc,
				   yyjson_mut_obj_add_arr(doc, root, "networks") };
	struct store_view *view;
	int result = request_view(request, &view, error);

	if (!result && store_range(view, request->arena, REMOTE_PREFIX, NULL, 0, list_record,
				   &listing, error) < 0)
		result = error->code;
	return result ? result : reply_json(request, 200, doc, root);
}
