/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What cloud and vmm may ask; netstack/message.h says what it means. */
#include <string.h>
#include <unistd.h>

#include "firmware/lib/cleanup.h"
#include "firmware/lib/log.h"
#include "netstack/netd/names.h"
#include "netstack/netd/netd.h"

typedef int request_handler(struct netd *netd, struct message *message, int *fd,
			    struct error *error);

/* --- from cloud --- */

static int object_set(struct netd *netd, enum object_kind kind, const struct message *message,
		      struct error *error)
{
	struct object *object;
	int result = model_set(&netd->model, kind, message, &object, error);

	if (result == 0)
		netd_touch(netd);
	return result;
}

static int id_decode(const struct message *message, struct net_id *id, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;

	memset(id, 0, sizeof(*id));
	return message_decode(&arena, message, net_id_fields, id, error);
}

static int object_delete(struct netd *netd, enum object_kind kind, const struct message *message,
			 struct error *error)
{
	struct net_id id;
	struct object *object;
	int result = id_decode(message, &id, error);

	if (result < 0)
		return result;
	object = model_find(&netd->model, kind, id.id);
	if (object == NULL)
		return 0;
	object->doomed = true;
	netd_touch(netd);
	return 0;
}

#define SET_AND_DELETE(name, kind)                                                                 \
	static int name##_set(struct netd *netd, struct message *message, int *fd,                 \
			      struct error *error)                                                 \
	{                                                                                          \
		(void)fd;                                                                          \
		return object_set(netd, kind, message, error);                                     \
	}                                                                                          \
	static int name##_delete(struct netd *netd, struct message *message, int *fd,              \
				 struct error *error)                                              \
	{                                                                                          \
		(void)fd;                                                                          \
		return object_delete(netd, kind, message, error);                                  \
	}

SET_AND_DELETE(network, OBJECT_NETWORK)
SET_AND_DELETE(port, OBJECT_PORT)
SET_AND_DELETE(group, OBJECT_GROUP)
SET_AND_DELETE(addresses, OBJECT_ADDRESSES)
SET_AND_DELETE(router, OBJECT_ROUTER)

static int uplink_request(struct netd *netd, struct message *message, int *fd, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_uplink uplink = { 0 };
	struct uplink_settings settings;
	int result = message_decode(&arena, message, net_uplink_fields, &uplink, error);

	(void)fd;
	if (result == 0 && uplink_settings_from(&uplink, &settings) < 0)
		result = error_set(error, -EINVAL, "uplink settings are not sound");
	if (result == 0)
		uplink_set(&netd->uplink, &settings);
	return result;
}

static int peers_request(struct netd *netd, struct message *message, int *fd, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_peers peers = { .port = 0 };
	int result = message_decode(&arena, message, net_peers_fields, &peers, error);

	(void)fd;
	if (result == 0)
		result = overlay_peers_set(&netd->overlay, &peers, error);
	if (result == 0)
		netd_networks_dirty(netd, 0);
	return result;
}

static int remotes_request(struct netd *netd, struct message *message, int *fd, struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_remotes remotes = { .vni = 0 };
	int result = message_decode(&arena, message, net_remotes_fields, &remotes, error);

	(void)fd;
	if (result == 0 && remotes.vni == 0)
		result = error_set(error, -EINVAL, "no number of a network");
	if (result == 0)
		result = overlay_remotes_set(&netd->overlay, &remotes, error);
	if (result == 0)
		netd_networks_dirty(netd, remotes.vni);
	return result;
}

static int physicals_request(struct netd *netd, struct message *message, int *fd,
			     struct error *error)
{
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct net_physicals physicals = { .physicals = { NULL, 0 } };
	int result = message_decode(&arena, message, net_physicals_fields, &physicals, error);

	(void)fd;
	if (result == 0)
		result = physicals_set(&netd->physicals, &physicals, error);
	if (result == 0)
		netd_networks_dirty(netd, 0);
	return result;
}

/* What was kept because it might be wanted is looked at once more. */
static void settle(struct netd *netd)
{
	netd->backend->settled = true;
	model_each(&netd->model, OBJECT_ROUTER, object) object->dirty = true;
	netd_reconcile(netd);
	uplink_settle(&netd->uplink);
}

static int sync_request(struct netd *netd, struct message *message, int *fd, struct error *error)
{
	bool others;

	(void)message;
	(void)fd;
	(void)error;
	model_sync(&netd->model);
	others = overlay_sync(&netd->overlay);
	if (physicals_sync(&netd->physicals) || others)
		netd_networks_dirty(netd, 0);
	if (!netd->backend->settled)
		settle(netd);
	netd_reconcile(netd);
	netd_sweep(netd);
	return 0;
}

/* --- from vmm --- */

static int tap_open_request(struct netd *netd, struct message *message, int *fd,
			    struct error *error)
{
	struct net_id id;
	int result = id_decode(message, &id, error);

	return result < 0 ? result : netd_tap_open(netd, id.id, fd, error);
}

static int tap_close_request(struct netd *netd, struct message *message, int *fd,
			     struct error *error)
{
	struct net_id id;
	int result = id_decode(message, &id, error);

	(void)fd;
	return result < 0 ? result : netd_tap_close(netd, id.id, error);
}

/* --- both --- */

struct request {
	uint16_t type;
	request_handler *handler;
};

static const struct request cloud_requests[] = {
	{ NETD_NETWORK_SET, network_set },     { NETD_NETWORK_DELETE, network_delete },
	{ NETD_PORT_SET, port_set },           { NETD_PORT_DELETE, port_delete },
	{ NETD_GROUP_SET, group_set },         { NETD_GROUP_DELETE, group_delete },
	{ NETD_ADDRESSES_SET, addresses_set }, { NETD_ADDRESSES_DELETE, addresses_delete },
	{ NETD_ROUTER_SET, router_set },       { NETD_ROUTER_DELETE, router_delete },
	{ NETD_UPLINK_SET, uplink_request },   { NETD_PEERS_SET, peers_request },
	{ NETD_REMOTES_SET, remotes_request }, { NETD_PHYSICALS_SET, physicals_request },
	{ NETD_SYNC, sync_request },           { 0, NULL },
};

static const struct request vmm_requests[] = {
	{ NETD_TAP_OPEN, tap_open_request },
	{ NETD_TAP_CLOSE, tap_close_request },
	{ 0, NULL },
};

static void request_serve(struct netd *netd, const struct request *table, struct channel *channel,
			  struct message *message)
{
	struct error error = { 0 };
	struct net_reply reply = { 0 };
	CLEANUP_FD int fd = -1;
	int result;

	while (table->handler != NULL && table->type != message->type)
		table++;
	result = table->handler != NULL
			 ? table->handler(netd, message, &fd, &error)
			 : error_set(&error, -ENOSYS, "not for this peer: %u", message->type);
	if (result < 0) {
		reply.code = (uint32_t)-result;
		memcpy(reply.reason, error.message, sizeof(reply.reason) - 1);
		log_warning("netd", "request refused", "peer=%s type=%u reason=%s", channel->name,
			    message->type, log_quote(error.message));
	}
	channel_send_struct(channel, NETD_REPLY, message->serial, net_reply_fields, &reply, fd);
}

/* What the tap was sent is what the guest received. */
static int counters_read(struct netd *netd, const struct message *message,
			 struct net_counters *counters)
{
	struct backend_counters tap;
	struct error error = { 0 };
	char name[IFNAMSIZ];
	struct net_id id;
	int result = id_decode(message, &id, &error);

	if (result < 0 || !uuid_valid(id.id))
		return -EINVAL;
	name_link(name, "ct", id.id);
	result = netd->backend->ops->counters(netd->backend, name, &tap, &error);
	if (result < 0)
		return result;
	*counters = (struct net_counters){
		.received_bytes = tap.sent_bytes,
		.received_packets = tap.sent_packets,
		.received_errors = tap.sent_errors,
		.received_dropped = tap.sent_dropped,
		.sent_bytes = tap.received_bytes,
		.sent_packets = tap.received_packets,
		.sent_errors = tap.received_errors,
		.sent_dropped = tap.received_dropped,
	};
	return 0;
}

static void counters_serve(struct netd *netd, struct channel *channel, struct message *message)
{
	struct net_counters counters = { 0 };
	int result = counters_read(netd, message, &counters);

	if (result < 0)
		counters.code = (uint32_t)-result;
	channel_send_struct(channel, NETD_COUNTERS, message->serial, net_counters_fields, &counters,
			    -1);
}

static void cloud_message(struct channel *channel, struct message *message, void *context)
{
	if (message->type == NETD_COUNTERS_GET)
		counters_serve(context, channel, message);
	else
		request_serve(context, cloud_requests, channel, message);
}

static void vmm_message(struct channel *channel, struct message *message, void *context)
{
	request_serve(context, vmm_requests, channel, message);
}

const struct channel_handler netd_cloud_handler = { cloud_message, NULL };
const struct channel_handler netd_vmm_handler = { vmm_message, NULL };

/* A fresh cloud sends all that it wants: what it does not name until SYNC is not wanted. */
void netd_cloud_attach(struct netd *netd, int fd)
{
	channel_close(&netd->cloud);
	if (channel_open(&netd->cloud, netd->loop, fd, "cloud", &netd_cloud_handler, netd) < 0)
		return;
	model_stale(&netd->model);
	overlay_stale(&netd->overlay);
	netd->physicals.stale = true;
	netd_report_all(netd);
	svc_links_renew(netd);
	netd->uplink.changed(&netd->uplink);
}

void netd_vmm_attach(struct netd *netd, int fd)
{
	channel_close(&netd->vmm);
	channel_open(&netd->vmm, netd->loop, fd, "vmm", &netd_vmm_handler, netd);
}
