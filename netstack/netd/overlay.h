/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other boxes. A network of type vxlan has, when there are peers, a VXLAN link (cv<vni>) on its
 * bridge. What is sent to everybody goes to each peer once; where a MAC is, is learned from what
 * arrives, or told in advance ("remotes": MACs and addresses of the other boxes' ports), and then
 * the bridge answers ARP and neighbour solicitations for them itself.
 *
 *	event                  what is done
 *	PEERS_SET              all networks are dirty: tunnels made, changed, removed
 *	REMOTES_SET            the network of that number is dirty
 *	fresh link to cloud    what is told nothing of until SYNC is forgotten then
 *
 * A tunnel's frames are the peers' matter: guests there were looked at there. Here they pass the
 * receiver's security groups, like those of any other port.
 */
#ifndef CUMULET_NETD_OVERLAY_H
#define CUMULET_NETD_OVERLAY_H

#include "netstack/netd/backend.h"
#include "netstack/netd/model.h"

#define OVERLAY_PORT 4789 /* RFC 7348, 8.1 */

struct overlay_remotes; /* of one network */

struct overlay {
	struct address local; /* family 0: the box is alone */
	uint16_t port;
	bool learning;
	struct address peers[NET_PEERS_MAX];
	size_t count;
	bool stale; /* not told since the link to cloud came */
	struct overlay_remotes *remotes;
};

/* Both: -EINVAL and the reason when the message is not sound; nothing has changed then. */
int overlay_peers_set(struct overlay *overlay, const struct net_peers *peers, struct error *error);
int overlay_remotes_set(struct overlay *overlay, const struct net_remotes *remotes,
			struct error *error);
void overlay_stale(struct overlay *overlay);
/* Forgets what is stale; true when there was something. */
bool overlay_sync(struct overlay *overlay);
void overlay_free(struct overlay *overlay);

/* The network is carried to other boxes. */
bool overlay_carries(const struct overlay *overlay, const struct net_network *network);
/* Its tunnel, on its bridge; or none. */
int overlay_network_set(const struct overlay *overlay, struct backend *backend,
			const struct net_network *network, struct error *error);

#endif
