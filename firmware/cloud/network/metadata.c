/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firmware/cloud/network/metadata.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "firmware/cloud/compute/compute.h"
#include "firmware/cloud/network/network.h"
#include "firmware/lib/log.h"
#include "netstack/message.h"

/* One for each network's service; freed when its channel closes. */
struct metadata_link {
	struct channel channel;
	struct cloud *cloud;
	char network_id[UUID_SIZE];
};

static void reply(struct channel *channel, uint32_t reply_to, uint32_t status, const char *type,
		  const void *body, size_t size)
{
	struct svc_metadata answer = { .status = status, .body = { body, size } };

	strncat(answer.content_type, type, sizeof(answer.content_type) - 1);
	if (channel_send_struct(channel, SVC_METADATA, reply_to, svc_metadata_fields, &answer, -1) <
	    0)
		log_warning("network", "metadata reply not sent", "bytes=%zu", size);
}

static int find_port(const struct metadata_link *link, const struct svc_metadata_get *get,
		     struct store_view *view, struct arena *arena, yyjson_val **port)
{
	if (get->mac[0])
		return network_port_by_mac(view, arena, link->network_id, get->mac, port, NULL);
	return network_port_by_address(view, arena, link->network_id, get->address, port, NULL);
}

/* The network is the link's own, whatever the message says: a service speaks for itself only. */
static void answer(struct metadata_link *link, const struct svc_metadata_get *get,
		   struct message *message, struct arena *arena)
{
	struct store_view *view;
	yyjson_val *port;
	const char *type = "text/plain";
	const void *body = "";
	size_t size = 0;
	int status = 500;

	if (store_view_open(link->cloud->store, &view, NULL)) {
		reply(&link->channel, message->serial, 500, type, body, size);
		return;
	}
	if (find_port(link, get, view, arena, &port))
		status = 404;
	else
		compute_metadata(link->cloud, view, arena, port, get->path, &status, &type, &body,
				 &size, NULL);
	reply(&link->channel, message->serial, (uint32_t)status, type, body, size);
	store_view_close(view);
}

static void on_message(struct channel *channel, struct message *message, void *context)
{
	struct metadata_link *link = context;
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct svc_metadata_get get = { 0 };
	struct error error = { 0 };

	(void)channel;
	if (message->type != SVC_METADATA_GET)
		return;
	if (message_decode(&arena, message, svc_metadata_get_fields, &get, &error))
		log_error("network", "bad message from svc", "error=%s", log_quote(error.message));
	else
		answer(link, &get, message, &arena);
}

static _Atomic size_t links;

size_t metadata_link_count(void)
{
	return links;
}

static void on_close(struct channel *channel, void *context)
{
	(void)channel;
	links--;
	free(context);
}

void metadata_link_take(struct cloud *cloud, struct message *message)
{
	static const struct channel_handler handler = { on_message, on_close };
	CLEANUP_ARENA struct arena arena = ARENA_INIT;
	struct metadata_link *link = calloc(1, sizeof(*link));
	struct net_id network = { 0 };
	int fd = message_take_fd(message, 0);

	if (!link || fd < 0 || message_decode(&arena, message, net_id_fields, &network, NULL))
		goto failed;
	link->cloud = cloud;
	memcpy(link->network_id, network.id, sizeof(link->network_id));
	if (channel_open(&link->channel, cloud->loop, fd, "svc", &handler, link))
		goto failed;
	links++;
	return;
failed:
	log_error("network", "link to svc not taken", "network=%s", network.id);
	if (fd >= 0)
		close(fd);
	free(link);
}
