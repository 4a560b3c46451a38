/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of this folder. */
#ifndef CUMULET_NODE_INTERNAL_H
#define CUMULET_NODE_INTERNAL_H

#include <pthread.h>

#include "firmware/cloud/call.h"
#include "firmware/cloud/json.h"
#include "firmware/cloud/link.h"
#include "firmware/cloud/node/node.h"
#include "hypervisor/message.h"
#include "netstack/message.h"

#define NODE_UPLINK_KEY "/node/setting/uplink"
#define NODE_PHYSICAL_KEY "/node/setting/physical-networks"
#define NODE_ADDRESSES_MAX 16
#define NODE_WATCHES 4

struct node_watch {
	struct store_watch watch;
	struct node *node;
};

struct node {
	struct cloud *cloud;
	struct call_table calls; /* questions to init */
	struct link_observer vmm, netd, console;

	pthread_mutex_t lock; /* what follows: written by the loop, read by workers */
	struct vmm_host host;
	bool host_known;
	char link[16], gateway[ADDRESS_SIZE];
	bool carrier;
	uint32_t mtu;      /* of the uplink; 0: not known */
	bool overlay_ipv6; /* tunnels to other boxes are over IPv6 */
	char addresses[NODE_ADDRESSES_MAX][CIDR_SIZE];
	size_t address_count;

	struct node_watch watches[NODE_WATCHES]; /* loop's */
	struct store_watch peers_watch;
	struct loop_timer notify;
	bool changed;
};

/* handlers */
int node_show(struct request *request, struct error *error);
int node_versions(struct request *request, struct error *error);
int node_ca(struct request *request, struct error *error);
int node_logs(struct request *request, struct error *error);
int node_log_level(struct request *request, struct error *error);
int node_power(struct request *request, struct error *error);
int node_admin_password(struct request *request, struct error *error);
int node_uplink_show(struct request *request, struct error *error);
int node_uplink_set(struct request *request, struct error *error);
int node_peers_show(struct request *request, struct error *error);
int node_peers_set(struct request *request, struct error *error);
int node_physical_show(struct request *request, struct error *error);
int node_physical_set(struct request *request, struct error *error);
int node_remote_list(struct request *request, struct error *error);
int node_remote_show(struct request *request, struct error *error);
int node_remote_set(struct request *request, struct error *error);
int node_remote_delete(struct request *request, struct error *error);

/* image_import.c */
extern const struct service_part node_image_import_part;
/* uplink.c */
extern const struct schema node_uplink_schema;
void node_uplink_start(struct node *node);
/* peers.c */
extern const struct schema node_peers_schema, node_remote_schema;
int node_peers_start(struct node *node);
void node_peers_send(struct node *node); /* all of it to netd */
/* physical.c */
extern const struct schema node_physical_schema;
void node_physical_send(struct node *node, struct store_view *view, struct arena *arena);
/* operate.c */
extern const struct schema node_power_schema, node_password_schema, node_level_schema;
/* notify.c */
int node_notify_start(struct node *node);
/* overview.c */
void node_observe(struct node *node);
/* guests.c: "servers", "guests" and the store's "revision" */
int node_add_guests(struct request *request, yyjson_mut_doc *doc, yyjson_mut_val *root,
		    struct error *error);

#endif
