/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control plane's one process: what its services and reconcilers share.
 *
 * Threads: the main thread runs the loop (sockets, TLS, links to the other processes, store
 * watches, reconcilers). Worker threads run the handlers of requests. 'call' functions may be
 * used by workers only: they block.
 */
#ifndef CUMULET_CLOUD_H
#define CUMULET_CLOUD_H

#include "firmware/cloud/store/store.h"
#include "firmware/lib/message.h"
#include "firmware/lib/role.h"

struct cloud {
	struct loop *loop;
	struct store *store;
	struct channel *control;        /* to init */
	struct link *links[ROLE_COUNT]; /* peers of main.c; see link.h; not NULL after start */
	const char *directory; /* "/" in the chroot: below it store/, images/, tls/, provision/ */
	struct identity *identity;
	struct server_pool *pool; /* of the HTTP server */
	struct server *server;    /* http/server.h; NULL until the services have started */
	struct node *node;
};

#endif
