/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The desired state, as cloud sends it: networks, ports, groups, routers. Each object keeps its
 * message decoded in an arena of its own; a later SET replaces the content, the object stays
 * where it is, and what is wired to it (a process, a tap) with it.
 *
 *	event             object
 *	SET               made or replaced; fresh, dirty
 *	DELETE            doomed: the reconciler undoes it, then model_remove()
 *	link to cloud     all are stale
 *	SYNC              those still stale are doomed
 */
#ifndef CUMULET_NETD_MODEL_H
#define CUMULET_NETD_MODEL_H

#include "netstack/message.h"
#include "netstack/netd/backend.h"

struct svc_process;

enum object_kind {
	OBJECT_NETWORK,
	OBJECT_PORT,
	OBJECT_GROUP,
	OBJECT_ADDRESSES,
	OBJECT_ROUTER,
	OBJECT_KINDS
};

struct object {
	struct object *next;
	struct arena arena;
	bool dirty;  /* to be reconciled */
	bool stale;  /* not named since the link to cloud came */
	bool doomed; /* to be undone and removed */
	bool wired;  /* the machine is as desired */
};

/* The desired content follows the object and begins with its id in all of them. */
struct network {
	struct object object;
	struct net_network desired;
	struct svc_process *svc; /* NULL: none wanted; owned, see svc_process.h */
};

struct port {
	struct object object;
	struct net_port desired;
	bool reported_up, reported; /* what cloud was told */
	uint16_t number;            /* by which marks know it: 1 to PORT_NUMBER_LAST, its own */
};

#define PORT_NUMBER_LAST 0xfffe

struct group {
	struct object object;
	struct net_group desired;
};

struct addresses {
	struct object object;
	struct net_addresses desired;
};

struct router {
	struct object object;
	struct net_router desired;
	uint32_t transfer;       /* number of its pair of transfer addresses + 1; 0: none yet */
	struct rules rules, qos; /* of its space; those of limits */
};

struct model {
	struct object *objects[OBJECT_KINDS];
	uint16_t number; /* the last that a port was given */
	bool synced;     /* a SYNC came: what is not here is not wanted */
};

/* Decodes a SET. *object is set when 0 is returned; -EBADMSG and the reason otherwise. */
int model_set(struct model *model, enum object_kind kind, const struct message *message,
	      struct object **object, struct error *error);
/* Takes it out and frees it; its wiring has been undone. */
void model_remove(struct model *model, enum object_kind kind, struct object *object);
void model_stale(struct model *model);
void model_sync(struct model *model);
void model_free(struct model *model);

struct object *model_find(const struct model *model, enum object_kind kind, const char *id);
/* Not doomed; NULL when there is none. */
struct network *model_network(const struct model *model, const char *id);
struct port *model_port(const struct model *model, const char *id);
struct group *model_group(const struct model *model, const char *id);
struct addresses *model_addresses(const struct model *model, const char *id);

#define model_each(model, kind, item)                                                              \
	for (struct object *item = (model)->objects[kind]; item != NULL; item = item->next)

/* The subnet of the network that svc serves the address in, or NULL. */
const struct net_subnet *network_subnet(const struct net_network *network, const char *id);
/* Some subnet is served by svc. */
bool network_has_dhcp(const struct net_network *network);

#endif
