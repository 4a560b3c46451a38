/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netstack/netd/overlay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware/lib/cleanup.h"
#include "netstack/netd/names.h"

struct overlay_remotes {
	struct overlay_remotes *next;
	uint32_t vni;
	bool stale;
	size_t count;
	struct backend_remote items[];
};

/* --- peers --- */

static int host_parse(const char *text, struct address *address)
{
	return address_parse(text, address) == 0 && address_is_host(address) ? 0 : -EINVAL;
}

static int peer_add(struct overlay *overlay, const char *text, struct error *error)
{
	struct address *peer = &overlay->peers[overlay->count];

	if (host_parse(text, peer) < 0 || peer->family != overlay->local.family)
		return error_set(error, -EINVAL, "not a peer of this box: %.45s", text);
	if (!address_equal(peer, &overlay->local))
		overlay->count++; /* everybody may be told the same list */
	return 0;
}

int overlay_peers_set(struct overlay *overlay, const struct net_peers *peers, struct error *error)
{
	const struct net_address *items = peers->peers.items;
	struct overlay next = { .remotes = overlay->remotes, .learning = peers->learning };
	int result = 0;

	next.port = peers->port != 0 ? (uint16_t)peers->port : OVERLAY_PORT;
	if (peers->port > 65535 ||
	    (peers->endpoint[0] != '\0' && host_parse(peers->endpoint, &next.local) < 0))
		return error_set(error, -EINVAL, "this box's end is not sound");
	for (size_t i = 0; result == 0 && i < peers->peers.count && i < NET_PEERS_MAX; i++)
		result = peer_add(&next, items[i].address, error);
	if (result == 0)
		*overlay = next;
	return result;
}

/* --- remotes --- */

static int remote_parse(const struct net_remote *item, struct backend_remote *remote)
{
	if (mac_parse(item->mac, remote->mac) < 0 || (remote->mac[0] & 1) != 0 ||
	    host_parse(item->peer, &remote->peer) < 0)
		return -EINVAL;
	return item->address[0] == '\0' ? 0 : host_parse(item->address, &remote->address);
}

static struct overlay_remotes *remotes_new(const struct net_remotes *message, struct error *error)
{
	size_t count = message->remotes.count;
	const struct net_remote *items = message->remotes.items;
	struct overlay_remotes *remotes =
		calloc(1, sizeof(*remotes) + count * sizeof(remotes->items[0]));

	if (remotes == NULL)
		error_set(error, -ENOMEM, "no memory");
	for (size_t i = 0; remotes != NULL && i < count; i++)
		if (remote_parse(&items[i], &remotes->items[i]) < 0) {
			error_set(error, -EINVAL, "remote port %zu is not sound", i);
			free(remotes);
			return NULL;
		}
	if (remotes != NULL) {
		remotes->vni = message->vni;
		remotes->count = count;
	}
	return remotes;
}

static struct overlay_remotes **remotes_place(struct overlay *overlay, uint32_t vni)
{
	struct overlay_remotes **place = &overlay->remotes;

	while (*place != NULL && (*place)->vni != vni)
		place = &(*place)->next;
	return place;
}

static void remotes_remove(struct overlay_remotes **place)
{
	struct overlay_remotes *gone = *place;

	*place = gone->next;
	free(gone);
}

int overlay_remotes_set(struct overlay *overlay, const struct net_remotes *message,
			struct error *error)
{
	struct overlay_remotes **place = remotes_place(overlay, message->vni);
	struct overlay_remotes *remotes;

	if (message->remotes.count == 0) {
		if (*place != NULL)
			remotes_remove(place);
		return 0;
	}
	remotes = remotes_new(message, error);
	if (remotes == NULL)
		return error != NULL ? error->code : -EINVAL;
	if (*place != NULL)
		remotes_remove(place);
	remotes->next = *place;
	*place = remotes;
	return 0;
}

/* --- what the link to cloud means --- */

void overlay_stale(struct overlay *overlay)
{
	overlay->stale = overlay->local.family != 0;
	for (struct overlay_remotes *item = overlay->remotes; item != NULL; item = item->next)
		item->stale = true;
}

bool overlay_sync(struct overlay *overlay)
{
	struct overlay_remotes **place = &overlay->remotes;
	bool any = overlay->stale;

	if (overlay->stale) {
		overlay->local.family = 0;
		overlay->count = 0;
		overlay->stale = false;
	}
	while (*place != NULL) {
		any |= (*place)->stale;
		if ((*place)->stale)
			remotes_remove(place);
		else
			place = &(*place)->next;
	}
	return any;
}

void overlay_free(struct overlay *overlay)
{
	while (overlay->remotes != NULL)
		remotes_remove(&overlay->remotes);
}

/* --- networks --- */

bool overlay_carries(const struct overlay *overlay, const struct net_network *network)
{
	return overlay->local.family != 0 && overlay->count > 0 && network->vni != 0 &&
	       network->admin_up && strcmp(network->type, "vxlan") == 0;
}

/* Of a network's remotes those that are behind a peer. */
static size_t remotes_collect(const struct overlay *overlay, const struct overlay_remotes *remotes,
			      struct backend_remote *list)
{
	size_t count = 0;

	for (size_t i = 0; remotes != NULL && i < remotes->count; i++)
		for (size_t j = 0; j < overlay->count; j++)
			if (address_equal(&overlay->peers[j], &remotes->items[i].peer)) {
				list[count++] = remotes->items[i];
				break;
			}
	return count;
}

static int tunnel_set(const struct overlay *overlay, struct backend *backend,
		      const struct net_network *network, const struct backend_remote *list,
		      size_t count, struct error *error)
{
	struct backend_vxlan vxlan = {
		.vni = network->vni,
		.mtu = network->mtu,
		.local = overlay->local,
		.port = overlay->port,
		.learning = overlay->learning,
		.suppress = count > 0,
	};
	int result;

	name_tunnel(vxlan.name, network);
	name_bridge(vxlan.bridge, network);
	result = backend->ops->vxlan_set(backend, &vxlan, error);
	return result < 0 ? result
			  : backend->ops->remotes_set(backend, &vxlan, overlay->peers,
						      overlay->count, list, count, error);
}

int overlay_network_set(const struct overlay *overlay, struct backend *backend,
			const struct net_network *network, struct error *error)
{
	const struct overlay_remotes *remotes =
		*remotes_place((struct overlay *)overlay, network->vni);
	size_t most = remotes != NULL ? remotes->count : 0, count;
	CLEANUP_FREE struct backend_remote *list = calloc(most + 1, sizeof(*list));
	char name[IFNAMSIZ];

	if (list == NULL)
		return error_set(error, -ENOMEM, "no memory");
	if (!overlay_carries(overlay, network)) {
		name_tunnel(name, network);
		return network->vni != 0 ? backend->ops->link_delete(backend, name, error) : 0;
	}
	count = remotes_collect(overlay, remotes, list);
	return tunnel_set(overlay, backend, network, list, count, error);
}
