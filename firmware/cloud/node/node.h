/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The box itself, under /node/v1: what it is and how it fares, logs, power, the operator's
 * password, the uplink's settings; and the word to the console that something has changed.
 * Records: /node/setting/uplink, /node/setting/peers, /node/remote/<vni>,
 * /node/setting/physical-networks
 */
#ifndef CUMULET_NODE_H
#define CUMULET_NODE_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/service.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/store/store.h"

extern const struct service node_service;
extern const struct service index_service; /* GET / */

/* Opens what can not be reached from within the chroot. */
void node_before_confinement(void);
/* The largest MTU of a network that is carried to other boxes. Any thread. */
uint32_t node_overlay_mtu(struct cloud *cloud);
/* The board's physical networks: objects with name, link, vlan_ranges. An array of the arena; and the
 * one of a name, NULL: there is none. */
yyjson_val *node_physicals(struct store_view *view, struct arena *arena, struct error *error);
yyjson_val *node_physical(struct store_view *view, struct arena *arena, const char *name,
			  struct error *error);
/* A control message of init: the reply to a question for the log. Loop's thread. */
void node_control(struct cloud *cloud, struct message *message);

/*
 * cloud -> console on their LINK_MESSAGES, whenever something below /compute/, /network/, /image/
 * or /node/ has changed, at most five times a second; once upon each fresh link.
 */
enum node_message { NODE_CHANGED = 1 };
struct node_changed {
	uint64_t revision; /* of the store */
};
extern const struct field node_changed_fields[];

#endif
