/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What netd tells svc, and cloud's replies. Without netd there is no reason to go on. */
#include <string.h>
#include <unistd.h>

#include "firmware/lib/log.h"
#include "netstack/svc/svc.h"

/* --- from cloud --- */

static void cloud_message(struct channel *channel, struct message *message, void *context)
{
	struct arena arena = ARENA_INIT;
	struct svc_metadata reply = { 0 };

	(void)channel;
	if (message->type == SVC_METADATA &&
	    message_decode(&arena, message, svc_metadata_fields, &reply, NULL) == 0)
		metadata_reply(context, message->reply_to, &reply);
	arena_free(&arena);
}

static void cloud_lost(struct channel *channel, void *context)
{
	(void)channel;
	metadata_lost(context);
}

static const struct channel_handler cloud_handler = { cloud_message, cloud_lost };

void svc_cloud_attach(struct svc *svc, int fd)
{
	if (fd < 0)
		return;
	channel_close(&svc->cloud);
	metadata_lost(svc);
	channel_open(&svc->cloud, svc->loop, fd, "cloud", &cloud_handler, svc);
}

/* --- from netd --- */

static void network_take(struct svc *svc, struct message *message, struct arena *arena)
{
	struct net_network network = { 0 };
	struct error error = { 0 };
	int result = message_decode(arena, message, net_network_fields, &network, &error);

	if (result == 0)
		result = svc_network_set(svc, &network, arena, &error);
	if (result < 0)
		log_error("svc", "network not set", "reason=%s", log_quote(error.message));
}

static void port_take(struct svc *svc, struct message *message, struct arena *arena)
{
	struct net_port port = { 0 };
	int result = message_decode(arena, message, net_port_fields, &port, NULL);

	if (result == 0)
		result = lease_set(&svc->leases, &port);
	if (result == 0 && svc->advertises && strcmp(port.owner, "network:router_interface") == 0)
		ipv6_changed(svc);
	if (result < 0)
		log_error("svc", "port not set", "port=%s errno=%d", port.id, -result);
}

static void port_drop(struct svc *svc, struct message *message, struct arena *arena)
{
	struct net_id id = { 0 };
	const struct lease *lease;

	if (message_decode(arena, message, net_id_fields, &id, NULL) < 0)
		return;
	lease = lease_by_id(&svc->leases, id.id);
	if (lease != NULL && lease->is_router && svc->advertises) {
		ipv6_router_gone(svc, lease);
		ipv6_changed(svc);
	}
	lease_delete(&svc->leases, id.id);
}

static void dns_take(struct svc *svc, struct message *message, struct arena *arena)
{
	struct svc_dns answer = { 0 };

	if (message_decode(arena, message, svc_dns_fields, &answer, NULL) == 0)
		dns_service_answer(svc, &answer);
}

static void netd_message(struct channel *channel, struct message *message, void *context)
{
	struct arena arena = ARENA_INIT;
	struct svc *svc = context;

	(void)channel;
	switch (message->type) {
	case SVC_NETWORK_SET:
		network_take(svc, message, &arena);
		break;
	case SVC_PORT_SET:
		port_take(svc, message, &arena);
		break;
	case SVC_PORT_DELETE:
		port_drop(svc, message, &arena);
		break;
	case SVC_DNS_ANSWER:
		dns_take(svc, message, &arena);
		break;
	case SVC_CLOUD_LINK:
		svc_cloud_attach(svc, message_take_fd(message, 0));
		break;
	}
	arena_free(&arena);
}

static void netd_lost(struct channel *channel, void *context)
{
	(void)channel;
	loop_stop(((struct svc *)context)->loop, 0);
}

static const struct channel_handler netd_handler = { netd_message, netd_lost };

int svc_netd_attach(struct svc *svc, int fd)
{
	return channel_open(&svc->netd, svc->loop, fd, "netd", &netd_handler, svc);
}
