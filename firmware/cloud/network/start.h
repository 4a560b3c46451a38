/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef CUMULET_NETWORK_START_H
#define CUMULET_NETWORK_START_H

#include "firmware/cloud/cloud.h"
#include "firmware/cloud/http/service.h"

extern const struct service network_service;

/* First boot, then the reconciler. */
int network_start(struct cloud *cloud, struct error *error);
/*
 * The external network 'public' (the board's uplink), the network 'private' with its
 * subnet, and the router 'router' between them, all of project 'admin'. Made once: what an
 * operator deletes stays deleted; a cut in between is resumed.
 */
int network_first_boot(struct cloud *cloud, struct error *error);
/* Makes netd follow the store; see reconcile.c. */
int network_reconcile_start(struct cloud *cloud, struct error *error);

#endif
