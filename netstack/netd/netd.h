/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The role's own state, and what its parts offer to each other. README.md has the picture. */
#ifndef CUMULET_NETD_NETD_H
#define CUMULET_NETD_NETD_H

#include "firmware/lib/loop.h"
#include "firmware/lib/role.h"
#include "netstack/netd/backend.h"
#include "netstack/netd/dns_relay.h"
#include "netstack/netd/model.h"
#include "netstack/netd/overlay.h"
#include "netstack/netd/physical.h"
#include "netstack/netd/uplink.h"

struct netd {
	struct loop *loop;
	struct backend *backend;
	struct model model;
	struct overlay overlay;
	struct physicals physicals;
	struct channel cloud, vmm; /* fd -1 while the peer is not there */
	struct channel *control;   /* to init; NULL in tests */
	struct loop_task task;     /* reconciles what is dirty, once for a turn of the loop */
	uint64_t touched;          /* when the task was first asked for */
	struct loop_timer again;   /* after a failure */
	bool rules_dirty;
	struct rules rules, qos; /* the box's, and those of limits and marks */
	struct uplink uplink;
	struct dns_relay dns;
	bool svc_disabled; /* tests that want no processes */
};

/* --- reconcile.c --- */
void netd_init(struct netd *netd, struct loop *loop, struct backend *backend);
/* Stops svc processes and frees the model; what is on the machine stays. */
void netd_free(struct netd *netd);
/* Asks for a pass of the reconciler at the end of this turn. */
void netd_touch(struct netd *netd);
/* One pass now: every dirty object, then the rule set if anything changed. */
void netd_reconcile(struct netd *netd);
/* All networks, or the one of this number, are to be set anew: the other boxes have changed. */
void netd_networks_dirty(struct netd *netd, uint32_t vni); /* 0: all */
/* Removes what is on the machine by netd's names and is in no model. */
void netd_sweep(struct netd *netd);
/* Makes the port's tap and gives its descriptor (the caller's). */
int netd_tap_open(struct netd *netd, const char *port_id, int *fd, struct error *error);
int netd_tap_close(struct netd *netd, const char *port_id, struct error *error);
/* Tells cloud about all ports anew (a fresh link). */
void netd_report_all(struct netd *netd);

/* --- external.c: tells the uplink what routers have outside --- */
void netd_externals_set(struct netd *netd);

/* --- messages.c --- */
extern const struct channel_handler netd_cloud_handler, netd_vmm_handler; /* context: netd */
void netd_cloud_attach(struct netd *netd, int fd);
void netd_vmm_attach(struct netd *netd, int fd);

/* --- svc_process.c: the svc of a network; see there for its states --- */
/* Starts, stops or tells the process what the network is now. */
void svc_reconcile(struct netd *netd, struct network *network);
void svc_port_set(struct netd *netd, const struct port *port);
void svc_port_delete(struct netd *netd, const struct port *port);
void svc_stop(struct network *network);
/* A fresh link to cloud: each svc gets its own pair with it. */
void svc_links_renew(struct netd *netd);
/* An answer of the resolver; serial names the process that asked, if it is still there. */
void svc_dns_answer(struct netd *netd, uint32_t svc_serial, const struct svc_dns *answer);

#endif
